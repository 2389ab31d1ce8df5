"""Run a gateway: `python -m inference.gateway --home DIRECTORY`."""

import logging
import socket
from pathlib import Path

import click
import uvicorn

from inference.gateway.bearer import BearerKeys
from inference.gateway.config import ConfigError, GatewayConfig, load_config
from inference.gateway.server import build_app
from inference.keys import read_secret

MAX_CONNECTIONS = 1024
"""Open connections; more get a 503 at once."""


@click.command()
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="Holds gateway.toml.")
def main(home: Path) -> None:
    """Serve the OpenAI-compatible API of one gateway until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # The client library logs every request it makes; that is noise here.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        config = load_config(home.resolve())
        read_secret(config.home / "account.key")
        BearerKeys.load(config.home / "keys.json")
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        advice = "`ostraka gateway add-key` makes one" if missing == "keys.json" else "it holds the paying account"
        raise click.ClickException(f"{error.filename} does not exist; {advice}") from None
    except (ConfigError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    with listening(config) as sock:
        logging.getLogger("gateway").info("listening at http://%s/v1 for node %s", config.listen, config.node)
        settings = uvicorn.Config(
            build_app(config), log_level="warning", timeout_graceful_shutdown=3, limit_concurrency=MAX_CONNECTIONS
        )
        uvicorn.Server(settings).run(sockets=[sock])


def listening(config: GatewayConfig) -> socket.socket:
    """Return the socket to serve. Raises: click.ClickException that says which setting to change."""
    host, _, port = config.listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        return socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise click.ClickException(
            f"cannot listen at {config.listen}: {error}; change `listen` in {config.home / 'gateway.toml'}"
        ) from None


if __name__ == "__main__":
    main()
