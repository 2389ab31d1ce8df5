"""Committed blocks for followers: the last ones from memory, earlier ones from CometBFT.

Followers pull, each at its own speed, so a slow one holds a few blocks and nothing else. The bytes of a block are made
once, when the first follower wants them, and shared by all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from chain.application import Event
from chain.recent import CommittedBlock, RecentBlocks
from chain.rpc.comet import Comet
from chain.wire.node.v1.node_pb2 import BlockNotice

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
            payload = self._cache[key] = encoded_notice(block, without_events=without_events)
            self._cache_bytes += len(payload)
            while self._cache_bytes > CACHE_BYTES:
                self._cache_bytes -= len(self._cache.popitem(last=False)[1])
        return payload


def encoded_notice(block: CommittedBlock, *, without_events: bool = False) -> bytes:
    """Return the bytes of what followers are told of a block.

    protobuf's own encoder makes the bytes that `chain.store.codec` makes, four times as fast on a full block.
    """
    notice = BlockNotice(height=block.height, time_seconds=block.time.seconds)
    for name, result in zip(block.tx_hashes, block.results, strict=True):
        notice.txs.add(
            hash=name,
            code=result.code,
            codespace=result.codespace,
            data=result.data,
            log=result.log,
            gas_used=result.gas_used,
        )
    if not without_events:
        for position, result in enumerate(block.results, start=1):
            _add_events(notice, result.events, position)
        _add_events(notice, block.events, 0)
    return notice.SerializeToString(deterministic=True)


def _add_events(notice: BlockNotice, events: Sequence[Event], tx: int) -> None:
    add_event = notice.events.add
    for event in events:
        add_attribute = add_event(kind=event.kind, tx=tx).attributes.add
        for key, value in event.attributes:
            add_attribute(key=key, value=value)
