"""The application's part of genesis: assembled from people's choices, and refused if it cannot work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chain.app import MODULES, write_genesis
from chain.application import Timestamp
from chain.context import BlockFacts
from chain.crypto import vrf
from chain.crypto.hashing import chain_hash, possession_bytes
from chain.crypto.keys import ed25519_address, encode_address, module_address
from chain.json_form import to_json
from chain.module import Module
from chain.modules.accounts.types import ChainFacts
from chain.modules.bank.types import DENOM
from chain.modules.beacon.types import BeaconKey
from chain.parameters import ParameterSet
from chain.store.overlay import Overlay

DENOM_METADATA = {
    "description": "The coin of Ostraka: it pays workers and backs their word.",
    "denom_units": [
        {"denom": DENOM, "exponent": 0, "aliases": ["microostr"]},
        {"denom": "mostr", "exponent": 3, "aliases": ["milliostr"]},
        {"denom": "ostr", "exponent": 6, "aliases": []},
    ],
    "base": DENOM,
    "display": "ostr",
    "name": "Ostraka",
    "symbol": "OSTR",
}
"""How wallets show the coin."""


def beacon_key(chain_id: str, consensus_public_key: bytes, seed: bytes) -> BeaconKey:
    """Return a validator's beacon key with its proof of possession; `seed` is the secret of the beacon key."""
    address = ed25519_address(consensus_public_key)
    alpha = possession_bytes(chain_hash(chain_id), address, "beacon")
    return BeaconKey(address, vrf.public_key(seed), vrf.prove(seed, alpha))


def build_genesis(
    parameters: ParameterSet,
    balances: Mapping[str, int],
    *,
    beacon_keys: Sequence[BeaconKey],
    check_pool: int = 0,
    models: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return `app_state`.

    `balances` are uostr by bech32 address, `check_pool` what the pool that pays checks begins with, and `models` hold
    `name`, `header` and `tensor_digests` each. Accounts come in ascending order of their text, so that equal choices
    give equal genesis files.
    """
    held = dict(balances)
    if check_pool:
        held[encode_address(module_address("check_pool"))] = check_pool
    return {
        "accounts": {"params": to_json(parameters.accounts), "accounts": []},
        "bank": {
            "balances": [
                {"address": address, "coins": [{"denom": DENOM, "amount": str(held[address])}]}
                for address in sorted(held)
                if held[address]
            ],
            "denom_metadata": [DENOM_METADATA],
        },
        "treasury": {"params": to_json(parameters.treasury)},
        "beacon": {"keys": [to_json(key) for key in beacon_keys]},
        "models": {"models": [to_json(dict(model)) for model in models]},
        "workers": {"params": to_json(parameters.workers)},
        "rates": {"params": to_json(parameters.rates)},
        "plans": {"params": to_json(parameters.plans)},
        "jobs": {"params": to_json(parameters.jobs)},
        "sampling": {"params": to_json(parameters.sampling)},
        "disputes": {"params": to_json(parameters.disputes)},
    }


def validate(
    app_state: Mapping[str, Any],
    *,
    chain_id: str,
    block_max_gas: int = 0,
    initial_height: int = 1,
    modules: Sequence[Module] = MODULES,
) -> None:
    """Let every module read its genesis, on a state that is thrown away.

    Raises: ValueError naming the field or the inequality that does not hold.
    """
    facts = ChainFacts(chain_id, initial_height, 0, max(0, block_max_gas))
    block = BlockFacts(chain_id, chain_hash(chain_id), initial_height, Timestamp(), b"")
    write_genesis(Overlay(_Nothing()), facts, block, modules, app_state)


class _Nothing:
    """State before anything was written."""

    def get(self, module: str, key: bytes) -> bytes | None:
        return None

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        return iter(())
