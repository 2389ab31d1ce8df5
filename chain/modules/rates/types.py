"""The nouns of the rates module: parameters and the frozen terms of a unit."""

from chain.store.codec import record


@record
class Params:
    """Parameters of rates, bonds and prices; refused if lying would pay under them."""

    multiple: int
    """m >= 2: what detection must outweigh."""
    coalition_numerator: int
    coalition_denominator: int
    """r: largest coalition share, 0 < r <= 1/2."""
    fulfilled: int
    """rho_min in 16-bit fixed point: what the measured share of duties fulfilled begins with, and never goes below."""
    detection_cap: int
    """D_cap of 2^32."""
    detection_target: int
    """D_target of 2^32."""
    price_numerator: int
    price_denominator: int
    """uostr per work unit."""
    check_price_numerator: int
    check_price_denominator: int
    """uostr per work unit of a check."""
    bond_floor: int
    """S_floor."""
    bond_cap: int
    """S_cap."""
    dispute_fee: int
    """G_max: fees of a whole dispute, uostr."""
    job_fee: int
    """F_job: fees of a whole job, uostr."""
    commit_fee: int
    """fee(Commit), uostr."""
    reveal_fee: int
    """fee(Reveal), uostr."""
    rent_numerator: int
    rent_denominator: int
    """rho_n / rho_d per locked block."""
    treasury_numerator: int
    treasury_denominator: int
    """tau."""
    min_checkers: int
    """N_min."""
    checker_weight_numerator: int
    checker_weight_denominator: int
    """theta: share of all worker bonds the checkers of a stage must hold."""
    lock_blocks: int = 0
    """How long a reserved bond is held without a dispute; what rent is charged for."""
    fulfilled_window: int = 0
    """uostr of check pay that the measured rho is an average of; 0: rho stays where it begins."""
    check_speed: int = 0
    """Work units a block that a checker is taken to manage until more is seen; 0: requests are not limited."""
    reputation_full: int = 0
    """Treasury fees of confirmed units, uostr, that make a worker fully known; 0: everybody stays a newcomer."""
    reputation_half_life: int = 0
    """Blocks in which reputation halves."""
    canary_spacing: int = 0
    """One unit of so many is baited by whoever runs it; 0: none counts as a canary."""


@record
class Terms:
    """What one unit costs and how it is drawn, frozen when the job's plan is drawn."""

    work: int
    """Work units at the token limit."""
    fee: int
    """R at the token limit, uostr."""
    check_pay: int
    """k, uostr."""
    check_charge: int
    """K, uostr."""
    rent: int
    treasury: int
    """tau."""
    bond: int
    """S, uostr."""
    loss: int
    """L = S - floor(S/4)."""
    detection: int
    """D of 2^32."""
    rate_floor: int
    """lambda_1 in 32-bit fixed point."""
    rate: int
    """lambda used in T_i."""
    coalition_numerator: int
    coalition_denominator: int
    fulfilled: int
    price_numerator: int = 0
    price_denominator: int = 0
    """uostr per work unit, as frozen: the fee of what was really done."""
    treasury_numerator: int = 0
    treasury_denominator: int = 0
    score: int = 0
    """The worker's reputation when the terms were made, uostr."""
    check_fees: int = 0
    """Part of k that pays the check's messages, whatever its work."""


@record
class CheckWindow:
    """How long the expected checks of everything accepted may take a checker, in blocks: a quarter of W_c."""

    blocks: int


@record
class Checkers:
    """What the chain has seen of the checkers of a model; key: model_root."""

    model_root: bytes
    fulfilled: int
    """Share of duties fulfilled, of 2^32."""
    speed: int
    """Work units a block that one of them is taken to manage."""
    pending: int
    """Work units that the most drawn of them must expect from jobs that are open."""
    peak: int
    """Largest `pending` since the last measurement."""
    heaviest: int
    """Share of the most drawn of them in all weights, of 2^32."""
    epoch: int
    """Last epoch that was measured."""
    pending_bond: int = 0
    """uostr of their bonds that checks of open jobs are expected to hold."""
    bonded: int = 0
    """Sum of their weights, uostr; 0 before an epoch has begun."""
    count: int = 0
    """How many they are."""


@record
class Reputation:
    """What a worker has earned with a model, before what time and faults take; key: (operator, model_root)."""

    operator: bytes
    model_root: bytes
    score: int
    """Treasury fees of confirmed units, uostr, as of `height`."""
    height: int
    """When it last grew."""


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryQuoteRequest:
    """Ask what a job would cost under each live plan."""

    model_root: bytes
    prompt_tokens: int
    max_tokens: int
    value: int


@record
class StageQuote:
    """Terms of one stage, or why it is refused."""

    plan_id: int
    stage: int
    is_refused: bool
    largest_value: int
    """V_max, if refused."""
    terms: Terms | None


@record
class QueryQuoteResponse:
    """Terms of every stage of every live plan, and the escrow."""

    stages: tuple[StageQuote, ...]
    escrow: int


@record
class QueryCheckersRequest:
    """Ask what the chain has seen of a model's checkers."""

    model_root: bytes


@record
class QueryCheckersResponse:
    """The checkers of a model as new jobs see them."""

    checkers: Checkers
    fulfilled: int
    """rho that new jobs are priced with, of 2^16."""
    limit: int
    """Most that may be pending, work units; 0: no limit."""


@record
class QueryReputationRequest:
    """Ask for a worker's reputation."""

    operator: str
    model_root: bytes


@record
class QueryReputationResponse:
    """The reputation as it counts now."""

    score: int
    full: int
    """Score at which a worker's rate is lambda_1."""
