"""Units that receipts assert: without a seal, yet bound to what they received and sent, and judged like any other."""

from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import DisputeKind, DisputeStatus, PlayStatus
from chain.modules.jobs.types import CloseReason, JobStatus, UnitStatus
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, STRANGER
from tests.support.game_moves import let_lie
from tests.support.network import BOND, CHECKERS, SERVERS
from tests.support.tiny_model import TinyShape, write_tiny_model
from tests.support.unsealed import UNSEALED, unsealed_network


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def test_a_false_unit_without_a_seal_is_refuted_from_what_it_reveals(tmp_path: Path, model: ModelFiles) -> None:
    with unsealed_network(tmp_path, model, (UNSEALED, FAULT)) as net:
        job, found = net.dispute_job()
        assert {(one.kind, one.stage, one.status) for one in found} == {
            (DisputeKind.TRACE, UNSEALED, DisputeStatus.OPEN)
        }
        bond = net.units(job.job_id)[UNSEALED].terms.bond
        # Before its first reveal nothing binds its sections, so nobody may reveal them in its place.
        assert net.step(found[0], {}, who=STRANGER).code == Code.NOT_YOUR_LINE
        net.finish(found[0])
        ended = disputes.dispute(net.store, found[0].dispute_id)
        assert (ended.status, net.worker(SERVERS[UNSEALED]).bond) == (DisputeStatus.REFUTED, BOND - bond)
        for who in (SERVERS[0], SERVERS[2], *CHECKERS):
            assert net.worker(who).bond == BOND
        net.chain.check_invariants()


def test_a_checker_that_lies_about_a_unit_without_a_seal_loses(tmp_path: Path, model: ModelFiles) -> None:
    with unsealed_network(tmp_path, model, None) as net:
        let_lie(net, CHECKERS[0])
        job, found = net.dispute_job()
        first = found[0]
        assert (first.kind, first.stage, first.challenger) == (DisputeKind.TRACE, UNSEALED, CHECKERS[0].address)
        bond = net.units(job.job_id)[UNSEALED].terms.bond
        net.finish(first)
        assert net.play(first).status == PlayStatus.LOST
        end = net.chain.height + 200
        while net.job(job.job_id).status != JobStatus.FINAL:
            net.chain.run_block()
            assert net.chain.height < end
        assert net.worker(CHECKERS[0]).bond == BOND - bond
        assert [net.worker(who).bond for who in (*SERVERS, CHECKERS[1])] == [BOND] * 4
        net.chain.check_invariants()


def test_a_right_unit_without_a_seal_is_asked_once_and_loses_its_fee_alone(tmp_path: Path, model: ModelFiles) -> None:
    with unsealed_network(tmp_path, model, None) as net:
        job, found = net.dispute_job()
        assert found == []
        unit = net.units(job.job_id)[UNSEALED]
        while not (found := list(disputes.disputes_of(net.store, job.job_id))):
            net.chain.run_block()
        assert (found[0].kind, found[0].stage, len(found)) == (DisputeKind.SILENCE, UNSEALED, 1)
        net.ok(net.step(found[0], {}))
        assert disputes.dispute(net.store, found[0].dispute_id).status == DisputeStatus.OPENED
        while net.job(job.job_id).status != JobStatus.FINAL:
            net.chain.run_block()
        closed = net.job(job.job_id)
        assert closed.close_reason == CloseReason.SETTLED_UNOPENED
        assert net.units(job.job_id)[UNSEALED].status == UnitStatus.UNOPENED
        assert net.worker(SERVERS[UNSEALED]).bond == BOND - unit.terms.fee
        assert [net.worker(who).bond for who in (SERVERS[0], SERVERS[2], *CHECKERS)] == [BOND] * 4
        net.chain.check_invariants()
