"""The arithmetic of coins: what is an amount, a denomination, a list of coins."""

import re
from collections.abc import Iterable

from chain.errors import Code, Rejected
from chain.modules.bank.types import Balance, Coin

MAX_COINS = 16
"""Denominations in one list of coins."""
U64_END = 1 << 64
"""First amount that state does not hold."""
_MAX_DIGITS = 20
_DENOM = re.compile(r"[a-zA-Z][a-zA-Z0-9/:._-]{2,127}", re.ASCII)


def amount_of(text: str) -> int:
    """Return the positive amount. Raises: Rejected: INVALID_COINS unless shortest decimal digits in 1..2^64-1."""
    if not 0 < len(text) <= _MAX_DIGITS or not text.isascii() or not text.isdigit() or text[0] == "0":
        raise Rejected(Code.INVALID_COINS, "an amount is a positive number in decimal digits without leading zeros")
    amount = int(text)
    if amount >= U64_END:
        raise Rejected(Code.INVALID_COINS, "an amount is below 2^64")
    return amount


def is_denom(text: str) -> bool:
    """Tell whether the text may name a denomination."""
    return _DENOM.fullmatch(text) is not None


def parse_coins(coins: tuple[Coin, ...]) -> tuple[Balance, ...]:
    """Return the coins as integers.

    Raises: Rejected: INVALID_COINS unless there are 1 to `MAX_COINS`, ascending by denomination, none twice.
    """
    if not 0 < len(coins) <= MAX_COINS:
        raise Rejected(Code.INVALID_COINS, f"a list of coins has 1 to {MAX_COINS} entries")
    parsed: list[Balance] = []
    for coin in coins:
        if not is_denom(coin.denom):
            raise Rejected(Code.INVALID_COINS, "a denomination is malformed")
        if parsed and coin.denom <= parsed[-1].denom:
            raise Rejected(Code.INVALID_COINS, "coins ascend by denomination, each once")
        parsed.append(Balance(coin.denom, amount_of(coin.amount)))
    return tuple(parsed)


def total(lists: Iterable[tuple[Balance, ...]]) -> dict[str, int]:
    """Return the sum of each denomination."""
    sums: dict[str, int] = {}
    for coins in lists:
        for coin in coins:
            sums[coin.denom] = sums.get(coin.denom, 0) + coin.amount
    return sums


def text_of(coins: tuple[Balance, ...]) -> str:
    """Return coins as events write them: `5uatom,10uostr`."""
    return ",".join([f"{coin.amount}{coin.denom}" for coin in coins])
