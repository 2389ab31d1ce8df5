"""Run the application and CometBFT as one node: they live and die together.

The supervisor keeps no state: everything is in the home, and each restart is the one that follows a power cut.
The application must listen before CometBFT starts. Whichever dies, the other is stopped and both start again, since
over the socket CometBFT replays from the application's last commit. If the supervisor itself dies, the kernel kills
both.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.node.home import NodeHome
from chain.node.logs import RotatingLog, last_lines

LISTEN_SECONDS = 300.0
"""How long the application may take to open its database and listen."""

PROBE_SECONDS = 0.01
STOP_SECONDS = 15.0
"""How long a child may take to stop in order before it is killed."""

CRASH_STOP_SECONDS = 1.0
"""The same after the other one crashed: CometBFT can hang in a lost call then, and a kill is as safe as the crash."""

SETTLE_SECONDS = 0.02
"""After one child died, how long to look whether the other died too, to name the one that was first."""

FAST_CRASH_SECONDS = 10.0
MAX_FAST_CRASHES = 5
"""Lives in a row shorter than FAST_CRASH_SECONDS, ended by the children themselves, before giving up."""

FIRST_BACKOFF_SECONDS = 0.1
MAX_BACKOFF_SECONDS = 5.0

EXIT_OK = 0
EXIT_CRASH_LOOP = 1
EXIT_ALREADY_RUNNING = 2

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Commands:
    """How the two children are started."""

    app: Sequence[str]
    """Must serve ABCI at the home's app_address."""
    cometbft: Path
    """The binary; it is given `start --home`."""


def run_node(
    home: NodeHome, commands: Commands, report: Callable[[str], None] = lambda line: print(line, file=sys.stderr)
) -> int:
    """Run a node until SIGTERM or SIGINT and return the exit status for the process.

    0 after a signal, 1 if the children keep crashing, 2 if this home is running already.
    """
    (home.path / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
    (home.path / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
    with home.pid_path("supervisor").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"{home.path} is running already (process {_read_pid(home.pid_path('supervisor'))})")
            return EXIT_ALREADY_RUNNING
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        try:
            return asyncio.run(_Supervisor(home, commands, report).run())
        finally:
            lock.truncate(0)  # not unlinked: another process may be waiting for the lock of this very file


def running_pid(home: NodeHome, process: str) -> int | None:
    """Return the id of `supervisor`, `app` or `cometbft` if it runs.

    Ids are reused, so a child counts only while the recorded supervisor is its parent.
    """
    pid = _read_pid(home.pid_path(process))
    parent = _parent_of(pid) if pid is not None else None
    if parent is None or (process != "supervisor" and parent != _read_pid(home.pid_path("supervisor"))):
        return None
    return pid


class _Child:
    """One child process; its output goes to a log of bounded size."""

    def __init__(self, name: str, home: NodeHome, command: Sequence[str]) -> None:
        self.name = name
        self._home = home
        self._command = command
        self._process: asyncio.subprocess.Process
        self._pump: asyncio.Task[None]

    async def start(self) -> None:
        supervisor = os.getpid()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops them in order
            preexec_fn=lambda: _die_with(supervisor),
        )
        self._home.pid_path(self.name).write_text(f"{self._process.pid}\n", "ascii")
        self._pump = asyncio.create_task(self._copy_output())

    async def _copy_output(self) -> None:
        assert self._process.stdout is not None
        with RotatingLog(self._home.log_path(self.name)) as log:
            while chunk := await self._process.stdout.read(1 << 16):
                with contextlib.suppress(OSError):  # a full disk must not block the child on its own output
                    log.write(chunk)

    async def ended(self) -> int:
        """Return the exit status once it is there: negative for a signal."""
        return await self._process.wait()

    @property
    def status(self) -> int | None:
        return self._process.returncode

    async def stop(self, patience_seconds: float) -> None:
        """Ask it to stop, then insist."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.status is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(number)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._process.wait(), patience_seconds)
        await self._pump
        self._home.pid_path(self.name).unlink(missing_ok=True)


class _Supervisor:
    """The loop of lives."""

    def __init__(self, home: NodeHome, commands: Commands, report: Callable[[str], None]) -> None:
        self._home = home
        self._commands = commands
        self._report = report
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        fast_crashes, backoff = 0, FIRST_BACKOFF_SECONDS
        while True:
            began = time.monotonic()
            culprit = await self._live()
            if self._stopping.is_set():
                return EXIT_OK
            is_long = time.monotonic() - began >= FAST_CRASH_SECONDS
            # Somebody's kill −9 is no crash loop; it may come as often as it likes.
            is_own_fault = culprit.status != -signal.SIGKILL
            fast_crashes = 0 if is_long else fast_crashes + is_own_fault
            backoff = FIRST_BACKOFF_SECONDS if is_long or not is_own_fault else min(backoff * 2, MAX_BACKOFF_SECONDS)
            self._report(f"{culprit.name} {_describe(culprit.status)}; restarting both")
            if fast_crashes >= MAX_FAST_CRASHES:
                path = self._home.log_path(culprit.name)
                self._report(f"{fast_crashes} crashes in a row, giving up; the end of {path}:\n{last_lines(path, 20)}")
                return EXIT_CRASH_LOOP
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), backoff)
            if self._stopping.is_set():
                return EXIT_OK

    @property
    def _patience(self) -> float:
        return STOP_SECONDS if self._stopping.is_set() else CRASH_STOP_SECONDS

    async def _live(self) -> _Child:
        """Run both once; return the child that died first, or any after a signal. Both are gone then."""
        app = _Child("app", self._home, self._commands.app)
        cometbft = _Child(
            "cometbft", self._home, [str(self._commands.cometbft), "start", "--home", str(self._home.path)]
        )
        await app.start()
        try:
            if not await self._wait_until_listening(app):
                return app
            await cometbft.start()
            try:
                return await self._first_death(app, cometbft)
            finally:
                # Order: CometBFT first, or it would take the closed socket for a crash.
                await cometbft.stop(self._patience)
        finally:
            await app.stop(self._patience)

    async def _wait_until_listening(self, app: _Child) -> bool:
        path = self._home.app_address.removeprefix("unix://")
        deadline = time.monotonic() + LISTEN_SECONDS
        while app.status is None and not self._stopping.is_set():
            if _accepts(path):
                return True
            if time.monotonic() > deadline:
                self._report(f"the application does not listen after {LISTEN_SECONDS:.0f} s")
                return False
            await asyncio.sleep(PROBE_SECONDS)
        return False

    async def _first_death(self, app: _Child, cometbft: _Child) -> _Child:
        deaths = {asyncio.create_task(child.ended()): child for child in (app, cometbft)}
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([*deaths, stopping], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(deaths, timeout=0 if stopping.done() else SETTLE_SECONDS)
        for task in (*deaths, stopping):
            task.cancel()
        # CometBFT ends itself when the application is gone, so of two dead the application was the first,
        # unless CometBFT was killed from outside.
        is_comet_killed = cometbft.status == -signal.SIGKILL
        return cometbft if is_comet_killed or app.status is None else app


def _die_with(supervisor: int) -> None:
    """In the child, before it becomes its program: be killed when the supervisor ends."""
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != supervisor:
        os._exit(EXIT_CRASH_LOOP)


def _accepts(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _describe(status: int | None) -> str:
    if status is None:
        return "did not start"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _parent_of(pid: int) -> int | None:
    """Return the parent of a process that runs; a zombie does not."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(parent)


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
