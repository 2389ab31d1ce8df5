"""The tree of a round and the mountain range over rounds."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.crypto import ranges
from chain.crypto.ranges import append, leaf_hash

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""The leaves of certificate transparency's own reference tests."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _entries(count: int) -> list[bytes]:
    return [leaf_hash(index.to_bytes(4, "big")) for index in range(count)]


def _root(leaves: list[bytes]) -> bytes:
    """Recompute the root by the recursion of RFC 6962."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def _range(entries: list[bytes]) -> tuple[bytes, ...]:
    peaks: tuple[bytes, ...] = ()
    for count, entry in enumerate(entries):
        peaks = append(peaks, count, entry)
    return peaks


def test_the_reference_roots_of_certificate_transparency_are_reproduced() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
    assert [ranges.tree_root(leaves[: count + 1]).hex() for count in range(8)] == ROOTS
    assert ranges.tree_root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 31, 33, 100])
def test_a_range_has_the_root_of_its_tree(count: int) -> None:
    entries = _entries(count)
    peaks = _range(entries)
    assert ranges.range_root(peaks) == ranges.tree_root(entries) == _root(entries)
    assert len(peaks) == count.bit_count()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_leaf_is_provable_and_only_at_its_place(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, count - 1))
    entries = _entries(count)
    root, path = ranges.tree_root(entries), ranges.inclusion_path(entries, index)
    assert ranges.verify_inclusion(root, count, index, entries[index], path)
    assert not ranges.verify_inclusion(root, count, index, bytes(32), path)
    assert not ranges.verify_inclusion(root, count, (index + 1) % (count + 1), entries[index], path)
    assert not ranges.verify_inclusion(root, count, index, entries[index], (*path, bytes(32)))
    if path:
        assert not ranges.verify_inclusion(root, count, index, entries[index], path[:-1])

    peaks, climb = _range(entries), ranges.mountain_path(entries, index)
    assert ranges.verify_mountain(peaks, count, index, entries[index], climb)
    assert not ranges.verify_mountain(peaks, count, index, bytes(32), climb)
    assert not ranges.verify_mountain(peaks, count, count, entries[index], climb)
    assert not ranges.verify_mountain(peaks[:-1], count, index, entries[index], climb)


def test_an_old_path_is_a_prefix_of_every_later_one() -> None:
    entries = _entries(64)
    before = ranges.mountain_path(entries[:5], 2)
    assert ranges.mountain_path(entries, 2)[: len(before)] == before


def test_hostile_paths_are_refused_without_an_exception() -> None:
    root = ranges.tree_root(_entries(4))
    for count, index in ((0, 0), (-1, -1), (4, 4), (4, -1), (1 << 64, 0), ((1 << 64) - 1, (1 << 64) - 2)):
        assert not ranges.verify_inclusion(root, count, index, bytes(32), [bytes(32)] * 3)
        assert not ranges.verify_mountain((root,), count, index, bytes(32), [])
    assert not ranges.verify_inclusion(root, 4, 0, b"short", [])
    assert not ranges.verify_inclusion(root, 4, 0, bytes(32), [b"short", bytes(32)])


def test_only_digests_are_appended() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        append((), 0, b"short")
    with pytest.raises(ValueError, match="one peak"):
        append((), 1, bytes(32))
    with pytest.raises(ValueError, match="no leaf"):
        ranges.inclusion_path(_entries(2), 2)
    with pytest.raises(ValueError, match="no entry"):
        ranges.mountain_path(_entries(2), 2)
