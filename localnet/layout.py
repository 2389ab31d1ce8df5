"""What a local network looks like on disk: one folder, one `localnet.json` that says where everything is."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from localnet.processes import Process

FILE_NAME = "localnet.json"
CHAIN_ID = "ostraka-local-1"
FIRST_WORKER_PORT = 9101
GATEWAY_PORT = 8080


class DamagedLayout(RuntimeError):
    """`localnet.json` is there and cannot be read."""


def default_home() -> Path:
    """Return where a network lives unless told otherwise."""
    return Path(os.environ.get("OSTRAKA_LOCALNET", Path.home() / ".ostraka" / "localnet"))


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where one validator is reached."""

    name: str
    home: str
    rpc: str
    grpc: str
    process: Process


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """Where one worker is reached."""

    name: str
    home: str
    endpoint: str
    operator: str
    """bech32 address."""
    serves: bool
    checks: bool
    process: Process


@dataclass(frozen=True, slots=True)
class GatewayPlace:
    """Where the gateway is reached, and with which key."""

    home: str
    url: str
    api_key: str
    process: Process


@dataclass(frozen=True, slots=True)
class Localnet:
    """A network that was started; processes may have ended since."""

    home: str
    chain_id: str
    model: str
    model_root: str
    models: str
    """Directory of canonical models, shared by all workers."""
    nodes: tuple[NodePlace, ...]
    workers: tuple[WorkerPlace, ...]
    gateway: GatewayPlace | None

    @property
    def path(self) -> Path:
        """The network's folder."""
        return Path(self.home)

    @property
    def grpc(self) -> str:
        """The first node's gRPC address."""
        return self.nodes[0].grpc

    @property
    def rpc(self) -> str:
        """The first node's CometBFT RPC."""
        return self.nodes[0].rpc

    @property
    def genesis_path(self) -> Path:
        """The genesis document: the root of trust."""
        return Path(self.nodes[0].home) / "config" / "genesis.json"

    @property
    def processes(self) -> tuple[Process, ...]:
        """Everything that was started, gateway and workers before nodes: the order in which they are stopped."""
        gateway = (self.gateway.process,) if self.gateway is not None else ()
        return (*gateway, *(worker.process for worker in self.workers), *(node.process for node in self.nodes))

    def key_path(self, name: str) -> Path:
        """Return the file of a genesis account's key: faucet, user or gateway."""
        return self.path / "keys" / f"{name}.key"

    def with_worker(self, worker: WorkerPlace) -> "Localnet":
        """Return the network with one more (or a restarted) worker."""
        others = tuple(place for place in self.workers if place.name != worker.name)
        return replace(self, workers=(*others, worker))

    def save(self) -> None:
        """Write `localnet.json` in one step."""
        path = self.path / FILE_NAME
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.chmod(0o600)
        partial.replace(path)


def find_localnet(home: Path) -> Localnet | None:
    """Return the network in `home`, running or not, or None. Raises: DamagedLayout."""
    path = home / FILE_NAME
    try:
        return _localnet(json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedLayout(f"{path} cannot be read ({error}); delete it once nothing of that network runs") from None


def _localnet(data: dict[str, Any]) -> Localnet:
    return Localnet(
        **{
            **data,
            "nodes": tuple(NodePlace(**{**node, "process": _process(node["process"])}) for node in data["nodes"]),
            "workers": tuple(
                WorkerPlace(**{**worker, "process": _process(worker["process"])}) for worker in data["workers"]
            ),
            "gateway": GatewayPlace(**{**data["gateway"], "process": _process(data["gateway"]["process"])})
            if data["gateway"]
            else None,
        }
    )


def _process(data: dict[str, object]) -> Process:
    return Process(**{**data, "command": tuple(data["command"])})  # type: ignore[arg-type]
