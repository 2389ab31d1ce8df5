"""A sample of the fault matrix through the real modules; `python -m benchmarks.faults` runs the whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.modules.disputes.game.shape import UnitShape
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.fault_matrix import Case, Kind, Outcome, cases, contents_of, run_batch
from tests.support.lived_network import lived_network
from tests.support.planted import Contents, Pipeline
from tests.support.tiny_model import TinyShape, write_tiny_model

PROMPT = tuple((7 * at + 3) % 250 for at in range(66))
OUTPUTS = 3
LAST = {len(PROMPT) + OUTPUTS - 2: "last"}
SEEDED = SamplerSpec(SamplerKind.TEMPERATURE, 4000, 20)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    shape = TinyShape(layers=5, hidden=64, heads=2, kv_heads=1, inner=64, vocabulary=300, head_size=32)
    manifest = convert(write_tiny_model(work / "source", shape), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def _pipeline(model: ModelFiles, sampler: SamplerSpec) -> Pipeline:
    shape = UnitShape(model.header, 0, model.header.num_layers, len(PROMPT), OUTPUTS, sampler)
    return Pipeline(model, ((0, 2), (2, 4), (4, 5)), shape, PROMPT)


def _planted(pipeline: Pipeline, kind: Kind, count: int, *, only_outputs: bool = False) -> list[tuple[Case, Contents]]:
    """Cases spread evenly over stages and operators, of those that show in a commitment."""
    found = list(cases(pipeline, kind, LAST, only_outputs=only_outputs))
    made: list[tuple[Case, Contents]] = []
    for case in found[:: max(1, len(found) // (2 * count))]:
        contents, shows = contents_of(pipeline, case)
        if shows and len(made) < count:
            made.append((case, contents))
    assert len(made) == count
    return made


def _right(outcome: Outcome) -> Outcome:
    """What a case has to come to."""
    return replace(
        outcome,
        is_planted=True,
        is_detected=True,
        is_right=True,
        is_exact=True,
        is_answered=True,
        honest_slashed=0,
        detail="",
    )


def test_false_units_and_lying_checkers_pay_exactly_and_nobody_else(tmp_path: Path, model: ModelFiles) -> None:
    pipeline = _pipeline(model, SamplerSpec())
    planted = _planted(pipeline, Kind.FALSE_UNIT, 8) + _planted(pipeline, Kind.LYING_CHECKER, 4)
    with lived_network(tmp_path, pipeline) as net:
        outcomes = run_batch(net, planted)
    assert outcomes == [_right(one) for one in outcomes]
    assert {one.case.stage for one in outcomes} == {0, 1, 2}
    assert max(one.rounds for one in outcomes) <= 7
    assert max(one.bytes for one in outcomes) < 100 * 1024


def test_a_puppet_in_the_challengers_seat_changes_nothing_for_the_honest(tmp_path: Path, model: ModelFiles) -> None:
    pipeline = _pipeline(model, SamplerSpec())
    planted = [case for kind in (Kind.LUCKY, Kind.TRAITOR, Kind.GARBAGE) for case in _planted(pipeline, kind, 3)]
    with lived_network(tmp_path, pipeline) as net:
        outcomes = run_batch(net, planted)
        assert net.refused
    assert outcomes == [_right(one) for one in outcomes]


def test_a_sampled_token_is_as_refutable_as_a_greedy_one(tmp_path: Path, model: ModelFiles) -> None:
    pipeline = _pipeline(model, SEEDED)
    planted = _planted(pipeline, Kind.FALSE_UNIT, 5, only_outputs=True)
    with lived_network(tmp_path, pipeline) as net:
        outcomes = run_batch(net, planted)
    assert outcomes == [_right(one) for one in outcomes]
