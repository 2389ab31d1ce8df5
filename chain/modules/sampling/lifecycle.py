"""The sampling module in genesis and block, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus
from chain.modules.sampling import canaries, epochs, keeper, measures, penalties, rules
from chain.modules.sampling.state import (
    BY_CHECKER,
    CHECKS,
    COMMITS,
    LATE,
    LATE_QUEUE,
    MISMATCHES,
    PENALTIES,
    PENALTIES_OF,
    PHASE_ENDS,
    PROOFS,
    ROUNDS,
    SILENT,
)
from chain.modules.sampling.types import CheckPhase, Params
from chain.modules.workers import keeper as workers
from chain.store.collections import U64
from chain.store.overlay import Reader


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`. Raises: ValueError naming field and limit, or the sum of windows that is broken."""
    params = from_json(Params, genesis.get("params"), "sampling.params")
    keeper.save_params(ctx, params)


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return the parameters."""
    return {"params": to_json(keeper.params(ctx.store))}


def end_block(ctx: Context) -> None:
    """Take what is forfeited, end windows, close the round, settle, turn the epoch, pay.

    Order: a round that closes with an epoch belongs to it, so the round is closed before the next snapshot; what the
    block settled is archived with the round that closes in it.
    """
    params, height = keeper.params(ctx.store), ctx.block.height
    penalties.take_forfeited(ctx)
    keeper.end_phases(ctx)
    if rules.is_close(params, height):
        keeper.close_round(ctx)
    for job in jobs.settle_due(ctx):
        keeper.conclude_job(ctx, job)
    if height > rules.BEACON_DELAY and (height - rules.BEACON_DELAY) % params.epoch_blocks == 0:
        epochs.record_beacon(ctx, rules.epoch_of(params, height))
    if height % params.epoch_blocks == 0:
        epochs.take_snapshot(ctx, height // params.epoch_blocks)
    canaries.record_beacon(ctx)
    epochs.judge_proven(ctx)
    epochs.pay_waiting(ctx)
    epochs.conclude_epochs(ctx)
    measures.measure_due(ctx)
    if rules.is_close(params, height):
        archive.seal_round(ctx)


def reserved_by_work(store: Reader) -> dict[bytes, int]:
    """Return how much of each operator's bond its open units, committed checks and late draws hold."""
    reserved: dict[bytes, int] = {}
    for worker in workers.workers(store):
        for unit in jobs.open_units_of(store, worker.operator):
            reserved[worker.operator] = reserved.get(worker.operator, 0) + unit.terms.bond
    for key, check in CHECKS.items(store):
        if check.phase != CheckPhase.DONE:
            bond = jobs.unit(store, key).terms.bond
            for commit in keeper.own_commits(store, key, check):
                reserved[commit.checker] = reserved.get(commit.checker, 0) + bond
    for _, found in LATE.items(store):
        reserved[found.asserter] = reserved.get(found.asserter, 0) + found.reserved
    return reserved


def check_invariants(ctx: QueryContext) -> None:
    """Check reserved bonds, holds, windows and counters. Raises: InvariantBroken."""
    reserved = reserved_by_work(ctx.store)
    holds: dict[bytes, int] = {}
    open_by_round: dict[int, int] = {}
    for key, check in CHECKS.items(ctx.store):
        committed = list(keeper.own_commits(ctx.store, key, check))
        revealed = sum(1 for commit in committed if commit.reveal_height)
        if (len(committed), revealed) != (check.num_commits, check.num_reveals):
            raise InvariantBroken(f"unit {key} counts {check.num_commits}, {check.num_reveals} commits and reveals")
        is_waiting = check.phase not in (CheckPhase.DONE, CheckPhase.DISPUTED)
        if is_waiting != PHASE_ENDS.has(ctx.store, (check.phase_end, key)):
            raise InvariantBroken(f"unit {key} is in {check.phase.name} and does not wait for its end")
        if check.phase == CheckPhase.DONE:
            continue
        open_by_round[check.round_index] = open_by_round.get(check.round_index, 0) + 1
    for _, proof in PROOFS.items(ctx.store):
        if proof.is_due:
            holds[proof.operator] = holds.get(proof.operator, 0) + 1
    for _, late in LATE.items(ctx.store):
        holds[late.asserter] = holds.get(late.asserter, 0) + 1
    _check_late(ctx.store)
    for worker in workers.workers(ctx.store):
        if worker.reserved < reserved.get(worker.operator, 0):
            raise InvariantBroken(f"{worker.operator.hex()} has {worker.reserved} reserved, its work holds more")
        if worker.holds < holds.get(worker.operator, 0):
            raise InvariantBroken(f"{worker.operator.hex()} owes more proofs than hold its bond")
    for index, taken in ROUNDS.items(ctx.store):
        if taken.num_open != open_by_round.get(index, 0):
            raise InvariantBroken(f"round {index} counts {taken.num_open} open units")
    for operator, number in PENALTIES_OF.keys(ctx.store):
        found = PENALTIES.find(ctx.store, number)
        if found is None or found.operator != operator or not found.amount:
            raise InvariantBroken(f"penalty {number} is listed for {operator.hex()} and is none of its own")
    for checker, (_, key) in BY_CHECKER.keys(ctx.store):
        if CHECKS.has(ctx.store, key) and not COMMITS.has(ctx.store, (key, checker)):
            raise InvariantBroken(f"{checker.hex()} is listed for {key} without a commitment")
    if next(MISMATCHES.items(ctx.store), None) is not None:
        raise InvariantBroken("a mismatch was not taken up")
    if next(SILENT.keys(ctx.store), None) is not None:
        raise InvariantBroken("a silent asserter was not taken up")


def _check_late(store: Reader) -> None:
    """Check that what is drawn late stands where it should, and that its jobs say so."""
    queued = {key: height for height, key in LATE_QUEUE.keys(store)}
    if queued != {key: found.queued_height for key, found in LATE.items(store) if found.queued_height}:
        raise InvariantBroken("the units that wait for a late draw are others than are queued")
    for key, found in LATE.items(store):
        check, status = CHECKS.find(store, key), jobs.job(store, key[0]).status
        if status not in (JobStatus.LATE, JobStatus.LATE_DISPUTED):
            raise InvariantBroken(f"unit {key} is drawn late, its job is {status.name}")
        if check is None or (check.phase == CheckPhase.DONE) != bool(found.queued_height):
            raise InvariantBroken(f"unit {key} is drawn late and has no draw, or waits for one and has it")
    for job in jobs.jobs_before(store, (1 << 64) - 1):
        if job.status == JobStatus.LATE and next(LATE.items(store, prefix=U64.pack(job.job_id)), None) is None:
            raise InvariantBroken(f"job {job.job_id} is drawn late without a unit that is")
