"""Typed views over a key prefix of one module's state: Item, Map, KeySet, Sequence.

Keys are built from typed parts only, so that no caller can make the tree deep: 20-byte addresses, 32-byte hashes, u64
in big-endian order (so that they sort as numbers), and names, which are hashed.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from chain.crypto.hashing import sha256
from chain.store.codec import decode, encode, read_uvarint, write_uvarint
from chain.store.overlay import Reader

K = TypeVar("K")
V = TypeVar("V")
A = TypeVar("A")
B = TypeVar("B")


class Writer(Reader, Protocol):
    """State that takes writes."""

    def set(self, module: str, key: bytes, value: bytes) -> None:
        """Write a value."""
        ...

    def delete(self, module: str, key: bytes) -> None:
        """Remove a key."""
        ...


class KeyPart(Protocol[K]):
    """A fixed-length form of one part of a key."""

    size: int

    def pack(self, part: K) -> bytes:
        """Return `size` bytes that sort like the part."""
        ...

    def unpack(self, data: bytes) -> K:
        """Return the part."""
        ...


class _U64:
    size = 8

    def pack(self, part: int) -> bytes:
        return part.to_bytes(8, "big")

    def unpack(self, data: bytes) -> int:
        return int.from_bytes(data, "big")


class _Fixed:
    def __init__(self, size: int) -> None:
        self.size = size

    def pack(self, part: bytes) -> bytes:
        if len(part) != self.size:
            raise ValueError(f"a key part has {len(part)} bytes instead of {self.size}")
        return part

    def unpack(self, data: bytes) -> bytes:
        return data


class _Name:
    """A name by its hash: 20 bytes; keep the name itself in the value."""

    size = 20

    def pack(self, part: str) -> bytes:
        return _name_key(part)

    def unpack(self, data: bytes) -> str:
        raise TypeError("a hashed name cannot be read back from its key")


@lru_cache(maxsize=1024)
def _name_key(name: str) -> bytes:
    return sha256(name.encode())[:20]


class _Pair(Generic[A, B]):
    def __init__(self, first: KeyPart[A], second: KeyPart[B]) -> None:
        self.first, self.second = first, second
        self.size = first.size + second.size

    def pack(self, part: tuple[A, B]) -> bytes:
        return self.first.pack(part[0]) + self.second.pack(part[1])

    def unpack(self, data: bytes) -> tuple[A, B]:
        cut = self.first.size
        return self.first.unpack(data[:cut]), self.second.unpack(data[cut:])


U64 = _U64()
"""An unsigned integer: ids, heights, indices."""
ADDRESS = _Fixed(20)
"""An account's address."""
HASH = _Fixed(32)
"""A digest."""
NAME = _Name()
"""A name chosen by a user."""


def pair(first: KeyPart[A], second: KeyPart[B]) -> KeyPart[tuple[A, B]]:
    """Return a key of two parts, ordered by the first; nest it for more."""
    return _Pair(first, second)


def prefix_end(prefix: bytes) -> bytes | None:
    """Return the first key behind all keys with this prefix."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else None


def _decoder(value: type[V]) -> Callable[[bytes], V]:
    """Return what decodes stored records and remembers the last: a transaction reads the same few again and again.

    Records are frozen, so to share one is safe; large ones are not remembered.
    """

    def fresh(raw: bytes) -> V:
        return decode(value, raw[1:])

    kept = lru_cache(maxsize=KEPT_RECORDS)(fresh)
    return lambda raw: kept(raw) if len(raw) <= KEPT_BYTES else fresh(raw)


class Item(Generic[V]):
    """One record."""

    def __init__(self, module: str, key: bytes, value: type[V]) -> None:
        self.module, self.key, self._decode = module, key, _decoder(value)

    def find(self, store: Reader) -> V | None:
        """Return the record, or None."""
        raw = store.get(self.module, self.key)
        return None if raw is None else self._decode(raw)

    def load(self, store: Reader) -> V:
        """Return the record. Raises: KeyError if it was never written."""
        value = self.find(store)
        if value is None:
            raise KeyError(f"{self.module}/{self.key!r}")
        return value

    def save(self, store: Writer, value: V) -> None:
        """Write the record."""
        store.set(self.module, self.key, RECORD_VERSION + encode(value))


KEPT_RECORDS, KEPT_BYTES = 128, 1 << 14
"""Records of one collection that stay decoded, and the largest of them."""
RECORD_VERSION = b"\x01"
"""Leads every stored record: an all-default record encodes to nothing, and empty values are not provable."""


class Map(Generic[K, V]):
    """Records by key, iterable in key order."""

    def __init__(self, module: str, prefix: bytes, key: KeyPart[K], value: type[V]) -> None:
        self.module, self.prefix, self.key_part, self._decode = module, prefix, key, _decoder(value)

    def path(self, key: K) -> bytes:
        """Return the raw key, as proofs need it."""
        return self.prefix + self.key_part.pack(key)

    def find(self, store: Reader, key: K) -> V | None:
        """Return the record, or None."""
        raw = store.get(self.module, self.prefix + self.key_part.pack(key))
        return None if raw is None else self._decode(raw)

    def has(self, store: Reader, key: K) -> bool:
        """Tell whether the key is present."""
        return store.get(self.module, self.prefix + self.key_part.pack(key)) is not None

    def save(self, store: Writer, key: K, value: V) -> None:
        """Write the record."""
        store.set(self.module, self.prefix + self.key_part.pack(key), RECORD_VERSION + encode(value))

    def remove(self, store: Writer, key: K) -> None:
        """Delete the record."""
        store.delete(self.module, self.prefix + self.key_part.pack(key))

    def items(
        self,
        store: Reader,
        *,
        prefix: bytes = b"",
        start: bytes = b"",
        end: bytes | None = None,
        reverse: bool = False,
    ) -> Iterator[tuple[K, V]]:
        """Yield (key, record) in key order.

        `prefix` narrows to packed leading parts; `start` and `end` bound what follows the prefix (end exclusive).
        """
        root = self.prefix + prefix
        last = prefix_end(root) if end is None else root + end
        cut = len(self.prefix)
        for key, raw in store.iterate(self.module, root + start, last, reverse=reverse):
            yield self.key_part.unpack(key[cut:]), self._decode(raw)

    def values(self, store: Reader, *, prefix: bytes = b"") -> Iterator[V]:
        """Yield the records in key order, also where keys hold hashed names."""
        root = self.prefix + prefix
        for _, raw in store.iterate(self.module, root, prefix_end(root)):
            yield self._decode(raw)


class KeySet(Generic[K]):
    """A set of keys, iterable in key order; queues are key sets led by a height."""

    def __init__(self, module: str, prefix: bytes, key: KeyPart[K]) -> None:
        self.module, self.prefix, self.key_part = module, prefix, key

    def has(self, store: Reader, key: K) -> bool:
        """Tell whether the key is in the set."""
        return store.get(self.module, self.prefix + self.key_part.pack(key)) is not None

    def add(self, store: Writer, key: K) -> None:
        """Put the key into the set."""
        store.set(self.module, self.prefix + self.key_part.pack(key), RECORD_VERSION)

    def remove(self, store: Writer, key: K) -> None:
        """Take the key out of the set."""
        store.delete(self.module, self.prefix + self.key_part.pack(key))

    def keys(self, store: Reader, *, prefix: bytes = b"", start: bytes = b"", end: bytes | None = None) -> Iterator[K]:
        """Yield the keys in order; `prefix`, `start` and `end` as in `Map.items`."""
        root = self.prefix + prefix
        last = prefix_end(root) if end is None else root + end
        cut = len(self.prefix)
        for key, _ in store.iterate(self.module, root + start, last):
            yield self.key_part.unpack(key[cut:])


class Sequence:
    """A counter that hands out 0, 1, 2, …"""

    def __init__(self, module: str, key: bytes) -> None:
        self.module, self.key = module, key

    def peek(self, store: Reader) -> int:
        """Return the number that comes next."""
        raw = store.get(self.module, self.key)
        return 0 if raw is None else read_uvarint(raw, 0)[0]

    def take(self, store: Writer) -> int:
        """Return the next number and advance."""
        number = self.peek(store)
        store.set(self.module, self.key, write_uvarint(number + 1))
        return number
