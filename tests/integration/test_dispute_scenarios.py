"""Two liars at once, and an asserter that falls silent at each round: everybody who is wrong pays, nobody else."""

from pathlib import Path

import pytest

from chain.modules.disputes.types import DisputeStatus, PlayStatus, Turn
from chain.modules.jobs.types import CloseReason, JobStatus
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.endings import SHAPE, SILENCES, fault_of, pipeline_of, silent_at, two_checkers, two_stages
from tests.support.lived_network import (
    BOND,
    EVERYBODY,
    LivedNetwork,
    lived_network,
)
from tests.support.network import CHECKERS, SERVERS
from tests.support.planted import Pipeline, lying_asserters, lying_checker
from tests.support.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", SHAPE), work / "models")
    return pipeline_of(ModelFiles(work / "models" / manifest.model_root.hex()))


def _lost(net: LivedNetwork) -> dict[str, int]:
    """What everybody has lost of its bond."""
    lost = {who.name: BOND - net.worker(who).bond for who in EVERYBODY}
    return {name: amount for name, amount in lost.items() if amount}


def _bond(net: LivedNetwork, job_id: int, stage: int) -> int:
    return net.units_of_first(job_id)[stage].terms.bond


def _statuses(net: LivedNetwork, job_id: int) -> list[tuple[int, str]]:
    return [(one.stage, one.status.name) for one in net.disputes_of(job_id)]


def test_two_stages_that_lie_in_one_job_both_pay_and_others_answer(tmp_path: Path, pipeline: Pipeline) -> None:
    made = two_stages(pipeline)
    with lived_network(tmp_path, pipeline) as net:
        (job_id,) = net.ask(made)
        net.live_until_closed([job_id])
        net.chain.check_invariants()
        assert _statuses(net, job_id) == [(0, "REFUTED")] * 3 + [(2, "REFUTED")] * 3
        assert _lost(net) == {
            SERVERS[0].name: _bond(net, job_id, 0),
            SERVERS[2].name: _bond(net, job_id, 2),
        }
        job = net.job(job_id)
        assert (job.status, job.attempt, job.close_reason) == (JobStatus.FINAL, 1, CloseReason.SETTLED)


def test_a_checker_that_lies_about_a_false_unit_pays_only_if_it_loses_its_line(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    made = lying_asserters(pipeline, fault_of(pipeline, 1, "U"))
    other = lying_checker(pipeline, CHECKERS[0].name, fault_of(pipeline, 1, "GU"))
    made.views[CHECKERS[0].name] = other.view(CHECKERS[0].name)
    with lived_network(tmp_path, pipeline) as net:
        net.is_first_only = False
        (job_id,) = net.ask(made)
        net.live_until_closed([job_id])
        net.chain.check_invariants()
        lines = [net.lines_of(one)[0] for one in net.disputes_of(job_id)]
        has_lost = any(line.status == PlayStatus.LOST for line in lines if line.opener == CHECKERS[0].address)
        guilty = [SERVERS[1].name, *([CHECKERS[0].name] if has_lost else [])]
        assert _lost(net) == dict.fromkeys(guilty, _bond(net, job_id, 1))
        assert net.job(job_id).attempt == 1


def test_two_checkers_with_different_lies_both_pay_and_the_honest_answer_stands(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    names = [who.name for who in CHECKERS]
    made = two_checkers(pipeline)
    with lived_network(tmp_path, pipeline) as net:
        net.is_first_only = False
        (job_id,) = net.ask(made)
        net.live_until_closed([job_id])
        net.chain.check_invariants()
        assert _statuses(net, job_id) == [(1, "UPHELD")] * 2
        assert _lost(net) == dict.fromkeys(names, _bond(net, job_id, 1))
        job = net.job(job_id)
        assert (job.status, job.attempt, job.close_reason) == (JobStatus.FINAL, 0, CloseReason.SETTLED)


def test_an_asserter_that_falls_silent_at_any_round_pays_and_others_answer(tmp_path: Path, pipeline: Pipeline) -> None:
    made = [lying_asserters(pipeline, fault_of(pipeline, 1, name, kind)) for name, kind in SILENCES.values()]
    with lived_network(tmp_path, pipeline) as net:
        ids = net.ask(*made)
        for job_id, at in zip(ids, SILENCES, strict=True):
            net.players[job_id, SERVERS[1].name] = silent_at(at)
        net.live_until_closed(ids)
        net.chain.check_invariants()
        for job_id, at in zip(ids, SILENCES, strict=True):
            first = net.disputes_of(job_id)[0]
            reached = net.lines_of(first)[0].line
            assert (first.status, reached.round, reached.turn) == (DisputeStatus.REFUTED, at, Turn.REVEAL)
            job = net.job(job_id)
            assert (job.status, job.attempt, job.close_reason) == (JobStatus.FINAL, 1, CloseReason.SETTLED)
        assert _lost(net) == {SERVERS[1].name: sum(_bond(net, job_id, 1) for job_id in ids)}
