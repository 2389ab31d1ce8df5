"""The node's state: one authenticated tree per module, every kept version readable and provable.

Two databases under one directory. `nodes` holds the trees' pages and leaves, `state` the latest pairs and, in the same
batch, the record that makes a version the committed one:

    nodes/  id(6)               -> page or leaf (chain/store/tree.py)
            FF | version(8)     -> ids(6 each) that this version made stale
    state/  'k' | module id(1) | key -> value                                  the latest version only
            'r' | version(8)    -> last id(6) | app hash(32) | one ref per module id (39; zeros: empty)
            'm'                 -> version(8)                                  the commit point
            'n'                 -> u8 length | name, one per module id         append-only
            'x'                 -> empty marker while the nodes are being rebuilt

Crash safety: a commit first writes and syncs the nodes, which nothing reaches yet, then the state. A crash in between
leaves garbage above the last id, which the deterministic repetition of the block overwrites. Pruning deletes the
version records first, synced, and only then nodes.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from chain.store.database import Database, KeyValues
from chain.store.proofs import Proved, app_hash_of, prove
from chain.store.tree import (
    ID_SIZE,
    MAX_KEY_SIZE,
    NO_NODE,
    REF_SIZE,
    NodeMissing,
    Nodes,
    PageCache,
)
from chain.store.update import Update

PAGE_CACHE = 25_000
"""Pages per generation of the cache; there are two, and a page takes about 1 KB."""
_VERSION_KEY, _MODULES_KEY, _REBUILD_KEY = b"m", b"n", b"x"
_EMPTY_REF = bytes(REF_SIZE)
_SLICE = 2_000


class VersionPruned(LookupError):
    """The version is not kept (any more, or yet)."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"versions {first} to {last} are kept")
        self.first = first
        self.last = last


class StoreView(Protocol):
    """One version of the state, for reading; usable from any thread."""

    @property
    def version(self) -> int:
        """The version seen."""
        ...

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the value, or None."""
        ...

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end in key order; None means to the last key."""
        ...


class FlatView:
    """A version that is or was the latest, read from the flat pairs of a database snapshot."""

    __slots__ = ("_pairs", "_prefixes", "version")

    def __init__(self, version: int, pairs: KeyValues, prefixes: Mapping[str, bytes]) -> None:
        self.version = version
        self._pairs, self._prefixes = pairs, prefixes

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the value, or None."""
        return self._pairs.get(self._prefixes[module] + key)

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end in key order."""
        prefix = self._prefixes[module]
        stop = _prefix_end(prefix) if end is None else prefix + end
        for key, value in self._pairs.iterate(prefix + start, stop, reverse=reverse):
            yield key[2:], value


class TreeView:
    """Any kept version, read through its trees; stays readable while newer versions prune it."""

    __slots__ = ("_nodes", "_roots", "version")

    def __init__(self, version: int, nodes: Nodes, roots: Mapping[str, bytes]) -> None:
        self.version = version
        self._nodes, self._roots = nodes, roots

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the value, or None; modules that came later have no keys."""
        return self._nodes.find(self._roots.get(module, NO_NODE), key)

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end in key order."""
        return self._nodes.iterate(self._roots.get(module, NO_NODE), start, end, reverse=reverse)


@dataclass(frozen=True, slots=True)
class _Committed:
    """All that readers need of the latest version; swapped as a whole, so that no reader sees half a commit."""

    version: int
    app_hash: bytes
    last_id: int
    roots: tuple[bytes, ...]
    """By module id."""
    view: FlatView


@dataclass(frozen=True, slots=True)
class _Staged:
    """A computed, unwritten version."""

    version: int
    app_hash: bytes
    roots: tuple[bytes, ...]
    update: Update
    puts: list[tuple[bytes, bytes]]
    deletes: list[bytes]


class Store:
    """The versioned state of all modules. One thread writes (`stage`, `commit`); any thread may read."""

    def __init__(self, path: Path, modules: Sequence[str], *, sync: bool, keep: int, rebuild: bool) -> None:
        """Use `Store.open`."""
        if keep < 2:
            raise ValueError("a store keeps at least two versions")
        self._sync, self._keep = sync, keep
        self._state = Database(path.joinpath("state"))
        try:
            self._nodes_database = Database(path.joinpath("nodes"))
        except BaseException:
            self._state.close()
            raise
        try:
            self._ids = self._module_ids(modules)
            self._prefixes = {name: b"k%c" % index for name, index in self._ids.items()}
            self._cache = PageCache(PAGE_CACHE)
            self._nodes = Nodes(self._nodes_database.get, self._cache)
            self._staged: _Staged | None = None
            self._pruning = threading.Lock()
            self._is_closed = False
            self._latest = self._load(rebuild)
        except BaseException:
            self._nodes_database.close()
            self._state.close()
            raise

    @classmethod
    def open(
        cls, path: Path, modules: Sequence[str], *, sync: bool = True, keep: int = 1000, rebuild: bool = False
    ) -> Self:
        """Open or create the store of these modules under a directory.

        Modules have stable ids from the first commit that knows them; new ones may be added, none may go missing. With
        `sync` off, a power cut may cost the last versions (CometBFT replays them). Nodes that are lost then, or with
        `rebuild` all of them, are made anew from the flat pairs of the latest version, and older versions are dropped.

        Raises: DatabaseInUse; ValueError: a committed module is not among `modules`; NodeMissing: the flat pairs are
        damaged too.
        """
        return cls(path, modules, sync=sync, keep=keep, rebuild=rebuild)

    @property
    def version(self) -> int:
        """The latest committed version; 0 before the first commit."""
        return self._latest.version

    @property
    def app_hash(self) -> bytes:
        """The app hash of the latest committed version; that of empty modules before the first commit."""
        return self._latest.app_hash

    @property
    def modules(self) -> tuple[str, ...]:
        """All module names, by id."""
        return tuple(self._ids)

    @property
    def first_version(self) -> int:
        """The oldest version that can be read; 0 before the first commit."""
        key = next(self._state.iterate(b"r", b"s"), (None, None))[0]
        return 0 if key is None else int.from_bytes(key[1:], "big")

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the latest committed value, or None."""
        return self._state.get(self._prefixes[module] + key)

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the latest committed pairs with start <= key < end in key order; None means to the last key."""
        return self._latest.view.iterate(module, start, end, reverse=reverse)

    def snapshot(self) -> StoreView:
        """Return the latest committed version as an immutable view."""
        return self._latest.view

    def at(self, version: int) -> StoreView:
        """Return a kept version. Raises: VersionPruned."""
        latest = self._latest
        if version == latest.version and version > 0:
            return latest.view
        nodes, roots = self.trees(version)
        return TreeView(version, nodes, dict(roots))

    def prove(self, module: str, key: bytes, version: int) -> Proved:
        """Return the value at a version and its proof against that version's app hash, which header version+1 carries.

        Raises: VersionPruned; KeyError: no such module then; Unprovable: the module was empty.
        """
        nodes, roots = self.trees(version)
        return prove(nodes, roots, module, key)

    def trees(self, version: int) -> tuple[Nodes, list[tuple[str, bytes]]]:
        """Return a kept version's module roots, sorted by name, and what reads their nodes. Raises: VersionPruned."""
        if not 0 < version <= self._latest.version:
            raise VersionPruned(self.first_version, self._latest.version)
        # Order: snapshot first. Pruning deletes the record before the nodes, so a record seen now has its nodes in it.
        nodes = Nodes(self._nodes_database.snapshot().get, self._cache)
        roots = self._root_record(version)[2]
        # Modules that came later have no tree in this version.
        return nodes, sorted(zip(self._ids, roots, strict=False))

    def app_hash_of(self, version: int) -> bytes:
        """Return the app hash of a kept version. Raises: VersionPruned."""
        return self._root_record(version)[1]

    def stage(self, changes: Mapping[str, Mapping[bytes, bytes | None]], version: int) -> bytes:
        """Compute the next version from writes by module (None deletes) and return its app hash.

        Nothing is written and nothing readable changes; staging again replaces what was staged.

        Raises: ValueError: a key or value is empty, a key too long, or the version not the next one; KeyError: unknown
        module.
        """
        latest = self._latest
        if version < 1 or (latest.version and version != latest.version + 1):
            raise ValueError(f"version {version} does not follow {latest.version}")
        self._staged = None
        update = Update(self._nodes, latest.last_id)
        roots = list(latest.roots)
        puts: list[tuple[bytes, bytes]] = []
        deletes: list[bytes] = []
        # Order: module ids, so that node ids come out the same on every run.
        for module_id, module in sorted((self._ids[module], module) for module in changes):
            effective = self._effective(self._prefixes[module], changes[module], puts, deletes)
            roots[module_id] = update.apply(roots[module_id], effective)
        app_hash = app_hash_of(sorted(zip(self._ids, roots, strict=True)))
        self._staged = _Staged(version, app_hash, tuple(roots), update, puts, deletes)
        return app_hash

    def _effective(
        self,
        prefix: bytes,
        changes: Mapping[bytes, bytes | None],
        puts: list[tuple[bytes, bytes]],
        deletes: list[bytes],
    ) -> list[tuple[bytes, bytes | None, bool]]:
        """Return the writes that change something as (key, value, was present), sorted; collect their flat form."""
        stored = self._state.get
        effective: list[tuple[bytes, bytes | None, bool]] = []
        for key in sorted(changes):
            value = changes[key]
            if not 0 < len(key) <= MAX_KEY_SIZE:
                raise ValueError(f"a key has {len(key)} bytes; 1 to {MAX_KEY_SIZE} are allowed")
            flat_key = prefix + key
            before = stored(flat_key)
            if value is None:
                if before is not None:
                    effective.append((key, None, True))
                    deletes.append(flat_key)
            elif not value:
                raise ValueError("empty values cannot be proven")
            elif value != before:
                effective.append((key, value, before is not None))
                puts.append((flat_key, value))
        return effective

    def commit(self) -> None:
        """Write the staged version and make it the latest. Raises: RuntimeError: nothing is staged."""
        staged = self._staged
        if staged is None:
            raise RuntimeError("nothing is staged")
        update = staged.update
        version = staged.version.to_bytes(8, "big")
        records = update.records()
        records.append((b"\xff" + version, b"".join(update.stale)))
        self._nodes_database.write(records, sync=self._sync)
        puts = staged.puts
        puts.append((b"r" + version, _root_record(update.last_id, staged.app_hash, staged.roots)))
        puts.append((_MODULES_KEY, b"".join(b"%c%b" % (len(name), name.encode()) for name in self._ids)))
        puts.append((_VERSION_KEY, version))
        self._state.write(puts, staged.deletes, sync=self._sync)
        self._cache.replace(update.stale, update.pages)
        self._latest = self._committed(staged.version, staged.app_hash, update.last_id, staged.roots)
        self._staged = None

    def prune(self) -> int:
        """Forget versions older than the newest `keep` and return how many nodes went.

        May run on a thread of its own beside the writer. Costs about a microsecond a node, and LevelDB compacts best
        after few large passes: call it every keep/2 blocks or so, at least 20 apart.
        """
        with self._pruning:
            if self._is_closed:
                return 0
            first = self._latest.version - self._keep + 1
            bound = max(first, 0).to_bytes(8, "big")
            old = [key for key, _ in self._state.iterate(b"r", b"r" + bound)]
            # Order: version records go first and synced, else a torn batch could leave roots of deleted nodes.
            if old:
                self._state.write((), old, sync=True)
            count = 0
            lists = self._nodes_database.iterate(b"\xff", b"\xff" + (max(first, 0) + 1).to_bytes(8, "big"))
            for list_key, ids in lists:
                stale = [ids[i : i + ID_SIZE] for i in range(0, len(ids), ID_SIZE)]
                count += len(stale)
                for start in range(0, len(stale), _SLICE):
                    self._nodes_database.write((), stale[start : start + _SLICE], sync=False)
                self._nodes_database.write((), [list_key], sync=False)
            return count

    def close(self) -> None:
        """Close both databases; call it when all readers have stopped."""
        with self._pruning:
            self._is_closed = True
            self._nodes_database.close()
            self._state.close()

    def _module_ids(self, modules: Sequence[str]) -> dict[str, int]:
        names = self._known_modules()
        missing = [name for name in names if name not in modules]
        if missing:
            raise ValueError(f"the store holds modules that were not named: {', '.join(missing)}")
        names += sorted(name for name in modules if name not in names)
        if len(names) > 255 or any(not 0 < len(name.encode()) < 128 for name in names):
            raise ValueError("a store has at most 255 modules with names of 1 to 127 bytes")
        return {name: index for index, name in enumerate(names)}

    def _known_modules(self) -> list[str]:
        table = self._state.get(_MODULES_KEY) or b""
        names = []
        start = 0
        while start < len(table):
            end = start + 1 + table[start]
            names.append(table[start + 1 : end].decode())
            start = end
        return names

    def _committed(self, version: int, app_hash: bytes, last_id: int, roots: tuple[bytes, ...]) -> _Committed:
        return _Committed(version, app_hash, last_id, roots, FlatView(version, self._state.snapshot(), self._prefixes))

    def _load(self, rebuild: bool) -> _Committed:
        version = self._state.get(_VERSION_KEY)
        empty = (NO_NODE,) * len(self._ids)
        if version is None:
            app_hash = app_hash_of(sorted(zip(self._ids, empty, strict=True)))
            return self._committed(0, app_hash, 0, empty)
        record = self._state.get(b"r" + version)
        if record is None:
            raise NodeMissing("the commit record of the latest version is missing")
        was_rebuilding = self._state.get(_REBUILD_KEY) is not None
        if rebuild or was_rebuilding or self._nodes_database.get(b"\xff" + version) is None:
            self._rebuild(version, record)
        last_id, app_hash, roots = self._root_record(int.from_bytes(version, "big"))
        return self._committed(int.from_bytes(version, "big"), app_hash, last_id, (roots + empty)[: len(self._ids)])

    def _rebuild(self, version: bytes, record: bytes) -> None:
        """Write the nodes of the latest version anew from the flat pairs; older versions are lost."""
        self._state.write([(_REBUILD_KEY, version)], sync=True)
        _wipe(self._nodes_database)
        known = self._known_modules()
        flat = FlatView(int.from_bytes(version, "big"), self._state, self._prefixes)
        roots = []
        last_id = 0
        for module in known:
            root = NO_NODE
            pairs = flat.iterate(module, b"", None)
            while chunk := list(itertools.islice(pairs, _SLICE)):
                # Sorted input touches the right edge of the tree only, so little is written twice.
                update = Update(self._nodes, last_id)
                root = update.apply(root, [(key, value, False) for key, value in chunk])
                last_id = update.last_id
                self._nodes_database.write(update.records(), update.stale, sync=False)
            roots.append(root)
        app_hash = app_hash_of(sorted(zip(known, roots, strict=True)))
        if app_hash != record[ID_SIZE : ID_SIZE + 32]:
            raise NodeMissing("the flat pairs do not give the committed app hash")
        self._nodes_database.write([(b"\xff" + version, b"")], sync=True)
        old = [key for key, _ in self._state.iterate(b"r", b"r" + version)]
        entry = (b"r" + version, _root_record(last_id, app_hash, tuple(roots)))
        self._state.write([entry], [*old, _REBUILD_KEY], sync=True)

    def _root_record(self, version: int) -> tuple[int, bytes, tuple[bytes, ...]]:
        record = self._state.get(b"r" + version.to_bytes(8, "big"))
        if record is None:
            raise VersionPruned(self.first_version, self._latest.version)
        start = ID_SIZE + 32
        refs = (record[i : i + REF_SIZE] for i in range(start, len(record), REF_SIZE))
        roots = tuple(NO_NODE if ref == _EMPTY_REF else ref for ref in refs)
        return int.from_bytes(record[:ID_SIZE], "big"), record[ID_SIZE:start], roots


def _root_record(last_id: int, app_hash: bytes, roots: tuple[bytes, ...]) -> bytes:
    return last_id.to_bytes(ID_SIZE, "big") + app_hash + b"".join(root or _EMPTY_REF for root in roots)


def _prefix_end(prefix: bytes) -> bytes:
    return prefix[:-1] + bytes((prefix[-1] + 1,))


def _wipe(database: Database) -> None:
    keys: list[bytes] = []
    for key, _ in database.iterate(b"", None):
        keys.append(key)
        if len(keys) == _SLICE:
            database.write((), keys, sync=False)
            keys = []
    database.write((), keys, sync=True)
