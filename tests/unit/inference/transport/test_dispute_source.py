"""What a worker needs in a dispute is in its journal, or with those who still serve it; a restart loses nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chain.crypto.hashing import blinded, unit_id
from chain.crypto.merkle import Kind, lr
from chain.modules.disputes.game.line import ground_of
from chain.modules.disputes.types import Dispute, DisputeKind, DisputeStatus
from chain.modules.jobs.types import Job, Unit
from inference.check import Checker
from inference.compute import Compute
from inference.disputes import party
from inference.disputes.model import ModelFiles
from inference.disputes.player import MoveFailed
from inference.disputes.source import UnitSource
from inference.engine.engine import Engine
from inference.engine.rows import row_size
from inference.journal import ASSERTER, Journal
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.proofs.commit import ChainRoots
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from inference.transport.library import UnitLibrary
from tests.support.worker_ring import CHAIN, Ring
from tests.unit.inference.transport.test_fetch_and_check import CHECKER, answered, asserted, duty

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def disputed(made: Ring, stage: int) -> tuple[Job, Unit]:
    """Job and unit as a due move shows them."""
    drawn = duty(made, stage)
    assert drawn.job is not None
    assert drawn.unit is not None
    return drawn.job, drawn.unit


@asynccontextmanager
async def source(made: Ring, keys: WorkerKeys, journal: Journal) -> AsyncIterator[UnitSource]:
    """What a worker that was just started takes inputs from."""
    compute = Compute()
    compute.start()
    shards = LoadedShards(made.models, made.header, compute, threads=1)
    checker = Checker(made.header, shards, compute, made.node, keys, journal)  # type: ignore[arg-type]
    library = UnitLibrary(CHAIN, row_size(made.header.hidden_size), journal, made.node)
    try:
        yield UnitSource(keys.operator.address, journal, library, checker, made.node)  # type: ignore[arg-type]
    finally:
        compute.close()


def roots(made: Ring, job: Job, unit: Unit, kept: party.Kept) -> ChainRoots:
    """The roots of a unit as it is regenerated."""
    folder = made.models / job.model_root.hex()
    spec = ShardSpec(job.model_root, unit.start, unit.end)
    is_last = unit.end == made.header.num_layers
    engine = Engine(load(folder, spec, with_embedding=not unit.start, with_head=is_last))
    shape = ground_of(job, unit, made.header, CHAIN).shape
    own, blind = party.regenerate(engine, ModelFiles(folder), shape, kept), kept.inputs.blind
    sections = own.sections()
    in_root = blinded(blind, own.input_section()) if unit.start else unit.in_root
    body_root = blinded(blind, lr(Kind.SEC, sections[:-1]))
    return ChainRoots(in_root, body_root, sections[-1] if is_last else blinded(blind, sections[-1]))


async def test_an_asserter_regenerates_what_it_committed_to_from_its_journal(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made:
        found = [disputed(made, stage) for stage in range(3)]
        wanted = [asserted(made, stage) for stage in range(3)]
        for stage, worker in enumerate(made.workers):
            job, unit = found[stage]
            name = unit_id(CHAIN, job.job_id, 0, stage)
            salt = worker.journal.salt(name, ASSERTER)
            async with source(made, worker.keys, Journal(made.homes[stage])) as own:
                kept = await own(job, unit)
            assert kept.salt == salt
            assert roots(made, job, unit, kept) == wanted[stage]
            worker.journal.drop_unit(name)
        async with source(made, made.workers[0].keys, made.workers[0].journal) as own:
            job, unit = found[0]
            with pytest.raises(MoveFailed):
                await own(job, unit)


async def test_an_asserter_whose_rows_made_room_computes_them_from_the_ids(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made:
        for stage, worker in enumerate(made.workers):
            for run in worker.journal.runs():
                worker.journal.settle_run(run, 900, most=0)
            assert worker.journal.find_rows(unit_id(CHAIN, disputed(made, stage)[0].job_id, 0, stage), "in") == b""
        job, unit = disputed(made, 1)
        made.node.disputed = [
            Dispute(
                1, DisputeKind.TRACE, job.job_id, 0, 1, bytes(20), bytes(20), b"", b"", b"", b"", 90, 200,
                DisputeStatus.OPEN, 0,
            )
        ]  # fmt: skip
        salt = made.workers[1].journal.salt(unit_id(CHAIN, job.job_id, 0, 1), ASSERTER)
        async with source(made, made.workers[1].keys, Journal(made.homes[1])) as own:
            kept = await own(job, unit)
        assert kept.salt == salt
        assert roots(made, job, unit, kept) == asserted(made, 1)


async def test_a_checker_takes_what_it_checked_from_its_journal_or_fetches_it_again(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made:
        job, unit = disputed(made, 1)
        journal = Journal(tmp_path / "checker")
        async with source(made, CHECKER, journal) as own:
            fetched = await own(job, unit)
            assert fetched.salt == b""
            assert roots(made, job, unit, fetched) == asserted(made, 1)
            ids = (*fetched.inputs.prompt, *fetched.inputs.tokens)
            name = unit_id(CHAIN, job.job_id, 0, 1)
            journal.keep_input(name, fetched.inputs.blind, ids, fetched.rows)
            for worker in made.workers:
                await worker.server.stop(0)  # type: ignore[union-attr]
            assert await own(job, unit) == fetched
            journal.drop_unit(name)
            with pytest.raises(MoveFailed, match="nobody gave"):
                await own(job, unit)
