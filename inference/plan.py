"""The whole policy of a worker: `plan(view)` returns the one action to take next.

The functions stand in priority order; the first that wants something wins. The loop performs it, which changes the
view, and asks again, until `Wait`. Nothing here reads a clock, a file or a socket.
"""

from collections.abc import Callable

from chain.crypto.hashing import sha256
from chain.modules.disputes.types import DueMove
from chain.modules.plans.types import Plan
from chain.modules.sampling.types import Duty, DutyKind
from chain.modules.workers.types import Enrollment, Role, WorkerStatus
from inference import planning, witness_plan
from inference.actions import (
    HOT,
    OPERATOR,
    Action,
    CheckUnit,
    ClaimDuties,
    DropUnit,
    Enroll,
    FundHotKey,
    LoadShard,
    PrepareMove,
    ProposePlan,
    Register,
    ResumeRun,
    SendDuties,
    SendEvidence,
    SettleUnit,
    Wait,
)
from inference.disputes.claims import evidence_name
from inference.shards.spec import ShardSpec
from inference.view import WorkerView, canary_name, claim_name, move_name, unit_key

MAX_MESSAGES = 32
"""Messages in one transaction."""
MAX_CLAIMS = 16
"""Claims in one transaction."""
MAX_MOVES = 8
"""Moves of disputes among them: a block takes 16 of all parties."""
MAX_MOVE_BYTES = 96 * 1024
"""Bytes of moves in one transaction, which may have 128 KiB; a proof has up to 56."""
MAX_PREPARED = 2
"""Moves prepared at a time: one computes while the other fetches."""
MAX_EVIDENCE = 8
"""Proofs against others in one transaction."""
MAX_CHECKS = 8
"""Checks under way at a time; most of them only wait for their input or for their turn to be computed."""
FEE_RESERVE = 1_000_000
"""uostr an operator keeps for gas beside bond and hot key."""
TURN_BLOCKS = 4
"""How long it is one worker's turn to submit a plan, so that they do not all submit the same one."""
MENDING_TURN_BLOCKS = 2
"""The same while jobs wait for a plan in place of one that is lost."""
SETTLE_BLOCKS = 8
"""How long after the last enrolment a plan is made: workers that start together are planned together."""
BRIEF_SETTLE_BLOCKS = 3
"""The same when every registered worker has enrolled, so that nobody is known to be on the way."""
LONGEST_WAIT_BLOCKS = 64
"""After this long without any plan, one is made although workers keep arriving."""


def plan(view: WorkerView) -> Action:
    """Return what to do next."""
    for step in STEPS:
        action = step(view)
        if action is not None:
            return action
    return Wait(_reason(view))


def duty_name(duty: Duty) -> str:
    """Return the name under which a duty's message is retried or done."""
    if duty.kind == DutyKind.OPEN_EPOCH:
        return f"OPEN_EPOCH {duty.epoch}"
    is_late = duty.check is not None and duty.check.late_height
    return f"{duty.kind.name} {unit_key(duty)}{' late' if is_late else ''}"


def _register(view: WorkerView) -> Action | None:
    if view.worker is not None or OPERATOR in view.busy or not view.may_try("register"):
        return None
    needed = view.wishes.bond + view.wishes.hot_balance + FEE_RESERVE
    return Register() if view.operator_balance >= needed else None


def _fund(view: WorkerView) -> Action | None:
    amount = view.wishes.hot_balance
    if view.worker is None or OPERATOR in view.busy or not view.may_try("fund"):
        return None
    if view.hot_balance * 10 >= amount or view.operator_balance < amount + FEE_RESERVE:
        return None
    return FundHotKey(amount)


def _resume(view: WorkerView) -> Action | None:
    """Before anything new: units that a restart interrupted."""
    for key, run in sorted(view.runs.items()):
        action = ResumeRun(key)
        is_over = key in view.finished or key in view.settling
        if not (run.is_delivered or run.is_live or is_over) and view.may_try(action.name):
            return action
    return None


def _send(view: WorkerView) -> Action | None:
    """Send duties and moves, the most urgent of each first; canaries, which nothing waits for, when nothing is due."""
    if HOT in view.busy:
        return None
    moves = _ready_moves(view)
    ready = [duty for duty in view.duties if _is_ready(view, duty) and view.may_try(duty_name(duty))]
    ready.sort(key=lambda duty: duty.deadline)
    # A unit's first move may need its baited seal opened in the same transaction.
    ready = ready[: MAX_MESSAGES - 2 * len(moves)]
    if ready or moves:
        return SendDuties(tuple(ready), moves)
    canaries = [key for key in view.canaries if view.may_try(canary_name(key))]
    return SendDuties((), canaries=tuple(canaries[:MAX_MESSAGES])) if canaries else None


def _ready_moves(view: WorkerView) -> tuple[DueMove, ...]:
    moves: list[DueMove] = []
    left = MAX_MOVE_BYTES
    for due in sorted(view.moves, key=lambda item: item.deadline):
        name = move_name(due)
        size = view.prepared.get(name, 0)
        if size and due.deadline > view.height and view.may_try(name) and (size <= left or not moves):
            moves.append(due)
            left -= size
    return tuple(moves[:MAX_MOVES])


def _prepare(view: WorkerView) -> Action | None:
    """Find the next move of a line whose turn is this worker's."""
    if sum(name.startswith("prepare ") for name in view.busy) >= MAX_PREPARED:
        return None
    for due in sorted(view.moves, key=lambda item: item.deadline):
        action, name = PrepareMove(due), move_name(due)
        is_open = due.deadline > view.height and name not in view.prepared
        if is_open and view.may_try(name) and view.may_try(action.name):
            return action
    return None


def _is_ready(view: WorkerView, duty: Duty) -> bool:
    """Say whether a duty's message can be made and counts in the next block."""
    if duty.deadline <= view.height:
        return False
    match duty.kind:
        case DutyKind.RUN:
            run = view.runs.get(unit_key(duty))
            return run is not None and run.is_ended
        case DutyKind.DRAW:
            return unit_key(duty) in view.drawn and unit_key(duty) in view.checked
        case DutyKind.REVEAL:
            return unit_key(duty) in view.checked
        case DutyKind.OPEN:
            run = view.runs.get(unit_key(duty))
            return run is not None and run.is_ended
        case DutyKind.OPEN_EPOCH:
            return duty.open_from <= view.height + 1
        case _:
            return False


def _show(view: WorkerView) -> Action | None:
    """Whoever is shown to have signed something else than it committed to is convicted before it is checked."""
    if HOT in view.busy:
        return None
    found = tuple(claim for claim in view.evidence if view.may_try(evidence_name(claim)))
    return SendEvidence(found[:MAX_EVIDENCE]) if found else None


def _check(view: WorkerView) -> Action | None:
    if sum(name.startswith("check ") for name in view.busy) >= MAX_CHECKS:
        return None
    waiting = [duty for duty in view.duties if duty.kind == DutyKind.DRAW and unit_key(duty) in view.drawn]
    for duty in sorted(waiting, key=lambda item: item.deadline):
        action = CheckUnit(duty, unit_key(duty))
        if action.key not in view.checked and duty.deadline > view.height and view.may_try(action.name):
            return action
    return None


def _load(view: WorkerView) -> Action | None:
    for spec in wanted_shards(view):
        action = LoadShard(spec)
        if spec not in view.loaded and view.may_try(action.name):
            return action
    return None


def wanted_shards(view: WorkerView) -> tuple[ShardSpec, ...]:
    """Return the shards to have ready: of units to run, of live plans, of the range to serve, of the model to check."""
    wanted = [
        ShardSpec(duty.job.model_root, duty.unit.start, duty.unit.end)
        for duty in view.duties
        if duty.kind == DutyKind.RUN and duty.unit is not None and duty.job is not None
        if duty.job.model_root == view.model_root
    ]
    for live in view.plans:
        wanted += [
            ShardSpec(live.model_root, stage.start, stage.end)
            for stage in live.stages
            if stage.operator == view.operator and live.model_root == view.model_root
        ]
    if view.wishes.serve is not None and not (wanted and _is_enrolled(view, Role.SERVE)):
        wanted.append(view.wishes.serve)
    if view.wishes.check and not _is_enrolled(view, Role.CHECK):
        wanted.append(ShardSpec(view.model_root, 0, view.header.num_layers))
    return tuple(dict.fromkeys(wanted))


def _enroll(view: WorkerView) -> Action | None:
    if view.worker is None or view.worker.status != WorkerStatus.ACTIVE or OPERATOR in view.busy:
        return None
    last = view.header.num_layers
    serve = view.wishes.serve
    if serve is not None and serve in view.loaded and not _is_enrolled(view, Role.SERVE):
        action = Enroll(Role.SERVE, serve.start, serve.end)
        if view.may_try(action.name):
            return action
    if view.wishes.check and ShardSpec(view.model_root, 0, last) in view.loaded and not _is_enrolled(view, Role.CHECK):
        action = Enroll(Role.CHECK, 0, last)
        if view.may_try(action.name):
            return action
    return None


def _own_enrollment(view: WorkerView, role: Role) -> Enrollment | None:
    return next((item for item in view.enrollments if item.operator == view.operator and item.role == role), None)


def _is_enrolled(view: WorkerView, role: Role) -> bool:
    return _own_enrollment(view, role) is not None


def _propose(view: WorkerView) -> Action | None:
    if view.rates is None or OPERATOR in view.busy or not view.may_try("propose"):
        return None
    mended = _mended(view)
    if mended is not None:
        return mended if _is_my_turn(view, MENDING_TURN_BLOCKS) else None
    if not (_is_settled(view) and _is_my_turn(view, TURN_BLOCKS)):
        return None
    best = planning.best_plan(view.header, view.peers, view.enrollments, view.rates)
    if best is None:
        return None
    if view.plans:
        # Threshold: five percent, or every new worker would replace every plan.
        least = min(live.bottleneck for live in view.plans)
        if best.bottleneck * 20 > least * 19:
            return None
    return ProposePlan(best.stages)


def _mended(view: WorkerView) -> ProposePlan | None:
    """Return a plan for those who have none: everybody if the last one died, or a job that avoids the convicted."""
    assert view.rates is not None
    wanted: list[tuple[Plan, frozenset[bytes]]] = []
    if not view.plans:
        wanted += [(lost, frozenset()) for lost in reversed(view.lost)]
    for job in view.waiting:
        avoided = frozenset(job.excluded)
        if avoided and all(avoided & {stage.operator for stage in live.stages} for live in view.plans):
            wanted += [(live, avoided) for live in view.plans]
    for plan_, avoided in wanted:
        stages = planning.mended(view.header, plan_.stages, view.peers, view.enrollments, view.rates, avoided)
        if stages is not None:
            return ProposePlan(stages)
    return None


def _is_settled(view: WorkerView) -> bool:
    """Say whether nobody has enrolled lately: a plan made while workers arrive would leave out those behind it."""
    heights = [item.height for item in view.enrollments]
    if not heights or (not view.plans and view.height - min(heights) >= LONGEST_WAIT_BLOCKS):
        return True
    enrolled = {item.operator for item in view.enrollments}
    active = {peer.operator for peer in view.peers if peer.status == WorkerStatus.ACTIVE}
    return view.height - max(heights) >= (BRIEF_SETTLE_BLOCKS if active <= enrolled else SETTLE_BLOCKS)


def _is_my_turn(view: WorkerView, blocks: int) -> bool:
    """Say whether it is this worker's turn: a turn for each serving worker, in an order that starts anywhere."""
    active = {peer.operator for peer in view.peers if peer.status == WorkerStatus.ACTIVE}
    serving = sorted({item.operator for item in view.enrollments if item.role == Role.SERVE} & active)
    if view.operator not in serving:
        return False
    offset = int.from_bytes(sha256(view.model_root)[:4], "little")
    return (view.height // blocks + offset) % len(serving) == serving.index(view.operator)


def _claim(view: WorkerView) -> Action | None:
    """Claim what others left undone, in turns: when nothing else is to be sent, and if it earns more than its gas."""
    if HOT in view.busy or view.rates is None or not view.unmet:
        return None
    working = sorted(peer.operator for peer in view.peers if peer.status == WorkerStatus.ACTIVE)
    if view.operator in working:
        turn = view.height // TURN_BLOCKS % len(working)
        if working[turn] != view.operator:
            return None
    worth = [duty for duty in view.unmet if duty.share > view.rates.commit_fee and view.may_try(claim_name(duty))]
    return ClaimDuties(tuple(worth[:MAX_CLAIMS])) if worth else None


def _set_aside(view: WorkerView) -> Action | None:
    for key, until in sorted(view.settling.items()):
        action = SettleUnit(key, until)
        if view.may_try(action.name):
            return action
    return None


def _drop(view: WorkerView) -> Action | None:
    for key in sorted(view.finished):
        action = DropUnit(key)
        if view.may_try(action.name):
            return action
    return None


STEPS: tuple[Callable[[WorkerView], Action | None], ...] = (
    _register,
    _fund,
    _resume,
    witness_plan.send_witness,
    _send,
    witness_plan.read_witness,
    _prepare,
    _show,
    _check,
    _load,
    _enroll,
    _propose,
    _claim,
    _set_aside,
    _drop,
)
"""In priority order."""


def _reason(view: WorkerView) -> str:
    """Say in words what the worker waits for."""
    if view.worker is None:
        needed = view.wishes.bond + view.wishes.hot_balance + FEE_RESERVE
        if view.operator_balance < needed:
            return f"{needed - view.operator_balance} uostr more on the operator's account"
        return "its registration"
    if view.worker.status != WorkerStatus.ACTIVE:
        return f"nothing: it is {view.worker.status.name.lower()}"
    if any(name.startswith("load ") for name in view.busy):
        return "its shards to load"
    if not view.plans:
        return "a live plan"
    return "work"
