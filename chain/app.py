"""The application: the state machine behind `chain.application.Application`, over the store.

Three views of state, never mixed: the store's latest committed version (queries, simulation, proposals), the mempool's
overlay above it (thrown away at each commit), and the overlay of the block being executed. Nothing is persisted before
`commit`, so a block can be executed again after a crash.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chain.application import (
    Block,
    CheckKind,
    FinalizeResult,
    Info,
    InitChain,
    InitChainResult,
    Query,
    QueryResult,
    Timestamp,
    TxResult,
)
from chain.block import BEACON_MARK, Executed, execute_block
from chain.context import BlockFacts, Context, QueryContext
from chain.crypto.hashing import chain_hash
from chain.envelope import decode_tx
from chain.errors import Code, Rejected
from chain.history import HistoryRecord, HistoryRound, HistoryStore
from chain.module import Module
from chain.modules.accounts import keeper as accounts
from chain.modules.accounts.module import MODULE as ACCOUNTS
from chain.modules.accounts.types import ChainFacts
from chain.modules.bank.module import MODULE as BANK
from chain.modules.beacon import keeper as beacon
from chain.modules.beacon.module import MODULE as BEACON
from chain.modules.disputes.module import MODULE as DISPUTES
from chain.modules.jobs.archive import RECORD_BLOCKS, archived_records, find_peaks, find_round
from chain.modules.jobs.module import MODULE as JOBS
from chain.modules.models.module import MODULE as MODELS
from chain.modules.plans.module import MODULE as PLANS
from chain.modules.rates.module import MODULE as RATES
from chain.modules.sampling.module import MODULE as SAMPLING
from chain.modules.treasury.module import MODULE as TREASURY
from chain.modules.workers.module import MODULE as WORKERS
from chain.query import QueryRoutes, answer
from chain.recent import RecentBlocks, committed_block
from chain.store.codec import encode
from chain.store.overlay import Overlay, Reader
from chain.store.store import Store
from chain.tx import Outcome, Pending, Phase, VerifiedSignatures, check_tx, execute_tx

log = logging.getLogger(__name__)

MODULES: tuple[Module, ...] = (
    ACCOUNTS,
    BANK,
    TREASURY,
    BEACON,
    MODELS,
    WORKERS,
    RATES,
    PLANS,
    JOBS,
    SAMPLING,
    DISPUTES,
)
"""All modules; hooks run in this order, and a module uses only those before it."""

APP_NAME = "ostraka"
APP_VERSION = 1
"""Version of the state machine, in every header."""
SOFTWARE_VERSION = "0.1.0"
KEPT_VERSIONS = 1_000
"""Versions of state that stay readable and provable."""


class App:
    """One chain's state machine. CometBFT's thread calls all methods but `snapshot`, `at`, `answer`, `simulate`."""

    def __init__(
        self,
        store: Store,
        *,
        history: HistoryStore | None = None,
        beacon_seed: bytes | None = None,
        gas_price: tuple[int, int] = (0, 1),
        modules: Sequence[Module] = MODULES,
        prune_every: int = KEPT_VERSIONS // 2,
        retain_blocks: int = 0,
    ) -> None:
        """Continue from the store's last commit.

        `gas_price` is the least this node's mempool takes, as a fraction of uostr per gas; `prune_every` 0 keeps every
        version; `retain_blocks` 0 lets CometBFT keep every block. Without `beacon_seed` this node proposes no block
        that others accept.
        """
        self.store = store
        self.modules = tuple(modules)
        self.recent = RecentBlocks()
        self.queries = QueryRoutes(self)
        self.history, self._beacon_seed, self._gas_price = history, beacon_seed, gas_price
        self._prune_every, self._retain_blocks = prune_every, retain_blocks
        self._routes = {message.type_url: message for module in self.modules for message in module.messages}
        self._verified = VerifiedSignatures()
        self._facts: ChainFacts | None = accounts.find_chain(store) if store.version else None
        self._chain = chain_hash(self._facts.chain_id) if self._facts else b""
        self._genesis: Overlay | None = None
        self._time = Timestamp()
        self._executed: tuple[Block, Executed] | None = None
        self._check = self._fresh_check()
        self._pruner: threading.Thread | None = None
        self._begin_archive()
        self._archive()

    @classmethod
    def open(cls, path: Path, *, sync: bool = True, keep: int = KEPT_VERSIONS, **settings: Any) -> "App":
        """Open or create store and history under a directory. Raises: DatabaseInUse."""
        names = [module.name for module in settings.get("modules", MODULES)]
        store = Store.open(path / "application", names, sync=sync, keep=keep)
        try:
            history = HistoryStore.open(path / "history", sync=sync)
        except BaseException:
            store.close()
            raise
        return cls(store, history=history, **settings)

    def close(self) -> None:
        """Close the databases; nobody may be reading."""
        if self._pruner is not None:
            self._pruner.join()
        self.store.close()
        if self.history is not None:
            self.history.close()

    # --- reads, from any thread ---

    @property
    def chain_id(self) -> str:
        """The chain's name; empty before genesis."""
        return self._facts.chain_id if self._facts else ""

    def snapshot(self) -> QueryContext:
        """Return the last committed state."""
        view = self.store.snapshot()
        return QueryContext(view, self.chain_id, self._chain, view.version)

    def at(self, height: int) -> QueryContext:
        """Return the state of a height that is kept; 0 is the latest. Raises: VersionPruned."""
        if not height:
            return self.snapshot()
        return QueryContext(self.store.at(height), self.chain_id, self._chain, height)

    def answer(self, path: str, data: bytes, height: int = 0, prove: bool = False) -> QueryResult:
        """Answer a read by its path, like `query`."""
        return answer(self.queries, Query(path, data, height, prove))

    def simulate(self, data: bytes) -> Outcome:
        """Execute a transaction on the last committed state, without signatures and fees, up to the gas limit."""
        context = self.snapshot()
        if not context.height:
            return Outcome(TxResult(int(Code.INVALID_REQUEST), log="no block is committed yet", codespace="sdk"))
        facts = BlockFacts(context.chain_id, context.chain, context.height + 1, self._time, b"")
        ctx = Context(Overlay(context.store), facts, is_check=True)
        return execute_tx(ctx, self._routes, None, data, Phase.SIMULATE)

    # --- ABCI ---

    def info(self) -> Info:
        """Describe the last committed state."""
        version = self.store.version
        return Info(APP_NAME, SOFTWARE_VERSION, APP_VERSION, version, self.store.app_hash if version else b"")

    def init_chain(self, request: InitChain) -> InitChainResult:
        """Begin from genesis. Raises: ValueError naming what is wrong with it."""
        facts = ChainFacts(
            request.chain_id, request.initial_height, request.time.seconds, max(0, request.block_max_gas)
        )
        overlay = Overlay(self.store)
        block = BlockFacts(request.chain_id, chain_hash(request.chain_id), request.initial_height, request.time, b"")
        write_genesis(overlay, facts, block, self.modules, json.loads(request.app_state or b"{}"))
        self._genesis, self._facts, self._chain, self._time = overlay, facts, block.chain, request.time
        self._check = self._fresh_check()
        return InitChainResult(self.store.stage(overlay.changes, request.initial_height))

    def query(self, query: Query) -> QueryResult:
        """Answer a read."""
        return answer(self.queries, query)

    def check_tx(self, tx: bytes, kind: CheckKind) -> TxResult:
        """Judge a transaction for the mempool; NEW and RECHECK differ only in whether its signature is known."""
        ctx = self._check
        return check_tx(ctx, self._pending, self._routes, self._verified, tx, self._gas_price)

    def prepare_proposal(self, block: Block, max_tx_bytes: int) -> tuple[bytes, ...]:
        """Put our beacon transaction first, then what fits of the mempool's, in its order."""
        chosen: list[bytes] = []
        room = max_tx_bytes
        if self._beacon_seed is not None:
            mine = beacon.make_transaction(self._below(), self._block_facts(block), self._beacon_seed)
            chosen.append(mine)
            room -= _proto_size(mine)
        gas_left = self._max_gas()
        for data in block.txs:
            size = _proto_size(data)
            gas = self._gas_wanted(data)
            if gas is None or size > room or (gas_left is not None and gas > gas_left):
                continue
            chosen.append(data)
            room -= size
            if gas_left is not None:
                gas_left -= gas
        return tuple(chosen)

    def process_proposal(self, block: Block) -> bool:
        """Accept a block that begins with its proposer's beacon, holds only envelopes, and keeps to the gas limit."""
        if not block.txs or not beacon.verify_transaction(self._below(), self._block_facts(block), block.txs[0]):
            return False
        gas_left = self._max_gas()
        for data in block.txs[1:]:
            gas = self._gas_wanted(data)
            if gas is None:
                return False
            if gas_left is not None:
                gas_left -= gas
                if gas_left < 0:
                    return False
        return True

    def finalize_block(self, block: Block) -> FinalizeResult:
        """Execute a decided block; persists nothing."""
        overlay = self._below()
        executed = execute_block(overlay, self._block_facts(block), self.modules, self._routes, self._verified, block)
        app_hash = self.store.stage(overlay.changes, block.height)
        self._executed = (block, executed)
        return FinalizeResult(executed.tx_results, app_hash, executed.validator_updates, executed.events)

    def commit(self) -> int:
        """Persist the executed block, then tell everybody who follows."""
        if self._executed is None:
            raise RuntimeError("commit without an executed block")
        block, executed = self._executed
        self.store.commit()
        self._executed, self._genesis, self._time = None, None, block.time
        self._check = self._fresh_check()
        self._archive()
        self.recent.append(
            committed_block(block.height, block.time, block.hash, block.txs, executed.tx_results, executed.events)
        )
        if self._prune_every and block.height % self._prune_every == 0:
            self._prune()
        return max(0, block.height - self._retain_blocks) if self._retain_blocks else 0

    # --- parts ---

    def _below(self) -> Overlay:
        """Return a fresh overlay above the last commit, or above genesis before the first."""
        overlay = Overlay(ReadOnce(self.store))
        if self._genesis is not None:
            overlay.changes = {module: dict(writes) for module, writes in self._genesis.changes.items()}
        return overlay

    def _fresh_check(self) -> Context:
        """Begin the mempool's view anew, above the last commit."""
        self._pending = Pending()
        height = self.store.version + 1
        facts = BlockFacts(self.chain_id, self._chain, height, self._time, b"")
        return Context(self._below(), facts, is_check=True)

    def _block_facts(self, block: Block) -> BlockFacts:
        return BlockFacts(self.chain_id, self._chain, block.height, block.time, block.proposer_address)

    def _max_gas(self) -> int | None:
        limit = self._facts.block_max_gas if self._facts else 0
        return limit or None

    def _gas_wanted(self, data: bytes) -> int | None:
        """Return the gas limit of a transaction, or None if it is no envelope."""
        known = self._verified.find(hashlib.sha256(data).digest())
        if known is not None:
            return known.tx.gas_limit
        if data[:1] == BEACON_MARK:
            return None
        try:
            return decode_tx(self._routes, data).gas_limit
        except Rejected:
            return None

    def _begin_archive(self) -> None:
        """Give the history the range of closed records as it was at its cursor.

        Only a history younger than the chain, or one written before ranges were kept, learns anything from it.
        """
        if self.history is None or not self.store.version:
            return
        height = self._archived_height(self.history)
        if not self.store.first_version <= height <= self.store.version:
            return
        peaks = find_peaks(self.store.at(height))
        missing = self.history.begin(peaks.count, peaks.peaks) if peaks else 0
        if missing:
            log.warning("the history lacks %d rounds below height %d: it cannot prove their records", missing, height)

    def _archive(self) -> None:
        """Copy closed records into the history, which is never behind their deletion.

        After a crash between commit and copy the missing heights follow here: state keeps closed records long enough.
        """
        if self.history is None or not self.store.version:
            return
        for height in range(self._archived_height(self.history) + 1, self.store.version + 1):
            found = find_round(self.store, height)
            sealed = None
            if found is not None:
                sealed = HistoryRound(found.leaf_index, found.first_record, found.num_records, found.root)
            records = [
                HistoryRecord(record.kind.name.lower(), record.id, encode(record), number)
                for number, record in archived_records(self.store, height)
            ]
            self.history.append(height, records, sealed)

    def _archived_height(self, history: HistoryStore) -> int:
        """Return the height whose closed records the history has; a new one takes what state still keeps."""
        return history.cursor or max(0, self.store.version - RECORD_BLOCKS)

    def _prune(self) -> None:
        """Forget old versions on a thread of its own, unless the last pass still runs."""
        if self._pruner is None or not self._pruner.is_alive():
            self._pruner = threading.Thread(target=self._prune_once, name="prune", daemon=True)
            self._pruner.start()

    def _prune_once(self) -> None:
        log.info("pruned %d nodes of old versions", self.store.prune())


def write_genesis(
    overlay: Overlay, facts: ChainFacts, block: BlockFacts, modules: Sequence[Module], app_state: Any
) -> None:
    """Write the state that genesis describes. Raises: ValueError naming what is wrong with it."""
    if not isinstance(app_state, Mapping):
        raise ValueError("app_state must be an object")
    unknown = sorted(app_state.keys() - {module.name for module in modules})
    if unknown:
        raise ValueError(f"app_state.{unknown[0]} is unknown")
    for name, part in app_state.items():
        if not isinstance(part, Mapping):
            raise ValueError(f"app_state.{name} must be an object")
    accounts.begin_chain(overlay, facts)
    ctx = Context(overlay, block)
    for module in modules:
        if module.init_genesis is not None:
            module.init_genesis(ctx, app_state.get(module.name, {}))
    largest = accounts.params(overlay).max_tx_gas
    if facts.block_max_gas and largest > facts.block_max_gas:
        raise ValueError(
            f"accounts.params.max_tx_gas ({largest}) <= consensus_params.block.max_gas ({facts.block_max_gas}) "
            "does not hold"
        )


def check_invariants(modules: Sequence[Module], context: QueryContext) -> None:
    """Check every module's invariants. Raises: InvariantBroken."""
    for module in modules:
        if module.check_invariants is not None:
            module.check_invariants(context)


class ReadOnce:
    """State below an overlay, each value read from the disk once: parameters and busy accounts are asked for often.

    Lives no longer than one block, which bounds what it holds.
    """

    __slots__ = ("_below", "_values", "iterate")

    def __init__(self, below: Reader) -> None:
        self._below = below
        self._values: dict[tuple[str, bytes], bytes | None] = {}
        self.iterate = below.iterate

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return the value, or None if the key is absent."""
        place = (module, key)
        try:
            return self._values[place]
        except KeyError:
            value = self._values[place] = self._below.get(module, key)
            return value


def _proto_size(tx: bytes) -> int:
    """Return what a transaction adds to a block: field tag, length and bytes, as CometBFT counts them."""
    size = len(tx)
    return 1 + max(1, (size.bit_length() + 6) // 7) + size
