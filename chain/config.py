"""What the application reads from a node's home beside what `chain.node.home` knows: prices and the beacon key."""

import json
import os
import secrets
from pathlib import Path
from typing import Final

from chain.crypto import vrf
from chain.modules.bank.types import DENOM

BEACON_KEY_FILE: Final = Path("config") / "beacon_key.json"
"""The secret by which this validator adds to the chain's randomness, below the home."""
MAX_DECIMALS: Final = 18
"""Digits behind the point of a price."""


def gas_price(text: str) -> tuple[int, int]:
    """Return a price such as `0.0001uostr` as a fraction; empty text is zero. Raises: ValueError."""
    if not text:
        return 0, 1
    number = text.removesuffix(DENOM)
    whole, point, decimals = number.partition(".")
    digits = whole + decimals
    if number == text or not digits.isascii() or not digits.isdigit() or len(digits) > 2 * MAX_DECIMALS:
        raise ValueError(f"{text!r} is not a gas price: write it like 0.0001{DENOM}")
    if len(decimals) > MAX_DECIMALS or (point and not decimals):
        raise ValueError(f"{text!r} is not a gas price: at most {MAX_DECIMALS} digits follow the point")
    return int(digits), 10 ** len(decimals)


def create_beacon_key(home: Path) -> bytes:
    """Write a new beacon key that only this user may read and return its seed. Raises: FileExistsError."""
    seed = secrets.token_bytes(32)
    document = {"public_key": vrf.public_key(seed).hex(), "seed": seed.hex()}
    descriptor = os.open(home / BEACON_KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return seed


def find_beacon_seed(home: Path) -> bytes | None:
    """Return the seed of the home's beacon key, or None if it has none. Raises: ValueError if the file is damaged."""
    path = home / BEACON_KEY_FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        seed = bytes.fromhex(document["seed"])
        public_key = bytes.fromhex(document["public_key"])
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} is not a beacon key") from None
    if len(seed) != 32 or vrf.public_key(seed) != public_key:
        raise ValueError(f"{path}: the public key does not belong to the seed")
    return seed
