"""The last blocks as this node executed them, for those who follow and for those who look for a transaction.

Outside consensus, lost at restart, bounded by count and by bytes. One thread appends; any thread may read.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from chain.application import Event, Timestamp, TxResult

MAX_BLOCKS = 1_000
MAX_BYTES = 32 * 1024 * 1024
"""Bound on the transactions and results kept."""


@dataclass(frozen=True, slots=True)
class CommittedBlock:
    """A block and what it did."""

    height: int
    time: Timestamp
    hash: bytes
    txs: tuple[bytes, ...]
    tx_hashes: tuple[bytes, ...]
    """SHA-256 of each, the name under which CometBFT knows it."""
    results: tuple[TxResult, ...]
    events: tuple[Event, ...]
    """Of the block's hooks."""


@dataclass(frozen=True, slots=True)
class FoundTx:
    """A transaction in a recent block."""

    block: CommittedBlock
    index: int


def committed_block(
    height: int,
    time: Timestamp,
    block_hash: bytes,
    txs: tuple[bytes, ...],
    results: tuple[TxResult, ...],
    events: tuple[Event, ...],
) -> CommittedBlock:
    """Return the block with the hashes of its transactions."""
    hashes = tuple(hashlib.sha256(tx).digest() for tx in txs)
    return CommittedBlock(height, time, block_hash, txs, hashes, results, events)


class RecentBlocks:
    """A ring of committed blocks."""

    def __init__(self, max_blocks: int = MAX_BLOCKS, max_bytes: int = MAX_BYTES) -> None:
        self._max_blocks, self._max_bytes = max_blocks, max_bytes
        self._blocks: deque[CommittedBlock] = deque()
        self._by_hash: dict[bytes, FoundTx] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._listeners: list[Callable[[CommittedBlock], None]] = []

    def append(self, block: CommittedBlock) -> None:
        """Take a committed block and tell the listeners."""
        with self._lock:
            self._blocks.append(block)
            self._bytes += _size(block)
            for index, tx_hash in enumerate(block.tx_hashes):
                self._by_hash[tx_hash] = FoundTx(block, index)
            while len(self._blocks) > self._max_blocks or (self._bytes > self._max_bytes and len(self._blocks) > 1):
                self._forget(self._blocks.popleft())
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(block)

    def _forget(self, block: CommittedBlock) -> None:
        self._bytes -= _size(block)
        for tx_hash in block.tx_hashes:
            found = self._by_hash.get(tx_hash)
            if found is not None and found.block is block:
                del self._by_hash[tx_hash]

    def listen(self, listener: Callable[[CommittedBlock], None]) -> None:
        """Call `listener` on the appending thread after each block; it must return at once and not raise."""
        with self._lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Callable[[CommittedBlock], None]) -> None:
        """Stop calling it."""
        with self._lock:
            self._listeners.remove(listener)

    @property
    def first_height(self) -> int:
        """The oldest height kept; 0 if there is none."""
        with self._lock:
            return self._blocks[0].height if self._blocks else 0

    @property
    def last(self) -> CommittedBlock | None:
        """The newest block, or None before the first since the start."""
        with self._lock:
            return self._blocks[-1] if self._blocks else None

    def since(self, height: int) -> tuple[CommittedBlock, ...]:
        """Return the kept blocks from this height on, in order."""
        with self._lock:
            if not self._blocks:
                return ()
            skipped = max(0, height - self._blocks[0].height)
            return tuple(self._blocks[index] for index in range(skipped, len(self._blocks)))

    def find_tx(self, tx_hash: bytes) -> FoundTx | None:
        """Return the transaction with this hash, if its block is kept."""
        with self._lock:
            return self._by_hash.get(tx_hash)


def _size(block: CommittedBlock) -> int:
    """Return about how many bytes the block holds in memory."""
    events = sum(len(result.events) for result in block.results) + len(block.events)
    return sum(map(len, block.txs)) + 200 * len(block.txs) + 400 * events
