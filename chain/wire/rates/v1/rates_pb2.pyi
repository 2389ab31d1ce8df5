from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Params(_message.Message):
    __slots__ = ("multiple", "coalition_numerator", "coalition_denominator", "fulfilled", "detection_cap", "detection_target", "price_numerator", "price_denominator", "check_price_numerator", "check_price_denominator", "bond_floor", "bond_cap", "dispute_fee", "job_fee", "commit_fee", "reveal_fee", "rent_numerator", "rent_denominator", "treasury_numerator", "treasury_denominator", "min_checkers", "checker_weight_numerator", "checker_weight_denominator", "lock_blocks", "fulfilled_window", "check_speed", "reputation_full", "reputation_half_life", "canary_spacing")
    MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    COALITION_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    COALITION_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_FIELD_NUMBER: _ClassVar[int]
    DETECTION_CAP_FIELD_NUMBER: _ClassVar[int]
    DETECTION_TARGET_FIELD_NUMBER: _ClassVar[int]
    PRICE_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    PRICE_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    CHECK_PRICE_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    CHECK_PRICE_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    BOND_FLOOR_FIELD_NUMBER: _ClassVar[int]
    BOND_CAP_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_FEE_FIELD_NUMBER: _ClassVar[int]
    JOB_FEE_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FEE_FIELD_NUMBER: _ClassVar[int]
    REVEAL_FEE_FIELD_NUMBER: _ClassVar[int]
    RENT_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    RENT_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    TREASURY_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    TREASURY_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    MIN_CHECKERS_FIELD_NUMBER: _ClassVar[int]
    CHECKER_WEIGHT_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    CHECKER_WEIGHT_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    LOCK_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_WINDOW_FIELD_NUMBER: _ClassVar[int]
    CHECK_SPEED_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_FULL_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    CANARY_SPACING_FIELD_NUMBER: _ClassVar[int]
    multiple: int
    coalition_numerator: int
    coalition_denominator: int
    fulfilled: int
    detection_cap: int
    detection_target: int
    price_numerator: int
    price_denominator: int
    check_price_numerator: int
    check_price_denominator: int
    bond_floor: int
    bond_cap: int
    dispute_fee: int
    job_fee: int
    commit_fee: int
    reveal_fee: int
    rent_numerator: int
    rent_denominator: int
    treasury_numerator: int
    treasury_denominator: int
    min_checkers: int
    checker_weight_numerator: int
    checker_weight_denominator: int
    lock_blocks: int
    fulfilled_window: int
    check_speed: int
    reputation_full: int
    reputation_half_life: int
    canary_spacing: int
    def __init__(self, multiple: _Optional[int] = ..., coalition_numerator: _Optional[int] = ..., coalition_denominator: _Optional[int] = ..., fulfilled: _Optional[int] = ..., detection_cap: _Optional[int] = ..., detection_target: _Optional[int] = ..., price_numerator: _Optional[int] = ..., price_denominator: _Optional[int] = ..., check_price_numerator: _Optional[int] = ..., check_price_denominator: _Optional[int] = ..., bond_floor: _Optional[int] = ..., bond_cap: _Optional[int] = ..., dispute_fee: _Optional[int] = ..., job_fee: _Optional[int] = ..., commit_fee: _Optional[int] = ..., reveal_fee: _Optional[int] = ..., rent_numerator: _Optional[int] = ..., rent_denominator: _Optional[int] = ..., treasury_numerator: _Optional[int] = ..., treasury_denominator: _Optional[int] = ..., min_checkers: _Optional[int] = ..., checker_weight_numerator: _Optional[int] = ..., checker_weight_denominator: _Optional[int] = ..., lock_blocks: _Optional[int] = ..., fulfilled_window: _Optional[int] = ..., check_speed: _Optional[int] = ..., reputation_full: _Optional[int] = ..., reputation_half_life: _Optional[int] = ..., canary_spacing: _Optional[int] = ...) -> None: ...

class Terms(_message.Message):
    __slots__ = ("work", "fee", "check_pay", "check_charge", "rent", "treasury", "bond", "loss", "detection", "rate_floor", "rate", "coalition_numerator", "coalition_denominator", "fulfilled", "price_numerator", "price_denominator", "treasury_numerator", "treasury_denominator", "score", "check_fees")
    WORK_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    CHECK_PAY_FIELD_NUMBER: _ClassVar[int]
    CHECK_CHARGE_FIELD_NUMBER: _ClassVar[int]
    RENT_FIELD_NUMBER: _ClassVar[int]
    TREASURY_FIELD_NUMBER: _ClassVar[int]
    BOND_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    DETECTION_FIELD_NUMBER: _ClassVar[int]
    RATE_FLOOR_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    COALITION_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    COALITION_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_FIELD_NUMBER: _ClassVar[int]
    PRICE_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    PRICE_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    TREASURY_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    TREASURY_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    CHECK_FEES_FIELD_NUMBER: _ClassVar[int]
    work: int
    fee: int
    check_pay: int
    check_charge: int
    rent: int
    treasury: int
    bond: int
    loss: int
    detection: int
    rate_floor: int
    rate: int
    coalition_numerator: int
    coalition_denominator: int
    fulfilled: int
    price_numerator: int
    price_denominator: int
    treasury_numerator: int
    treasury_denominator: int
    score: int
    check_fees: int
    def __init__(self, work: _Optional[int] = ..., fee: _Optional[int] = ..., check_pay: _Optional[int] = ..., check_charge: _Optional[int] = ..., rent: _Optional[int] = ..., treasury: _Optional[int] = ..., bond: _Optional[int] = ..., loss: _Optional[int] = ..., detection: _Optional[int] = ..., rate_floor: _Optional[int] = ..., rate: _Optional[int] = ..., coalition_numerator: _Optional[int] = ..., coalition_denominator: _Optional[int] = ..., fulfilled: _Optional[int] = ..., price_numerator: _Optional[int] = ..., price_denominator: _Optional[int] = ..., treasury_numerator: _Optional[int] = ..., treasury_denominator: _Optional[int] = ..., score: _Optional[int] = ..., check_fees: _Optional[int] = ...) -> None: ...

class CheckWindow(_message.Message):
    __slots__ = ("blocks",)
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    blocks: int
    def __init__(self, blocks: _Optional[int] = ...) -> None: ...

class Checkers(_message.Message):
    __slots__ = ("model_root", "fulfilled", "speed", "pending", "peak", "heaviest", "epoch", "pending_bond", "bonded", "count")
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    PEAK_FIELD_NUMBER: _ClassVar[int]
    HEAVIEST_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PENDING_BOND_FIELD_NUMBER: _ClassVar[int]
    BONDED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    fulfilled: int
    speed: int
    pending: int
    peak: int
    heaviest: int
    epoch: int
    pending_bond: int
    bonded: int
    count: int
    def __init__(self, model_root: _Optional[bytes] = ..., fulfilled: _Optional[int] = ..., speed: _Optional[int] = ..., pending: _Optional[int] = ..., peak: _Optional[int] = ..., heaviest: _Optional[int] = ..., epoch: _Optional[int] = ..., pending_bond: _Optional[int] = ..., bonded: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class Reputation(_message.Message):
    __slots__ = ("operator", "model_root", "score", "height")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    model_root: bytes
    score: int
    height: int
    def __init__(self, operator: _Optional[bytes] = ..., model_root: _Optional[bytes] = ..., score: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryQuoteRequest(_message.Message):
    __slots__ = ("model_root", "prompt_tokens", "max_tokens", "value")
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    prompt_tokens: int
    max_tokens: int
    value: int
    def __init__(self, model_root: _Optional[bytes] = ..., prompt_tokens: _Optional[int] = ..., max_tokens: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...

class StageQuote(_message.Message):
    __slots__ = ("plan_id", "stage", "is_refused", "largest_value", "terms")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    IS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    LARGEST_VALUE_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    stage: int
    is_refused: bool
    largest_value: int
    terms: Terms
    def __init__(self, plan_id: _Optional[int] = ..., stage: _Optional[int] = ..., is_refused: _Optional[bool] = ..., largest_value: _Optional[int] = ..., terms: _Optional[_Union[Terms, _Mapping]] = ...) -> None: ...

class QueryQuoteResponse(_message.Message):
    __slots__ = ("stages", "escrow")
    STAGES_FIELD_NUMBER: _ClassVar[int]
    ESCROW_FIELD_NUMBER: _ClassVar[int]
    stages: _containers.RepeatedCompositeFieldContainer[StageQuote]
    escrow: int
    def __init__(self, stages: _Optional[_Iterable[_Union[StageQuote, _Mapping]]] = ..., escrow: _Optional[int] = ...) -> None: ...

class QueryCheckersRequest(_message.Message):
    __slots__ = ("model_root",)
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    def __init__(self, model_root: _Optional[bytes] = ...) -> None: ...

class QueryCheckersResponse(_message.Message):
    __slots__ = ("checkers", "fulfilled", "limit")
    CHECKERS_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    checkers: Checkers
    fulfilled: int
    limit: int
    def __init__(self, checkers: _Optional[_Union[Checkers, _Mapping]] = ..., fulfilled: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class QueryReputationRequest(_message.Message):
    __slots__ = ("operator", "model_root")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    operator: str
    model_root: bytes
    def __init__(self, operator: _Optional[str] = ..., model_root: _Optional[bytes] = ...) -> None: ...

class QueryReputationResponse(_message.Message):
    __slots__ = ("score", "full")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    score: int
    full: int
    def __init__(self, score: _Optional[int] = ..., full: _Optional[int] = ...) -> None: ...
