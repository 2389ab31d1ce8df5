"""The command `ostrakad`."""

import importlib

import click

_COMMANDS = {
    "init": "chain.cli.node:init",
    "start": "chain.cli.node:start",
    "status": "chain.cli.node:status",
    "version": "chain.cli.node:version",
    "comet": "chain.cli.node:comet",
    "genesis": "chain.cli.genesis:genesis",
    "keys": "chain.cli.keys:keys",
    "tx": "chain.cli.tx:tx",
    "query": "chain.cli.query:query",
}
"""Where each command lives; imported when it is used, so that `ostrakad keys` does not wait for the state machine."""

_ALIASES = {"cometbft": "comet", "tendermint": "comet", "q": "query"}
"""Names that operators of other Cosmos chains type."""


class _Lazy(click.Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(_ALIASES.get(cmd_name, cmd_name))
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Run a node of Ostraka, hold keys, send transactions, read and prove state.

    \b
    A chain of one's own, from nothing:
      ostrakad init mynode --chain-id my-chain
      ostrakad keys add alice --keyring-backend test
      ostrakad genesis add-account alice 1000ostr --keyring-backend test
      ostrakad start

    \b
    In another terminal:
      ostrakad status
      ostrakad tx bank send ostr1… 10ostr --from alice --keyring-backend test --yes
      ostrakad query bank all-balances ostr1…

    \b
    Exit status: 0 done · 2 wrong usage · 3 no node answers · 4 not found · 5 refused by the chain
                 6 a proof does not hold · 7 something on this machine is missing or wrong
    """


if __name__ == "__main__":
    main()
