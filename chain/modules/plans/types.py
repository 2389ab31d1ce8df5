"""The nouns of the plans module."""

from chain.store.codec import record


@record
class Stage:
    """Layers [start, end) on one worker."""

    operator: bytes
    start: int
    end: int


@record
class Plan:
    """Who runs which layers of a model; key: plan_id."""

    plan_id: int
    model_root: bytes
    stages: tuple[Stage, ...]
    bottleneck: int
    """Largest stage work at one position."""
    submitter: bytes
    height: int
    is_live: bool
    revision: int = 0
    died_height: int = 0


@record
class StageRequest:
    """A stage as a plan's author writes it."""

    operator: str
    start: int
    end: int


@record
class MsgSubmitPlan:
    """Offer a plan; the chain only verifies it."""

    sender: str
    model_root: bytes
    stages: tuple[StageRequest, ...]


@record
class MsgSubmitPlanResponse:
    """The id of the accepted plan."""

    plan_id: int


@record
class Params:
    """Parameters of the module."""

    max_stages: int
    max_live: int
    max_tokens: int = 0
    """Positions for which a stage must hold its cache; 0: as many as the model takes."""
    retain_blocks: int = 1200
    """How long a dead plan can still be read."""


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryPlansRequest:
    """Ask for the live plans of a model."""

    model_root: bytes


@record
class QueryPlansResponse:
    """Live plans in ascending id."""

    plans: tuple[Plan, ...]


@record
class QueryPlanRequest:
    """Ask for one plan, live or not."""

    plan_id: int


@record
class QueryPlanResponse:
    """One plan."""

    plan: Plan
