import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inference.journal import ASSERTER, CHECKER, CheckRecord, Contradiction, Journal, RunRecord

UNIT = bytes(range(32))
RUN = RunRecord(UNIT, 5, 0, 1, b"b" * 32, (1, 2, 3))
ROOTS = (b"i" * 32, b"o" * 32, b"u" * 32)

CHILD = """
import os, sys
from pathlib import Path
from inference.journal import *
journal = Journal(Path(sys.argv[1]))
unit = bytes(range(32))
journal.begin_run(RunRecord(unit, 5, 0, 1, b"b" * 32, (1, 2, 3)))
rows = journal.row_file(unit, "in", 10)
rows.append(bytes(70))
print(journal.salt(unit, ASSERTER).hex(), flush=True)
count = 0
while True:
    count += 1
    rows.append(count.to_bytes(10, "little"))
    journal.record_receipt(unit, count, False, count.to_bytes(32, "little"), bytes(64))
    os.write(1, f"{count}\\n".encode())
"""


def test_a_salt_is_drawn_once_for_each_unit_and_role(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    salts = [journal.salt(UNIT, ASSERTER), journal.salt(UNIT, CHECKER), journal.salt(bytes(32), ASSERTER)]
    journal.begin_run(RUN)
    journal.drop_unit(UNIT)
    journal.close()
    again = Journal(tmp_path)
    assert [again.salt(UNIT, ASSERTER), again.salt(UNIT, CHECKER), again.salt(bytes(32), ASSERTER)] == salts
    assert len(set(salts)) == 3
    assert {len(salt) for salt in salts} == {32}


def test_a_bait_outlives_its_unit_until_it_is_dropped(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin_run(RUN)
    ended = journal.end_run(UNIT, 7, ROOTS, b"receipt")
    journal.keep_bait(ended)
    journal.keep_bait(ended)
    journal.drop_unit(UNIT)
    journal.close()
    again = Journal(tmp_path)
    assert again.baits() == ((UNIT, 5, 0, 1, ROOTS[1]),)
    again.drop_bait(UNIT)
    assert again.baits() == ()


def ended_run(journal: Journal, job_id: int) -> RunRecord:
    """A unit with thirty bytes of rows and two ids."""
    unit = job_id.to_bytes(32, "big")
    journal.begin_run(RunRecord(unit, job_id, 0, 1, b"b" * 32, (1, 2, 3)))
    for name, size in (("in", 10), ("out", 20), ("ids", 8)):
        rows = journal.row_file(unit, name, size)
        rows.append(bytes(size))
        rows.close()
    return journal.end_run(unit, 7, ROOTS, b"receipt")


def test_a_unit_set_aside_is_kept_until_its_height_and_listed_no_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first, second = ended_run(journal, 1), ended_run(journal, 2)
    journal.settle_run(first, 100)
    assert journal.runs() == (second,)
    assert journal.find_run(first.unit) == first
    journal.close()
    again = Journal(tmp_path)
    assert (again.runs(), again.find_rows(first.unit, "in")) == ((second,), bytes(10))
    assert (again.settled_before(100, 9), again.settled_before(101, 9)) == ((), ((1, 0, 1),))
    again.settle_run(second, 50)
    assert again.settled_before(101, 9) == ((2, 0, 1), (1, 0, 1))
    assert again.settled_before(101, 1) == ((2, 0, 1),)
    again.drop_unit(first.unit)
    assert (again.find_run(first.unit), again.settled_before(101, 9)) == (None, ((2, 0, 1),))


def test_of_units_set_aside_the_rows_of_the_oldest_make_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    found = [ended_run(journal, job_id) for job_id in (3, 1, 2)]
    for run in found:
        journal.settle_run(run, 100, most=70)
    rows = {run.job_id: [journal.find_rows(run.unit, name) for name in ("in", "out", "ids")] for run in found}
    assert rows == {1: [b"", b"", bytes(8)], 2: [bytes(10), bytes(20), bytes(8)], 3: [bytes(10), bytes(20), bytes(8)]}
    assert [journal.find_run(run.unit) for run in found] == found


def test_a_run_begins_and_ends_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin_run(RUN)
    journal.begin_run(RUN)
    with pytest.raises(Contradiction):
        journal.begin_run(RunRecord(UNIT, 5, 0, 1, b"x" * 32, (1, 2, 3)))
    with pytest.raises(Contradiction):
        journal.begin_run(RunRecord(UNIT, 5, 0, 1, b"b" * 32, (1, 2)))
    assert journal.runs() == (RUN,)
    ended = journal.end_run(UNIT, 7, ROOTS, b"receipt")
    assert ended == RunRecord(UNIT, 5, 0, 1, b"b" * 32, (1, 2, 3), 7, *ROOTS, b"receipt")
    assert journal.end_run(UNIT, 7, ROOTS, b"receipt") == ended
    with pytest.raises(Contradiction):
        journal.end_run(UNIT, 8, ROOTS, b"receipt")
    with pytest.raises(Contradiction):
        journal.end_run(UNIT, 7, (ROOTS[0], ROOTS[1], bytes(32)), b"receipt")
    assert journal.find_run(UNIT) == ended


def test_a_count_has_one_root_for_ever(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.record_receipt(UNIT, 32, False, b"r" * 32, b"s" * 64)
    journal.record_receipt(UNIT, 32, False, b"r" * 32, b"s" * 64, b"c" * 64)
    journal.record_receipt(UNIT, 32, True, b"r" * 32, b"f" * 64)
    with pytest.raises(Contradiction):
        journal.record_receipt(UNIT, 32, False, b"x" * 32, b"s" * 64)
    with pytest.raises(Contradiction):
        journal.record_receipt(UNIT, 32, True, b"x" * 32, b"s" * 64)
    assert journal.receipts(UNIT) == (
        (32, False, b"r" * 32, b"s" * 64, b"c" * 64),
        (32, True, b"r" * 32, b"f" * 64, b""),
    )


def test_the_first_outcome_of_a_check_stands(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first = CheckRecord(UNIT, 5, 0, 1, b"1" * 32, b"2" * 32)
    assert journal.record_check(first) == first
    assert journal.record_check(CheckRecord(UNIT, 5, 0, 1, b"3" * 32, b"4" * 32)) == first
    assert journal.checks() == (first,)


def test_only_recent_transactions_are_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(300):
        journal.record_transaction(bytes([number % 256]))
    (count,) = journal._all("SELECT count(*) FROM transactions")[0]
    assert count == 256


def test_the_input_of_a_check_is_kept_whole_until_the_unit_is_dropped(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.find_input(UNIT) is None
    journal.keep_input(UNIT, bytes(32), (5, 70_000), b"rows")
    journal.keep_input(UNIT, b"b" * 32, (5, 70_000, 1), b"rows")
    assert Journal(tmp_path).find_input(UNIT) == (b"b" * 32, (5, 70_000, 1), b"rows")
    journal.drop_unit(UNIT)
    assert journal.find_input(UNIT) is None


def test_a_row_that_a_crash_cut_short_is_dropped(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    rows = journal.row_file(UNIT, "in", 10)
    rows.append(bytes(30))
    rows.close()
    (path,) = tmp_path.glob("rows/*/in")
    path.write_bytes(path.read_bytes() + b"half")
    again = journal.row_file(UNIT, "in", 10)
    assert again.count == 3
    again.append(b"x" * 10)
    assert journal.find_rows(UNIT, "in") == bytes(30) + b"x" * 10
    assert journal.find_rows(UNIT, "out") == b""


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    assert child.stdout is not None
    salt = bytes.fromhex(child.stdout.readline().decode())
    for line in child.stdout:
        if int(line) >= 20:
            break
    child.send_signal(signal.SIGKILL)
    told = [int(line) for line in child.stdout.read().split()]
    child.wait()
    last = max(told, default=20)
    journal = Journal(tmp_path)
    assert journal.salt(UNIT, ASSERTER) == salt
    counts = [receipt[0] for receipt in journal.receipts(UNIT)]
    assert counts[:last] == list(range(1, last + 1))
    rows = journal.row_file(UNIT, "in", 10)
    assert rows.count >= 7 + last
    assert rows.read(7, 7 + last) == b"".join(count.to_bytes(10, "little") for count in range(1, last + 1))


def test_the_first_cancel_stands_and_is_forgotten_with_its_unit(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.find_cancel(UNIT) == (0, b"")
    journal.record_cancel(UNIT, 5, b"s" * 64)
    journal.record_cancel(UNIT, 6, b"t" * 64)
    assert journal.find_cancel(UNIT) == (5, b"s" * 64)
    journal.drop_unit(UNIT)
    assert journal.find_cancel(UNIT) == (0, b"")
