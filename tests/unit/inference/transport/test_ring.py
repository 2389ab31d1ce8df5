"""Workers joined by real sockets give what one engine gives, bit for bit."""

import asyncio
import itertools
from pathlib import Path

import pytest

from chain.crypto.hashing import cancel_bytes, unit_id
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from chain.wire.worker.v1 import worker_pb2 as wire
from inference.engine.engine import run_unit
from inference.engine.rows import TokenChunk, row_size
from inference.journal import RunRecord
from inference.proofs.commit import tokens_root
from inference.proofs.trace import TraceRecorder, input_of_stage_zero
from inference.shards.spec import ShardSpec
from tests.support.worker_ring import CHAIN, Request, Ring, expected_tokens, ring

pytestmark = pytest.mark.anyio
PROMPT = tuple(range(3, 73))
"""Longer than one chunk."""
CUTS = {1: (0, 5), 2: (0, 2, 5), 3: (0, 2, 4, 5)}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def records(made: Ring, request: Request) -> list[RunRecord]:
    for worker in made.workers:
        await worker.ended(request.job_id)
    return [worker.journal.run(unit_id(CHAIN, request.job_id, 0, worker.stage)) for worker in made.workers]


def assert_roots(directory: Path, made: Ring, request: Request, tokens: list[int], found: list[RunRecord]) -> None:
    """Compare every stage's roots with a batched recomputation of the whole model."""
    ids = (*request.prompt, *tokens)[:-1]
    layers = run_unit(directory, ShardSpec(bytes.fromhex(directory.name), 0, made.header.num_layers), TokenChunk(ids))
    for worker, record in zip(made.workers, found, strict=True):
        start, end = made.node.cuts[worker.stage], made.node.cuts[worker.stage + 1]
        assert record.tokens == len(tokens)
        trace = TraceRecorder(made.header, start, end, request.blind)
        for layer in range(max(0, start - 1) if start else 0, end):
            trace.add_rows(layer, 0, layers[layer])
        if worker.stage < len(made.workers) - 1:
            answer = tokens_root(request.blind, tokens)
            zero = b"" if start else input_of_stage_zero(request.blind, list(request.prompt), answer)
            roots = trace.finish(len(ids), len(tokens)).chain_roots(request.blind, zero)
            assert (record.in_root, record.body_root, record.out_root) == (
                roots.in_root, roots.body_root, roots.out_root,
            )  # fmt: skip
        else:
            assert record.out_root == tokens_root(request.blind, tokens)


@pytest.mark.parametrize("stages", [1, 2, 3])
async def test_any_number_of_stages_gives_the_tokens_and_roots_of_one_engine(
    tiny_directory: Path, tmp_path: Path, stages: int
) -> None:
    request = Request(1, PROMPT, 40)
    async with ring(tiny_directory, CUTS[stages], tmp_path) as made:
        tokens = await made.ask(request)
        found = await records(made, request)
    assert tokens == expected_tokens(tiny_directory, request)
    assert_roots(tiny_directory, made, request, tokens, found)


async def test_neighbours_roots_and_receipts_agree(tiny_directory: Path, tmp_path: Path) -> None:
    request = Request(1, PROMPT, 20)
    async with ring(tiny_directory, CUTS[3], tmp_path) as made:
        await made.ask(request)
        found = await records(made, request)
        assert found[0].out_root == found[1].in_root
        assert found[1].out_root == found[2].in_root
        for worker in made.workers:
            unit = unit_id(CHAIN, 1, 0, worker.stage)
            final = [receipt for receipt in worker.journal.receipts(unit) if receipt[1]]
            assert len(final) == 1
            assert final[0][4], "counter-signed"
            if worker.stage < 2:
                counts = [receipt[0] for receipt in worker.journal.receipts(unit)]
                assert all(later - earlier <= 64 for earlier, later in itertools.pairwise(counts))


async def test_a_seeded_sampler_and_a_stop_id_end_the_answer_where_one_engine_does(
    tiny_directory: Path, tmp_path: Path
) -> None:
    sampler = SamplerSpec(SamplerKind.TEMPERATURE, 4096, 40)
    free = expected_tokens(tiny_directory, Request(1, PROMPT, 30, sampler=sampler, seed=b"s" * 32))
    stop = free[11]
    request = Request(1, PROMPT, 30, stop_ids=(stop,), sampler=sampler, seed=b"s" * 32)
    async with ring(tiny_directory, CUTS[3], tmp_path) as made:
        tokens = await made.ask(request)
        found = await records(made, request)
    assert tokens == free[: free.index(stop) + 1]
    assert_roots(tiny_directory, made, request, tokens, found)


async def test_several_jobs_at_once_do_not_change_each_other(tiny_directory: Path, tmp_path: Path) -> None:
    requests = [Request(number, PROMPT[number:], 24) for number in range(1, 5)]
    async with ring(tiny_directory, CUTS[2], tmp_path) as made:
        answers = await asyncio.gather(*(made.ask(request) for request in requests))
    assert answers == [expected_tokens(tiny_directory, request) for request in requests]


async def test_a_cancel_signed_by_the_session_key_fixes_the_end_and_drops_later_work(
    tiny_directory: Path, tmp_path: Path
) -> None:
    request = Request(1, PROMPT, 300)
    async with ring(tiny_directory, CUTS[3], tmp_path) as made:
        first = await made.ask(request, count=8)
        signature = request.session.sign(cancel_bytes(CHAIN, 1, 0, 5)).signature
        answer = await made.stub(-1).Cancel(wire.CancelRequest(job_id=1, tokens=5, signature=signature))
        again = await made.stub(-1).Cancel(wire.CancelRequest(job_id=1, tokens=5, signature=signature))
        found = await records(made, request)
        kept = made.workers[-1].journal.find_cancel(unit_id(CHAIN, 1, 0, 2))
    assert (answer.tokens, again.tokens) == (5, 5)
    assert kept == (5, signature)  # it goes with the result: without it the answer would end too early
    assert_roots(tiny_directory, made, request, first[:5], found)


@pytest.mark.parametrize("stage", [0, 1, 2])
async def test_a_worker_that_is_killed_in_the_middle_goes_on_from_its_journal(
    tiny_directory: Path, tmp_path: Path, stage: int
) -> None:
    request = Request(1, PROMPT, 120)
    async with ring(tiny_directory, CUTS[3], tmp_path) as made:
        await made.ask(request, count=20)
        await made.restart(stage, [1])
        found = await records(made, request)
        call = made.stub(-1).Tokens(wire.TokensRequest(job_id=1, blind=request.blind, start=20))
        rest = [token async for frame in call for token in frame.ids]
    expected = expected_tokens(tiny_directory, request)
    assert rest == expected[20:]
    assert_roots(tiny_directory, made, request, expected, found)


async def test_a_worker_that_is_killed_after_the_end_delivers_what_it_owes(
    tiny_directory: Path, tmp_path: Path
) -> None:
    request = Request(1, PROMPT, 12)
    async with ring(tiny_directory, CUTS[2], tmp_path) as made:
        await made.ask(request)
        before = await records(made, request)
        for stage in (0, 1):
            await made.restart(stage, [1])
        assert await records(made, request) == before


async def test_an_altered_row_passes_every_receiver_and_changes_the_unit_of_the_cheat_alone(
    tiny_directory: Path, tmp_path: Path
) -> None:
    request = Request(1, PROMPT, 6)
    async with ring(tiny_directory, CUTS[3], tmp_path, faults=["", "row", ""]) as made:
        tokens = await made.ask(request)
        found = await records(made, request)
    width = row_size(made.header.hidden_size)
    rows = (tmp_path / "worker1" / "rows" / found[1].unit.hex() / "in").read_bytes()
    assert len(rows) == width * (len(PROMPT) + len(tokens) - 1)
    honest = run_unit(
        tiny_directory,
        ShardSpec(bytes.fromhex(tiny_directory.name), 0, 4),
        TokenChunk((*PROMPT, *tokens)[:-1]),
    )
    assert honest[1].to_bytes() == rows
    sent = (tmp_path / "worker2" / "rows" / found[2].unit.hex() / "in").read_bytes()
    altered = [
        at for at in range(len(sent) // width)
        if sent[at * width : (at + 1) * width] != honest[3].to_bytes()[at * width : (at + 1) * width]
    ]  # fmt: skip
    assert altered == [1]
