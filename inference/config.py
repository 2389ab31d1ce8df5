"""Configuration of one worker: `worker.toml` in its home, read once."""

import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from inference.misconduct import parse_misconduct

FILE_NAME = "worker.toml"
"""Where a home keeps its configuration."""
UOSTR = 1_000_000
"""uostr of one OSTR."""


class ConfigError(ValueError):
    """The configuration is unusable; the text says which field and why."""


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """What one worker process needs to know before it talks to anybody."""

    home: Path
    """Keys, journal, rows and log; nobody else reads it."""
    node: str
    """host:port of a node's gRPC."""
    chain_id: str
    models: Path
    """Directory with one canonical model directory per model; shared read-only between local workers."""
    model: str
    """Name under which the model is registered."""
    listen: str = "127.0.0.1:9101"
    """host:port to listen on."""
    endpoint: str = ""
    """host:port others reach this worker at; empty: the same as `listen`."""
    serve: bool = True
    """Enrol to serve a range of layers."""
    serve_start: int = 0
    serve_end: int = 0
    """Layers [start, end) to serve; end 0: to the last layer."""
    check: bool = False
    """Enrol to check the whole model."""
    bond: int = 100 * UOSTR
    """uostr posted at registration."""
    hot_balance: int = UOSTR
    """uostr the operator gives its hot key when that has less than a tenth of it."""
    region: str = "local"
    ask_price: int = 0
    """uostr per million work units; stored by the chain."""
    memory_bytes: int = 0
    """Memory offered; 0: what the machine has."""
    device: str = "auto"
    """`auto`, `cpu` or a torch device; auto takes an accelerator only if its kernels pass the self-test."""
    threads: int = 1
    """Threads of one torch operation."""
    max_runs: int = 16
    """Jobs run at once; more are refused as BUSY."""
    gas_price: str = "0.0001"
    """uostr per gas, as a decimal."""
    fault: str = ""
    """Testing aid: in which ways this worker misbehaves (see inference/misconduct.py). Empty in earnest."""
    log_level: str = "INFO"
    extra: dict[str, Any] = field(default_factory=dict)
    """Keys this version does not know; kept so that rewriting the file loses nothing."""

    @property
    def advertised(self) -> str:
        """Return the endpoint to register."""
        return self.endpoint or self.listen


_LIMITS = {"threads": (1, 64), "max_runs": (1, 1024), "bond": (1, 1 << 62), "hot_balance": (0, 1 << 62)}


def load_config(home: Path) -> WorkerConfig:
    """Read `home`/worker.toml. Raises: ConfigError."""
    path = home / FILE_NAME
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: `ostraka worker create` makes a worker") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    return parse_config(home, values)


def parse_config(home: Path, values: dict[str, Any]) -> WorkerConfig:
    """Return the configuration that `values` describes. Raises: ConfigError naming field and reason."""
    known = {item.name: item for item in fields(WorkerConfig)}
    arguments: dict[str, Any] = {"home": home, "extra": {}}
    for name, value in values.items():
        if name not in known or name in ("home", "extra"):
            arguments["extra"][name] = value
            continue
        wanted = known[name].type
        if wanted is Path:
            if not isinstance(value, str):
                raise ConfigError(f"{name} is not a path")
            arguments[name] = (home / value).resolve()
        elif type(value) is not wanted:
            raise ConfigError(f"{name} is {value!r}, not of type {getattr(wanted, '__name__', wanted)}")
        else:
            arguments[name] = value
    missing = [name for name in ("node", "chain_id", "models", "model") if name not in arguments]
    if missing:
        raise ConfigError(f"missing: {', '.join(missing)}")
    config = WorkerConfig(**arguments)
    check_config(config)
    return config


def check_config(config: WorkerConfig) -> None:
    """Check what no type says. Raises: ConfigError naming field and reason."""
    for name, (low, high) in _LIMITS.items():
        if not low <= getattr(config, name) <= high:
            raise ConfigError(f"{name} is {getattr(config, name)}, outside {low}..{high}")
    try:
        parse_misconduct(config.fault)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if not (config.serve or config.check):
        raise ConfigError("neither serve nor check: the worker would do nothing")
    for name in ("listen", "node"):
        host, _, port = str(getattr(config, name)).rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
            raise ConfigError(f"{name} is not host:port: {getattr(config, name)!r}")


def write_config(config: WorkerConfig) -> Path:
    """Write the configuration into its home and return the path."""
    import tomli_w

    values = {name: value for name, value in asdict(config).items() if name not in ("home", "extra")}
    values |= {"models": str(config.models)} | config.extra
    config.home.mkdir(parents=True, exist_ok=True)
    path = config.home / FILE_NAME
    path.write_text(tomli_w.dumps(values), "utf-8")
    return path
