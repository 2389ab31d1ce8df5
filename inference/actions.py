"""What a worker can do: values that `plan` returns and `act` carries out."""

from dataclasses import dataclass

from chain.modules.disputes.types import DueDemand, DueMove
from chain.modules.plans.types import StageRequest
from chain.modules.sampling.types import Duty
from chain.modules.workers.types import Role
from inference.disputes.claims import Claim
from inference.shards.spec import ShardSpec
from inference.view import UnitKey, UnmetDuty, WitnessStep, move_name

OPERATOR = "operator"
"""Name that is busy while the operator's account has a transaction in flight."""
HOT = "hot"
"""Name that is busy while the hot account has one."""


@dataclass(frozen=True, slots=True)
class Register:
    """Register this worker and post its bond."""

    name: str = "register"


@dataclass(frozen=True, slots=True)
class FundHotKey:
    """Send the hot account what it needs for gas."""

    amount: int
    name: str = "fund"


@dataclass(frozen=True, slots=True)
class LoadShard:
    """Map, verify and self-test a shard."""

    spec: ShardSpec

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"load {self.spec}"


@dataclass(frozen=True, slots=True)
class Enroll:
    """Tell the chain that this worker is ready."""

    role: Role
    start: int
    end: int

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"enroll {self.role.name}"


@dataclass(frozen=True, slots=True)
class ProposePlan:
    """Submit a plan for the model."""

    stages: tuple[StageRequest, ...]
    name: str = "propose"


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """Rebuild a unit's session from the journal after a restart."""

    key: UnitKey

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"resume {self.key}"


@dataclass(frozen=True, slots=True)
class SendDuties:
    """Send what is due, in one transaction of the hot account."""

    duties: tuple[Duty, ...]
    moves: tuple[DueMove, ...] = ()
    """Moves whose messages are prepared."""
    canaries: tuple[UnitKey, ...] = ()
    """Units nobody checked that count as canaries."""
    name: str = HOT


@dataclass(frozen=True, slots=True)
class ClaimDuties:
    """Claim duties that others have not met, in one transaction of the hot account."""

    duties: tuple[UnmetDuty, ...]
    name: str = HOT


@dataclass(frozen=True, slots=True)
class SendEvidence:
    """Send what is proven against others, in one transaction of the hot account."""

    evidence: tuple[Claim, ...]
    name: str = HOT


@dataclass(frozen=True, slots=True)
class CheckUnit:
    """Fetch a drawn unit's input and recompute it."""

    duty: Duty
    key: UnitKey

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"check {self.key}"


@dataclass(frozen=True, slots=True)
class PrepareMove:
    """Find the next move of a disputed unit's line; regenerate the unit first if need be."""

    due: DueMove

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"prepare {move_name(self.due)}"


@dataclass(frozen=True, slots=True)
class SendWitness:
    """Send demands for withheld input, and answers to others', in one transaction of the hot account."""

    steps: tuple[WitnessStep, ...]
    name: str = HOT


@dataclass(frozen=True, slots=True)
class ReadWitness:
    """Open the boxes that answer a demand."""

    due: DueDemand
    key: UnitKey
    """The unit for which they were demanded."""

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"read {self.due.demand.demand_id}"


@dataclass(frozen=True, slots=True)
class SettleUnit:
    """Set a unit of a settled job aside, until it can be drawn again no more."""

    key: UnitKey
    until: int

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"settle {self.key}"


@dataclass(frozen=True, slots=True)
class DropUnit:
    """Forget a unit whose job is over."""

    key: UnitKey

    @property
    def name(self) -> str:
        """Return the name of this action."""
        return f"drop {self.key}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing until something changes."""

    reason: str
    name: str = "wait"


Action = (
    Register
    | FundHotKey
    | LoadShard
    | Enroll
    | ProposePlan
    | ResumeRun
    | SendDuties
    | ClaimDuties
    | SendEvidence
    | CheckUnit
    | PrepareMove
    | SendWitness
    | ReadWitness
    | SettleUnit
    | DropUnit
    | Wait
)
"""Everything `act` handles."""
