"""The key-value engine under the store: LevelDB through plyvel, behind the five calls that the rest needs."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, ClassVar, Protocol

import plyvel

EngineError = plyvel.Error
"""What the engine raises when the disk or its files fail."""


class DatabaseInUse(RuntimeError):
    """Another owner, in this process or another one, has the database open."""


class KeyValues(Protocol):
    """What a database and a snapshot of it have in common."""

    def get(self, key: bytes, /) -> bytes | None:
        """Return the value, or None."""
        ...

    def iterate(self, start: bytes, end: bytes | None, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end in key order; None means to the last key."""
        ...


class Snapshot:
    """An immutable view of a database; closes itself when the last reference goes."""

    __slots__ = ("_engine", "get")

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.get: Callable[[bytes], bytes | None] = engine.get
        """Return the value of a key, or None."""

    def iterate(self, start: bytes, end: bytes | None, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end in key order."""
        return _pairs(self._engine, start, end, reverse)


class Database:
    """One LevelDB directory, opened at most once on this machine.

    LevelDB's own lock is not enough: a second open inside one process fails, but closing its file descriptor drops the
    POSIX lock of the first, and another process may then write to the live database. So a set of open paths guards the
    process and an `flock` on a file beside the directory guards the machine.

    Reads are safe from any thread. Never close while another thread works on the database.
    """

    _open_paths: ClassVar[set[str]] = set()
    _registry_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        """Open or create. Raises: DatabaseInUse."""
        self._path = os.path.realpath(path)
        os.makedirs(self._path, exist_ok=True)
        with Database._registry_lock:
            if self._path in Database._open_paths:
                raise DatabaseInUse(f"{self._path} is already open in this process")
            self._lock_file = _flock(self._path + ".lock")
            Database._open_paths.add(self._path)
        try:
            self._engine: Any = plyvel.DB(
                self._path,
                create_if_missing=True,
                write_buffer_size=16 << 20,
                max_file_size=8 << 20,
                lru_cache_size=32 << 20,
                bloom_filter_bits=10,
            )
        except BaseException:
            self._unlock()
            raise
        self.get: Callable[[bytes], bytes | None] = self._engine.get
        """Return the value of a key, or None; the engine's own method, as it is the hottest call of the node."""

    def iterate(self, start: bytes, end: bytes | None, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end, as they are when the iteration begins."""
        return _pairs(self._engine, start, end, reverse)

    def write(self, puts: Iterable[tuple[bytes, bytes]], deletes: Iterable[bytes] = (), *, sync: bool) -> None:
        """Apply all or nothing; with `sync` the bytes are on the disk when this returns."""
        batch = self._engine.write_batch(sync=sync)
        put, delete = batch.put, batch.delete
        for key in deletes:
            delete(key)
        for key, value in puts:
            put(key, value)
        batch.write()

    def snapshot(self) -> Snapshot:
        """Return an immutable view of the present content."""
        return Snapshot(self._engine.snapshot())

    def close(self) -> None:
        """Close and release the guard; closing twice is harmless."""
        if not self._engine.closed:
            self._engine.close()
            self._unlock()

    def _unlock(self) -> None:
        with Database._registry_lock:
            Database._open_paths.discard(self._path)
            os.close(self._lock_file)


def _pairs(engine: Any, start: bytes, end: bytes | None, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
    if not reverse:
        pairs: Iterator[tuple[bytes, bytes]] = engine.iterator(start=start, stop=end)
        return pairs
    # Backward, plyvel drops a first pair whose key is exactly its own `start`, so the lower bound is kept here.
    return takewhile(lambda pair: pair[0] >= start, engine.iterator(stop=end, reverse=True))


def _flock(path: str) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DatabaseInUse(f"{path} is held by another process") from None
    return handle
