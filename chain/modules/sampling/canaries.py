"""Canaries: units whose sealed trace is known to be false, so that nobody can confirm without computing.

An asserter may bait its seal: it seals a false body_root, and draws the seal's salt from the true one. Input, output
and the user's answer are true; only who takes the asserter's word for the body_root learns the bait. Nothing on chain
tells a baited seal from another before the asserter opens it, and then the true body_root counts, fixed as long as the
bait: whoever confirmed the bait differs from the asserter and loses the dispute, by the rules of every other one.

A baited unit counts as false for those who were drawn and stayed silent if a draw says so whose beacon comes after the
last commit of the epoch; the asserter cannot choose which of its units count. Nobody gains by planting: the treasury
pays the message of an opening that nothing else asked for.
"""

from chain.context import Context
from chain.crypto.hashing import canary_draw, canary_salt, seal, trace_root
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.bank import keeper as bank
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import Unit
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import canary_rate
from chain.modules.sampling import epochs, keeper, rules
from chain.modules.sampling.state import CANARY_BEACONS
from chain.modules.sampling.types import CanaryBeacon, CheckPhase, Empty, MsgOpenCanary, UnitCheck
from chain.modules.workers import keeper as workers
from chain.store.overlay import Reader


def record_beacon(ctx: Context) -> None:
    """Keep the beacon that draws an epoch's canaries: the first that comes when all its commits are in."""
    epoch = rules.canary_epoch(keeper.params(ctx.store), ctx.block.height)
    found = None if epoch is None else epochs.find_head(ctx.store, epoch)
    if epoch is not None and found is not None and found.num_units:
        CANARY_BEACONS.save(ctx.store, epoch, CanaryBeacon(beacon.latest(ctx.store).value))


def is_drawn(store: Reader, unit: Unit, check: UnitCheck) -> bool | None:
    """Say whether a unit counts as a canary if it was baited; None before its draw."""
    found = CANARY_BEACONS.find(store, check.epoch)
    if found is None:
        return None
    limit = canary_rate(rates.params(store), unit.terms)
    return int.from_bytes(canary_draw(found.beacon, check.unit)[:4], "big") < limit


def is_counted(store: Reader, unit: Unit, check: UnitCheck) -> bool:
    """Say whether silence about a unit costs as much as silence about a false one."""
    return bool(unit.bait_root) and is_drawn(store, unit, check) is True


def open_canary(ctx: Context, msg: MsgOpenCanary) -> Empty:
    """Open a baited seal: in place of the usual opening, or later, if nobody has checked and the unit counts.

    Raises: Rejected: NOT_ASSIGNED, CANARY_INVALID, SEAL_MISMATCH, WINDOW_CLOSED, NOT_A_CANARY.
    """
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    unit, check = jobs.unit(ctx.store, key), keeper.check(ctx.store, key)
    if unit.operator != worker.operator:
        raise Rejected(Code.NOT_ASSIGNED, "the unit is not the sender's")
    for name in ("secret", "bait_root", "body_root"):
        if len(getattr(msg, name)) != 32:
            raise Rejected(Code.INVALID_REQUEST, f"{name}: 32 bytes")
    if msg.bait_root == msg.body_root:
        raise Rejected(Code.CANARY_INVALID, "bait and truth are the same; open the seal as any other")
    salt = canary_salt(check.unit, msg.secret, msg.body_root)
    root = trace_root(check.unit, unit.in_root, msg.bait_root, unit.out_root)
    if seal(worker.operator, check.unit, salt, root) != unit.seal:
        raise Rejected(Code.SEAL_MISMATCH, "secret, bait and body_root do not give the sealed value")
    if unit.salt:
        raise Rejected(Code.ALREADY_REVEALED, "the seal is open")
    paid = 0
    if check.phase == CheckPhase.OPEN:
        baited = jobs.record_bait(ctx, unit, msg.bait_root)
        keeper.record_opening(ctx, baited, check, salt, msg.body_root)
    elif check.phase == CheckPhase.DISPUTED:
        jobs.record_opening(ctx, jobs.record_bait(ctx, unit, msg.bait_root), salt, msg.body_root)
    elif check.phase == CheckPhase.DONE and not check.num_reveals:
        if not is_drawn(ctx.store, unit, check):
            raise Rejected(Code.NOT_A_CANARY, "the draw of the epoch's canaries has not taken this unit, or is to come")
        jobs.record_opening(ctx, jobs.record_bait(ctx, unit, msg.bait_root), salt, msg.body_root)
        paid = min(rates.params(ctx.store).commit_fee, bank.balance(ctx.store, jobs.TREASURY))
        bank.transfer(ctx, jobs.TREASURY, worker.operator, paid)
    else:
        raise Rejected(Code.WINDOW_CLOSED, f"the unit is in phase {check.phase.name}, seals are not opened")
    ctx.emit("CanaryOpened", job_id=msg.job_id, attempt=msg.attempt, stage=msg.stage, paid=paid)
    return Empty()
