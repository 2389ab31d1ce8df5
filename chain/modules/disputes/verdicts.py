"""How lines and disputes end, and where the money goes.

A refuted unit costs its asserter S: at least S - S//4 goes to the treasury, whoever asserter, challenger and requester
are. The quarter pays, in this order and as far as it reaches, the winner's moves, the other stages of the failed
attempt, and a bounty of at most S//8 for the checkers that found it; the rest follows to the treasury. The escrow is
not touched: it pays the next attempt, or returns to the requester.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chain.context import Context
from chain.modules.disputes import plays, registry
from chain.modules.disputes.state import DEADLINES, DISPUTES, PLAYS
from chain.modules.disputes.types import Dispute, DisputeStatus, PaymentReason, Play, PlayStatus, Verdict
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.types import CloseReason, Job, Unit, UnitStatus
from chain.modules.models import keeper as models
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import ceil_div, loss
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckCommit, CheckPhase
from chain.store.overlay import Reader


def disputes_of_attempt(store: Reader, job: Job) -> Iterator[Dispute]:
    """Yield the disputes of a job's present attempt in ascending id."""
    for found in registry.of_job(store, job.job_id):
        if found.attempt == job.attempt:
            yield found


# Lines


def decide(ctx: Context, dispute: Dispute, found: Play, verdict: Verdict) -> None:
    """End a line by what its last step showed."""
    judged = replace(found, verdict=verdict)
    PLAYS.save(ctx.store, (found.dispute_id, found.number), judged)
    if verdict == Verdict.REFUTED:
        win(ctx, dispute, judged)
    elif verdict == Verdict.UPHELD:
        lose(ctx, dispute, judged)
    else:
        _void(ctx, dispute, judged, verdict)


def win(ctx: Context, dispute: Dispute, found: Play) -> None:
    """End a line that the asserter has lost. A list that another posted in its place loses only the author's deposit,
    as long as any list of the line stands."""
    if not found.parent:
        _refute(ctx, dispute, found)
        return
    ended = plays.end(ctx, dispute, found, PlayStatus.ENDED)
    registry.pay(ctx, dispute.dispute_id, ended.author, jobs.TREASURY, ended.deposit, PaymentReason.DEPOSIT)
    shrunk = _shrink(ctx, dispute)
    parent = plays.play(ctx.store, dispute.dispute_id, found.parent - 1)
    if parent.status == PlayStatus.SILENT and not list(_lists(ctx.store, parent)):
        _refute(ctx, shrunk, parent)


def _lists(store: Reader, parent: Play) -> Iterator[Play]:
    """Yield the open lines that go on from lists posted for a line."""
    for other in plays.plays_of(store, parent.dispute_id):
        if other.parent == parent.number + 1 and other.status == PlayStatus.OPEN:
            yield other


def lose(ctx: Context, dispute: Dispute, found: Play) -> None:
    """End a line that its opener has lost; others may be opened a little longer."""
    ended = plays.end(ctx, dispute, found, PlayStatus.LOST)
    changed = _shrink(ctx, dispute)
    if ended.parent:
        parent = plays.play(ctx.store, dispute.dispute_id, ended.parent - 1)
        if parent.status == PlayStatus.SILENT:
            PLAYS.save(ctx.store, (parent.dispute_id, parent.number), replace(parent, status=PlayStatus.LOST))
            _forfeit(ctx, dispute, parent)
    else:
        _forfeit(ctx, dispute, ended)
    values = plays.params(ctx.store)
    if changed.num_lost_lines < plays.MAX_EXTENSIONS:
        changed = replace(changed, lines_until=changed.lines_until + values.extension_blocks)
    changed = replace(changed, num_lost_lines=changed.num_lost_lines + 1)
    DISPUTES.save(ctx.store, changed.dispute_id, changed)
    if not changed.num_open_lines and ctx.block.height > changed.lines_until:
        _uphold(ctx, changed)


def _forfeit(ctx: Context, dispute: Dispute, lost: Play) -> None:
    """Take the deposit of a lost line; the first one's stake is the challenger's bond, at the dispute's end."""
    if lost.deposit and not lost.parent:
        registry.pay(ctx, dispute.dispute_id, lost.opener, jobs.TREASURY, lost.deposit, PaymentReason.DEPOSIT)


def end_lists(ctx: Context, dispute: Dispute, parent: Play) -> Dispute:
    """End the lists that others posted for a line whose asserter has moved after all; their deposits are free."""
    for other in list(_lists(ctx.store, parent)):
        plays.end(ctx, dispute, other, PlayStatus.ENDED)
        dispute = _shrink(ctx, dispute)
    return dispute


def _shrink(ctx: Context, dispute: Dispute) -> Dispute:
    shrunk = replace(dispute, num_open_lines=dispute.num_open_lines - 1)
    DISPUTES.save(ctx.store, shrunk.dispute_id, shrunk)
    return shrunk


def run_out(ctx: Context, dispute: Dispute, found: Play, *, is_asserter: bool) -> None:
    """End a line whose mover was silent."""
    if not is_asserter:
        lose(ctx, dispute, found)
    elif list(_lists(ctx.store, found)):
        plays.end(ctx, dispute, found, PlayStatus.SILENT)
        _shrink(ctx, dispute)
    else:
        win(ctx, dispute, found)


# Units


def _refute(ctx: Context, dispute: Dispute, winner: Play) -> None:
    if winner.status == PlayStatus.OPEN:
        plays.end(ctx, dispute, winner, PlayStatus.WON)
    else:
        PLAYS.save(ctx.store, (winner.dispute_id, winner.number), replace(winner, status=PlayStatus.WON))
    convict(ctx, dispute, winner.opener, winner.fees)


def convict(ctx: Context, dispute: Dispute, winner: bytes, fees: int, *, is_false: bool = True) -> None:
    """Take S of the asserter of the unit in dispute, end every dispute over that unit and, with the last, the attempt.

    `winner` showed it, by moves that cost `fees`; empty if the chain saw it by itself. Where a signature convicts and
    not the arithmetic (`is_false` is not set), the checks of the unit were right.
    """
    job = jobs.job(ctx.store, dispute.job_id)
    slashed = _slash_unit(ctx, dispute, job, plays.unit_of(ctx.store, dispute), winner, fees, is_false=is_false)
    for other in list(disputes_of_attempt(ctx.store, job)):
        if other.stage == dispute.stage and other.status == DisputeStatus.OPEN:
            is_own = other.dispute_id == dispute.dispute_id
            _close(ctx, other, DisputeStatus.REFUTED, slashed if is_own else 0)
    conclude(ctx, dispute.job_id)


@dataclass(slots=True)
class _Purse:
    """A bond that is being taken, part by part."""

    ctx: Context
    dispute_id: int
    operator: bytes
    left: int
    taken: int = 0

    def pay(self, recipient: bytes, amount: int, reason: PaymentReason) -> None:
        """Take at most `amount` to a recipient."""
        part = min(amount, self.left)
        if part:
            self.taken += registry.pay(self.ctx, self.dispute_id, self.operator, recipient, part, reason)
            self.left -= part


def _slash_unit(
    ctx: Context, dispute: Dispute, job: Job, unit: Unit, winner: bytes, fees: int, *, is_false: bool = True
) -> int:
    """Take S of a unit's asserter and divide it; take S of every checker that confirmed a false unit. Return the sum.

    The bounty is the finders' among the checkers; whoever else won gets it only if there are none.
    """
    bond, number = unit.terms.bond, dispute.dispute_id
    sure = registry.pay(ctx, number, unit.operator, jobs.TREASURY, loss(bond), PaymentReason.FORFEIT)
    purse = _Purse(ctx, number, unit.operator, bond - loss(bond))
    if winner:
        purse.pay(winner, min(fees, rates.params(ctx.store).dispute_fee), PaymentReason.MOVES)
    header = models.model(ctx.store, job.model_root).header
    refuted = {other.stage for other in disputes_of_attempt(ctx.store, job) if other.status == DisputeStatus.REFUTED}
    for other in jobs.units_of(ctx.store, job):
        if other.stage != unit.stage and other.stage not in refuted and other.status != UnitStatus.PENDING:
            done = min(job_rules.done_work(header, job, other), other.terms.work)
            price = ceil_div(other.terms.price_numerator * done, other.terms.price_denominator)
            purse.pay(other.operator, price, PaymentReason.WORK)
    key, confirmed = jobs.key_of(unit), 0
    checked = list(sampling.commits(ctx.store, key)) if is_false else []
    finders = [found.checker for found in checked if _is_finder(unit, found)]
    if not finders and winner and winner != unit.operator:
        finders = [winner]
    share = min(purse.left, bond // 8) // len(finders) if finders else 0
    for finder in finders:
        purse.pay(finder, share, PaymentReason.BOUNTY)
    purse.pay(jobs.TREASURY, purse.left, PaymentReason.REMAINDER)
    for found in checked:
        if unit.body_root and found.reveal_height and not _is_finder(unit, found):
            confirmed += registry.pay(ctx, number, found.checker, jobs.TREASURY, bond, PaymentReason.CONFIRMATION)
    ctx.emit("UnitRefuted", job_id=unit.job_id, attempt=unit.attempt, stage=unit.stage, taken=sure + purse.taken)
    return sure + purse.taken + confirmed


def _is_finder(unit: Unit, found: CheckCommit) -> bool:
    """Tell whether a checker revealed something else than a unit says."""
    is_equal = found.out_root == unit.out_root and (not unit.body_root or found.body_root == unit.body_root)
    return bool(found.reveal_height) and not is_equal


def _void(ctx: Context, dispute: Dispute, found: Play, verdict: Verdict) -> None:
    """End a dispute over a unit that could not be computed: whoever made its input is convicted instead."""
    job = jobs.job(ctx.store, dispute.job_id)
    units = jobs.units_of(ctx.store, job)
    slashed = 0
    if verdict == Verdict.VOID_INPUT:
        slashed = _slash_unit(ctx, dispute, job, units[dispute.stage - 1], found.opener, found.fees)
    elif verdict == Verdict.VOID_TOKENS:
        slashed = _slash_unit(ctx, dispute, job, units[-1], found.opener, found.fees)
    elif verdict == Verdict.VOID_MODEL:
        models.freeze(ctx, job.model_root)
    plays.end(ctx, dispute, found, PlayStatus.WON)
    for other in list(disputes_of_attempt(ctx.store, job)):
        if other.stage == dispute.stage and other.status == DisputeStatus.OPEN:
            _close(ctx, other, DisputeStatus.VOID, slashed if other.dispute_id == dispute.dispute_id else 0)
    conclude(ctx, dispute.job_id)


def _uphold(ctx: Context, dispute: Dispute) -> None:
    """End a dispute that nobody won: the checker that began it loses S of the unit."""
    unit, asserter_fees = plays.unit_of(ctx.store, dispute), 0
    for found in plays.plays_of(ctx.store, dispute.dispute_id):
        asserter_fees += found.asserter_fees
    bond, number = unit.terms.bond, dispute.dispute_id
    sure = registry.pay(ctx, number, dispute.challenger, jobs.TREASURY, loss(bond), PaymentReason.FORFEIT)
    purse = _Purse(ctx, number, dispute.challenger, bond - loss(bond))
    purse.pay(dispute.asserter, min(asserter_fees, rates.params(ctx.store).dispute_fee), PaymentReason.MOVES)
    purse.pay(jobs.TREASURY, purse.left, PaymentReason.REMAINDER)
    _close(ctx, dispute, DisputeStatus.UPHELD, sure + purse.taken)
    conclude(ctx, dispute.job_id)


def end_quiet(ctx: Context, dispute: Dispute) -> None:
    """End a dispute against whose unit no line can be opened any more; with open lines it waits for them."""
    if dispute.num_open_lines or ctx.block.height <= dispute.lines_until:
        clocks = 2 * plays.params(ctx.store).clock_blocks
        wanted = max(dispute.lines_until, ctx.block.height) + (clocks if dispute.num_open_lines else 0)
        changed = replace(dispute, deadline=max(wanted, ctx.block.height + 1))
        DISPUTES.save(ctx.store, changed.dispute_id, changed)
        DEADLINES.add(ctx.store, (changed.deadline, changed.dispute_id))
    else:
        _uphold(ctx, dispute)


def _close(ctx: Context, dispute: Dispute, status: DisputeStatus, slashed: int) -> None:
    for found in list(plays.plays_of(ctx.store, dispute.dispute_id)):
        if found.status == PlayStatus.OPEN:
            plays.end(ctx, dispute, found, PlayStatus.ENDED)
    registry.close(ctx, dispute, status, slashed)


# Jobs


def conclude(ctx: Context, job_id: int) -> None:
    """Once a job's last dispute is over: run it again, go on with it, or give the requester everything back."""
    job = jobs.job(ctx.store, job_id)
    ended = list(disputes_of_attempt(ctx.store, job))
    if any(found.status == DisputeStatus.OPEN for found in ended):
        return
    statuses = {found.status for found in ended}
    is_convicted = DisputeStatus.REFUTED in statuses or any(
        found.status == DisputeStatus.VOID and found.slashed for found in ended
    )
    if is_convicted and job.attempt + 1 < plays.params(ctx.store).max_attempts:
        for unit in jobs.units_of(ctx.store, job):
            check = sampling.find_check(ctx.store, jobs.key_of(unit))
            if check is not None and check.phase != CheckPhase.DONE:
                sampling.conclude(ctx, jobs.key_of(unit))
        jobs.retry(ctx, job, _losers(ctx.store, ended))
    elif is_convicted or DisputeStatus.VOID in statuses or DisputeStatus.UNRESOLVED in statuses:
        reason = CloseReason.UNRESOLVED
        if is_convicted:
            reason = CloseReason.REFUTED
        elif DisputeStatus.VOID in statuses:
            reason = CloseReason.VOID
        sampling.conclude_job(ctx, jobs.refund(ctx, job, reason, ended[0].stage))
    else:
        _resume(ctx, job)
    retire(ctx, ended, ctx.block.height + jobs.params(ctx.store).receipt_blocks + 1)


def _losers(store: Reader, ended: list[Dispute]) -> set[bytes]:
    """Return the operators that lost S over a unit of the attempt."""
    reasons = (PaymentReason.FORFEIT, PaymentReason.CONFIRMATION)
    payments = [one for found in ended for one in registry.payments_of(store, found.dispute_id)]
    return {one.payer for one in payments if one.reason in reasons}


def _resume(ctx: Context, job: Job) -> None:
    jobs.resume(ctx, job)
    for unit in jobs.units_of(ctx.store, job):
        check = sampling.find_check(ctx.store, jobs.key_of(unit))
        if check is not None and check.phase == CheckPhase.DISPUTED:
            sampling.finish(ctx, jobs.key_of(unit), is_opened=True)


def retire(ctx: Context, ended: list[Dispute], height: int) -> None:
    """Have disputes deleted, with their lines and payments, from `height` on."""
    for found in ended:
        archive.retire(ctx, height, "disputes", registry.prefixes(found))
