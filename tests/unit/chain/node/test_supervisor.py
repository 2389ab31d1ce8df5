"""The supervisor gives up on children that keep crashing, and says which and why."""

import sys
from pathlib import Path

import pytest

from chain.node import supervisor
from chain.node.home import create_home
from chain.node.supervisor import EXIT_CRASH_LOOP, MAX_FAST_CRASHES, Commands, run_node, running_pid


def test_an_application_that_always_crashes_ends_the_node_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "MAX_BACKOFF_SECONDS", 0.01)
    home = create_home(tmp_path, "alice")
    reports: list[str] = []
    crash = [sys.executable, "-c", "raise SystemExit('the database is locked by another process')"]
    assert run_node(home, Commands(app=crash, cometbft=Path("/bin/true")), reports.append) == EXIT_CRASH_LOOP
    assert reports[:MAX_FAST_CRASHES] == ["app ended with status 1; restarting both"] * MAX_FAST_CRASHES
    assert f"{MAX_FAST_CRASHES} crashes in a row, giving up" in reports[-1]
    assert "the database is locked by another process" in reports[-1]
    assert [running_pid(home, name) for name in ("supervisor", "app", "cometbft")] == [None, None, None]


def test_a_command_that_does_not_exist_is_an_error_at_once(tmp_path: Path) -> None:
    home = create_home(tmp_path, "alice")
    with pytest.raises(FileNotFoundError):
        run_node(home, Commands(app=["/nonexistent/app"], cometbft=Path("/bin/true")), lambda _line: None)
