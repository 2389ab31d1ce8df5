"""The node's own application as a contender of `benchmarks.committed`: signed transfers, one from each account."""

import json
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from benchmarks.committed import Contender
from chain.client.signing import Key, build_tx
from chain.config import create_beacon_key
from chain.genesis import beacon_key, build_genesis
from chain.modules.bank.types import DENOM, Coin, MsgSend
from chain.node.home import NodeHome
from chain.parameters import LOCALNET

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
