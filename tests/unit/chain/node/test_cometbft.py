"""CometBFT is accepted only in the pinned version; what is missing is said in one sentence."""

import os
from pathlib import Path

import pytest

from chain.node import cometbft, go_tools
from chain.node.cometbft import COMETBFT_VERSION, CometBftMissing, find_cometbft, obtain_cometbft


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH holds only what the test puts into tmp_path/bin."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("OSTRAKA_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_without_go_the_binary_is_asked_for_its_version(empty_machine: Path) -> None:
    right = script(empty_machine / "bin" / "cometbft", f"echo {COMETBFT_VERSION.removeprefix('v')}")
    assert find_cometbft() == right
    script(right, "echo 0.39.0")
    assert find_cometbft() is None
    script(right, "exit 1")
    assert find_cometbft() is None


def test_with_go_its_record_decides_whatever_the_binary_says(empty_machine: Path) -> None:
    binary = script(empty_machine / "bin" / "cometbft", f"echo {COMETBFT_VERSION.removeprefix('v')}")
    record = "case $1 in env) echo go1.26.1;; version) printf 'mod\\t%s\\t%s\\th1:x\\n' {module} {version};; esac"
    go = empty_machine / "bin" / "go"
    script(go, record.format(module=cometbft.MODULE, version="v0.40.0"))
    assert find_cometbft() is None
    script(go, record.format(module=cometbft.MODULE, version=COMETBFT_VERSION))
    assert find_cometbft() == binary


def test_the_cache_is_used_when_path_has_another_version(empty_machine: Path) -> None:
    script(empty_machine / "bin" / "cometbft", "echo 0.37.0")
    cached = empty_machine / "cache" / "bin" / f"cometbft-{COMETBFT_VERSION}"
    script(cached, f"echo {COMETBFT_VERSION.removeprefix('v')}")
    assert find_cometbft() == cached


def test_a_failed_build_says_what_failed_and_what_to_do(empty_machine: Path) -> None:
    script(
        empty_machine / "bin" / "go",
        "case $1 in env) echo go1.26.1;; *) echo 'dial tcp: no route to host' >&2; exit 1;; esac",
    )
    lines: list[str] = []
    with pytest.raises(CometBftMissing, match=r"no route to host; install Go 1\.22 or newer, or put cometbft"):
        obtain_cometbft(lines.append)
    assert lines == [
        f"building cometbft {COMETBFT_VERSION} with {empty_machine}/bin/go (once, about a minute)",
    ]
    assert not any((empty_machine / "cache" / "bin").iterdir())


def test_a_go_that_is_too_old_is_not_used(empty_machine: Path) -> None:
    script(empty_machine / "bin" / "go", "echo go1.19.8")
    assert go_tools.find_go() is None
    assert os.environ["OSTRAKA_CACHE"] == str(go_tools.cache_directory())
