"""What a client does with nodes that are absent, or do not speak its language."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, TypeVar

import grpc
import pytest

from chain.client import client as module
from chain.client.client import ChainClient
from chain.client.failures import Malformed, NotFound, Refused, Unavailable
from chain.client.node import BlockNotice, Status
from chain.modules.models.types import QueryModelRequest
from chain.modules.rates.types import QueryQuoteRequest
from chain.store.codec import encode

T = TypeVar("T")


class Node(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A server that says what it is told to."""

    def __init__(self) -> None:
        self.script: list[bytes | grpc.StatusCode] = []
        self.num_calls = 0

    def service(self, details: Any) -> Any:
        if details.method.endswith("/Follow"):
            return grpc.unary_stream_rpc_method_handler(self._stream)
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        self.num_calls += 1
        item = self.script.pop(0)
        if isinstance(item, grpc.StatusCode):
            context.abort(item, "as told")
        assert isinstance(item, bytes)
        return item

    def _stream(self, _: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        while self.script:
            yield self._answer(b"", context)


@pytest.fixture
def node() -> Iterator[Node]:
    handler = Node()
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    handler.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield handler
    server.stop(None).wait()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def status(node: Node) -> Status:
    async with ChainClient(f"127.0.0.1:{node.port}") as client:
        return await client.status()


STATUS = Status("c", 5, b"h", 1, 1, "v", False)


@pytest.mark.parametrize(
    "passing",
    [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED],
    ids=lambda code: code.name,
)
def test_a_passing_failure_is_tried_again(node: Node, passing: grpc.StatusCode) -> None:
    node.script = [passing, passing, encode(STATUS)]
    assert run(status(node)) == STATUS


def test_what_has_no_bytes_is_refused_and_never_sent_as_something_else(node: Node) -> None:
    async def send(request: object) -> None:
        async with ChainClient(f"127.0.0.1:{node.port}") as client:
            await client.query("ostraka.rates.v1.Query/Quote", request, Status)

    for request in (QueryQuoteRequest(b"", 1, 1, -1), QueryModelRequest(b"", "\ud800")):
        with pytest.raises(Refused, match="cannot be sent"):
            run(send(request))
    assert node.num_calls == 0


def test_attempts_are_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.001)
    node.script = [grpc.StatusCode.UNAVAILABLE] * 10
    with pytest.raises(Unavailable, match="as told"):
        run(status(node))
    assert node.num_calls == module.ATTEMPTS


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (grpc.StatusCode.NOT_FOUND, NotFound),
        (grpc.StatusCode.INVALID_ARGUMENT, Refused),
        (grpc.StatusCode.UNIMPLEMENTED, Refused),
        (grpc.StatusCode.INTERNAL, Refused),
    ],
)
def test_a_lasting_failure_is_told_at_once(node: Node, code: grpc.StatusCode, failure: type[Exception]) -> None:
    node.script = [code, encode(STATUS)]
    with pytest.raises(failure, match="as told"):
        run(status(node))
    assert node.num_calls == 1


def test_an_answer_of_another_form_is_malformed(node: Node) -> None:
    node.script = [b"\xff\xff"]
    with pytest.raises(Malformed, match="compare versions"):
        run(status(node))


def test_a_broadcast_is_tried_once(node: Node) -> None:
    node.script = [grpc.StatusCode.UNAVAILABLE, b""]

    async def send() -> None:
        async with ChainClient(f"127.0.0.1:{node.port}") as client:
            await client.broadcast(b"tx")

    with pytest.raises(Unavailable):
        run(send())
    assert node.num_calls == 1


async def heights(node: Node, count: int) -> list[int]:
    async with (
        ChainClient(f"127.0.0.1:{node.port}") as client,
        aclosing(client.follow(3)) as blocks,
    ):
        return [(await anext(blocks)).height for _ in range(count)]


def block(height: int) -> bytes:
    return encode(BlockNotice(height, 0, (), ()))


def test_a_stream_that_breaks_goes_on_after_the_last_block(node: Node) -> None:
    node.script = [block(3), grpc.StatusCode.UNAVAILABLE, block(4), block(5)]
    assert run(heights(node, 3)) == [3, 4, 5]


def test_a_gap_in_the_stream_is_refused(node: Node) -> None:
    node.script = [block(3), block(5)]
    with pytest.raises(Malformed, match="sent block 5 where 4 follows"):
        run(heights(node, 2))
