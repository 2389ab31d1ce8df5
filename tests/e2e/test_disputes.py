"""Disputes that real workers play on a real chain: liars, silence, and somebody who finishes for others."""

from dataclasses import replace
from pathlib import Path

from chain.crypto.keys import decode_address
from chain.modules.disputes.types import DisputeKind, DisputeStatus, Play, PlayStatus, Round, Turn, Verdict
from chain.modules.jobs.types import CloseReason, JobStatus
from localnet.layout import Localnet
from localnet.network import down, start_worker
from tests.e2e.conftest import LaunchNetwork
from tests.support.dispute_story import BOND, SHORT, Court, in_court, shown, stranger, told, watched_once, watching
from tests.support.worker_crashes import answering

LIAR, SPARE, LYING_CHECKER = 1, 3, 4
"""A serving worker, the spare that takes its place, a checker."""


def test_a_false_operator_and_a_lying_checker_are_both_found_out_by_the_workers_own_moves(
    launch: LaunchNetwork,
) -> None:
    faults = {LIAR: "op:row.0.2.GU.1", LYING_CHECKER: "check"}
    network: Localnet = launch(with_gateway=False, faults=faults, parameters=SHORT)

    async def play(court: Court) -> None:
        job = await court.ask("Name three rivers of Europe.")
        units = await court.units(job.job_id)
        false = next(unit for unit in units if unit.operator == court.worker(LIAR))
        ended = await court.ended(job.job_id, 0)

        # Honest checkers against the false unit, the lying one against all of them.
        against = [one for one in ended if one.stage == false.stage]
        assert {one.status for one in against} == {DisputeStatus.REFUTED}
        for one in ended:
            if one.stage != false.stage:
                assert (one.status, one.challenger) == (DisputeStatus.UPHELD, court.worker(LYING_CHECKER))
        won = [line for one in against for line in await court.lines(one) if line.status == PlayStatus.WON]
        assert [(line.verdict, line.line.round, line.line.turn) for line in won] == [
            (Verdict.REFUTED, Round.VALUES, Turn.OVER)
        ]
        assert won[0].line.item == 3
        decided = next(one for one in against if one.guilt is not None)
        upheld = next(one for one in ended if one.status == DisputeStatus.UPHELD)
        assert "the chain computes" in shown(network, decided)
        assert "the unit stands; the challenger was wrong" in shown(network, upheld)

        # S each, from the guilty alone.
        bond = false.terms.bond
        assert await court.bond(court.worker(LIAR)) == BOND - bond
        assert await court.bond(court.worker(LYING_CHECKER)) < BOND
        for index in range(len(network.workers)):
            if index not in (LIAR, LYING_CHECKER):
                assert await court.bond(court.worker(index)) == BOND

        # The workers needed less than a minute from the reveal, and others answer the job.
        seconds = SHORT.timeout_commit_ms / 1000
        assert (max(one.closed_height for one in against) - min(one.opened_height for one in against)) * seconds < 60
        final = await court.over(job)
        assert (final.attempt, final.status, final.close_reason) == (1, JobStatus.FINAL, CloseReason.SETTLED)
        assert court.worker(LIAR) not in {unit.operator for unit in await court.units(job.job_id)}

    in_court(network, play)


def test_a_last_stage_that_streams_another_answer_than_it_commits_to_is_convicted_by_its_requester(
    launch: LaunchNetwork,
) -> None:
    network: Localnet = launch(with_gateway=False, faults=dict.fromkeys(range(3), "forge"), parameters=SHORT)

    async def play(court: Court) -> None:
        job = await court.ask("Name three rivers of Europe.")
        forger = (await court.units(job.job_id))[-1]
        (ended,) = await court.ended(job.job_id, 0)
        assert (ended.kind, ended.status, ended.stage, ended.asserter, ended.challenger) == (
            DisputeKind.RECEIPT,
            DisputeStatus.REFUTED,
            forger.stage,
            forger.operator,
            court.requester.key.address,
        )
        assert await court.bond(forger.operator) == BOND - forger.terms.bond
        told_of = shown(network, ended)
        assert "signed a receipt that its commitment contradicts" in told_of
        assert f"{forger.terms.bond:,} uostr slashed, as the sum of these" in told_of
        for index in range(len(network.workers)):
            if court.worker(index) != forger.operator:
                assert await court.bond(court.worker(index)) == BOND
        # What it committed to was right, so no checker had anything to say; and the next attempt is run by others.
        assert (await court.job(job.job_id)).attempt == 1

    in_court(network, play)


def test_silence_loses_by_the_clock_and_a_stranger_finishes_for_checkers_that_vanish(launch: LaunchNetwork) -> None:
    faults = {LIAR: "row,silent:SECTIONS", SPARE: "row"}
    faults |= {4: "silent:SECTIONS", 5: "vanish:SECTIONS"}
    network: Localnet = launch(with_gateway=False, num_checking=2, faults=faults, parameters=SHORT)
    home, operator = stranger(network)
    once = watched_once(home)
    assert (once.returncode, "100000000 uostr at hand" in once.stdout) == (0, True), once
    refused = watched_once(Path(network.workers[0].home))
    assert (refused.returncode, "its worker runs" in refused.stderr) == (1, True), refused

    async def play(court: Court) -> None:
        job = await court.ask("Name three rivers of Europe.")
        units = await court.units(job.job_id)
        silent = next(unit for unit in units if unit.operator == court.worker(LIAR))
        ended = await court.ended(job.job_id, 0)
        assert {(one.stage, one.status) for one in ended} == {(silent.stage, DisputeStatus.REFUTED)}
        lines = [line for one in ended for line in await court.lines(one)]
        (lost,) = [line for line in lines if line.status == PlayStatus.WON]
        assert (lost.line.round, lost.line.turn, lost.verdict) == (Round.SECTIONS, Turn.REVEAL, Verdict.UNSPECIFIED)
        decided = next(one for one in ended if one.guilt is not None)
        assert "uostr slashed, as the sum of these" in shown(network, decided)
        assert await court.bond(court.worker(LIAR)) == BOND - silent.terms.bond

        # The spare takes its place and is false as well; no checker moves, and a stranger does.
        ended = await court.ended(job.job_id, 1)
        refuted = next(one for one in ended if one.guilt is not None)
        assert (refuted.status, refuted.asserter) == (DisputeStatus.REFUTED, court.worker(SPARE))
        won = [line for one in ended for line in await court.lines(one) if line.status == PlayStatus.WON]
        assert [(line.opener, line.verdict) for line in won] == [(operator, Verdict.REFUTED)]
        assert await court.bond(operator) == BOND

    with watching(home) as said:
        in_court(network, play)
    messages = {line["message"] for line in told(said)}
    assert {"MsgOpenLine", "MsgChoose", "MsgProve"} <= messages


def test_both_sides_of_a_dispute_killed_between_two_moves_play_on_from_their_journals(launch: LaunchNetwork) -> None:
    patient = replace(SHORT, disputes=replace(SHORT.disputes, clock_blocks=60))
    network: Localnet = launch(with_gateway=False, num_checking=2, faults={LIAR: "op:row.0.2.GU.1"}, parameters=patient)

    running = network

    async def play(court: Court) -> None:
        nonlocal running
        job = await court.ask("Name three rivers of Europe.")

        async def begun() -> Play | None:
            """The first line whose challenger has chosen once."""
            found = [line for one in await court.disputes(job.job_id) for line in await court.lines(one)]
            return next((line for line in found if line.line.round > Round.SECTIONS), None)

        line = await court.until("first choice", begun)
        for place in network.workers:
            if decode_address(place.operator) in (court.worker(LIAR), line.opener):
                place.process.kill()
                running = running.with_worker(start_worker(place))
                await answering(place)
        ended = await court.ended(job.job_id, 0)
        (false,) = {one.asserter for one in ended}
        assert false == court.worker(LIAR)
        assert {one.status for one in ended} == {DisputeStatus.REFUTED}
        # By a proof, not by the clock; and nobody but the liar lost anything.
        won = [found for one in ended for found in await court.lines(one) if found.status == PlayStatus.WON]
        assert [(found.verdict, found.line.round) for found in won] == [(Verdict.REFUTED, Round.VALUES)]
        final = await court.over(job)
        assert (final.attempt, final.close_reason) == (1, CloseReason.SETTLED)
        for index, place in enumerate(network.workers):
            assert (await court.bond(place.operator) == BOND) == (index != LIAR)

    try:
        in_court(network, play)
    finally:
        down(running)
