"""Canaries: units whose sealed trace is known to be false, so that nobody can confirm without computing.

An asserter may bait its seal: it seals a false body_root, and draws the seal's salt from the true one. Input, output
and the user's answer are true; only who takes the asserter's word for the body_root learns the bait. Nothing on chain
tells a baited seal from another before the asserter opens it, and then the true body_root counts, fixed as long as the
bait: whoever confirmed the bait differs from the asserter and loses the dispute, by the rules of every other one.

A baited unit counts as false for those who were drawn and stayed silent if a draw says so whose beacon comes after the
last commit of the epoch; the asserter cannot choose which of its units count. Nobody gains by planting: the treasury
pays the message of an opening that nothing else asked for.
"""

from chain.context import Context, QueryContext
from chain.crypto.hashing import canary_draw
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Unit
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import canary_rate
from chain.modules.sampling import epochs, rules
from chain.modules.sampling.state import CANARY_BEACONS, CHECKS, EARLIER, PARAMS
from chain.modules.sampling.types import CanaryBeacon, CheckPhase, QueryCanaryRequest, QueryCanaryResponse, UnitCheck
from chain.store.overlay import Reader


def record_beacon(ctx: Context) -> None:
    """Keep the beacon that draws an epoch's canaries: the first that comes when all its commits are in."""
    epoch = rules.canary_epoch(PARAMS.load(ctx.store), ctx.block.height)
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


def canary(ctx: QueryContext, request: QueryCanaryRequest) -> QueryCanaryResponse:
    """Return what the draw says of a unit; nothing while it is drawn late. Raises: Rejected: UNKNOWN_JOB."""
    key = (request.job_id, (request.attempt, request.stage))
    unit, check = jobs.unit(ctx.store, key), CHECKS.find(ctx.store, key)
    is_over = check is not None and (check.phase == CheckPhase.DONE or not check.late_height)
    first = (EARLIER.find(ctx.store, key) or check) if is_over else None
    drawn = None if first is None else is_drawn(ctx.store, unit, first)
    return QueryCanaryResponse(drawn is not None, drawn is True, bool(unit.salt))
