"""What is left of closed records: a leaf that proves them for ever, and deletion in bounded steps."""

from dataclasses import replace

import pytest

from chain.application import Timestamp
from chain.context import BlockFacts, Context
from chain.crypto import ranges
from chain.modules.jobs import archive
from chain.modules.jobs.state import GARBAGE, PARAMS
from chain.modules.jobs.types import ArchivePeaks, HopConflict, RecordKind
from chain.parameters import LOCALNET
from chain.store.overlay import Overlay
from tests.support.nothing import Nothing


def at(store: Overlay, height: int) -> Context:
    return Context(store, BlockFacts("chain", bytes(32), height, Timestamp(height), b""))


@pytest.fixture
def store() -> Overlay:
    overlay = Overlay(Nothing())
    PARAMS.save(overlay, replace(LOCALNET.jobs, deletions_per_block=5))
    archive.begin(at(overlay, 0))
    return overlay


def test_every_archived_record_is_provable_against_the_peaks(store: Overlay) -> None:
    roots: list[bytes] = []
    for count in range(1, 12):
        ctx = at(store, 4 * count)
        for number in range(count):
            archive.append(ctx, RecordKind.JOB, bytes([count, number]), HopConflict(count, number, 0))
        archive.seal_round(ctx)
        sealed = archive.find_round(store, ctx.block.height)
        assert sealed is not None
        roots.append(ranges.leaf_hash(sealed.root))
        found = archive.archived_records(store, ctx.block.height)
        assert [number for number, _ in found] == list(range(sealed.first_record, sealed.first_record + count))
        leaves = [archive.record_leaf(record) for _, record in found]
        peaks = archive.peaks_of(store)
        for index, leaf in enumerate(leaves):
            path = ranges.inclusion_path(leaves, index)
            assert ranges.verify_inclusion(sealed.root, count, index, leaf, path)
        for index, root in enumerate(roots):
            path = ranges.mountain_path(roots, index)
            assert ranges.verify_mountain(peaks.peaks, peaks.count, index, root, path)


def test_rounds_without_closed_records_write_nothing(store: Overlay) -> None:
    archive.seal_round(at(store, 4))
    assert archive.peaks_of(store) == ArchivePeaks(0, ())
    assert archive.archived_records(store, 4) == ()


def test_garbage_goes_in_order_of_height_and_never_more_than_the_limit_at_once(store: Overlay) -> None:
    for index in range(12):
        store.set("sampling", b"a/%02d" % index, b"1")
        store.set("sampling", b"b/%02d" % index, b"1")
    archive.retire(at(store, 1), 10, "sampling", (b"b/",))
    archive.retire(at(store, 1), 5, "sampling", (b"a/",))
    left: list[int] = []
    for height in range(4, 20):
        archive.collect_garbage(at(store, height))
        left.append(sum(1 for _ in store.iterate("sampling", b"", None)))
        assert len(left) < 2 or left[-2] - left[-1] <= 5
    assert left[0] == 24
    assert left[1] == 19
    assert left[-1] == 0
    assert next(GARBAGE.items(store), None) is None
