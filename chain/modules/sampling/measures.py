"""The verbs of measuring: duties expected against checks proven, and the reputation that confirmed units earn.

Expected is what the draw itself says: the sum of everybody's chance, times the pay of the check. Proven is what an
opened epoch proof and a reveal have shown. So no ticket has to be enumerated on chain, nobody's silence is counted for
it, and nothing but a winning ticket raises the share.
"""

from collections.abc import Iterable

from chain.context import Context
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus, Unit, UnitStatus
from chain.modules.rates import keeper as rates
from chain.modules.rates import measured
from chain.modules.rates.rules import Q, ceil_div
from chain.modules.sampling import rules
from chain.modules.sampling.state import MEASUREMENTS, PARAMS, TALLIES
from chain.modules.sampling.types import CheckCommit, CheckOutcome, SnapshotEntry, Tally
from chain.store.collections import U64


def expected_pay(unit: Unit, rate: int, weights: Iterable[int], total_weight: int) -> int:
    """Return what a draw among checkers of these weights is expected to pay, uostr."""
    chances = sum(measured.chance(rate, weight, total_weight) for weight in weights)
    return ceil_div(unit.terms.check_pay * chances, Q)


def expect(ctx: Context, unit: Unit, epoch: int, pay: int) -> None:
    """Add a draw of a unit to what is expected of an epoch."""
    model_root = jobs.job(ctx.store, unit.job_id).model_root
    found = TALLIES.find(ctx.store, (epoch, model_root)) or Tally(0, 0)
    TALLIES.save(ctx.store, (epoch, model_root), Tally(found.expected + pay, found.done))
    MEASUREMENTS.add(ctx.store, (rules.measured_at(PARAMS.load(ctx.store), epoch), epoch))


def count(ctx: Context, epoch: int, unit: Unit, commit: CheckCommit, others: Iterable[CheckCommit]) -> None:
    """Take in a check that was proven: its duty is fulfilled, and the first that confirms a unit credits its worker.

    `others` are the unit's commitments as they stood before.
    """
    job = jobs.find_job(ctx.store, unit.job_id)
    if job is None:
        return
    found = TALLIES.find(ctx.store, (epoch, job.model_root))
    if found is not None:
        done = found.done + unit.terms.check_pay
        TALLIES.save(ctx.store, (epoch, job.model_root), Tally(found.expected, done))
    if job.status != JobStatus.FINAL or unit.status != UnitStatus.FINAL or job.attempt != unit.attempt:
        return
    if is_confirming(unit, commit) and not any(
        other.outcome == CheckOutcome.PAID and is_confirming(unit, other) for other in others
    ):
        rates.credit(ctx, unit.operator, job.model_root, unit.taxed)


def is_confirming(unit: Unit, commit: CheckCommit) -> bool:
    """Say whether a revealed check says the same as the opened unit."""
    return bool(unit.body_root) and (commit.body_root, commit.out_root) == (unit.body_root, unit.out_root)


def measure_due(ctx: Context) -> None:
    """Take in the epochs whose workers have had an epoch's time to open their proofs."""
    for key in list(MEASUREMENTS.keys(ctx.store, end=U64.pack(ctx.block.height + 1))):
        MEASUREMENTS.remove(ctx.store, key)
        for (epoch, model_root), found in list(TALLIES.items(ctx.store, prefix=U64.pack(key[1]))):
            rates.record_epoch(ctx, model_root, epoch, found.expected, found.done)
            TALLIES.remove(ctx.store, (epoch, model_root))


def record_weights(ctx: Context, entries: Iterable[SnapshotEntry]) -> None:
    """Write down for each model how unevenly an epoch spreads its draws."""
    weights: dict[bytes, list[int]] = {}
    for entry in entries:
        for model_root in entry.models:
            weights.setdefault(model_root, []).append(entry.weight)
    for model_root in sorted(weights):
        rates.record_weights(ctx, model_root, weights[model_root])
