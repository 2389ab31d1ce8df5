"""Run the scripts of tests/js with node; their packages are installed from the lock on first use."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "js"
"""Scripts, package.json and its lock."""


def run_script(name: str, text: str = "", *arguments: str, timeout_seconds: int = 120) -> str:
    """Return what a script prints when fed `text`; skip the test where node or npm is not installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node is not installed; this test runs unmodified JavaScript clients")
    with open(FOLDER / "package-lock.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = FOLDER / "node_modules" / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
            subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    result = subprocess.run(
        [node, name, *arguments],
        check=False,
        cwd=FOLDER,
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
