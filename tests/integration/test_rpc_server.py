"""The gRPC server over a real application: what it answers, and what it refuses."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chain.client import node
from chain.client.client import ChainClient
from chain.client.failures import NotFound, Refused, Unavailable
from chain.client.registry import calls
from chain.client.signing import build_simulation, tx_hash
from chain.crypto.ics23 import verify_state
from chain.errors import Code
from chain.history import HistoryRecord
from chain.modules.accounts.state import PARAMS
from chain.modules.accounts.types import Params
from chain.modules.bank.types import Coin, MsgSend, QueryBalanceRequest, QueryBalanceResponse
from chain.rpc import limits
from chain.rpc.reflection import undescribed
from chain.rpc.server import start
from chain.store.codec import decode
from chain.wire.cosmos.tx.v1beta1.service_pb2 import (
    BROADCAST_MODE_SYNC,
    BroadcastTxRequest,
    BroadcastTxResponse,
    GetTxRequest,
    GetTxResponse,
    SimulateRequest,
    SimulateResponse,
)
from tests.support.builders import CHAIN_ID, coins, new_chain
from tests.support.served_chain import Served, served_chain

T = TypeVar("T")
GIVEN = 1_000 * 1_000_000


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_chain(tmp_path) as running:
        yield running


@pytest.fixture
def channel(served: Served) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(served.grpc) as open_channel:
        yield open_channel


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def raw(channel: grpc.Channel, method: str, data: bytes, metadata: Any = None) -> bytes:
    """Call a method with bytes as they are."""
    answer: bytes = channel.unary_unary(f"/{method}")(data, timeout=10, metadata=metadata)
    return answer


def payment(served: Served, amount: int = 5) -> bytes:
    alice, bob = served.chain.accounts[:2]
    return served.chain.tx(alice, MsgSend(alice.bech32, bob.bech32, coins(amount)))


def test_health_says_serving_only_after_the_first_commit(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        server = start(chain.app, "127.0.0.1:0", "http://127.0.0.1:1")
        try:
            with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                stub = health_pb2_grpc.HealthStub(channel)
                states = stub.Watch(health_pb2.HealthCheckRequest(), timeout=10)
                assert next(states).status == health_pb2.HealthCheckResponse.NOT_SERVING
                with pytest.raises(grpc.RpcError) as refused:
                    raw(channel, "cosmos.bank.v1beta1.Query/TotalSupply", b"")
                assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
                chain.run_block()
                assert next(states).status == health_pb2.HealthCheckResponse.SERVING
        finally:
            server.stop()


def test_a_query_answers_from_the_committed_state_of_the_height_asked_for(served: Served) -> None:
    bob = served.chain.accounts[1].bech32
    served.mempool.append(payment(served))
    height = served.produce()

    async def balance(at: int) -> QueryBalanceResponse:
        async with ChainClient(served.grpc) as client:
            request = QueryBalanceRequest(bob, "uostr")
            return await client.query("cosmos.bank.v1beta1.Query/Balance", request, QueryBalanceResponse, height=at)

    assert run(balance(0)) == QueryBalanceResponse(Coin("uostr", str(GIVEN + 5)))
    assert run(balance(height - 1)) == QueryBalanceResponse(Coin("uostr", str(GIVEN)))
    with pytest.raises(NotFound, match="not available"):
        run(balance(height + 1))


@pytest.mark.parametrize(
    ("method", "data", "status"),
    [
        ("cosmos.bank.v1beta1.Query/Balance", b"\xff\xff\xff", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.bank.v1beta1.Query/Balance", b"\x0a\x04ostr", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.auth.v1beta1.Query/Account", b"\x7a\x00", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.tx.v1beta1.Service/BroadcastTx", b"\xff", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.tx.v1beta1.Service/GetTx", b"\x0a\x02zz", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.tx.v1beta1.Service/GetTx", b"\x0a\x40" + b"0" * 64, grpc.StatusCode.NOT_FOUND),
        ("cosmos.bank.v1beta1.Query/Nothing", b"", grpc.StatusCode.UNIMPLEMENTED),
        ("ostraka.node.v1.Service/Prove", b"\x0a\x04none\x12\x01a", grpc.StatusCode.NOT_FOUND),
        ("ostraka.node.v1.Service/Follow", b"\xff", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight", b"", grpc.StatusCode.INVALID_ARGUMENT),
        ("cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight", b"\x08\x63", grpc.StatusCode.NOT_FOUND),
    ],
)
def test_a_wrong_request_gets_the_status_that_says_whose_fault_it_is(
    channel: grpc.Channel, method: str, data: bytes, status: grpc.StatusCode
) -> None:
    def call() -> None:
        if method.endswith("Follow"):
            next(channel.unary_stream(f"/{method}")(data, timeout=10))
        else:
            raw(channel, method, data)

    with pytest.raises(grpc.RpcError) as refused:
        call()
    assert refused.value.code() == status


def test_a_malformed_height_header_is_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        raw(channel, "cosmos.bank.v1beta1.Query/TotalSupply", b"", (("x-cosmos-block-height", "-1"),))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_request_beyond_the_size_limit_is_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        raw(channel, "ostraka.node.v1.Service/Broadcast", bytes(limits.MAX_REQUEST_BYTES + 1))
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_every_query_that_the_client_knows_is_served_and_every_service_is_described(served: Served) -> None:
    methods = served.chain.app.queries.methods
    modules = {method.split(".")[1] for method in methods}
    assert {name for name in calls() if name.split(".")[1] in modules} == set(methods)
    assert undescribed(methods) == []


def test_a_proof_leads_to_the_app_hash(served: Served) -> None:
    async def proofs() -> list[node.ProveResponse]:
        async with ChainClient(served.grpc) as client:
            return [await client.prove("accounts", key, 1) for key in (PARAMS.key, b"\x00absent")]

    served.produce(3)
    held, absent = run(proofs())
    for answer, key in ((held, PARAMS.key), (absent, b"\x00absent")):
        assert answer.height == 1
        ops = [(op.kind, op.key, op.data) for op in answer.ops]
        verify_state(served.chain.app_hashes[0], "accounts", key, answer.value or None, ops)
    assert decode(Params, held.value[1:]).max_messages == 32
    assert absent.value == b""


def test_followers_get_every_block_without_gaps_also_from_the_past(served: Served) -> None:
    tx = payment(served)
    served.mempool.append(tx)
    served.produce(4)

    async def scene() -> list[node.BlockNotice]:
        async with ChainClient(served.grpc) as client, aclosing(client.follow(1)) as blocks:
            seen = [await anext(blocks) for _ in range(5)]
            served.produce(2)
            return [*seen, *[await anext(blocks) for _ in range(2)]]

    seen = run(scene())
    assert [block.height for block in seen] == [1, 2, 3, 4, 5, 6, 7]
    notice = seen[1].txs[1]
    assert (notice.hash, notice.code) == (tx_hash(tx), 0)
    transfers = [event for event in seen[1].events if event.kind == "transfer"]
    assert transfers
    assert {event.tx for event in transfers} <= {0, 2}
    assert transfers[-1].find("nothing") is None


def test_following_goes_on_through_a_restart_of_the_node(served: Served) -> None:
    async def scene() -> list[int]:
        heights = []
        async with ChainClient(served.grpc) as client, aclosing(client.follow(1, without_events=True)) as blocks:
            heights.append((await anext(blocks)).height)
            await asyncio.to_thread(served.produce, 2)
            await asyncio.to_thread(served.restart)
            await asyncio.to_thread(served.produce)
            for _ in range(3):
                block = await anext(blocks)
                assert block.events == ()
                heights.append(block.height)
        return heights

    assert run(scene()) == [1, 2, 3, 4]


def test_blocks_from_memory_and_from_cometbft_read_alike(served: Served) -> None:
    served.mempool.append(payment(served))
    served.produce()

    async def second() -> node.BlockNotice:
        async with ChainClient(served.grpc) as client, aclosing(client.follow(2)) as blocks:
            return await anext(blocks)

    remembered = run(second())
    served.restart()
    assert run(second()) == remembered


def test_blocks_that_nobody_keeps_are_not_found(served: Served) -> None:
    served.blocks.clear()
    served.restart()

    async def scene() -> None:
        async with ChainClient(served.grpc) as client, aclosing(client.follow(1)) as blocks:
            await anext(blocks)

    with pytest.raises(NotFound, match="block 1 is not kept"):
        run(scene())


def test_a_client_that_does_not_read_keeps_nobody_else_waiting(served: Served) -> None:
    async def scene() -> int:
        async with (
            ChainClient(served.grpc) as lazy,
            ChainClient(served.grpc) as client,
            aclosing(lazy.follow(1)) as unread,
            aclosing(client.follow(1)) as blocks,
        ):
            await anext(unread)
            await asyncio.to_thread(served.produce, 40)
            seen = [await anext(blocks) for _ in range(41)]
            await client.status()
            return seen[-1].height

    assert run(scene()) == 41


def test_streams_are_bounded_and_one_that_ends_makes_room(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.rpc.node_service.MAX_FOLLOWERS", 1)

    async def scene() -> int:
        async with ChainClient(served.grpc) as first, ChainClient(served.grpc) as second:
            async with aclosing(first.follow(1)) as blocks:
                await anext(blocks)
                with grpc.insecure_channel(served.grpc) as channel, pytest.raises(grpc.RpcError) as refused:
                    await asyncio.to_thread(next, channel.unary_stream("/ostraka.node.v1.Service/Follow")(b"\x08\x01"))
                assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                waiting = asyncio.create_task(anext(second.follow(1)))
            return (await waiting).height

    assert run(scene()) == 1


def test_status_names_chain_height_and_app_hash(served: Served) -> None:
    async def scene() -> node.Status:
        async with ChainClient(served.grpc) as client:
            return await client.status()

    status = run(scene())
    assert (status.chain_id, status.height, status.is_syncing) == (CHAIN_ID, 1, False)
    assert status.app_hash == served.chain.app_hashes[0]


def test_simulation_tells_gas_and_the_message_that_fails(served: Served) -> None:
    alice, bob = served.chain.accounts[:2]
    good, bad = (MsgSend(alice.bech32, bob.bech32, coins(amount)) for amount in (1, 2 * GIVEN))

    async def scene() -> list[node.Simulation]:
        async with ChainClient(served.grpc) as client:
            txs = [build_simulation(alice, messages, sequence=0) for messages in ([good], [good, bad])]
            return [await client.simulate(tx) for tx in (*txs, b"junk")]

    works, fails, junk = run(scene())
    assert (works.code, works.failed_index) == (0, None)
    assert works.gas_used > 0
    assert (fails.code, fails.failed_index) == (Code.INSUFFICIENT_FUNDS, 1)
    assert (junk.code, junk.failed_index) == (Code.TX_DECODE, None)
    assert served.chain.balance(bob) == GIVEN


def test_more_simulations_than_may_wait_are_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.rpc.simulation.MAX_WAITING_SIMULATIONS", -limits.MAX_SIMULATIONS)

    async def scene() -> None:
        async with ChainClient(served.grpc) as client:
            await client.simulate(b"junk")

    with pytest.raises(Unavailable, match="too many simulations"):
        run(scene())


def test_broadcast_is_refused_known_or_accepted(served: Served) -> None:
    served.is_automatic = False
    tx = payment(served)
    poor = payment(served, 1)[:-1]

    async def scene() -> list[node.Broadcast]:
        async with ChainClient(served.grpc) as client:
            return [await client.broadcast(data) for data in (tx, tx, poor)]

    first, again, refused = run(scene())
    assert first == node.Broadcast(tx_hash(tx), 0, "", "")
    assert again == node.Broadcast(tx_hash(tx), 0, "", "", is_known=True)
    assert (refused.code, refused.codespace) == (Code.TX_DECODE, "sdk")


def test_a_full_mempool_asks_to_try_again_and_an_oversized_transaction_does_not(served: Served) -> None:
    served.refuse = lambda _tx: {"error": {"code": -32603, "message": "e", "data": "mempool is full: number of txs"}}

    async def send(tx: bytes) -> node.Broadcast:
        async with ChainClient(served.grpc) as client:
            return await client.broadcast(tx)

    with pytest.raises(Unavailable, match="mempool is full"):
        run(send(payment(served)))
    with pytest.raises(Refused, match="131073 bytes; 131072 are allowed"):
        run(send(bytes(131_073)))


def test_wallets_simulate_send_and_find_a_transaction(served: Served, channel: grpc.Channel) -> None:
    tx = payment(served)
    service = "cosmos.tx.v1beta1.Service"
    simulated = SimulateResponse.FromString(
        raw(channel, f"{service}/Simulate", SimulateRequest(tx_bytes=tx).SerializeToString())
    )
    assert simulated.gas_info.gas_used > 0
    request = BroadcastTxRequest(tx_bytes=tx, mode=BROADCAST_MODE_SYNC).SerializeToString()
    served.is_automatic = False
    sent = BroadcastTxResponse.FromString(raw(channel, f"{service}/BroadcastTx", request)).tx_response
    again = BroadcastTxResponse.FromString(raw(channel, f"{service}/BroadcastTx", request)).tx_response
    assert (sent.code, sent.txhash) == (0, tx_hash(tx).hex().upper())
    assert (again.code, again.codespace) == (19, "sdk")
    served.produce()
    wanted = GetTxRequest(hash=sent.txhash).SerializeToString()
    found = GetTxResponse.FromString(raw(channel, f"{service}/GetTx", wanted))
    assert (found.tx_response.height, found.tx_response.code) == (2, 0)
    assert found.tx.body.messages[0].type_url == "/cosmos.bank.v1beta1.MsgSend"


def test_archived_records_are_found_by_name_and_by_position(served: Served, channel: grpc.Channel) -> None:
    archive = served.chain.app.history
    assert archive is not None
    first = archive.cursor + 1
    records = [HistoryRecord("test/thing", bytes((index,)), b"data %d" % index, index) for index in range(5)]
    archive.append(first, records)

    async def ask(request: node.HistoryRequest) -> node.HistoryResponse:
        async with ChainClient(served.grpc) as client:
            return await client.history(request)

    wire = [node.ArchivedRecord("test/thing", bytes((index,)), b"data %d" % index, index) for index in range(5)]
    assert run(ask(node.HistoryRequest("test/thing", b"\x03"))).records == (wire[3],)
    assert run(ask(node.HistoryRequest(from_leaf=1, limit=2))).records == tuple(wire[1:3])
    with pytest.raises(NotFound, match="no archived test/thing ff"):
        run(ask(node.HistoryRequest("test/thing", b"\xff")))


def test_stopping_the_server_ends_streams_and_a_second_one_takes_the_port(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        port = 0
        for _ in itertools.repeat(None, 3):
            server = start(chain.app, f"127.0.0.1:{port}", "http://127.0.0.1:1")
            port = server.port
            with pytest.raises(RuntimeError):
                start(chain.app, f"127.0.0.1:{port}", "http://127.0.0.1:1")
            server.stop()
