from chain.wire.jobs.v1 import jobs_pb2 as _jobs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_SENDER: _ClassVar[Role]
    ROLE_RECEIVER: _ClassVar[Role]

class DisputeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_KIND_UNSPECIFIED: _ClassVar[DisputeKind]
    DISPUTE_KIND_TRACE: _ClassVar[DisputeKind]
    DISPUTE_KIND_HOP: _ClassVar[DisputeKind]
    DISPUTE_KIND_CHALLENGE: _ClassVar[DisputeKind]
    DISPUTE_KIND_RECEIPT: _ClassVar[DisputeKind]
    DISPUTE_KIND_STOP: _ClassVar[DisputeKind]
    DISPUTE_KIND_WITHHELD: _ClassVar[DisputeKind]
    DISPUTE_KIND_SILENCE: _ClassVar[DisputeKind]

class DisputeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_STATUS_UNSPECIFIED: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_OPEN: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_UNRESOLVED: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_REFUTED: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_UPHELD: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_VOID: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_OPENED: _ClassVar[DisputeStatus]

class PaymentReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_REASON_UNSPECIFIED: _ClassVar[PaymentReason]
    PAYMENT_REASON_FORFEIT: _ClassVar[PaymentReason]
    PAYMENT_REASON_MOVES: _ClassVar[PaymentReason]
    PAYMENT_REASON_WORK: _ClassVar[PaymentReason]
    PAYMENT_REASON_BOUNTY: _ClassVar[PaymentReason]
    PAYMENT_REASON_REMAINDER: _ClassVar[PaymentReason]
    PAYMENT_REASON_CONFIRMATION: _ClassVar[PaymentReason]
    PAYMENT_REASON_MISMATCH: _ClassVar[PaymentReason]
    PAYMENT_REASON_DEPOSIT: _ClassVar[PaymentReason]
    PAYMENT_REASON_LATENESS: _ClassVar[PaymentReason]
    PAYMENT_REASON_REFUND: _ClassVar[PaymentReason]

class Round(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUND_UNSPECIFIED: _ClassVar[Round]
    ROUND_SECTIONS: _ClassVar[Round]
    ROUND_ITEMS: _ClassVar[Round]
    ROUND_TREE_NODES: _ClassVar[Round]
    ROUND_NODE_ITEMS: _ClassVar[Round]
    ROUND_OPS: _ClassVar[Round]
    ROUND_TILE_NODES: _ClassVar[Round]
    ROUND_TILES: _ClassVar[Round]
    ROUND_VALUES: _ClassVar[Round]
    ROUND_STEP: _ClassVar[Round]

class Turn(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TURN_UNSPECIFIED: _ClassVar[Turn]
    TURN_REVEAL: _ClassVar[Turn]
    TURN_CHOOSE: _ClassVar[Turn]
    TURN_PROVE: _ClassVar[Turn]
    TURN_OVER: _ClassVar[Turn]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_REFUTED: _ClassVar[Verdict]
    VERDICT_UPHELD: _ClassVar[Verdict]
    VERDICT_VOID_INPUT: _ClassVar[Verdict]
    VERDICT_VOID_PROMPT: _ClassVar[Verdict]
    VERDICT_VOID_TOKENS: _ClassVar[Verdict]
    VERDICT_VOID_MODEL: _ClassVar[Verdict]

class PlayStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAY_STATUS_UNSPECIFIED: _ClassVar[PlayStatus]
    PLAY_STATUS_OPEN: _ClassVar[PlayStatus]
    PLAY_STATUS_WON: _ClassVar[PlayStatus]
    PLAY_STATUS_LOST: _ClassVar[PlayStatus]
    PLAY_STATUS_SILENT: _ClassVar[PlayStatus]
    PLAY_STATUS_ENDED: _ClassVar[PlayStatus]

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_ASSERTER: _ClassVar[Side]
    SIDE_CHALLENGER: _ClassVar[Side]

class WitnessPart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WITNESS_PART_UNSPECIFIED: _ClassVar[WitnessPart]
    WITNESS_PART_PROMPT: _ClassVar[WitnessPart]
    WITNESS_PART_OUTPUT: _ClassVar[WitnessPart]

class DemandStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEMAND_STATUS_UNSPECIFIED: _ClassVar[DemandStatus]
    DEMAND_STATUS_OWED: _ClassVar[DemandStatus]
    DEMAND_STATUS_SUPPLIED: _ClassVar[DemandStatus]
    DEMAND_STATUS_LATE: _ClassVar[DemandStatus]
    DEMAND_STATUS_BAD: _ClassVar[DemandStatus]
    DEMAND_STATUS_ACCUSED: _ClassVar[DemandStatus]
    DEMAND_STATUS_OVER: _ClassVar[DemandStatus]
ROLE_UNSPECIFIED: Role
ROLE_SENDER: Role
ROLE_RECEIVER: Role
DISPUTE_KIND_UNSPECIFIED: DisputeKind
DISPUTE_KIND_TRACE: DisputeKind
DISPUTE_KIND_HOP: DisputeKind
DISPUTE_KIND_CHALLENGE: DisputeKind
DISPUTE_KIND_RECEIPT: DisputeKind
DISPUTE_KIND_STOP: DisputeKind
DISPUTE_KIND_WITHHELD: DisputeKind
DISPUTE_KIND_SILENCE: DisputeKind
DISPUTE_STATUS_UNSPECIFIED: DisputeStatus
DISPUTE_STATUS_OPEN: DisputeStatus
DISPUTE_STATUS_UNRESOLVED: DisputeStatus
DISPUTE_STATUS_REFUTED: DisputeStatus
DISPUTE_STATUS_UPHELD: DisputeStatus
DISPUTE_STATUS_VOID: DisputeStatus
DISPUTE_STATUS_OPENED: DisputeStatus
PAYMENT_REASON_UNSPECIFIED: PaymentReason
PAYMENT_REASON_FORFEIT: PaymentReason
PAYMENT_REASON_MOVES: PaymentReason
PAYMENT_REASON_WORK: PaymentReason
PAYMENT_REASON_BOUNTY: PaymentReason
PAYMENT_REASON_REMAINDER: PaymentReason
PAYMENT_REASON_CONFIRMATION: PaymentReason
PAYMENT_REASON_MISMATCH: PaymentReason
PAYMENT_REASON_DEPOSIT: PaymentReason
PAYMENT_REASON_LATENESS: PaymentReason
PAYMENT_REASON_REFUND: PaymentReason
ROUND_UNSPECIFIED: Round
ROUND_SECTIONS: Round
ROUND_ITEMS: Round
ROUND_TREE_NODES: Round
ROUND_NODE_ITEMS: Round
ROUND_OPS: Round
ROUND_TILE_NODES: Round
ROUND_TILES: Round
ROUND_VALUES: Round
ROUND_STEP: Round
TURN_UNSPECIFIED: Turn
TURN_REVEAL: Turn
TURN_CHOOSE: Turn
TURN_PROVE: Turn
TURN_OVER: Turn
VERDICT_UNSPECIFIED: Verdict
VERDICT_REFUTED: Verdict
VERDICT_UPHELD: Verdict
VERDICT_VOID_INPUT: Verdict
VERDICT_VOID_PROMPT: Verdict
VERDICT_VOID_TOKENS: Verdict
VERDICT_VOID_MODEL: Verdict
PLAY_STATUS_UNSPECIFIED: PlayStatus
PLAY_STATUS_OPEN: PlayStatus
PLAY_STATUS_WON: PlayStatus
PLAY_STATUS_LOST: PlayStatus
PLAY_STATUS_SILENT: PlayStatus
PLAY_STATUS_ENDED: PlayStatus
SIDE_UNSPECIFIED: Side
SIDE_ASSERTER: Side
SIDE_CHALLENGER: Side
WITNESS_PART_UNSPECIFIED: WitnessPart
WITNESS_PART_PROMPT: WitnessPart
WITNESS_PART_OUTPUT: WitnessPart
DEMAND_STATUS_UNSPECIFIED: DemandStatus
DEMAND_STATUS_OWED: DemandStatus
DEMAND_STATUS_SUPPLIED: DemandStatus
DEMAND_STATUS_LATE: DemandStatus
DEMAND_STATUS_BAD: DemandStatus
DEMAND_STATUS_ACCUSED: DemandStatus
DEMAND_STATUS_OVER: DemandStatus

class Prefix(_message.Message):
    __slots__ = ("item", "siblings", "blind")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    BLIND_FIELD_NUMBER: _ClassVar[int]
    item: bytes
    siblings: bytes
    blind: bytes
    def __init__(self, item: _Optional[bytes] = ..., siblings: _Optional[bytes] = ..., blind: _Optional[bytes] = ...) -> None: ...

class MsgClaimReceipt(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "role", "receipt", "prefix")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    role: Role
    receipt: _jobs_pb2.Receipt
    prefix: Prefix
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., role: _Optional[_Union[Role, str]] = ..., receipt: _Optional[_Union[_jobs_pb2.Receipt, _Mapping]] = ..., prefix: _Optional[_Union[Prefix, _Mapping]] = ...) -> None: ...

class MsgClaimStop(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "index", "leaf", "siblings")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LEAF_FIELD_NUMBER: _ClassVar[int]
    SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    index: int
    leaf: bytes
    siblings: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., index: _Optional[int] = ..., leaf: _Optional[bytes] = ..., siblings: _Optional[bytes] = ...) -> None: ...

class MsgClaimBounds(_message.Message):
    __slots__ = ("sender", "model_root", "tensor", "row", "opening")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    OPENING_FIELD_NUMBER: _ClassVar[int]
    sender: str
    model_root: bytes
    tensor: int
    row: int
    opening: Opening
    def __init__(self, sender: _Optional[str] = ..., model_root: _Optional[bytes] = ..., tensor: _Optional[int] = ..., row: _Optional[int] = ..., opening: _Optional[_Union[Opening, _Mapping]] = ...) -> None: ...

class MsgShowReceipt(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "receipt", "countersignature")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    COUNTERSIGNATURE_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    receipt: _jobs_pb2.Receipt
    countersignature: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., receipt: _Optional[_Union[_jobs_pb2.Receipt, _Mapping]] = ..., countersignature: _Optional[bytes] = ...) -> None: ...

class MsgShowReceiptResponse(_message.Message):
    __slots__ = ("asserted",)
    ASSERTED_FIELD_NUMBER: _ClassVar[int]
    asserted: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, asserted: _Optional[_Iterable[int]] = ...) -> None: ...

class Shown(_message.Message):
    __slots__ = ("in_root", "received", "out_root", "sent")
    IN_ROOT_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    in_root: bytes
    received: int
    out_root: bytes
    sent: int
    def __init__(self, in_root: _Optional[bytes] = ..., received: _Optional[int] = ..., out_root: _Optional[bytes] = ..., sent: _Optional[int] = ...) -> None: ...

class Refunds(_message.Message):
    __slots__ = ("before",)
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    before: int
    def __init__(self, before: _Optional[int] = ...) -> None: ...

class MsgClaimBoundsResponse(_message.Message):
    __slots__ = ("rule",)
    RULE_FIELD_NUMBER: _ClassVar[int]
    rule: str
    def __init__(self, rule: _Optional[str] = ...) -> None: ...

class MsgClaimResponse(_message.Message):
    __slots__ = ("dispute_id",)
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    def __init__(self, dispute_id: _Optional[int] = ...) -> None: ...

class Guilt(_message.Message):
    __slots__ = ("stage", "winner", "fees", "is_false")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    WINNER_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    IS_FALSE_FIELD_NUMBER: _ClassVar[int]
    stage: int
    winner: bytes
    fees: int
    is_false: bool
    def __init__(self, stage: _Optional[int] = ..., winner: _Optional[bytes] = ..., fees: _Optional[int] = ..., is_false: _Optional[bool] = ...) -> None: ...

class Dispute(_message.Message):
    __slots__ = ("dispute_id", "kind", "job_id", "attempt", "stage", "asserter", "challenger", "asserter_body_root", "asserter_out_root", "challenger_body_root", "challenger_out_root", "opened_height", "deadline", "status", "frozen", "num_lines", "num_open_lines", "num_lost_lines", "lines_until", "slashed", "closed_height", "deposit", "guilt", "paused")
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    OPENED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    NUM_LINES_FIELD_NUMBER: _ClassVar[int]
    NUM_OPEN_LINES_FIELD_NUMBER: _ClassVar[int]
    NUM_LOST_LINES_FIELD_NUMBER: _ClassVar[int]
    LINES_UNTIL_FIELD_NUMBER: _ClassVar[int]
    SLASHED_FIELD_NUMBER: _ClassVar[int]
    CLOSED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEPOSIT_FIELD_NUMBER: _ClassVar[int]
    GUILT_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    kind: DisputeKind
    job_id: int
    attempt: int
    stage: int
    asserter: bytes
    challenger: bytes
    asserter_body_root: bytes
    asserter_out_root: bytes
    challenger_body_root: bytes
    challenger_out_root: bytes
    opened_height: int
    deadline: int
    status: DisputeStatus
    frozen: int
    num_lines: int
    num_open_lines: int
    num_lost_lines: int
    lines_until: int
    slashed: int
    closed_height: int
    deposit: int
    guilt: Guilt
    paused: int
    def __init__(self, dispute_id: _Optional[int] = ..., kind: _Optional[_Union[DisputeKind, str]] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., asserter: _Optional[bytes] = ..., challenger: _Optional[bytes] = ..., asserter_body_root: _Optional[bytes] = ..., asserter_out_root: _Optional[bytes] = ..., challenger_body_root: _Optional[bytes] = ..., challenger_out_root: _Optional[bytes] = ..., opened_height: _Optional[int] = ..., deadline: _Optional[int] = ..., status: _Optional[_Union[DisputeStatus, str]] = ..., frozen: _Optional[int] = ..., num_lines: _Optional[int] = ..., num_open_lines: _Optional[int] = ..., num_lost_lines: _Optional[int] = ..., lines_until: _Optional[int] = ..., slashed: _Optional[int] = ..., closed_height: _Optional[int] = ..., deposit: _Optional[int] = ..., guilt: _Optional[_Union[Guilt, _Mapping]] = ..., paused: _Optional[int] = ...) -> None: ...

class Payment(_message.Message):
    __slots__ = ("payer", "recipient", "amount", "reason", "height")
    PAYER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    payer: bytes
    recipient: bytes
    amount: int
    reason: PaymentReason
    height: int
    def __init__(self, payer: _Optional[bytes] = ..., recipient: _Optional[bytes] = ..., amount: _Optional[int] = ..., reason: _Optional[_Union[PaymentReason, str]] = ..., height: _Optional[int] = ...) -> None: ...

class ClosedDispute(_message.Message):
    __slots__ = ("dispute", "lines", "payments", "job", "unit")
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    dispute: Dispute
    lines: _containers.RepeatedCompositeFieldContainer[Play]
    payments: _containers.RepeatedCompositeFieldContainer[Payment]
    job: _jobs_pb2.Job
    unit: _jobs_pb2.Unit
    def __init__(self, dispute: _Optional[_Union[Dispute, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[Play, _Mapping]]] = ..., payments: _Optional[_Iterable[_Union[Payment, _Mapping]]] = ..., job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ..., unit: _Optional[_Union[_jobs_pb2.Unit, _Mapping]] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("clock_blocks", "open_blocks", "extension_blocks", "moves_per_block", "max_lines", "max_attempts", "witness_blocks")
    CLOCK_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    OPEN_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    MOVES_PER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    MAX_LINES_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    WITNESS_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    clock_blocks: int
    open_blocks: int
    extension_blocks: int
    moves_per_block: int
    max_lines: int
    max_attempts: int
    witness_blocks: int
    def __init__(self, clock_blocks: _Optional[int] = ..., open_blocks: _Optional[int] = ..., extension_blocks: _Optional[int] = ..., moves_per_block: _Optional[int] = ..., max_lines: _Optional[int] = ..., max_attempts: _Optional[int] = ..., witness_blocks: _Optional[int] = ...) -> None: ...

class Pauses(_message.Message):
    __slots__ = ("blocks", "height", "num_moves")
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_MOVES_FIELD_NUMBER: _ClassVar[int]
    blocks: int
    height: int
    num_moves: int
    def __init__(self, blocks: _Optional[int] = ..., height: _Optional[int] = ..., num_moves: _Optional[int] = ...) -> None: ...

class Bare(_message.Message):
    __slots__ = ("blind", "salt", "in_section", "out_section")
    BLIND_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    IN_SECTION_FIELD_NUMBER: _ClassVar[int]
    OUT_SECTION_FIELD_NUMBER: _ClassVar[int]
    blind: bytes
    salt: bytes
    in_section: bytes
    out_section: bytes
    def __init__(self, blind: _Optional[bytes] = ..., salt: _Optional[bytes] = ..., in_section: _Optional[bytes] = ..., out_section: _Optional[bytes] = ...) -> None: ...

class Reveal(_message.Message):
    __slots__ = ("round", "digests", "lazy", "values", "bare")
    ROUND_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    LAZY_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    BARE_FIELD_NUMBER: _ClassVar[int]
    round: Round
    digests: bytes
    lazy: bytes
    values: bytes
    bare: Bare
    def __init__(self, round: _Optional[_Union[Round, str]] = ..., digests: _Optional[bytes] = ..., lazy: _Optional[bytes] = ..., values: _Optional[bytes] = ..., bare: _Optional[_Union[Bare, _Mapping]] = ...) -> None: ...

class Choice(_message.Message):
    __slots__ = ("round", "index", "digest", "siblings")
    ROUND_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    round: Round
    index: int
    digest: bytes
    siblings: bytes
    def __init__(self, round: _Optional[_Union[Round, str]] = ..., index: _Optional[int] = ..., digest: _Optional[bytes] = ..., siblings: _Optional[bytes] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("bodies", "siblings")
    BODIES_FIELD_NUMBER: _ClassVar[int]
    SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    bodies: _containers.RepeatedScalarFieldContainer[bytes]
    siblings: bytes
    def __init__(self, bodies: _Optional[_Iterable[bytes]] = ..., siblings: _Optional[bytes] = ...) -> None: ...

class Proof(_message.Message):
    __slots__ = ("openings", "element")
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    openings: _containers.RepeatedCompositeFieldContainer[Opening]
    element: int
    def __init__(self, openings: _Optional[_Iterable[_Union[Opening, _Mapping]]] = ..., element: _Optional[int] = ...) -> None: ...

class Line(_message.Message):
    __slots__ = ("round", "turn", "blind", "in_section", "body_root", "out_section", "section", "section_root", "cache_root", "tree", "tree_root", "node", "node_root", "item", "item_digest", "ops_root", "op", "op_digest", "tile_node", "tile_node_root", "tile", "tile_digest")
    ROUND_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    BLIND_FIELD_NUMBER: _ClassVar[int]
    IN_SECTION_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_SECTION_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    SECTION_ROOT_FIELD_NUMBER: _ClassVar[int]
    CACHE_ROOT_FIELD_NUMBER: _ClassVar[int]
    TREE_FIELD_NUMBER: _ClassVar[int]
    TREE_ROOT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    NODE_ROOT_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    ITEM_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OPS_ROOT_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    OP_DIGEST_FIELD_NUMBER: _ClassVar[int]
    TILE_NODE_FIELD_NUMBER: _ClassVar[int]
    TILE_NODE_ROOT_FIELD_NUMBER: _ClassVar[int]
    TILE_FIELD_NUMBER: _ClassVar[int]
    TILE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    round: Round
    turn: Turn
    blind: bytes
    in_section: bytes
    body_root: bytes
    out_section: bytes
    section: int
    section_root: bytes
    cache_root: bytes
    tree: int
    tree_root: bytes
    node: int
    node_root: bytes
    item: int
    item_digest: bytes
    ops_root: bytes
    op: int
    op_digest: bytes
    tile_node: int
    tile_node_root: bytes
    tile: int
    tile_digest: bytes
    def __init__(self, round: _Optional[_Union[Round, str]] = ..., turn: _Optional[_Union[Turn, str]] = ..., blind: _Optional[bytes] = ..., in_section: _Optional[bytes] = ..., body_root: _Optional[bytes] = ..., out_section: _Optional[bytes] = ..., section: _Optional[int] = ..., section_root: _Optional[bytes] = ..., cache_root: _Optional[bytes] = ..., tree: _Optional[int] = ..., tree_root: _Optional[bytes] = ..., node: _Optional[int] = ..., node_root: _Optional[bytes] = ..., item: _Optional[int] = ..., item_digest: _Optional[bytes] = ..., ops_root: _Optional[bytes] = ..., op: _Optional[int] = ..., op_digest: _Optional[bytes] = ..., tile_node: _Optional[int] = ..., tile_node_root: _Optional[bytes] = ..., tile: _Optional[int] = ..., tile_digest: _Optional[bytes] = ...) -> None: ...

class Play(_message.Message):
    __slots__ = ("dispute_id", "number", "opener", "deposit", "line", "asserter_left", "challenger_left", "since", "paused", "deadline", "status", "heights", "fees", "author", "parent", "verdict", "asserter_fees", "choice_heights", "proof_height")
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPENER_FIELD_NUMBER: _ClassVar[int]
    DEPOSIT_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_LEFT_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_LEFT_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEIGHTS_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_FEES_FIELD_NUMBER: _ClassVar[int]
    CHOICE_HEIGHTS_FIELD_NUMBER: _ClassVar[int]
    PROOF_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    number: int
    opener: bytes
    deposit: int
    line: Line
    asserter_left: int
    challenger_left: int
    since: int
    paused: int
    deadline: int
    status: PlayStatus
    heights: _containers.RepeatedScalarFieldContainer[int]
    fees: int
    author: bytes
    parent: int
    verdict: Verdict
    asserter_fees: int
    choice_heights: _containers.RepeatedScalarFieldContainer[int]
    proof_height: int
    def __init__(self, dispute_id: _Optional[int] = ..., number: _Optional[int] = ..., opener: _Optional[bytes] = ..., deposit: _Optional[int] = ..., line: _Optional[_Union[Line, _Mapping]] = ..., asserter_left: _Optional[int] = ..., challenger_left: _Optional[int] = ..., since: _Optional[int] = ..., paused: _Optional[int] = ..., deadline: _Optional[int] = ..., status: _Optional[_Union[PlayStatus, str]] = ..., heights: _Optional[_Iterable[int]] = ..., fees: _Optional[int] = ..., author: _Optional[bytes] = ..., parent: _Optional[int] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., asserter_fees: _Optional[int] = ..., choice_heights: _Optional[_Iterable[int]] = ..., proof_height: _Optional[int] = ...) -> None: ...

class MsgReveal(_message.Message):
    __slots__ = ("sender", "dispute_id", "number", "move")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    sender: str
    dispute_id: int
    number: int
    move: Reveal
    def __init__(self, sender: _Optional[str] = ..., dispute_id: _Optional[int] = ..., number: _Optional[int] = ..., move: _Optional[_Union[Reveal, _Mapping]] = ...) -> None: ...

class MsgChoose(_message.Message):
    __slots__ = ("sender", "dispute_id", "number", "move")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    sender: str
    dispute_id: int
    number: int
    move: Choice
    def __init__(self, sender: _Optional[str] = ..., dispute_id: _Optional[int] = ..., number: _Optional[int] = ..., move: _Optional[_Union[Choice, _Mapping]] = ...) -> None: ...

class MsgProve(_message.Message):
    __slots__ = ("sender", "dispute_id", "number", "proof")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    sender: str
    dispute_id: int
    number: int
    proof: Proof
    def __init__(self, sender: _Optional[str] = ..., dispute_id: _Optional[int] = ..., number: _Optional[int] = ..., proof: _Optional[_Union[Proof, _Mapping]] = ...) -> None: ...

class MsgOpenLine(_message.Message):
    __slots__ = ("sender", "dispute_id", "number", "move")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    sender: str
    dispute_id: int
    number: int
    move: Choice
    def __init__(self, sender: _Optional[str] = ..., dispute_id: _Optional[int] = ..., number: _Optional[int] = ..., move: _Optional[_Union[Choice, _Mapping]] = ...) -> None: ...

class MsgPostLazy(_message.Message):
    __slots__ = ("sender", "dispute_id", "number", "move")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    sender: str
    dispute_id: int
    number: int
    move: Reveal
    def __init__(self, sender: _Optional[str] = ..., dispute_id: _Optional[int] = ..., number: _Optional[int] = ..., move: _Optional[_Union[Reveal, _Mapping]] = ...) -> None: ...

class MsgChallenge(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "body_root", "out_root")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    body_root: bytes
    out_root: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., body_root: _Optional[bytes] = ..., out_root: _Optional[bytes] = ...) -> None: ...

class MsgChallengeResponse(_message.Message):
    __slots__ = ("dispute_id", "deposit")
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    DEPOSIT_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    deposit: int
    def __init__(self, dispute_id: _Optional[int] = ..., deposit: _Optional[int] = ...) -> None: ...

class MsgMoveResponse(_message.Message):
    __slots__ = ("number", "round", "turn", "verdict")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    number: int
    round: Round
    turn: Turn
    verdict: Verdict
    def __init__(self, number: _Optional[int] = ..., round: _Optional[_Union[Round, str]] = ..., turn: _Optional[_Union[Turn, str]] = ..., verdict: _Optional[_Union[Verdict, str]] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryLinesRequest(_message.Message):
    __slots__ = ("dispute_id",)
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    def __init__(self, dispute_id: _Optional[int] = ...) -> None: ...

class QueryLinesResponse(_message.Message):
    __slots__ = ("lines",)
    LINES_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[Play]
    def __init__(self, lines: _Optional[_Iterable[_Union[Play, _Mapping]]] = ...) -> None: ...

class DueMove(_message.Message):
    __slots__ = ("side", "deadline", "dispute", "play", "job", "unit")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    PLAY_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    side: Side
    deadline: int
    dispute: Dispute
    play: Play
    job: _jobs_pb2.Job
    unit: _jobs_pb2.Unit
    def __init__(self, side: _Optional[_Union[Side, str]] = ..., deadline: _Optional[int] = ..., dispute: _Optional[_Union[Dispute, _Mapping]] = ..., play: _Optional[_Union[Play, _Mapping]] = ..., job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ..., unit: _Optional[_Union[_jobs_pb2.Unit, _Mapping]] = ...) -> None: ...

class QueryMovesRequest(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class QueryMovesResponse(_message.Message):
    __slots__ = ("height", "moves")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MOVES_FIELD_NUMBER: _ClassVar[int]
    height: int
    moves: _containers.RepeatedCompositeFieldContainer[DueMove]
    def __init__(self, height: _Optional[int] = ..., moves: _Optional[_Iterable[_Union[DueMove, _Mapping]]] = ...) -> None: ...

class QueryDisputeRequest(_message.Message):
    __slots__ = ("dispute_id",)
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    def __init__(self, dispute_id: _Optional[int] = ...) -> None: ...

class QueryDisputeResponse(_message.Message):
    __slots__ = ("dispute",)
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    dispute: Dispute
    def __init__(self, dispute: _Optional[_Union[Dispute, _Mapping]] = ...) -> None: ...

class QueryDisputesRequest(_message.Message):
    __slots__ = ("job_id", "after", "limit", "worker", "status", "from_height", "to_height")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROM_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TO_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    after: int
    limit: int
    worker: str
    status: DisputeStatus
    from_height: int
    to_height: int
    def __init__(self, job_id: _Optional[int] = ..., after: _Optional[int] = ..., limit: _Optional[int] = ..., worker: _Optional[str] = ..., status: _Optional[_Union[DisputeStatus, str]] = ..., from_height: _Optional[int] = ..., to_height: _Optional[int] = ...) -> None: ...

class QueryDisputesResponse(_message.Message):
    __slots__ = ("disputes", "next_after")
    DISPUTES_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    disputes: _containers.RepeatedCompositeFieldContainer[Dispute]
    next_after: int
    def __init__(self, disputes: _Optional[_Iterable[_Union[Dispute, _Mapping]]] = ..., next_after: _Optional[int] = ...) -> None: ...

class QueryPaymentsRequest(_message.Message):
    __slots__ = ("dispute_id",)
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    def __init__(self, dispute_id: _Optional[int] = ...) -> None: ...

class QueryPaymentsResponse(_message.Message):
    __slots__ = ("payments",)
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[Payment]
    def __init__(self, payments: _Optional[_Iterable[_Union[Payment, _Mapping]]] = ...) -> None: ...

class Demand(_message.Message):
    __slots__ = ("demand_id", "job_id", "attempt", "stage", "demander", "box_key", "deposit", "opened_height", "deadline", "status", "is_outsider", "cost", "digests", "heights", "suppliers")
    DEMAND_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DEMANDER_FIELD_NUMBER: _ClassVar[int]
    BOX_KEY_FIELD_NUMBER: _ClassVar[int]
    DEPOSIT_FIELD_NUMBER: _ClassVar[int]
    OPENED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IS_OUTSIDER_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    HEIGHTS_FIELD_NUMBER: _ClassVar[int]
    SUPPLIERS_FIELD_NUMBER: _ClassVar[int]
    demand_id: int
    job_id: int
    attempt: int
    stage: int
    demander: bytes
    box_key: bytes
    deposit: int
    opened_height: int
    deadline: int
    status: DemandStatus
    is_outsider: bool
    cost: int
    digests: _containers.RepeatedScalarFieldContainer[bytes]
    heights: _containers.RepeatedScalarFieldContainer[int]
    suppliers: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, demand_id: _Optional[int] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., demander: _Optional[bytes] = ..., box_key: _Optional[bytes] = ..., deposit: _Optional[int] = ..., opened_height: _Optional[int] = ..., deadline: _Optional[int] = ..., status: _Optional[_Union[DemandStatus, str]] = ..., is_outsider: _Optional[bool] = ..., cost: _Optional[int] = ..., digests: _Optional[_Iterable[bytes]] = ..., heights: _Optional[_Iterable[int]] = ..., suppliers: _Optional[_Iterable[bytes]] = ...) -> None: ...

class MsgDemandWitness(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "box_key")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    BOX_KEY_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    box_key: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., box_key: _Optional[bytes] = ...) -> None: ...

class MsgDemandWitnessResponse(_message.Message):
    __slots__ = ("demand_id", "deadline", "deposit")
    DEMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    DEPOSIT_FIELD_NUMBER: _ClassVar[int]
    demand_id: int
    deadline: int
    deposit: int
    def __init__(self, demand_id: _Optional[int] = ..., deadline: _Optional[int] = ..., deposit: _Optional[int] = ...) -> None: ...

class MsgSupplyWitness(_message.Message):
    __slots__ = ("sender", "demand_id", "part", "box")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DEMAND_ID_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    sender: str
    demand_id: int
    part: WitnessPart
    box: bytes
    def __init__(self, sender: _Optional[str] = ..., demand_id: _Optional[int] = ..., part: _Optional[_Union[WitnessPart, str]] = ..., box: _Optional[bytes] = ...) -> None: ...

class MsgRefuteWitness(_message.Message):
    __slots__ = ("sender", "demand_id", "part", "secret", "box")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    DEMAND_ID_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    sender: str
    demand_id: int
    part: WitnessPart
    secret: bytes
    box: bytes
    def __init__(self, sender: _Optional[str] = ..., demand_id: _Optional[int] = ..., part: _Optional[_Union[WitnessPart, str]] = ..., secret: _Optional[bytes] = ..., box: _Optional[bytes] = ...) -> None: ...

class MsgWitnessResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: DemandStatus
    def __init__(self, status: _Optional[_Union[DemandStatus, str]] = ...) -> None: ...

class QueryDemandsRequest(_message.Message):
    __slots__ = ("address", "job_id")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    address: str
    job_id: int
    def __init__(self, address: _Optional[str] = ..., job_id: _Optional[int] = ...) -> None: ...

class DueDemand(_message.Message):
    __slots__ = ("demand", "job")
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    demand: Demand
    job: _jobs_pb2.Job
    def __init__(self, demand: _Optional[_Union[Demand, _Mapping]] = ..., job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ...) -> None: ...

class QueryDemandsResponse(_message.Message):
    __slots__ = ("height", "demands")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEMANDS_FIELD_NUMBER: _ClassVar[int]
    height: int
    demands: _containers.RepeatedCompositeFieldContainer[DueDemand]
    def __init__(self, height: _Optional[int] = ..., demands: _Optional[_Iterable[_Union[DueDemand, _Mapping]]] = ...) -> None: ...
