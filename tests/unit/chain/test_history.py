"""The archive of closed records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.history import HistoryConflict, HistoryGap, HistoryRecord, HistoryStore

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
