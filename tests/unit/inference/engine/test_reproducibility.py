"""One right answer: the same bits for every thread count, batch, chunking, split and implementation."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.engine.engine import Engine, run_unit
from inference.engine.rows import RowChunk, TokenChunk, row_bytes
from inference.engine.sampler import sample
from inference.numerics.kernels import FloatKernel, IntMatmulKernel, OneDnnKernel
from inference.shards.loader import load, read_header
from inference.shards.spec import ShardSpec
from tests.support.reference_model import ReferenceModel

Answers = tuple[list[RowChunk], npt.NDArray[np.int32]]
"""Rows after every layer, and logits."""
PROMPT = tuple(int(i) for i in np.random.Generator(np.random.PCG64(1)).integers(0, 300, 90))
"""Longer than one chunk of the engine."""


def shard(directory: Path, start: int = 0, end: int | None = None) -> Engine:
    layers = read_header(directory).num_layers
    end = layers if end is None else end
    spec = ShardSpec(bytes.fromhex(directory.name), start, end)
    return Engine(load(directory, spec, with_embedding=start == 0, with_head=end == layers))


def run(engine: Engine, chunks: list[tuple[int, ...]]) -> Answers:
    session = engine.open(sum(map(len, chunks)))
    pieces = [engine.forward(session, TokenChunk(chunk)) for chunk in chunks]
    rows = [RowChunk.stack(layer) for layer in zip(*pieces, strict=True)]
    return rows, engine.logits(rows[-1])


@pytest.fixture(scope="module")
def engine(tiny_directory: Path) -> Engine:
    return shard(tiny_directory)


@pytest.fixture(scope="module")
def expected(engine: Engine) -> Answers:
    torch.set_num_threads(1)
    return run(engine, [PROMPT])


def assert_same(found: list[RowChunk], expected: list[RowChunk]) -> None:
    assert len(found) == len(expected)
    assert all(a.equals(b) for a, b in zip(found, expected, strict=True))


def test_equals_the_independent_referee(tiny_directory: Path, expected: Answers) -> None:
    referee = ReferenceModel(tiny_directory)
    for position, token in enumerate(PROMPT):
        rows, logits = referee.step(token)
        assert [row_bytes(layer, position) for layer in expected[0]] == rows
        assert np.array_equal(logits, expected[1][position])


def test_equals_the_referee_with_two_tiles_and_an_untied_head(wide_directory: Path) -> None:
    rows, logits = run(shard(wide_directory), [PROMPT[:12]])
    referee = ReferenceModel(wide_directory)
    for position, token in enumerate(PROMPT[:12]):
        expected_rows, expected_logits = referee.step(token)
        assert [row_bytes(layer, position) for layer in rows] == expected_rows
        assert np.array_equal(logits[position], expected_logits)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "cuts",
    [tuple(range(1, 90)), (64,), (5, 6, 23, 43, 48), (1, 2, 3, 89)],
    ids=["token-by-token", "64+26", "irregular", "ends"],
)
def test_chunking_and_threads_change_nothing(
    engine: Engine, expected: Answers, cuts: tuple[int, ...], threads: int
) -> None:
    torch.set_num_threads(threads)
    bounds = [0, *cuts, len(PROMPT)]
    rows, logits = run(engine, [PROMPT[a:b] for a, b in pairwise(bounds)])
    assert_same(rows, expected[0])
    assert np.array_equal(logits, expected[1])


def test_a_batch_of_eight_sessions_changes_nothing(engine: Engine, expected: Answers) -> None:
    sessions = [engine.open(90) for _ in range(8)]
    for index, session in enumerate(sessions):  # each at another position
        engine.forward(session, TokenChunk(PROMPT[: 3 + 5 * index]))
    for _ in range(4):
        work = [(session, TokenChunk(PROMPT[session.position : session.position + 1])) for session in sessions]
        results = engine.step(work)
        rows = RowChunk.stack([result[-1] for result in results])
        at = [session.position - 1 for session in sessions]
        assert np.array_equal(engine.logits(rows), expected[1][at])
        for result, position in zip(results, at, strict=True):
            assert_same(result, [layer[position : position + 1] for layer in expected[0]])


@pytest.mark.parametrize("cuts", [(2,), (1, 4), (1, 2, 3, 4)], ids=["2 shards", "3 shards", "5 shards"])
def test_splitting_the_model_changes_nothing(tiny_directory: Path, expected: Answers, cuts: tuple[int, ...]) -> None:
    bounds = [0, *cuts, 5]
    stages = [shard(tiny_directory, a, b) for a, b in pairwise(bounds)]
    sessions = [stage.open(90) for stage in stages]
    position = 0
    for count in (70, 1, 1, 18):
        chunk: TokenChunk | RowChunk = TokenChunk(PROMPT[position : position + count])
        found: list[RowChunk] = []
        for stage, session in zip(stages, sessions, strict=True):
            rows = stage.forward(session, chunk)
            found += rows
            chunk = RowChunk.from_bytes(rows[-1].to_bytes(), 128)  # what crosses the wire
        assert_same(found, [layer[position : position + count] for layer in expected[0]])
        assert np.array_equal(stages[-1].logits(found[-1]), expected[1][position : position + count])
        position += count


@pytest.mark.parametrize("kernel", [OneDnnKernel(), IntMatmulKernel(), FloatKernel()], ids=lambda kernel: kernel.name)
def test_every_kernel_gives_the_same_bits(
    tiny_directory: Path,
    expected: Answers,
    kernel: OneDnnKernel | IntMatmulKernel | FloatKernel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from inference.engine import engine as module
    from inference.numerics.selftest import exact_kernels

    monkeypatch.setattr(module, "exact_kernels", lambda lengths: exact_kernels(lengths, [kernel]))
    rows, logits = run(shard(tiny_directory), [PROMPT])
    assert_same(rows, expected[0])
    assert np.array_equal(logits, expected[1])


def test_a_unit_recomputed_in_one_pass_equals_its_generation(tiny_directory: Path, expected: Answers) -> None:
    spec = ShardSpec(bytes.fromhex(tiny_directory.name), 2, 4)
    assert_same(run_unit(tiny_directory, spec, expected[0][1]), expected[0][2:4])


def test_sampled_tokens_are_the_same_in_one_process_and_in_two_stages(tiny_directory: Path, engine: Engine) -> None:
    sampler = SamplerSpec(SamplerKind.TEMPERATURE, inverse_temperature=round(4096 * 1.4427 / 0.8), top_k=40)
    seed = bytes(range(32))

    def generate(stages: list[Engine]) -> list[int]:
        sessions = [stage.open(120) for stage in stages]
        ids, out = PROMPT[:20], []
        for index in range(24):
            chunk: TokenChunk | RowChunk = TokenChunk(ids)
            for stage, session in zip(stages, sessions, strict=True):
                chunk = stage.forward(session, chunk)[-1]
            assert isinstance(chunk, RowChunk)
            out.append(sample(stages[-1].logits(chunk[-1:])[0], sampler, seed, index))
            ids = (out[-1],)
        return out

    tokens = generate([engine])
    assert tokens == generate([shard(tiny_directory, 0, 3), shard(tiny_directory, 3, 5)])
    assert len(set(tokens)) > 8  # the seed draws; it does not repeat one id


@pytest.mark.model
def test_smollm2_answers_sensibly_and_equals_the_referee(smollm2_directory: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(smollm2_directory / "tokenizer.json"))
    text = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    ids = tuple(tokenizer.encode(text).ids)
    engine = shard(smollm2_directory)
    session = engine.open(64)
    rows = engine.forward(session, TokenChunk(ids))
    out: list[int] = []
    last = rows[-1][-1:]
    while len(out) < 12:
        out.append(sample(engine.logits(last)[0], SamplerSpec(), b"", len(out)))
        last = engine.forward(session, TokenChunk((out[-1],)))[-1]
    assert "Paris" in tokenizer.decode(out)
    referee = ReferenceModel(smollm2_directory)
    for position, token in enumerate(ids[:3]):
        expected_rows, logits = referee.step(token)
        assert [row_bytes(layer, position) for layer in rows] == expected_rows
        assert np.array_equal(logits, engine.logits(rows[-1][position : position + 1])[0])
