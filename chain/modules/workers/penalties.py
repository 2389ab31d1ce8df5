"""What is taken from bonds, and how much of it in one epoch.

For a fault that is proven everything is taken, whatever the sum; above the breaker's share of all bonds it is held for
a while before anybody receives it, so that a defect of the chain that convicts the innocent can still be mended. For
being absent no more than a small share of all bonds is taken in one epoch; a bond that is forfeited whole is therefore
taken bit by bit, one worker after the other. ADR 0009.

Invariant: the account of held slashes holds exactly the entries of `HELD`.
"""

from dataclasses import replace
from itertools import islice

from chain.context import Context
from chain.modules.bank import keeper as bank
from chain.modules.treasury.keeper import TREASURY
from chain.modules.workers import keeper, rules
from chain.modules.workers.state import BUDGET, FORFEITURES, HELD
from chain.modules.workers.types import Forfeiture, WorkerStatus
from chain.store.collections import U64
from chain.store.overlay import Reader

RELEASED_PER_BLOCK = 64
FORFEITURES_PER_BLOCK = 16
"""Bonds from which one block takes."""


def absence_left(store: Reader) -> int:
    """Return what may still be taken in this epoch for being absent."""
    sums = keeper.budget(store)
    return max(0, rules.absence_limit(keeper.params(store), sums.bonds) - sums.absence)


def take_for_absence(ctx: Context, operator: bytes, amount: int, recipient: bytes) -> int:
    """Take bond for a duty not done, as far as this epoch allows it, and return how much that was."""
    sums = keeper.budget(ctx.store)
    taken = keeper.remove_bond(ctx, operator, min(amount, absence_left(ctx.store)), was_absent=True)
    BUDGET.save(ctx.store, replace(sums, absence=sums.absence + taken))
    bank.transfer(ctx, keeper.BONDS, recipient, taken)
    ctx.emit("AbsencePenalised", operator=operator.hex(), amount=taken)
    return taken


def forfeit(ctx: Context, operator: bytes) -> None:
    """Queue a bond that is lost whole, for an epoch proof that holds it and was never opened."""
    known = FORFEITURES.find(ctx.store, operator) or Forfeiture(operator, ctx.block.height, 0)
    FORFEITURES.save(ctx.store, operator, replace(known, holds=known.holds + 1))
    ctx.emit("BondForfeited", operator=operator.hex())


def take_forfeited(ctx: Context) -> list[tuple[bytes, int]]:
    """Take forfeited bonds, one behind the other, as far as this epoch allows it; return whose, and how much.

    Whoever it has come to is jailed, so that it takes no work for which it has nothing left to lose; the others work
    on. When nothing is left, the worker may bond anew and resume.
    """
    taken: list[tuple[bytes, int]] = []
    for operator, found in list(islice(FORFEITURES.items(ctx.store), FORFEITURES_PER_BLOCK)):
        if not absence_left(ctx.store):
            break
        keeper.set_status(ctx, operator, WorkerStatus.JAILED)
        amount = take_for_absence(ctx, operator, keeper.worker(ctx.store, operator).bond, TREASURY)
        taken.append((operator, amount))
        if keeper.worker(ctx.store, operator).bond:
            break
        FORFEITURES.remove(ctx.store, operator)
        for _ in range(found.holds):
            keeper.unhold(ctx, operator)
        keeper.set_status(ctx, operator, WorkerStatus.DRAINING)
    return taken


def release_held(ctx: Context) -> None:
    """Pay out what the breaker has held long enough."""
    due = list(islice(HELD.items(ctx.store, end=U64.pack(ctx.block.height + 1)), RELEASED_PER_BLOCK))
    for key, entry in due:
        HELD.remove(ctx.store, key)
        bank.transfer(ctx, keeper.HELD_SLASHES, entry.recipient, entry.amount)
        ctx.emit("SlashReleased", operator=entry.operator.hex(), amount=entry.amount)
