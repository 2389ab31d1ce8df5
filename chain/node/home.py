"""A node's home directory: keys, CometBFT's config.toml, our app.toml, genesis; one node or a network of them.

CometBFT is given the home itself (`--home`), so its files lie in config/ and data/ as operators expect:

    config/  config.toml app.toml genesis.json node_key.json priv_validator_key.json
    data/    CometBFT's databases, priv_validator_state.json, and the application's
    logs/    app.log cometbft.log
    run/     app.sock and the process ids of what runs
"""

import json
import os
import socket
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w

from chain.node import keys
from chain.node.genesis import ConsensusParameters, GenesisValidator, genesis_document

DEFAULT_HOME = Path.home() / ".ostrakad"

FRESH_VALIDATOR_STATE = {"height": "0", "round": 0, "step": 0}
"""What a validator that has never signed remembers."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a node listens."""

    p2p: int = 26656
    rpc: int = 26657
    grpc: int = 9090

    def moved(self, by: int) -> "Ports":
        """Return the whole block, `by` further."""
        return Ports(self.p2p + by, self.rpc + by, self.grpc + by)

    def are_free(self, host: str = "127.0.0.1") -> bool:
        """Tell whether nobody listens on any of them."""
        return all(_is_free(host, port) for port in (self.p2p, self.rpc, self.grpc))


@dataclass(frozen=True, slots=True)
class AppConfig:
    """What the application process is told; app.toml."""

    grpc_address: str = "127.0.0.1:9090"
    minimum_gas_prices: str = "0.0001uostr"
    """Below this price per gas our mempool refuses; other nodes may differ."""
    history: str = "recent"
    """`recent` prunes as genesis says; `all` keeps every record and version."""
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class CometSettings:
    """What we set in CometBFT's config.toml, on purpose and in full; the rest is its default."""

    timeout_commit_ms: int = 500
    """Pause after a commit; a block's interval is this and a few milliseconds."""
    max_tx_bytes: int = 128 * 1024
    mempool_size: int = 20_000
    mempool_cache: int = 40_000
    """Larger than the mempool, or a committed transaction could come back at once."""
    recheck: bool = True
    """Drops what a block made invalid; without it expired transactions stay until restart."""
    tx_index: str = "kv"
    """`kv` finds transactions by hash and event, as wallets want; `null` saves a validator the work."""
    p2p_host: str = "127.0.0.1"
    rpc_host: str = "127.0.0.1"
    log_level: str = "main:info,state:info,*:error"
    persistent_peers: tuple[str, ...] = ()
    is_local: bool = True
    """Peers share an address, and addresses are private."""


@dataclass(frozen=True, slots=True)
class NodeHome:
    """A home that exists, and where its node is reached."""

    path: Path
    moniker: str
    node_id: str
    validator_public_key: bytes
    ports: Ports
    p2p_host: str = "127.0.0.1"

    @property
    def validator_address(self) -> bytes:
        """The address of its consensus key."""
        return keys.address_of(self.validator_public_key)

    @property
    def app_address(self) -> str:
        """Where the application listens for CometBFT."""
        return app_address(self.path)

    @property
    def rpc_url(self) -> str:
        """CometBFT's JSON-RPC."""
        return f"http://127.0.0.1:{self.ports.rpc}"

    @property
    def grpc_target(self) -> str:
        """The application's gRPC services."""
        return f"127.0.0.1:{self.ports.grpc}"

    @property
    def peer(self) -> str:
        """What other nodes are told to connect to."""
        return f"{self.node_id}@{self.p2p_host}:{self.ports.p2p}"

    @property
    def genesis_path(self) -> Path:
        """The genesis document."""
        return self.path / "config" / "genesis.json"

    def log_path(self, process: str) -> Path:
        """The log of `app` or `cometbft`."""
        return self.path / "logs" / f"{process}.log"

    def pid_path(self, process: str) -> Path:
        """The process id of `supervisor`, `app` or `cometbft`, while it runs."""
        return self.path / "run" / f"{process}.pid"


def app_address(home: Path) -> str:
    """Return the address of the socket between the application and CometBFT."""
    return f"unix://{home.absolute() / 'run' / 'app.sock'}"


def create_home(
    path: Path,
    moniker: str,
    ports: Ports | None = None,
    comet: CometSettings | None = None,
    app: AppConfig | None = None,
) -> NodeHome:
    """Make a home with new keys and configuration; genesis comes by `write_genesis`.

    The gRPC address of `app` is taken from `ports`.

    Raises: FileExistsError if there is a consensus key already: it may have signed blocks.
    """
    path = path.absolute()
    ports, comet, app = ports or Ports(), comet or CometSettings(), app or AppConfig()
    config, data = path / "config", path / "data"
    for folder in (path, config, data, path / "logs", path / "run"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (config / "priv_validator_key.json").exists():
        raise FileExistsError(f"{path} is a node's home already")
    public_key = keys.create_validator_key(config / "priv_validator_key.json")
    identity = keys.create_node_key(config / "node_key.json")
    keys.write_private(data / "priv_validator_state.json", json.dumps(FRESH_VALIDATOR_STATE, indent=2) + "\n")
    home = NodeHome(path, moniker, identity, public_key, ports, comet.p2p_host)
    write_comet_config(home, comet)
    write_app_config(path, replace(app, grpc_address=f"127.0.0.1:{ports.grpc}"))
    return home


def load_home(path: Path) -> NodeHome:
    """Read a home made by `create_home`, with whatever its operator changed since.

    Raises: FileNotFoundError or ValueError with the file that is missing or wrong.
    """
    path = path.absolute()
    config_path = path / "config" / "config.toml"
    if not config_path.exists():
        raise FileNotFoundError(f"{path} is not a node's home: run `ostrakad init` first")
    config = _toml(config_path)
    app = read_app_config(path)
    try:
        p2p_host, p2p = _host_and_port(config["p2p"]["laddr"])
        _, rpc = _host_and_port(config["rpc"]["laddr"])
        moniker = str(config["moniker"])
        _, grpc = _host_and_port(app.grpc_address)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{config_path}: {error}") from error
    return NodeHome(
        path=path,
        moniker=moniker,
        node_id=keys.node_id(path / "config" / "node_key.json"),
        validator_public_key=keys.validator_public_key(path / "config" / "priv_validator_key.json"),
        ports=Ports(p2p, rpc, grpc),
        p2p_host=p2p_host,
    )


def write_comet_config(home: NodeHome, settings: CometSettings) -> None:
    """Write config.toml."""
    is_local = settings.is_local
    document: dict[str, Any] = {
        "moniker": home.moniker,
        "proxy_app": home.app_address,
        "abci": "socket",
        "db_backend": "goleveldb",
        "log_level": settings.log_level,
        "log_format": "plain",
        "genesis_file": "config/genesis.json",
        "priv_validator_key_file": "config/priv_validator_key.json",
        "priv_validator_state_file": "data/priv_validator_state.json",
        "node_key_file": "config/node_key.json",
        "rpc": {
            "laddr": f"tcp://{settings.rpc_host}:{home.ports.rpc}",
            "max_open_connections": 900,
            "max_body_bytes": 1_000_000,
            "timeout_broadcast_tx_commit": "10s",
        },
        "p2p": {
            "laddr": f"tcp://{settings.p2p_host}:{home.ports.p2p}",
            "persistent_peers": ",".join(settings.persistent_peers),
            "addr_book_strict": not is_local,
            "allow_duplicate_ip": is_local,
            "pex": not is_local,
            "flush_throttle_timeout": "10ms",
        },
        "mempool": {
            "type": "flood",
            "recheck": settings.recheck,
            "broadcast": True,
            "size": settings.mempool_size,
            "cache_size": settings.mempool_cache,
            "keep-invalid-txs-in-cache": False,
            "max_tx_bytes": settings.max_tx_bytes,
            "max_txs_bytes": 256 * 1024 * 1024,
        },
        "consensus": {
            "timeout_commit": f"{settings.timeout_commit_ms}ms",
            "timeout_propose": "3s",
            "skip_timeout_commit": False,
            # Deadlines of the application are heights, so heights must go on without transactions.
            "create_empty_blocks": True,
            "create_empty_blocks_interval": "0s",
            "double_sign_check_height": 0,
        },
        "storage": {"discard_abci_responses": False},
        "tx_index": {"indexer": settings.tx_index},
        "instrumentation": {"prometheus": False},
    }
    _replace_file(home.path / "config" / "config.toml", tomli_w.dumps(document))


def write_app_config(path: Path, config: AppConfig) -> None:
    """Write app.toml."""
    _replace_file(path / "config" / "app.toml", tomli_w.dumps(asdict(config)))


def read_app_config(path: Path) -> AppConfig:
    """Read app.toml; what it leaves out has its default.

    Raises: ValueError for an unknown or ill-typed setting.
    """
    file = path / "config" / "app.toml"
    settings = _toml(file) if file.exists() else {}
    unknown = sorted(settings.keys() - asdict(AppConfig()).keys())
    wrong = sorted(name for name, value in settings.items() if not isinstance(value, str))
    if unknown or wrong:
        raise ValueError(f"{file}: unknown or not a string: {', '.join(unknown or wrong)}")
    config = AppConfig(**settings)
    if config.history not in ("recent", "all"):
        raise ValueError(f"{file}: history is `recent` or `all`, not `{config.history}`")
    return config


def _toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises: ValueError that names it."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None


def write_genesis(home: NodeHome, document: Mapping[str, Any]) -> None:
    """Write the genesis document."""
    _replace_file(home.genesis_path, json.dumps(document, indent=2) + "\n")


def connect(homes: Sequence[NodeHome], comet: CometSettings) -> None:
    """Make every node of a network connect to all others."""
    for home in homes:
        peers = tuple(other.peer for other in homes if other is not home)
        write_comet_config(home, replace(comet, persistent_peers=peers))


def create_testnet(
    root: Path,
    chain_id: str,
    num_validators: int,
    app_state: Callable[[Sequence[NodeHome]], Mapping[str, Any]],
    *,
    ports: Sequence[Ports] | None = None,
    comet: CometSettings | None = None,
    app: AppConfig | None = None,
    parameters: ConsensusParameters | None = None,
    power: int = 10,
) -> list[NodeHome]:
    """Make homes node0, node1, … under `root` that share a genesis, know each other and have ports of their own.

    `app_state` sees the homes, whose keys exist, and gives genesis its application state. Without `ports` free blocks
    are looked for.
    """
    comet = comet or CometSettings()
    blocks = ports or free_ports(num_validators)
    if len(blocks) < num_validators:
        raise ValueError(f"{len(blocks)} blocks of ports for {num_validators} nodes")
    homes = [
        create_home(root / f"node{index}", f"node{index}", blocks[index], comet, app) for index in range(num_validators)
    ]
    connect(homes, comet)
    validators = [GenesisValidator(home.validator_public_key, power, home.moniker) for home in homes]
    document = genesis_document(chain_id, validators, app_state(homes), parameters)
    for home in homes:
        write_genesis(home, document)
    return homes


def free_ports(count: int, first: Ports | None = None, step: int = 10, tries: int = 500) -> list[Ports]:
    """Return `count` blocks of ports on which nobody listens now, the default block first.

    Raises: OSError if there are not as many among `tries`.
    """
    start = first or Ports()
    found: list[Ports] = []
    for index in range(tries):
        ports = start.moved(index * step)
        if ports.are_free():
            found.append(ports)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free blocks of ports from {start}")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _host_and_port(address: str) -> tuple[str, int]:
    host, separator, port = address.removeprefix("tcp://").rpartition(":")
    if not separator:
        raise ValueError(f"{address!r} is not HOST:PORT")
    return host, int(port)


def _replace_file(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)
