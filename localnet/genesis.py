"""Genesis of a local network: who holds what at its first block."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain.config import create_beacon_key
from chain.genesis import beacon_key, build_genesis
from chain.node.home import NodeHome
from chain.parameters import LOCALNET, OSTR, ParameterSet
from localnet.model import CanonicalModel

FAUCET_BALANCE = 10_000 * OSTR
GATEWAY_BALANCE = 1_000 * OSTR
OPERATOR_BALANCE = 200 * OSTR
USER_BALANCE = 1_000 * OSTR
CHECK_POOL_BALANCE = 10 * OSTR


@dataclass(frozen=True, slots=True)
class GenesisAccounts:
    """bech32 addresses that genesis funds."""

    faucet: str
    user: str
    gateway: str
    operators: tuple[str, ...]


def app_state(
    chain_id: str,
    homes: Sequence[NodeHome],
    accounts: GenesisAccounts,
    model: CanonicalModel,
    parameters: ParameterSet = LOCALNET,
) -> dict[str, Any]:
    """Return the application's genesis; draws each validator's beacon key into its home."""
    balances = {
        accounts.faucet: FAUCET_BALANCE,
        accounts.gateway: GATEWAY_BALANCE,
        accounts.user: USER_BALANCE,
        **dict.fromkeys(accounts.operators, OPERATOR_BALANCE),
    }
    manifest = json.loads((model.directory / "manifest.json").read_text())
    keys = []
    for home in homes:
        seed = create_beacon_key(home.path)
        keys.append(beacon_key(chain_id, home.validator_public_key, seed))
    return build_genesis(
        parameters,
        balances,
        beacon_keys=keys,
        check_pool=CHECK_POOL_BALANCE,
        models=[
            {
                "name": model.name,
                "header": model.header(),
                "tensor_digests": tuple(bytes.fromhex(digest) for digest in manifest["tensors"].values()),
            }
        ],
    )
