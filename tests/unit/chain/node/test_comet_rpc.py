"""A node's answers are read within bounds, and anything that is none is one kind of error."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chain.node import comet_rpc
from chain.node.comet_rpc import Broadcast, CometRpc, RpcError, RpcUnavailable


class Node(ThreadingHTTPServer):
    """Answers every request with the same bytes."""

    answer = b""
    asked: bytes = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        node = self.server
        assert isinstance(node, Node)
        node.asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(node.answer)))
        self.end_headers()
        self.wfile.write(node.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def node() -> Iterator[Node]:
    with Node(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def rpc(node: Node) -> Iterator[CometRpc]:
    with CometRpc(f"http://127.0.0.1:{node.server_port}", timeout_seconds=5) as client:
        yield client


def result(value: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}).encode()


def test_a_verdict_is_read_and_the_transaction_is_sent_in_base64(node: Node, rpc: CometRpc) -> None:
    node.answer = result({"code": 5, "data": "0aff", "log": "no", "codespace": "sdk", "hash": "ABCD"})
    assert rpc.broadcast_tx_sync(b"tx") == Broadcast(b"\xab\xcd", 5, "sdk", "no", b"\x0a\xff")
    assert json.loads(node.asked)["params"] == {"tx": "dHg="}


def test_a_refusal_carries_its_code(node: Node, rpc: CometRpc) -> None:
    node.answer = b'{"error":{"code":-32603,"message":"Internal error","data":"tx already exists in cache"}}'
    with pytest.raises(RpcError, match="Internal error: tx already exists in cache") as caught:
        rpc.broadcast_tx_sync(b"tx")
    assert (caught.value.code, caught.value.data) == (-32603, "tx already exists in cache")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"7",
        b"{}",
        b'{"error":"x"}',
        b'{"result":null}',
        b'{"result":[]}',
        b'{"result":{"code":"x"}}',
        b"[" * 100_000,
        result({"code": 0, "data": "zz", "hash": "AB"}),
        result({"code": 0, "data": "", "hash": 7}),
    ],
)
def test_an_answer_of_another_shape_is_unavailability(node: Node, rpc: CometRpc, answer: bytes) -> None:
    node.answer = answer
    with pytest.raises(RpcUnavailable):
        rpc.broadcast_tx_sync(b"tx")


@pytest.mark.parametrize("method", ["status", "block", "commit", "validators", "block_results", "genesis"])
def test_every_method_refuses_hostile_fields(node: Node, rpc: CometRpc, method: str) -> None:
    node.answer = result({"validators": [{"pub_key": {"type": "x", "value": "y"}}], "signed_header": {"commit": 1}})
    with pytest.raises(RpcUnavailable, match=f"{method} is not answered as CometBFT does"):
        getattr(rpc, method)()


def test_an_endless_validator_set_is_cut(node: Node, rpc: CometRpc) -> None:
    entry = {
        "address": "00" * 20,
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": "AA=="},
        "voting_power": "1",
    }
    node.answer = result({"block_height": "1", "total": "999999999", "validators": [entry] * 6_000})
    with pytest.raises(RpcUnavailable, match="more than 10000 validators"):
        rpc.validators()


def test_a_flood_is_cut_at_the_bound(node: Node, rpc: CometRpc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comet_rpc, "MAX_RESPONSE_BYTES", 1_000)
    node.answer = b" " * 1_001
    with pytest.raises(RpcUnavailable, match="answered more than 1000 bytes"):
        rpc.status()
    node.answer = b'{"error":{"code":1,"message":"alive","data":""}}'
    with pytest.raises(RpcError, match="alive"):
        rpc.status()


def test_nobody_there_is_unavailability() -> None:
    with CometRpc("http://127.0.0.1:1") as client, pytest.raises(RpcUnavailable, match="refused"):
        client.status()


@pytest.mark.parametrize("url", ["127.0.0.1:26657", "https://x:1", "http://x", "unix:///tmp/x"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is http://HOST:PORT"):
        CometRpc(url)
