"""Demands for a job's ids, and the sealed boxes that answer them."""

from enum import IntEnum

from chain.modules.jobs.types import Job
from chain.store.codec import record


class WitnessPart(IntEnum):
    """A part of a job's universal witness."""

    UNSPECIFIED = 0
    PROMPT = 1
    """Blind and prompt ids; the first stage owes them."""
    OUTPUT = 2
    """Blind and output ids; the last stage owes them."""


class DemandStatus(IntEnum):
    """Where a demand stands."""

    UNSPECIFIED = 0
    OWED = 1
    """A part is missing."""
    SUPPLIED = 2
    """Both boxes are in blocks."""
    LATE = 3
    """A part was not supplied in time; whoever owed it is convicted."""
    BAD = 4
    """A box held something else; whoever supplied it is convicted."""
    ACCUSED = 5
    """A right box was called bad; the demander's deposit is lost."""
    OVER = 6
    """The attempt is over."""


@record
class Demand:
    """A demand for a job's ids; key: demand_id."""

    demand_id: int
    job_id: int
    attempt: int
    stage: int
    """Of the unit that the demander wants to compute."""
    demander: bytes
    box_key: bytes
    """One-time X25519 key to which the answers are sealed."""
    deposit: int
    """uostr of the demander's bond."""
    opened_height: int
    deadline: int
    """Last height at which a part is taken."""
    status: DemandStatus
    is_outsider: bool
    """Neither eligible to check the unit nor a side of its dispute: it loses its deposit unless this convicts one."""
    cost: int
    """uostr that the demand has cost, gas and what it paid for the answers."""
    digests: tuple[bytes, ...]
    """SHA-256 of the boxes of prompt and output; empty while owed. The boxes are in blocks."""
    heights: tuple[int, ...]
    """Heights of those blocks."""
    suppliers: tuple[bytes, ...]
    """Operators that owe prompt and output."""


@record
class MsgDemandWitness:
    """Demand a job's ids, sealed to a one-time key, with a deposit."""

    sender: str
    """Hot or operator address of a worker."""
    job_id: int
    attempt: int
    stage: int
    box_key: bytes


@record
class MsgDemandWitnessResponse:
    """The demand and its terms."""

    demand_id: int
    deadline: int
    deposit: int


@record
class MsgSupplyWitness:
    """Answer a demand; the box stays in the block, state keeps its digest."""

    sender: str
    demand_id: int
    part: WitnessPart
    box: bytes


@record
class MsgRefuteWitness:
    """Show that a box holds something else, by publishing the one-time secret."""

    sender: str
    demand_id: int
    part: WitnessPart
    secret: bytes
    box: bytes
    """The box as it was supplied."""


@record
class MsgWitnessResponse:
    """The demand after the message."""

    status: DemandStatus


@record
class QueryDemandsRequest:
    """Ask for the demands that a worker owes or has made, or for those of a job."""

    address: str = ""
    """Operator or hot address; empty: `job_id` counts."""
    job_id: int = 0


@record
class DueDemand:
    """A demand with its job, whole enough to answer it without another query."""

    demand: Demand
    job: Job


@record
class QueryDemandsResponse:
    """Demands in ascending id."""

    height: int
    demands: tuple[DueDemand, ...]
