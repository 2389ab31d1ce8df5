"""`cosmos.tx.v1beta1.Service`: what wallets send transactions with."""

from collections.abc import Mapping

from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.message import DecodeError

from chain.errors import Code, Rejected
from chain.node.comet_rpc import CometRpc, CommittedTx, RpcError
from chain.query_tx import find_transaction, simulate_transaction, tx_response
from chain.rpc.application import NodeApplication
from chain.rpc.broadcast import broadcast
from chain.rpc.comet import Comet
from chain.rpc.handlers import Handler, protobuf, raw
from chain.rpc.simulation import Simulator
from chain.wire.cosmos.base.abci.v1beta1.abci_pb2 import TxResponse
from chain.wire.cosmos.tx.v1beta1 import service_pb2 as wire
from chain.wire.cosmos.tx.v1beta1.tx_pb2 import Tx

SERVICE = "cosmos.tx.v1beta1.Service"
IN_CACHE = 19
"""The Cosmos SDK's code for bytes that the mempool has already."""
TX_URL = "/cosmos.tx.v1beta1.Tx"


class TxService:
    """Simulate, send, find."""

    def __init__(self, application: NodeApplication, comet: Comet, simulator: Simulator) -> None:
        self._application = application
        self._comet = comet
        self._simulator = simulator

    def handlers(self) -> Mapping[str, Handler]:
        """Return handlers by `<service>/<Method>`."""
        return {
            f"{SERVICE}/Simulate": raw(self._simulate),
            f"{SERVICE}/BroadcastTx": protobuf(wire.BroadcastTxRequest, self._broadcast),
            f"{SERVICE}/GetTx": raw(self._find),
        }

    async def _simulate(self, data: bytes) -> bytes:
        return await self._simulator.run(lambda tx: simulate_transaction(self._application, tx), data)

    async def _broadcast(self, request: wire.BroadcastTxRequest) -> wire.BroadcastTxResponse:
        if request.mode == wire.BROADCAST_MODE_BLOCK:
            raise Rejected(Code.INVALID_REQUEST, "BROADCAST_MODE_BLOCK is gone: send with SYNC and ask GetTx")
        answer = await broadcast(self._comet, request.tx_bytes)
        return wire.BroadcastTxResponse(
            tx_response=TxResponse(
                txhash=answer.hash.hex().upper(),
                codespace="sdk" if answer.is_known else answer.codespace,
                code=IN_CACHE if answer.is_known else answer.code,
                raw_log="tx already in mempool" if answer.is_known else answer.log,
            )
        )

    async def _find(self, data: bytes) -> bytes:
        """Look among the recent blocks, then in CometBFT's index, if it keeps one."""
        try:
            return find_transaction(self._application, data)
        except Rejected as error:
            if error.code != Code.NOT_FOUND:
                raise
            not_found = error
        name = bytes.fromhex(wire.GetTxRequest.FromString(data).hash)
        try:
            found, time = await self._comet.call(lambda rpc: _indexed(rpc, name))
            tx = Tx.FromString(found.tx)
        except (RpcError, DecodeError):
            raise not_found from None
        response = tx_response(found.height, found.hash, found.result)
        response.timestamp = time
        response.tx.CopyFrom(PackedAny(type_url=TX_URL, value=found.tx))
        return wire.GetTxResponse(tx=tx, tx_response=response).SerializeToString(deterministic=True)


def _indexed(rpc: CometRpc, name: bytes) -> tuple[CommittedTx, str]:
    found = rpc.tx(name)
    return found, rpc.commit(found.height).header.time.ToJsonString()
