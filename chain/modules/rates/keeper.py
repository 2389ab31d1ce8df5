"""The verbs of the rates module: parameters, what is seen of checkers, and reputation.

Invariants: every reputation stands in `FADES` once, at the height where time has left nothing of it; what is pending
is never more than was taken on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from chain.context import Context
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.beacon import keeper as beacon
from chain.modules.rates import measured, reputation
from chain.modules.rates.genesis import validate_params
from chain.modules.rates.state import CHECK_WINDOW, CHECKERS, FADES, PARAMS, REPUTATIONS
from chain.modules.rates.types import Checkers, CheckWindow, Params, Reputation, Terms
from chain.modules.workers import keeper as workers
from chain.store.collections import U64
from chain.store.overlay import Reader

FADES_PER_BLOCK = 64
"""Reputations deleted in one block."""


def params(store: Reader) -> Params:
    """Return the parameters."""
    return PARAMS.load(store)


def save_params(ctx: Context, value: Params) -> None:
    """Replace the parameters. Raises: ValueError if lying would pay under them."""
    validate_params(value)
    PARAMS.save(ctx.store, value)


# Checkers


def check_window(store: Reader) -> int:
    """Return how many blocks the expected checks of everything accepted may take a checker."""
    found = CHECK_WINDOW.find(store)
    return found.blocks if found is not None else 0


def save_check_window(ctx: Context, blocks: int) -> None:
    """Replace the blocks that expected checks may take."""
    CHECK_WINDOW.save(ctx.store, CheckWindow(blocks))


def checkers(store: Reader, model_root: bytes) -> Checkers:
    """Return what is known of a model's checkers."""
    return CHECKERS.find(store, model_root) or measured.first(params(store), model_root)


def known_checkers(store: Reader) -> Iterator[Checkers]:
    """Yield what was seen, by model."""
    return CHECKERS.values(store)


def fulfilled(store: Reader, model_root: bytes) -> int:
    """Return ρ that new jobs of a model are priced with."""
    return measured.fulfilled(params(store), checkers(store, model_root))


def load(store: Reader, model_root: bytes, units: Sequence[Terms]) -> int:
    """Return the work that the most drawn checker must expect of some units."""
    share = checkers(store, model_root).heaviest
    return sum(measured.load(unit, share) for unit in units)


def bond_load(store: Reader, model_root: bytes, units: Sequence[Terms]) -> int:
    """Return how much of all checkers' bonds the checks of some units are expected to hold."""
    count = checkers(store, model_root).count
    return sum(measured.bond_load(unit, count) for unit in units)


def take_load(ctx: Context, model_root: bytes, work: int, bond: int) -> None:
    """Expect checks of a new job. Raises: Rejected: CHECK_CAPACITY if time or bonds of the checkers do not reach."""
    current, found = params(ctx.store), checkers(ctx.store, model_root)
    pending, most = found.pending + work, measured.limit(found, check_window(ctx.store))
    if current.check_speed and pending > most:
        raise Rejected(
            Code.CHECK_CAPACITY,
            f"checks of {work} work units would come to the {found.pending} expected already, and a checker takes "
            f"{most} in time; ask for fewer tokens or a lower value, or again when open jobs are settled",
        )
    held, room = found.pending_bond + bond, measured.bond_limit(found)
    if found.bonded and held > room:
        raise Rejected(
            Code.CHECK_CAPACITY,
            f"checks would hold {bond} uostr of bonds beside the {found.pending_bond} expected already, and {room} may "
            "be held; ask with a lower value, or again when open jobs are settled",
        )
    changed = replace(found, pending=pending, peak=max(found.peak, pending), pending_bond=held)
    CHECKERS.save(ctx.store, model_root, changed)


def drop_load(ctx: Context, model_root: bytes, work: int, bond: int) -> None:
    """Expect no more checks of a job that is closed."""
    found = checkers(ctx.store, model_root)
    if found.pending < work or found.pending_bond < bond:
        raise InvariantBroken(
            f"{found.pending} work units and {found.pending_bond} uostr are expected for {model_root.hex()}, "
            f"{work} and {bond} are too many"
        )
    left = replace(found, pending=found.pending - work, pending_bond=found.pending_bond - bond)
    CHECKERS.save(ctx.store, model_root, left)


def record_weights(ctx: Context, model_root: bytes, weights: Sequence[int]) -> None:
    """Write how much a model's checkers have bonded, and how unevenly it is spread."""
    total = sum(weights)
    share = measured.heaviest(params(ctx.store), max(weights), total)
    known = replace(checkers(ctx.store, model_root), heaviest=share, bonded=total, count=len(weights))
    CHECKERS.save(ctx.store, model_root, known)


def record_epoch(ctx: Context, model_root: bytes, epoch: int, expected: int, done: int) -> Checkers:
    """Take in an epoch: pay of the checks that were to be expected of it, and of those that were proven."""
    current, found = params(ctx.store), checkers(ctx.store, model_root)
    changed = replace(
        found,
        fulfilled=measured.averaged(current, found, expected, done),
        speed=measured.paced(current, check_window(ctx.store), found, expected, done),
        peak=found.pending,
        epoch=epoch,
    )
    CHECKERS.save(ctx.store, model_root, changed)
    ctx.emit(
        "DutiesMeasured",
        model_root=model_root.hex(),
        epoch=epoch,
        expected=expected,
        done=done,
        fulfilled=measured.fulfilled(current, changed),
        speed=changed.speed,
    )
    return changed


# Reputation


def score(store: Reader, operator: bytes, model_root: bytes) -> int:
    """Return a worker's reputation with a model as it counts now."""
    found = REPUTATIONS.find(store, (operator, model_root))
    if found is None:
        return 0
    owner = workers.find_worker(store, operator)
    fault_height = owner.fault_height if owner is not None else 0
    return reputation.score(params(store), found, fault_height, beacon.latest(store).height)


def credit(ctx: Context, operator: bytes, model_root: bytes, fees: int) -> int:
    """Let a reputation grow by the treasury fees of a confirmed unit and return what it counts now."""
    current, key = params(ctx.store), (operator, model_root)
    old = REPUTATIONS.find(ctx.store, key)
    now = score(ctx.store, operator, model_root)
    grown = reputation.grown(current, now, fees)
    if grown <= now:
        return now
    if old is not None:
        FADES.remove(ctx.store, (reputation.end(current, old), key))
    new = Reputation(operator, model_root, grown, ctx.block.height)
    REPUTATIONS.save(ctx.store, key, new)
    FADES.add(ctx.store, (reputation.end(current, new), key))
    ctx.emit("ReputationGrown", operator=operator.hex(), model_root=model_root.hex(), fees=fees, score=grown)
    return score(ctx.store, operator, model_root)


def remove_faded(ctx: Context) -> None:
    """Delete reputations of which nothing is left."""
    for entry in list(islice(FADES.keys(ctx.store, end=U64.pack(ctx.block.height + 1)), FADES_PER_BLOCK)):
        FADES.remove(ctx.store, entry)
        REPUTATIONS.remove(ctx.store, entry[1])
