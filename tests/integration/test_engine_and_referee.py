"""The engine against the referee: two implementations of one specification agree on every committed byte."""

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from chain.crypto.merkle import Kind, lr
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.engine.engine import Engine
from inference.engine.rows import RowChunk, TokenChunk
from inference.engine.sampler import logit_checksum, sample
from inference.models.convert import convert
from inference.proofs.trace import TraceRecorder, UnitTrace
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from localnet.model import smollm2
from tests.support.referee_model import RefereeModel, Run
from tests.support.tiny_model import TinyShape, write_tiny_model

BLIND, SEED, PROMPT, OUTPUTS = b"b" * 32, b"s" * 32, [5, 9, 250, 7, 5], 7
SAMPLERS = {
    "greedy": SamplerSpec(),
    "temperature": SamplerSpec(SamplerKind.TEMPERATURE, 6000, 0),
    "top_k": SamplerSpec(SamplerKind.TEMPERATURE, 4000, 20),
}
FACTORS = {"v_proj": 10_000.0, "down_proj": 30.0, "gate_proj": 100.0, "up_proj": 100.0}
"""Weights that the saturating model has multiplied, so that cached values and linear maps meet their limits."""
SHAPES = {
    "saturating": TinyShape(layers=3),
    "grouped": TinyShape(layers=3),
    "wide": TinyShape(layers=2, hidden=1088, heads=2, kv_heads=1, inner=64, vocabulary=300, tied=False, head_size=32),
}


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    folder: Path
    root: bytes
    layers: int


@pytest.fixture(scope="module", params=SHAPES, ids=list(SHAPES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    shape = SHAPES[request.param]
    work = tmp_path_factory.mktemp(request.param)
    source = write_tiny_model(work / "source", shape)
    if request.param == "saturating":
        _multiply(source / "model.safetensors")
    manifest = convert(source, work / "models")
    return Model(request.param, work / "models" / manifest.model_root.hex(), manifest.model_root, shape.layers)


def _multiply(path: Path) -> None:
    weights = load_file(path)
    for name in weights:
        for part, factor in FACTORS.items():
            if part in name:
                weights[name] = (weights[name] * factor).astype(weights[name].dtype)
    save_file(weights, path, metadata={"format": "pt"})


@pytest.fixture(scope="module")
def referee(model: Model) -> RefereeModel:
    return RefereeModel(model.folder)


def _engine(model: Model, start: int, end: int) -> Engine:
    spec = ShardSpec(model.root, start, end)
    return Engine(load(model.folder, spec, with_embedding=start == 0, with_head=end == model.layers))


def _run_stages(model: Model, cuts: list[int], sampler: SamplerSpec) -> list[UnitTrace]:
    """Run a job over stages, decode one position at a time, and return their traces."""
    stages = [_engine(model, start, end) for start, end in pairwise(cuts)]
    sessions = [stage.open(len(PROMPT) + OUTPUTS) for stage in stages]
    recorders = [TraceRecorder(s.header, s.spec.start, s.spec.end, BLIND) for s in stages]
    position, ids = 0, tuple(PROMPT)
    for output in range(OUTPUTS):
        chunk: TokenChunk | RowChunk = TokenChunk(ids)
        for stage, session, recorder in zip(stages, sessions, recorders, strict=True):
            if isinstance(chunk, RowChunk):
                recorder.add_rows(stage.spec.start - 1, position, chunk)
            rows = stage.forward(session, chunk)
            for layer, part in enumerate(rows, stage.spec.start):
                recorder.add_rows(layer, position, part)
            chunk = rows[-1]
        assert isinstance(chunk, RowChunk)
        logits = stages[-1].logits(chunk[len(chunk) - 1 :])[0]
        position += len(ids)
        ids = (sample(logits, sampler, SEED, output),)
        recorders[-1].add_output(*logit_checksum(logits), ids[0])
    return [recorder.finish(position, OUTPUTS) for recorder in recorders]


def _sections(run: Run, start: int, end: int, layers: int) -> tuple[bytes, ...]:
    rows = tuple(run.section(layer) for layer in range(start, end))
    return (*rows, run.checksums(), run.tokens_root(BLIND)) if end == layers else rows


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=list(SAMPLERS))
def test_every_section_of_every_stage_is_the_referees(
    model: Model, referee: RefereeModel, sampler: SamplerSpec
) -> None:
    run = referee.generate(PROMPT, OUTPUTS, sampler, SEED)
    for cuts in ([0, model.layers], [0, 1, model.layers]):
        for trace, start, end in zip(_run_stages(model, cuts, sampler), cuts[:-1], cuts[1:], strict=True):
            sections = _sections(run, start, end, model.layers)
            assert trace.sections == sections
            assert trace.body_root == lr(Kind.SEC, sections[:-1])
            assert trace.input_section == (run.section(start - 1) if start else b"")
            assert trace.positions == len(PROMPT) + OUTPUTS - 1
            if end == model.layers:
                assert list(trace.tokens) == run.tokens


def test_every_logit_is_the_referees(model: Model, referee: RefereeModel) -> None:
    run = referee.generate(PROMPT, OUTPUTS)
    if model.name == "saturating":
        values = {value for layer in referee.layers for head in layer.values for row in head for value in row}
        assert {-32768, 32767} <= values
        assert referee.saturated > 0
    engine = _engine(model, 0, model.layers)
    fed = tuple(PROMPT + run.tokens[:-1])
    rows = engine.forward(engine.open(len(fed)), TokenChunk(fed))
    logits = engine.logits(rows[-1][len(PROMPT) - 1 :])
    assert [tuple(map(int, row)) for row in logits] == run.logits
    assert [
        [rows[layer][at : at + 1].to_bytes() for at in range(len(fed))] for layer in range(model.layers)
    ] == run.rows


def test_more_than_one_attention_block_agrees(model: Model, referee: RefereeModel) -> None:
    prompt = [(7 * at) % 250 for at in range(70)]
    run = referee.generate(prompt, 1)
    engine = _engine(model, 0, model.layers)
    rows = engine.forward(engine.open(len(prompt)), TokenChunk(tuple(prompt)))
    for layer in range(model.layers):
        assert rows[layer].to_bytes() == b"".join(run.rows[layer])


@pytest.mark.model
def test_smollm2_agrees_in_every_row_and_logit() -> None:
    found = smollm2()
    referee = RefereeModel(found.directory)
    run = referee.generate([1, 4093], 1)
    header, spec = referee.header, ShardSpec(found.root, 0, referee.header.num_layers)
    engine = Engine(load(found.directory, spec, with_embedding=True, with_head=True))
    rows = engine.forward(engine.open(2), TokenChunk((1, 4093)))
    for layer in range(header.num_layers):
        assert rows[layer].to_bytes() == b"".join(run.rows[layer])
    assert tuple(map(int, engine.logits(rows[-1][1:])[0])) == run.logits[0]
