"""Genesis of the accounts module, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.crypto.keys import decode_address, encode_address
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.accounts import state
from chain.modules.accounts.types import Account, KeyKind, Params

MAX_MESSAGES = 32
"""Bound of `max_messages`."""
MAX_SIGNERS = 7
"""Bound of `tx_sig_limit`."""


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Write parameters and accounts. Raises: ValueError naming field and limit."""
    unknown = sorted(genesis.keys() - {"params", "accounts"})
    if unknown:
        raise ValueError(f"accounts.{unknown[0]} is unknown")
    params = from_json(Params, genesis.get("params"), "accounts.params")
    _check_params(params)
    state.PARAMS.save(ctx.store, params)
    entries = genesis.get("accounts", [])
    if not isinstance(entries, list):
        raise ValueError("accounts.accounts must be a list")
    for index, entry in enumerate(entries):
        path = f"accounts.accounts[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("address"), str):
            raise ValueError(f"{path}.address is missing")
        try:
            address = decode_address(entry["address"])
        except ValueError as error:
            raise ValueError(f"{path}.address: {error}") from None
        account = from_json(Account, {name: part for name, part in entry.items() if name != "address"}, path)
        if state.ACCOUNTS.has(ctx.store, address):
            raise ValueError(f"{path}.address occurs twice")
        if account.number != state.NUMBERS.take(ctx.store):
            raise ValueError(f"{path}.number must be {index}: numbers count from 0 in order")
        state.ACCOUNTS.save(ctx.store, address, account)


def _check_params(params: Params) -> None:
    if not 1 <= params.max_messages <= MAX_MESSAGES:
        raise ValueError(f"accounts.params.max_messages is {params.max_messages}, outside 1..{MAX_MESSAGES}")
    if not 1 <= params.tx_sig_limit <= MAX_SIGNERS:
        raise ValueError(f"accounts.params.tx_sig_limit is {params.tx_sig_limit}, outside 1..{MAX_SIGNERS}")
    if params.max_memo_characters > 4096:
        raise ValueError(f"accounts.params.max_memo_characters is {params.max_memo_characters}, above 4096")
    if not 1 <= params.max_tx_gas < 1 << 62:
        raise ValueError("accounts.params.max_tx_gas must be in 1..2^62-1")


def export_genesis(context: QueryContext) -> dict[str, Any]:
    """Return what `init_genesis` reads, accounts by number."""
    accounts = sorted(state.ACCOUNTS.items(context.store), key=lambda pair: pair[1].number)
    return {
        "params": to_json(state.PARAMS.load(context.store)),
        "accounts": [{"address": encode_address(address), **to_json(account)} for address, account in accounts],
    }


def check_invariants(context: QueryContext) -> None:
    """Every number below the next one is held by exactly one account. Raises: InvariantBroken."""
    numbers = sorted(account.number for _, account in state.ACCOUNTS.items(context.store))
    if numbers != list(range(state.NUMBERS.peek(context.store))):
        raise InvariantBroken("account numbers are not 0, 1, 2, …")
    for address, account in state.ACCOUNTS.items(context.store):
        if (account.key_kind == KeyKind.NONE) != (account.key == b""):
            raise InvariantBroken(
                f"account {encode_address(address)} has a key without a kind, or a kind without a key"
            )
