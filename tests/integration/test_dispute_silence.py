"""A seal that is not opened although a check was revealed: the asserter gets a clock, and silence costs S."""

from pathlib import Path

import pytest

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import Dispute, DisputeKind, DisputeStatus, PlayStatus
from chain.modules.jobs.types import CloseReason, Job, JobStatus, UnitStatus
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import DisputeNetwork, dispute_network
from tests.support.game_moves import DISPUTED, unopened_job
from tests.support.network import BOND, CHECKERS, SERVERS
from tests.support.tiny_model import TinyShape, write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def unopened(net: DisputeNetwork) -> tuple[Job, Dispute]:
    """A job whose checks are all revealed and whose second stage lets its window pass."""
    job = unopened_job(net)
    (found,) = disputes.disputes_of(net.store, job.job_id)
    assert (found.kind, found.stage, found.asserter) == (DisputeKind.SILENCE, DISPUTED, SERVERS[DISPUTED].address)
    assert found.challenger == min(who.address for who in CHECKERS)
    assert net.job(job.job_id).status == JobStatus.DISPUTED
    net.chain.check_invariants()
    return net.job(job.job_id), found


def test_an_asserter_that_opens_late_loses_r_and_its_fee_and_the_job_is_settled(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job, found = unopened(net)
        fee = net.units(job.job_id)[DISPUTED].terms.fee
        net.ok(net.step(found, {}))
        ended = disputes.dispute(net.store, found.dispute_id)
        assert (ended.status, ended.slashed) == (DisputeStatus.OPENED, fee)
        assert net.play(found).status == PlayStatus.ENDED
        net.chain.check_invariants()
        net.chain.run_block()
        closed, units = net.job(job.job_id), net.units(job.job_id)
        assert (closed.status, closed.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED_UNOPENED)
        assert [unit.status for unit in units] == [UnitStatus.FINAL, UnitStatus.UNOPENED, UnitStatus.FINAL]
        assert (units[0].paid > 0, units[DISPUTED].paid, units[2].paid > 0) == (True, 0, True)
        assert net.worker(SERVERS[DISPUTED]).bond == BOND - fee
        assert [net.worker(who).bond for who in (SERVERS[0], SERVERS[2], *CHECKERS)] == [BOND] * 4
        net.chain.check_invariants()


def test_an_asserter_that_stays_silent_loses_s_and_the_job_runs_again(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job, found = unopened(net)
        bond = net.units(job.job_id)[DISPUTED].terms.bond
        net.chain.run_until(net.play(found).deadline - 1)
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.OPEN
        net.chain.run_block()
        ended = disputes.dispute(net.store, found.dispute_id)
        assert (ended.status, ended.slashed) == (DisputeStatus.REFUTED, bond)
        assert net.worker(SERVERS[DISPUTED]).bond == BOND - bond
        assert [net.worker(who).bond for who in (SERVERS[0], SERVERS[2], *CHECKERS)] == [BOND] * 4
        again = net.job(job.job_id)
        assert (again.status, again.attempt, again.escrow) == (JobStatus.WAITING, 1, job.escrow)
        net.chain.check_invariants()


def test_a_late_opening_that_differs_from_the_checks_is_disputed_as_any_difference(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        # Both checkers computed another inside of the unit than its asserter, with the same output.
        views = list(net.job3.checked)
        views[DISPUTED] = net.job3.asserted[DISPUTED]
        real = net.roots

        def other_body(who: object, unit: object) -> dict[str, bytes]:
            roots = real(who, unit)  # type: ignore[arg-type]
            is_it = getattr(unit, "stage", None) == DISPUTED
            return {**roots, "body_root": bytes(32)} if is_it else roots

        net.roots = other_body  # type: ignore[method-assign]
        job, found = unopened(net)
        net.ok(net.step(found, {}))
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.OPENED
        opened = [one for one in disputes.disputes_of(net.store, job.job_id) if one.dispute_id != found.dispute_id]
        assert [(one.kind, one.stage, one.status) for one in opened] == [
            (DisputeKind.TRACE, DISPUTED, DisputeStatus.OPEN) for _ in CHECKERS
        ]
        assert sorted(one.challenger for one in opened) == sorted(who.address for who in CHECKERS)
        assert net.job(job.job_id).status == JobStatus.DISPUTED
        net.chain.check_invariants()
