"""`ostraka.node.v1.Service`: what the node's own clients use."""

from collections.abc import AsyncGenerator, Mapping

import grpc.aio

from chain.application import Query
from chain.client import node
from chain.errors import Code, Rejected
from chain.history import HistoryLacks, HistoryRecord, HistoryStore
from chain.modules.jobs.state import PEAKS
from chain.modules.jobs.types import ArchivePeaks
from chain.node.comet_rpc import CometRpc, RpcError, RpcUnavailable
from chain.query import answer
from chain.rpc.application import NodeApplication
from chain.rpc.broadcast import broadcast
from chain.rpc.busy import Busy
from chain.rpc.comet import Comet
from chain.rpc.feed import Feed
from chain.rpc.handlers import Handler, stream, unary
from chain.rpc.limits import (
    DEFAULT_HISTORY_PAGE,
    FOLLOW_WRITE_SECONDS,
    MAX_FOLLOWERS,
    MAX_HISTORY_BYTES,
    MAX_HISTORY_PAGE,
)
from chain.rpc.simulation import Simulator
from chain.rpc.version import version
from chain.store.codec import decode
from chain.store.collections import RECORD_VERSION
from chain.store.store import Store


class NodeService:
    """Sending, simulating, following, proving."""

    def __init__(self, application: NodeApplication, feed: Feed, comet: Comet, simulator: Simulator) -> None:
        self._application = application
        self._feed = feed
        self._comet = comet
        self._simulator = simulator
        self._num_followers = 0

    def handlers(self) -> Mapping[str, Handler]:
        """Return handlers by `<service>/<Method>`."""
        return {
            f"{node.SERVICE}/Broadcast": unary(node.BroadcastRequest, self._broadcast),
            f"{node.SERVICE}/Simulate": unary(node.SimulateRequest, self._simulate),
            f"{node.SERVICE}/Follow": stream(node.FollowRequest, self._follow, FOLLOW_WRITE_SECONDS),
            f"{node.SERVICE}/Status": unary(node.StatusRequest, self._status),
            f"{node.SERVICE}/Prove": unary(node.ProveRequest, self._prove),
            f"{node.SERVICE}/History": unary(node.HistoryRequest, self._history),
            f"{node.SERVICE}/ProveHistory": unary(node.ProveHistoryRequest, self._prove_history),
        }

    async def _broadcast(self, request: node.BroadcastRequest, _: grpc.aio.ServicerContext) -> node.Broadcast:
        return await broadcast(self._comet, request.tx)

    async def _simulate(self, request: node.SimulateRequest, _: grpc.aio.ServicerContext) -> node.SimulateResponse:
        outcome = await self._simulator.run(self._application.simulate, request.tx)
        failed, result = outcome.failed_index, outcome.result
        return node.SimulateResponse(
            gas_used=result.gas_used,
            is_message_failed=failed is not None,
            failed_index=failed or 0,
            code=result.code,
            log=result.log,
            codespace=result.codespace,
            data=result.data,
        )

    async def _follow(self, request: node.FollowRequest) -> AsyncGenerator[bytes, None]:
        if self._num_followers >= MAX_FOLLOWERS:
            raise Busy(f"{MAX_FOLLOWERS} streams of blocks are open; try again")
        self._num_followers += 1
        try:
            height = request.from_height
            if not height:
                before = self._feed.head
                await self._feed.reached(before + 1)
                # A chain's first block need not have height 1.
                height = before + 1 if before else self._feed.head
            while True:
                await self._feed.reached(height)
                try:
                    blocks = await self._feed.blocks(height)
                except RpcError as error:
                    raise Rejected(Code.NOT_FOUND, f"block {height} is not kept by this node: {error}") from None
                for block in blocks:
                    yield self._feed.payload(block, without_events=request.without_events)
                height += len(blocks)
        finally:
            self._num_followers -= 1

    async def _status(self, _: node.StatusRequest, __: grpc.aio.ServicerContext) -> node.Status:
        application = self._application
        height, app_hash = _tip(application.store)
        last = application.recent.last
        try:
            is_syncing = (await self._comet.call(CometRpc.status)).is_catching_up
        except (RpcError, RpcUnavailable, Busy):
            is_syncing = True
        return node.Status(
            chain_id=application.chain_id,
            height=height,
            app_hash=app_hash,
            time_seconds=last.time.seconds if last else 0,
            first_version=application.store.first_version,
            version=version(),
            is_syncing=is_syncing,
        )

    async def _prove(self, request: node.ProveRequest, _: grpc.aio.ServicerContext) -> node.ProveResponse:
        return self._proven(request.module, request.key, request.height)

    def _proven(self, module: str, key: bytes, height: int) -> node.ProveResponse:
        found = answer(self._application.queries, Query(f"/store/{module}/key", key, height, prove=True))
        if found.code != Code.OK:
            raise Rejected(Code.NOT_FOUND, found.log)
        ops = tuple(node.ProofOp(op.kind, op.key, op.data) for op in found.proof_ops)
        return node.ProveResponse(found.height, found.value, ops)

    async def _prove_history(
        self, request: node.ProveHistoryRequest, _: grpc.aio.ServicerContext
    ) -> node.ProveHistoryResponse:
        archive = self._archive()
        # Records are copied after the commit, so the archive's own height is one that both have.
        proven = self._proven(PEAKS.module, PEAKS.key, request.height or archive.cursor)
        if not proven.value:
            raise Rejected(Code.NOT_FOUND, f"no range of closed records at height {proven.height}")
        peaks = decode(ArchivePeaks, proven.value.removeprefix(RECORD_VERSION))
        try:
            proof = archive.proof(request.kind, request.record_id, peaks.count)
        except HistoryLacks as error:
            raise Rejected(Code.NOT_FOUND, str(error)) from None
        return node.ProveHistoryResponse(
            record=_archived(proof.record),
            index_in_round=proof.index_in_round,
            num_in_round=proof.round.num_records,
            round_path=proof.round_path,
            round_root=proof.round.root,
            round_index=proof.round.index,
            mountain_path=proof.mountain_path,
            height=proven.height,
            peaks=proven.value,
            ops=proven.ops,
        )

    def _archive(self) -> HistoryStore:
        archive = self._application.history
        if archive is None:
            raise Rejected(Code.NOT_FOUND, "this node keeps no archive; ask one that runs with history = all")
        return archive

    async def _history(self, request: node.HistoryRequest, _: grpc.aio.ServicerContext) -> node.HistoryResponse:
        archive = self._archive()
        if request.kind:
            found = archive.get(request.kind, request.record_id)
            if found is None:
                raise Rejected(Code.NOT_FOUND, f"no archived {request.kind} {request.record_id.hex()}")
            return node.HistoryResponse((_archived(found),))
        limit = min(request.limit or DEFAULT_HISTORY_PAGE, MAX_HISTORY_PAGE)
        end = min(request.from_leaf + limit, (1 << 64) - 1)
        records: list[node.ArchivedRecord] = []
        size = 0
        for record in archive.leaves(request.from_leaf, end):
            size += len(record.data)
            if records and size > MAX_HISTORY_BYTES:
                break
            records.append(_archived(record))
        return node.HistoryResponse(tuple(records))


def _tip(store: Store) -> tuple[int, bytes]:
    """Return the last version and its app hash, which belong together although commits go on meanwhile."""
    while True:
        version, app_hash = store.version, store.app_hash
        if store.version == version:
            return version, app_hash


def _archived(record: HistoryRecord) -> node.ArchivedRecord:
    return node.ArchivedRecord(record.kind, record.record_id, record.data, record.leaf_index)
