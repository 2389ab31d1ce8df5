"""What followers are told of a block, and how much of it is kept."""

import asyncio

import pytest

from chain.application import Event, Timestamp, TxResult
from chain.client import node
from chain.recent import CommittedBlock, RecentBlocks, committed_block
from chain.rpc import feed as module
from chain.rpc.comet import Comet
from chain.rpc.feed import BATCH_BLOCKS, Feed, encoded_notice
from chain.store.codec import decode, encode

NOWHERE = "http://127.0.0.1:1"


def block(height: int) -> CommittedBlock:
    paid = Event("transfer", (("amount", "5uostr"), ("note", "")))
    results = (TxResult(), TxResult(5, b"data", 9, 21, "no", "sdk", (paid, Event("empty"))))
    return committed_block(height, Timestamp(1_700_000_000, 5), b"hash", (b"beacon", b"tx"), results, (paid,))


def test_a_notice_tells_results_and_events_in_order() -> None:
    one = block(7)
    attributes = (node.Attribute("amount", "5uostr"), node.Attribute("note", ""))
    assert decode(node.BlockNotice, encoded_notice(one)) == node.BlockNotice(
        7,
        1_700_000_000,
        (
            node.TxNotice(one.tx_hashes[0], 0, "", b"", "", 0),
            node.TxNotice(one.tx_hashes[1], 5, "sdk", b"data", "no", 21),
        ),
        (node.Event("transfer", attributes, 2), node.Event("empty", (), 2), node.Event("transfer", attributes, 0)),
    )


@pytest.mark.parametrize("without_events", [True, False])
def test_a_notice_has_the_canonical_bytes_of_its_record(without_events: bool) -> None:
    data = encoded_notice(block(7), without_events=without_events)
    assert encode(decode(node.BlockNotice, data)) == data


def test_bytes_are_made_once_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        feed = Feed(RecentBlocks(), Comet(NOWHERE), 0)
        first = feed.payload(block(1), without_events=False)
        assert feed.payload(block(1), without_events=False) is first
        monkeypatch.setattr(module, "CACHE_BYTES", 2 * len(first))
        for height in range(2, 10):
            feed.payload(block(height), without_events=False)
        assert feed.payload(block(9), without_events=False) is feed.payload(block(9), without_events=False)
        assert feed.payload(block(1), without_events=False) is not first

    asyncio.run(scene())


def test_a_follower_who_catches_up_holds_a_bounded_number_of_blocks() -> None:
    async def scene() -> list[int]:
        recent = RecentBlocks()
        for height in range(1, 100):
            recent.append(block(height))
        found = await Feed(recent, Comet(NOWHERE), 99).blocks(50)
        return [one.height for one in found]

    assert asyncio.run(scene()) == list(range(50, 50 + BATCH_BLOCKS))


def test_waiting_ends_when_the_height_is_reached() -> None:
    async def scene() -> int:
        feed = Feed(RecentBlocks(), Comet(NOWHERE), 5)
        await feed.reached(5)
        waiting = [asyncio.create_task(feed.reached(7)) for _ in range(3)]
        for height in (6, 7):
            await asyncio.sleep(0)
            feed.grow(height)
        await asyncio.gather(*waiting)
        return feed.head

    assert asyncio.run(scene()) == 7
