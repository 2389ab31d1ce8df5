"""One connection to a node's gRPC server: queries, broadcast, simulation, the stream of blocks.

Reads are repeated when the node does not answer: at most `ATTEMPTS` times, with growing pauses, within each call's own
deadline. The channel reconnects by itself; the stream of blocks goes on after the last block seen.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError as ProtobufError

from chain.client import node
from chain.client.envelope import BASE_ACCOUNT_URL
from chain.client.failures import ClientError, Malformed, NotFound, Refused, Unavailable
from chain.client.node import BlockNotice, Broadcast, Simulation, Status
from chain.modules.accounts.types import BaseAccount, QueryAccountRequest, QueryAccountResponse
from chain.store.codec import DecodeError, decode, encode
from chain.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as blocks

ATTEMPTS = 5
"""How often a read is tried."""
FIRST_PAUSE_SECONDS = 0.1
"""Before the second attempt; each further pause doubles, up to `LONGEST_PAUSE_SECONDS`."""
LONGEST_PAUSE_SECONDS = 2.0
"""A restarting node is back within a second, so longer pauses only lose time."""
CALL_SECONDS = 10.0
"""Deadline of one attempt."""
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Largest answer taken: a block's notice with events stays below."""

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)
_TRANSIENT = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
)
"""CANCELLED is what a node that stops leaves its calls with; our own cancellation is an asyncio.CancelledError."""

R = TypeVar("R")


class ChainClient:
    """A node's services. Use as `async with ChainClient("localhost:9090") as client`, or close it."""

    def __init__(self, address: str) -> None:
        self.address = address
        """host:port of the node's gRPC server."""
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        self._methods: dict[tuple[str, type[Any]], Any] = {}

    async def __aenter__(self) -> "ChainClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; open streams end."""
        await self._channel.close()

    async def query(self, method: str, request: object, response: type[R], *, height: int = 0) -> R:
        """Ask `<package>.Query/<Method>`, at the last committed height or an earlier kept one.

        Raises: NotFound; Refused; Unavailable; Malformed.
        """
        metadata = (("x-cosmos-block-height", str(height)),) if height else None
        return await self._call(method, request, response, metadata=metadata)

    async def account(self, address: str) -> BaseAccount:
        """Return number and sequence of an account. Raises: NotFound: nobody has ever paid anything to it."""
        answer = await self.query(
            "cosmos.auth.v1beta1.Query/Account", QueryAccountRequest(address), QueryAccountResponse
        )
        if answer.account is None or answer.account.type_url != BASE_ACCOUNT_URL:
            raise Refused(f"{address} is not an account that signs")
        return _decoded(BaseAccount, answer.account.value)

    async def broadcast(self, tx: bytes) -> Broadcast:
        """Hand a transaction to the mempool; the same bytes may be sent again.

        Tried once: a caller must know whether a refusal is the answer to its first attempt or to a repetition.
        """
        return await self._call(f"{node.SERVICE}/Broadcast", node.BroadcastRequest(tx), Broadcast, attempts=1)

    async def simulate(self, tx: bytes) -> Simulation:
        """Run a transaction without effect; its signatures may be empty."""
        answer = await self._node("Simulate", node.SimulateRequest(tx), node.SimulateResponse)
        failed = answer.failed_index if answer.is_message_failed else None
        return Simulation(answer.gas_used, failed, answer.code, answer.log, answer.data)

    async def status(self) -> Status:
        """Return where the node stands."""
        return await self._node("Status", node.StatusRequest(), Status)

    async def prove(self, module: str, key: bytes, height: int = 0) -> node.ProveResponse:
        """Return a stored value with its proof, unverified. Raises: NotFound: the height is pruned or yet to come."""
        return await self._node("Prove", node.ProveRequest(module, key, height), node.ProveResponse)

    async def history(self, request: node.HistoryRequest) -> node.HistoryResponse:
        """Return archived records. Raises: NotFound: no such record, or the node keeps no archive."""
        return await self._node("History", request, node.HistoryResponse)

    async def prove_history(self, request: node.ProveHistoryRequest) -> node.ProveHistoryResponse:
        """Return an archived record with its proof, unverified. Raises: NotFound: no such record, or no proof here."""
        return await self._node("ProveHistory", request, node.ProveHistoryResponse)

    async def block_txs(self, height: int) -> tuple[bytes, ...]:
        """Return the transactions of a block, those that failed too. Raises: NotFound: the node no longer has it."""
        request = blocks.GetBlockByHeightRequest(height=height).SerializeToString()
        method = "cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight"
        answer = await self._call_bytes(method, request, blocks.GetBlockByHeightResponse, _block)
        return tuple(answer.block.data.txs)

    async def follow(self, from_height: int = 0, *, without_events: bool = False) -> AsyncGenerator[BlockNotice, None]:
        """Yield every block from `from_height` on (0: from the next one), without gaps, for ever.

        Lost connections are made again. Raises: NotFound: the node no longer has these blocks; Malformed.
        """
        call = self._channel.unary_stream(
            f"/{node.SERVICE}/Follow", request_serializer=encode, response_deserializer=_reader(BlockNotice)
        )
        wanted = from_height
        pause = FIRST_PAUSE_SECONDS
        while True:
            stream = call(node.FollowRequest(wanted, without_events), wait_for_ready=True)
            try:
                async for notice in stream:
                    block = _whole(notice)
                    if wanted and block.height != wanted:
                        raise Malformed(f"the node sent block {block.height} where {wanted} follows")
                    pause = FIRST_PAUSE_SECONDS
                    wanted = block.height + 1
                    yield block
            except grpc.aio.AioRpcError as error:
                failure = _failure(error)
                if not isinstance(failure, Unavailable):
                    raise failure from None
            finally:
                stream.cancel()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _node(self, name: str, request: object, response: type[R]) -> R:
        return await self._call(f"{node.SERVICE}/{name}", request, response)

    async def _call(
        self, method: str, request: object, response: type[R], *, metadata: Any = None, attempts: int = ATTEMPTS
    ) -> R:
        try:
            # gRPC would send an empty request in place of one that a serializer refuses.
            data = encode(request)
        except (TypeError, ValueError) as error:
            raise Refused(f"this request cannot be sent: {error}") from None
        read = _reader(response)
        return await self._call_bytes(method, data, response, read, metadata=metadata, attempts=attempts)

    async def _call_bytes(
        self,
        method: str,
        data: bytes,
        response: type[R],
        read: Callable[[bytes], R | DecodeError],
        *,
        metadata: Any = None,
        attempts: int = ATTEMPTS,
    ) -> R:
        call = self._methods.get((method, response))
        if call is None:
            call = self._methods[method, response] = self._channel.unary_unary(f"/{method}", response_deserializer=read)
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, attempts + 1):
            try:
                answer: R | DecodeError = await call(data, timeout=CALL_SECONDS, metadata=metadata)
                return _whole(answer)
            except grpc.aio.AioRpcError as error:
                failure = _failure(error)
                if not isinstance(failure, Unavailable) or attempt == attempts:
                    raise failure from None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise AssertionError("unreachable: the last attempt returns or raises")


def _reader(response: type[R]) -> Callable[[bytes], R | DecodeError]:
    """Return a deserializer that hands errors on as values: gRPC would hide what it raises."""

    def read(data: bytes) -> R | DecodeError:
        try:
            return decode(response, data)
        except DecodeError as error:
            return error

    return read


def _block(data: bytes) -> blocks.GetBlockByHeightResponse | DecodeError:
    try:
        return blocks.GetBlockByHeightResponse.FromString(data)
    except ProtobufError as error:
        return DecodeError(str(error))


def _whole(answer: R | DecodeError) -> R:
    if isinstance(answer, DecodeError):
        raise Malformed(f"the node's answer does not have the agreed form: {answer}; compare versions")
    return answer


def _decoded(cls: type[R], data: bytes) -> R:
    try:
        return decode(cls, data)
    except DecodeError as error:
        return cast(R, _whole(error))


def _failure(error: grpc.aio.AioRpcError) -> ClientError:
    code, detail = error.code(), error.details() or ""
    if code in _TRANSIENT:
        return Unavailable(f"the node does not answer: {code.name.lower()}: {detail}")
    if code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OUT_OF_RANGE):
        return NotFound(detail)
    return Refused(f"{code.name.lower()}: {detail}")
