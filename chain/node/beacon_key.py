"""A validator's beacon key: the secret behind the public randomness of the blocks it proposes."""

import json
import secrets
from pathlib import Path

from chain.node.keys import write_private

SEED_BYTES = 32


def beacon_key_path(home: Path) -> Path:
    """Return where a node's home keeps it."""
    return home / "config" / "beacon_key.json"


def create_beacon_seed(home: Path) -> bytes:
    """Write a new secret, refuse to overwrite one, and return it. Raises: FileExistsError."""
    seed = secrets.token_bytes(SEED_BYTES)
    write_private(beacon_key_path(home), json.dumps({"seed": seed.hex()}, indent=2) + "\n")
    return seed


def read_beacon_seed(home: Path) -> bytes:
    """Return the secret. Raises: FileNotFoundError; ValueError: the file is not such a key."""
    try:
        seed = bytes.fromhex(json.loads(beacon_key_path(home).read_text("utf-8"))["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{beacon_key_path(home)} is not a beacon key") from error
    if len(seed) != SEED_BYTES:
        raise ValueError(f"{beacon_key_path(home)}: a seed has {SEED_BYTES} bytes")
    return seed
