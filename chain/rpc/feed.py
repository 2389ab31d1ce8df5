"""Committed blocks for followers: the last ones from memory, earlier ones from CometBFT.

Followers pull, each at its own speed, so a slow one holds a few blocks and nothing else. The bytes of a block are made
once, when the first follower wants them, and shared by all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from chain.application import Event as DomainEvent
from chain.client.node import Attribute, BlockNotice, Event, TxNotice
from chain.recent import CommittedBlock, RecentBlocks
from chain.rpc.comet import Comet
from chain.store.codec import encode

BATCH_BLOCKS = 16
"""Blocks that a follower who catches up holds at once."""
CACHE_BYTES = 16 * 1024 * 1024
"""Encoded notices kept for those who come next."""
_FETCHES = 4
"""Earlier blocks asked of CometBFT at a time."""


class Feed:
    """Blocks by height, for any number of followers; used on the server's loop only."""

    def __init__(self, recent: RecentBlocks, comet: Comet, head: int) -> None:
        self._recent = recent
        self._comet = comet
        self._head = head
        self._cache: OrderedDict[tuple[int, bool], bytes] = OrderedDict()
        self._cache_bytes = 0
        self._fetching = asyncio.Semaphore(_FETCHES)
        self._grown = asyncio.Event()

    @property
    def head(self) -> int:
        """The last committed height."""
        return self._head

    def grow(self, height: int) -> None:
        """Wake all followers: a height is committed."""
        self._head = max(self._head, height)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def reached(self, height: int) -> None:
        """Wait until a height is committed."""
        while self._head < height:
            await self._grown.wait()

    async def blocks(self, height: int) -> Sequence[CommittedBlock]:
        """Return some committed blocks from a committed height on, at least one.

        Raises: what `Comet` raises for blocks that are no longer in memory.
        """
        found = self._recent.since(height)[:BATCH_BLOCKS]
        if found and found[0].height == height:
            return found
        async with self._fetching:
            return (await self._comet.executed(height),)

    def payload(self, block: CommittedBlock, *, without_events: bool) -> bytes:
        """Return the encoded notice of a block."""
        key = (block.height, without_events)
        payload = self._cache.get(key)
        if payload is None:
            payload = self._cache[key] = encode(block_notice(block, without_events=without_events))
            self._cache_bytes += len(payload)
            while self._cache_bytes > CACHE_BYTES:
                self._cache_bytes -= len(self._cache.popitem(last=False)[1])
        return payload


def block_notice(block: CommittedBlock, *, without_events: bool = False) -> BlockNotice:
    """Return what followers are told of a block."""
    txs = tuple(
        TxNotice(name, result.code, result.codespace, result.data, result.log, result.gas_used)
        for name, result in zip(block.tx_hashes, block.results, strict=True)
    )
    events: list[Event] = []
    if not without_events:
        for position, result in enumerate(block.results, start=1):
            events += (_event(event, position) for event in result.events)
        events += (_event(event, 0) for event in block.events)
    return BlockNotice(block.height, block.time.seconds, txs, tuple(events))


def _event(event: DomainEvent, tx: int) -> Event:
    return Event(event.kind, tuple(Attribute(key, value) for key, value in event.attributes), tx)
