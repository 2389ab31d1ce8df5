"""Withheld input: demands for a job's ids, the sealed boxes that answer them, and what silence and bad boxes cost.

Invariants: a demand whose attempt is not over stands in `DEMANDS_OF_JOB`, in `DEMANDS_OF` for everybody it concerns, in
`DEMAND_ENDS` once, and in `OWED` as long as a part may be supplied; its deposit is reserved until then.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from chain.context import Context, QueryContext
from chain.crypto import boxes
from chain.crypto.hashing import sha256
from chain.envelope import MAX_TX_BYTES
from chain.errors import Code, InvariantBroken, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts import keeper as accounts
from chain.modules.accounts.keeper import address_of
from chain.modules.bank import keeper as bank
from chain.modules.disputes import keeper, plays, registry, verdicts
from chain.modules.disputes import witness_rules as rules
from chain.modules.disputes.state import DEMAND_ENDS, DEMAND_ID, DEMANDS, DEMANDS_OF, DEMANDS_OF_JOB, OWED
from chain.modules.disputes.types import (
    Demand,
    DemandStatus,
    DisputeKind,
    DisputeStatus,
    DueDemand,
    MsgDemandWitness,
    MsgDemandWitnessResponse,
    MsgRefuteWitness,
    MsgSupplyWitness,
    MsgWitnessResponse,
    Params,
    QueryDemandsRequest,
    QueryDemandsResponse,
    WitnessPart,
)
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.rules import is_final
from chain.modules.jobs.types import Job, JobStatus, Unit
from chain.modules.rates.rules import ceil_div
from chain.modules.sampling import epochs, penalties
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.rules import has_bit
from chain.modules.sampling.types import PenaltyReason
from chain.modules.treasury import keeper as treasury
from chain.modules.workers import keeper as workers
from chain.modules.workers.types import Worker
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

SUPPLY_GAS = 60_000
"""An answer, beside its bytes."""
ID_GAS = 500
"""Opening a box, for each id in it: two hashes."""
ENVELOPE_BYTES = 1_024
"""A transaction and its message, beside the box in it."""
MAX_OWED = 32
"""Demands of one job with a part missing at a time, so that whoever owes can answer them all in time: three boxes of
8,192 ids fit a transaction."""
MAX_OWED_OUTSIDERS = 8
"""So many of them may be there when an outsider demands; members of the eligible set and sides are not kept out."""
DEMANDS_PER_BLOCK = 64
"""Demands looked at in one block."""


def validate(store: Reader, params: Params) -> None:
    """Check that a box can be asked for, sent and opened in time. Raises: ValueError with the inequality."""
    commit = sampling.params(store).commit_blocks
    if 2 * params.witness_blocks > commit:
        raise ValueError(
            "2 * disputes.params.witness_blocks <= sampling.params.commit_blocks does not hold: a demand, its answer "
            f"and a check must fit into commit-1: 2 * {params.witness_blocks} > {commit}"
        )
    most = jobs.params(store).max_tokens
    if rules.box_size(most) + ENVELOPE_BYTES > MAX_TX_BYTES:
        raise ValueError(
            f"the box of {most} ids (jobs.params.max_tokens) fits a transaction does not hold: "
            f"{rules.box_size(most)} + {ENVELOPE_BYTES} > {MAX_TX_BYTES}"
        )
    current = accounts.params(store)
    gas = SUPPLY_GAS + ID_GAS * most + current.tx_size_cost_per_byte * (rules.box_size(most) + ENVELOPE_BYTES)
    if gas > current.max_tx_gas:
        raise ValueError(f"opening a box of {most} ids <= accounts.params.max_tx_gas does not hold: {gas} gas")


# Messages


def demand(ctx: Context, msg: MsgDemandWitness) -> MsgDemandWitnessResponse:
    """Demand a job's ids.

    Raises: Rejected: UNKNOWN_WORKER, UNKNOWN_JOB, WINDOW_CLOSED, KEY_INVALID, ALREADY_DEMANDED, TOO_MANY_DEMANDS,
    BOND_TOO_SMALL, INSUFFICIENT_FUNDS.
    """
    values, sender = plays.params(ctx.store), address_of(msg.sender, "sender")
    worker = _worker(ctx.store, sender)
    unit = jobs.unit(ctx.store, (msg.job_id, (msg.attempt, msg.stage)))
    job = jobs.job(ctx.store, msg.job_id)
    deadline = ctx.block.height + values.witness_blocks
    _require_window(ctx, job, unit, values)
    if not boxes.is_valid_key(msg.box_key):
        raise Rejected(Code.KEY_INVALID, "box_key: an X25519 key to which something can be sealed")
    if any(other.demander == worker.operator for other in _of_attempt(ctx.store, job)):
        raise Rejected(Code.ALREADY_DEMANDED, "the sender has demanded the ids of this attempt")
    is_concerned = _is_concerned(ctx.store, unit, worker.operator)
    limit = MAX_OWED if is_concerned else MAX_OWED_OUTSIDERS
    if sum(1 for _ in islice(OWED.keys(ctx.store, prefix=U64.pack(msg.job_id)), limit)) == limit:
        raise Rejected(Code.TOO_MANY_DEMANDS, f"{limit} demands wait for answers; send this one again")
    stake = plays.deposit(ctx.store, unit)
    workers.reserve(ctx, worker.operator, stake)
    units = jobs.units_of(ctx.store, job)
    suppliers = tuple(units[rules.supplier_stage(part, len(units))].operator for part in rules.PARTS)
    new = Demand(
        demand_id=DEMAND_ID.take(ctx.store) + 1,
        job_id=msg.job_id,
        attempt=msg.attempt,
        stage=msg.stage,
        demander=worker.operator,
        box_key=msg.box_key,
        deposit=stake,
        opened_height=ctx.block.height,
        deadline=deadline,
        status=DemandStatus.OWED,
        is_outsider=not is_concerned,
        cost=_fee(ctx, SUPPLY_GAS) + _pay_answers(ctx, sender, job, suppliers),
        digests=(b"", b""),
        heights=(0, 0),
        suppliers=suppliers,
    )
    DEMANDS.save(ctx.store, new.demand_id, new)
    DEMANDS_OF_JOB.add(ctx.store, (new.job_id, new.demand_id))
    OWED.add(ctx.store, (new.job_id, new.demand_id))
    DEMAND_ENDS.add(ctx.store, (deadline, new.demand_id))
    for operator in (new.demander, *suppliers):
        DEMANDS_OF.add(ctx.store, (operator, new.demand_id))
    ctx.emit("WitnessDemanded", demand_id=new.demand_id, job_id=new.job_id, attempt=new.attempt, deadline=deadline)
    return MsgDemandWitnessResponse(new.demand_id, deadline, stake)


def supply(ctx: Context, msg: MsgSupplyWitness) -> MsgWitnessResponse:
    """Take a box. Raises: Rejected: UNKNOWN_DEMAND, NOT_ASSIGNED, ALREADY_SUPPLIED, CLOCK_OUT, BOX_INVALID, others."""
    worker, found = _worker(ctx.store, address_of(msg.sender, "sender")), _demand(ctx.store, msg.demand_id)
    at = _place(msg.part)
    if found.suppliers[at] != worker.operator:
        raise Rejected(Code.NOT_ASSIGNED, f"the sender does not owe the {msg.part.name.lower()}")
    if found.digests[at]:
        raise Rejected(Code.ALREADY_SUPPLIED, f"the {msg.part.name.lower()} is supplied")
    if found.status != DemandStatus.OWED or ctx.block.height > found.deadline:
        raise Rejected(Code.CLOCK_OUT, f"boxes were taken until height {found.deadline}")
    size = rules.box_size(rules.num_ids(jobs.job(ctx.store, found.job_id), msg.part))
    if len(msg.box) != size:
        raise Rejected(Code.BOX_INVALID, f"the box has {len(msg.box)} bytes instead of {size}")
    changed = replace(
        found,
        digests=(*found.digests[:at], sha256(msg.box), *found.digests[at + 1 :]),
        heights=(*found.heights[:at], ctx.block.height, *found.heights[at + 1 :]),
    )
    if all(changed.digests):
        changed = replace(changed, status=DemandStatus.SUPPLIED)
        OWED.remove(ctx.store, (changed.job_id, changed.demand_id))
    DEMANDS.save(ctx.store, changed.demand_id, changed)
    ctx.emit("WitnessSupplied", demand_id=changed.demand_id, part=msg.part.name, bytes=size)
    return MsgWitnessResponse(changed.status)


def refute(ctx: Context, msg: MsgRefuteWitness) -> MsgWitnessResponse:
    """Open a box on the chain. Raises: Rejected: UNKNOWN_DEMAND, NOT_DEMANDED, KEY_INVALID, BOX_INVALID, others."""
    worker, found = _worker(ctx.store, address_of(msg.sender, "sender")), _demand(ctx.store, msg.demand_id)
    at, job = _place(msg.part), jobs.job(ctx.store, found.job_id)
    if found.demander != worker.operator or not found.digests[at]:
        raise Rejected(Code.NOT_DEMANDED, "the demand is another's, or the part is not supplied")
    if found.status not in (DemandStatus.OWED, DemandStatus.SUPPLIED) or _is_over(ctx.store, job, found):
        raise Rejected(Code.WINDOW_CLOSED, f"the demand is {found.status.name}, or its attempt is over")
    if len(msg.secret) != boxes.KEY or boxes.public_key(msg.secret) != found.box_key:
        raise Rejected(Code.KEY_INVALID, "secret: that of the demand's key")
    if sha256(msg.box) != found.digests[at]:
        raise Rejected(Code.BOX_INVALID, "this is not the box that was supplied")
    ctx.gas.charge(ID_GAS * rules.num_ids(job, msg.part), "box")
    plays.count_move(ctx, plays.params(ctx.store), plays.pauses(ctx.store))
    if rules.is_right(job, msg.part, boxes.open_box(msg.secret, msg.box)):
        return MsgWitnessResponse(_accused(ctx, found).status)
    return MsgWitnessResponse(_convict(ctx, job, found, (msg.part,), DemandStatus.BAD).status)


def _worker(store: Reader, sender: bytes) -> Worker:
    found = workers.find_by_address(store, sender)
    if found is None:
        raise Rejected(Code.UNKNOWN_WORKER, "only workers do this; register one first")
    return found


def _demand(store: Reader, demand_id: int) -> Demand:
    found = DEMANDS.find(store, demand_id)
    if found is None:
        raise Rejected(Code.UNKNOWN_DEMAND, f"there is no demand {demand_id}, or it was over long ago")
    return found


def _place(part: WitnessPart) -> int:
    if part not in rules.PARTS:
        raise Rejected(Code.INVALID_REQUEST, "part: PROMPT or OUTPUT")
    return rules.PARTS.index(part)


def _require_window(ctx: Context, job: Job, unit: Unit, values: Params) -> None:
    """Check that an answer is of use. Raises: Rejected: WINDOW_CLOSED."""
    check = sampling.check(ctx.store, jobs.key_of(unit))
    if job.attempt != unit.attempt:
        raise Rejected(Code.WINDOW_CLOSED, f"the job is at attempt {job.attempt}")
    if any(
        found.stage == unit.stage and found.status == DisputeStatus.OPEN
        for found in verdicts.disputes_of_attempt(ctx.store, job)
    ):
        return
    last = rules.last_demand(check, sampling.params(ctx.store).commit_blocks, values.witness_blocks)
    if last is not None and ctx.block.height > last:
        raise Rejected(Code.WINDOW_CLOSED, f"the unit is in {check.phase.name}; an answer would be of no use any more")


def _is_concerned(store: Reader, unit: Unit, operator: bytes) -> bool:
    """Say whether a worker may check a unit, or has a part in a dispute over it."""
    check = sampling.check(store, jobs.key_of(unit))
    place = epochs.find_place(store, check.epoch, operator)
    if place is not None and has_bit(check.eligible, place.index):
        return True
    for line in islice(plays.open_plays_of(store, operator), MAX_PAGE):
        found = keeper.dispute(store, line.dispute_id)
        if (found.job_id, found.attempt, found.stage) == (unit.job_id, unit.attempt, unit.stage):
            return True
    return False


def _fee(ctx: Context, gas: int) -> int:
    price = treasury.params(ctx.store)
    return ceil_div(gas * price.gas_price_numerator, price.gas_price_denominator)


def _pay_answers(ctx: Context, sender: bytes, job: Job, suppliers: tuple[bytes, ...]) -> int:
    """Have the demander pay the gas of the answers, so that whoever answers loses nothing; return the sum."""
    total, per_byte = 0, accounts.params(ctx.store).tx_size_cost_per_byte
    for part, operator in zip(rules.PARTS, suppliers, strict=True):
        size = rules.box_size(rules.num_ids(job, part)) + ENVELOPE_BYTES
        fee = _fee(ctx, SUPPLY_GAS + per_byte * size)
        if operator != sender:
            bank.transfer(ctx, sender, operator, fee)
        total += fee
    return total


# Ends


def end_due(ctx: Context) -> None:
    """Convict whoever did not answer in time; forget demands whose attempt is over."""
    due = list(islice(DEMAND_ENDS.keys(ctx.store, end=U64.pack(ctx.block.height + 1)), DEMANDS_PER_BLOCK))
    for key in due:
        found = _demand(ctx.store, key[1])
        job = jobs.find_job(ctx.store, found.job_id)
        DEMAND_ENDS.remove(ctx.store, key)
        if job is None or _is_over(ctx.store, job, found):
            _end(ctx, found)
            continue
        if found.status == DemandStatus.OWED and ctx.block.height >= found.deadline:
            late = tuple(part for part, digest in zip(rules.PARTS, found.digests, strict=True) if not digest)
            found = _convict(ctx, job, found, late, DemandStatus.LATE)
        DEMAND_ENDS.add(ctx.store, (ctx.block.height + plays.params(ctx.store).witness_blocks, found.demand_id))


def _is_over(store: Reader, job: Job, found: Demand) -> bool:
    """Say whether nothing can be held against anybody any more: the attempt is over, or about to be settled."""
    if job.attempt != found.attempt or job.status in (JobStatus.FINAL, JobStatus.CLOSED):
        return True
    return job.status == JobStatus.ASSERTED and all(map(is_final, jobs.units_of(store, job)))


def _convict(ctx: Context, job: Job, found: Demand, parts: tuple[WitnessPart, ...], status: DemandStatus) -> Demand:
    """Convict those who owed `parts`; the attempt fails."""
    changed = replace(found, status=status)
    DEMANDS.save(ctx.store, changed.demand_id, changed)
    OWED.remove(ctx.store, (changed.job_id, changed.demand_id))
    jobs.freeze(ctx, job)
    ctx.emit("WitnessWithheld", demand_id=found.demand_id, job_id=found.job_id, status=status.name)
    stages = sorted({rules.supplier_stage(part, job.num_stages) for part in parts})
    units = jobs.units_of(ctx.store, job)
    opened = [
        keeper.open_dispute(ctx, keeper.new_dispute(ctx.store, DisputeKind.WITHHELD, units[stage], found.demander))
        for stage in stages
        if not verdicts.is_decided(ctx.store, job, stage)
    ]
    for number, dispute in enumerate(opened):
        # The demand has cost its sender once, however many owed an answer.
        verdicts.convict(ctx, dispute, found.demander, 0 if number else found.cost, is_false=False)
    return changed


def _accused(ctx: Context, found: Demand) -> Demand:
    """Take the deposit of a demander that called a right box bad."""
    changed = replace(found, status=DemandStatus.ACCUSED, deposit=0)
    DEMANDS.save(ctx.store, changed.demand_id, changed)
    OWED.remove(ctx.store, (changed.job_id, changed.demand_id))
    workers.release(ctx, found.demander, found.deposit)
    _forfeit(ctx, found, PenaltyReason.FALSE_ACCUSATION)
    ctx.emit("WitnessAccused", demand_id=found.demand_id, job_id=found.job_id, deposit=found.deposit)
    return changed


def _forfeit(ctx: Context, found: Demand, reason: PenaltyReason) -> None:
    key = (found.job_id, (found.attempt, found.stage))
    penalties.take(ctx, found.demander, jobs.TREASURY, found.deposit, reason, key)


def _end(ctx: Context, found: Demand) -> None:
    """Forget a demand whose attempt is over; an outsider has paid for what it saw unless somebody was convicted."""
    workers.release(ctx, found.demander, found.deposit)
    is_convicted = any(
        other.guilt is not None and other.attempt == found.attempt for other in registry.of_job(ctx.store, found.job_id)
    )
    if found.is_outsider and any(found.digests) and not is_convicted:
        _forfeit(ctx, found, PenaltyReason.DEMAND)
    ended = replace(found, status=DemandStatus.OVER) if found.status == DemandStatus.OWED else found
    DEMANDS.save(ctx.store, ended.demand_id, replace(ended, deposit=0))
    OWED.remove(ctx.store, (found.job_id, found.demand_id))
    DEMANDS_OF_JOB.remove(ctx.store, (found.job_id, found.demand_id))
    for operator in (found.demander, *found.suppliers):
        DEMANDS_OF.remove(ctx.store, (operator, found.demand_id))
    height = ctx.block.height + jobs.params(ctx.store).receipt_blocks + 1
    archive.retire(ctx, height, "disputes", (DEMANDS.path(found.demand_id),))


# Reading


def _of_attempt(store: Reader, job: Job) -> Iterator[Demand]:
    for _, demand_id in DEMANDS_OF_JOB.keys(store, prefix=U64.pack(job.job_id)):
        found = _demand(store, demand_id)
        if found.attempt == job.attempt:
            yield found


def demands(ctx: QueryContext, request: QueryDemandsRequest) -> QueryDemandsResponse:
    """Return the demands that a worker owes or has made, or those of a job. Raises: Rejected: UNKNOWN_WORKER."""
    if request.address:
        operator = _worker(ctx.store, address_of(request.address, "address")).operator
        ids = (number for _, number in DEMANDS_OF.keys(ctx.store, prefix=ADDRESS.pack(operator)))
    else:
        ids = (number for _, number in DEMANDS_OF_JOB.keys(ctx.store, prefix=U64.pack(request.job_id)))
    found: list[DueDemand] = []
    for number in islice(ids, MAX_PAGE):
        one = _demand(ctx.store, number)
        job = jobs.find_job(ctx.store, one.job_id)
        if job is not None:
            found.append(DueDemand(one, job))
    return QueryDemandsResponse(ctx.height, tuple(found))


def reserved(store: Reader) -> Iterator[tuple[bytes, int]]:
    """Yield what the deposits of demands hold of bonds."""
    for _, found in DEMANDS.items(store):
        yield found.demander, found.deposit


def check_invariants(store: Reader) -> None:
    """Check the places of demands. Raises: InvariantBroken."""
    ends = [number for _, number in DEMAND_ENDS.keys(store)]
    if len(ends) != len(set(ends)):
        raise InvariantBroken("a demand is looked at twice")
    for number, found in DEMANDS.items(store):
        is_live = number in ends
        is_listed = DEMANDS_OF_JOB.has(store, (found.job_id, number))
        if {DEMANDS_OF.has(store, (one, number)) for one in (found.demander, *found.suppliers)} != {is_live}:
            raise InvariantBroken(f"demand {number} is not listed as its end says")
        if is_listed != is_live or OWED.has(store, (found.job_id, number)) != (found.status == DemandStatus.OWED):
            raise InvariantBroken(f"demand {number} is {found.status.name} and not listed so")
        if found.deposit and not is_live:
            raise InvariantBroken(f"demand {number} is over and holds {found.deposit} uostr")
