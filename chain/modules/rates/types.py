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
    """rho, share of duties fulfilled, in 16-bit fixed point."""
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
    """How long a reserved bond is held at most; what rent is charged for."""


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
