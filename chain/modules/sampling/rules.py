"""Pure rules of sampling: heights of rounds, epochs and windows; who may check; how a check compares.

Heights of a round that closes at c, all inclusive:

    c            units are taken in, eligibility is decided
    c + 2        beacon of the round: tickets can be computed
    c + 3 .. c + 2 + W_c        commit-1; a unit without commits is final
    c + 4 + W_c                 beacon of the second look
    then W_c                    commit-2, with the tickets of the second look
    then W_r     reveal, ends early when every committed checker has revealed
    then W_o     open, ends when the asserter has opened

Commit windows never end early: nobody knows who was drawn. Epoch e is heights eE + 1 .. (e + 1)E; its proofs are taken
from the height after the last commit of its last round, since both looks use the epoch's one VRF output.

A unit that is drawn late joins the round that closes next, with its epoch's VRF outputs, and has one look:

    .. proofs_until + W_c       a claim of an unmet duty asks for it
    .. that + X                 close of its round
    then 2 + W_c, W_r, W_o      beacon, commit, reveal, open; a dispute takes at most X

so that the second half of the windows' sum covers it: 4 W_c and 2 X are in it, and more than the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.crypto.hashing import ticket
from chain.modules.plans.rules import find_missing_checkers
from chain.modules.rates.rules import is_drawn, second_rate
from chain.modules.rates.types import Params as Rates
from chain.modules.rates.types import Terms
from chain.modules.sampling.types import Params, Round, UnitCheck

BEACON_DELAY = 2
"""Blocks between a close, the end of commit-1, or the beginning of an epoch, and its beacon."""


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
    return second_end(params, epoch_end(params, epoch)) + 1


def proofs_until(params: Params, epoch: int) -> int:
    """Return the last height at which proofs of an epoch are taken."""
    return second_end(params, epoch_end(params, epoch)) + params.proof_blocks


def late_until(params: Params, epoch: int) -> int:
    """Return the last height at which a claim has a unit of an epoch drawn again."""
    return proofs_until(params, epoch) + params.commit_blocks


def late_close(params: Params, epoch: int) -> int:
    """Return the last height of a close that draws a unit of an epoch again."""
    return late_until(params, epoch) + params.dispute_blocks


def late_end(params: Params, epoch: int) -> int:
    """Return the last height at which a late draw of an epoch, or a dispute over it, is over if no clock was paused."""
    windows = BEACON_DELAY + params.commit_blocks + params.reveal_blocks + params.open_blocks + params.dispute_blocks
    return late_close(params, epoch) + windows


def canary_epoch(params: Params, height: int) -> int | None:
    """Return the epoch whose canaries a height's beacon draws, or None: the first at which its proofs are taken."""
    epoch, rest = divmod(height - proofs_from(params, 0), params.epoch_blocks)
    return epoch if epoch >= 0 and not rest else None


def measured_at(params: Params, epoch: int) -> int:
    """Return the height at which duties of an epoch are measured: an epoch after its proofs were first taken."""
    return proofs_from(params, epoch) + params.epoch_blocks


def is_close(params: Params, height: int) -> bool:
    """Say whether a round closes at a height."""
    return height % params.round_blocks == 0


def rounds_of(params: Params, epoch: int) -> range:
    """Return the indices of the rounds that close in an epoch."""
    per_epoch = params.epoch_blocks // params.round_blocks
    return range(epoch * per_epoch + 1, (epoch + 1) * per_epoch + 1)


def commit_end(params: Params, close: int) -> int:
    """Return the last height of a round's commit-1."""
    return close + BEACON_DELAY + params.commit_blocks


def second_end(params: Params, close: int) -> int:
    """Return the last height of a round's commit-2, if it has one."""
    return commit_end(params, close) + BEACON_DELAY + params.commit_blocks


def eligible(
    rates: Rates,
    candidates: Sequence[Candidate],
    bond: int,
    operators: frozenset[bytes],
    num_entries: int,
    total_weight: int,
    enrolled: int,
) -> Eligible | None:
    """Return E_u for a unit of bond S, or None if it is too small or too uneven to draw from.

    `operators` are those of the job; `total_weight` is that of the whole snapshot, `enrolled` that of its checkers for
    the model but the job's own. Threshold: two thirds of the latter, or whoever keeps the others' bonds busy with jobs
    of its own would be left to check its own lie.
    """
    bits = bytearray(-(-num_entries // 8))
    weights: list[int] = []
    for candidate in candidates:
        if candidate.free >= bond and candidate.operator not in operators:
            bits[candidate.index // 8] |= 1 << candidate.index % 8
            weights.append(candidate.weight)
    if find_missing_checkers(rates, weights, total_weight) is not None or 3 * sum(weights) < 2 * enrolled:
        return None
    return Eligible(bytes(bits), sum(weights), len(weights))


@dataclass(frozen=True, slots=True)
class Look:
    """One draw over a unit's eligible workers."""

    alpha: bytes
    rate: int


def looks(taken: Round, check: UnitCheck, terms: Terms) -> tuple[Look, ...]:
    """Return the looks at a unit so far: none before its round is drawn, the second only if somebody committed.

    A late draw is one look, at the second one's rate.
    """
    if not taken.alpha:
        return ()
    if check.late_height:
        return (Look(taken.alpha, second_rate(terms)),)
    first = Look(taken.alpha, terms.rate)
    if not (check.num_commits and taken.second_alpha):
        return (first,)
    return first, Look(taken.second_alpha, second_rate(terms))


def look_of(taken: Round, commit_height: int) -> int:
    """Return which look of a round a commitment answers: 0 or 1; 2 if it belongs to a later round."""
    if commit_height <= taken.commit_end:
        return 0
    return 1 if commit_height <= taken.second_end else 2


def is_winning(look: Look, beta: bytes, unit: bytes, weight: int, total_weight: int) -> bool:
    """Say whether a worker's ticket wins in a look."""
    return is_drawn(ticket(beta, look.alpha, unit), look.rate, weight, total_weight)


def absence_penalty(terms: Terms) -> int:
    """Return what an unmet duty costs, and a commitment without ticket or opening: the pay of three checks."""
    return 3 * terms.check_pay


def claimer_share(terms: Terms, amount: int) -> int:
    """Return a claimer's part of a penalty: a quarter, at most an eighth of S."""
    return min(amount // 4, terms.bond // 8)


def leak_price(terms: Terms) -> int:
    """Return B, what a leaked seal costs its author."""
    return terms.bond // 8


def has_bit(bitmap: bytes, index: int) -> bool:
    """Say whether an entry of the snapshot is in a bitmap."""
    return index // 8 < len(bitmap) and bool(bitmap[index // 8] >> index % 8 & 1)
