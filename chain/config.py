"""What the application reads from a node's home beside what `chain.node.home` knows: its price and its beacon key."""

from pathlib import Path
from typing import Final

from chain.modules.bank.types import DENOM
from chain.node.beacon_key import create_beacon_seed, read_beacon_seed

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
    return create_beacon_seed(home)


def find_beacon_seed(home: Path) -> bytes | None:
    """Return the seed of the home's beacon key, or None if it has none. Raises: ValueError if the file is damaged."""
    try:
        return read_beacon_seed(home)
    except FileNotFoundError:
        return None
