"""A checker that has nothing but its journalled input and the blocks plays a dispute to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.game.shape import Item, ItemKind
from chain.modules.disputes.types import (
    DisputeStatus,
    DueMove,
    MsgReveal,
    PlayStatus,
    QueryMovesRequest,
    Reveal,
    Round,
    Side,
)
from chain.modules.jobs.types import Job, Unit
from inference.compute import Compute, Machine
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.disputes.party import Kept
from inference.disputes.player import MoveFailed, Player
from inference.disputes.posted import Posted, posted_in
from inference.engine.engine import Engine
from inference.models.convert import convert
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from tests.support.dispute_network import PROMPT, DisputeNetwork, dispute_network
from tests.support.network import CHAIN_HASH, CHECKERS, SERVERS, TOKENS
from tests.support.network import Machine as Person
from tests.support.tiny_model import TinyShape, write_tiny_model

LAST = len(PROMPT) + TOKENS - 2
FAULT = Fault(Item(ItemKind.KEY, 3, 1, LAST), 3, 0, 9)
"""One value of a key of the fourth layer: stage 1 is wrong, and its V and K trees are asked for."""


@dataclass
class Blocks:
    """What was posted, by height."""

    net: DisputeNetwork
    txs: dict[int, list[bytes]] = field(default_factory=dict)

    def send(self, who: Person, message: object) -> None:
        """Commit a message in a block of its own, behind rubbish."""
        tx = self.net.chain.tx(who.hot, message, gas=3_000_000, fee=1_000)
        (result,) = self.net.chain.run_block([tx])
        self.net.ok(result)
        self.txs[self.net.chain.height] = [b"\x00rubbish", tx]

    async def posted(self, height: int) -> tuple[Posted, ...]:
        """Answer like a node."""
        return posted_in(self.txs.get(height, []))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return work / "models" / manifest.model_root.hex()


NewPlayer = Callable[[], Player]


def playing(net: DisputeNetwork, folder: Path, blocks: Blocks, play: Callable[[NewPlayer], Awaitable[None]]) -> None:
    """Run a play with players of the first checker."""
    made = net.job3.checked[1]
    rows = b"".join(made.rows[made.shape.start - 1])

    async def machine(job: Job, unit: Unit) -> Machine:
        spec = ShardSpec(job.model_root, unit.start, unit.end)
        return Engine(load(folder, spec, with_embedding=False, with_head=False))

    async def source(_: Job, unit: Unit) -> Kept:
        assert unit.stage == 1
        return Kept(made.inputs, rows, b"")

    async def run() -> None:
        compute = Compute()
        compute.start()
        try:
            await play(
                lambda: Player(
                    CHAIN_HASH, CHECKERS[0].hot.bech32, net.header, folder,
                    compute=compute, reader=blocks, machine=machine, source=source,
                )
            )  # fmt: skip
        finally:
            compute.close()

    asyncio.run(run())


def due(net: DisputeNetwork) -> DueMove:
    answer = net.chain.query(QueryMovesRequest(CHECKERS[0].hot.bech32), "ostraka.disputes.v1.Query/Moves")
    (found,) = answer.moves
    assert isinstance(found, DueMove)
    assert found.side == Side.CHALLENGER
    return found


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_checker_refutes_a_unit_from_its_input_and_the_blocks(
    tmp_path: Path, folder: Path, is_restarted: bool
) -> None:
    with dispute_network(tmp_path, ModelFiles(folder), (1, FAULT)) as net:
        _, found = net.dispute_job()
        first, blocks, shown = found[0], Blocks(net), dict[Round, Reveal]()

        async def play(new_player: NewPlayer) -> None:
            player = new_player()
            while net.play(first).status == PlayStatus.OPEN:
                move = net.reveal_of(first)
                blocks.send(SERVERS[1], MsgReveal(SERVERS[1].hot.bech32, first.dispute_id, 0, move))
                shown[move.round] = move
                if is_restarted:
                    player = new_player()
                message = await player.message(due(net))
                assert message is not None
                blocks.send(CHECKERS[0], message)
            assert [tuple(key) for key in player.units] == [(1, 0, 1)]
            player.drop(player.units[0])
            assert player.units == ()

        playing(net, folder, blocks, play)
        assert {Round.SECTIONS, Round.ITEMS, Round.NODE_ITEMS, Round.OPS} <= set(shown)
        assert disputes.dispute(net.store, first.dispute_id).status == DisputeStatus.REFUTED
        assert net.play(first).line.op == FAULT.op + 1
        net.chain.check_invariants()


def test_without_the_block_of_a_reveal_a_move_is_tried_again_and_not_given_up(tmp_path: Path, folder: Path) -> None:
    with dispute_network(tmp_path, ModelFiles(folder), (1, FAULT)) as net:
        _, found = net.dispute_job()
        blocks = Blocks(net)
        reveal = MsgReveal(SERVERS[1].hot.bech32, found[0].dispute_id, 0, net.reveal_of(found[0]))
        blocks.send(SERVERS[1], reveal)
        hidden = dict(blocks.txs)

        async def play(new_player: NewPlayer) -> None:
            player = new_player()
            blocks.txs.clear()
            with pytest.raises(MoveFailed, match="do not hold the reveals of SECTIONS"):
                await player.message(due(net))
            blocks.txs.update(hidden)
            message = await player.message(due(net))
            assert message is not None
            blocks.send(CHECKERS[0], message)

        playing(net, folder, blocks, play)
        net.chain.check_invariants()


def test_rubbish_in_blocks_carries_no_reveals() -> None:
    mark = b"/ostraka.disputes.v1.MsgReveal"
    rubbish = [b"", b"\x00" * 90, b"\x0a\x02\x08\x01", bytes(range(256))]
    assert posted_in([*rubbish, *(part + mark for part in rubbish), b"\x0a\x20\x0a\x1e" + mark]) == ()
