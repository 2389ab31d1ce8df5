"""Configuration of one gateway: `gateway.toml` in its home, read once."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

FILE_NAME = "gateway.toml"


class ConfigError(ValueError):
    """The configuration is unusable; the text says which field and why."""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a gateway needs to know before it talks to anybody."""

    home: Path
    """Holds the paying account's key (`account.key`, hexadecimal, 0600) and `keys.json`."""
    node: str
    """host:port of a node's gRPC."""
    chain_id: str
    models: Path
    """Directory with one canonical model directory per model; only tokenizers are read."""
    listen: str = "127.0.0.1:8080"
    gas_price: str = "0.0001"
    value: int = 0
    """Declared value of a job in uostr, where the request names none."""
    default_max_tokens: int = 256
    max_concurrent: int = 64
    """Requests answered at once; more get a 429."""


def load_config(home: Path) -> GatewayConfig:
    """Read `home`/gateway.toml. Raises: ConfigError naming field and reason."""
    path = home / FILE_NAME
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; `ostraka gateway start --help` shows one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    known = {item.name: item.type for item in fields(GatewayConfig)}
    taken = known.keys() - {"home"}
    unknown = sorted(values.keys() - taken)
    if unknown:
        raise ConfigError(f"{path}: {unknown[0]} is unknown; it takes {', '.join(sorted(taken))}")
    arguments: dict[str, Any] = {"home": home}
    for name, value in values.items():
        wanted = known[name]
        if wanted is Path:
            arguments[name] = (home / str(value)).resolve()
        elif type(value) is not wanted:
            raise ConfigError(f"{path}: {name} is {value!r}, not of type {getattr(wanted, '__name__', wanted)}")
        else:
            arguments[name] = value
    for name in ("node", "chain_id", "models"):
        if name not in arguments:
            raise ConfigError(f"{path}: {name} is missing")
    config = GatewayConfig(**arguments)
    for name in ("node", "listen"):
        host, _, port = str(getattr(config, name)).rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
            raise ConfigError(f"{path}: {name} is {getattr(config, name)!r}, not HOST:PORT")
    return config
