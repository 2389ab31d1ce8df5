"""The verbs of epochs: snapshot, beacon, proofs, and the pay of proven checks."""

from collections.abc import Iterator
from dataclasses import replace

from chain.context import Context
from chain.crypto import vrf
from chain.crypto.hashing import epoch_input
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.bank import keeper as bank
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UNIT_KEY, UnitKey
from chain.modules.jobs.types import RecordKind, Unit, UnitStatus
from chain.modules.sampling import measures, penalties, rules
from chain.modules.sampling.state import (
    BY_CHECKER,
    CANARY_BEACONS,
    CHECKS,
    COMMITS,
    EPOCH_ENDS,
    PARAMS,
    PAYMENT_NUMBER,
    PAYMENTS,
    PLACES,
    PROOFS,
    PROVEN,
    ROUND_UNITS,
    ROUNDS,
    SNAPSHOTS,
)
from chain.modules.sampling.types import (
    CheckCommit,
    CheckOutcome,
    CheckPhase,
    ConcludedEpoch,
    EpochProof,
    Payment,
    PenaltyReason,
    Snapshot,
    SnapshotEntry,
    SnapshotPlace,
)
from chain.modules.workers import keeper as workers
from chain.modules.workers import penalties as bonds
from chain.modules.workers.rules import is_active, weight
from chain.modules.workers.types import Role
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

JUDGED = (CheckOutcome.UNREVEALED, CheckOutcome.PAID, CheckOutcome.NO_TICKET, CheckOutcome.FALSE)
"""Outcomes that nothing changes any more."""
JUDGED_PER_BLOCK = 256
"""Commitments of opened proofs judged in one block, beside those a message judges at once."""
JUDGED_PER_MESSAGE = 64
"""The rest follows in the end hooks of this block and the next ones."""
JUDGING_BLOCKS = 64
"""How long after its proof window the checks of an epoch can still be judged."""


def find_snapshot(store: Reader, epoch: int) -> Snapshot | None:
    """Return an epoch's snapshot with all its entries, or None."""
    found = SNAPSHOTS.find(store, epoch)
    if found is None:
        return None
    places = PLACES.items(store, prefix=U64.pack(epoch))
    return replace(found, entries=tuple(place.entry for _, place in places))


def find_head(store: Reader, epoch: int) -> Snapshot | None:
    """Return an epoch's snapshot without its entries, or None."""
    return SNAPSHOTS.find(store, epoch)


def head(store: Reader, epoch: int) -> Snapshot:
    """Return the snapshot of an epoch whose units are in state, without its entries."""
    found = SNAPSHOTS.find(store, epoch)
    if found is None:
        raise InvariantBroken(f"epoch {epoch} has units and no snapshot")
    return found


def find_place(store: Reader, epoch: int, operator: bytes) -> SnapshotPlace | None:
    """Return a worker's place in an epoch's snapshot, or None."""
    return PLACES.find(store, (epoch, operator))


def take_snapshot(ctx: Context, epoch: int) -> None:
    """Write down who works in an epoch; the epoch before is forgotten if nothing was drawn in it."""
    workers.rotate_vrf_keys(ctx)
    workers.begin_epoch(ctx)
    entries: list[SnapshotEntry] = []
    for worker in workers.workers(ctx.store):
        if is_active(worker):
            models = [
                entry.model_root
                for entry in workers.enrollments_of(ctx.store, worker.operator)
                if entry.role == Role.CHECK
            ]
            entry = SnapshotEntry(
                worker.operator, worker.hot_address, worker.keys.vrf_key, weight(worker), tuple(models)
            )
            PLACES.save(ctx.store, (epoch, worker.operator), SnapshotPlace(len(entries), entry))
            entries.append(entry)
    measures.record_weights(ctx, entries)
    SNAPSHOTS.save(ctx.store, epoch, Snapshot(epoch, ctx.block.height, ()))
    ctx.emit("EpochBegun", epoch=epoch, num_workers=len(entries))
    previous = find_head(ctx.store, epoch - 1) if epoch else None
    if previous is not None and not previous.num_units:
        archive.retire(ctx, ctx.block.height + 1, "sampling", _snapshot_prefixes(epoch - 1))


def _snapshot_prefixes(epoch: int) -> tuple[bytes, ...]:
    return SNAPSHOTS.path(epoch), PLACES.prefix + U64.pack(epoch), CANARY_BEACONS.path(epoch)


def record_beacon(ctx: Context, epoch: int) -> None:
    """Keep the beacon that this epoch's VRFs answer."""
    found = find_head(ctx.store, epoch)
    if found is not None:
        SNAPSHOTS.save(ctx.store, epoch, replace(found, beacon=beacon.latest(ctx.store).value))


def count_units(ctx: Context, epoch: int, num_units: int) -> None:
    """Note that units were drawn in an epoch, so that it has a proof window."""
    found = head(ctx.store, epoch)
    if not found.num_units:
        EPOCH_ENDS.add(ctx.store, (rules.proofs_until(PARAMS.load(ctx.store), epoch), epoch))
    SNAPSHOTS.save(ctx.store, epoch, replace(found, num_units=found.num_units + num_units))


def owe_proof(ctx: Context, epoch: int, operator: bytes) -> None:
    """Make an eligible checker owe its proof, once an epoch; its bond stays until it is opened."""
    if not PROOFS.has(ctx.store, (epoch, operator)):
        PROOFS.save(ctx.store, (epoch, operator), EpochProof(operator, epoch, b"", True, 0))
        workers.hold(ctx, operator)


def find_proof(store: Reader, epoch: int, operator: bytes) -> EpochProof | None:
    """Return what a worker owes or has opened for an epoch, or None."""
    return PROOFS.find(store, (epoch, operator))


def proofs(store: Reader, epoch: int) -> Iterator[EpochProof]:
    """Yield the proofs of an epoch in operator order."""
    for _, found in PROOFS.items(store, prefix=U64.pack(epoch)):
        yield found


def proof_epochs(store: Reader) -> Iterator[int]:
    """Yield the epochs with units whose proof window is not over."""
    for _, epoch in EPOCH_ENDS.keys(store):
        yield epoch


def open_proof(ctx: Context, owed: EpochProof, proof: bytes) -> tuple[int, int]:
    """Take a proof and judge what it proves; returns how many checks were paid, and their pay.

    Raises: Rejected: INVALID_PROOF.
    """
    taken = head(ctx.store, owed.epoch)
    found = find_place(ctx.store, owed.epoch, owed.operator)
    if found is None:
        raise InvariantBroken(f"{owed.operator.hex()} owes a proof for epoch {owed.epoch} without being in it")
    alpha = epoch_input(ctx.block.chain, owed.operator, owed.epoch, taken.beacon)
    beta = vrf.verify(found.entry.vrf_key, alpha, proof)
    if beta is None:
        raise Rejected(Code.INVALID_PROOF, "the proof is not that of the worker's VRF key for the epoch's beacon")
    opened = replace(owed, proof=proof, is_due=False, height=ctx.block.height, beta=beta)
    PROOFS.save(ctx.store, (owed.epoch, owed.operator), opened)
    workers.unhold(ctx, owed.operator)
    return _judge_proven(ctx, opened, JUDGED_PER_MESSAGE)[1:]


def judge_proven(ctx: Context) -> None:
    """Judge commitments of opened proofs that no message had room for, in order of epoch and operator."""
    left = JUDGED_PER_BLOCK
    for key in list(PROVEN.keys(ctx.store)):
        if left <= 0:
            return
        opened = PROOFS.find(ctx.store, key)
        if opened is None:
            PROVEN.remove(ctx.store, key)
            continue
        left -= _judge_proven(ctx, opened, left)[0]


def _judge_proven(ctx: Context, opened: EpochProof, limit: int) -> tuple[int, int, int]:
    """Return how many commitments were judged, how many of them were paid, and their pay."""
    judged = paid = amount = 0
    prefix = ADDRESS.pack(opened.operator) + U64.pack(opened.epoch)
    for _, (_, key) in BY_CHECKER.keys(ctx.store, prefix=prefix):
        if judged == limit:
            PROVEN.add(ctx.store, (opened.epoch, opened.operator))
            return judged, paid, amount
        if CHECKS.find(ctx.store, key) is None:
            continue
        judged += 1
        pay = judge_check(ctx, key, opened.operator)
        if pay:
            paid, amount = paid + 1, amount + pay
    PROVEN.remove(ctx.store, (opened.epoch, opened.operator))
    return judged, paid, amount


def judge_check(ctx: Context, key: UnitKey, checker: bytes) -> int:
    """Give a commitment its outcome if it can have one, and return its pay.

    Nothing happens before the unit's windows are over, and a revealed check waits for its checker's epoch proof.
    """
    check = CHECKS.find(ctx.store, key)
    commit = COMMITS.find(ctx.store, (key, checker))
    if check is None or commit is None or check.phase != CheckPhase.DONE or commit.outcome in JUDGED:
        return 0
    unit = jobs.find_unit(ctx.store, key)
    if unit is None:
        return 0
    if not commit.reveal_height:
        _conclude_commit(ctx, key, check.epoch, replace(commit, outcome=CheckOutcome.UNREVEALED))
        _punish(ctx, unit, checker, is_silent=True)
        return 0
    proof = PROOFS.find(ctx.store, (check.epoch, checker))
    if proof is None or not proof.beta:
        return 0
    taken = ROUNDS.find(ctx.store, check.round_index)
    found = find_place(ctx.store, check.epoch, checker)
    if taken is None or found is None:
        raise InvariantBroken(f"the draw of unit {key} is gone")
    terms = unit.terms
    look = rules.looks(taken, check, terms)[rules.look_of(taken, commit.commit_height)]
    if not rules.is_winning(look, proof.beta, check.unit, found.entry.weight, check.total_weight):
        # Whoever was drawn for a later unit and found this one false needed no ticket to say so.
        was_right = unit.status == UnitStatus.REFUTED and commit.outcome == CheckOutcome.DIFFERENT
        _conclude_commit(ctx, key, check.epoch, replace(commit, outcome=CheckOutcome.NO_TICKET))
        if not was_right:
            _punish(ctx, unit, checker, is_silent=False)
        return 0
    others = [found for _, found in COMMITS.items(ctx.store, prefix=UNIT_KEY.pack(key)) if found.checker != checker]
    measures.count(ctx, check.epoch, unit, commit, others)
    _conclude_commit(ctx, key, check.epoch, replace(commit, outcome=CheckOutcome.PAID))
    pay = jobs.check_pay(ctx.store, unit)
    _pay(ctx, Payment(checker, pay, *_flat(key)))
    return pay


def convict_check(ctx: Context, key: UnitKey, checker: bytes) -> None:
    """Give a false check its outcome: it is not paid, whatever its ticket says."""
    check, commit = CHECKS.find(ctx.store, key), COMMITS.find(ctx.store, (key, checker))
    if check is not None and commit is not None and commit.outcome != CheckOutcome.PAID:
        _conclude_commit(ctx, key, check.epoch, replace(commit, outcome=CheckOutcome.FALSE))


def _punish(ctx: Context, unit: Unit, checker: bytes, *, is_silent: bool) -> None:
    """Take what a commitment without opening (`is_silent`), or one without a winning ticket, costs."""
    amount, reason = rules.absence_penalty(unit.terms), PenaltyReason.NO_TICKET
    if is_silent and unit.status == UnitStatus.REFUTED:
        amount, reason = unit.terms.bond, PenaltyReason.COMPLICITY
    elif is_silent:
        reason = PenaltyReason.UNREVEALED
    penalties.take(ctx, checker, jobs.TREASURY, amount, reason, jobs.key_of(unit))


def _flat(key: UnitKey) -> tuple[int, int, int]:
    return key[0], key[1][0], key[1][1]


def _conclude_commit(ctx: Context, key: UnitKey, epoch: int, commit: CheckCommit) -> None:
    COMMITS.save(ctx.store, (key, commit.checker), commit)
    BY_CHECKER.remove(ctx.store, (commit.checker, (epoch, key)))


def _pay(ctx: Context, payment: Payment) -> None:
    """Pay from the pool, or queue behind others that a short pool keeps waiting."""
    is_first = next(PAYMENTS.items(ctx.store), None) is None
    if is_first and bank.balance(ctx.store, jobs.CHECK_POOL) >= payment.amount:
        _pay_now(ctx, payment)
    else:
        PAYMENTS.save(ctx.store, PAYMENT_NUMBER.take(ctx.store), payment)


def _pay_now(ctx: Context, payment: Payment) -> None:
    bank.transfer(ctx, jobs.CHECK_POOL, payment.recipient, payment.amount)
    ctx.emit(
        "CheckPaid",
        checker=payment.recipient.hex(),
        job_id=payment.job_id,
        attempt=payment.attempt,
        stage=payment.stage,
        amount=payment.amount,
    )


def pay_waiting(ctx: Context) -> None:
    """Pay those who wait, first come first served, as far as the pool goes."""
    due: list[tuple[int, Payment]] = []
    left = bank.balance(ctx.store, jobs.CHECK_POOL)
    for number, payment in PAYMENTS.items(ctx.store):
        if payment.amount > left or len(due) == JUDGED_PER_BLOCK:
            break
        left -= payment.amount
        due.append((number, payment))
    for number, payment in due:
        PAYMENTS.remove(ctx.store, number)
        _pay_now(ctx, payment)


def num_waiting(store: Reader) -> int:
    """Return how many payments wait for money."""
    return sum(1 for _ in PAYMENTS.items(store))


def conclude_epochs(ctx: Context) -> None:
    """Archive epochs whose proof window is over, and have their records deleted later; no proof, no bond."""
    for key in list(EPOCH_ENDS.keys(ctx.store, end=U64.pack(ctx.block.height + 1))):
        EPOCH_ENDS.remove(ctx.store, key)
        epoch = key[1]
        found, owed = find_snapshot(ctx.store, epoch), tuple(proofs(ctx.store, epoch))
        if found is None:
            raise InvariantBroken(f"epoch {epoch} ends without a snapshot")
        archive.append(ctx, RecordKind.EPOCH, U64.pack(epoch), ConcludedEpoch(found, owed))
        packed = U64.pack(epoch)
        unjudged = tuple(BY_CHECKER.prefix + ADDRESS.pack(proof.operator) + packed for proof in owed)
        prefixes = (PROOFS.prefix + packed, PROVEN.prefix + packed, *unjudged, *_snapshot_prefixes(epoch))
        for index in rules.rounds_of(PARAMS.load(ctx.store), epoch):
            if ROUNDS.has(ctx.store, index):
                prefixes += (ROUND_UNITS.prefix + U64.pack(index), ROUNDS.path(index))
        archive.retire(ctx, ctx.block.height + keep_blocks(ctx.store), "sampling", prefixes)
        unopened = [proof for proof in owed if proof.is_due]
        for proof in unopened:
            PROOFS.save(ctx.store, (epoch, proof.operator), replace(proof, is_due=False))
            bonds.forfeit(ctx, proof.operator)
        ctx.emit("EpochConcluded", epoch=epoch, num_unopened=len(unopened))


def keep_blocks(store: Reader) -> int:
    """Return how long after its proof window an epoch may still be needed: its last late draw and dispute, receipts."""
    params = PARAMS.load(store)
    windows = 2 * (params.commit_blocks + params.dispute_blocks) + params.reveal_blocks + params.open_blocks
    return JUDGING_BLOCKS + windows + jobs.params(store).receipt_blocks + 2
