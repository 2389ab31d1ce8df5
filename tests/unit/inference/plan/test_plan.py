"""What a worker would do, decided from plain values."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from chain.crypto.hashing import sha256
from chain.crypto.keys import encode_address
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    DisputeStatus,
    DueMove,
    Line,
    MsgClaimStop,
    Play,
    PlayStatus,
    Round,
    Side,
    Turn,
)
from chain.modules.jobs.types import CloseReason, Job, JobStatus, SamplerSpec, Unit, UnitStatus
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader
from chain.modules.plans.types import Plan, Stage, StageRequest
from chain.modules.rates.types import Params, Terms
from chain.modules.sampling.types import CheckPhase, Duty, DutyKind, UnitCheck
from chain.modules.workers.types import Enrollment, Keys, Role, Worker, WorkerStatus
from inference import planning
from inference.actions import (
    HOT,
    OPERATOR,
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
from inference.plan import (
    BRIEF_SETTLE_BLOCKS,
    MAX_CHECKS,
    MAX_MOVE_BYTES,
    MENDING_TURN_BLOCKS,
    SETTLE_BLOCKS,
    TURN_BLOCKS,
    duty_name,
    plan,
)
from inference.shards.spec import ShardSpec
from inference.view import RunView, UnitKey, UnmetDuty, Wishes, WorkerView, claim_name, first_of_units, move_name

ROOT = bytes([9]) * 32
SCALE = LinearScale(1, 1)
LAYERS = 6
HEADER = ModelHeader(
    1, 1, "llama", LAYERS, 64, 1, 1, 64, 64, 100, 128, True, 0, 26, 1 << 15, 1, 3, 10, 10, 10,
    (LayerScales(SCALE, SCALE, SCALE, SCALE),) * LAYERS, SCALE, b"", b"", b"", (), (1, 2, 3, 4, 5),
    (1000,) * LAYERS, 2000, 1, (100,) * LAYERS, 50,
)  # fmt: skip
RATES = Params(2, 1, 2, 1 << 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 20, 2, 0, 1)
TERMS = Terms(1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 1 << 16)
ME, OTHER = b"m" * 20, b"o" * 20
WISHES = Wishes(ShardSpec(ROOT, 0, LAYERS), False, 100_000_000, 1_000_000)


def worker(operator: bytes, **changes: Any) -> Worker:
    known = Worker(
        operator, sha256(operator)[:20], Keys(b"", b"", b"", b"", b"", b""), "h:1", "r", 1 << 30, (), 0,
        100_000_000, 0, 0, WorkerStatus.ACTIVE, 1,
    )  # fmt: skip
    return replace(known, **changes)


def enrolled(operator: bytes, role: Role, start: int = 0, end: int = LAYERS) -> Enrollment:
    return Enrollment(operator, ROOT, role, start, end, 5)


def duty(kind: DutyKind, *, deadline: int = 150, stage: int = 1, job_id: int = 4, open_from: int = 0) -> Duty:
    job = Job(
        job_id, b"", ROOT, b"", b"", 5, 5, SamplerSpec(), b"", (), 0, b"", 0, JobStatus.RUNNING, 0, 1, 3,
        1, 3, 0, 0, 0, CloseReason.NONE, 0, 200, 0, b"",
    )  # fmt: skip
    unit = Unit(job_id, 0, stage, ME, 2, 4, 0, TERMS, UnitStatus.PENDING, 0, b"", b"", b"", 0, b"", b"", 0)
    if kind == DutyKind.OPEN_EPOCH:
        return Duty(kind, deadline, None, None, None, b"", 0, 3, b"", open_from, ())
    return Duty(kind, deadline, job, unit, None, b"", 1, 3, b"", open_from, (ME, OTHER))


KEY = UnitKey(4, 0, 1)
LIVE = Plan(1, ROOT, (Stage(ME, 0, 3), Stage(OTHER, 3, LAYERS)), 5000, b"", 1, True)


def view(**changes: Any) -> WorkerView:
    """Return the view of a worker that has nothing to do."""
    quiet = WorkerView(
        height=100,
        now_ns=0,
        operator=ME,
        wishes=WISHES,
        model_root=ROOT,
        header=HEADER,
        worker=worker(ME),
        operator_balance=50_000_000,
        hot_balance=1_000_000,
        loaded=frozenset({WISHES.serve, ShardSpec(ROOT, 0, 3), ShardSpec(ROOT, 2, 4)}),  # type: ignore[arg-type]
        plans=(LIVE,),
        peers=(worker(ME), worker(OTHER)),
        enrollments=(enrolled(ME, Role.SERVE), enrolled(OTHER, Role.SERVE)),
        rates=RATES,
    )
    return replace(quiet, **changes)


def move(dispute_id: int, *, deadline: int = 150) -> DueMove:
    one = duty(DutyKind.RUN)
    assert one.job is not None
    assert one.unit is not None
    dispute = Dispute(
        dispute_id, DisputeKind.TRACE, 4, 0, 1, ME, OTHER, b"", b"", b"", b"", 90, 200, DisputeStatus.OPEN, 0
    )  # fmt: skip
    line = Line(Round.SECTIONS, Turn.REVEAL)
    play = Play(dispute_id, 0, OTHER, 0, line, 60, 60, 90, 0, deadline, PlayStatus.OPEN)
    return DueMove(Side.ASSERTER, deadline, dispute, play, one.job, one.unit)


def runs(*, is_ended: bool, is_live: bool = True, is_delivered: bool = False) -> Any:
    return MappingProxyType({KEY: RunView(is_ended, is_live, is_delivered)})


def test_a_worker_without_duties_waits() -> None:
    assert plan(view()) == Wait("work")


def test_an_unregistered_worker_registers_once_its_operator_can_pay() -> None:
    poor = view(worker=None, operator_balance=101_999_999)
    assert plan(poor) == Wait("1 uostr more on the operator's account")
    assert plan(replace(poor, operator_balance=102_000_000)) == Register()


@pytest.mark.parametrize("obstacle", [{"busy": frozenset({OPERATOR})}, {"retry_at": {"register": 101}}])
def test_registration_waits_for_the_account_and_after_a_failure(obstacle: dict[str, Any]) -> None:
    assert plan(view(worker=None, operator_balance=1 << 40, **obstacle)) != Register()


def test_an_empty_hot_account_is_funded() -> None:
    assert plan(view(hot_balance=99_999)) == FundHotKey(1_000_000)
    assert plan(view(hot_balance=100_000)) == Wait("work")
    assert plan(view(hot_balance=0, operator_balance=1_000_000)) == Wait("work")


def test_shards_are_loaded_before_enrolment() -> None:
    empty = view(loaded=frozenset(), enrollments=(), plans=())
    assert plan(empty) == LoadShard(ShardSpec(ROOT, 0, LAYERS))
    loaded = replace(empty, loaded=frozenset({ShardSpec(ROOT, 0, LAYERS)}))
    assert plan(loaded) == Enroll(Role.SERVE, 0, LAYERS)


def test_a_checker_verifies_the_whole_model_before_it_enrols() -> None:
    wishes = replace(WISHES, serve=None, check=True)
    empty = view(loaded=frozenset(), enrollments=(), plans=(), wishes=wishes)
    assert plan(empty) == LoadShard(ShardSpec(ROOT, 0, LAYERS))
    loaded = replace(empty, loaded=frozenset({ShardSpec(ROOT, 0, LAYERS)}))
    assert plan(loaded) == Enroll(Role.CHECK, 0, LAYERS)
    assert plan(replace(loaded, enrollments=(enrolled(ME, Role.CHECK),))) == Wait("a live plan")


def test_a_jailed_worker_does_not_enrol() -> None:
    jailed = view(enrollments=(), plans=(), worker=worker(ME, status=WorkerStatus.JAILED))
    assert plan(jailed) == Wait("nothing: it is jailed")


def test_the_shard_of_a_live_plan_is_loaded_ahead_of_the_first_job() -> None:
    assert plan(view(loaded=frozenset({ShardSpec(ROOT, 0, LAYERS)}))) == LoadShard(ShardSpec(ROOT, 0, 3))


def test_interrupted_units_are_resumed_before_anything_else() -> None:
    assert plan(view(runs=runs(is_ended=False, is_live=False), hot_balance=1 << 30)) == ResumeRun(KEY)
    assert plan(view(runs=runs(is_ended=True, is_live=False))) == ResumeRun(KEY)
    assert plan(view(runs=runs(is_ended=True, is_live=False, is_delivered=True))) == Wait("work")
    assert plan(view(runs=runs(is_ended=False, is_live=False), finished=frozenset({KEY}))) == DropUnit(KEY)


def test_a_unit_of_a_settled_job_is_set_aside_and_not_resumed() -> None:
    settled = view(runs=runs(is_ended=True, is_live=False), settling={KEY: 900})
    assert plan(settled) == SettleUnit(KEY, 900)
    assert plan(replace(settled, busy=frozenset({SettleUnit(KEY, 900).name}))) == Wait("work")


def test_duties_of_a_late_draw_are_others_than_those_before() -> None:
    early = duty(DutyKind.DRAW)
    check = UnitCheck(4, 0, 1, b"", 1, 3, b"", 1, CheckPhase.COMMIT, 150, 0, 0, True)
    late = replace(early, check=replace(check, late_height=80))
    assert duty_name(replace(early, check=check)) == duty_name(early) == "DRAW 4/0/1"
    assert duty_name(late) == "DRAW 4/0/1 late"
    known = {"checked": frozenset({KEY}), "drawn": frozenset({KEY}), "done": frozenset({duty_name(early)})}
    assert plan(view(duties=(early,), **known)) == Wait("work")
    assert plan(view(duties=(late,), **known)) == SendDuties((late,))


def test_a_result_is_sent_only_when_the_unit_has_ended() -> None:
    run = duty(DutyKind.RUN)
    assert plan(view(duties=(run,), runs=runs(is_ended=False))) == Wait("work")
    assert plan(view(duties=(run,), runs=runs(is_ended=True))) == SendDuties((run,))


def test_due_messages_share_one_transaction_earliest_deadline_first() -> None:
    run, reveal = duty(DutyKind.RUN), duty(DutyKind.REVEAL, deadline=120)
    opening = duty(DutyKind.OPEN, deadline=130)
    epoch = duty(DutyKind.OPEN_EPOCH, deadline=600, open_from=101)
    ready = view(duties=(run, epoch, opening, reveal), runs=runs(is_ended=True), checked=frozenset({KEY}))
    assert plan(ready) == SendDuties((reveal, opening, run, epoch))
    assert plan(replace(ready, busy=frozenset({HOT}))) == Wait("work")
    assert plan(replace(ready, done=frozenset(map(duty_name, ready.duties)))) == Wait("work")
    later = {duty_name(item): 105 for item in ready.duties}
    assert plan(replace(ready, retry_at=later)) == Wait("work")
    assert plan(replace(ready, retry_at=later, height=105)) == SendDuties((reveal, opening, run, epoch))


def test_the_most_urgent_move_is_prepared_first_and_two_at_a_time() -> None:
    late, soon, over = move(1), move(2, deadline=120), move(3, deadline=100)
    disputed = view(moves=(late, soon, over))
    assert plan(disputed) == PrepareMove(soon)
    busy = frozenset({PrepareMove(soon).name})
    assert plan(replace(disputed, busy=busy)) == PrepareMove(late)
    assert plan(replace(disputed, busy=busy | {PrepareMove(late).name})) == Wait("work")
    assert plan(replace(disputed, prepared={move_name(soon): 10}, busy=frozenset({HOT}))) == PrepareMove(late)
    assert plan(replace(disputed, done=frozenset({move_name(soon), move_name(late)}))) == Wait("work")
    assert plan(replace(disputed, retry_at={PrepareMove(soon).name: 105})) == PrepareMove(late)


def test_prepared_moves_travel_with_duties_as_far_as_their_bytes_fit() -> None:
    moves = tuple(move(number, deadline=150 - number) for number in range(1, 4))
    sizes = {move_name(due): MAX_MOVE_BYTES // 2 for due in moves}
    run = duty(DutyKind.RUN)
    ready = view(duties=(run,), runs=runs(is_ended=True), moves=moves, prepared=sizes)
    assert plan(ready) == SendDuties((run,), (moves[2], moves[1]))
    assert plan(replace(ready, prepared=sizes | {move_name(moves[2]): 2 * MAX_MOVE_BYTES})) == SendDuties(
        (run,), (moves[2],)
    )
    passed = replace(ready, done=frozenset(map(move_name, moves)))
    assert plan(passed) == SendDuties((run,))


def test_a_seal_is_opened_with_the_first_move_over_its_unit() -> None:
    first, again, other = move(1), move(2), move(3)
    other = replace(other, unit=replace(other.unit, stage=other.unit.stage + 1))
    assert first_of_units((first, other, again)) == (first, other)
    assert first_of_units(()) == ()


def test_what_is_proven_against_others_is_sent_once_and_after_what_is_due() -> None:
    claims = tuple(MsgClaimStop("me", number, 0, 3, b"leaf", b"") for number in range(1, 11))
    seen = view(evidence=claims)
    assert plan(seen) == SendEvidence(claims[:8])
    assert plan(replace(seen, busy=frozenset({HOT}))) == Wait("work")
    assert plan(replace(seen, done=frozenset(map(evidence_name, claims[:9])))) == SendEvidence(claims[9:])
    assert plan(replace(seen, retry_at=MappingProxyType(dict.fromkeys(map(evidence_name, claims), 101)))) == Wait(
        "work"
    )
    due = duty(DutyKind.REVEAL)
    owing = replace(seen, duties=(due,), checked=frozenset({UnitKey(4, 0, 1)}))
    assert plan(owing) == SendDuties((due,))


def test_canaries_are_opened_only_when_nothing_is_due() -> None:
    baited = (UnitKey(3, 0, 1), UnitKey(3, 0, 2))
    idle = view(canaries=baited, enrollments=(enrolled(ME, Role.SERVE),), loaded=frozenset({WISHES.serve}))
    assert plan(idle) == SendDuties((), canaries=baited)
    due = duty(DutyKind.OPEN_EPOCH, open_from=90)
    assert plan(replace(idle, duties=(due,))) == SendDuties((due,))
    assert plan(replace(idle, done=frozenset({"canary 3/0/1"}))) == SendDuties((), canaries=baited[1:])


def test_no_more_messages_than_a_transaction_takes() -> None:
    many = tuple(duty(DutyKind.OPEN_EPOCH, deadline=600 + n) for n in range(40))
    many = tuple(replace(item, epoch=n) for n, item in enumerate(many))
    assert plan(view(duties=many)) == SendDuties(many[:32])
    # Each move may be preceded by the opening of a baited seal.
    moves = tuple(move(number) for number in range(1, 9))
    disputed = view(duties=many, moves=moves, prepared={move_name(due): 10 for due in moves})
    assert plan(disputed) == SendDuties(many[:16], moves)


def test_a_duty_whose_last_height_has_passed_is_left_alone() -> None:
    assert plan(view(duties=(duty(DutyKind.RUN, deadline=100),), runs=runs(is_ended=True))) == Wait("work")


def test_an_epoch_proof_waits_for_its_window() -> None:
    assert plan(view(duties=(duty(DutyKind.OPEN_EPOCH, open_from=102),))) == Wait("work")
    due = duty(DutyKind.OPEN_EPOCH, open_from=101)
    assert plan(view(duties=(due,))) == SendDuties((due,))


def test_only_winning_tickets_are_checked_then_committed() -> None:
    draw = duty(DutyKind.DRAW)
    assert plan(view(duties=(draw,))) == Wait("work")
    assert plan(view(duties=(draw,), drawn=frozenset({KEY}))) == CheckUnit(draw, KEY)
    assert plan(view(duties=(draw,), drawn=frozenset({KEY}), busy=frozenset({f"check {KEY}"}))) == Wait("work")
    assert plan(view(duties=(draw,), drawn=frozenset({KEY}), checked=frozenset({KEY}))) == SendDuties((draw,))


def test_some_checks_are_under_way_at_a_time_the_most_urgent_first() -> None:
    numbers = range(4, 5 + MAX_CHECKS)
    draws = tuple(duty(DutyKind.DRAW, job_id=n, deadline=150 - n) for n in numbers)
    drawn = frozenset(UnitKey(n, 0, 1) for n in numbers)
    waiting = view(duties=draws, drawn=drawn)
    assert plan(waiting) == CheckUnit(draws[-1], UnitKey(numbers[-1], 0, 1))
    busy = frozenset(f"check {n}/0/1" for n in numbers[1:])
    assert plan(replace(waiting, busy=busy)) == Wait("work")


def proposing(**changes: Any) -> WorkerView:
    """Return the view of a worker whose turn it is to propose."""
    checkers = (b"x" * 20, b"y" * 20)
    made = view(
        plans=(),
        peers=tuple(worker(operator) for operator in (ME, OTHER, *checkers)),
        enrollments=(
            enrolled(ME, Role.SERVE),
            enrolled(OTHER, Role.SERVE),
            *(enrolled(operator, Role.CHECK) for operator in checkers),
        ),
        **changes,
    )
    offset = int.from_bytes(sha256(ROOT)[:4], "little")
    turn = next(n for n in range(2) if (n + offset) % 2 == sorted((ME, OTHER)).index(ME))
    return replace(made, height=1000 * TURN_BLOCKS + turn * TURN_BLOCKS)


def test_a_worker_proposes_the_best_split_in_its_turn_only() -> None:
    mine = proposing()
    assert plan(mine) == ProposePlan(
        (StageRequest(encode_address(ME), 0, 4), StageRequest(encode_address(OTHER), 4, LAYERS))
    )
    assert plan(replace(mine, height=mine.height + TURN_BLOCKS)) == Wait("a live plan")
    assert plan(replace(mine, busy=frozenset({OPERATOR}))) == Wait("a live plan")


def enrolled_before(view: WorkerView, blocks: int) -> WorkerView:
    return replace(view, enrollments=tuple(replace(item, height=view.height - blocks) for item in view.enrollments))


def test_workers_that_start_together_are_planned_together() -> None:
    mine = proposing()
    late = replace(mine.enrollments[1], height=mine.height - BRIEF_SETTLE_BLOCKS + 1)
    arriving = replace(mine, enrollments=(mine.enrollments[0], late, *mine.enrollments[2:]))
    assert isinstance(plan(arriving), ProposePlan), "workers have waited long enough for a first plan"
    assert plan(enrolled_before(mine, BRIEF_SETTLE_BLOCKS - 1)) == Wait("a live plan")
    assert isinstance(plan(enrolled_before(mine, BRIEF_SETTLE_BLOCKS)), ProposePlan)


def test_a_registered_worker_is_waited_for_until_it_has_enrolled() -> None:
    mine = proposing()
    awaited = replace(mine, peers=(*mine.peers, replace(mine.peers[0], operator=b"w" * 20)))
    assert plan(enrolled_before(awaited, SETTLE_BLOCKS - 1)) == Wait("a live plan")
    assert isinstance(plan(enrolled_before(awaited, SETTLE_BLOCKS)), ProposePlan)


def test_a_live_plan_is_only_bettered_by_a_margin() -> None:
    mine = proposing()
    equal = replace(LIVE, stages=(Stage(OTHER, 0, LAYERS),), bottleneck=4000)
    assert plan(replace(mine, plans=(equal,))) == Wait("work")
    worse = replace(equal, bottleneck=4300)
    assert isinstance(plan(replace(mine, plans=(worse,))), ProposePlan)


# -- the split itself


def best(peers: dict[bytes, Worker], enrollments: list[Enrollment]) -> planning.Split | None:
    return planning.best_plan(HEADER, tuple(peers.values()), tuple(enrollments), RATES)


CHECKERS = {bytes([n]) * 20: worker(bytes([n]) * 20) for n in (201, 202, 203)}
CHECKING = [enrolled(operator, Role.CHECK) for operator in CHECKERS]


def serving(*ranges: tuple[int, int]) -> tuple[dict[bytes, Worker], list[Enrollment]]:
    operators = [bytes([n + 1]) * 20 for n in range(len(ranges))]
    peers = {operator: worker(operator) for operator in operators}
    return peers, [enrolled(o, Role.SERVE, *r) for o, r in zip(operators, ranges, strict=True)]


def spans(found: planning.Split | None) -> list[tuple[int, int]]:
    assert found is not None
    return [(stage.start, stage.end) for stage in found.stages]


def test_the_split_has_the_lowest_bottleneck_and_counts_the_head() -> None:
    peers, roles = serving((0, 6), (0, 6), (0, 6))
    found = best(peers | CHECKERS, roles + CHECKING)
    assert spans(found) == [(0, 2), (2, 5), (5, 6)]
    assert found is not None
    assert found.bottleneck == 3000


def test_fewer_stages_win_when_more_do_not_help() -> None:
    peers, roles = serving(*[(0, 6)] * 5)
    found = best(peers | CHECKERS, roles + CHECKING)
    assert found is not None
    assert (found.bottleneck, len(found.stages)) == (3000, 3)


def test_every_split_equals_an_exhaustive_search() -> None:
    for ranges in [((0, 2), (2, 6)), ((0, 4), (2, 6)), ((0, 3), (1, 5), (3, 6)), ((0, 6), (4, 6)), ((0, 3), (4, 6))]:
        peers, roles = serving(*ranges)
        found = best(peers | CHECKERS, roles + CHECKING)
        assert (found.bottleneck if found else None) == exhaustive(ranges)


def exhaustive(ranges: tuple[tuple[int, int], ...], covered: int = 0) -> int | None:
    """Return the lowest bottleneck over all ways to take workers in order."""
    if covered == LAYERS:
        return 0
    found = []
    for index, (start, end) in enumerate(ranges):
        for stop in range(covered + 1, end + 1):
            if start <= covered and (stop == LAYERS or stop - covered >= 2):
                rest = exhaustive(ranges[index + 1 :], stop)
                if rest is not None:
                    found.append(max(rest, 1000 * (stop - covered) + 2000 * (stop == LAYERS)))
    return min(found, default=None)


def test_enough_checkers_stay_outside() -> None:
    peers, roles = serving((0, 6), (0, 6))
    two = dict(list(CHECKERS.items())[:2])
    both = [enrolled(operator, Role.CHECK) for operator in two]
    serving_checkers = [enrolled(operator, Role.SERVE) for operator in two]
    found = best(peers | two, roles + both + serving_checkers)
    assert found is not None
    assert {stage.operator for stage in found.stages}.isdisjoint(encode_address(operator) for operator in two)
    assert best(peers | {next(iter(two)): next(iter(two.values()))}, roles + both[:1]) is None


def test_a_checker_that_is_too_heavy_makes_the_plan_impossible() -> None:
    peers, roles = serving((0, 6))
    heavy = {operator: worker(operator, bond=10 + 1_000 * n) for n, operator in enumerate(CHECKERS)}
    assert best(peers | heavy, roles + CHECKING[:2]) is None


def test_memory_and_status_bound_what_a_worker_gets() -> None:
    peers, roles = serving((0, 6), (0, 6))
    small, large = peers
    peers[small] = worker(small, memory_bytes=70_000)
    assert spans(best(peers | CHECKERS, roles + CHECKING)) in ([(0, 2), (2, 6)], [(0, 6)])
    peers[large] = worker(large, status=WorkerStatus.DRAINING)
    assert best(peers | CHECKERS, roles + CHECKING) is None


# -- the spare, and what follows from a loss

SPARE = bytes([50]) * 20


def with_spare() -> tuple[dict[bytes, Worker], list[Enrollment]]:
    """Three that serve, three that check, and one that does both."""
    peers, roles = serving((0, 6), (0, 6), (0, 6))
    both = [enrolled(SPARE, Role.SERVE), enrolled(SPARE, Role.CHECK)]
    return peers | CHECKERS | {SPARE: worker(SPARE)}, [*roles, *CHECKING, *both]


def operators(stages: tuple[StageRequest, ...]) -> list[str]:
    return [stage.operator for stage in stages]


def test_the_only_worker_that_serves_and_checks_stays_outside_as_the_spare() -> None:
    peers, roles = with_spare()
    found = best(peers, roles)
    assert found is not None
    assert encode_address(SPARE) not in operators(found.stages)
    assert spans(found) == [(0, 2), (2, 5), (5, 6)]


def test_the_spare_serves_where_no_plan_is_without_it() -> None:
    found = best(
        CHECKERS | {SPARE: worker(SPARE)}, [*CHECKING, enrolled(SPARE, Role.SERVE), enrolled(SPARE, Role.CHECK)]
    )
    assert found is not None
    assert operators(found.stages) == [encode_address(SPARE)]


def broken_plan(*, is_lost: bool) -> WorkerView:
    """A view of the spare after the second worker of the only plan was convicted."""
    peers, roles = with_spare()
    a, b, c = sorted(peers)[:3]
    stages = (Stage(a, 0, 2), Stage(b, 2, 5), Stage(c, 5, LAYERS))
    old = replace(LIVE, stages=stages)
    mine = view(operator=SPARE, worker=worker(SPARE), peers=tuple(peers.values()), enrollments=tuple(roles))
    if is_lost:
        drained = peers | {b: worker(b, status=WorkerStatus.DRAINING, bond=99_000_000)}
        return replace(mine, peers=tuple(drained.values()), plans=(), lost=(old,))
    job = replace(duty(DutyKind.RUN).job, status=JobStatus.WAITING, attempt=1, excluded=(b,))  # type: ignore[type-var]
    return replace(mine, plans=(old,), waiting=(job,))


def proposals(found: WorkerView) -> list[ProposePlan]:
    """What the worker proposes over as many blocks as everybody's turn takes."""
    actions = [plan(replace(found, height=height)) for height in range(100, 100 + 2 * MENDING_TURN_BLOCKS * 4)]
    return [action for action in actions if isinstance(action, ProposePlan)]


@pytest.mark.parametrize("is_lost", [True, False])
def test_the_spare_takes_over_the_span_of_the_convicted_and_the_others_keep_theirs(*, is_lost: bool) -> None:
    found = broken_plan(is_lost=is_lost)
    wanted = [*sorted(serving((0, 6), (0, 6), (0, 6))[0])]
    mended = tuple(
        StageRequest(encode_address(operator), start, end)
        for operator, (start, end) in zip((wanted[0], SPARE, wanted[2]), [(0, 2), (2, 5), (5, 6)], strict=True)
    )
    made = proposals(found)
    assert made
    assert set(made) == {ProposePlan(mended)}


def test_a_convicted_worker_that_drains_has_no_turn() -> None:
    found = broken_plan(is_lost=True)
    drained = next(peer for peer in found.peers if peer.status == WorkerStatus.DRAINING)
    assert proposals(replace(found, operator=drained.operator, worker=drained)) == []


def test_no_plan_is_mended_without_enough_checkers_outside() -> None:
    found = broken_plan(is_lost=True)
    few = tuple(item for item in found.enrollments if item.role == Role.SERVE or item.operator == SPARE)
    assert proposals(replace(found, enrollments=few)) == []


def test_others_unmet_duties_are_claimed_in_turn_when_nothing_else_is_to_be_sent() -> None:
    unmet = tuple(UnmetDuty(UnitKey(job_id, 0, 1), encode_address(OTHER), 50) for job_id in (3, 4))
    mine = sorted((ME, OTHER)).index(ME)
    height = next(height for height in range(100, 200) if height // TURN_BLOCKS % 2 == mine)
    idle = view(unmet=unmet, height=height)
    assert plan(idle) == ClaimDuties(unmet)
    assert plan(replace(idle, height=height + TURN_BLOCKS)) == Wait("work")
    due = duty(DutyKind.OPEN_EPOCH, deadline=height + 50, open_from=height)
    assert plan(replace(idle, duties=(due,))) == SendDuties((due,))
    assert plan(replace(idle, busy=frozenset({HOT}))) == Wait("work")
    assert plan(replace(idle, done=frozenset({claim_name(unmet[0])}))) == ClaimDuties(unmet[1:])
    assert plan(replace(idle, retry_at=MappingProxyType({claim_name(unmet[0]): height + 1}))) == ClaimDuties(unmet[1:])


def test_a_claim_that_earns_less_than_its_gas_is_left_to_others() -> None:
    cheap = (UnmetDuty(UnitKey(3, 0, 1), encode_address(OTHER), RATES.commit_fee),)
    heights = range(100, 100 + 2 * TURN_BLOCKS)
    assert {plan(view(unmet=cheap, height=height)) for height in heights} == {Wait("work")}
