"""Method handlers from plain functions: bytes are decoded by the codec, failures become statuses.

Requests are decoded inside the handler, not by gRPC: what a deserializer raises there reaches the client as INTERNAL
and the log as a traceback, and both would be wrong for bytes that a client sent.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message

from chain.errors import Code, Rejected
from chain.rpc.errors import EXPECTED, abort
from chain.store.codec import decode, encode

HEIGHT_HEADER = "x-cosmos-block-height"
"""Metadata with which Cosmos clients ask for an earlier height, and are told the height of an answer."""

log = logging.getLogger(__name__)

Q = TypeVar("Q")
M = TypeVar("M", bound=Message)
Handler: TypeAlias = Any
"""`grpc.RpcMethodHandler`; the library has no types."""


def unary(request: type[Q], function: Callable[[Q, grpc.aio.ServicerContext], Awaitable[object]]) -> Handler:
    """Return the handler of a method whose request and response are records."""

    async def handle(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return cast(bytes, await _guarded(context, _answer(data, context)))

    async def _answer(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return encode(await function(decode(request, data), context))

    return grpc.unary_unary_rpc_method_handler(handle)


def protobuf(request: type[M], function: Callable[[M], Awaitable[Message]]) -> Handler:
    """Return the handler of a method whose request and response are generated messages."""

    async def handle(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return cast(bytes, await _guarded(context, _answer(data)))

    async def _answer(data: bytes) -> bytes:
        try:
            message = request.FromString(data)
        except ProtobufDecodeError:
            raise Rejected(Code.INVALID_REQUEST, f"the request is not a {request.DESCRIPTOR.full_name}") from None
        return (await function(message)).SerializeToString(deterministic=True)

    return grpc.unary_unary_rpc_method_handler(handle)


def stream(request: type[Q], function: Callable[[Q], AsyncGenerator[bytes, None]], write_seconds: float) -> Handler:
    """Return the handler of a method that answers with many encoded messages, each written within `write_seconds`."""

    async def handle(data: bytes, context: grpc.aio.ServicerContext) -> None:
        await _guarded(context, _write(data, context))

    async def _write(data: bytes, context: grpc.aio.ServicerContext) -> None:
        async with aclosing(function(decode(request, data))) as payloads:
            async for payload in payloads:
                try:
                    await asyncio.wait_for(context.write(payload), write_seconds)
                except TimeoutError:
                    await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the stream was not read; follow again")
                except grpc.aio.InternalError:
                    return  # the client left in the middle of a message

    return grpc.unary_stream_rpc_method_handler(handle)


def raw(function: Callable[[bytes], Awaitable[bytes]]) -> Handler:
    """Return the handler of a method that takes and gives encoded messages."""

    async def handle(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return cast(bytes, await _guarded(context, function(data)))

    return grpc.unary_unary_rpc_method_handler(handle)


async def _guarded(context: grpc.aio.ServicerContext, answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except EXPECTED as error:
        await abort(context, error)
    except grpc.aio.AbortError:
        raise
    except Exception:  # the boundary of the server: a bug must not reach the client as text
        log.exception("a call failed")
        await context.abort(grpc.StatusCode.INTERNAL, "the node failed to answer; its log says why")


def wanted_height(context: grpc.aio.ServicerContext) -> int:
    """Return the height that a client asks for by metadata; 0: the last one. Raises: Rejected: INVALID_REQUEST."""
    for name, value in context.invocation_metadata() or ():
        if name == HEIGHT_HEADER:
            text = value if isinstance(value, str) else ""
            if not (text.isascii() and text.isdigit() and len(text) <= 18):
                raise Rejected(Code.INVALID_REQUEST, f"{HEIGHT_HEADER} must be a height")
            return int(text)
    return 0
