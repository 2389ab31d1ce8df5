"""Pure rules of sampling: heights of rounds, epochs and windows; who may check; how a check compares.

Heights of a round that closes at c, all inclusive:

    c            units are taken in, eligibility is decided
    c + 2        beacon of the round: tickets can be computed
    c + 3 .. c + 2 + W_c        commit
    then W_r     reveal, ends early when every committed checker has revealed
    then W_o     open, ends when the asserter has opened

Epoch e is heights eE + 1 .. (e + 1)E; its proofs are taken from the height after the last commit of its last round.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.modules.plans.rules import find_missing_checkers
from chain.modules.rates.types import Params as Rates
from chain.modules.sampling.types import Params

BEACON_DELAY = 2
"""Blocks between a close, or the beginning of an epoch, and its beacon."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker of the snapshot that may check for a model, as it stands when the round closes."""

    index: int
    operator: bytes
    weight: int
    """w_i of the snapshot."""
    free: int
    """Bond less unbonding less reserved, now."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """E_u: who may check a unit."""

    bitmap: bytes
    total_weight: int
    count: int


def epoch_of(params: Params, height: int) -> int:
    """Return the epoch of a height."""
    return max(0, height - 1) // params.epoch_blocks


def epoch_end(params: Params, epoch: int) -> int:
    """Return the last height of an epoch."""
    return (epoch + 1) * params.epoch_blocks


def proofs_from(params: Params, epoch: int) -> int:
    """Return the first height at which proofs of an epoch are taken: no commit of the epoch can follow one."""
    return epoch_end(params, epoch) + BEACON_DELAY + params.commit_blocks + 1


def proofs_until(params: Params, epoch: int) -> int:
    """Return the last height at which proofs of an epoch are taken."""
    return epoch_end(params, epoch) + BEACON_DELAY + params.commit_blocks + params.proof_blocks


def is_close(params: Params, height: int) -> bool:
    """Say whether a round closes at a height."""
    return height % params.round_blocks == 0


def rounds_of(params: Params, epoch: int) -> range:
    """Return the indices of the rounds that close in an epoch."""
    per_epoch = params.epoch_blocks // params.round_blocks
    return range(epoch * per_epoch + 1, (epoch + 1) * per_epoch + 1)


def commit_end(params: Params, close: int) -> int:
    """Return the last height at which checks of a round are committed."""
    return close + BEACON_DELAY + params.commit_blocks


def eligible(
    rates: Rates,
    candidates: Sequence[Candidate],
    bond: int,
    operators: frozenset[bytes],
    num_entries: int,
    total_weight: int,
) -> Eligible | None:
    """Return E_u for a unit of bond S, or None if it is too small or too uneven to draw from.

    `operators` are those of the job; `total_weight` is that of the whole snapshot.
    """
    bits = bytearray(-(-num_entries // 8))
    weights: list[int] = []
    for candidate in candidates:
        if candidate.free >= bond and candidate.operator not in operators:
            bits[candidate.index // 8] |= 1 << candidate.index % 8
            weights.append(candidate.weight)
    if find_missing_checkers(rates, weights, total_weight) is not None:
        return None
    return Eligible(bytes(bits), sum(weights), len(weights))


def has_bit(bitmap: bytes, index: int) -> bool:
    """Say whether an entry of the snapshot is in a bitmap."""
    return index // 8 < len(bitmap) and bool(bitmap[index // 8] >> index % 8 & 1)
