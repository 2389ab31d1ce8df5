"""Logs never grow beyond their bound and lose no line before it."""

from pathlib import Path

from chain.node.logs import RotatingLog, last_lines


def test_a_full_log_is_set_aside_and_the_oldest_dropped(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    with RotatingLog(path, max_bytes=10, kept=2) as log:
        for number in range(7):
            log.write(b"line %d\n" % number)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "app.log": "line 6\n",
        "app.log.1": "line 5\n",
        "app.log.2": "line 4\n",
    }


def test_a_log_is_continued_by_the_next_life(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    for life in range(3):
        with RotatingLog(path) as log:
            log.write(b"life %d\n" % life)
    assert path.read_text() == "life 0\nlife 1\nlife 2\n"
    assert last_lines(path, 2) == "life 1\nlife 2"
    assert last_lines(tmp_path / "none", 2) == ""
