"""One block: begin hooks, transactions, end hooks, each in one fixed order."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.application import Block, Event, TxResult, ValidatorUpdate
from chain.context import BlockFacts, Context
from chain.envelope import Routes
from chain.errors import Code, InvariantBroken
from chain.module import Module
from chain.modules.beacon import keeper as beacon
from chain.store.overlay import Overlay
from chain.tx import VerifiedSignatures, execute_tx

BEACON_MARK = b"\x00"
"""First byte of a beacon transaction; no envelope begins with it."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What a block did, beside its writes."""

    tx_results: tuple[TxResult, ...]
    events: tuple[Event, ...]
    validator_updates: tuple[ValidatorUpdate, ...]


def execute_block(
    store: Overlay,
    facts: BlockFacts,
    modules: Sequence[Module],
    routes: Routes,
    verified: VerifiedSignatures,
    block: Block,
) -> Executed:
    """Execute a decided block into `store`. Any exception of a hook ends the node: no other node may skip it either."""
    ctx = Context(store, facts)
    first = block.txs[0] if block.txs and block.txs[0][:1] == BEACON_MARK else None
    results: list[TxResult] = []
    for module in modules:
        if module.name == "beacon":
            is_applied = beacon.apply(ctx, first)
            if first is not None:
                results.append(_beacon_result(is_applied))
        if module.begin_block is not None:
            module.begin_block(ctx)
    # Each has events and a meter of its own above the block's one overlay.
    envelopes = block.txs[len(results) :]
    results.extend(execute_tx(Context(store, facts), routes, verified, data).result for data in envelopes)
    for module in modules:
        if module.end_block is not None:
            module.end_block(ctx)
    return Executed(tuple(results), tuple(ctx.events), _validator_updates(ctx, modules))


def _beacon_result(is_applied: bool) -> TxResult:
    if is_applied:
        return TxResult()
    code = Code.BEACON_TRANSACTION
    return TxResult(int(code), log="not the beacon transaction of this block", codespace=code.codespace)


def _validator_updates(ctx: Context, modules: Sequence[Module]) -> tuple[ValidatorUpdate, ...]:
    updates: dict[bytes, ValidatorUpdate] = {}
    for module in modules:
        if module.validator_updates is None:
            continue
        for update in module.validator_updates(ctx):
            if update.public_key in updates:
                raise InvariantBroken(f"two updates of validator {update.public_key.hex()} in one block")
            updates[update.public_key] = update
    return tuple(updates.values())
