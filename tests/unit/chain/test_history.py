"""The archive of closed records."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.crypto import ranges
from chain.crypto.hashing import sha256
from chain.history import (
    HistoryConflict,
    HistoryGap,
    HistoryLacks,
    HistoryProof,
    HistoryRecord,
    HistoryRound,
    HistoryStore,
)

JOB = HistoryRecord("jobs/job", b"\0\1", b"job one", 0)
UNIT = HistoryRecord("jobs/unit", b"\0\1", b"", 1)
ROUND = HistoryRecord("sampling/round", b"", b"round", 2)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryStore]:
    history = HistoryStore.open(tmp_path / "history")
    yield history
    history.close()


def test_records_are_found_by_kind_and_id_and_in_leaf_order(history: HistoryStore) -> None:
    history.append(7, [JOB, UNIT])
    history.append(8, [])
    history.append(9, [ROUND])
    assert history.cursor == 9
    assert [history.get(each.kind, each.record_id) for each in (JOB, UNIT, ROUND)] == [JOB, UNIT, ROUND]
    assert history.get("jobs/job", b"\0") is None
    assert history.get("jobs/jo", b"b\0\1") is None
    assert list(history.leaves(0)) == [JOB, UNIT, ROUND]
    assert list(history.leaves(1, 2)) == [UNIT]


def test_repeated_heights_change_nothing(history: HistoryStore) -> None:
    history.append(7, [JOB])
    history.append(7, [UNIT])
    history.append(3, [ROUND])
    assert (history.cursor, list(history.leaves(0))) == (7, [JOB])


def test_a_skipped_height_is_refused(history: HistoryStore) -> None:
    history.append(7, [JOB])
    with pytest.raises(HistoryGap, match="height 9 does not follow 7"):
        history.append(9, [UNIT])
    assert (history.cursor, list(history.leaves(0))) == (7, [JOB])


@pytest.mark.parametrize(
    "second",
    [
        HistoryRecord("jobs/job", b"\0\1", b"other", 5),
        HistoryRecord("jobs/job", b"\0\2", b"other", 0),
    ],
)
def test_a_taken_id_or_leaf_is_refused_and_nothing_of_the_block_is_kept(
    history: HistoryStore, second: HistoryRecord
) -> None:
    history.append(1, [JOB])
    with pytest.raises(HistoryConflict):
        history.append(2, [UNIT, second])
    assert (history.cursor, list(history.leaves(0))) == (1, [JOB])
    with pytest.raises(HistoryConflict):
        history.append(2, [UNIT, HistoryRecord("jobs/unit", b"\0\1", b"", 6)])


def test_the_archive_survives_reopening(tmp_path: Path) -> None:
    for height, record in enumerate((JOB, UNIT, ROUND), start=1):
        history = HistoryStore.open(tmp_path)
        assert history.cursor == height - 1
        history.append(height, [record])
        history.close()
    history = HistoryStore.open(tmp_path)
    assert (history.cursor, list(history.leaves(0))) == (3, [JOB, UNIT, ROUND])
    history.close()


def rounds_of(sizes: list[int]) -> list[tuple[HistoryRound, list[HistoryRecord]]]:
    """Rounds of so many records each."""
    rounds = []
    for index, (size, end) in enumerate(zip(sizes, accumulate(sizes), strict=True)):
        records = [
            HistoryRecord("job", b"%d" % number, b"data %d" % number, number) for number in range(end - size, end)
        ]
        root = ranges.tree_root([leaf_of(record) for record in records])
        rounds.append((HistoryRound(index, end - size, size, root), records))
    return rounds


def leaf_of(record: HistoryRecord) -> bytes:
    return ranges.leaf_hash(sha256(record.data))


def peaks_of(rounds: list[tuple[HistoryRound, list[HistoryRecord]]]) -> tuple[bytes, ...]:
    peaks: tuple[bytes, ...] = ()
    for sealed, _ in rounds:
        peaks = ranges.append(peaks, sealed.index, ranges.leaf_hash(sealed.root))
    return peaks


def holds(proof: HistoryProof, peaks: tuple[bytes, ...], count: int) -> bool:
    sealed = proof.round
    return ranges.verify_inclusion(
        sealed.root, sealed.num_records, proof.index_in_round, leaf_of(proof.record), proof.round_path
    ) and ranges.verify_mountain(peaks, count, sealed.index, ranges.leaf_hash(sealed.root), proof.mountain_path)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=40),
    began=st.integers(0, 40),
    data=st.data(),
)
def test_every_record_is_proven_against_the_peaks_of_every_later_count(
    sizes: list[int], began: int, data: st.DataObject
) -> None:
    rounds = rounds_of(sizes)
    began = min(began, len(rounds))
    with TemporaryDirectory() as path:
        history = HistoryStore.open(Path(path), sync=False)
        assert history.begin(began, peaks_of(rounds[:began])) == began
        for sealed, records in rounds[began:]:
            history.append(sealed.index + 1, records, sealed)
        assert history.num_rounds == len(rounds)
        assert history.begin(len(rounds), peaks_of(rounds)) == 0
        count = data.draw(st.integers(began, len(rounds)))
        for sealed, records in rounds[began:count]:
            for record in records:
                proof = history.proof("job", record.record_id, count)
                assert (proof.record, proof.round) == (record, sealed)
                assert holds(proof, peaks_of(rounds[:count]), count)
        history.close()


def test_what_the_archive_cannot_prove_is_named(history: HistoryStore) -> None:
    history.append(1, [HistoryRecord("job", b"old", b"before rounds were kept", 0)])
    assert history.begin(1, (bytes(32),)) == 1
    ((_, records),) = rounds_of([2])
    later = [HistoryRecord("job", record.record_id, record.data, record.leaf_index + 1) for record in records]
    history.append(2, later, HistoryRound(1, 1, 2, bytes(32)))
    assert len(history.proof("job", b"0", 2).mountain_path) == 1
    with pytest.raises(HistoryLacks, match="older than this archive"):
        history.proof("job", b"old", 2)
    with pytest.raises(HistoryLacks, match="no archived job"):
        history.proof("job", b"none", 2)
    for count in (1, 3):
        with pytest.raises(HistoryLacks, match=f"entry 1, not among the {count}"):
            history.proof("job", b"0", count)


def test_rounds_follow_each_other_and_hold_their_records(history: HistoryStore) -> None:
    (first, records), (second, others) = rounds_of([2, 1])
    with pytest.raises(HistoryGap, match="entry 1 of the range does not follow 0 others"):
        history.append(1, others, second)
    with pytest.raises(HistoryConflict, match="entry 0"):
        history.append(1, records[:1], first)
    with pytest.raises(HistoryConflict):
        history.begin(3, (bytes(32),))
    assert (history.cursor, history.num_rounds, list(history.leaves(0))) == (0, 0, [])
    history.append(1, records, first)
    with pytest.raises(HistoryConflict):
        history.begin(0, ())


def test_the_range_survives_reopening(tmp_path: Path) -> None:
    rounds = rounds_of([1, 3, 2, 1, 1])
    for sealed, records in rounds:
        history = HistoryStore.open(tmp_path, sync=False)
        history.append(sealed.index + 1, records, sealed)
        history.close()
    history = HistoryStore.open(tmp_path, sync=False)
    assert holds(history.proof("job", b"2", 5), peaks_of(rounds), 5)
    history.close()
