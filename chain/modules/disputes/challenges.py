"""Challenges: what anybody with a bond may do when a unit is false and no drawn checker says so.

A challenge is a transaction like any other, so nobody can keep it from the chain. It plays the same game as a checker's
mismatch, and touches no window: who was drawn still commits, reveals and is paid.
"""

from dataclasses import replace
from itertools import islice

from chain.context import Context
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.disputes import keeper, plays, verdicts
from chain.modules.disputes.state import CHALLENGES
from chain.modules.disputes.types import DisputeKind, DisputeStatus, MsgChallenge, MsgChallengeResponse
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Unit
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckPhase
from chain.modules.workers import keeper as workers
from chain.store.collections import ADDRESS
from chain.store.overlay import Reader

MAX_PER_CHALLENGER = 8
"""Open challenges of one worker."""
MAX_PER_UNIT = 16
"""Open challenges against one unit. Whoever fills the places with challenges meant to be lost pays for each of them,
and in each of them others may open lines."""


def challenge(ctx: Context, msg: MsgChallenge) -> MsgChallengeResponse:
    """Open a dispute against a unit that is not final.

    Raises: Rejected: UNKNOWN_WORKER, UNKNOWN_JOB, WINDOW_CLOSED, NOT_YOUR_LINE, NOTHING_DIFFERS, ALREADY_CHALLENGED,
    TOO_MANY_CHALLENGES, BOND_TOO_SMALL.
    """
    plays.params(ctx.store)
    worker = workers.find_by_address(ctx.store, address_of(msg.sender, "sender"))
    if worker is None:
        raise Rejected(Code.UNKNOWN_WORKER, "only workers challenge, for their bond pays if they are wrong")
    key = (msg.job_id, (msg.attempt, msg.stage))
    unit, check = jobs.unit(ctx.store, key), sampling.check(ctx.store, key)
    job = jobs.job(ctx.store, msg.job_id)
    is_over = check.phase == CheckPhase.DONE or ctx.block.height > check.phase_end
    if is_over or job.attempt != msg.attempt or verdicts.is_decided(ctx.store, job, msg.stage):
        raise Rejected(Code.WINDOW_CLOSED, "the unit's windows are over, or it is decided")
    if worker.operator == unit.operator:
        raise Rejected(Code.NOT_YOUR_LINE, "the asserter does not challenge itself")
    _require_difference(unit, msg)
    _require_room(ctx.store, unit, worker.operator)
    stake = plays.deposit(ctx.store, unit)
    new = keeper.new_dispute(
        ctx.store, DisputeKind.CHALLENGE, unit, worker.operator, body_root=msg.body_root, out_root=msg.out_root
    )
    new = replace(new, deposit=stake, frozen=new.frozen + stake)
    if plays.find_shape(ctx.store, new) is None:
        raise Rejected(Code.NOT_PLAYED, "the unit is beyond the limits of the trace; nobody can prove a step of it")
    workers.reserve(ctx, worker.operator, stake)
    jobs.freeze(ctx, job)
    opened = keeper.open_dispute(ctx, new)
    CHALLENGES.add(ctx.store, (worker.operator, opened.dispute_id))
    return MsgChallengeResponse(opened.dispute_id, stake)


def _require_difference(unit: Unit, msg: MsgChallenge) -> None:
    for name in ("body_root", "out_root"):
        if len(getattr(msg, name)) != 32:
            raise Rejected(Code.INVALID_REQUEST, f"{name}: 32 bytes")
    if msg.out_root == unit.out_root and msg.body_root == unit.body_root:
        raise Rejected(Code.NOTHING_DIFFERS, "these are the roots that the unit has")


def _require_room(store: Reader, unit: Unit, challenger: bytes) -> None:
    own = CHALLENGES.keys(store, prefix=ADDRESS.pack(challenger))
    if sum(1 for _ in islice(own, MAX_PER_CHALLENGER)) == MAX_PER_CHALLENGER:
        raise Rejected(Code.TOO_MANY_CHALLENGES, f"at most {MAX_PER_CHALLENGER} challenges of one worker are open")
    against = [
        found
        for found in keeper.disputes_of(store, unit.job_id)
        if (found.kind, found.attempt, found.stage) == (DisputeKind.CHALLENGE, unit.attempt, unit.stage)
    ]
    if any(found.challenger == challenger for found in against):
        raise Rejected(Code.ALREADY_CHALLENGED, "the sender has challenged this unit; open a line instead")
    if sum(found.status == DisputeStatus.OPEN for found in against) >= MAX_PER_UNIT:
        raise Rejected(Code.TOO_MANY_CHALLENGES, f"{MAX_PER_UNIT} challenges are open against the unit")
