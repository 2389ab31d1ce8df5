"""`ostraka gateway start | add-key`."""

from pathlib import Path

import click

from inference.gateway.bearer import add_key
from localnet.cli.output import output_option, print_json


@click.group()
def gateway() -> None:
    """Run an OpenAI-compatible gateway, and hand out keys for it."""


@gateway.command("start")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="Folder of the gateway.",
)
@click.pass_context
def start_command(context: click.Context, home: Path) -> None:
    """Serve the API of the gateway whose gateway.toml lies in HOME, until stopped.

    \b
    gateway.toml:
      node = "127.0.0.1:9090"        a node's gRPC
      chain_id = "ostraka-1"
      models = "/path/to/models"     canonical model directories (tokenizers are read)
      listen = "127.0.0.1:8080"
    HOME/account.key pays; HOME/keys.json holds the callers (see add-key).
    """
    from inference.gateway.__main__ import main

    context.invoke(main, home=home)


@gateway.command("add-key")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="Folder of the gateway.",
)
@click.argument("name")
@click.option(
    "--daily-tokens", default=0, show_default=True, type=click.IntRange(0), help="Quota a day; 0 is without limit."
)
@output_option
def add_key_command(home: Path, name: str, daily_tokens: int, output: str) -> None:
    """Make a bearer key for NAME and print it once; only its hash is stored. A running gateway takes it at once.

    \b
    Example:
      ostraka gateway add-key --home ~/.ostraka/localnet/gateway alice --daily-tokens 100000
    """
    try:
        key = add_key(home / "keys.json", name, daily_tokens)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{home / 'keys.json'}: {error}") from None
    if output == "json":
        print_json({"name": name, "api_key": key, "daily_tokens": daily_tokens})
    else:
        click.echo(key)
