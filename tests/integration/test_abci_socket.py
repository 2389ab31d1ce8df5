"""The server over a real socket: order, splits, garbage, fail-stop, signals; and CometBFT's own client tool."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from chain.abci.frames import frame, read_uvarint, uvarint
from chain.abci.server import EXIT_FAILED, EXIT_OK, HELD_SECONDS, listen
from chain.node.go_tools import obtain
from chain.wire.tendermint.abci.types_pb2 import (
    Request,
    RequestApplySnapshotChunk,
    RequestCheckTx,
    RequestCommit,
    RequestEcho,
    RequestExtendVote,
    RequestFinalizeBlock,
    RequestFlush,
    RequestInfo,
    RequestInitChain,
    RequestListSnapshots,
    RequestLoadSnapshotChunk,
    RequestOfferSnapshot,
    RequestPrepareProposal,
    RequestProcessProposal,
    RequestQuery,
    RequestVerifyVoteExtension,
    Response,
    ResponseApplySnapshotChunk,
    ResponseOfferSnapshot,
    ResponseProcessProposal,
    ResponseVerifyVoteExtension,
)
from tests.support.go_tools import ABCI_CLI
from tests.support.kvstore_node import APPLICATION, REPOSITORY, environment

PATIENCE_SECONDS = 30


@dataclass
class Served:
    """The key-value application in a process of its own."""

    process: subprocess.Popen[str]
    path: Path

    def connect(self) -> "Client":
        return Client(self.path)


class Client:
    """One connection that speaks whole messages, through the generated envelope rather than our framing."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(str(path))
        self._data = b""

    def send(self, *requests: Request) -> None:
        self.socket.sendall(encoded(*requests))

    def receive(self) -> Response | None:
        """Return the next reply, or None at the end of the connection."""
        while True:
            length, begin = read_uvarint(self._data, 0, len(self._data))
            if 0 <= begin <= begin + length <= len(self._data):
                reply, self._data = (
                    Response.FromString(self._data[begin : begin + length]),
                    self._data[begin + length :],
                )
                return reply
            try:
                chunk = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not chunk:
                assert not self._data, "the connection ended inside a message"
                return None
            self._data += chunk

    def call(self, request: Request) -> Response:
        self.send(request)
        reply = self.receive()
        assert reply is not None
        return reply


def encoded(*requests: Request) -> bytes:
    return b"".join(uvarint(request.ByteSize()) + request.SerializeToString() for request in requests)


def echo(text: str) -> Request:
    return Request(echo=RequestEcho(message=text))


def check(tx: bytes) -> Request:
    return Request(check_tx=RequestCheckTx(tx=tx))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    path = tmp_path / "app.sock"
    process = subprocess.Popen(
        [sys.executable, str(APPLICATION), "--address", f"unix://{path}"],
        cwd=REPOSITORY,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"listening {process.pid}\n"
        yield Served(process, path)
        process.kill()


def test_all_sixteen_methods_are_answered_in_the_order_of_the_requests(served: Served) -> None:
    requests = [
        echo("hello"),
        Request(flush=RequestFlush()),
        Request(info=RequestInfo(version="0.38.25", abci_version="2.0.0")),
        Request(init_chain=RequestInitChain(chain_id="c", app_state_bytes=b"{}")),
        Request(query=RequestQuery(data=b"nobody")),
        check(b"a=1"),
        Request(prepare_proposal=RequestPrepareProposal(height=1, txs=[b"a=1"], max_tx_bytes=1_000)),
        Request(process_proposal=RequestProcessProposal(height=1, txs=[b"a=1"])),
        Request(extend_vote=RequestExtendVote(height=1)),
        Request(verify_vote_extension=RequestVerifyVoteExtension(height=1)),
        Request(finalize_block=RequestFinalizeBlock(height=1, txs=[b"a=1", b"wrong"])),
        Request(commit=RequestCommit()),
        Request(list_snapshots=RequestListSnapshots()),
        Request(offer_snapshot=RequestOfferSnapshot()),
        Request(load_snapshot_chunk=RequestLoadSnapshotChunk()),
        Request(apply_snapshot_chunk=RequestApplySnapshotChunk()),
        Request(query=RequestQuery(data=b"a")),
    ]
    client = served.connect()
    client.send(*requests)
    replies = [client.receive() for _ in requests]
    assert [reply and reply.WhichOneof("value") for reply in replies] == [
        request.WhichOneof("value") for request in requests
    ]
    by_name = {reply.WhichOneof("value"): reply for reply in replies if reply is not None}
    assert by_name["echo"].echo.message == "hello"
    assert by_name["info"].info.data == "kvstore"
    assert by_name["prepare_proposal"].prepare_proposal.txs == [b"a=1"]
    assert by_name["process_proposal"].process_proposal.status == ResponseProcessProposal.ACCEPT
    assert by_name["verify_vote_extension"].verify_vote_extension.status == ResponseVerifyVoteExtension.ACCEPT
    assert [result.code for result in by_name["finalize_block"].finalize_block.tx_results] == [0, 1]
    assert by_name["finalize_block"].finalize_block.tx_results[0].events[0].attributes[0].index
    assert not by_name["list_snapshots"].list_snapshots.snapshots
    assert by_name["offer_snapshot"].offer_snapshot.result == ResponseOfferSnapshot.ABORT
    assert by_name["apply_snapshot_chunk"].apply_snapshot_chunk.result == ResponseApplySnapshotChunk.ABORT
    assert by_name["query"].query.value == b"1"


def test_requests_split_at_every_byte_are_answered_the_same(served: Served) -> None:
    client = served.connect()
    stream = encoded(echo("x" * 150), check(b"a=1"), Request(flush=RequestFlush()))
    expected = ["echo", "check_tx", "flush"]
    for cut in range(1, len(stream)):
        client.socket.sendall(stream[:cut])
        client.socket.sendall(stream[cut:])
        replies = [client.receive() for _ in expected]
        assert [reply and reply.WhichOneof("value") for reply in replies] == expected


def test_fifty_thousand_pipelined_requests_keep_their_order_while_the_client_only_sends(served: Served) -> None:
    client = served.connect()
    count = 50_000
    stream = encoded(*(check(b"%d=1" % index if index % 3 else b"%d" % index) for index in range(count)))
    sender = threading.Thread(target=client.socket.sendall, args=(stream,))
    sender.start()
    sender.join(PATIENCE_SECONDS)
    assert not sender.is_alive(), "the server stopped reading although replies fit its bound"
    codes = []
    for _ in range(count):
        reply = client.receive()
        assert reply is not None
        codes.append(reply.check_tx.code)
    assert codes == [0 if index % 3 else 1 for index in range(count)]


def test_the_first_replies_of_a_long_read_leave_before_its_last_request_is_answered(
    served: Served, tmp_path: Path
) -> None:
    pipes = tmp_path / "first", tmp_path / "second"
    for pipe in pipes:
        os.mkfifo(pipe)
    client = served.connect()
    # One write, so that the server reads them at once.
    client.send(*(Request(query=RequestQuery(path="/wait", data=os.fsencode(pipe))) for pipe in pipes))
    replies = []
    for pipe in pipes:
        with pipe.open("wb"):  # returns when the application waits for it
            began = monotonic()
            while monotonic() < began + 2 * HELD_SECONDS:
                pass
        replies.append(client.receive())
    assert [reply and reply.WhichOneof("value") for reply in replies] == ["query", "query"]


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\xff\xff\xff\xff\x0f", "are accepted"),
        (b"\xff" * 16, "more than five bytes"),
        (b"\x00", "exactly one message"),
        (b"GET /status HTTP/1.1\r\n\r\n" * 8, "exactly one message"),
        (frame(4, b""), "request 4 is not served"),
        (frame(21, b""), "request 21 is not served"),
        (frame(8, b"\x0a\xff"), "check_tx does not decode"),
        (frame(1, b"\x0a\x01\xff"), "echo does not decode"),
    ],
    ids=["oversize", "endless length", "empty", "http", "reserved", "unknown", "truncated inside", "not utf-8"],
)
def test_garbage_ends_its_connection_with_an_exception_and_no_other(
    served: Served, garbage: bytes, reason: str
) -> None:
    healthy, client = served.connect(), served.connect()
    client.socket.sendall(encoded(echo("before")) + garbage)
    first, second = client.receive(), client.receive()
    assert first is not None
    assert first.echo.message == "before"
    assert second is not None
    assert reason in second.exception.error
    assert client.receive() is None
    assert healthy.call(echo("still here")).echo.message == "still here"


@pytest.mark.parametrize(
    ("requests", "method"),
    [
        ([check(b"panic=check")], "check_tx at height 0"),
        (
            [Request(finalize_block=RequestFinalizeBlock(height=7, txs=[b"panic=finalize"]))],
            "finalize_block at height 7",
        ),
        (
            [
                Request(finalize_block=RequestFinalizeBlock(height=8, txs=[b"panic=commit"])),
                Request(commit=RequestCommit()),
            ],
            "commit at height 8",
        ),
        ([Request(info=RequestInfo(abci_version="1.0.0"))], "ABCI 1.0.0; 2.0.0 is served"),
    ],
    ids=["check_tx", "finalize_block", "commit", "other ABCI"],
)
def test_an_exception_in_the_application_is_told_and_ends_the_process(
    served: Served, requests: list[Request], method: str
) -> None:
    other, client = served.connect(), served.connect()
    assert other.call(echo("x")).echo.message == "x"
    client.send(echo("before"), *requests, echo("after"))
    replies = []
    while (reply := client.receive()) is not None:
        replies.append(reply)
    assert replies[0].echo.message == "before"
    assert replies[-1].WhichOneof("value") == "exception"
    assert method in replies[-1].exception.error
    assert other.receive() is None
    _, errors = served.process.communicate(timeout=PATIENCE_SECONDS)
    assert served.process.returncode == EXIT_FAILED
    assert method in errors
    assert "Traceback" in errors
    assert not served.path.exists()


def test_sigterm_answers_what_was_read_and_exits_0(served: Served) -> None:
    client = served.connect()
    assert client.call(check(b"a=1")).check_tx.code == 0
    served.process.send_signal(signal.SIGTERM)
    assert client.receive() is None
    assert served.process.wait(PATIENCE_SECONDS) == EXIT_OK
    assert not served.path.exists()


def test_the_socket_is_for_this_user_alone(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600


def test_a_served_address_is_not_taken_over_and_a_stale_one_is(served: Served) -> None:
    with pytest.raises(OSError, match="another process serves"):
        listen(f"unix://{served.path}")
    served.process.kill()
    served.process.wait()
    assert served.path.exists()
    listen(f"unix://{served.path}").close()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "app.sock"
    precious.write_text("precious")
    with pytest.raises(FileExistsError, match="is not a socket"):
        listen(f"unix://{precious}")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    "address",
    ["tcp://0.0.0.0:26658", "tcp://127.0.0.1:http", "127.0.0.1:26658", "unix:relative", f"unix:///{'x' * 120}"],
)
def test_an_address_beyond_this_machine_or_without_form_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1|unix:///path|at most 107 bytes"):
        listen(address)


def test_loopback_tcp_is_served() -> None:
    with listen("tcp://127.0.0.1:0") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_cometbfts_own_client_drives_the_server(served: Served) -> None:
    commands = 'echo hello\ninfo\ncheck_tx "a=b"\nfinalize_block "a=b"\ncommit\nquery "a"\n'
    result = subprocess.run(
        [str(obtain(ABCI_CLI)), "--address", f"unix://{served.path}", "--abci", "socket", "batch"],
        input=commands,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert "-> data: hello" in result.stdout
    assert "-> value: b" in result.stdout
