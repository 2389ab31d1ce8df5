"""Recompute a whole version from its leaves up and compare it with everything else that is stored about it."""

from collections.abc import Iterator
from itertools import zip_longest

from chain.store.proofs import app_hash_of
from chain.store.store import Store
from chain.store.tree import Nodes, children_of, fold, leaf_hash, path_of


class StoreDamaged(Exception):
    """What is stored contradicts itself; `Store.open(..., rebuild=True)` or a fresh node helps."""


def check(store: Store) -> int:
    """Check the latest version and return its number of keys; the store may be in use meanwhile.

    Every hash is made anew from the records on the disk, every key must lie where its path says, and the flat pairs
    must be those of the trees. Raises: StoreDamaged; NodeMissing.
    """
    latest = store.snapshot()
    if not latest.version:
        return 0
    cached, roots = store.trees(latest.version)
    nodes = cached.uncached()
    if app_hash_of(roots) != store.app_hash_of(latest.version):
        raise StoreDamaged("the module roots do not give the app hash")
    count = 0
    for module, root in roots:
        pairs = _leaves(nodes, root, b"") if root else iter(())
        for ours, flat in zip_longest(pairs, latest.iterate(module, b"", None)):
            if ours != flat:
                raise StoreDamaged(f"tree and flat pairs of {module} differ at {(ours or flat)[0].hex()}")
            count += 1
    return count


def _leaves(nodes: Nodes, ref: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not ref[6]:
        key, value = nodes.leaf(ref[:6])
        if leaf_hash(key, value) != ref[7:] or not path_of(key).startswith(prefix):
            raise StoreDamaged(f"leaf {ref[:6].hex()} has another hash or place")
        yield key, value
        return
    seg, symbols, refs = nodes.page(ref[:6])
    if fold(symbols, bytearray(refs), -1) != ref[6:]:
        raise StoreDamaged(f"page {ref[:6].hex()} has another hash")
    for symbol, child in zip(symbols, children_of(symbols, refs), strict=True):
        yield from _leaves(nodes, child, prefix + seg + bytes((symbol,)))
