"""The tree against its definition: roots are a function of the pairs alone."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.store.store import Store
from chain.store.tree import (
    Nodes,
    PageCache,
    TreeTooDeep,
    children_of,
    decode_leaf,
    decode_page,
    encode_leaf,
    encode_page,
    path_of,
    root_hash,
)
from chain.store.update import Update
from tests.support import tree_model

SHORT_KEYS = st.binary(min_size=1, max_size=3)
PATTERN_KEYS = st.lists(st.sampled_from([0x00, 0x01, 0x0F, 0x10, 0x80, 0xFF]), min_size=1, max_size=5).map(bytes)
CHAIN_KEYS = st.integers(1, 40).map(lambda size: b"a" * size)
KEYS = st.one_of(SHORT_KEYS, PATTERN_KEYS, CHAIN_KEYS)
BLOCK = st.dictionaries(KEYS, st.one_of(st.none(), st.binary(min_size=1, max_size=40)), max_size=25)


class Tree:
    """A single tree on a dict, without databases."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.pairs: dict[bytes, bytes] = {}
        self.root = b""
        self.last_id = 0
        self.cache = PageCache(4)
        self.nodes = Nodes(self.records.get, self.cache)

    def write(self, block: Mapping[bytes, bytes | None]) -> None:
        changes = [
            (key, value, key in self.pairs) for key, value in sorted(block.items()) if value != self.pairs.get(key)
        ]
        update = Update(self.nodes, self.last_id)
        self.root = update.apply(self.root, changes)
        self.last_id = update.last_id
        self.records.update(update.records())
        for node_id in update.stale:
            del self.records[node_id]
        self.cache.replace(update.stale, update.pages)
        for key, value, _ in changes:
            if value is None:
                del self.pairs[key]
            else:
                self.pairs[key] = value

    def reachable(self) -> set[bytes]:
        found = set()
        pending = [self.root] if self.root else []
        while pending:
            ref = pending.pop()
            found.add(ref[:6])
            if ref[6]:
                _, symbols, nodes = decode_page(self.records[ref[:6]])
                pending += children_of(symbols, nodes)
        return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BLOCK, min_size=1, max_size=8))
def test_root_equals_the_recursive_definition_after_every_block(blocks: list[dict[bytes, bytes | None]]) -> None:
    tree = Tree()
    for block in blocks:
        tree.write(block)
        assert root_hash(tree.root) == tree_model.root(tree.pairs)
        assert set(tree.records) == tree.reachable()
        assert dict(tree.nodes.iterate(tree.root, b"", None)) == tree.pairs


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(KEYS, st.binary(min_size=1, max_size=8), min_size=1, max_size=40), st.randoms())
def test_root_does_not_depend_on_the_order_or_grouping_of_writes(
    pairs: dict[bytes, bytes], shuffler: random.Random
) -> None:
    at_once = Tree()
    at_once.write(dict(pairs))
    one_by_one = Tree()
    for key in shuffler.sample(sorted(pairs), len(pairs)):
        one_by_one.write({key: pairs[key]})
    detour = Tree()
    detour.write({key + b"!": b"gone later" for key in pairs} | dict.fromkeys(pairs, b"other"))
    detour.write({key + b"!": None for key in pairs if key + b"!" not in pairs} | dict(pairs))
    assert root_hash(at_once.root) == root_hash(one_by_one.root) == root_hash(detour.root) == tree_model.root(pairs)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(KEYS, st.binary(min_size=1, max_size=4), max_size=40),
    st.one_of(st.just(b""), KEYS),
    st.one_of(st.none(), KEYS),
    st.booleans(),
)
def test_iteration_is_that_of_a_sorted_dict(
    pairs: dict[bytes, bytes], start: bytes, end: bytes | None, reverse: bool
) -> None:
    tree = Tree()
    tree.write(dict(pairs))
    expected = [(key, pairs[key]) for key in sorted(pairs) if key >= start and (end is None or key < end)]
    if reverse:
        expected.reverse()
    assert list(tree.nodes.iterate(tree.root, start, end, reverse=reverse)) == expected


def test_find_returns_present_values_and_none_for_neighbours_of_keys() -> None:
    rng = random.Random(3)
    tree = Tree()
    tree.write({rng.randbytes(rng.randint(1, 3)): rng.randbytes(9) for _ in range(500)})
    probes = [rng.randbytes(rng.randint(1, 4)) for _ in range(2000)]
    probes += [key[:-1] for key in tree.pairs if len(key) > 1] + [key + b"\0" for key in tree.pairs]
    for key in [*tree.pairs, *probes]:
        assert tree.nodes.find(tree.root, key) == tree.pairs.get(key)


def test_records_round_trip() -> None:
    page = (b"\x10\x1f", b"\x00\x11\x1f", bytes(38) + b"a" + bytes(38) + b"b" + bytes(38) + b"c")
    assert decode_page(encode_page(page)) == page
    assert decode_leaf(encode_leaf(b"k" * 128, b"v")) == (b"k" * 128, b"v")


@given(st.lists(st.binary(max_size=6), min_size=2, max_size=20, unique=True))
def test_paths_sort_like_keys_and_none_is_a_prefix_of_another(keys: list[bytes]) -> None:
    keys.sort()
    paths = [path_of(key) for key in keys]
    assert paths == sorted(paths)
    assert not any(b.startswith(a) for a in paths for b in paths if a != b)


def test_chosen_bytes_that_make_the_tree_too_deep_are_refused() -> None:
    low_bits = [b"a" * size + bytes((97 ^ 1 << bit,)) for size in range(64) for bit in range(6)]
    with pytest.raises(TreeTooDeep):
        Tree().write(dict.fromkeys(low_bits, b"x"))


@pytest.mark.parametrize("shape", ["address", "address and name", "u64", "queue of heights and ids", "hash"])
def test_registered_kinds_of_keys_stay_shallow(shape: str) -> None:
    rng = random.Random(shape)
    build: Callable[[int], bytes] = {
        "address": lambda i: b"\x02" + rng.randbytes(20),
        "address and name": lambda i: b"\x02" + rng.randbytes(20) + (b"uostr", b"uatom", b"ibc/0000")[i % 3],
        "u64": lambda i: b"jobs/by_id/" + i.to_bytes(8, "big"),
        "queue of heights and ids": lambda i: b"jobs/open/" + (i >> 4).to_bytes(8, "big") + i.to_bytes(8, "big"),
        "hash": lambda i: b"models/" + rng.randbytes(32),
    }[shape]
    tree = Tree()
    tree.write({build(i): b"x" for i in range(20_000)})
    # At 10^6 records a random tree grows by log2(50) < 6 levels and a counter by as many; 64 leaves room for 10^12.
    assert tree.root[6] <= 40


def test_unchanged_values_leave_the_root_and_the_version_still_advances(tmp_path: Path) -> None:
    store = Store.open(tmp_path, ["bank"], sync=False)
    first = store.stage({"bank": {b"a": b"1"}}, 1)
    store.commit()
    assert store.stage({"bank": {b"a": b"1", b"absent": None}}, 2) == first
    store.commit()
    assert (store.version, store.app_hash) == (2, first)
    store.close()
