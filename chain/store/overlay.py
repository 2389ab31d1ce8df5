"""Copy-on-write views of state: branch, merge, drop."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

Changes = dict[str, dict[bytes, bytes | None]]
"""Writes by module; None deletes."""


class Reader(Protocol):
    """What every layer of state offers."""

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the value, or None if the key is absent."""
        ...

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end (None: to the last key) in key order."""
        ...


class Overlay:
    """Writes above a reader; nothing below changes until `merge` hands them down."""

    __slots__ = ("_below", "_sorted", "changes")

    def __init__(self, below: Reader) -> None:
        self._below = below
        self._sorted: dict[str, list[bytes]] = {}
        """Keys of `changes` in order, as far as an iteration needed them; the ones written since are not in it yet."""
        self.changes: Changes = {}

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the value seen from this layer."""
        writes = self.changes.get(module)
        if writes is not None and key in writes:
            return writes[key]
        return self._below.get(module, key)

    def set(self, module: str, key: bytes, value: bytes) -> None:
        """Write a value; the store takes neither empty keys nor empty values."""
        if not key or not value:
            raise ValueError("keys and values are never empty")
        self.changes.setdefault(module, {})[key] = value

    def delete(self, module: str, key: bytes) -> None:
        """Remove a key; absent keys may be removed."""
        self.changes.setdefault(module, {})[key] = None

    def branch(self) -> "Overlay":
        """Return an empty layer above this one."""
        return Overlay(self)

    def merge(self) -> None:
        """Move this layer's writes into the overlay below."""
        below = self._below
        if not isinstance(below, Overlay):
            raise TypeError("the layer below takes no writes")
        for module, writes in self.changes.items():
            below.changes.setdefault(module, {}).update(writes)
        self.drop()

    def drop(self) -> None:
        """Forget this layer's writes."""
        self.changes = {}
        self._sorted = {}

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs of this layer and those below, merged in key order.

        The writes are those present when the iteration begins; callers that write while they iterate see the old set.
        """
        writes = self.changes.get(module)
        below = self._below.iterate(module, start, end, reverse=reverse)
        if not writes:
            yield from below
            return
        keys = self._keys(module, writes)
        first, last = bisect_left(keys, start), len(keys) if end is None else bisect_left(keys, end)
        own = [(key, writes[key]) for key in keys[first:last]]
        if reverse:
            own.reverse()
        position = 0
        for key, value in below:
            while position < len(own) and (own[position][0] > key if reverse else own[position][0] < key):
                own_key, own_value = own[position]
                position += 1
                if own_value is not None:
                    yield own_key, own_value
            if position < len(own) and own[position][0] == key:
                own_value = own[position][1]
                position += 1
                if own_value is not None:
                    yield key, own_value
            else:
                yield key, value
        for own_key, own_value in own[position:]:
            if own_value is not None:
                yield own_key, own_value

    def _keys(self, module: str, writes: dict[bytes, bytes | None]) -> list[bytes]:
        """Return a module's written keys in order.

        A block may write thousands of keys of a module and iterate over a few of them in every transaction: sorted
        anew each time, that would cost the square. Writes are never taken back one by one and stand in their dict in
        order of time, so the new ones are its last.
        """
        keys = self._sorted.setdefault(module, [])
        new = list(islice(reversed(writes), len(writes) - len(keys)))
        if len(new) * 16 < len(keys):
            for key in new:
                insort(keys, key)
        elif new:
            keys += new
            keys.sort()
        return keys
