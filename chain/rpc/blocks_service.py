"""`cosmos.base.tendermint.v1beta1.Service` and `cosmos.base.node.v1beta1.Service`: blocks, validators, the node."""

import base64
from collections.abc import Mapping
from typing import Any

from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.timestamp_pb2 import Timestamp

from chain.application import Query
from chain.client.envelope import ED25519_KEY_URL
from chain.crypto.keys import CONSENSUS_PREFIX, encode_address
from chain.errors import Code, Rejected
from chain.node.comet_json import block_id_from_json, header_from_json, signed_header_from_json
from chain.node.comet_rpc import CometRpc, RpcError
from chain.node.light import address
from chain.query import answer
from chain.rpc.application import NodeApplication
from chain.rpc.comet import Comet
from chain.rpc.handlers import Handler, protobuf
from chain.rpc.version import PACKAGE, version
from chain.wire.cosmos.base.node.v1beta1 import query_pb2 as node_wire
from chain.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from chain.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as wire
from chain.wire.cosmos.crypto.ed25519.keys_pb2 import PubKey
from chain.wire.tendermint.p2p.types_pb2 import DefaultNodeInfo, DefaultNodeInfoOther, ProtocolVersion
from chain.wire.tendermint.types.block_pb2 import Block
from chain.wire.tendermint.types.types_pb2 import BlockID, Data
from chain.wire.tendermint.types.validator_pb2 import Validator

SERVICE = "cosmos.base.tendermint.v1beta1.Service"
NODE_SERVICE = "cosmos.base.node.v1beta1.Service"
INTERFACE_VERSION = "v0.53.0"
"""The Cosmos SDK release whose published interface these services follow; clients choose their calls by it."""
SIMULATING = "cosmos.tx.v1beta1.Service/Simulate"
"""The one path that is not answered here: it takes its turn among the simulations."""
MAX_HEIGHT = (1 << 63) - 1


class BlocksService:
    """Blocks and validators as CometBFT has them, and what the node says of itself."""

    def __init__(self, application: NodeApplication, comet: Comet, minimum_gas_price: str) -> None:
        self._application = application
        self._comet = comet
        self._minimum_gas_price = minimum_gas_price

    def handlers(self) -> Mapping[str, Handler]:
        """Return handlers by `<service>/<Method>`."""
        return {
            f"{SERVICE}/GetNodeInfo": protobuf(wire.GetNodeInfoRequest, self._node_info),
            f"{SERVICE}/GetSyncing": protobuf(wire.GetSyncingRequest, self._syncing),
            f"{SERVICE}/GetLatestBlock": protobuf(wire.GetLatestBlockRequest, self._latest_block),
            f"{SERVICE}/GetBlockByHeight": protobuf(wire.GetBlockByHeightRequest, self._block),
            f"{SERVICE}/GetLatestValidatorSet": protobuf(wire.GetLatestValidatorSetRequest, self._latest_validators),
            f"{SERVICE}/GetValidatorSetByHeight": protobuf(wire.GetValidatorSetByHeightRequest, self._validators),
            f"{SERVICE}/ABCIQuery": protobuf(wire.ABCIQueryRequest, self._query),
            f"{NODE_SERVICE}/Config": protobuf(node_wire.ConfigRequest, self._config),
            f"{NODE_SERVICE}/Status": protobuf(node_wire.StatusRequest, self._status),
        }

    async def _node_info(self, _: wire.GetNodeInfoRequest) -> wire.GetNodeInfoResponse:
        info = (await self._comet.call(lambda rpc: rpc.call("status")))["node_info"]
        protocol = info["protocol_version"]
        return wire.GetNodeInfoResponse(
            default_node_info=DefaultNodeInfo(
                protocol_version=ProtocolVersion(
                    p2p=int(protocol["p2p"]), block=int(protocol["block"]), app=int(protocol["app"])
                ),
                default_node_id=info["id"],
                listen_addr=info["listen_addr"],
                network=info["network"],
                version=info["version"],
                channels=bytes.fromhex(info["channels"]),
                moniker=info["moniker"],
                other=DefaultNodeInfoOther(**{key: str(info["other"][key]) for key in ("tx_index", "rpc_address")}),
            ),
            application_version=wire.VersionInfo(
                name=PACKAGE, app_name="ostrakad", version=version(), cosmos_sdk_version=INTERFACE_VERSION
            ),
        )

    async def _syncing(self, _: wire.GetSyncingRequest) -> wire.GetSyncingResponse:
        return wire.GetSyncingResponse(syncing=(await self._comet.call(CometRpc.status)).is_catching_up)

    async def _latest_block(self, _: wire.GetLatestBlockRequest) -> wire.GetLatestBlockResponse:
        block_id, block = await self._stored_block(None)
        return wire.GetLatestBlockResponse(block_id=block_id, block=block)

    async def _block(self, request: wire.GetBlockByHeightRequest) -> wire.GetBlockByHeightResponse:
        block_id, block = await self._stored_block(_checked(request.height))
        return wire.GetBlockByHeightResponse(block_id=block_id, block=block)

    async def _latest_validators(self, _: wire.GetLatestValidatorSetRequest) -> wire.GetLatestValidatorSetResponse:
        height = (await self._comet.call(CometRpc.status)).latest_height
        return wire.GetLatestValidatorSetResponse(
            block_height=height, validators=await self._validator_set(height), pagination=PageResponse()
        )

    async def _validators(self, request: wire.GetValidatorSetByHeightRequest) -> wire.GetValidatorSetByHeightResponse:
        height = _checked(request.height)
        return wire.GetValidatorSetByHeightResponse(
            block_height=height, validators=await self._validator_set(height), pagination=PageResponse()
        )

    async def _query(self, request: wire.ABCIQueryRequest) -> wire.ABCIQueryResponse:
        if request.path.lstrip("/").startswith(SIMULATING):
            raise Rejected(Code.INVALID_REQUEST, f"call {SIMULATING} itself")
        found = answer(self._application.queries, Query(request.path, request.data, request.height, request.prove))
        ops = [wire.ProofOp(type=op.kind, key=op.key, data=op.data) for op in found.proof_ops]
        return wire.ABCIQueryResponse(
            code=found.code,
            log=found.log,
            key=found.key,
            value=found.value,
            proof_ops=wire.ProofOps(ops=ops) if ops else None,
            height=found.height,
            codespace=found.codespace,
        )

    async def _config(self, _: node_wire.ConfigRequest) -> node_wire.ConfigResponse:
        return node_wire.ConfigResponse(minimum_gas_price=self._minimum_gas_price)

    async def _status(self, _: node_wire.StatusRequest) -> node_wire.StatusResponse:
        state, last = self._application.store, self._application.recent.last
        return node_wire.StatusResponse(
            earliest_store_height=state.first_version,
            height=state.version,
            timestamp=Timestamp(seconds=last.time.seconds, nanos=last.time.nanos) if last else None,
            app_hash=state.app_hash,
        )

    async def _stored_block(self, height: int | None) -> tuple[BlockID, Block]:
        where = {} if height is None else {"height": str(height)}
        try:
            found: dict[str, Any] = await self._comet.call(lambda rpc: rpc.call("block", **where))
        except RpcError as error:
            raise Rejected(Code.NOT_FOUND, f"block {height} not found: {error}") from None
        block = found["block"]
        last = signed_header_from_json({"header": block["header"], "commit": block["last_commit"]})
        txs = [base64.b64decode(tx) for tx in block["data"]["txs"] or ()]
        return block_id_from_json(found["block_id"]), Block(
            header=header_from_json(block["header"]), data=Data(txs=txs), last_commit=last.commit
        )

    async def _validator_set(self, height: int) -> list[wire.Validator]:
        try:
            found = await self._comet.call(lambda rpc: rpc.validators(height))
        except RpcError as error:
            raise Rejected(Code.NOT_FOUND, f"validators of height {height} not found: {error}") from None
        return [_validator(validator) for validator in found]


def _validator(validator: Validator) -> wire.Validator:
    key = PubKey(key=validator.pub_key.ed25519).SerializeToString(deterministic=True)
    return wire.Validator(
        address=encode_address(address(validator), CONSENSUS_PREFIX),
        pub_key=PackedAny(type_url=ED25519_KEY_URL, value=key),
        voting_power=validator.voting_power,
        proposer_priority=validator.proposer_priority,
    )


def _checked(height: int) -> int:
    if not 0 < height <= MAX_HEIGHT:
        raise Rejected(Code.INVALID_REQUEST, "height must be above 0")
    return height
