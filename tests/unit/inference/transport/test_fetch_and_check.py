"""A drawn checker gets a unit's input and arrives at the asserter's roots; nobody else gets anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc.aio
import pytest

from chain.crypto.hashing import fetch_bytes, unit_id
from chain.modules.disputes.types import Dispute, DisputeKind, DisputeStatus
from chain.modules.sampling.types import Duty, DutyKind
from chain.wire.worker.v1 import worker_pb2 as wire
from inference import check
from inference.check import Checker, CheckFailed, EarlierStageFalse
from inference.compute import Compute
from inference.journal import Journal
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.proofs.commit import ChainRoots
from inference.transport.refusals import refusal_name
from inference.view import UnitKey
from tests.support.worker_ring import CHAIN, Request, Ring, ring, worker_keys

pytestmark = pytest.mark.anyio
PROMPT = tuple(range(100, 180))
REQUEST = Request(3, PROMPT, 9)
CHECKER = worker_keys(b"checker")
OUTSIDER = worker_keys(b"outsider")
STRANGER = worker_keys(b"stranger")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def answered(directory: Path, folder: Path, faults: tuple[str, ...] = ()) -> AsyncIterator[Ring]:
    """A ring of three whose job has ended and is drawn; CHECKER is eligible, OUTSIDER only in the snapshot."""
    async with ring(directory, (0, 2, 4, 5), folder, faults) as made:
        made.node.checkers = [OUTSIDER, CHECKER]
        await made.ask(REQUEST)
        for worker in made.workers:
            await worker.ended(REQUEST.job_id)
            made.node.draw(REQUEST.job_id, worker.stage, b"\x02")
        yield made


def duty(made: Ring, stage: int) -> Duty:
    """Return the DRAW duty of a stage's unit as the chain would after all results."""
    records = [w.journal.run(unit_id(CHAIN, REQUEST.job_id, 0, w.stage)) for w in made.workers]
    drawn = made.node.draws[next(key for key in made.node.draws if key.stage == stage)]
    job = replace(made.node.jobs[REQUEST.job_id], output_tokens=records[-1].tokens, tokens_root=records[-1].out_root)
    unit = replace(
        drawn.unit, tokens=records[stage].tokens, in_root=records[stage].in_root, out_root=records[stage].out_root
    )
    operators = tuple(key.operator.address for key in made.node.keys)
    return Duty(DutyKind.DRAW, 140, job, unit, drawn.check, bytes(32), 100, 5, bytes(32), 0, operators)


@asynccontextmanager
async def checking(made: Ring) -> AsyncIterator[Checker]:
    compute = Compute()
    compute.start()
    shards = LoadedShards(made.models, made.header, compute, threads=1)
    journal = Journal(made.homes[0].parent / "checker")
    try:
        yield Checker(made.header, shards, compute, made.node, CHECKER, journal)  # type: ignore[arg-type]
    finally:
        journal.close()
        compute.close()


def asserted(made: Ring, stage: int) -> ChainRoots:
    record = made.workers[stage].journal.run(unit_id(CHAIN, REQUEST.job_id, 0, stage))
    return ChainRoots(record.in_root, record.body_root, record.out_root)


async def test_a_check_of_any_stage_arrives_at_the_asserted_roots(tiny_directory: Path, tmp_path: Path) -> None:
    async with answered(tiny_directory, tmp_path) as made, checking(made) as checker:
        for stage in range(3):
            _, roots = await checker.recompute(duty(made, stage))
            assert roots == asserted(made, stage)


async def test_without_producer_and_asserter_the_ids_of_any_stage_are_enough(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made, checking(made) as checker:
        wanted = asserted(made, 1)
        work = duty(made, 1)
        for stage in (0, 1):
            await made.workers[stage].server.stop(0)  # type: ignore[union-attr]
        _, roots = await checker.recompute(work)
        assert roots == wanted


async def test_without_any_source_a_check_fails_and_can_be_tried_again(tiny_directory: Path, tmp_path: Path) -> None:
    async with answered(tiny_directory, tmp_path) as made, checking(made) as checker:
        work = duty(made, 1)
        for worker in made.workers:
            await worker.server.stop(0)  # type: ignore[union-attr]
        with pytest.raises(CheckFailed):
            await checker.recompute(work)


async def test_ids_that_came_on_demand_are_enough_when_nobody_gives_anything(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made, checking(made) as checker:
        wanted, work = [asserted(made, stage) for stage in range(3)], [duty(made, stage) for stage in range(3)]
        held = made.workers[0].library.find(REQUEST.job_id, 0, 0)
        assert held is not None
        for worker in made.workers:
            await worker.server.stop(0)  # type: ignore[union-attr]
        with pytest.raises(CheckFailed):
            await checker.recompute(work[1])
        assert (checker.starved, checker.fed) == ({UnitKey(REQUEST.job_id, 0, 1)}, set())
        checker._journal.demand_secret(b"unit", REQUEST.job_id, 0, 1)
        checker._journal.keep_witness(REQUEST.job_id, 0, held.record.blind, held.ids)
        for stage in range(3):
            _, roots = await checker.recompute(work[stage])
            assert roots == wanted[stage]
        assert (checker.starved, len(checker.fed)) == (set(), 3)


async def test_a_source_that_keeps_a_checker_waiting_is_left_when_the_ids_come_on_demand(
    tiny_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answered(tiny_directory, tmp_path) as made, checking(made) as checker:
        wanted, work = asserted(made, 1), duty(made, 1)
        held = made.workers[0].library.find(REQUEST.job_id, 0, 0)
        assert held is not None
        asked = asyncio.Event()

        async def never(*_: Any) -> Any:
            asked.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(checker, "_fetch", never)
        monkeypatch.setattr(check, "PATIENCE_SECONDS", 0.01)
        checking_now = asyncio.ensure_future(checker.recompute(work))
        await asked.wait()
        checker._journal.demand_secret(b"unit", REQUEST.job_id, 0, 1)
        checker._journal.keep_witness(REQUEST.job_id, 0, held.record.blind, held.ids)
        checker.notice_witness(UnitKey(REQUEST.job_id, 0, 1), True)
        _, roots = await checking_now
        assert roots == wanted


async def test_rows_are_taken_from_who_has_them_although_the_ids_have_come_on_demand(
    tiny_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answered(tiny_directory, tmp_path) as made, checking(made) as checker:
        held = made.workers[0].library.find(REQUEST.job_id, 0, 0)
        assert held is not None
        checker._journal.demand_secret(b"unit", REQUEST.job_id, 0, 1)
        checker._journal.keep_witness(REQUEST.job_id, 0, held.record.blind, held.ids)
        checker.notice_witness(UnitKey(REQUEST.job_id, 0, 1), True)

        async def costly(*_: Any) -> bytes:
            raise AssertionError("all earlier layers are computed, and the rows are to be had")

        monkeypatch.setattr(checker, "_earlier_layers", costly)
        for stage in (1, 2):
            _, roots = await checker.recompute(duty(made, stage))
            assert roots == asserted(made, stage)


async def test_an_input_that_the_earlier_layers_do_not_give_accuses_the_first_false_stage(
    tiny_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answered(tiny_directory, tmp_path, ("", "row", "")) as made, checking(made) as checker:
        work = [duty(made, stage) for stage in range(3)]
        (_, right), false = await checker.recompute(work[1]), asserted(made, 1)
        assert right.out_root != false.out_root
        for stage in (1, 2):  # neither producer nor asserter of stage 2 gives its rows
            await made.workers[stage].server.stop(0)  # type: ignore[union-attr]
        with pytest.raises(EarlierStageFalse) as caught:
            await checker.recompute(work[2])
        job, units = work[2].job, [one.unit for one in work]
        assert job is not None

        async def find_job(_: int) -> SimpleNamespace:
            return SimpleNamespace(job=job, units=units)

        monkeypatch.setattr(made.node, "find_job", find_job, raising=False)
        last = units[2]
        assert last is not None
        stage, given, roots = await checker.first_false(job, last, caught.value.witness)
        assert (stage, roots) == (1, right)
        assert given.ids == caught.value.witness.ids


@pytest.mark.parametrize(("fault", "stage"), [("row", 0), ("row", 1), ("row", 2), ("token", 2)])
async def test_a_check_differs_from_a_cheat_and_confirms_the_others(
    tiny_directory: Path, tmp_path: Path, fault: str, stage: int
) -> None:
    faults = tuple(fault if index == stage else "" for index in range(3))
    async with answered(tiny_directory, tmp_path, faults) as made, checking(made) as checker:
        for index in range(3):
            (_, own), theirs = await checker.recompute(duty(made, index)), asserted(made, index)
            assert own.in_root == theirs.in_root
            assert (own == theirs) == (index != stage)


def request(
    keys: WorkerKeys, *, stage: int = 1, height: int = 100, signer: WorkerKeys | None = None
) -> wire.FetchRequest:
    unit = unit_id(CHAIN, REQUEST.job_id, 0, stage)
    return wire.FetchRequest(
        job_id=REQUEST.job_id,
        stage=stage,
        height=height,
        operator=keys.operator.address,
        signature=(signer or keys).sign(fetch_bytes(unit, height)),
    )


async def refusal(made: Ring, asked: wire.FetchRequest) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await made.stub(1).FetchUnit(asked).read()
    return refusal_name(caught.value.details())


async def test_only_eligible_checkers_get_the_input_and_only_after_the_draw(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made:
        header = await made.stub(1).FetchUnit(request(CHECKER)).read()
        assert (header.header.blind, header.header.tokens) == (REQUEST.blind, 9)
        assert header.header.num_rows == len(PROMPT) + 8
        assert await refusal(made, request(OUTSIDER)) == "NOT_ELIGIBLE"
        assert await refusal(made, request(made.node.keys[0])) == "NOT_ELIGIBLE"
        assert await refusal(made, request(CHECKER, signer=OUTSIDER)) == "WRONG_SIGNATURE"
        assert await refusal(made, request(CHECKER, height=5000)) == "FRAME_INVALID"
        assert await refusal(made, request(CHECKER, stage=6)) == "UNKNOWN_JOB"
        made.node.draw(REQUEST.job_id, 1, b"\x02", alpha=b"")
        assert await refusal(made, request(CHECKER)) == "TOO_EARLY"
        made.node.draw(REQUEST.job_id, 1, b"")
        assert await refusal(made, request(CHECKER)) == "NOT_ELIGIBLE"


async def test_while_the_job_is_in_dispute_every_active_worker_gets_the_input(
    tiny_directory: Path, tmp_path: Path
) -> None:
    async with answered(tiny_directory, tmp_path) as made:
        one = Dispute(
            1, DisputeKind.TRACE, REQUEST.job_id, 0, 1, bytes(20), bytes(20), b"", b"", b"", b"", 90, 200,
            DisputeStatus.OPEN, 0,
        )  # fmt: skip
        made.node.bonded = [STRANGER]
        made.node.disputed = [replace(one, attempt=1), replace(one, status=DisputeStatus.REFUTED)]
        assert await refusal(made, request(STRANGER)) == "NOT_ELIGIBLE"
        made.node.disputed.append(one)
        for stage in range(3):
            header = await made.stub(1).FetchUnit(request(STRANGER, stage=stage)).read()
            assert (header.header.blind, header.header.tokens) == (REQUEST.blind, 9)
        assert await refusal(made, request(STRANGER, signer=OUTSIDER)) == "WRONG_SIGNATURE"
        assert await refusal(made, request(worker_keys(b"nobody"))) == "NOT_ELIGIBLE"
