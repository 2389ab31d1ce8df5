"""Real workers when a job's input is withheld: they demand it, answer, and go on checking; who is silent loses S."""

import asyncio
from pathlib import Path

import pytest

from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason
from chain.modules.sampling import keeper as sampling
from inference.models.convert import convert
from tests.support.tiny_model import TinyShape, write_tiny_model
from tests.support.working_chain import working_chain


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return work / "models" / manifest.model_root.hex()


def test_checkers_get_a_withheld_input_by_demand_and_nobody_loses_anything(tmp_path: Path, directory: Path) -> None:
    async def scenario() -> None:
        async with working_chain(tmp_path, directory, ["withhold"] * 3, 2) as net:
            job = await net.ask()
            await net.until(lambda: net.is_over(job.job_id))
            closed = net.job(job.job_id)
            assert closed.close_reason == CloseReason.SETTLED
            for unit in jobs.units_of(net.store, closed):
                commits = list(sampling.commits(net.store, jobs.key_of(unit)))
                assert [bool(one.reveal_height) for one in commits] == [True, True]
            assert net.disputes(job.job_id) == []
            assert net.lost() == [0] * 5
            assert [demand.demander for demand in net.demands(job.job_id)] != []
            net.served.chain.check_invariants()

    asyncio.run(scenario())


def test_a_first_stage_that_withholds_and_stays_silent_loses_s(tmp_path: Path, directory: Path) -> None:
    async def scenario() -> None:
        async with working_chain(tmp_path, directory, ["withhold,mute"] * 3, 2) as net:
            job = await net.ask()
            found = await net.until(lambda: net.disputes(job.job_id))
            units = jobs.units_of(net.store, job)
            last = len(units) - 1
            assert {(one.kind, one.status, one.stage) for one in found} == {
                (DisputeKind.WITHHELD, DisputeStatus.REFUTED, stage) for stage in (0, last)
            }
            await net.until(lambda: net.job(job.job_id).attempt or net.is_over(job.job_id))
            guilty = {units[0].operator, units[last].operator}
            lost = dict(zip([one.operator.address for one in net.keys], net.lost(), strict=True))
            assert {who for who, amount in lost.items() if amount} == guilty
            assert lost[units[0].operator] == units[0].terms.bond
            net.served.chain.check_invariants()

    asyncio.run(scenario())
