"""The trees of traces and models: shape, growth and range openings."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.crypto import merkle
from chain.crypto.merkle import Kind, ListRoot, leaf, level2_nodes, lr, node

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/merkle.json").read_text())


def _digests(count: int) -> list[bytes]:
    return [sha256(index.to_bytes(4, "big")).digest() for index in range(count)]


def _reference(kind: int, digests: list[bytes]) -> bytes:
    """Recompute the root from the definition, level by level."""
    level = digests or [bytes(32)]
    while len(level) > 1:
        level = [sha256(b"\x01" + b"".join(level[i : i + 16])).digest() for i in range(0, len(level), 16)]
    return sha256(bytes([2, kind]) + len(digests).to_bytes(4, "big") + level[0]).digest()


def test_kinds_are_numbered_from_one_in_the_published_order() -> None:
    names = [
        "ROW",
        "ROWT",
        "HSEC",
        "KT",
        "VT",
        "KROW",
        "VROW",
        "CHK",
        "CHKS",
        "TOK",
        "TOKS",
        "SEC",
        "KVL",
        "OPS",
        "OP",
        "OPT",
        "WROW",
        "WT",
        "MODEL",
    ]
    assert [(kind.name, int(kind)) for kind in Kind] == [(name, at) for at, name in enumerate(names, 1)]


def test_leaf_and_node_are_domain_separated() -> None:
    assert leaf(Kind.TOK, b"x") == sha256(b"\x00\x0ax").digest()
    assert node([bytes(32)]) == sha256(b"\x01" + bytes(32)).digest()


def test_a_node_has_between_one_and_sixteen_children() -> None:
    for count in (0, 17):
        with pytest.raises(ValueError, match="children"):
            node(_digests(count))


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 31, 32, 33, 255, 256, 257, 272, 273, 4096, 4097])
def test_a_list_root_follows_the_definition(count: int) -> None:
    digests = _digests(count)
    assert lr(Kind.HSEC, digests) == _reference(Kind.HSEC, digests)
    assert merkle.lr_joined(Kind.HSEC, b"".join(digests)) == _reference(Kind.HSEC, digests)


def test_published_roots_and_openings_are_reproduced() -> None:
    for known in VECTORS["roots"]:
        assert lr(VECTORS["kind"], _digests(known["count"])).hex() == known["root"]
    for case in VECTORS["openings"]:
        digests, start, length = _digests(case["count"]), case["start"], case["length"]
        siblings = [bytes.fromhex(text) for text in case["siblings"]]
        assert list(merkle.open_range(digests, start, length)) == siblings
        assert merkle.verify_range(3, case["count"], start, digests[start : start + length], siblings, lr(3, digests))


def test_a_growing_list_has_the_root_of_each_prefix() -> None:
    digests, grown = _digests(600), ListRoot(Kind.TOKS)
    assert grown.root() == lr(Kind.TOKS, [])
    for at, digest in enumerate(digests, 1):
        grown.append(digest)
        if at % 37 == 0 or at in (1, 2, 15, 16, 17, 255, 256, 257, 272, 273, 512, 513):
            assert grown.root() == lr(Kind.TOKS, digests[:at]), at


@pytest.mark.parametrize("count", [257, 512, 700, 4096, 5000])
def test_level_two_nodes_give_the_root_of_their_list(count: int) -> None:
    digests = _digests(count)
    nodes = level2_nodes(digests)
    root = lr(Kind.KT, digests)
    assert merkle.lr_of_nodes(Kind.KT, count, nodes) == root
    for at in (0, len(nodes) // 2, len(nodes) - 1):
        assert merkle.verify_nodes(Kind.KT, count, at, [nodes[at]], merkle.open_range(nodes, at, 1), root)
        below = digests[256 * at : 256 * at + 256]
        last = len(below) - 1
        siblings = merkle.open_below(below, last, 1, 2)
        assert merkle.verify_below(len(below), last, [below[last]], siblings, nodes[at])
        assert not merkle.verify_below(len(below), last, [bytes(32)], siblings, nodes[at])


def test_a_list_with_too_few_items_has_no_level_two_nodes() -> None:
    with pytest.raises(ValueError, match="no level-2"):
        level2_nodes(_digests(256))
    with pytest.raises(ValueError, match="do not have"):
        merkle.lr_of_nodes(Kind.KT, 256, _digests(1))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_range_opens_and_nothing_else_does(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 700))
    start = data.draw(st.integers(0, count - 1))
    length = data.draw(st.integers(1, count - start))
    digests = _digests(count)
    root, items = lr(Kind.WT, digests), digests[start : start + length]
    siblings = merkle.open_range(digests, start, length)
    assert merkle.verify_range(Kind.WT, count, start, items, siblings, root)
    if length == count:
        assert siblings == ()
    assert not merkle.verify_range(Kind.OP, count, start, items, siblings, root)
    assert not merkle.verify_range(Kind.WT, count + 1, start, items, siblings, root)
    assert not merkle.verify_range(Kind.WT, count, start + 1, items, siblings, root)
    assert not merkle.verify_range(Kind.WT, count, start, items, (*siblings, bytes(32)), root)
    if siblings:
        assert not merkle.verify_range(Kind.WT, count, start, items, siblings[:-1], root)
    at = data.draw(st.integers(0, length - 1))
    assert not merkle.verify_range(
        Kind.WT,
        count,
        start,
        [*items[:at], bytes(32), *items[at + 1 :]],
        siblings,
        root,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-2, 1 << 33),
    st.integers(-2, 1 << 33),
    st.lists(st.binary(max_size=40), max_size=20),
    st.lists(st.binary(max_size=40) | st.just(bytes(32)), max_size=40),
    st.binary(max_size=40),
)
def test_hostile_openings_are_refused_without_an_exception(
    count: int, start: int, items: list[bytes], siblings: list[bytes], root: bytes
) -> None:
    assert not merkle.verify_range(Kind.ROW, count, start, items, siblings, root)
    assert not merkle.verify_nodes(Kind.ROW, count, start, items, siblings, root)
    assert not merkle.verify_below(count, start, items, siblings, root)


def test_a_range_outside_the_list_cannot_be_opened() -> None:
    for start, count in ((0, 0), (-1, 1), (3, 1), (2, 2)):
        with pytest.raises(ValueError, match="no range"):
            merkle.open_range(_digests(3), start, count)


COUNTS = st.integers(1, 700) | st.sampled_from([16, 17, 256, 257, 272, 4096, 4097])


@given(COUNTS, st.data())
@settings(max_examples=150, deadline=None)
def test_the_opening_of_a_prefixs_last_item_gives_both_roots(count: int, data: st.DataObject) -> None:
    short = data.draw(st.integers(1, count))
    digests = _digests(count)
    siblings = merkle.open_range(digests, short - 1, 1)
    assert len(siblings) <= 15 * 4
    found = merkle.prefix_roots(Kind.HSEC, count, short, digests[short - 1], siblings)
    assert found == (_reference(Kind.HSEC, digests[:short]), _reference(Kind.HSEC, digests))


@given(COUNTS, st.data())
@settings(max_examples=150, deadline=None)
def test_an_altered_opening_never_gives_the_root_of_the_whole_list(count: int, data: st.DataObject) -> None:
    short = data.draw(st.integers(1, count))
    digests = _digests(count)
    siblings = list(merkle.open_range(digests, short - 1, 1))
    item, claimed, whole = digests[short - 1], short, count
    kind = data.draw(st.sampled_from(["item", "sibling", "fewer", "more", "order", "short digest", "count", "size"]))
    if kind == "item":
        item = sha256(item).digest()
    elif kind == "sibling" and siblings:
        at = data.draw(st.integers(0, len(siblings) - 1))
        siblings[at] = sha256(siblings[at]).digest()
    elif kind == "fewer" and siblings:
        siblings.pop()
    elif kind == "order" and len(siblings) > 1:
        siblings.reverse()
    elif kind == "short digest":
        siblings.append(item[:31])
    elif kind == "count" and count > 1:
        claimed = short - 1 or short + 1
    elif kind == "size":
        whole = count + data.draw(st.integers(1, 300))
    else:
        siblings.append(item)
    found = merkle.prefix_roots(Kind.HSEC, whole, claimed, item, siblings)
    assert found is None or found[1] != _reference(Kind.HSEC, digests)


@pytest.mark.parametrize(("count", "short"), [(0, 0), (5, 0), (5, 6), (1 << 32, 1), (5, -1)])
def test_a_prefix_that_is_none_has_no_roots(count: int, short: int) -> None:
    assert merkle.prefix_roots(Kind.HSEC, count, short, bytes(32), ()) is None
