"""The verbs of the workers module: who works, with which keys, and what its bond backs.

Invariants: the bonds account holds exactly the sum of all bonds; `reserved` is what open units and committed checks
hold; an operator's unbonding entries sum to `unbonding`.
"""

from collections.abc import Iterator
from dataclasses import replace

from chain.context import Context
from chain.crypto.keys import module_address
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.bank import keeper as bank
from chain.modules.workers import rules
from chain.modules.workers.state import (
    BUDGET,
    BY_ENROLLED,
    BY_HOT_ADDRESS,
    ENROLLMENTS,
    HELD,
    HELD_NUMBER,
    KEYS_IN_USE,
    PARAMS,
    REVISION,
    UNBONDINGS,
    VRF_CHANGES,
    WORKERS,
    Owner,
)
from chain.modules.workers.types import Budget, Enrollment, HeldSlash, Params, Role, Unbonding, Worker, WorkerStatus
from chain.store.collections import ADDRESS, HASH, U64
from chain.store.overlay import Reader

BONDS = module_address("bonds")
"""The account that holds all bonds."""
HELD_SLASHES = module_address("held_slashes")
"""Holds what the circuit breaker keeps back."""


def params(store: Reader) -> Params:
    """Return the parameters."""
    return PARAMS.load(store)


def save_params(ctx: Context, value: Params) -> None:
    """Replace the parameters."""
    PARAMS.save(ctx.store, value)


def revision(store: Reader) -> int:
    """Return a number that changes whenever something changes on which plans depend."""
    return REVISION.peek(store)


# Reading


def find_worker(store: Reader, operator: bytes) -> Worker | None:
    """Return an operator's worker, or None."""
    return WORKERS.find(store, operator)


def worker(store: Reader, operator: bytes) -> Worker:
    """Return an operator's worker. Raises: Rejected: UNKNOWN_WORKER."""
    found = WORKERS.find(store, operator)
    if found is None:
        raise Rejected(Code.UNKNOWN_WORKER, "the operator has not registered a worker; register one first")
    return found


def by_hot_address(store: Reader, address: bytes) -> Worker:
    """Return the worker of a hot key. Raises: Rejected: UNKNOWN_WORKER."""
    owner = BY_HOT_ADDRESS.find(store, address)
    if owner is None:
        raise Rejected(Code.UNKNOWN_WORKER, "the sender is no worker's hot key; duties are signed by the hot key")
    return worker(store, owner.operator)


def find_by_address(store: Reader, address: bytes) -> Worker | None:
    """Return the worker of an operator or hot address, or None."""
    owner = BY_HOT_ADDRESS.find(store, address)
    return WORKERS.find(store, address if owner is None else owner.operator)


def workers(store: Reader, after: bytes = b"") -> Iterator[Worker]:
    """Yield workers in ascending operator order, those behind `after`."""
    for _, found in WORKERS.items(store, start=after + b"\x00" if after else b""):
        yield found


def enrollment(store: Reader, model_root: bytes, role: Role, operator: bytes) -> Enrollment | None:
    """Return an enrolment, or None."""
    return ENROLLMENTS.find(store, (model_root, (int(role), operator)))


def enrolled(store: Reader, model_root: bytes, role: Role) -> Iterator[Enrollment]:
    """Yield the enrolments of a model for a role in ascending operator order."""
    for _, found in ENROLLMENTS.items(store, prefix=HASH.pack(model_root) + U64.pack(int(role))):
        yield found


def enrollments_of_model(store: Reader, model_root: bytes) -> Iterator[Enrollment]:
    """Yield the enrolments of a model, SERVE before CHECK."""
    for _, found in ENROLLMENTS.items(store, prefix=HASH.pack(model_root)):
        yield found


def enrollments_of(store: Reader, operator: bytes) -> Iterator[Enrollment]:
    """Yield an operator's enrolments."""
    for _, (model_root, role) in BY_ENROLLED.keys(store, prefix=ADDRESS.pack(operator)):
        found = ENROLLMENTS.find(store, (model_root, (role, operator)))
        if found is None:
            raise InvariantBroken(f"{operator.hex()} is listed for {model_root.hex()} without an enrolment")
        yield found


def unbondings_of(store: Reader, operator: bytes) -> Iterator[Unbonding]:
    """Yield an operator's unbonding entries by release height."""
    for _, found in UNBONDINGS.items(store, prefix=ADDRESS.pack(operator)):
        yield found


# Registration


def register(ctx: Context, new: Worker) -> None:
    """Write a worker and take its bond. Raises: Rejected: WORKER_EXISTS, KEY_IN_USE, BOND_TOO_SMALL, funds."""
    if WORKERS.has(ctx.store, new.operator):
        raise Rejected(Code.WORKER_EXISTS, "the operator has a worker; update it instead")
    least = params(ctx.store).min_bond
    if new.bond < least:
        raise Rejected(Code.BOND_TOO_SMALL, f"the bond is {new.bond} uostr, at least {least} are required")
    for key in (new.keys.hot_key, new.keys.vrf_key, new.keys.box_key):
        _claim_key(ctx, key, new.operator)
    bank.transfer(ctx, new.operator, BONDS, new.bond)
    WORKERS.save(ctx.store, new.operator, new)
    BY_HOT_ADDRESS.save(ctx.store, new.hot_address, Owner(new.operator))
    REVISION.take(ctx.store)


def _claim_key(ctx: Context, key: bytes, operator: bytes) -> None:
    if KEYS_IN_USE.has(ctx.store, key):
        raise Rejected(Code.KEY_IN_USE, "a hot, VRF or box key is in use; every key serves one worker in one role")
    KEYS_IN_USE.save(ctx.store, key, Owner(operator))


def update(ctx: Context, changed: Worker) -> None:
    """Write a worker's endpoint, region, price or status."""
    _save(ctx, changed)


def change_vrf_key(ctx: Context, owner: Worker, key: bytes, possession: bytes) -> None:
    """Schedule a VRF key for the next epoch boundary. Raises: Rejected: KEY_IN_USE."""
    _claim_key(ctx, key, owner.operator)
    WORKERS.save(ctx.store, owner.operator, replace(owner, pending_vrf_key=key, pending_vrf_possession=possession))
    VRF_CHANGES.add(ctx.store, owner.operator)


def rotate_vrf_keys(ctx: Context) -> None:
    """Put the scheduled VRF keys into force; called at an epoch boundary, before the snapshot."""
    for operator in list(VRF_CHANGES.keys(ctx.store)):
        owner = worker(ctx.store, operator)
        keys = replace(owner.keys, vrf_key=owner.pending_vrf_key, vrf_possession=owner.pending_vrf_possession)
        rotated = replace(owner, keys=keys, pending_vrf_key=b"", pending_vrf_possession=b"")
        WORKERS.save(ctx.store, operator, rotated)
        VRF_CHANGES.remove(ctx.store, operator)
        ctx.emit("VrfKeyChanged", operator=operator.hex())


# Enrolment


def enroll(ctx: Context, new: Enrollment) -> None:
    """Write an enrolment, in place of one with another range. Raises: Rejected: ALREADY_ENROLLED, INVALID_REQUEST."""
    old = enrollment(ctx.store, new.model_root, new.role, new.operator)
    if old is not None and (old.start, old.end) == (new.start, new.end):
        raise Rejected(Code.ALREADY_ENROLLED, "the same enrolment exists")
    if old is None and sum(1 for _ in enrollments_of(ctx.store, new.operator)) >= rules.MAX_ENROLLMENTS:
        raise Rejected(Code.INVALID_REQUEST, f"at most {rules.MAX_ENROLLMENTS} enrolments; take one back first")
    ENROLLMENTS.save(ctx.store, (new.model_root, (int(new.role), new.operator)), new)
    BY_ENROLLED.add(ctx.store, (new.operator, (new.model_root, int(new.role))))
    REVISION.take(ctx.store)


def unenroll(ctx: Context, model_root: bytes, role: Role, operator: bytes) -> None:
    """Remove an enrolment. Raises: Rejected: NOT_ENROLLED."""
    if enrollment(ctx.store, model_root, role, operator) is None:
        raise Rejected(Code.NOT_ENROLLED, "there is no such enrolment")
    ENROLLMENTS.remove(ctx.store, (model_root, (int(role), operator)))
    BY_ENROLLED.remove(ctx.store, (operator, (model_root, int(role))))
    REVISION.take(ctx.store)


# Bond


def add_bond(ctx: Context, operator: bytes, amount: int) -> Worker:
    """Add to a bond. Raises: Rejected: UNKNOWN_WORKER, INSUFFICIENT_FUNDS."""
    owner = worker(ctx.store, operator)
    bank.transfer(ctx, operator, BONDS, amount)
    return _save(ctx, replace(owner, bond=owner.bond + amount))


def unbond(ctx: Context, operator: bytes, amount: int) -> Unbonding:
    """Begin to take free bond out; below the minimum the worker drains. Raises: Rejected: BOND_TOO_SMALL."""
    owner = worker(ctx.store, operator)
    if amount > rules.free_bond(owner):
        raise Rejected(
            Code.BOND_TOO_SMALL,
            f"{rules.free_bond(owner)} uostr of the bond are free: {owner.reserved} back open work, "
            f"{owner.unbonding} are leaving already",
        )
    values = params(ctx.store)
    height = ctx.block.height + values.unbonding_blocks
    entry = UNBONDINGS.find(ctx.store, (operator, height))
    if entry is None and sum(1 for _ in unbondings_of(ctx.store, operator)) >= rules.MAX_UNBONDINGS:
        raise Rejected(Code.INVALID_REQUEST, f"at most {rules.MAX_UNBONDINGS} amounts unbond at a time")
    entry = Unbonding(operator, amount + (entry.amount if entry else 0), height)
    UNBONDINGS.save(ctx.store, (operator, height), entry)
    changed = replace(owner, unbonding=owner.unbonding + amount)
    if rules.weight(changed) < values.min_bond and changed.status == WorkerStatus.ACTIVE:
        changed = replace(changed, status=WorkerStatus.DRAINING)
    _save(ctx, changed)
    return entry


def withdraw(ctx: Context, operator: bytes) -> int:
    """Pay out what has finished unbonding. Raises: Rejected: BOND_LOCKED while anything of its owner is open."""
    owner = worker(ctx.store, operator)
    if owner.reserved or owner.holds:
        raise Rejected(
            Code.BOND_LOCKED,
            f"{owner.reserved} uostr back open units or checks and {owner.holds} epoch proofs and late draws hold it; "
            "no bond leaves before",
        )
    due = [entry for entry in unbondings_of(ctx.store, operator) if entry.release_height <= ctx.block.height]
    amount = sum(entry.amount for entry in due)
    for entry in due:
        UNBONDINGS.remove(ctx.store, (operator, entry.release_height))
    bank.transfer(ctx, BONDS, operator, amount)
    _save(ctx, replace(owner, bond=owner.bond - amount, unbonding=owner.unbonding - amount))
    return amount


def reserve(ctx: Context, operator: bytes, amount: int) -> None:
    """Let bond back a unit or a check. Raises: Rejected: BOND_TOO_SMALL if not enough is free."""
    owner = worker(ctx.store, operator)
    if rules.free_bond(owner) < amount:
        raise Rejected(
            Code.BOND_TOO_SMALL, f"{amount} uostr of bond must be free, {rules.free_bond(owner)} are; add to the bond"
        )
    WORKERS.save(ctx.store, operator, replace(owner, reserved=owner.reserved + amount))


def release(ctx: Context, operator: bytes, amount: int) -> None:
    """Free bond that backed a unit or a check."""
    owner = worker(ctx.store, operator)
    if owner.reserved < amount:
        raise InvariantBroken(f"{operator.hex()} has {owner.reserved} reserved, {amount} cannot be released")
    WORKERS.save(ctx.store, operator, replace(owner, reserved=owner.reserved - amount))


def hold(ctx: Context, operator: bytes) -> None:
    """Freeze the bond until an epoch proof is opened."""
    owner = worker(ctx.store, operator)
    WORKERS.save(ctx.store, operator, replace(owner, holds=owner.holds + 1))


def unhold(ctx: Context, operator: bytes) -> None:
    """Take back one `hold`."""
    owner = worker(ctx.store, operator)
    if not owner.holds:
        raise InvariantBroken(f"{operator.hex()} is not held")
    WORKERS.save(ctx.store, operator, replace(owner, holds=owner.holds - 1))


def begin_epoch(ctx: Context) -> None:
    """Begin the sums of what is taken from bonds in an epoch."""
    BUDGET.save(ctx.store, Budget(ctx.block.height, bank.balance(ctx.store, BONDS), 0, 0))


def budget(store: Reader) -> Budget:
    """Return what was taken from bonds in this epoch."""
    return BUDGET.find(store) or Budget(0, bank.balance(store, BONDS), 0, 0)


def take_bond(ctx: Context, operator: bytes, amount: int, recipient: bytes) -> int:
    """Take bond for a proven fault, for `recipient`, and return how much there was.

    Above the breaker's share of all bonds it is held before anybody receives it (penalties.py says why). Whatever
    reputation the worker had is gone.
    """
    sums, values = budget(ctx.store), params(ctx.store)
    taken = remove_bond(ctx, operator, amount)
    direct = min(taken, max(0, rules.fault_limit(values, sums.bonds) - sums.faults))
    BUDGET.save(ctx.store, replace(sums, faults=sums.faults + taken))
    bank.transfer(ctx, BONDS, recipient, direct)
    if taken > direct:
        bank.transfer(ctx, BONDS, HELD_SLASHES, taken - direct)
        key = (ctx.block.height + values.held_blocks, HELD_NUMBER.take(ctx.store))
        HELD.save(ctx.store, key, HeldSlash(operator, recipient, taken - direct))
    ctx.emit("BondTaken", operator=operator.hex(), amount=taken, held=taken - direct)
    return taken


def remove_bond(ctx: Context, operator: bytes, amount: int, *, was_absent: bool = False) -> int:
    """Write off bond that is about to be moved and return how much there was; the caller moves exactly that much.

    It reaches what is unbonding, newest first. A worker left with too little drains.
    """
    owner = worker(ctx.store, operator)
    taken = min(amount, owner.bond)
    short = max(0, taken - rules.weight(owner))
    entries = list(unbondings_of(ctx.store, operator)) if short else []
    changed = replace(owner, bond=owner.bond - taken, unbonding=owner.unbonding - short)
    if not was_absent:
        changed = replace(changed, fault_height=ctx.block.height)
    for entry in reversed(entries):
        part = min(short, entry.amount)
        short -= part
        if part == entry.amount:
            UNBONDINGS.remove(ctx.store, (operator, entry.release_height))
        elif part:
            left = replace(entry, amount=entry.amount - part)
            UNBONDINGS.save(ctx.store, (operator, entry.release_height), left)
    stays = rules.stays_active(params(ctx.store), rules.weight(changed), was_absent=was_absent)
    if changed.status == WorkerStatus.ACTIVE and not stays:
        changed = replace(changed, status=WorkerStatus.DRAINING)
    _save(ctx, changed)
    return taken


def set_status(ctx: Context, operator: bytes, status: WorkerStatus) -> None:
    """Jail a worker, or take it out of jail to drain."""
    owner = worker(ctx.store, operator)
    if owner.status != status:
        _save(ctx, replace(owner, status=status))


def _save(ctx: Context, changed: Worker) -> Worker:
    WORKERS.save(ctx.store, changed.operator, changed)
    REVISION.take(ctx.store)
    return changed
