"""What consensus asks of an application, in domain types: the border between ABCI and the state machine."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol


class Event(NamedTuple):
    """Something that happened; indexed by nodes, outside consensus. Blocks have tens of thousands of them."""

    kind: str
    attributes: tuple[tuple[str, str], ...] = ()


class TxResult(NamedTuple):
    """Outcome of one transaction; `code`, `data`, `gas_wanted`, `gas_used` are hashed into the next header."""

    code: int = 0
    data: bytes = b""
    gas_wanted: int = 0
    gas_used: int = 0
    log: str = ""
    codespace: str = ""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidatorUpdate:
    """A validator's new power; 0 removes it."""

    public_key: bytes
    """ed25519, 32 bytes."""
    power: int


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Block time as agreed by consensus."""

    seconds: int = 0
    nanos: int = 0


@dataclass(frozen=True, slots=True)
class Vote:
    """One validator's part in the last commit."""

    address: bytes
    power: int
    flag: int
    """1 absent, 2 for the block, 3 nil."""


@dataclass(frozen=True, slots=True)
class Misbehavior:
    """Evidence that consensus reports."""

    kind: int
    """1 duplicate vote, 2 light client attack."""
    address: bytes
    power: int
    height: int
    time: Timestamp
    total_power: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block to propose, judge or execute."""

    height: int
    time: Timestamp
    proposer_address: bytes
    txs: tuple[bytes, ...]
    hash: bytes = b""
    last_commit: tuple[Vote, ...] = ()
    misbehavior: tuple[Misbehavior, ...] = ()
    next_validators_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class InitChain:
    """Genesis as consensus hands it over."""

    chain_id: str
    time: Timestamp
    initial_height: int
    validators: tuple[ValidatorUpdate, ...]
    app_state: bytes
    """The `app_state` JSON of genesis.json."""
    block_max_bytes: int
    block_max_gas: int


@dataclass(frozen=True, slots=True)
class InitChainResult:
    """Answer to InitChain."""

    app_hash: bytes
    validators: tuple[ValidatorUpdate, ...] = ()


@dataclass(frozen=True, slots=True)
class FinalizeResult:
    """Everything a block changed that consensus must know."""

    tx_results: tuple[TxResult, ...]
    app_hash: bytes
    validator_updates: tuple[ValidatorUpdate, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """The last committed state."""

    data: str
    version: str
    app_version: int
    last_block_height: int
    last_block_app_hash: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """A read over `abci_query`."""

    path: str
    data: bytes
    height: int = 0
    prove: bool = False


@dataclass(frozen=True, slots=True)
class ProofOp:
    """One step of a Merkle proof as CometBFT carries it."""

    kind: str
    key: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Answer to a query."""

    code: int = 0
    log: str = ""
    codespace: str = ""
    key: bytes = b""
    value: bytes = b""
    height: int = 0
    proof_ops: tuple[ProofOp, ...] = field(default=())


class CheckKind(IntEnum):
    """Why a transaction is looked at."""

    NEW = 0
    RECHECK = 1


class Application(Protocol):
    """The state machine as consensus sees it; every method runs to completion on the server's thread."""

    def info(self) -> Info:
        """Describe the last committed state."""
        ...

    def init_chain(self, request: InitChain) -> InitChainResult:
        """Begin from genesis; may be called again until height 1 commits."""
        ...

    def query(self, query: Query) -> QueryResult:
        """Answer a read."""
        ...

    def check_tx(self, tx: bytes, kind: CheckKind) -> TxResult:
        """Judge a transaction for the mempool."""
        ...

    def prepare_proposal(self, block: Block, max_tx_bytes: int) -> tuple[bytes, ...]:
        """Choose and order the transactions of our own proposal."""
        ...

    def process_proposal(self, block: Block) -> bool:
        """Judge somebody's proposal, deterministically."""
        ...

    def finalize_block(self, block: Block) -> FinalizeResult:
        """Execute a decided block; persists nothing."""
        ...

    def commit(self) -> int:
        """Persist the executed block and return the height below which blocks may be pruned (0: keep all)."""
        ...
