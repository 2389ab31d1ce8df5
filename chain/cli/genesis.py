"""`ostrakad genesis`: who has what, who validates and which models are there when a chain begins."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from chain.cli.failures import EXIT_REFUSED, Failure
from chain.cli.keys import backend_option, resolve_address
from chain.cli.node import home_of
from chain.cli.options import home_option, output_option
from chain.cli.output import note, show
from chain.cli.tx import parse_amount
from chain.genesis import beacon_key, build_genesis
from chain.genesis import validate as validate_state
from chain.json_form import from_json, to_json
from chain.modules.bank.types import DENOM
from chain.modules.beacon.types import BeaconKey
from chain.modules.models.types import ModelHeader
from chain.node.beacon_key import read_beacon_seed
from chain.node.genesis import ConsensusParameters, GenesisValidator, genesis_document
from chain.node.home import NodeHome, write_genesis
from chain.parameters import LOCALNET, MAINNET, ParameterSet

PARAMETERS = {"localnet": LOCALNET, "mainnet": MAINNET}


def new_document(
    chain_id: str, parameters: ParameterSet, public_key: bytes, name: str, power: int, key: BeaconKey
) -> dict[str, Any]:
    """Return the genesis document of a chain with one validator and no accounts. Raises: ValueError."""
    limits = ConsensusParameters(
        block_max_bytes=parameters.block_max_bytes,
        block_max_gas=parameters.block_max_gas,
        evidence_max_age_blocks=parameters.workers.unbonding_blocks,
        evidence_max_age_seconds=parameters.evidence_max_age_seconds,
    )
    state = build_genesis(parameters, {}, beacon_keys=[key])
    return genesis_document(chain_id, [GenesisValidator(public_key, power, name)], state, limits)


@click.group()
def genesis() -> None:
    """Edit and check config/genesis.json before the chain begins.

    \b
    ostrakad genesis add-account ostr1… 1000ostr
    ostrakad genesis export-validator > me.json     on each validator's machine
    ostrakad genesis add-validator me.json          on one of them
    ostrakad genesis add-model model.json
    ostrakad genesis validate

    All validators need the same file: copy it when it is whole.
    """


@genesis.command("add-account")
@click.argument("account")
@click.argument("amount")
@backend_option
@home_option
@output_option
def add_account(account: str, amount: str, backend: str, home: Path, output: str) -> None:
    """Give AMOUNT (1000ostr, 5uostr) to ACCOUNT, an address or the name of a key; again adds more."""
    address, uostr = resolve_address(home, backend, account), parse_amount(amount)

    def change(document: dict[str, Any]) -> None:
        balances = document["app_state"]["bank"]["balances"]
        held = {entry["address"]: entry for entry in balances}
        entry = held.setdefault(address, {"address": address, "coins": [{"denom": DENOM, "amount": "0"}]})
        coin = next(coin for coin in entry["coins"] if coin["denom"] == DENOM)
        coin["amount"] = str(int(coin["amount"]) + uostr)
        document["app_state"]["bank"]["balances"] = [held[name] for name in sorted(held)]

    _edit(home_of(home), change)
    show({"address": address, "added": f"{uostr}{DENOM}"})


@genesis.command("export-validator")
@click.option("--power", type=click.IntRange(1), default=10, help="Voting power to ask for.")
@click.option("--chain-id", help="The chain to be.  [default: that of the genesis file]")
@home_option
def export_validator(power: int, chain_id: str | None, home: Path) -> None:
    """Print this node's validator, with its beacon key and the proof that it holds it, for `add-validator`."""
    place = home_of(home)
    try:
        seed = read_beacon_seed(place.path)
    except (OSError, ValueError) as error:
        raise Failure(str(error), "`ostrakad init` makes one") from error
    chain_id = chain_id or _read(place)["chain_id"]
    key = beacon_key(chain_id, place.validator_public_key, seed)
    validator = {
        "name": place.moniker,
        "public_key": place.validator_public_key.hex(),
        "power": power,
        "beacon_key": to_json(key),
    }
    click.echo(json.dumps(validator, indent=2))


@genesis.command("add-validator")
@click.argument("file", type=click.File("r"))
@home_option
@output_option
def add_validator(file: Any, home: Path, output: str) -> None:
    """Add the validator that `ostrakad genesis export-validator` printed into FILE (`-` is stdin)."""
    with _malformed(file.name):
        document = json.load(file)
        validator = GenesisValidator(bytes.fromhex(document["public_key"]), int(document["power"]), document["name"])
        key = from_json(BeaconKey, document["beacon_key"], "beacon_key")

    def change(genesis: dict[str, Any]) -> None:
        shell = genesis_document(genesis["chain_id"], [validator], {})["validators"][0]
        if any(entry["address"] == shell["address"] for entry in genesis["validators"]):
            raise ValueError(f"validator {shell['address']} is there already")
        genesis["validators"].append(shell)
        genesis["app_state"]["beacon"]["keys"].append(to_json(key))

    _edit(home_of(home), change)
    show({"name": validator.name, "public_key": validator.public_key.hex(), "power": validator.power})


@genesis.command("add-model")
@click.argument("file", type=click.File("r"))
@home_option
@output_option
def add_model(file: Any, home: Path, output: str) -> None:
    """Register the model in FILE: a JSON object with name, header and tensor_digests, as the converter writes it."""
    with _malformed(file.name):
        document = json.load(file)
        header = from_json(ModelHeader, document["header"], "header")
        digests = from_json(tuple[bytes, ...], document["tensor_digests"], "tensor_digests")
        model = {"name": str(document["name"]), "header": to_json(header), "tensor_digests": to_json(digests)}

    def change(genesis: dict[str, Any]) -> None:
        genesis["app_state"]["models"]["models"].append(model)

    _edit(home_of(home), change)
    show({"name": model["name"], "layers": header.num_layers, "tensors": len(digests)})


@genesis.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@home_option
@output_option
def validate(file: Path | None, home: Path, output: str) -> None:
    """Let every module read FILE, or the home's genesis, and say what does not hold."""
    path = file or home_of(home).genesis_path
    with _malformed(str(path)):
        document = json.loads(path.read_text("utf-8"))
    _check(document, str(path))
    balances = document["app_state"]["bank"]["balances"]
    show(
        {
            "file": str(path),
            "chain_id": document["chain_id"],
            "validators": len(document["validators"]),
            "accounts": len(balances),
            "models": len(document["app_state"].get("models", {}).get("models", [])),
            "valid": True,
        }
    )
    if not balances:
        note("no account holds anything: `ostrakad genesis add-account ADDRESS AMOUNT`")


def _edit(home: NodeHome, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the genesis file, if what comes out is valid. Raises: Failure."""
    document = _read(home)
    with _malformed(str(home.genesis_path)):
        change(document)
    _check(document, str(home.genesis_path))
    write_genesis(home, document)


def _read(home: NodeHome) -> dict[str, Any]:
    with _malformed(str(home.genesis_path)):
        document: dict[str, Any] = json.loads(home.genesis_path.read_text("utf-8"))
    return document


def _check(document: dict[str, Any], name: str) -> None:
    with _malformed(name):
        gas = int(document["consensus_params"]["block"]["max_gas"])
        validate_state(document["app_state"], chain_id=document["chain_id"], block_max_gas=gas)


@contextmanager
def _malformed(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}", "`ostrakad init` makes a genesis") from error
    except KeyError as error:
        raise Failure(f"{name}: {error} is missing", "", EXIT_REFUSED) from error
    except (TypeError, ValueError) as error:
        raise Failure(f"{name}: {error}", "", EXIT_REFUSED) from error
