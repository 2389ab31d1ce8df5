"""Claims are found by those who hold the evidence, from what they hold alone, and the chain takes them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.disputes import evidence
from chain.modules.disputes.types import DisputeKind, MsgClaimReceipt, MsgClaimStop, MsgShowReceipt, Role
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, JobStatus, Unit
from inference.disputes.claims import Confirmed, Held, evidence_name, find_claims, find_shown
from inference.disputes.holdings import ANSWER_FILE, held_of
from inference.journal import Journal, RunRecord, pack_ids
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.network import BLIND, CHAIN_HASH, REQUESTER, SERVERS, digest

OTHER = digest("something else")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path / "chain") as network:
        yield network


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "home")
    yield opened
    opened.close()


def keep(net: ClaimsNetwork, journal: Journal, unit: Unit, *, is_confirmed: bool, **changes: object) -> None:
    """Write a final receipt of a unit's sender into a journal, confirmed by the next stage or not."""
    receipt = net.signed(unit, **changes)
    counter = net.signed(unit, SERVERS[(unit.stage + 1) % 3], **changes).signature if is_confirmed else b""
    journal.record_receipt(receipt.unit, receipt.count, True, receipt.root, receipt.signature, counter)


def held_by(net: ClaimsNetwork, journal: Journal, job: Job) -> Held:
    return held_of(journal, CHAIN_HASH, SERVERS[1].hot.bech32, net.job(job.job_id), net.units(job.job_id))


def found(net: ClaimsNetwork, job: Job, held: Held, own: bytes = SERVERS[1].address) -> list[object]:
    return list(find_claims(net.job(job.job_id), net.units(job.job_id), held, own))


def sent(net: ClaimsNetwork, claim: object) -> Code:
    return Code(net.chain.send(SERVERS[1].hot, claim, gas=400_000, fee=1_000).code)


def test_honest_neighbours_find_nothing(net: ClaimsNetwork, journal: Journal) -> None:
    job = net.planned_job()
    for unit in net.units(job.job_id):
        keep(net, journal, unit, is_confirmed=True)
    assert found(net, job, held_by(net, journal, job)) == []
    net.submit_all(job)
    assert found(net, job, held_by(net, journal, job)) == []
    assert list(find_shown(net.job(job.job_id), net.units(job.job_id), held_by(net, journal, job))) == []


@pytest.mark.parametrize(("stage", "role", "guilty"), [(0, Role.SENDER, 0), (1, Role.RECEIVER, 2), (2, Role.SENDER, 2)])
def test_a_worker_finds_what_a_neighbour_signed_otherwise(
    net: ClaimsNetwork, journal: Journal, stage: int, role: Role, guilty: int
) -> None:
    job = net.planned_job()
    units = net.units(job.job_id)
    assert found(net, job, held_by(net, journal, job)) == []
    keep(net, journal, units[stage], is_confirmed=role == Role.RECEIVER, root=OTHER)
    net.submit_all(job)
    claims = found(net, job, held_by(net, journal, job))
    # Its own signature under the same receipt is nothing that it would show.
    assert [(type(one), one.stage, one.role) for one in claims if isinstance(one, MsgClaimReceipt)] == [
        (MsgClaimReceipt, guilty, role)
    ]
    before = net.standing()
    assert sent(net, claims[0]) == Code.OK
    bond = units[guilty].terms.bond
    (ended,) = net.disputes_of(job)
    assert (ended.kind, ended.challenger, ended.slashed) == (DisputeKind.RECEIPT, SERVERS[1].address, bond)
    assert net.standing().bonds[SERVERS[guilty].name] == before.bonds[SERVERS[guilty].name] - bond
    assert found(net, job, held_by(net, journal, job)) == []
    net.chain.check_invariants()


def test_a_worker_that_knows_the_answer_finds_a_wrong_end(net: ClaimsNetwork, journal: Journal) -> None:
    net.answer = (11, 12, 2, 13, 2)
    job = net.asserted_job()
    unit = net.units(job.job_id)[1]
    assert found(net, job, held_by(net, journal, job)) == []
    journal.begin_run(RunRecord(net.unit_id(unit), job.job_id, 0, 1, BLIND, (1, 2, 3)))
    answer = journal.row_file(net.unit_id(unit), ANSWER_FILE, 4)
    answer.append(pack_ids(net.answer))
    claims = found(net, job, held_by(net, journal, job))
    assert [(type(one), one.index) for one in claims if isinstance(one, MsgClaimStop)] == [(MsgClaimStop, 2)]
    assert sent(net, claims[0]) == Code.OK
    assert [one.kind for one in net.disputes_of(job)] == [DisputeKind.STOP]
    answer.close()


def test_a_checker_finds_it_in_the_input_that_it_was_given(net: ClaimsNetwork, journal: Journal) -> None:
    net.answer = (11, 12, 13, 14, 15)
    job = net.asserted_job()
    unit = net.units(job.job_id)[0]
    journal.keep_input(net.unit_id(unit), BLIND, (*range(job.prompt_tokens), *net.answer), b"")
    claims = found(net, job, held_by(net, journal, job))
    assert [evidence_name(one) for one in claims if isinstance(one, MsgClaimStop)] == ["claim ClaimStop 1/0/"]
    # Ids that are not those of the answer prove nothing.
    journal.keep_input(net.unit_id(unit), BLIND, (*range(job.prompt_tokens), 11, 12, 13, 14, 16), b"")
    assert found(net, job, held_by(net, journal, job)) == []
    assert sent(net, claims[0]) == Code.OK


def test_a_requester_holds_the_last_stage_to_its_frames(net: ClaimsNetwork) -> None:
    job = net.asserted_job()
    last = net.units(job.job_id)[2]
    final = Held(REQUESTER.bech32, {2: Confirmed(net.signed(last, root=OTHER))}, BLIND, ())
    longer = Held(REQUESTER.bech32, {2: Confirmed(net.signed(last, count=6, root=OTHER, is_final=False))}, BLIND, ())
    for held in (final, longer):
        (claim,) = found(net, job, held, b"")
        assert isinstance(claim, MsgClaimReceipt)
    honest = Held(REQUESTER.bech32, {2: Confirmed(net.signed(last))}, BLIND, net.answer)
    assert found(net, job, honest, b"") == []
    assert Code(net.chain.send(REQUESTER, claim, gas=400_000, fee=1_000).code) == Code.OK


def test_neighbours_show_what_stands_in_for_a_missing_result(net: ClaimsNetwork, journal: Journal) -> None:
    job = net.planned_job()
    units = net.units(job.job_id)
    for unit in units:
        keep(net, journal, unit, is_confirmed=unit.stage != 2)
    for unit in units[:2]:
        net.ok(net.chain.send(SERVERS[unit.stage].hot, net.result(unit)))
    net.chain.run_until(evidence.shown_from(jobs.params(net.store), job) - 1)
    shown = list(find_shown(net.job(job.job_id), net.units(job.job_id), held_by(net, journal, job)))
    assert [(type(one), one.stage, bool(one.countersignature)) for one in shown] == [
        (MsgShowReceipt, 1, True),
        (MsgShowReceipt, 2, False),
    ]
    assert [sent(net, one) for one in shown] == [Code.OK, Code.OK]
    assert net.job(job.job_id).status == JobStatus.ASSERTED
    assert len({evidence_name(one) for one in (*shown, replace(shown[0], stage=0))}) == 3
    net.chain.check_invariants()
