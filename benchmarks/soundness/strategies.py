"""What people do: decisions as pure functions of what they see, and the strategies that are put on trial."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chain.client.signing import Key
from chain.modules.jobs.types import Unit
from tests.support.network import Machine

from .contents import Lie
from .people import CHECKERS


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A worker's own unit that waits for a result."""

    who: str
    job_id: int
    attempt: int
    is_last: bool
    is_friend: bool
    """An accomplice has asked for the job."""
    height: int
    planned_height: int
    expiry_height: int
    close_in: int
    """Blocks until a round closes."""
    is_known: bool
    """Its reputation is whole: the unit is drawn at the floor λ1, where a lie is cheapest."""
    free_checkers: int
    """Checkers outside the party whose free bond could still back a check of the unit."""
    is_niche: bool
    """The job asks for the party's own model."""


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """A unit that its checker may check."""

    who: str
    job_id: int
    is_drawn: bool
    """Its own ticket wins."""
    is_friend: bool
    """The asserter is of the same party, and has told everything."""
    lie: Lie | None
    """What a friend has asserted; None of strangers' units."""
    is_leaked: bool
    """The asserter has given its seal away, truth or bait."""
    is_own_job: bool
    """The party's own requester has asked for it."""
    blocks_left: int
    """After the next one, until the window ends."""


@dataclass(frozen=True, slots=True)
class WorldSeen:
    """What anybody sees of a block."""

    height: int
    units: tuple[Unit, ...]
    """Of open jobs, with a result and before their end."""
    is_closing: bool
    """A round closes with the next block."""


class Check(Enum):
    """What a checker commits to."""

    COMPUTE = "compute"
    """What it computed, at the cost of a check."""
    COPY = "copy"
    """What a friend, or a leaked seal, says; costs nothing."""
    GUESS = "guess"
    """The public out_root over a body that nobody computed."""
    LIE = "lie"
    """A false answer, whatever the unit says."""
    NONE = "none"
    WAIT = "wait"


class Act(Enum):
    """Whether to do what is due."""

    DO = "do"
    WAIT = "wait"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class DueSeen:
    """A reveal, an opening, a proof or a move that is due."""

    who: str
    job_id: int
    blocks_left: int
    lie: Lie | None
    """Of the own unit or a friend's."""


@dataclass(frozen=True, slots=True)
class Run:
    """A result: submit it now or not, and what lies in it."""

    act: Act
    lie: Lie = Lie.NONE
    streamed: Lie | None = None
    """What it has signed and sent to the customer, where that is not what it commits to."""
    is_computed: bool = True
    """False if the worker knows a true answer already: it asked itself the same before."""


def run_honestly(_: RunSeen) -> Run:
    """Compute and submit at once."""
    return Run(Act.DO)


def check_honestly(seen: CheckSeen) -> Check:
    """Check what one is drawn for."""
    return Check.COMPUTE if seen.is_drawn else Check.NONE


def do(_: DueSeen) -> Act:
    """Do what is due at once."""
    return Act.DO


@dataclass(frozen=True, slots=True)
class Ask:
    """A job that an accomplice asks for; `tokens` is what its last stage will assert."""

    max_tokens: int
    value: int = 0
    count: int = 1


class Scope(Enum):
    """What the rules promise about a strategy."""

    INSIDE = "inside the promise"
    """Falsehoods, undone duties and harm to others by whoever is within the declared r and V: honesty earns more."""
    HONEST = "honest work"
    """A way of honesty itself: whatever is asserted is true, no duty is left undone, and nobody loses by it."""
    OUTSIDE = "outside the promise"
    """Beyond the declared r, or where the rule against it is switched off."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A party and how it departs from honesty; whoever is not in the party is honest."""

    name: str
    about: str
    party: tuple[Machine | Key, ...]
    """Whose money counts; workers among them decide by the functions below."""
    scope: Scope = Scope.INSIDE
    reason: str = ""
    """Why a strategy outside the promise, or a way of honest work, does not break it."""
    run: Callable[[RunSeen], Run] = run_honestly
    check: Callable[[CheckSeen], Check] = check_honestly
    reveal: Callable[[DueSeen], Act] = do
    open: Callable[[DueSeen], Act] = do
    move: Callable[[DueSeen], Act] = do
    prove: Callable[[DueSeen], Act] = do
    asks: tuple[Ask, ...] = ()
    """Jobs of an accomplice in every round."""
    is_leaking: bool = False
    """The suspect, of the party or not, gives its seals away."""
    is_showing: bool = False
    """Whoever receives a leaked seal shows it to the chain."""
    is_grinding: bool = False
    """The party's validator withholds a block where the next one's is better for the party."""
    extra: Callable[[WorldSeen], Sequence[tuple[Key, object]]] | None = None
    """Further transactions of every block, from what the chain shows."""
    setting: dict[str, Any] = field(default_factory=dict)
    num_plans: int = 1
    has_niche: bool = False
    """The party has registered a model that only its own people serve and check; customers who find it served ask for
    it. Honest people of the same party do not."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return whose money counts."""
        return tuple(one.name if isinstance(one, Machine) else "accomplice" for one in self.party)

    @property
    def is_coalition(self) -> bool:
        """Tell whether the party both runs units and checks them."""
        checking = [one in CHECKERS for one in self.party if isinstance(one, Machine)]
        return any(checking) and not all(checking)

    @property
    def town(self) -> tuple[Any, ...]:
        """Return what the chain of its honest people depends on: strategies of one town share their honest runs."""
        return tuple(sorted((name, str(value)) for name, value in self.setting.items())), self.num_plans

    def is_in(self, who: Machine | None) -> bool:
        """Tell whether a worker is of the party."""
        return who is not None and who in self.party
