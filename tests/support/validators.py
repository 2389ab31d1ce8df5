"""Real validators: CometBFT, the application and `ostrakad start`, on homes of their own."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from chain.client.signing import Key
from chain.config import create_beacon_key
from chain.genesis import beacon_key, build_genesis
from chain.node.comet_rpc import CometRpc, RpcError, RpcUnavailable
from chain.node.genesis import ConsensusParameters
from chain.node.home import CometSettings, NodeHome, Ports, create_testnet, free_ports
from chain.node.supervisor import running_pid
from chain.parameters import LOCALNET, OSTR
from localnet.processes import Process, python, start, stop

CHAIN_ID = "validators-1"
BALANCE = 1_000 * OSTR
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02

T = TypeVar("T")


def account(name: str) -> Key:
    """A wallet that is the same in every run."""
    return Key.secp256k1(hashlib.sha256(name.encode()).digest())


def create_validators(
    root: Path,
    count: int,
    balances: Mapping[str, int],
    *,
    comet: CometSettings | None = None,
    parameters: ConsensusParameters | None = None,
) -> list[NodeHome]:
    """Make the homes of a network of validators with the application's genesis; start nothing."""

    def app_state(homes: Sequence[NodeHome]) -> dict[str, object]:
        keys = [beacon_key(CHAIN_ID, home.validator_public_key, create_beacon_key(home.path)) for home in homes]
        return build_genesis(LOCALNET, balances, beacon_keys=keys)

    # A node that is killed leaves its ports for a moment, and other networks of this machine look for free ones too.
    ports = free_ports(count, Ports().moved(1_000 + 50 * (os.getpid() % 90)))
    return create_testnet(root, CHAIN_ID, count, app_state, ports=ports, comet=comet, parameters=parameters)


@dataclass
class Node:
    """A validator that runs, or is meant to."""

    home: NodeHome
    supervisor: Process | None = field(default=None)

    def start(self) -> None:
        """Start the supervisor, as an operator's init system does after a crash too."""
        command = python("-m", "chain.cli.main", "start", "--home", str(self.home.path))
        self.supervisor = start(self.home.moniker, command, self.home.path / "logs" / "ostrakad.log")

    def stop(self) -> None:
        """End it in order."""
        if self.supervisor is not None:
            stop([self.supervisor])

    def pid(self, process: str) -> int | None:
        """Return the id of `app` or `cometbft`, if it runs."""
        return running_pid(self.home, process)

    def height(self) -> int | None:
        """Return the latest block stored, or None while nobody answers."""
        try:
            with CometRpc(self.home.rpc_url, timeout_seconds=2) as rpc:
                return rpc.status().latest_height
        except (RpcUnavailable, RpcError):
            return None

    def wait_for_height(self, height: int, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait until `height` is stored and return the latest. Raises: TimeoutError with the ends of the logs."""

        def reached() -> int | None:
            latest = self.height()
            return latest if latest is not None and latest >= height else None

        try:
            return eventually(f"{self.home.moniker}: height {height}", reached, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.tails()}") from None

    def logs(self) -> dict[str, str]:
        """Return everything its processes wrote, by process."""
        paths = sorted((self.home.path / "logs").iterdir())
        return {path.name: path.read_text("utf-8", "replace") for path in paths}

    def tails(self) -> str:
        """Return the ends of its logs."""
        ends = ((name, "\n".join(text.splitlines()[-15:])) for name, text in self.logs().items())
        return "\n".join(f"--- {name}\n{text}" for name, text in ends)


def eventually(what: str, attempt: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """Try until there is a result. Raises: TimeoutError."""
    deadline = time.monotonic() + seconds
    while (result := attempt()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    return result


@contextmanager
def running(homes: Sequence[NodeHome]) -> Iterator[list[Node]]:
    """Run validators until their first block; end them in order."""
    with ExitStack() as stack:
        nodes = [Node(home) for home in homes]
        for node in nodes:
            stack.callback(node.stop)
            node.start()
        for node in nodes:
            node.wait_for_height(1)
        yield nodes
