"""`ostraka dispute challenge` against real workers: a false unit is named, challenged, and refuted by their moves."""

import asyncio
from pathlib import Path

import pytest

from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckPhase
from inference.challenge_cli import challenge_unit
from inference.config import WorkerConfig
from inference.disputes.challenge import NothingToChallenge
from inference.models.convert import convert
from tests.support.builders import CHAIN_ID
from tests.support.tiny_model import TinyShape, write_tiny_model
from tests.support.working_chain import Working, working_chain


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return work / "models" / manifest.model_root.hex()


def is_committing(net: Working, job_id: int) -> bool:
    found = sampling.find_check(net.store, (job_id, (0, 0)))
    return found is not None and found.phase == CheckPhase.COMMIT


def test_a_false_unit_is_challenged_by_command_and_refuted_by_the_workers(tmp_path: Path, directory: Path) -> None:
    async def scenario() -> None:
        async with working_chain(tmp_path, directory, ["row"] * 3, 2) as net:
            job = await net.ask()
            await net.until(lambda: is_committing(net, job.job_id))
            units = jobs.units_of(net.store, net.job(job.job_id))
            challenger = net.keys[3]
            config = WorkerConfig(
                home=tmp_path / "challenger", node=net.served.grpc, chain_id=CHAIN_ID,
                models=directory.parent, model="tiny",
            )  # fmt: skip
            shown = await challenge_unit(config, challenger, job.job_id, 0, dry_run=True)
            assert (shown["stage"], shown["asserted_out_root"]) == (0, units[0].out_root.hex())
            assert shown["out_root"] != shown["asserted_out_root"]
            assert net.disputes(job.job_id) == []
            with pytest.raises(NothingToChallenge):
                await challenge_unit(config, challenger, job.job_id, 9, dry_run=True)
            sent = await challenge_unit(config, challenger, job.job_id, 0, dry_run=False)
            (found,) = net.disputes(job.job_id)
            assert (found.kind, found.stage, found.challenger, found.deposit) == (
                DisputeKind.CHALLENGE, 0, challenger.operator.address, sent["deposit"]
            )  # fmt: skip
            with pytest.raises(LookupError, match="ALREADY_CHALLENGED"):
                await challenge_unit(config, challenger, job.job_id, 0, dry_run=False)
            await net.until(lambda: net.disputes(job.job_id)[0].status == DisputeStatus.REFUTED)
            await net.until(lambda: net.job(job.job_id).attempt or net.is_over(job.job_id))
            lost = dict(zip([one.operator.address for one in net.keys], net.lost(), strict=True))
            assert lost[units[0].operator] >= units[0].terms.bond
            assert lost[challenger.operator.address] == 0
            net.served.chain.check_invariants()

    asyncio.run(scenario())
