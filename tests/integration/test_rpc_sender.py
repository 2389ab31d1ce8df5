"""The sender against a real application: each message committed once, or certainly never."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from chain.client.client import ChainClient
from chain.client.failures import NotCommitted, NotFound
from chain.client.sender import TIMEOUT_BLOCKS, Committed, Dropped, Sender
from chain.client.signing import tx_hash
from chain.errors import Code
from chain.modules.bank.types import MsgSend
from tests.support.builders import CHAIN_ID, coins, wallet
from tests.support.served_chain import Served, served_chain

T = TypeVar("T")
GIVEN = 1_000 * 1_000_000


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_chain(tmp_path) as running:
        yield running


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def pay(served: Served, amount: int, to: int = 1) -> MsgSend:
    alice, other = served.chain.accounts[0], served.chain.accounts[to]
    return MsgSend(alice.bech32, other.bech32, coins(amount))


def test_messages_are_committed_and_each_gets_its_response(served: Served) -> None:
    async def scene() -> list[Committed]:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            first = await sender.send([pay(served, 5), pay(served, 6)])
            return [first, await sender.send([pay(served, 7)])]

    first, second = run(scene())
    assert (first.code, first.responses, first.dropped, first.height) == (0, (b"", b""), (), 2)
    assert (second.code, second.height) == (0, 3)
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 18
    assert len(served.offers) == 2


def test_a_message_that_would_fail_is_dropped_and_the_others_are_sent(served: Served) -> None:
    async def scene() -> Committed:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            return await sender.send([pay(served, 1), pay(served, 2 * GIVEN), pay(served, 2)])

    done = run(scene())
    assert done.code == 0
    assert [(item.index, item.code) for item in done.dropped] == [(1, Code.INSUFFICIENT_FUNDS)]
    assert len(done.responses) == 3
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 3


def test_nothing_is_sent_when_every_message_would_fail(served: Served) -> None:
    async def scene() -> Committed:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            return await sender.send([pay(served, 2 * GIVEN), pay(served, 3 * GIVEN)])

    done = run(scene())
    assert (done.height, done.code, done.hash) == (0, Code.INSUFFICIENT_FUNDS, b"")
    assert [type(item) for item in done.dropped] == [Dropped, Dropped]
    assert served.offers == []


def test_concurrent_sends_of_one_account_take_turns(served: Served) -> None:
    async def scene() -> list[Committed]:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            return list(await asyncio.gather(*(sender.send([pay(served, amount)]) for amount in (1, 2, 4, 8))))

    assert [done.code for done in run(scene())] == [0, 0, 0, 0]
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 15
    assert len({tx_hash(tx) for tx in served.offers}) == 4


def test_the_same_bytes_are_sent_again_after_the_mempool_was_lost(served: Served) -> None:
    served.is_automatic = False

    async def scene() -> Committed:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            sending = asyncio.create_task(sender.send([pay(served, 5)]))
            await asyncio.to_thread(served.wait_for_offers, 1)
            served.lose_mempool()
            await asyncio.to_thread(served.produce, 3)
            await asyncio.to_thread(served.wait_for_offers, 2)
            await asyncio.to_thread(served.produce)
            return await sending

    done = run(scene())
    assert done.code == 0
    assert served.offers[0] == served.offers[1]
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 5


def test_bytes_that_the_mempool_still_has_are_no_failure(served: Served) -> None:
    served.is_automatic = False

    async def scene() -> Committed:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            sending = asyncio.create_task(sender.send([pay(served, 5)]))
            await asyncio.to_thread(served.wait_for_offers, 1)
            kept, served.mempool = served.mempool, []
            await asyncio.to_thread(served.produce, 3)
            await asyncio.to_thread(served.wait_for_offers, 2)
            served.mempool = kept
            await asyncio.to_thread(served.produce)
            return await sending

    assert run(scene()).code == 0
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 5


def test_a_transaction_that_times_out_is_made_anew_and_the_message_counts_once(served: Served) -> None:
    served.is_automatic = False

    async def scene() -> Committed:
        async with ChainClient(served.grpc) as client:
            sender = Sender(client, served.chain.accounts[0], CHAIN_ID)
            sending = asyncio.create_task(sender.send([pay(served, 5)]))
            await asyncio.to_thread(served.wait_for_offers, 1)
            served.refuse = lambda _tx: {"error": {"code": -32603, "message": "x", "data": "mempool is full"}}
            served.lose_mempool()
            await asyncio.to_thread(served.produce, TIMEOUT_BLOCKS)
            served.refuse = lambda _tx: None
            served.is_automatic = True
            return await sending

    done = run(scene())
    assert done.code == 0
    assert done.height > TIMEOUT_BLOCKS
    assert served.offers[0] != served.offers[-1]
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 5


def test_a_deadline_that_has_passed_is_never_sent(served: Served) -> None:
    served.produce(5)

    async def scene() -> None:
        async with ChainClient(served.grpc) as client:
            await Sender(client, served.chain.accounts[0], CHAIN_ID).send([pay(served, 5)], deadline=6)

    with pytest.raises(NotCommitted, match="deadline 6 has passed"):
        run(scene())
    assert served.offers == []


def test_a_sequence_used_elsewhere_is_read_again(served: Served) -> None:
    async def scene() -> Committed:
        async with ChainClient(served.grpc) as client:
            alice = served.chain.accounts[0]
            sender, other = Sender(client, alice, CHAIN_ID), Sender(client, alice, CHAIN_ID)
            await sender.send([pay(served, 1)])
            await other.send([pay(served, 2)])
            return await sender.send([pay(served, 4)])

    assert run(scene()).code == 0
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 7


def test_a_transaction_from_before_a_crash_that_still_waits_is_waited_for(served: Served) -> None:
    served.is_automatic = False

    async def scene() -> tuple[Committed, Committed]:
        async with ChainClient(served.grpc) as client:
            alice = served.chain.accounts[0]
            before = asyncio.create_task(Sender(client, alice, CHAIN_ID).send([pay(served, 1)]))
            await asyncio.to_thread(served.wait_for_offers, 1)
            after = asyncio.create_task(Sender(client, alice, CHAIN_ID).send([pay(served, 2)]))
            # The mempool refuses its first try, and it does not try again before there is a block.
            await asyncio.to_thread(served.wait_for_offers, 2)
            for _ in range(50):
                await client.status()
            assert len(served.offers) == 2
            await asyncio.to_thread(served.produce)
            await asyncio.to_thread(served.wait_for_offers, 3)
            await asyncio.to_thread(served.produce)
            return await before, await after

    before, after = run(scene())
    assert (before.code, before.height, after.code, after.height) == (0, 2, 0, 3)
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 3
    assert len(served.offers) == 3


def test_the_journal_has_the_bytes_before_the_node_and_resuming_finds_them_committed(served: Served) -> None:
    journal: list[tuple[bytes, int]] = []

    async def scene() -> tuple[Committed, Committed]:
        async with ChainClient(served.grpc) as client:
            alice = served.chain.accounts[0]
            sender = Sender(client, alice, CHAIN_ID, journal=lambda tx: journal.append((tx, len(served.offers))))
            done = await sender.send([pay(served, 5)])
            return done, await Sender(client, alice, CHAIN_ID).resume(journal[0][0])

    done, resumed = run(scene())
    assert journal == [(served.offers[0], 0)]
    assert resumed == done
    assert served.chain.balance(served.chain.accounts[1]) == GIVEN + 5


def test_resuming_after_a_restart_of_the_node_reads_blocks_from_cometbft(served: Served) -> None:
    journal: list[bytes] = []

    async def scene() -> tuple[Committed, Committed]:
        async with ChainClient(served.grpc) as client:
            alice = served.chain.accounts[0]
            done = await Sender(client, alice, CHAIN_ID, journal=journal.append).send([pay(served, 5)])
            await asyncio.to_thread(served.restart)
            return done, await Sender(client, alice, CHAIN_ID).resume(journal[0])

    done, resumed = run(scene())
    assert resumed == done


def test_a_transaction_lost_for_ever_is_reported_as_such(served: Served) -> None:
    served.is_automatic = False
    tx = served.chain.tx(served.chain.accounts[0], pay(served, 5), timeout_height=4)
    served.produce(6)

    async def scene() -> None:
        async with ChainClient(served.grpc) as client:
            await Sender(client, served.chain.accounts[0], CHAIN_ID).resume(tx)

    with pytest.raises(NotCommitted, match="height 4 has passed"):
        run(scene())


def test_an_account_that_does_not_exist_is_told_to_be_paid_first(served: Served) -> None:
    async def scene() -> None:
        async with ChainClient(served.grpc) as client:
            stranger = wallet("nobody")
            await Sender(client, stranger, CHAIN_ID).send([MsgSend(stranger.bech32, stranger.bech32, coins(1))])

    with pytest.raises(NotFound, match="pay something to it first"):
        run(scene())
