"""Which parameters are refused: those under which lying pays, or money does not add up."""

from chain.modules.rates.rules import RHO_ONE, SECOND_LOOK, Q, rate
from chain.modules.rates.types import Params

_LIMIT = 1 << 56
"""Larger parameters would overflow 64-bit fields further on."""


def validate_params(params: Params) -> None:
    """Check the rates' own inequalities. Raises: ValueError with the inequality and its numbers."""
    for name in (
        "price_denominator",
        "check_price_denominator",
        "rent_denominator",
        "treasury_denominator",
        "checker_weight_denominator",
        "coalition_denominator",
        "fulfilled",
        "detection_target",
        "bond_cap",
        "min_checkers",
    ):
        if getattr(params, name) == 0:
            raise ValueError(f"rates.{name} > 0 is broken: it is 0")
    for name in Params.__dataclass_fields__:
        if getattr(params, name) >= _LIMIT:
            raise ValueError(f"rates.{name} < 2^56 is broken: it is {getattr(params, name)}")
    if params.multiple < 2:
        raise ValueError(f"m >= 2 is broken: m = {params.multiple}")
    part, whole = params.coalition_numerator, params.coalition_denominator
    if not (part > 0 and 2 * part <= whole):
        raise ValueError(f"0 < r <= 1/2 is broken: r = {part}/{whole}")
    if params.fulfilled > RHO_ONE:
        raise ValueError(f"rho <= 65536 (one) is broken: rho = {params.fulfilled}")
    _validate_fulfilled(params)
    if not 0 < params.detection_cap < Q:
        raise ValueError(f"0 < D_cap < 2^32 is broken: D_cap = {params.detection_cap}")
    if params.detection_target > params.detection_cap:
        raise ValueError(f"D_target <= D_cap is broken: {params.detection_target} > {params.detection_cap}")
    fees = params.dispute_fee + params.job_fee
    if params.bond_floor < 4 * fees:
        raise ValueError(
            f"S_floor >= 4(G_max + F_job) is broken: {params.bond_floor} < 4({params.dispute_fee} + {params.job_fee})"
        )
    second = rate(SECOND_LOOK, part, whole, params.fulfilled)
    if second > 2 * Q:
        raise ValueError(
            f"3k >= ceil(k(Q + lambda_2)/Q) at the lowest rho is broken: lambda_2 = {second} > 2Q = {2 * Q}; "
            "raise rho_min or lower r"
        )
    if params.treasury_numerator > params.treasury_denominator:
        raise ValueError(f"tau <= 1 is broken: {params.treasury_numerator}/{params.treasury_denominator}")
    if params.checker_weight_numerator > params.checker_weight_denominator:
        raise ValueError(f"theta <= 1 is broken: {params.checker_weight_numerator}/{params.checker_weight_denominator}")
    if params.rent_numerator and not params.lock_blocks:
        raise ValueError("lock_blocks > 0 is broken: rent is charged for 0 blocks")
    if params.reputation_full and not params.reputation_half_life:
        raise ValueError("reputation_half_life > 0 is broken: reputation would never fade")
    if not params.commit_fee + params.reveal_fee + params.check_price_numerator:
        raise ValueError("k > 0 is broken: check price, commit fee and reveal fee are all 0")


def _validate_fulfilled(params: Params) -> None:
    """Check that m outweighs what a coalition can make of ρ: it may fulfil every duty but those about its own frauds.

    Of a measured ρ the honest then have fulfilled (ρ − r)/(1 − r) only, and D shrinks by no more than that over ρ,
    since 1 − (1 − D)^f >= fD. If all they fulfil is ρ_min while ρ reads one, it shrinks by ρ_min.
    """
    part, whole, rho = params.coalition_numerator, params.coalition_denominator, params.fulfilled
    if params.multiple * (rho * whole - RHO_ONE * part) < (whole - part) * rho:
        raise ValueError(
            f"m (rho_min - r) >= (1 - r) rho_min is broken: {params.multiple} ({rho}/65536 - {part}/{whole}) < "
            f"(1 - {part}/{whole}) {rho}/65536; raise rho_min or m, or lower r"
        )
    if params.multiple * rho < RHO_ONE:
        raise ValueError(f"m rho_min >= 1 is broken: {params.multiple} * {rho} < 65536; raise rho_min or m")


def validate_windows(
    *,
    unbonding: int,
    expiry: int,
    round_blocks: int,
    epoch_blocks: int,
    proof_blocks: int,
    commit_blocks: int,
    reveal_blocks: int,
    open_blocks: int,
    dispute_blocks: int,
) -> None:
    """Check that no bond leaves before everything it backs is over. Raises: ValueError with the sum."""
    windows = 4 + 2 * commit_blocks + reveal_blocks + open_blocks + dispute_blocks
    total = expiry + round_blocks + epoch_blocks + proof_blocks + 2 * windows
    if unbonding <= total:
        raise ValueError(
            "unbonding > job expiry + round + epoch + opening window + 2(4 + 2 W_c + W_r + W_o + X) is broken: "
            f"{unbonding} <= {expiry} + {round_blocks} + {epoch_blocks} + {proof_blocks} + 2(4 + 2*{commit_blocks} + "
            f"{reveal_blocks} + {open_blocks} + {dispute_blocks}) = {total}"
        )


def validate_rent(params: Params, hold_blocks: int) -> None:
    """Check that rent is charged for as long as a bond is held without a dispute. Raises: ValueError."""
    if params.rent_numerator and params.lock_blocks < hold_blocks:
        raise ValueError(
            "lock_blocks >= job expiry + round + 4 + 2 W_c + W_r + W_o is broken: rent is charged for "
            f"{params.lock_blocks} blocks, S is held for {hold_blocks}"
        )
