"""The verbs of rounds and checks: draw, commit, reveal, open, conclude.

Invariants: a unit in a window stands in `PHASE_ENDS` once, at the window's last height; a committed check holds S of
its checker's bond until the unit is concluded.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from chain.context import Context
from chain.crypto import ranges
from chain.crypto.hashing import round_alpha, unit_id
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UNIT_KEY, UnitKey
from chain.modules.jobs.types import CloseReason, Job, RecordKind, Unit
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import second_rate
from chain.modules.sampling import epochs, late, measures, penalties, rules
from chain.modules.sampling.eligibility import find_eligible
from chain.modules.sampling.genesis import validate_params
from chain.modules.sampling.state import (
    BY_CHECKER,
    CHECKS,
    COMMITS,
    EARLIER,
    MISMATCHES,
    PARAMS,
    PHASE_ENDS,
    ROUND_UNITS,
    ROUNDS,
    SILENT,
)
from chain.modules.sampling.types import (
    CheckCommit,
    CheckOutcome,
    CheckPhase,
    ConcludedCheck,
    Mismatch,
    Params,
    PenaltyReason,
    Round,
    Snapshot,
    UnitCheck,
)
from chain.modules.workers import keeper as workers
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

SEALED = (CheckPhase.DRAWING, CheckPhase.COMMIT, CheckPhase.DRAWING_AGAIN, CheckPhase.COMMIT_AGAIN)
"""Phases in which checks of a unit may still be committed: nothing about it may be opened."""
MAX_ROUND_JOBS = 1_024
"""Jobs looked at in one close; the rest wait for the next round."""


def params(store: Reader) -> Params:
    """Return the parameters."""
    return PARAMS.load(store)


def save_params(ctx: Context, value: Params) -> None:
    """Replace the parameters; expected checks may take a quarter of the time there is to commit to them.

    Raises: ValueError if a bond could leave before everything it backs is over.
    """
    validate_params(ctx.store, value)
    PARAMS.save(ctx.store, value)
    rates.save_check_window(ctx, max(1, value.commit_blocks // 4))


# Reading


def find_check(store: Reader, key: UnitKey) -> UnitCheck | None:
    """Return a unit's check, or None before its round closes."""
    return CHECKS.find(store, key)


def check(store: Reader, key: UnitKey) -> UnitCheck:
    """Return a unit's check. Raises: Rejected: WINDOW_CLOSED before its round closes."""
    found = CHECKS.find(store, key)
    if found is None:
        raise Rejected(Code.WINDOW_CLOSED, "the unit is in no round: its job is not complete, or was closed long ago")
    return found


def find_commit(store: Reader, key: UnitKey, checker: bytes) -> CheckCommit | None:
    """Return a checker's commitment to a unit, or None."""
    return COMMITS.find(store, (key, checker))


def commits(store: Reader, key: UnitKey) -> Iterator[CheckCommit]:
    """Yield a unit's commitments in checker order, those to its earlier draw as well."""
    yield from late.commits_of(store, key)


def own_commits(store: Reader, key: UnitKey, found: UnitCheck) -> Iterator[CheckCommit]:
    """Yield the commitments to one of a unit's draws: those to the one before settlement are not a late one's."""
    return (commit for commit in commits(store, key) if commit.commit_height > found.late_height)


def find_earlier(store: Reader, key: UnitKey) -> UnitCheck | None:
    """Return the draw before settlement of a unit that was drawn late, or None."""
    return EARLIER.find(store, key)


def check_in_round(store: Reader, key: UnitKey, index: int) -> UnitCheck | None:
    """Return a unit's check as it was drawn in a round."""
    earlier = EARLIER.find(store, key)
    return earlier if earlier is not None and earlier.round_index == index else CHECKS.find(store, key)


def find_round(store: Reader, index: int) -> Round | None:
    """Return a round, or None if it had no units."""
    return ROUNDS.find(store, index)


def round_units(store: Reader, index: int) -> Iterator[UnitKey]:
    """Yield the units of a round."""
    for _, key in ROUND_UNITS.keys(store, prefix=U64.pack(index)):
        yield key


def units_of_epoch(store: Reader, epoch: int, cursor: bytes = b"") -> Iterator[tuple[int, UnitKey]]:
    """Yield (round, unit) of everything drawn in an epoch, behind a `cursor_of`."""
    drawn = rules.rounds_of(params(store), epoch)
    first, end = U64.pack(drawn.start), U64.pack(drawn.stop)
    yield from ROUND_UNITS.keys(store, start=max(first, cursor + b"\x00" if cursor else b""), end=end)


def cursor_of(index: int, key: UnitKey) -> bytes:
    """Return the place of a unit among those drawn."""
    return ROUND_UNITS.key_part.pack((index, key))


def open_units(store: Reader) -> Iterator[UnitKey]:
    """Yield the units in a window, by its end."""
    for _, key in PHASE_ENDS.keys(store):
        yield key


def open_commits(store: Reader, checker: bytes) -> Iterator[UnitKey]:
    """Yield the units to which a checker has committed without an outcome yet."""
    for _, (_, key) in BY_CHECKER.keys(store, prefix=ADDRESS.pack(checker)):
        yield key


# Rounds


def close_round(ctx: Context) -> None:
    """Take complete jobs into the round that closes now, as far as their units can be checked safely."""
    values, close = params(ctx.store), ctx.block.height
    epoch, index = rules.epoch_of(values, close), close // values.round_blocks
    taken = epochs.find_snapshot(ctx.store, epoch)
    seals: list[bytes] = []
    models: dict[bytes, list[rules.Candidate]] = {}
    for job in list(islice(jobs.complete_jobs(ctx.store), MAX_ROUND_JOBS)):
        units = jobs.units_of(ctx.store, job)
        drawn = None if taken is None else find_eligible(ctx.store, taken, models, job, units)
        if taken is not None and drawn is not None:
            seals += _begin_checks(ctx, job, index, taken, drawn)
        elif close > job.expiry_height + values.epoch_blocks + values.round_blocks:
            jobs.refund(ctx, job, CloseReason.NO_CHECKERS)
    seals += [unit.seal for unit in late.draw_waiting(ctx, taken, models, index)]
    if not seals:
        return
    root = ranges.tree_root([ranges.leaf_hash(seal) for seal in seals])
    end = rules.commit_end(values, close)
    ROUNDS.save(ctx.store, index, Round(index, close, epoch, b"", root, end, len(seals), len(seals)))
    epochs.count_units(ctx, epoch, len(seals))
    ctx.emit("RoundClosed", round=index, num_units=len(seals), results_root=root.hex())


def _begin_checks(ctx: Context, job: Job, index: int, taken: Snapshot, drawn: list[rules.Eligible]) -> list[bytes]:
    values = params(ctx.store)
    keep_until = rules.proofs_until(values, taken.epoch) + epochs.JUDGING_BLOCKS
    late_until = rules.late_until(values, taken.epoch)
    jobs.begin_checks(ctx, job, index, [found.count for found in drawn], keep_until, late_until)
    seals: list[bytes] = []
    for unit, found in zip(jobs.units_of(ctx.store, job), drawn, strict=True):
        key = jobs.key_of(unit)
        drawn_from = [entry for position, entry in enumerate(taken.entries) if rules.has_bit(found.bitmap, position)]
        weights = [entry.weight for entry in drawn_from]
        begun = UnitCheck(
            job_id=unit.job_id,
            attempt=unit.attempt,
            stage=unit.stage,
            unit=unit_id(ctx.block.chain, unit.job_id, unit.attempt, unit.stage),
            round_index=index,
            epoch=taken.epoch,
            eligible=found.bitmap,
            total_weight=found.total_weight,
            phase=CheckPhase.DRAWING,
            phase_end=ctx.block.height + rules.BEACON_DELAY,
            num_commits=0,
            num_reveals=0,
            is_equal=True,
            second_pay=measures.expected_pay(unit, second_rate(unit.terms), weights, found.total_weight),
        )
        _enter(ctx, key, begun)
        ROUND_UNITS.add(ctx.store, (index, key))
        seals.append(unit.seal)
        measures.expect(
            ctx, unit, taken.epoch, measures.expected_pay(unit, unit.terms.rate, weights, found.total_weight)
        )
        for entry in drawn_from:
            epochs.owe_proof(ctx, taken.epoch, entry.operator)
    return seals


def _enter(ctx: Context, key: UnitKey, changed: UnitCheck) -> None:
    """Write a unit's check at the beginning of a window."""
    CHECKS.save(ctx.store, key, changed)
    PHASE_ENDS.add(ctx.store, (changed.phase_end, key))


def end_phases(ctx: Context) -> None:
    """Lead every unit whose window ends with this block into its next one."""
    for entry in list(PHASE_ENDS.keys(ctx.store, end=U64.pack(ctx.block.height + 1))):
        PHASE_ENDS.remove(ctx.store, entry)
        key = entry[1]
        found = CHECKS.find(ctx.store, key)
        if found is None:
            raise InvariantBroken(f"unit {key} is in a window and has no check")
        if found.phase == CheckPhase.DRAWING:
            _begin_commits(ctx, key, found)
        elif found.phase == CheckPhase.COMMIT and found.num_commits and not found.late_height:
            _move(ctx, key, found, CheckPhase.DRAWING_AGAIN, rules.BEACON_DELAY)
        elif found.phase == CheckPhase.DRAWING_AGAIN:
            _begin_second_commits(ctx, key, found)
        elif found.phase == CheckPhase.COMMIT_AGAIN or (found.phase == CheckPhase.COMMIT and found.num_commits):
            _move(ctx, key, found, CheckPhase.REVEAL, params(ctx.store).reveal_blocks)
        elif found.phase == CheckPhase.REVEAL and found.num_reveals:
            _move(ctx, key, found, CheckPhase.OPEN, params(ctx.store).open_blocks)
        elif found.phase == CheckPhase.OPEN:
            _end_open(ctx, key)
        elif found.phase in (CheckPhase.COMMIT, CheckPhase.REVEAL):
            finish(ctx, key, is_opened=True)


def _round_of(store: Reader, key: UnitKey, found: UnitCheck) -> Round:
    taken = ROUNDS.find(store, found.round_index)
    if taken is None:
        raise InvariantBroken(f"unit {key} is in no round")
    return taken


def _begin_commits(ctx: Context, key: UnitKey, found: UnitCheck) -> None:
    taken = _round_of(ctx.store, key, found)
    if not taken.alpha:
        value = beacon.latest(ctx.store).value
        alpha = round_alpha(ctx.block.chain, taken.index, value)
        ROUNDS.save(ctx.store, taken.index, replace(taken, alpha=alpha, beacon=value))
        ctx.emit("RoundDrawn", round=taken.index, alpha=alpha.hex())
    _move(ctx, key, found, CheckPhase.COMMIT, params(ctx.store).commit_blocks)


def _begin_second_commits(ctx: Context, key: UnitKey, found: UnitCheck) -> None:
    """Draw the unit again before anything is revealed, so that to bribe those who were drawn first is of no use."""
    taken, blocks = _round_of(ctx.store, key, found), params(ctx.store).commit_blocks
    if not taken.second_alpha:
        value = beacon.latest(ctx.store).value
        alpha = round_alpha(ctx.block.chain, taken.index, value)
        end = ctx.block.height + blocks
        ROUNDS.save(ctx.store, taken.index, replace(taken, second_alpha=alpha, second_beacon=value, second_end=end))
        ctx.emit("RoundDrawnAgain", round=taken.index, alpha=alpha.hex())
    _move(ctx, key, found, CheckPhase.COMMIT_AGAIN, blocks)
    unit = jobs.unit(ctx.store, key)
    places = [epochs.find_place(ctx.store, found.epoch, commit.checker) for commit in commits(ctx.store, key)]
    weights = [place.entry.weight for place in places if place is not None]
    spared = measures.expected_pay(unit, second_rate(unit.terms), weights, found.total_weight)
    measures.expect(ctx, unit, found.epoch, max(0, found.second_pay - spared))


def _move(ctx: Context, key: UnitKey, found: UnitCheck, phase: CheckPhase, blocks: int) -> None:
    _enter(ctx, key, replace(found, phase=phase, phase_end=ctx.block.height + blocks))


def _end_open(ctx: Context, key: UnitKey) -> None:
    """End the window in which an asserter opens its seal."""
    unit = jobs.unit(ctx.store, key)
    if unit.body_root:  # a dispute's first move has opened it
        finish(ctx, key, is_opened=True)
        return
    SILENT.add(ctx.store, key)
    ctx.emit("UnitUnopened", job_id=unit.job_id, attempt=unit.attempt, stage=unit.stage)


def take_silent(ctx: Context) -> list[UnitKey]:
    """Take out the units whose asserters did not open in this block's end of their window."""
    found = list(SILENT.keys(ctx.store))
    for key in found:
        SILENT.remove(ctx.store, key)
    return found


def freeze_silent(ctx: Context, key: UnitKey) -> None:
    """Hold the money of a unit whose asserter is asked to open its seal once more."""
    CHECKS.save(ctx.store, key, replace(check(ctx.store, key), phase=CheckPhase.DISPUTED))
    jobs.dispute_unit(ctx, key)


def forfeit_silent(ctx: Context, key: UnitKey) -> None:
    """End a unit whose asserter did not open and cannot be asked again: R goes to the treasury."""
    unit = jobs.unit(ctx.store, key)
    penalties.take(ctx, unit.operator, jobs.TREASURY, unit.terms.fee, PenaltyReason.UNOPENED_SEAL, key)
    finish(ctx, key, is_opened=False)


# Checks


def record_commit(ctx: Context, key: UnitKey, found: UnitCheck, checker: bytes, seal: bytes, bond: int) -> None:
    """Write a commitment and let the checker's bond back it. Raises: Rejected: BOND_TOO_SMALL."""
    workers.reserve(ctx, checker, bond)
    commit = CheckCommit(checker, seal, ctx.block.height, b"", b"", b"", 0, CheckOutcome.PENDING)
    COMMITS.save(ctx.store, (key, checker), commit)
    BY_CHECKER.add(ctx.store, (checker, (found.epoch, key)))
    CHECKS.save(ctx.store, key, replace(found, num_commits=found.num_commits + 1))


def record_reveal(ctx: Context, unit: Unit, found: UnitCheck, commit: CheckCommit) -> None:
    """Write an opened check. A difference disputes the unit; the last reveal ends the window.

    body_root is compared as soon as the asserter's is known: a dispute may have opened its seal already.
    """
    key = jobs.key_of(unit)
    is_equal = commit.out_root == unit.out_root and unit.body_root in (b"", commit.body_root)
    outcome = CheckOutcome.EQUAL if is_equal else CheckOutcome.DIFFERENT
    COMMITS.save(ctx.store, (key, commit.checker), replace(commit, outcome=outcome))
    changed = replace(found, num_reveals=found.num_reveals + 1, is_equal=found.is_equal and is_equal)
    CHECKS.save(ctx.store, key, changed)
    if not is_equal:
        _dispute(ctx, key, changed, commit.checker)
    elif changed.phase == CheckPhase.REVEAL and changed.num_reveals == changed.num_commits:
        PHASE_ENDS.remove(ctx.store, (changed.phase_end, key))
        _move(ctx, key, changed, CheckPhase.OPEN, params(ctx.store).open_blocks)


def record_opening(ctx: Context, unit: Unit, found: UnitCheck, salt: bytes, body_root: bytes) -> bool:
    """Write the asserter's opened seal and return whether every reveal agrees; if not, the unit is disputed."""
    key = jobs.key_of(unit)
    jobs.record_opening(ctx, unit, salt, body_root)
    PHASE_ENDS.remove(ctx.store, (found.phase_end, key))
    differing = [commit for commit in commits(ctx.store, key) if commit.reveal_height and commit.body_root != body_root]
    for commit in differing:
        COMMITS.save(ctx.store, (key, commit.checker), replace(commit, outcome=CheckOutcome.DIFFERENT))
        changed = replace(found, is_equal=False, phase_end=ctx.block.height)
        _dispute(ctx, key, changed, commit.checker)
    if not differing:
        finish(ctx, key, is_opened=True)
    return not differing


def compare_bodies(ctx: Context, key: UnitKey) -> None:
    """Dispute a unit for every reveal that a seal, opened by a dispute's first move, shows to differ after all."""
    found, unit = check(ctx.store, key), jobs.unit(ctx.store, key)
    if found.phase == CheckPhase.DONE:
        return
    for commit in list(commits(ctx.store, key)):
        if commit.outcome != CheckOutcome.EQUAL or commit.body_root == unit.body_root:
            continue
        COMMITS.save(ctx.store, (key, commit.checker), replace(commit, outcome=CheckOutcome.DIFFERENT))
        is_open = found.phase == CheckPhase.OPEN  # nobody may reveal any more
        changed = replace(found, is_equal=False, phase_end=ctx.block.height if is_open else found.phase_end)
        PHASE_ENDS.remove(ctx.store, (found.phase_end, key))
        _dispute(ctx, key, changed, commit.checker)
        found = check(ctx.store, key)


def excuse(ctx: Context, key: UnitKey) -> None:
    """Note that nobody owed a check of a unit, for its input was not to be had."""
    for kept in (CHECKS, EARLIER):
        found = kept.find(ctx.store, key)
        if found is not None:
            kept.save(ctx.store, key, replace(found, is_excused=True))


def is_judged(ctx: Context, job: Job) -> bool:
    """Say whether no checker can say anything more about a job's present attempt."""
    for unit in jobs.units_of(ctx.store, job):
        key = jobs.key_of(unit)
        found = find_check(ctx.store, key)
        if found is None or found.phase == CheckPhase.DONE:
            continue
        is_awaited = found.num_reveals < found.num_commits and ctx.block.height <= found.phase_end
        if found.phase != CheckPhase.DISPUTED or is_awaited:
            return False
    return next(MISMATCHES.items(ctx.store, prefix=U64.pack(job.job_id)), None) is None


def _dispute(ctx: Context, key: UnitKey, found: UnitCheck, checker: bytes) -> None:
    """Freeze a unit whose answers differ; checkers may still reveal until their window's last height."""
    CHECKS.save(ctx.store, key, replace(found, phase=CheckPhase.DISPUTED))
    PHASE_ENDS.remove(ctx.store, (found.phase_end, key))
    jobs.dispute_unit(ctx, key)
    MISMATCHES.save(ctx.store, (key, checker), Mismatch(key[0], *key[1], checker))


def take_mismatches(ctx: Context) -> list[Mismatch]:
    """Take out the mismatches that this block found."""
    found = list(MISMATCHES.items(ctx.store))
    for key, _ in found:
        MISMATCHES.remove(ctx.store, key)
    return [mismatch for _, mismatch in found]


def finish(ctx: Context, key: UnitKey, *, is_opened: bool) -> None:
    """Make a unit final."""
    jobs.finish_unit(ctx, key, is_opened)
    conclude(ctx, key)
    late.settle(ctx, key[0])


def conclude(ctx: Context, key: UnitKey) -> None:
    """End a unit's windows: checkers' bonds are free, their outcomes are judged, the check is archived."""
    found = check(ctx.store, key)
    done = replace(found, phase=CheckPhase.DONE)
    CHECKS.save(ctx.store, key, done)
    PHASE_ENDS.remove(ctx.store, (found.phase_end, key))
    bond = jobs.unit(ctx.store, key).terms.bond
    for commit in list(own_commits(ctx.store, key, found)):
        workers.release(ctx, commit.checker, bond)
        epochs.judge_check(ctx, key, commit.checker)
    record_id = UNIT_KEY.pack(key) + (U64.pack(found.late_height) if found.late_height else b"")
    concluded = ConcludedCheck(done, tuple(own_commits(ctx.store, key, done)))
    archive.append(ctx, RecordKind.CHECK, record_id, concluded)
    if found.late_height:
        late.release(ctx, key)
    taken = _round_of(ctx.store, key, found)
    left = replace(taken, num_open=taken.num_open - 1)
    ROUNDS.save(ctx.store, left.index, left)
    if not left.num_open:
        archive.append(ctx, RecordKind.ROUND, U64.pack(left.index), left)


def conclude_job(ctx: Context, job: Job) -> None:
    """End what is left of a closed job's windows, and have its checks deleted with it."""
    for unit in jobs.units_of(ctx.store, job):
        found = find_check(ctx.store, jobs.key_of(unit))
        if found is not None and found.phase != CheckPhase.DONE:
            conclude(ctx, jobs.key_of(unit))
    archive.retire(ctx, jobs.deleted_height(ctx.store, job), "sampling", late.garbage_of(job.job_id))


def conclude_late(ctx: Context, job_id: int) -> None:
    """End all late draws of a job of which one has convicted a unit."""
    for key, waiting in list(late.of_job(ctx.store, job_id)):
        if waiting.queued_height:
            late.release(ctx, key)
        else:
            conclude(ctx, key)
