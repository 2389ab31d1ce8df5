"""The genesis document of CometBFT around an application's own state."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chain.node.comet_json import ED25519_KEY_TYPE
from chain.node.keys import address_of

MAX_CHAIN_ID_BYTES = 50


@dataclass(frozen=True, slots=True)
class ConsensusParameters:
    """Limits that every node enforces; the defaults are a local network's."""

    block_max_bytes: int = 2 * 1024 * 1024
    block_max_gas: int = 100_000_000
    evidence_max_age_blocks: int = 1_600
    """At least the unbonding time, so that no double vote goes unpunished."""
    evidence_max_age_seconds: int = 1_600
    evidence_max_bytes: int = 128 * 1024
    app_version: int = 1


@dataclass(frozen=True, slots=True)
class GenesisValidator:
    """A validator of the first height."""

    public_key: bytes
    """ed25519, 32 bytes."""
    power: int
    name: str = ""


def genesis_document(
    chain_id: str,
    validators: Sequence[GenesisValidator],
    app_state: Mapping[str, Any],
    parameters: ConsensusParameters | None = None,
    genesis_time: datetime | None = None,
) -> dict[str, Any]:
    """Assemble a genesis document; the time is now unless given.

    Raises: ValueError for a chain id, a power or a limit that CometBFT would refuse.
    """
    parameters = parameters or ConsensusParameters()
    if not 0 < len(chain_id.encode("utf-8")) <= MAX_CHAIN_ID_BYTES:
        raise ValueError(f"a chain id has 1 to {MAX_CHAIN_ID_BYTES} bytes")
    if not validators or any(validator.power <= 0 for validator in validators):
        raise ValueError("genesis needs at least one validator, each with power above 0")
    if len({validator.public_key for validator in validators}) != len(validators):
        raise ValueError("two validators of genesis share a key")
    if parameters.evidence_max_bytes > parameters.block_max_bytes:
        raise ValueError("evidence_max_bytes exceeds block_max_bytes")
    time = (genesis_time or datetime.now(UTC)).astimezone(UTC)
    return {
        "genesis_time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "chain_id": chain_id,
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": str(parameters.block_max_bytes), "max_gas": str(parameters.block_max_gas)},
            "evidence": {
                "max_age_num_blocks": str(parameters.evidence_max_age_blocks),
                "max_age_duration": str(parameters.evidence_max_age_seconds * 1_000_000_000),
                "max_bytes": str(parameters.evidence_max_bytes),
            },
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": str(parameters.app_version)},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [
            {
                "address": address_of(validator.public_key).hex().upper(),
                "pub_key": {
                    "type": ED25519_KEY_TYPE,
                    "value": base64.b64encode(validator.public_key).decode("ascii"),
                },
                "power": str(validator.power),
                "name": validator.name,
            }
            for validator in validators
        ],
        "app_hash": "",
        "app_state": dict(app_state),
    }
