"""Pure rules of workers: what is free, and what a registration may hold."""

from chain.errors import Code, Rejected
from chain.modules.workers.types import Device, Params, Worker, WorkerStatus

MAX_DEVICES = 64
MAX_TEXT_BYTES = 128
MAX_ENROLLMENTS = 256
MAX_UNBONDINGS = 16
MAX_AMOUNT = 1 << 56
"""Amounts stay far enough below 2^64 for sums."""


def weight(worker: Worker) -> int:
    """Return w_i: the bond less what is leaving."""
    return worker.bond - worker.unbonding


def free_bond(worker: Worker) -> int:
    """Return what can still back work."""
    return max(0, worker.bond - worker.unbonding - worker.reserved)


def is_active(worker: Worker) -> bool:
    """Say whether the worker takes new work."""
    return worker.status == WorkerStatus.ACTIVE


def require_shares(params: Params) -> None:
    """Check the shares of bonds that one epoch may take. Raises: ValueError naming the inequality."""
    part, whole = params.penalty_numerator, params.penalty_denominator
    if not 0 < 4 * part < whole:
        raise ValueError(
            f"workers.params: 0 < penalty < 1/4 is broken: {part}/{whole}; more could stop every worker in one epoch"
        )
    part, whole = params.breaker_numerator, params.breaker_denominator
    if not 0 < part <= whole:
        raise ValueError(f"workers.params: 0 < breaker <= 1 is broken: {part}/{whole}")
    if not 0 < params.held_blocks < 1 << 32:
        raise ValueError(f"workers.params.held_blocks is {params.held_blocks}, not in 1..2^32")


def absence_limit(params: Params, bonds: int) -> int:
    """Return what penalties for being absent may take in an epoch that began with `bonds`."""
    return bonds * params.penalty_numerator // params.penalty_denominator


def fault_limit(params: Params, bonds: int) -> int:
    """Return above what sum the breaker holds what is taken for faults in an epoch that began with `bonds`."""
    return bonds * params.breaker_numerator // params.breaker_denominator


def stays_active(params: Params, bond_left: int, *, was_absent: bool) -> bool:
    """Say whether a worker of which something was taken goes on working.

    For being absent alone it needs three quarters of the minimum: as the penalties of one epoch stay below a quarter
    of all bonds, they can never stop everybody, not even where everybody has bonded just the minimum.
    """
    return 4 * bond_left >= 3 * params.min_bond if was_absent else bond_left >= params.min_bond


def require_fields(params: Params, endpoint: str, region: str, devices: tuple[Device, ...]) -> None:
    """Check what needs no state. Raises: Rejected: INVALID_REQUEST naming field and limit."""
    if not 0 < len(endpoint.encode()) <= params.max_endpoint_bytes or not endpoint.isprintable():
        raise Rejected(Code.INVALID_REQUEST, f"endpoint: 1 to {params.max_endpoint_bytes} printable bytes, host:port")
    if len(region.encode()) > MAX_TEXT_BYTES or not region.isprintable():
        raise Rejected(Code.INVALID_REQUEST, f"region: at most {MAX_TEXT_BYTES} printable bytes")
    if len(devices) > MAX_DEVICES:
        raise Rejected(Code.INVALID_REQUEST, f"devices: at most {MAX_DEVICES}")
    for device in devices:
        if max(len(device.kind.encode()), len(device.name.encode())) > MAX_TEXT_BYTES:
            raise Rejected(Code.INVALID_REQUEST, f"devices: names of at most {MAX_TEXT_BYTES} bytes")


def require_amount(amount: int) -> None:
    """Check an amount of a message. Raises: Rejected: INVALID_REQUEST."""
    if not 0 < amount < MAX_AMOUNT:
        raise Rejected(Code.INVALID_REQUEST, "amount: more than 0 and less than 2^56 uostr")
