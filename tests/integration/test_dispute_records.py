"""What is left of a dispute: payments, places in indexes, the archive, and who may run the job again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.keys import encode_address, module_address
from chain.errors import Code, Rejected
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import registry
from chain.modules.disputes.game.shape import Item, ItemKind
from chain.modules.disputes.state import BY_HEIGHT, BY_JOB, BY_STATUS, BY_WORKER, DISPUTES, PAYMENTS, PLAYS
from chain.modules.disputes.types import (
    ClosedDispute,
    Dispute,
    DisputeStatus,
    PaymentReason,
    PlayStatus,
    QueryDisputesRequest,
    QueryDisputesResponse,
    QueryPaymentsRequest,
)
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import ArchivedRecord, CloseReason, JobStatus, RecordKind
from chain.modules.rates.rules import loss
from chain.modules.workers.types import MsgBond, Role
from chain.store.codec import decode
from chain.store.collections import U64
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import PROMPT, STRANGER, DisputeNetwork, dispute_network
from tests.support.network import BOND, CHECKERS, SERVERS, TOKENS
from tests.support.tiny_model import TinyShape, write_tiny_model

LAST = len(PROMPT) + TOKENS - 2
FAULT = Fault(Item(ItemKind.ROW, 3, 0, LAST), 14, 0, 9)
TREASURY = module_address("treasury")
TABLES = {
    "DISPUTES": DISPUTES,
    "PLAYS": PLAYS,
    "PAYMENTS": PAYMENTS,
    "BY_JOB": BY_JOB,
    "BY_WORKER": BY_WORKER,
    "BY_STATUS": BY_STATUS,
    "BY_HEIGHT": BY_HEIGHT,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


@contextmanager
def refuted(path: Path, model: ModelFiles, **game: int) -> Iterator[tuple[DisputeNetwork, list[Dispute]]]:
    """A network on which both checkers found a false unit and the first has proven it."""
    with dispute_network(path, model, (1, FAULT), **game) as net:
        _, found = net.dispute_job()
        net.finish(found[0])
        yield net, [disputes.dispute(net.store, one.dispute_id) for one in found]


def listed(net: DisputeNetwork, request: QueryDisputesRequest) -> QueryDisputesResponse:
    """Ask as anybody may."""
    answer: QueryDisputesResponse = net.chain.query(request, "ostraka.disputes.v1.Query/Disputes")
    return answer


def ids(net: DisputeNetwork, request: QueryDisputesRequest) -> list[int]:
    """The ids of all pages."""
    found, answer = list[int](), listed(net, request)
    while True:
        found += [one.dispute_id for one in answer.disputes]
        if not answer.next_after:
            return found
        answer = listed(net, replace(request, after=answer.next_after))


def test_every_unit_of_a_slash_is_recorded_and_was_received(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job, found = net.dispute_job()
        units = net.units(job.job_id)
        bond = units[1].terms.bond
        people = {who.address: net.chain.balance(who.operator) for who in (*SERVERS, *CHECKERS)}
        people[TREASURY] = net.chain.balance(TREASURY)
        fees = net.finish(found[0]) * 1_000
        answer = net.chain.query(QueryPaymentsRequest(found[0].dispute_id), "ostraka.disputes.v1.Query/Payments")
        payments = answer.payments
        assert [(one.reason, one.recipient) for one in payments] == [
            (PaymentReason.FORFEIT, TREASURY),
            (PaymentReason.MOVES, CHECKERS[0].address),
            (PaymentReason.WORK, SERVERS[0].address),
            (PaymentReason.WORK, SERVERS[2].address),
            (PaymentReason.BOUNTY, CHECKERS[0].address),
            (PaymentReason.BOUNTY, CHECKERS[1].address),
            (PaymentReason.REMAINDER, TREASURY),
        ]
        assert {one.payer for one in payments} == {SERVERS[1].address}
        assert sum(one.amount for one in payments) == bond == disputes.dispute(net.store, found[0].dispute_id).slashed
        assert payments[0].amount == loss(bond)
        received = dict.fromkeys(people, 0)
        for one in payments:
            received[one.recipient] += one.amount
        received[TREASURY] += fees
        gained = {who: net.chain.balance(who) - before for who, before in people.items()}
        assert gained == received
        assert [one.dispute_id for one in found[1:] if list(registry.payments_of(net.store, one.dispute_id))] == []
        net.chain.check_invariants()


def test_disputes_are_listed_by_side_job_status_and_height_a_page_at_a_time(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job, found = net.dispute_job()
        first, second = (one.dispute_id for one in found)
        height = found[0].opened_height
        liar = encode_address(SERVERS[1].address)
        checker = encode_address(CHECKERS[1].address)
        assert ids(net, QueryDisputesRequest()) == [first, second]
        assert ids(net, QueryDisputesRequest(limit=1)) == [first, second]
        assert listed(net, QueryDisputesRequest(limit=1)).next_after == first
        assert ids(net, QueryDisputesRequest(job_id=job.job_id)) == [first, second]
        assert ids(net, QueryDisputesRequest(job_id=job.job_id + 1)) == []
        assert ids(net, QueryDisputesRequest(worker=liar)) == [first, second]
        assert ids(net, QueryDisputesRequest(worker=checker)) == [second]
        assert ids(net, QueryDisputesRequest(worker=encode_address(SERVERS[0].address))) == []
        assert found[1].opened_height == height + 1
        assert ids(net, QueryDisputesRequest(from_height=height, to_height=height + 1)) == [first, second]
        assert ids(net, QueryDisputesRequest(to_height=height)) == [first]
        assert ids(net, QueryDisputesRequest(from_height=height + 1)) == [second]
        assert ids(net, QueryDisputesRequest(from_height=height + 2)) == []
        assert ids(net, QueryDisputesRequest(to_height=height - 1)) == []
        assert ids(net, QueryDisputesRequest(status=DisputeStatus.OPEN)) == [first, second]
        assert ids(net, QueryDisputesRequest(after=(1 << 64) - 1)) == []
        net.finish(found[0])
        assert ids(net, QueryDisputesRequest(status=DisputeStatus.OPEN)) == []
        assert ids(net, QueryDisputesRequest(status=DisputeStatus.REFUTED, worker=checker)) == [second]
        net.chain.check_invariants()


def test_a_filter_that_names_no_address_is_refused(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        for name in ("x", "ostr1", "cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a"):
            with pytest.raises(Rejected) as refused:
                listed(net, QueryDisputesRequest(worker=name))
            assert refused.value.code == Code.INVALID_ADDRESS
        with pytest.raises(Rejected) as refused:
            net.chain.query(QueryPaymentsRequest(7), "ostraka.disputes.v1.Query/Payments")
        assert refused.value.code == Code.UNKNOWN_DISPUTE


def test_a_line_tells_when_each_of_its_moves_was_made(tmp_path: Path, model: ModelFiles) -> None:
    with refuted(tmp_path, model) as (net, found):
        play = net.play(found[0])
        assert play.status == PlayStatus.WON
        heights = [height for pair in zip(play.heights, play.choice_heights, strict=True) for height in pair if height]
        assert heights == sorted(heights)
        assert heights[0] > found[0].opened_height
        assert play.proof_height == found[0].closed_height > heights[-1]


def test_nothing_of_a_dispute_stays_in_state_and_everything_in_the_archive(tmp_path: Path, model: ModelFiles) -> None:
    with refuted(tmp_path, model) as (net, found):
        closed = found[0].closed_height
        job, unit = net.job(found[0].job_id), jobs.unit(net.store, (found[0].job_id, (0, 1)))
        lines, paid = (net.play(found[0]),), tuple(registry.payments_of(net.store, found[0].dispute_id))
        blocks = jobs.params(net.store).receipt_blocks
        kept: list[ArchivedRecord] = []
        for height in range(closed, closed + 8):
            net.chain.run_until(height)
            kept += [record for _, record in archive.archived_records(net.store, height)]
        records = [record for record in kept if record.kind == RecordKind.DISPUTE]
        assert [record.id for record in records] == [U64.pack(one.dispute_id) for one in found]
        told = decode(ClosedDispute, records[0].value)
        assert (told.dispute, told.lines, told.payments, told.unit) == (found[0], lines, paid, unit)
        assert (told.job.job_id, told.job.attempt, told.job.status) == (job.job_id, 0, JobStatus.DISPUTED)
        assert told.job.tokens_root == jobs.unit(net.store, (job.job_id, (0, 2))).out_root
        net.chain.run_until(closed + blocks + 2)
        left = [
            name
            for name, table in TABLES.items()
            if next(net.store.iterate("disputes", table.prefix, table.prefix + b"\xff"), None)
        ]
        assert left == []
        net.chain.check_invariants()


def test_a_convicted_worker_with_bond_to_spare_runs_no_later_attempt(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        liar = SERVERS[1]
        net.ok(net.chain.send(liar.operator, MsgBond(liar.operator.bech32, 20_000_000)))
        job, found = net.dispute_job()
        net.finish(found[0])
        again = net.job(job.job_id)
        assert (again.attempt, again.excluded, again.candidates) == (1, (liar.address,), ())
        assert net.worker(liar).bond > BOND - 1  # still active, and its plan still live
        net.chain.run_until(net.chain.height + 6)
        assert net.job(job.job_id).status == JobStatus.WAITING
        net.enroll(STRANGER, Role.SERVE)
        a, _, c = SERVERS
        net.ok(net.chain.send(a.operator, net.plan_by(a, (a, 0, 2), (STRANGER, 2, 4), (c, 4, 6))))
        net.chain.run_until(net.chain.height + 4)
        drawn = net.job(job.job_id)
        assert drawn.status == JobStatus.RUNNING
        assert [unit.operator for unit in net.units(job.job_id)] == [a.address, STRANGER.address, c.address]
        net.chain.check_invariants()


def test_a_job_whose_only_plans_hold_the_convicted_worker_is_refunded_at_expiry(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        liar = SERVERS[1]
        net.ok(net.chain.send(liar.operator, MsgBond(liar.operator.bech32, 20_000_000)))
        job, found = net.dispute_job()
        net.finish(found[0])
        net.chain.run_until(net.job(job.job_id).expiry_height)
        closed = net.job(job.job_id)
        assert (closed.status, closed.close_reason, closed.paid) == (JobStatus.CLOSED, CloseReason.NO_PLAN, 0)
        net.chain.check_invariants()
