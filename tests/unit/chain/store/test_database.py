"""The key-value engine and the guard against opening it twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.store.database import Database, DatabaseInUse

ROOT = Path(__file__).parents[4]
OPEN_ELSEWHERE = """
import sys
from pathlib import Path
from chain.store.database import Database, DatabaseInUse
try:
    Database(Path(sys.argv[1])).close()
except DatabaseInUse:
    print("refused")
else:
    print("opened")
"""


def open_elsewhere(path: Path) -> str:
    command = [sys.executable, "-c", OPEN_ELSEWHERE, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "db")
    yield database
    database.close()


def test_a_second_open_is_refused_in_this_process_and_does_not_let_another_process_in(
    database: Database, tmp_path: Path
) -> None:
    for spelling in ("db", "../" + tmp_path.name + "/db"):
        with pytest.raises(DatabaseInUse):
            Database(tmp_path / spelling)
    # LevelDB's own lock would be gone now: closing any descriptor of its file drops it.
    assert open_elsewhere(tmp_path / "db") == "refused"
    database.write([(b"k", b"v")], sync=True)
    assert database.get(b"k") == b"v"


def test_closing_lets_the_next_owner_in(database: Database, tmp_path: Path) -> None:
    database.write([(b"k", b"v")], sync=False)
    database.close()
    database.close()
    assert open_elsewhere(tmp_path / "db") == "opened"
    again = Database(tmp_path / "db")
    assert again.get(b"k") == b"v"
    again.close()


def test_a_failed_open_leaves_no_lock(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "CURRENT").write_text("not a manifest\n")
    for _ in range(2):
        with pytest.raises(Exception, match=r"CURRENT|orruption|manifest"):
            Database(tmp_path / "db")


def test_iteration_is_half_open_and_runs_both_ways(database: Database) -> None:
    pairs = [(bytes((i,)), b"%d" % i) for i in range(5)]
    database.write(pairs, sync=False)
    assert list(database.iterate(b"\1", b"\3")) == pairs[1:3]
    assert list(database.iterate(b"\1", b"\3", reverse=True)) == pairs[2:0:-1]
    assert list(database.iterate(b"", None)) == pairs
    assert list(database.iterate(b"\3", None, reverse=True)) == [pairs[4], pairs[3]]


def test_a_lone_pair_at_the_start_is_found_both_ways(database: Database) -> None:
    database.write([(b"b", b"2"), (b"d", b"4")], sync=False)
    for reverse in (False, True):
        assert list(database.iterate(b"b", b"c", reverse=reverse)) == [(b"b", b"2")]
        assert list(database.iterate(b"d", None, reverse=reverse)) == [(b"d", b"4")]
        assert list(database.iterate(b"c", b"d", reverse=reverse)) == []


def test_a_snapshot_does_not_see_later_writes(database: Database) -> None:
    database.write([(b"a", b"1"), (b"b", b"1")], sync=False)
    snapshot = database.snapshot()
    database.write([(b"a", b"2"), (b"c", b"2")], [b"b"], sync=False)
    assert (snapshot.get(b"a"), snapshot.get(b"b"), snapshot.get(b"c")) == (b"1", b"1", None)
    assert list(snapshot.iterate(b"", None)) == [(b"a", b"1"), (b"b", b"1")]
    assert list(database.iterate(b"", None)) == [(b"a", b"2"), (b"c", b"2")]
