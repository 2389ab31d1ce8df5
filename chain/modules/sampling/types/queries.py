"""What is asked of the module, and the answers."""

from chain.modules.jobs.types import Unit
from chain.modules.sampling.types.checks import CheckCommit, Round, UnitCheck
from chain.modules.sampling.types.epochs import EpochProof, Params, Snapshot
from chain.store.codec import record


@record
class QueryUnitRequest:
    """Ask for one unit and all its checks."""

    job_id: int
    attempt: int
    stage: int


@record
class QueryUnitResponse:
    """A unit, its windows, the draw and the checks."""

    unit: Unit
    check: UnitCheck | None
    commits: tuple[CheckCommit, ...]
    round: Round | None
    earlier: UnitCheck | None = None
    """The draw before settlement, if `check` is a late one."""


@record
class QuerySnapshotRequest:
    """Ask for the snapshot of an epoch."""

    epoch: int


@record
class QuerySnapshotResponse:
    """The snapshot."""

    snapshot: Snapshot


@record
class QueryRoundRequest:
    """Ask for a round."""

    index: int


@record
class QueryRoundResponse:
    """A round with the keys of its units."""

    round: Round
    units: tuple[UnitCheck, ...]


@record
class QueryEpochProofsRequest:
    """Ask for the proofs of an epoch, opened and due."""

    epoch: int


@record
class QueryEpochProofsResponse:
    """Proofs in operator order and the randomness they answer."""

    proofs: tuple[EpochProof, ...]
    beacon: bytes
    """beacon_{eE+2}."""
    open_from: int
    open_until: int


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryExplainRequest:
    """Ask how a unit's rate, bond and money came about."""

    job_id: int
    attempt: int
    stage: int


@record
class Explanation:
    """One number, how it is made and what it is; integers only, so that anybody can check the sum by hand."""

    name: str
    formula: str
    value: str


@record
class QueryExplainResponse:
    """Every number of a unit, in the order in which one follows from the other."""

    lines: tuple[Explanation, ...]


@record
class QueryPoolRequest:
    """Ask what the check pool holds and owes."""


@record
class QueryPoolResponse:
    """The check pool."""

    balance: int
    num_waiting: int
    """Proven checks that wait for money."""


@record
class QueryCanaryRequest:
    """Ask whether a unit counts as a canary, if its seal is baited."""

    job_id: int
    attempt: int
    stage: int


@record
class QueryCanaryResponse:
    """What the draw of its epoch says."""

    is_known: bool
    """The draw has been."""
    is_drawn: bool
    is_open: bool
    """Its seal is open already."""
