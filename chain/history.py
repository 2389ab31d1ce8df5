"""The node's archive of closed records: full bytes of what consensus state keeps only as a leaf of a hash range.

State deletes a record some time after it was closed. This store, outside consensus, copies each record in the block
that closes it and so is never behind a deletion: the application appends after every commit, and on start repeats the
blocks above `cursor` from records that are still live. With a path in the range a record stays provable for ever.

    'b' | uvarint length | kind | record id  -> leaf index(8, big-endian) | data
    'l' | leaf index(8)                      -> key of the above
    'c'                                      -> height(8)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chain.store.codec import read_uvarint, write_uvarint
from chain.store.database import Database

_CURSOR_KEY = b"c"
_LEAVES_END = b"m"


class HistoryGap(ValueError):
    """A block would be skipped, and with it perhaps records that state is about to delete."""


class HistoryConflict(ValueError):
    """A record or leaf is archived already, with other content."""


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
    """Position of its hash among all leaves of the range."""


class HistoryStore:
    """Closed records by kind and id, and by leaf. One thread appends; any thread may read."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        """Use `HistoryStore.open`."""
        self._database = Database(path)
        self._sync = sync
        self._cursor = _number(self._database.get(_CURSOR_KEY))

    @classmethod
    def open(cls, path: Path, *, sync: bool = True) -> Self:
        """Open or create the archive under a directory. Raises: DatabaseInUse."""
        return cls(path, sync=sync)

    @property
    def cursor(self) -> int:
        """The last height whose closed records are archived; 0 at first."""
        return self._cursor

    def append(self, height: int, records: Iterable[HistoryRecord]) -> None:
        """Archive what the block at `height` closed, and advance the cursor, all or nothing.

        Heights that are archived already are left alone, so blocks may be repeated after a crash. A block that closes
        nothing advances the cursor without waiting for the disk: losing that step loses no record.

        Raises: HistoryGap: a height was left out; HistoryConflict: an id or leaf is taken by another record.
        """
        if height <= self._cursor:
            return
        if self._cursor and height != self._cursor + 1:
            raise HistoryGap(f"height {height} does not follow {self._cursor}")
        puts: dict[bytes, bytes] = {}
        for record in records:
            key, leaf = _key(record.kind, record.record_id), _leaf_key(record.leaf_index)
            if any(entry in puts or self._database.get(entry) is not None for entry in (key, leaf)):
                raise HistoryConflict(f"{record.kind} {record.record_id.hex()}, leaf {record.leaf_index}: taken")
            puts[key] = leaf[1:] + record.data
            puts[leaf] = key
        has_records = bool(puts)
        puts[_CURSOR_KEY] = height.to_bytes(8, "big")
        self._database.write(puts.items(), sync=self._sync and has_records)
        self._cursor = height

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

    def close(self) -> None:
        """Close the archive; call it when all readers have stopped."""
        self._database.close()


def _key(kind: str, record_id: bytes) -> bytes:
    name = kind.encode()
    return b"b" + write_uvarint(len(name)) + name + record_id


def _leaf_key(index: int) -> bytes:
    return b"l" + index.to_bytes(8, "big")


def _number(data: bytes | None) -> int:
    return 0 if data is None else int.from_bytes(data, "big")
