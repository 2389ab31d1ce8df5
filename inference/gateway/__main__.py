"""Run a gateway: `python -m inference.gateway --home DIRECTORY`."""

import logging
from pathlib import Path

import click
import uvicorn

from inference.gateway.config import ConfigError, load_config
from inference.gateway.server import build_app


@click.command()
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="Holds gateway.toml.")
def main(home: Path) -> None:
    """Serve the OpenAI-compatible API of one gateway until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = load_config(home.resolve())
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    host, _, port = config.listen.rpartition(":")
    uvicorn.run(build_app(config), host=host, port=int(port), log_level="warning", timeout_graceful_shutdown=3)


if __name__ == "__main__":
    main()
