"""Failures as gRPC states them: the status says who is to act, the text says what to do."""

from typing import NoReturn

import grpc
import grpc.aio

from chain.errors import Code, Rejected
from chain.node.comet_rpc import RpcError, RpcUnavailable
from chain.rpc.busy import Busy
from chain.store.codec import DecodeError
from chain.store.store import VersionPruned


class NotStarted(Exception):
    """No block has been committed yet."""


_STATUS = {
    Code.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_ADDRESS: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_MODEL: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_WORKER: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_JOB: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_ROUND: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_DISPUTE: grpc.StatusCode.NOT_FOUND,
    Code.UNKNOWN_REQUEST: grpc.StatusCode.UNIMPLEMENTED,
    Code.UNAUTHORIZED: grpc.StatusCode.PERMISSION_DENIED,
    Code.INTERNAL: grpc.StatusCode.INTERNAL,
}

EXPECTED = (Rejected, DecodeError, VersionPruned, NotStarted, Busy, RpcError, RpcUnavailable)
"""Failures that a client may cause or must live with; anything else is a bug and is logged."""


def status_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Return status and text of an expected failure."""
    if isinstance(error, Rejected):
        return _STATUS.get(error.code, grpc.StatusCode.INVALID_ARGUMENT), error.detail
    if isinstance(error, DecodeError):
        return grpc.StatusCode.INVALID_ARGUMENT, f"the request does not decode: {error}"
    if isinstance(error, VersionPruned):
        return grpc.StatusCode.NOT_FOUND, f"this height is not available: {error}"
    if isinstance(error, NotStarted):
        return grpc.StatusCode.UNAVAILABLE, "no block has been committed yet; wait until health says SERVING"
    if isinstance(error, Busy):
        return grpc.StatusCode.RESOURCE_EXHAUSTED, str(error)
    if isinstance(error, RpcError):
        return grpc.StatusCode.UNAVAILABLE, f"CometBFT: {error}"
    return grpc.StatusCode.UNAVAILABLE, f"CometBFT does not answer: {error}"


async def abort(context: grpc.aio.ServicerContext, error: Exception) -> NoReturn:
    """End a call with an expected failure."""
    status, text = status_of(error)
    await context.abort(status, text)
    raise AssertionError("unreachable: abort raises")
