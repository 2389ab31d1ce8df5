"""The node's archive of closed records: full bytes of what consensus state keeps only as a leaf of a hash range.

State deletes a record some time after it was closed. This store, outside consensus, copies each record in the block
that closes it and so is never behind a deletion: the application appends after every commit, and on start repeats the
blocks above `cursor` from records that are still live.

Records stay provable for ever: the records of a block make one entry of a mountain range (`chain.crypto.ranges`), and
the inner nodes of that range are kept as they complete, two an entry. Any path is then a few reads. A store that began
in the middle of a chain holds the peaks of that moment, which is all that paths of later entries need.

    'b' | uvarint length | kind | record id  -> leaf index(8, big-endian) | data
    'l' | leaf index(8)                      -> key of the above
    'r' | leaf index(8) of the first record  -> entry(8) | number of records(8) | root(32)
    'n' | level(1) | index in the level(8)   -> hash(32)
    's'                                      -> number of entries(8)
    'c'                                      -> height(8)
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chain.crypto import ranges
from chain.crypto.hashing import sha256
from chain.store.codec import read_uvarint, write_uvarint
from chain.store.database import Database

_CURSOR_KEY = b"c"
_SIZE_KEY = b"s"
_LEAVES_END = b"m"


class HistoryGap(ValueError):
    """A block would be skipped, and with it perhaps records that state is about to delete."""


class HistoryConflict(ValueError):
    """A record or leaf is archived already, with other content, or rounds and records do not belong together."""


class HistoryLacks(LookupError):
    """The archive does not hold what was asked for, or not what would prove it."""


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """A closed record."""

    kind: str
    """What it is, for example `jobs/job`."""
    record_id: bytes
    """Its identity among its kind."""
    data: bytes
    """Its full canonical bytes."""
    leaf_index: int
    """Position of its hash among all records ever archived."""


@dataclass(frozen=True, slots=True)
class HistoryRound:
    """The records of one block, together one entry of the mountain range."""

    index: int
    """Position in the range."""
    first_record: int
    """`leaf_index` of the first record; the others follow without gaps."""
    num_records: int
    root: bytes
    """RFC 6962 root over SHA-256 of the records."""


@dataclass(frozen=True, slots=True)
class HistoryProof:
    """A record with its way to a peak of the mountain range."""

    record: HistoryRecord
    round: HistoryRound
    round_path: tuple[bytes, ...]
    """From the record to the round's root."""
    mountain_path: tuple[bytes, ...]
    """From the round to its peak."""

    @property
    def index_in_round(self) -> int:
        """The record's position among those of its round."""
        return self.record.leaf_index - self.round.first_record


class HistoryStore:
    """Closed records by kind and id, and by leaf. One thread appends; any thread may read."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        """Use `HistoryStore.open`."""
        self._database = Database(path)
        self._sync = sync
        self._cursor = _number(self._database.get(_CURSOR_KEY))
        self._num_rounds = _number(self._database.get(_SIZE_KEY))

    @classmethod
    def open(cls, path: Path, *, sync: bool = True) -> Self:
        """Open or create the archive under a directory. Raises: DatabaseInUse."""
        return cls(path, sync=sync)

    @property
    def cursor(self) -> int:
        """The last height whose closed records are archived; 0 at first."""
        return self._cursor

    @property
    def num_rounds(self) -> int:
        """Entries of the mountain range up to `cursor`."""
        return self._num_rounds

    def begin(self, count: int, peaks: Sequence[bytes]) -> int:
        """Go on from a range of `count` entries with these peaks; return how many entries were missing.

        Records of missing entries, if there are any here, cannot be proven from this store.

        Raises: HistoryConflict: the store has more entries, or the peaks are not so many.
        """
        if count < self._num_rounds or len(peaks) != count.bit_count():
            raise HistoryConflict(f"{count} entries with {len(peaks)} peaks cannot follow {self._num_rounds}")
        missing = count - self._num_rounds
        if missing:
            puts = {_SIZE_KEY: _eight(count)}
            first = 0
            for peak, height in zip(peaks, _heights(count), strict=True):
                puts[_node_key(height, first >> height)] = peak
                first += 1 << height
            self._database.write(puts.items(), sync=self._sync)
            self._num_rounds = count
        return missing

    def append(self, height: int, records: Iterable[HistoryRecord], sealed: HistoryRound | None = None) -> None:
        """Archive what the block at `height` closed and its round, and advance the cursor, all or nothing.

        Heights that are archived already are left alone, so blocks may be repeated after a crash. A block that closes
        nothing advances the cursor without waiting for the disk: losing that step loses no record.

        Raises: HistoryGap: a height or an entry of the range was left out; HistoryConflict: an id or leaf is taken by
            another record, or the records are not those of the round.
        """
        if height <= self._cursor:
            return
        if self._cursor and height != self._cursor + 1:
            raise HistoryGap(f"height {height} does not follow {self._cursor}")
        puts: dict[bytes, bytes] = {}
        indices: list[int] = []
        for record in records:
            key, leaf = _key(record.kind, record.record_id), _leaf_key(record.leaf_index)
            if any(entry in puts or self._database.get(entry) is not None for entry in (key, leaf)):
                raise HistoryConflict(f"{record.kind} {record.record_id.hex()}, leaf {record.leaf_index}: taken")
            puts[key] = leaf[1:] + record.data
            puts[leaf] = key
            indices.append(record.leaf_index)
        if sealed is not None:
            if indices != list(range(sealed.first_record, sealed.first_record + sealed.num_records)):
                raise HistoryConflict(f"entry {sealed.index}: its records are others than {indices}")
            self._grow(puts, sealed)
        has_records = bool(puts)
        puts[_CURSOR_KEY] = _eight(height)
        self._database.write(puts.items(), sync=self._sync and has_records)
        self._cursor = height
        if sealed is not None:
            self._num_rounds = sealed.index + 1

    def _grow(self, puts: dict[bytes, bytes], sealed: HistoryRound) -> None:
        """Add an entry, and each inner node that it completes."""
        index, level, digest = sealed.index, 0, ranges.leaf_hash(sealed.root)
        if index != self._num_rounds:
            raise HistoryGap(f"entry {index} of the range does not follow {self._num_rounds} others")
        puts[_round_key(sealed.first_record)] = _eight(index) + _eight(sealed.num_records) + sealed.root
        puts[_node_key(0, index)] = digest
        while index & 1:
            digest = ranges.inner_hash(self._node(level, index - 1), digest)
            level, index = level + 1, index >> 1
            puts[_node_key(level, index)] = digest
        puts[_SIZE_KEY] = _eight(sealed.index + 1)

    def get(self, kind: str, record_id: bytes) -> HistoryRecord | None:
        """Return an archived record, or None."""
        body = self._database.get(_key(kind, record_id))
        return None if body is None else HistoryRecord(kind, record_id, body[8:], _number(body[:8]))

    def leaves(self, start: int, end: int | None = None) -> Iterator[HistoryRecord]:
        """Yield records by leaf index, start <= index < end; what a peer or auditor needs to refill a gap."""
        stop = _LEAVES_END if end is None else _leaf_key(end)
        for _, key in self._database.iterate(_leaf_key(start), stop):
            size, offset = read_uvarint(key, 1)
            record = self.get(key[offset : offset + size].decode(), key[offset + size :])
            if record is not None:
                yield record

    def proof(self, kind: str, record_id: bytes, count: int) -> HistoryProof:
        """Return a record with its path to the range of the first `count` entries.

        Reads the records of its round and one node a level. Raises: HistoryLacks naming what is missing.
        """
        record = self.get(kind, record_id)
        if record is None:
            raise HistoryLacks(f"no archived {kind} {record_id.hex()}")
        sealed = self._round_of(record.leaf_index)
        if sealed is None:
            raise HistoryLacks(f"the round of {kind} {record_id.hex()} is older than this archive's range; ask a peer")
        if not sealed.index < count <= self._num_rounds:
            raise HistoryLacks(f"{kind} {record_id.hex()} is entry {sealed.index}, not among the {count} asked for")
        others = self.leaves(sealed.first_record, sealed.first_record + sealed.num_records)
        leaves = [ranges.leaf_hash(sha256(other.data)) for other in others]
        round_path = ranges.inclusion_path(leaves, record.leaf_index - sealed.first_record)
        _, height, _ = ranges.mountain_of(count, sealed.index)
        mountain_path = tuple(self._node(level, sealed.index >> level ^ 1) for level in range(height))
        return HistoryProof(record, sealed, round_path, mountain_path)

    def _round_of(self, leaf_index: int) -> HistoryRound | None:
        last = next(self._database.iterate(_round_key(0), _round_key(leaf_index) + b"\0", reverse=True), None)
        if last is None:
            return None
        first, body = _number(last[0][1:]), last[1]
        found = HistoryRound(_number(body[:8]), first, _number(body[8:16]), body[16:])
        return found if leaf_index < first + found.num_records else None

    def _node(self, level: int, index: int) -> bytes:
        digest = self._database.get(_node_key(level, index))
        if digest is None:
            raise HistoryLacks(f"node {index} of level {level} of the range")
        return digest

    def close(self) -> None:
        """Close the archive; call it when all readers have stopped."""
        self._database.close()


def _key(kind: str, record_id: bytes) -> bytes:
    name = kind.encode()
    return b"b" + write_uvarint(len(name)) + name + record_id


def _leaf_key(index: int) -> bytes:
    return b"l" + _eight(index)


def _round_key(first_record: int) -> bytes:
    return b"r" + _eight(first_record)


def _node_key(level: int, index: int) -> bytes:
    return b"n" + bytes((level,)) + _eight(index)


def _heights(count: int) -> Iterator[int]:
    """Yield the heights of the mountains of so many entries, largest first."""
    return (height for height in range(count.bit_length() - 1, -1, -1) if count >> height & 1)


def _eight(value: int) -> bytes:
    return value.to_bytes(8, "big")


def _number(data: bytes | None) -> int:
    return 0 if data is None else int.from_bytes(data, "big")
