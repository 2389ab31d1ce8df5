"""How lines and disputes end, and where the money goes.

A refuted unit costs its asserter S: at least S - S//4 goes to the treasury, whoever asserter, challenger and requester
are. The quarter pays, in this order and as far as it reaches, the winner's moves, the other stages of the failed
attempt, and a bounty of at most S//8 for the checkers that found it; the rest follows to the treasury. The escrow is
not touched: it pays the next attempt, or returns to the requester.

Nobody is judged while a checker of the attempt may still speak: what is refuted first must not pay, or spare, whoever
is found false after it. So lines end at once, and money moves when the last window and the last dispute are over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from chain.context import Context
from chain.modules.disputes import clocks, plays, registry
from chain.modules.disputes.state import CHALLENGES, CONCLUSIONS, DEADLINES, DISPUTES, OWED, PLAYS, REFUNDS
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    DisputeStatus,
    Guilt,
    PaymentReason,
    Play,
    PlayStatus,
    Refunds,
    Verdict,
)
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.types import CloseReason, Job, Unit, UnitStatus
from chain.modules.models import keeper as models
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import ceil_div, loss
from chain.modules.sampling import epochs, late
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckCommit, CheckPhase
from chain.modules.workers import keeper as workers
from chain.store.collections import U64
from chain.store.overlay import Reader

CONCLUSIONS_PER_BLOCK = 64
"""Jobs looked at in one block whose disputes are over and whose checks are not."""


def disputes_of_attempt(store: Reader, job: Job) -> Iterator[Dispute]:
    """Yield the disputes of a job's present attempt in ascending id; of a settled job those of its late draws."""
    for found in registry.of_job(store, job.job_id):
        if found.attempt == job.attempt and found.opened_height >= job.late_height:
            yield found


# Lines


def decide(ctx: Context, dispute: Dispute, found: Play, verdict: Verdict) -> None:
    """End a line by what its last step showed; whichever way it ends writes it."""
    judged = replace(found, verdict=verdict)
    if verdict == Verdict.REFUTED:
        win(ctx, dispute, judged)
    elif verdict == Verdict.UPHELD:
        lose(ctx, dispute, judged)
    else:
        _void(ctx, dispute, judged, verdict)


def win(ctx: Context, dispute: Dispute, found: Play) -> None:
    """End a line that the asserter has lost. A list that another posted in its place loses only the author's deposit,
    as long as any list of the line stands; a list may itself have been one for which others posted the next."""
    if not found.parent:
        _refute(ctx, dispute, found)
        return
    ended, shrunk = replace(found, status=PlayStatus.ENDED), dispute
    if found.status == PlayStatus.OPEN:
        ended = plays.end(ctx, dispute, found, PlayStatus.ENDED)
        shrunk = _shrink(ctx, dispute)
    else:
        PLAYS.save(ctx.store, (ended.dispute_id, ended.number), ended)
    registry.pay(ctx, dispute.dispute_id, ended.author, jobs.TREASURY, ended.deposit, PaymentReason.DEPOSIT)
    parent = plays.play(ctx.store, dispute.dispute_id, found.parent - 1)
    # What it took to refute the list belongs to what its line has cost.
    parent = replace(parent, fees=parent.fees + ended.fees)
    PLAYS.save(ctx.store, (parent.dispute_id, parent.number), parent)
    if parent.status == PlayStatus.SILENT and not list(_standing_lists(ctx.store, parent)):
        win(ctx, shrunk, parent)
    elif not shrunk.num_open_lines:
        _wait(ctx, shrunk, clocks.lines_end(shrunk, plays.pauses(ctx.store)) + 1)


def _standing_lists(store: Reader, parent: Play) -> Iterator[Play]:
    """Yield the lines that go on from lists posted for a line, or wait for lists that were posted for them."""
    for other in plays.plays_of(store, parent.dispute_id):
        if other.parent == parent.number + 1 and other.status in (PlayStatus.OPEN, PlayStatus.SILENT):
            yield other


def lose(ctx: Context, dispute: Dispute, found: Play) -> None:
    """End a line that its opener has lost; others may be opened a little longer."""
    ended = plays.end(ctx, dispute, found, PlayStatus.LOST)
    changed = _shrink(ctx, dispute)
    if ended.parent:
        changed = _lose_parent(ctx, changed, ended)
    else:
        _forfeit(ctx, dispute, ended)
    paused, height = plays.pauses(ctx.store), ctx.block.height
    if changed.num_lost_lines < plays.MAX_EXTENSIONS:
        # From now on: who trusted that line to be played well could not know before.
        until = max(clocks.lines_end(changed, paused), height) + plays.params(ctx.store).extension_blocks
        changed = replace(changed, lines_until=until, paused=paused.blocks)
    changed = replace(changed, num_lost_lines=changed.num_lost_lines + 1)
    if changed.num_open_lines:
        DISPUTES.save(ctx.store, changed.dispute_id, changed)
    else:
        _wait(ctx, changed, clocks.lines_end(changed, paused) + 1)


def _lose_parent(ctx: Context, dispute: Dispute, lost: Play) -> Dispute:
    """End the line for which another posted a list that stood: it leads to no wrong step, whoever is silent now.

    If that line went on from a list itself, the one before leads to no wrong step either.
    """
    parent = plays.play(ctx.store, dispute.dispute_id, lost.parent - 1)
    if parent.status == PlayStatus.OPEN:
        plays.end(ctx, dispute, parent, PlayStatus.LOST)
        dispute = _shrink(ctx, dispute)
    elif parent.status == PlayStatus.SILENT:
        PLAYS.save(ctx.store, (parent.dispute_id, parent.number), replace(parent, status=PlayStatus.LOST))
    else:
        return dispute
    _forfeit(ctx, dispute, parent)
    return _lose_parent(ctx, dispute, parent) if parent.parent else dispute


def _wait(ctx: Context, dispute: Dispute, height: int) -> None:
    """Look at a dispute again at a height, at the earliest in the next block."""
    DEADLINES.remove(ctx.store, (dispute.deadline, dispute.dispute_id))
    waiting = replace(dispute, deadline=max(height, ctx.block.height + 1))
    DISPUTES.save(ctx.store, waiting.dispute_id, waiting)
    DEADLINES.add(ctx.store, (waiting.deadline, waiting.dispute_id))


def _forfeit(ctx: Context, dispute: Dispute, lost: Play) -> None:
    """Take the deposit of a lost line; a checker's stake in its first one is its bond, at the dispute's end.

    What the line cost the asserter is paid out of the quarter that need not go to the treasury.
    """
    if lost.deposit and not lost.parent:
        fees = min(lost.asserter_fees, rates.params(ctx.store).dispute_fee, lost.deposit - loss(lost.deposit))
        parts = ((jobs.TREASURY, lost.deposit - fees), (dispute.asserter, fees))
        for recipient, amount in parts:
            registry.pay(ctx, dispute.dispute_id, lost.opener, recipient, amount, PaymentReason.DEPOSIT)


def end_lists(ctx: Context, dispute: Dispute, parent: Play) -> Dispute:
    """End the lists that others posted for a line whose asserter has moved after all; their deposits are free."""
    for other in list(_standing_lists(ctx.store, parent)):
        dispute = end_lists(ctx, dispute, other)
        if other.status == PlayStatus.OPEN:
            plays.end(ctx, dispute, other, PlayStatus.ENDED)
            dispute = _shrink(ctx, dispute)
        else:
            PLAYS.save(ctx.store, (other.dispute_id, other.number), replace(other, status=PlayStatus.ENDED))
    return dispute


def _shrink(ctx: Context, dispute: Dispute) -> Dispute:
    shrunk = replace(dispute, num_open_lines=dispute.num_open_lines - 1)
    DISPUTES.save(ctx.store, shrunk.dispute_id, shrunk)
    return shrunk


def run_out(ctx: Context, dispute: Dispute, found: Play, *, is_asserter: bool) -> None:
    """End a line whose mover was silent."""
    if not is_asserter:
        lose(ctx, dispute, found)
    elif list(_standing_lists(ctx.store, found)):
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
    convict(ctx, dispute, winner.opener, winner.fees, is_false=winner.verdict != Verdict.UNSPECIFIED)


def convict(ctx: Context, dispute: Dispute, winner: bytes, fees: int, *, is_false: bool = True) -> None:
    """End every dispute over a unit whose asserter is to lose S, and, with the last of them, the attempt.

    `winner` showed it, by moves that cost `fees`; empty if the chain saw it by itself. Where a signature or silence
    convicts and not the arithmetic (`is_false` is not set), whoever confirmed the unit may have been right.
    """
    _close_all(ctx, dispute, DisputeStatus.REFUTED, Guilt(dispute.stage, winner, fees, is_false))


def _close_all(ctx: Context, dispute: Dispute, status: DisputeStatus, guilt: Guilt | None) -> None:
    """Close every dispute over a unit, for one of them has decided it."""
    job, after = jobs.job(ctx.store, dispute.job_id), list[Dispute]()
    for other in list(disputes_of_attempt(ctx.store, job)):
        if other.stage != dispute.stage or other.status != DisputeStatus.OPEN:
            after.append(other)
            continue
        is_own = other.dispute_id == dispute.dispute_id
        after.append(_close(ctx, replace(other, guilt=guilt if is_own else None), status, 0))
    _conclude(ctx, job, after)


def is_decided(store: Reader, job: Job, stage: int) -> bool:
    """Say whether a dispute of the present attempt has convicted, or voided, a unit."""
    decided = (DisputeStatus.REFUTED, DisputeStatus.VOID)
    return any(found.stage == stage and found.status in decided for found in disputes_of_attempt(store, job))


@dataclass(slots=True)
class _Purse:
    """A bond that is being taken, part by part."""

    ctx: Context
    dispute_id: int
    operator: bytes
    left: int
    taken: int = 0

    def pay(self, recipient: bytes, amount: int, reason: PaymentReason) -> int:
        """Take at most `amount` to a recipient and return how much there was."""
        part = min(amount, self.left)
        if part:
            self.taken += registry.pay(self.ctx, self.dispute_id, self.operator, recipient, part, reason)
            self.left -= part
        return part


def _punish(ctx: Context, job: Job) -> None:
    """Slash every unit that a dispute of a job's present attempt convicts, each once."""
    units, convicted = jobs.units_of(ctx.store, job), dict[int, Dispute]()
    for found in disputes_of_attempt(ctx.store, job):
        if found.guilt is not None:
            convicted.setdefault(found.guilt.stage, found)
    for stage, found in sorted(convicted.items()):
        assert found.guilt is not None
        slashed = _slash_unit(ctx, found, job, units[stage], found.guilt)
        for other in units:
            # Nobody checks without the ids, and what follows a false unit was made from an input it does not give.
            if found.kind == DisputeKind.WITHHELD or (found.guilt.is_false and other.stage > stage):
                sampling.excuse(ctx, jobs.key_of(other))
        DISPUTES.save(ctx.store, found.dispute_id, replace(found, slashed=found.slashed + slashed))


def _slash_unit(ctx: Context, dispute: Dispute, job: Job, unit: Unit, guilt: Guilt) -> int:
    """Take S of a unit's asserter and divide it; take S of every checker that was wrong about it. Return the sum.

    A checker was wrong if it confirmed what a step proved false (silence proves nothing), or differed and lost. The
    bounty is the finders' among the checkers; whoever else won gets it only if there are none.
    """
    bond, number = unit.terms.bond, dispute.dispute_id
    is_late = job.status in jobs.SETTLED
    sure = registry.pay(ctx, number, unit.operator, jobs.TREASURY, loss(bond), PaymentReason.FORFEIT)
    purse = _Purse(ctx, number, unit.operator, bond - loss(bond))
    if guilt.winner:
        purse.pay(guilt.winner, min(guilt.fees, rates.params(ctx.store).dispute_fee), PaymentReason.MOVES)
    if not is_late:
        _pay_honest(ctx, job, unit, purse)
    key, wrong = jobs.key_of(unit), 0
    if guilt.is_false:
        jobs.refute_unit(ctx, key)
    losers = _wrong_checkers(ctx.store, job, unit.stage, (DisputeStatus.REFUTED, DisputeStatus.UPHELD))
    checked = list(sampling.commits(ctx.store, key))
    finders = [found.checker for found in checked if _is_finder(unit, found) and found.checker not in losers]
    if dispute.kind == DisputeKind.SILENCE:  # nothing can differ from what was never opened
        finders = [found.checker for found in checked if found.reveal_height]
    if not finders and guilt.winner and guilt.winner != unit.operator:
        finders = [guilt.winner]
    share = min(purse.left, bond // 8) // len(finders) if finders else 0
    for finder in finders:
        purse.pay(finder, share, PaymentReason.BOUNTY)
    if is_late:
        sure += _refund_late(ctx, job, unit, number, purse)
    purse.pay(jobs.TREASURY, purse.left, PaymentReason.REMAINDER)
    unpaid = _wrong_checkers(ctx.store, job, unit.stage, (DisputeStatus.REFUTED,))
    for found in checked:
        has_confirmed = guilt.is_false and bool(found.reveal_height) and not _is_finder(unit, found)
        if has_confirmed or found.checker in unpaid:
            reason = PaymentReason.CONFIRMATION if has_confirmed else PaymentReason.MISMATCH
            wrong += registry.pay(ctx, number, found.checker, jobs.TREASURY, bond, reason)
            epochs.convict_check(ctx, key, found.checker)
    if guilt.is_false:
        late.punish_unrevealed(ctx, key)
    ctx.emit("UnitRefuted", job_id=unit.job_id, attempt=unit.attempt, stage=unit.stage, taken=sure + purse.taken)
    return sure + purse.taken + wrong


def _refund_late(ctx: Context, job: Job, unit: Unit, number: int, purse: _Purse) -> int:
    """Give the requester of a settled job back what it paid, and return what of it is taken beyond S.

    That is what the unit's asserter has earned with it; what others have earned is given as far as the purse goes.
    """
    earned = registry.pay(ctx, number, unit.operator, job.requester, unit.paid, PaymentReason.REFUND)
    left = job.paid - jobs.job(ctx.store, job.job_id).refunded - earned
    jobs.record_refund(ctx, job.job_id, earned + purse.pay(job.requester, max(0, left), PaymentReason.REFUND))
    return earned


def _pay_honest(ctx: Context, job: Job, unit: Unit, purse: _Purse) -> None:
    """Pay the work of the other stages of a failed attempt as far as a purse goes, and each no more than once."""
    header = models.model(ctx.store, job.model_root).header
    guilty = {found.guilt.stage for found in disputes_of_attempt(ctx.store, job) if found.guilt is not None}
    for other in jobs.units_of(ctx.store, job):
        if other.stage == unit.stage or other.stage in guilty or other.status == UnitStatus.PENDING:
            continue
        done = min(job_rules.done_work(header, job, other), other.terms.work)
        price = ceil_div(other.terms.price_numerator * done, other.terms.price_denominator)
        paid = purse.pay(other.operator, max(0, price - other.paid), PaymentReason.WORK)
        if paid:
            jobs.record_paid(ctx, other, paid)


def _wrong_checkers(store: Reader, job: Job, stage: int, statuses: tuple[DisputeStatus, ...]) -> frozenset[bytes]:
    """Return the drawn checkers that differed from a unit, lost their line and won no other.

    `statuses` are those of the disputes in which they lost.
    """
    lost: list[bytes] = []
    won: list[bytes] = []
    for dispute in disputes_of_attempt(store, job):
        if dispute.stage != stage:
            continue
        for found in plays.plays_of(store, dispute.dispute_id):
            if found.status == PlayStatus.WON:
                won.append(found.opener)
            is_own = dispute.kind == DisputeKind.TRACE and not found.number
            if is_own and found.status == PlayStatus.LOST and dispute.status in statuses:
                lost.append(found.opener)
    return frozenset(lost) - frozenset(won)


def _is_finder(unit: Unit, found: CheckCommit) -> bool:
    """Tell whether a checker revealed something else than a unit says."""
    is_equal = found.out_root == unit.out_root and (not unit.body_root or found.body_root == unit.body_root)
    return bool(found.reveal_height) and not is_equal


def _void(ctx: Context, dispute: Dispute, found: Play, verdict: Verdict) -> None:
    """End a dispute over a unit that could not be computed: whoever made its input is convicted instead."""
    job, guilt = jobs.job(ctx.store, dispute.job_id), None
    if verdict == Verdict.VOID_INPUT:
        guilt = Guilt(dispute.stage - 1, found.opener, found.fees, True)
    elif verdict == Verdict.VOID_TOKENS:
        guilt = Guilt(job.num_stages - 1, found.opener, found.fees, True)
    elif verdict == Verdict.VOID_MODEL:
        freeze_model(ctx, job.model_root)
    plays.end(ctx, dispute, found, PlayStatus.WON)
    _close_all(ctx, dispute, DisputeStatus.VOID, guilt)


def end_silence(ctx: Context, dispute: Dispute) -> None:
    """End the wait for a seal that a first reveal has opened: being late costs R. What it shows is for other disputes.

    `dispute` is any over the unit; at most one of them waits.
    """
    unit = plays.unit_of(ctx.store, dispute)
    for found in list(disputes_of_attempt(ctx.store, jobs.job(ctx.store, dispute.job_id))):
        if (found.kind, found.stage, found.status) == (DisputeKind.SILENCE, unit.stage, DisputeStatus.OPEN):
            fee, number = unit.terms.fee, found.dispute_id
            slashed = registry.pay(ctx, number, unit.operator, jobs.TREASURY, fee, PaymentReason.LATENESS)
            _close(ctx, found, DisputeStatus.OPENED, slashed)
            conclude(ctx, found.job_id)


def freeze_model(ctx: Context, model_root: bytes) -> None:
    """Take no new jobs for a model that breaks a bound, and have the open ones refunded."""
    models.freeze(ctx, model_root)
    REFUNDS.save(ctx.store, model_root, Refunds(registry.LAST_ID))


def void(ctx: Context, job: Job) -> None:
    """End every open dispute of a job that nobody could compute."""
    for found in list(disputes_of_attempt(ctx.store, job)):
        if found.status == DisputeStatus.OPEN:
            _close(ctx, found, DisputeStatus.VOID, 0)
    conclude(ctx, job.job_id)


def _uphold(ctx: Context, dispute: Dispute) -> None:
    """End a dispute that nobody won: the checker that began it loses S of the unit; others lost their deposits."""
    slashed = _slash_checker(ctx, dispute) if dispute.kind == DisputeKind.TRACE else 0
    _close(ctx, dispute, DisputeStatus.UPHELD, slashed)
    conclude(ctx, dispute.job_id)


def _slash_checker(ctx: Context, dispute: Dispute) -> int:
    unit, asserter_fees = plays.unit_of(ctx.store, dispute), 0
    for found in plays.plays_of(ctx.store, dispute.dispute_id):
        asserter_fees += found.asserter_fees
    bond, number = unit.terms.bond, dispute.dispute_id
    sure = registry.pay(ctx, number, dispute.challenger, jobs.TREASURY, loss(bond), PaymentReason.FORFEIT)
    purse = _Purse(ctx, number, dispute.challenger, bond - loss(bond))
    purse.pay(dispute.asserter, min(asserter_fees, rates.params(ctx.store).dispute_fee), PaymentReason.MOVES)
    purse.pay(jobs.TREASURY, purse.left, PaymentReason.REMAINDER)
    epochs.convict_check(ctx, jobs.key_of(unit), dispute.challenger)
    return sure + purse.taken


def end_quiet(ctx: Context, dispute: Dispute) -> None:
    """End a dispute against whose unit no line can be opened any more; with open lines it waits for them."""
    last = clocks.lines_end(dispute, plays.pauses(ctx.store))
    if dispute.num_open_lines:
        # The last of them to end looks again.
        _wait(ctx, dispute, max(last, ctx.block.height) + 2 * plays.params(ctx.store).clock_blocks)
    elif ctx.block.height <= last:
        _wait(ctx, dispute, last + 1)
    else:
        _uphold(ctx, dispute)


def _close(ctx: Context, dispute: Dispute, status: DisputeStatus, slashed: int) -> Dispute:
    for number in range(dispute.num_lines if dispute.num_open_lines else 0):
        found = plays.play(ctx.store, dispute.dispute_id, number)
        if found.status == PlayStatus.OPEN:
            plays.end(ctx, dispute, found, PlayStatus.ENDED)
    if dispute.kind == DisputeKind.CHALLENGE:
        CHALLENGES.remove(ctx.store, (dispute.challenger, dispute.dispute_id))
        if not dispute.num_lines:
            workers.release(ctx, dispute.challenger, dispute.deposit)
    return registry.close(ctx, dispute, status, slashed)


# Jobs


def conclude_due(ctx: Context) -> None:
    """Look again at jobs that waited for their checkers, at most `CONCLUSIONS_PER_BLOCK`, the longest wait first."""
    due = list(islice(CONCLUSIONS.keys(ctx.store, end=U64.pack(ctx.block.height + 1)), CONCLUSIONS_PER_BLOCK))
    for key in due:
        CONCLUSIONS.remove(ctx.store, key)
        found = jobs.find_job(ctx.store, key[1])
        if found is not None and found.status in jobs.FROZEN:
            conclude(ctx, key[1])


def conclude(ctx: Context, job_id: int) -> None:
    """Once a job's last dispute is over, and its checkers have spoken or may not any more: judge, then run it again,
    go on with it, or give the requester everything back."""
    job = jobs.job(ctx.store, job_id)
    _conclude(ctx, job, list(disputes_of_attempt(ctx.store, job)))


def _conclude(ctx: Context, job: Job, ended: list[Dispute]) -> None:
    if not ended or any(found.status == DisputeStatus.OPEN for found in ended):
        return
    is_owed = next(OWED.keys(ctx.store, prefix=U64.pack(job.job_id)), None) is not None
    if is_owed or not sampling.is_judged(ctx, job):
        CONCLUSIONS.add(ctx.store, (ctx.block.height + 1, job.job_id))
        return
    _punish(ctx, job)
    ended = list(disputes_of_attempt(ctx.store, job))
    for found in ended:
        registry.archive_closed(ctx, found)
    statuses = {found.status for found in ended}
    is_convicted = DisputeStatus.REFUTED in statuses or any(
        found.status == DisputeStatus.VOID and found.slashed for found in ended
    )
    is_frozen = models.model(ctx.store, job.model_root).is_frozen
    if is_convicted and job.status in jobs.SETTLED:
        sampling.conclude_late(ctx, job.job_id)
        stages = [found.guilt.stage for found in ended if found.guilt is not None]
        jobs.refute_late(ctx, job.job_id, stages[0])
    elif job.status in jobs.SETTLED:
        _resume(ctx, job)
    elif is_convicted and not is_frozen and job.attempt + 1 < plays.params(ctx.store).max_attempts:
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
    reasons = (PaymentReason.FORFEIT, PaymentReason.CONFIRMATION, PaymentReason.MISMATCH)
    payments = [one for found in ended for one in registry.payments_of(store, found.dispute_id)]
    return {one.payer for one in payments if one.reason in reasons}


def _resume(ctx: Context, job: Job) -> None:
    unopened = {found.stage for found in disputes_of_attempt(ctx.store, job) if found.status == DisputeStatus.OPENED}
    for unit in jobs.units_of(ctx.store, job):
        check = sampling.find_check(ctx.store, jobs.key_of(unit))
        if check is not None and check.phase == CheckPhase.DISPUTED:
            sampling.finish(ctx, jobs.key_of(unit), is_opened=unit.stage not in unopened)
    jobs.resume(ctx, job)
    late.settle(ctx, job.job_id)


def retire(ctx: Context, ended: list[Dispute], height: int) -> None:
    """Have disputes deleted, with their lines and payments, from `height` on."""
    for found in ended:
        archive.retire(ctx, height, "disputes", registry.prefixes(found))
