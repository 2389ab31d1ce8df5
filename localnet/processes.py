"""Processes that outlive the command that starts them, found again by id and start time."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

GRACE_SECONDS = 10.0
"""What a process is given to end by itself."""
QUIET = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}
"""Many processes share few cores: idle threads must not spin."""


@dataclass(frozen=True, slots=True)
class Process:
    """A started process; the start time tells it from a later one with the same id."""

    name: str
    pid: int
    started: float
    """Seconds since 1970."""
    log: str
    command: tuple[str, ...]

    def handle(self) -> psutil.Process | None:
        """Return the running process, or None."""
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.started) < 1 and found.status() != psutil.STATUS_ZOMBIE:
                return found
        except psutil.NoSuchProcess:
            pass
        return None

    @property
    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self.handle() is not None

    def memory_bytes(self) -> int:
        """Return what it and its children hold for themselves (USS)."""
        total = 0
        process = self.handle()
        if process is None:
            return 0
        for member in (process, *process.children(recursive=True)):
            try:
                total += int(member.memory_full_info().uss)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return total

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if (process := self.handle()) is not None:
            process.send_signal(signal.SIGKILL)
            psutil.wait_procs([process], timeout=GRACE_SECONDS)

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log."""
        try:
            return "\n".join(Path(self.log).read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def python(*arguments: str) -> tuple[str, ...]:
    """Return a command of this very Python."""
    return (sys.executable, *arguments)


def start(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Process:
    """Start a process in a session of its own, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **QUIET, **(environment or {})},
        )
    _CHILDREN.append(child)
    return Process(name, child.pid, psutil.Process(child.pid).create_time(), str(log), tuple(command))


_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Kept so that ended children are reaped and do not linger as zombies."""


def stop(processes: Sequence[Process]) -> None:
    """Ask processes to end, then end them."""
    handles = [handle for process in processes if (handle := process.handle()) is not None]
    for handle in handles:
        try:
            handle.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(handles, timeout=GRACE_SECONDS)
    for handle in alive:
        for member in (*handle.children(recursive=True), handle):
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)
    for child in _CHILDREN:
        child.poll()
