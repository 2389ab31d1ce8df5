"""The arithmetic of fees."""


def is_enough(fee: int, gas_limit: int, numerator: int, denominator: int) -> bool:
    """Tell whether `fee` uostr pays `gas_limit` at numerator / denominator uostr per unit, without rounding."""
    return fee * denominator >= gas_limit * numerator


def least_fee(gas_limit: int, numerator: int, denominator: int) -> int:
    """Return the smallest fee that is enough."""
    return -(-gas_limit * numerator // denominator)
