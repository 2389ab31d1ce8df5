"""Kill −9 of every process at random moments under load: nothing acknowledged is lost, and everything goes on."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from chain.node.home import CometSettings
from localnet.layout import Localnet, find_localnet
from localnet.network import down
from tests.support.crashes import crash_under_load, senders
from tests.support.validators import BALANCE, create_validators, running
from tests.support.worker_crashes import crash_workers

KILLS = 40
WORKER_KILLS = 6
SEED = 20_250_301


def test_40_random_kills_of_application_cometbft_both_or_supervisor_lose_nothing(tmp_path: Path) -> None:
    balances = {key.bech32: BALANCE for key in senders()}
    homes = create_validators(tmp_path, 1, balances, comet=CometSettings(timeout_commit_ms=50))
    with running(homes) as (node,):
        verdict = asyncio.run(crash_under_load(node, KILLS, SEED, tmp_path / "replay"))
    assert len(verdict.kills) == KILLS
    assert verdict.acknowledged > KILLS
    assert (verdict.lost, verdict.wrong_balances, verdict.bad_signs) == ((), {}, ())
    assert verdict.is_supply_whole
    assert verdict.replayed_height > KILLS


def test_workers_killed_in_the_middle_of_jobs_answer_right_and_lose_nothing(launch: Callable[..., Localnet]) -> None:
    network = launch(with_gateway=False)
    try:
        _, verdict = asyncio.run(crash_workers(network, WORKER_KILLS, SEED))
    finally:
        down(find_localnet(Path(network.home)) or network)  # workers were started anew, and the file says which
    assert len(verdict.kills) == WORKER_KILLS
    assert verdict.answers.right > 0
    assert verdict.holds, verdict
