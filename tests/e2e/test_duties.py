"""Checkers that check nothing, or open nothing, on a real chain with real workers: the others make them pay."""

from chain.crypto.keys import encode_address
from chain.modules.jobs.types import CloseReason, Job, JobStatus, Unit
from chain.modules.sampling import rules
from chain.modules.sampling.types import (
    CheckOutcome,
    QueryEpochProofsRequest,
    QueryEpochProofsResponse,
    QuerySnapshotRequest,
    QuerySnapshotResponse,
    QueryUnitRequest,
    QueryUnitResponse,
)
from localnet.layout import Localnet
from tests.e2e.conftest import LaunchNetwork
from tests.support.dispute_story import BOND, SHORT, Court, in_court

IDLE, FORGETFUL = 4, 5
"""Two of the three that only check."""
LIAR = 1
"""A serving worker."""


async def unit_of(court: Court, unit: Unit) -> QueryUnitResponse:
    request = QueryUnitRequest(unit.job_id, unit.attempt, unit.stage)
    return await court.client.query("ostraka.sampling.v1.Query/Unit", request, QueryUnitResponse)


async def beta_of(court: Court, epoch: int, operator: bytes) -> bytes | None:
    request, method = QueryEpochProofsRequest(epoch), "ostraka.sampling.v1.Query/EpochProofs"
    found = await court.client.query(method, request, QueryEpochProofsResponse)
    return next((proof.beta for proof in found.proofs if proof.operator == operator), b"") or None


async def is_drawn(court: Court, unit: Unit, operator: bytes, beta: bytes) -> bool:
    """Whether a worker was drawn for a unit in any look, recomputed from its proof."""
    answer = await unit_of(court, unit)
    assert answer.check is not None
    assert answer.round is not None
    request, method = QuerySnapshotRequest(answer.check.epoch), "ostraka.sampling.v1.Query/Snapshot"
    taken = (await court.client.query(method, request, QuerySnapshotResponse)).snapshot
    weight = next(entry.weight for entry in taken.entries if entry.operator == operator)
    return any(
        rules.is_winning(look, beta, answer.check.unit, weight, answer.check.total_weight)
        for look in rules.looks(answer.round, answer.check, unit.terms)
    )


def test_unmet_duties_are_claimed_by_other_workers_and_what_is_not_revealed_is_paid_for(launch: LaunchNetwork) -> None:
    network: Localnet = launch(with_gateway=False, faults={IDLE: "idle", FORGETFUL: "forget"}, parameters=SHORT)

    async def play(court: Court) -> None:
        job = await court.ask("Name three rivers of Europe.")
        over = await court.over(job)
        assert (over.status, over.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
        units = await court.units(job.job_id)
        idle, forgetful = court.worker(IDLE), court.worker(FORGETFUL)

        # What was committed and not revealed is paid for when the unit is final; nobody has to claim it.
        answers = [await unit_of(court, unit) for unit in units]
        unrevealed = [
            3 * answer.unit.terms.check_pay
            for answer in answers
            for commit in answer.commits
            if commit.checker == forgetful and commit.outcome == CheckOutcome.UNREVEALED
        ]
        assert unrevealed
        assert await court.bond(forgetful) == BOND - sum(unrevealed)
        assert all(commit.checker != idle for answer in answers for commit in answer.commits)
        assert await court.bond(idle) == BOND

        # The idle one opens its epoch's proof like everybody, and others claim every duty that it shows.
        check = answers[0].check
        assert check is not None
        beta = await court.until("epoch proof", lambda: beta_of(court, check.epoch, idle))
        owed = [3 * unit.terms.check_pay for unit in units if await is_drawn(court, unit, idle, beta)]
        assert owed

        async def claimed() -> int | None:
            bond = await court.bond(idle)
            return bond if bond <= BOND - sum(owed) else None

        assert await court.until(f"claims of {encode_address(idle)}", claimed) == BOND - sum(owed)

    in_court(network, play)


def test_bought_silence_about_a_false_unit_is_claimed_drawn_late_and_convicted(launch: LaunchNetwork) -> None:
    faults = {LIAR: "op:row.0.2.GU.1", 3: "sold", 4: "sold"}
    network: Localnet = launch(with_gateway=False, num_checking=1, faults=faults, parameters=SHORT)

    async def play(court: Court) -> None:
        job = await court.ask("Name three rivers of Europe.")
        settled = await court.over(job)
        assert (settled.status, settled.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
        units = await court.units(job.job_id)
        false = next(unit for unit in units if unit.operator == court.worker(LIAR))
        assert false.paid > 0

        # Others claim what was not done; that has the units drawn again, and now the same two look.
        (found,) = {one.stage for one in await court.ended(job.job_id, 0)}
        assert found == false.stage

        async def closed() -> Job | None:
            found = await court.job(job.job_id)
            return found if found.status == JobStatus.CLOSED else None

        ended = await court.until("end of the late draw", closed)
        assert (ended.attempt, ended.close_reason) == (0, CloseReason.REFUTED_LATE)
        assert ended.late_height > settled.closed_height
        assert false.paid <= ended.refunded <= settled.paid
        assert await court.bond(court.worker(LIAR)) == BOND - false.terms.bond - false.paid
        for index in (0, 2):
            assert await court.bond(court.worker(index)) == BOND

    in_court(network, play)
