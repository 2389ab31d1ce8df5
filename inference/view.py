"""Everything a worker knows at one moment, frozen: what `plan` decides from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from chain.modules.disputes.types import DueDemand, DueMove, WitnessPart
from chain.modules.disputes.types import Params as GameParams
from chain.modules.jobs.types import Job, Unit
from chain.modules.models.types import ModelHeader
from chain.modules.plans.types import Plan
from chain.modules.rates.types import Params as RateParams
from chain.modules.sampling.types import Duty
from chain.modules.sampling.types import Params as WindowParams
from chain.modules.workers.types import Enrollment, Worker
from inference.disputes.claims import Claim
from inference.shards.spec import ShardSpec


class UnitKey(NamedTuple):
    """(job, attempt, stage)."""

    job_id: int
    attempt: int
    stage: int

    def __str__(self) -> str:
        return f"{self.job_id}/{self.attempt}/{self.stage}"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the configuration wants of this worker."""

    serve: ShardSpec | None
    """Range to serve."""
    check: bool
    bond: int
    hot_balance: int


@dataclass(frozen=True, slots=True)
class RunView:
    """A unit of this worker in the journal."""

    is_ended: bool
    """Its roots are fixed; the result can be submitted."""
    is_live: bool
    """It has a session in this process."""
    is_delivered: bool
    """The next stage has counter-signed its final receipt."""


class StepKind(Enum):
    """A message about withheld input."""

    DEMAND = "demand"
    SUPPLY = "supply"
    REFUTE = "refute"


@dataclass(frozen=True, slots=True)
class WitnessStep:
    """One message about withheld input that is due."""

    kind: StepKind
    deadline: int
    key: UnitKey
    """DEMAND, REFUTE: the unit to compute; SUPPLY: the sender's own."""
    size: int
    """Bytes of the message, or a little more."""
    demand_id: int = 0
    part: WitnessPart = WitnessPart.UNSPECIFIED
    box_key: bytes = b""

    @property
    def name(self) -> str:
        """Return the name under which the step is retried or done."""
        if self.kind == StepKind.DEMAND:
            return f"demand {self.key.job_id}/{self.key.attempt}"
        return f"{self.kind.value} {self.demand_id} {self.part.name}"


@dataclass(frozen=True, slots=True)
class UnmetDuty:
    """Another worker's duty that anybody may claim."""

    key: UnitKey
    checker: str
    """Operator address."""
    share: int
    """uostr for whoever claims it."""


@dataclass(frozen=True, slots=True)
class WorkerView:
    """The world as one worker sees it."""

    height: int
    """Last block seen."""
    now_ns: int
    """Monotonic clock; the only time `plan` knows."""
    operator: bytes
    wishes: Wishes
    model_root: bytes
    header: ModelHeader
    worker: Worker | None
    """The chain's record of this worker."""
    operator_balance: int
    hot_balance: int
    loaded: frozenset[ShardSpec] = frozenset()
    """Shards that are mapped, verified and self-tested."""
    plans: tuple[Plan, ...] = ()
    """Live plans of the model."""
    lost: tuple[Plan, ...] = ()
    """Plans of the model that were live while this process ran, the newest last; none once another is live."""
    waiting: tuple[Job, ...] = ()
    """Jobs of the model that wait for a plan without those convicted in an earlier attempt."""
    peers: tuple[Worker, ...] = ()
    """All workers, this one too."""
    enrollments: tuple[Enrollment, ...] = ()
    """Of the model, this worker's too."""
    rates: RateParams | None = None
    duties: tuple[Duty, ...] = ()
    runs: Mapping[UnitKey, RunView] = field(default_factory=lambda: MappingProxyType({}))
    checked: frozenset[UnitKey] = frozenset()
    """Units whose recomputation is in the journal."""
    drawn: frozenset[UnitKey] = frozenset()
    """Units whose ticket wins."""
    finished: frozenset[UnitKey] = frozenset()
    """Units kept in the journal whose job is over."""
    settling: Mapping[UnitKey, int] = field(default_factory=lambda: MappingProxyType({}))
    """Units of settled jobs → last height at which they may be drawn again; they are to be set aside until then."""
    canaries: tuple[UnitKey, ...] = ()
    """Baited units that nobody checked and that the draw of their epoch has taken."""
    unmet: tuple[UnmetDuty, ...] = ()
    """Duties of others that anybody may claim."""
    evidence: tuple[Claim, ...] = ()
    """What is proven against others by what this worker holds."""
    moves: tuple[DueMove, ...] = ()
    """Moves of disputes that this worker owes."""
    prepared: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Name of a move → bytes of its message, which is ready to be sent."""
    demands: tuple[DueDemand, ...] = ()
    """Demands for withheld input that this worker owes or has made."""
    witnesses: frozenset[tuple[int, int]] = frozenset()
    """(job, attempt) whose ids came on demand."""
    false_boxes: frozenset[tuple[int, WitnessPart]] = frozenset()
    """(demand, part) of this worker's demands that were answered with something else."""
    asked: Mapping[UnitKey, int] = field(default_factory=lambda: MappingProxyType({}))
    """Units to check → height at which their stages were first asked for the input."""
    fed: frozenset[UnitKey] = frozenset()
    """Units to check whose input has come."""
    starved: frozenset[UnitKey] = frozenset()
    """Units to check whose input nobody gave."""
    game: GameParams | None = None
    windows: WindowParams | None = None
    busy: frozenset[str] = frozenset()
    """Names of actions in progress."""
    done: frozenset[str] = frozenset()
    """Names of duties that were committed by this process; the duties query may be a block behind."""
    retry_at: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Action name → first height at which it may be tried again."""

    def may_try(self, name: str) -> bool:
        """Say whether an action is neither in progress, nor done, nor waiting after a failure."""
        return name not in self.busy and name not in self.done and self.retry_at.get(name, 0) <= self.height


def move_name(due: DueMove) -> str:
    """Return the name under which a move is retried or done: a line waits for each move once."""
    play = due.play
    return f"move {play.dispute_id}/{play.number} {play.line.round.name} {play.line.turn.name} {play.since}"


def canary_name(key: UnitKey) -> str:
    """Return the name under which the late opening of a baited seal is retried or done."""
    return f"canary {key}"


def claim_name(duty: UnmetDuty) -> str:
    """Return the name under which a claim is retried or done; one for more, after the unit proved false, is another."""
    return f"claim {duty.key} of {duty.checker} for {duty.share}"


def unit_key(duty: Duty) -> UnitKey:
    """Return the unit of a duty. Raises: ValueError if it has none."""
    if duty.unit is None:
        raise ValueError("the duty names no unit")
    return key_of(duty.unit)


def key_of(unit: Unit) -> UnitKey:
    """Return the key of a unit."""
    return UnitKey(unit.job_id, unit.attempt, unit.stage)


def first_of_units(moves: Iterable[DueMove]) -> tuple[DueMove, ...]:
    """Return each unit's first move: several lines may stand over one unit, whose seal is opened once."""
    first: dict[UnitKey, DueMove] = {}
    for due in moves:
        first.setdefault(key_of(due.unit), due)
    return tuple(first.values())
