"""When a worker demands withheld input, answers demands, and shows that a box is false: pure decisions from a view."""

from collections.abc import Iterator

from chain.modules.disputes import witness_rules as rules
from chain.modules.disputes.types import DemandStatus, DueDemand, WitnessPart
from chain.modules.jobs.types import JobStatus
from chain.modules.sampling.types import DutyKind
from inference.actions import HOT, ReadWitness, SendWitness
from inference.view import StepKind, UnitKey, WitnessStep, WorkerView, unit_key

MARGIN_BLOCKS = 3
"""How long before the last height of a demand the worker stops waiting for those who should send the input."""
ASKING_BLOCKS = 2
"""How long it waits for them even then, if it asked late: a worker that was just started has asked nobody."""
REFUTE_BLOCKS = 20
"""Within how many blocks a refutation must be taken, or it is made again."""
MAX_STEPS = 16
"""Messages in one transaction."""
MAX_BYTES = 112 * 1024
"""Bytes of them; a transaction may have 128 KiB."""
MESSAGE_BYTES = 512
"""Of a message beside its box."""


def send_witness(view: WorkerView) -> SendWitness | None:
    """Send what is due, the most urgent first: silence costs S here, and a demand is only taken in time."""
    if HOT in view.busy:
        return None
    found = [step for step in (*_answers(view), *_refutations(view), *_demands(view)) if view.may_try(step.name)]
    chosen: list[WitnessStep] = []
    left = MAX_BYTES
    for step in sorted(found, key=lambda item: item.deadline)[:MAX_STEPS]:
        if step.size <= left:
            chosen.append(step)
            left -= step.size
    return SendWitness(tuple(chosen)) if chosen else None


def read_witness(view: WorkerView) -> ReadWitness | None:
    """Open the boxes that came."""
    for due in view.demands:
        demand = due.demand
        is_own = demand.demander == view.operator and demand.status == DemandStatus.SUPPLIED
        is_known = (demand.job_id, demand.attempt) in view.witnesses
        is_false = any(number == demand.demand_id for number, _ in view.false_boxes)
        action = ReadWitness(due, UnitKey(demand.job_id, demand.attempt, demand.stage))
        if is_own and not (is_known or is_false or _is_over(due)) and view.may_try(action.name):
            return action
    return None


def _is_over(due: DueDemand) -> bool:
    """Say whether the attempt is over: the ids are of no use any more, and what opens the boxes is forgotten."""
    return due.job.attempt != due.demand.attempt or due.job.status in (JobStatus.FINAL, JobStatus.CLOSED)


def suppliers(due: DueDemand) -> dict[WitnessPart, UnitKey]:
    """Return which unit owes which part; nobody owes anything of an attempt that is over."""
    demand, job = due.demand, due.job
    if demand.attempt != job.attempt:  # the next one may not even have stages yet
        return {}
    stages = {part: rules.supplier_stage(part, job.num_stages) for part in rules.PARTS}
    return {part: UnitKey(demand.job_id, demand.attempt, stage) for part, stage in stages.items()}


def _answers(view: WorkerView) -> Iterator[WitnessStep]:
    for due in view.demands:
        demand, job, owing = due.demand, due.job, suppliers(due)
        if demand.status != DemandStatus.OWED or demand.deadline <= view.height or not owing:
            continue
        for part, operator, digest in zip(rules.PARTS, demand.suppliers, demand.digests, strict=True):
            key = owing[part]
            run = view.runs.get(key)
            if operator == view.operator and not digest and run is not None and run.is_ended:
                size = rules.box_size(rules.num_ids(job, part)) + MESSAGE_BYTES
                yield WitnessStep(StepKind.SUPPLY, demand.deadline, key, size, demand.demand_id, part, demand.box_key)


def _refutations(view: WorkerView) -> Iterator[WitnessStep]:
    for due in view.demands:
        demand = due.demand
        for part in rules.PARTS:
            is_open = demand.status in (DemandStatus.OWED, DemandStatus.SUPPLIED)
            if is_open and demand.demander == view.operator and (demand.demand_id, part) in view.false_boxes:
                key = UnitKey(demand.job_id, demand.attempt, demand.stage)
                size = rules.box_size(rules.num_ids(due.job, part)) + MESSAGE_BYTES
                deadline = view.height + REFUTE_BLOCKS
                yield WitnessStep(StepKind.REFUTE, deadline, key, size, demand.demand_id, part)


def _demands(view: WorkerView) -> Iterator[WitnessStep]:
    """Demand the ids of drawn units whose input nobody gives, while an answer is still of use."""
    asked = {(due.demand.job_id, due.demand.attempt) for due in view.demands if due.demand.demander == view.operator}
    for duty in view.duties:
        if duty.kind != DutyKind.DRAW or view.game is None or view.windows is None or duty.check is None:
            continue
        key = unit_key(duty)
        last = rules.last_demand(duty.check, view.windows.commit_blocks, view.game.witness_blocks)
        if key not in view.drawn or key in view.checked or last is None or view.height >= last:
            continue
        # One block is left for the demand: who asks only now may have to demand before it is answered.
        late = min(view.asked.get(key, view.height) + ASKING_BLOCKS, last - 1)
        is_late = key not in view.fed and view.height >= max(last - MARGIN_BLOCKS, late)
        pair = (key.job_id, key.attempt)
        if (is_late or key in view.starved) and pair not in asked and pair not in view.witnesses:
            asked.add(pair)
            yield WitnessStep(StepKind.DEMAND, last, key, MESSAGE_BYTES)
