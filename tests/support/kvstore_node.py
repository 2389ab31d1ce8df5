"""A real node around the key-value application: CometBFT, application and supervisor, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from chain.node.comet_rpc import CometRpc, RpcError, RpcUnavailable
from chain.node.cometbft import obtain_cometbft
from chain.node.home import NodeHome, load_home
from chain.node.supervisor import Commands, run_node, running_pid

REPOSITORY = Path(__file__).resolve().parent.parent.parent
APPLICATION = REPOSITORY / "tests" / "support" / "kvstore_application.py"
PATIENCE_SECONDS = 60.0

T = TypeVar("T")


def environment() -> dict[str, str]:
    """Return the environment for a Python of ours: this source tree on its path."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def eventually(what: str, attempt: Callable[[], T | None]) -> T:
    """Try until there is a result; node not reachable counts as none yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            result = attempt()
        except (RpcUnavailable, RpcError):
            result = None
        if result is not None:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE_SECONDS} s")
        time.sleep(0.02)


def wait_for_height(home: NodeHome, height: int) -> int:
    """Wait until a node has committed `height` and return its latest."""

    def reached() -> int | None:
        with CometRpc(home.rpc_url) as rpc:
            latest = rpc.status().latest_height
        return latest if latest >= height else None

    return eventually(f"height {height}", reached)


def kill(home: NodeHome, *processes: str) -> None:
    """Kill −9 children of the node's supervisor, in this order, and wait until both have been started anew."""
    before = {name: eventually(f"{name} runs", partial(running_pid, home, name)) for name in ("app", "cometbft")}
    for process in processes:
        with suppress(ProcessLookupError):  # the first kill may have ended it already
            os.kill(before[process], signal.SIGKILL)

    def restarted() -> bool | None:
        now = {name: running_pid(home, name) for name in before}
        return all(now[name] not in (None, before[name]) for name in before) or None

    eventually("restart", restarted)


@contextmanager
def running(home: NodeHome) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node in the background; stop it by SIGTERM at the end."""
    supervisor = subprocess.Popen([sys.executable, __file__, str(home.path)], cwd=REPOSITORY, env=environment())
    try:
        yield supervisor
    finally:
        supervisor.terminate()
        try:
            supervisor.wait(timeout=PATIENCE_SECONDS)
        finally:
            supervisor.kill()


def main() -> int:
    """Run the node of the home named in the first argument."""
    home = load_home(Path(sys.argv[1]))
    database = home.path / "data" / "kvstore.db"
    app = [sys.executable, str(APPLICATION), "--address", home.app_address, "--database", str(database)]
    return run_node(home, Commands(app=app, cometbft=obtain_cometbft()))


if __name__ == "__main__":
    sys.exit(main())
