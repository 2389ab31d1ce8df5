"""The nouns of the workers module."""

from enum import IntEnum

from chain.store.codec import record


class WorkerStatus(IntEnum):
    """What a worker may take on."""

    UNSPECIFIED = 0
    ACTIVE = 1
    """Takes work."""
    DRAINING = 2
    """Finishes what it has and takes nothing new."""
    JAILED = 3
    """Lost its right to work; the reason is in the events."""


class Role(IntEnum):
    """What an enrolment is for."""

    UNSPECIFIED = 0
    SERVE = 1
    """Runs a range of layers; the range is what the worker holds, plans use parts of it."""
    CHECK = 2
    """Recomputes units of the whole model; layers are loaded on demand."""


@record
class Device:
    """One declared accelerator or processor; never trusted beyond its memory bound in plans."""

    kind: str
    name: str
    memory_bytes: int
    count: int = 1


@record
class Keys:
    """A worker's keys beside its operator's."""

    hot_key: bytes
    """ed25519; signs duties, receipts and frames, and pays their gas."""
    vrf_key: bytes
    """ed25519 point of the epoch VRF."""
    box_key: bytes
    """ed25519 form of the X25519 key that sealed boxes are made for."""
    hot_possession: bytes
    """Signature over `possession_bytes(operator, "hot")` by the hot key."""
    vrf_possession: bytes
    """VRF proof over `possession_bytes(operator, "vrf")`, 80 bytes."""
    box_possession: bytes
    """Signature over `possession_bytes(operator, "box")` by the box key."""


@record
class Worker:
    """One worker per operator account; key: operator."""

    operator: bytes
    """20-byte address; asserter and checker in every hash."""
    hot_address: bytes
    keys: Keys
    endpoint: str
    """host:port of the worker's gRPC server."""
    region: str
    memory_bytes: int
    """Declared; a plan's weights and caches must fit."""
    devices: tuple[Device, ...]
    ask_price: int
    """uostr per million work units; stored, ignored until a market exists."""
    bond: int
    """uostr held in the bonds account, including what is unbonding."""
    unbonding: int
    """Part of `bond` that is leaving."""
    reserved: int
    """Part of `bond` that backs open units and committed checks."""
    status: WorkerStatus
    registered_height: int
    pending_vrf_key: bytes = b""
    """Takes the place of the VRF key at the next epoch boundary."""
    holds: int = 0
    """Epoch proofs it still owes; while there are any, no bond leaves."""
    pending_vrf_possession: bytes = b""
    fault_height: int = 0
    """When a fault last cost it bond; 0 if none ever did."""


@record
class Enrollment:
    """Readiness for a model; key: (model_root, role, operator)."""

    operator: bytes
    model_root: bytes
    role: Role
    start: int
    end: int
    height: int


@record
class Unbonding:
    """Bond on its way out; key: (operator, release height)."""

    operator: bytes
    amount: int
    release_height: int


@record
class Params:
    """Parameters of the module."""

    min_bond: int
    unbonding_blocks: int
    max_endpoint_bytes: int = 256
    penalty_numerator: int = 1
    penalty_denominator: int = 20
    """Share of all bonds that penalties for being absent may take in one epoch."""
    breaker_numerator: int = 1
    breaker_denominator: int = 3
    """Share of all bonds above which what is taken for faults in one epoch is held, not paid out."""
    held_blocks: int = 1_600
    """How long it is held."""


@record
class Budget:
    """What was taken from bonds in this epoch, against what there was at its beginning."""

    height: int
    bonds: int
    """uostr of all bonds when the epoch began."""
    absence: int
    """uostr taken for being absent."""
    faults: int
    """uostr taken for faults."""


@record
class Forfeiture:
    """A bond that is being forfeited; key: operator."""

    operator: bytes
    height: int
    """Since when."""
    holds: int
    """Epoch proofs that were never opened; they hold the bond until it is gone."""


@record
class HeldSlash:
    """A part of a bond that was taken and waits; key: (release height, number)."""

    operator: bytes
    recipient: bytes
    amount: int


@record
class MsgRegisterWorker:
    """Register the operator's worker and post its bond."""

    operator: str
    keys: Keys
    endpoint: str
    region: str
    memory_bytes: int
    devices: tuple[Device, ...]
    ask_price: int
    bond: int


@record
class MsgUpdateWorker:
    """Change what may change at once: endpoint, region, price, drain or resume."""

    operator: str
    endpoint: str
    region: str
    ask_price: int
    is_draining: bool


@record
class MsgBond:
    """Add to the bond."""

    operator: str
    amount: int


@record
class MsgUnbond:
    """Begin to take bond out."""

    operator: str
    amount: int


@record
class MsgWithdraw:
    """Take out what has finished unbonding and is not held by anything open."""

    operator: str


@record
class MsgWithdrawResponse:
    """What was paid out."""

    amount: int


@record
class MsgChangeVrfKey:
    """Replace the VRF key at the next epoch boundary, so that no epoch has two."""

    operator: str
    vrf_key: bytes
    possession: bytes
    """VRF proof over `possession_bytes(operator, "vrf")`, 80 bytes."""


@record
class MsgEnroll:
    """Declare readiness; for CHECK the range is the whole model."""

    operator: str
    model_root: bytes
    role: Role
    start: int
    end: int


@record
class MsgUnenroll:
    """Take back an enrolment; open duties stay."""

    operator: str
    model_root: bytes
    role: Role


@record
class Empty:
    """A response that says nothing."""


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryBudgetRequest:
    """Ask what was taken from bonds in this epoch, and what is held or still to be taken."""


@record
class QueryBudgetResponse:
    """The epoch's sums, a page of what is held and a page of bonds that are being forfeited."""

    budget: Budget
    absence_limit: int
    """uostr that may be taken for being absent."""
    fault_limit: int
    """uostr above which what is taken for faults is held."""
    held: tuple[HeldSlash, ...]
    forfeitures: tuple[Forfeiture, ...]


@record
class QueryWorkerRequest:
    """Ask for one worker by operator address or hot address (bech32)."""

    address: str


@record
class QueryWorkerResponse:
    """One worker and what it is enrolled for."""

    worker: Worker
    enrollments: tuple[Enrollment, ...]
    unbondings: tuple[Unbonding, ...]


@record
class QueryWorkersRequest:
    """Ask for all workers, a page at a time."""

    after: bytes = b""
    limit: int = 0


@record
class QueryWorkersResponse:
    """A page of workers."""

    workers: tuple[Worker, ...]


@record
class QueryEnrollmentsRequest:
    """Ask who is enrolled for a model."""

    model_root: bytes


@record
class QueryEnrollmentsResponse:
    """Enrolments of a model."""

    enrollments: tuple[Enrollment, ...]
