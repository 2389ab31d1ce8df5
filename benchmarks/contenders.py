"""Applications under CometBFT that `benchmarks.committed` compares: the node's own, and key-value stores."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chain.client.signing import Key, build_tx
from chain.config import create_beacon_key
from chain.genesis import beacon_key, build_genesis
from chain.modules.bank.types import DENOM, Coin, MsgSend
from chain.node.go_tools import obtain
from chain.node.home import NodeHome
from chain.parameters import LOCALNET
from tests.support.go_tools import ABCI_CLI

TransactionMaker = Callable[[NodeHome, int], Sequence[bytes]]
"""Makes `count` signed, distinct, valid transactions for a node that runs."""

AppState = Callable[[Sequence[NodeHome]], dict[str, Any]]


@dataclass(frozen=True)
class Contender:
    """An application under CometBFT."""

    name: str
    command: Callable[[NodeHome], list[str]]
    """Serves ABCI at the home's app_address."""
    transactions: TransactionMaker
    app_state: AppState = lambda _homes: {}


REPOSITORY = Path(__file__).resolve().parent.parent
CHAIN_ID = "bench-1"
GAS = 100_000
FEE = 100
BALANCE = 1_000_000


@cache
def account(index: int) -> Key:
    """Return a wallet that genesis funds."""
    return Key.secp256k1((index + 1).to_bytes(32, "big"))


def transfers(count: int) -> Contender:
    """Return the application with `count` funded accounts, and a transfer of each to the next."""

    def app_state(homes: Sequence[NodeHome]) -> dict[str, Any]:
        keys = [beacon_key(CHAIN_ID, home.validator_public_key, create_beacon_key(home.path)) for home in homes]
        balances = {account(index).bech32: BALANCE for index in range(count)}
        return build_genesis(LOCALNET, balances, beacon_keys=keys)

    def transactions(home: NodeHome, wanted: int) -> Sequence[bytes]:
        if wanted > count:
            raise ValueError(f"{wanted} transfers from {count} accounts")
        # Genesis lists balances by address, and numbers accounts in that order.
        balances = json.loads(home.genesis_path.read_text())["app_state"]["bank"]["balances"]
        numbers = {entry["address"]: number for number, entry in enumerate(balances)}
        return [
            build_tx(
                account(index),
                (MsgSend(account(index).bech32, account((index + 1) % count).bech32, (Coin(DENOM, "1"),)),),
                chain_id=CHAIN_ID,
                account_number=numbers[account(index).bech32],
                sequence=0,
                gas=GAS,
                fee=FEE,
            )
            for index in range(wanted)
        ]

    def command(home: NodeHome) -> list[str]:
        return [sys.executable, "-m", "chain", "--home", str(home.path)]

    return Contender("signed transfers (secp256k1)", command, transactions, app_state)


def kvstore_transactions(_home: NodeHome, count: int) -> Sequence[bytes]:
    """Make `key=value` transactions of 250 bytes."""
    heads = (b"key%d=" % index for index in range(count))
    return [head + b"v" * (250 - len(head)) for head in heads]


def ours_kvstore() -> Contender:
    """Return the key-value application of the tests, in Python."""
    application = REPOSITORY / "tests" / "support" / "kvstore_application.py"

    def command(home: NodeHome) -> list[str]:
        database = home.path / "data" / "kvstore.db"
        return [sys.executable, str(application), "--address", home.app_address, "--database", str(database)]

    return Contender("kvstore (Python, over the socket)", command, kvstore_transactions)


def go_kvstore() -> Contender:
    """Return CometBFT's own example over the socket, built first if need be. Raises: ToolMissing."""
    tool = str(obtain(ABCI_CLI, lambda line: print(line, file=sys.stderr)))

    def command(home: NodeHome) -> list[str]:
        return [tool, "kvstore", "--abci", "socket", "--address", home.app_address]

    return Contender("abci-cli kvstore (Go, over the socket)", command, kvstore_transactions)
