"""Lists that others post in a silent asserter's place, one upon another: each stands or falls by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays
from chain.modules.disputes.types import Dispute, DisputeStatus, MsgPostLazy, Reveal, Round, Turn
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import STRANGER, DisputeNetwork, dispute_network
from tests.support.game_moves import let_lie
from tests.support.network import BOND, CHECKERS, SERVERS, Machine
from tests.support.tiny_model import TinyShape, write_tiny_model

ENEMY = SERVERS[0]
"""Posts lists to have the asserter of the second stage convicted."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def post(net: DisputeNetwork, who: Machine, found: Dispute, number: int, move: Reveal) -> Reveal:
    """Post the list for which a line waits."""
    net.ok(net.chain.send(who.hot, MsgPostLazy(who.hot.bech32, found.dispute_id, number, move)))
    return move


def run_to(net: DisputeNetwork, found: Dispute, shown: dict[Round, Reveal], number: int, at: Round) -> None:
    """Play a line until it waits for the asserter's reveal of a round."""
    while (net.play(found, number).line.round, net.play(found, number).line.turn) != (at, Turn.REVEAL):
        net.ok(net.step(found, shown, number))


def statuses(net: DisputeNetwork, found: Dispute) -> list[str]:
    return [line.status.name for line in plays.plays_of(net.store, found.dispute_id)]


def lost(net: DisputeNetwork) -> dict[str, int]:
    """What of their bonds people have lost."""
    everybody = (*SERVERS, *CHECKERS, STRANGER)
    return {who.name: BOND - net.worker(who).bond for who in everybody if net.worker(who).bond < BOND}


def silent_at_both_lists(net: DisputeNetwork, *, is_right: bool) -> tuple[Dispute, dict[Round, Reveal]]:
    """A true unit whose asserter goes silent: a stranger and an enemy post its first list (lines 1 and 2), and the
    second one upon that (3 and 4); the enemy's second one is garbage, the stranger's if it is not right."""
    let_lie(net, CHECKERS[0])
    _, (found,) = net.dispute_job()
    shown: dict[Round, Reveal] = {}
    run_to(net, found, shown, 0, Round.ITEMS)
    net.chain.run_until(net.play(found).deadline - 4)
    shown[Round.ITEMS] = post(net, STRANGER, found, 0, net.reveal_of(found))
    post(net, ENEMY, found, 0, shown[Round.ITEMS])
    net.chain.run_until(net.play(found).deadline)
    assert statuses(net, found) == ["SILENT", "OPEN", "OPEN"]
    for number in (1, 2):
        run_to(net, found, shown, number, Round.OPS)
    net.chain.run_until(max(net.play(found, number).deadline for number in (1, 2)) - 4)
    right = net.reveal_of(found, 1)
    garbage = replace(right, digests=b"?" * len(right.digests))
    shown[Round.OPS] = post(net, STRANGER, found, 1, right if is_right else garbage)
    post(net, ENEMY, found, 2, garbage)
    net.chain.run_until(max(net.play(found, number).deadline for number in (1, 2)))
    assert statuses(net, found) == ["SILENT", "SILENT", "SILENT", "OPEN", "OPEN"]
    net.finish(found, {**shown, Round.OPS: garbage}, 4)
    net.chain.check_invariants()
    return found, shown


def test_garbage_upon_a_list_refutes_that_list_and_not_the_unit(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        found, _ = silent_at_both_lists(net, is_right=True)
        assert statuses(net, found) == ["SILENT", "SILENT", "ENDED", "OPEN", "ENDED"]
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.OPEN
        assert lost(net) == {ENEMY.name: 2 * net.play(found, 2).deposit}


def test_a_right_list_upon_a_right_list_ends_every_line_before_it(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        found, shown = silent_at_both_lists(net, is_right=True)
        net.finish(found, shown, 3)
        assert statuses(net, found) == ["LOST", "LOST", "ENDED", "LOST", "ENDED"]
        ended = disputes.dispute(net.store, found.dispute_id)
        net.chain.run_until(ended.deadline + 1)
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.UPHELD
        job = net.job(found.job_id)
        bond = net.units(job.job_id)[1].terms.bond
        while CHECKERS[0].name not in lost(net):
            net.chain.run_block()
        assert lost(net) == {ENEMY.name: 2 * net.play(found, 2).deposit, CHECKERS[0].name: bond}
        net.chain.check_invariants()


def test_a_unit_is_refuted_when_every_list_is_and_whoever_posted_them_pays(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        found, shown = silent_at_both_lists(net, is_right=False)
        stake, bond = net.play(found, 2).deposit, net.units(found.job_id)[1].terms.bond
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.OPEN
        net.finish(found, shown, 3)
        assert statuses(net, found) == ["WON", "ENDED", "ENDED", "ENDED", "ENDED"]
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.REFUTED
        assert lost(net) == {SERVERS[1].name: bond, ENEMY.name: 2 * stake, STRANGER.name: 2 * stake}
        net.chain.check_invariants()
