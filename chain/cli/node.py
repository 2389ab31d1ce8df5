"""`ostrakad init | start | status | version | comet`: the life of a node on this machine."""

import base64
import json
import sys
from pathlib import Path

import click

from chain.cli.failures import EXIT_LOCAL, Failure, explained
from chain.cli.options import ask, home_option, output_option, reading
from chain.cli.output import note, show
from chain.crypto.keys import CONSENSUS_PREFIX, encode_address
from chain.node import keys as node_keys
from chain.node.beacon_key import create_beacon_seed
from chain.node.cometbft import COMETBFT_VERSION, obtain_cometbft
from chain.node.home import (
    AppConfig,
    CometSettings,
    NodeHome,
    Ports,
    create_home,
    load_home,
    write_genesis,
)
from chain.node.supervisor import Commands, run_node


def home_of(path: Path) -> NodeHome:
    """Return a node's home. Raises: Failure."""
    try:
        return load_home(path)
    except (OSError, ValueError) as error:
        raise Failure(str(error), "`ostrakad init MONIKER --chain-id ID` makes a home; --home names another") from error


@click.command()
@click.argument("moniker")
@click.option("--chain-id", required=True, help="The chain's name; every signature is bound to it.")
@click.option(
    "--network",
    type=click.Choice(["localnet", "mainnet"]),
    default="localnet",
    help="Parameters of the chain: seconds on one machine, or hours among strangers.",
)
@click.option(
    "--port-offset", type=click.IntRange(0, 30_000), default=0, help="Add this to ports 26656, 26657 and 9090."
)
@click.option("--power", type=click.IntRange(1), default=10, help="Voting power of this validator.")
@home_option
@output_option
def init(moniker: str, chain_id: str, network: str, port_offset: int, power: int, home: Path, output: str) -> None:
    """Make a home with new keys and a genesis whose one validator is this node.

    \b
    ostrakad init mynode --chain-id ostraka-test-1
    ostrakad keys add alice --keyring-backend test
    ostrakad genesis add-account alice 1000ostr --keyring-backend test
    ostrakad start

    To join a chain that exists, replace config/genesis.json by that chain's and name a peer in config/config.toml.
    """
    from chain.cli.genesis import PARAMETERS, new_document
    from chain.genesis import beacon_key

    parameters = PARAMETERS[network]
    try:
        made = create_home(
            home,
            moniker,
            Ports().moved(port_offset),
            CometSettings(timeout_commit_ms=parameters.timeout_commit_ms),
            AppConfig(),
        )
        seed = create_beacon_seed(made.path)
        key = beacon_key(chain_id, made.validator_public_key, seed)
        document = new_document(chain_id, parameters, made.validator_public_key, moniker, power, key)
    except (FileExistsError, ValueError) as error:
        raise Failure(str(error), "--home names another folder") from error
    write_genesis(made, document)
    show(
        {
            "home": str(made.path),
            "chain_id": chain_id,
            "node_id": made.node_id,
            "validator": encode_address(made.validator_address, CONSENSUS_PREFIX),
            "p2p": made.ports.p2p,
            "rpc": made.rpc_url,
            "grpc": made.grpc_target,
        }
    )


@click.command()
@home_option
def start(home: Path) -> None:
    """Run the node: the application and CometBFT, restarted together if either ends. Stops at Ctrl-C.

    Logs are in HOME/logs. CometBFT is built once if it is not installed.
    """
    place = home_of(home)
    if not place.genesis_path.exists():
        raise Failure(f"{place.genesis_path} is missing", "`ostrakad init`, or copy the chain's genesis there")
    with explained():
        binary = obtain_cometbft(note)
    app = [sys.executable, "-m", "chain", "--home", str(place.path)]
    note(f"{place.moniker}: gRPC {place.grpc_target}, CometBFT {place.rpc_url}, logs {place.path / 'logs'}")
    sys.exit(run_node(place, Commands(app=app, cometbft=binary)))


@click.command()
@reading
def status(home: Path, node: str | None, output: str) -> None:
    """Say where a node stands: chain, height, app hash, whether it is behind."""
    show(ask(home, node, lambda client: client.status()))


@click.command()
@output_option
def version(output: str) -> None:
    """Say which software this is."""
    from chain.rpc.version import version as software

    show({"ostrakad": software(), "cometbft": COMETBFT_VERSION, "python": sys.version.split()[0]})


@click.group()
def comet() -> None:
    """What CometBFT knows of this node.

    \b
    ostrakad comet show-node-id          for other nodes' persistent_peers
    ostrakad comet show-validator        the consensus key
    """


@comet.command("show-node-id")
@home_option
def show_node_id(home: Path) -> None:
    """Print the node's id, by which peers know it."""
    click.echo(home_of(home).node_id)


@comet.command("show-validator")
@home_option
def show_validator(home: Path) -> None:
    """Print the consensus key as other Cosmos nodes print theirs."""
    key = base64.b64encode(home_of(home).validator_public_key).decode()
    click.echo(json.dumps({"@type": "/cosmos.crypto.ed25519.PubKey", "key": key}))


@comet.command("show-address")
@home_option
def show_address(home: Path) -> None:
    """Print the address of the consensus key."""
    click.echo(encode_address(node_keys.address_of(home_of(home).validator_public_key), CONSENSUS_PREFIX))


@comet.command("version")
def comet_version() -> None:
    """Print the pinned CometBFT release."""
    click.echo(COMETBFT_VERSION)


@comet.command("unsafe-reset-all")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@home_option
def reset(yes: bool, home: Path) -> None:
    """Delete all blocks and state; keys and configuration stay.

    A validator that does this on a chain that lives on may sign a height twice and lose its bond.
    """
    import shutil

    from chain.node.home import FRESH_VALIDATOR_STATE
    from chain.node.supervisor import running_pid

    place = home_of(home)
    if running_pid(place, "supervisor") is not None:
        raise Failure("the node is running", "stop it first", EXIT_LOCAL)
    if not yes:
        click.confirm(f"delete everything in {place.path / 'data'}?", abort=True, err=True)
    data = place.path / "data"
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    node_keys.write_private(data / "priv_validator_state.json", json.dumps(FRESH_VALIDATOR_STATE, indent=2) + "\n")
    note(f"emptied {data}")
