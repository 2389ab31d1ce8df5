"""Baited seals on the real application: true for everybody who computes, a trap for everybody who does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.hashing import canary_draw, canary_salt, seal, trace_root
from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import DisputeKind, DisputeStatus, MsgChallenge, MsgReveal, PlayStatus, Round
from chain.modules.jobs.types import CloseReason, Job, JobStatus, Unit, UnitStatus
from chain.modules.rates.rules import Q, canary_rate
from chain.modules.sampling import canaries, epochs
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules as sampling_rules
from chain.modules.sampling.state import CANARY_BEACONS
from chain.modules.sampling.types import (
    CheckPhase,
    MsgClaimDuty,
    MsgOpenCanary,
    MsgOpenResult,
    QueryCanaryRequest,
    QueryCanaryResponse,
)
from chain.modules.workers.types import Role
from chain.parameters import LOCALNET
from inference import canaries as worker_canaries
from inference.disputes.model import ModelFiles
from inference.journal import Journal
from inference.models.convert import convert
from inference.proofs.commit import ChainRoots
from inference.view import UnitKey
from tests.support.canaries import BAIT, SECRET, baited_job, final_unchecked, opening, run_to_reveal, salt_of
from tests.support.dispute_network import STRANGER, DisputeNetwork, dispute_network
from tests.support.game_moves import let_lie
from tests.support.network import (
    BOND,
    CHECKERS,
    REQUESTER,
    SERVERS,
    TOKENS,
    Machine,
    Network,
    digest,
    new_network,
    short,
)
from tests.support.tiny_model import TinyShape, write_tiny_model

TREASURY = module_address("treasury")
ALWAYS = 1 << 20
"""A spacing under which every baited unit counts."""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path, parameters=short(rates={"canary_spacing": ALWAYS})) as network:
        yield network
        network.chain.check_invariants()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def test_a_baited_seal_settles_like_any_other_for_whoever_computed(net: Network) -> None:
    job = baited_job(net)
    net.commit_all(job)
    units = net.units(job.job_id)
    run_to_reveal(net, units[0])
    net.reveal_all(job)
    for unit in units:
        net.ok(net.chain.send(net.asserter(unit).hot, opening(net, unit)))
    done, closed = net.units(job.job_id), net.job(job.job_id)
    assert (closed.status, closed.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
    for unit in done:
        assert (unit.bait_root, unit.body_root, unit.salt) == (BAIT, net.body_root(unit), salt_of(net, unit))
        assert unit.status == UnitStatus.FINAL
    plain = net.drawn_job()
    net.commit_all(plain)
    run_to_reveal(net, net.units(plain.job_id)[0])
    net.reveal_all(plain)
    net.open_all(plain)
    assert [unit.paid for unit in net.units(plain.job_id)] == [unit.paid for unit in done]


def test_a_baited_seal_cannot_be_opened_as_what_it_is_not(net: Network) -> None:
    job = baited_job(net, (0,))
    first, second, _ = net.units(job.job_id)
    hot = net.asserter(first).hot
    early = net.chain.send(hot, opening(net, first))
    assert net.code(early) == Code.WINDOW_CLOSED
    net.commit_all(job)
    run_to_reveal(net, first)
    net.reveal_all(job)
    refused = {
        Code.NOT_ASSIGNED: (SERVERS[1].hot, opening(net, first, sender=SERVERS[1].hot.bech32)),
        Code.CANARY_INVALID: (hot, opening(net, first, bait_root=net.body_root(first))),
        Code.INVALID_REQUEST: (hot, opening(net, first, secret=SECRET[:31])),
        Code.UNKNOWN_JOB: (hot, opening(net, first, stage=9)),
    }
    for code, (key, message) in refused.items():
        assert net.code(net.chain.send(key, message)) == code
    for field in ("secret", "bait_root", "body_root"):
        changed = opening(net, first, **{field: digest("other")})
        assert net.code(net.chain.send(hot, changed)) == Code.SEAL_MISMATCH
    unbaited = opening(net, second)
    assert net.code(net.chain.send(net.asserter(second).hot, unbaited)) == Code.SEAL_MISMATCH
    assert net.units(job.job_id)[0] == first
    net.ok(net.chain.send(hot, opening(net, first)))
    assert net.code(net.chain.send(hot, opening(net, first))) == Code.ALREADY_REVEALED
    for unit in net.units(job.job_id)[1:]:
        net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    assert net.job(job.job_id).status == JobStatus.FINAL


def test_seals_with_and_without_bait_tell_nothing_apart(net: Network) -> None:
    job = baited_job(net, (0, 2))
    for unit in net.units(job.job_id):
        assert (unit.salt, unit.body_root, unit.bait_root) == (b"", b"", b"")
        assert len(unit.seal) == 32


def test_who_confirms_a_bait_loses_s_and_the_planter_gains_nothing(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        before = net.chain.balance(REQUESTER)
        job = baited_job(net, (1,))
        units = net.units(job.job_id)
        lazy, honest = CHECKERS

        def roots(who: object, unit: Unit) -> dict[str, bytes]:
            found = net.roots(honest, unit)
            return {**found, "body_root": BAIT} if who == lazy and unit.stage == 1 else found

        for who in CHECKERS:
            messages = [net.commit_message(who, unit, **roots(who, unit)) for unit in units]
            net.ok(net.chain.send(who.hot, *messages))
        run_to_reveal(net, units[0])
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.reveal_message(who, unit, **roots(who, unit)) for unit in units]))
        net.ok(net.chain.send(net.asserter(units[1]).hot, opening(net, units[1])))
        (dispute,) = disputes.disputes_of(net.store, job.job_id)
        assert (dispute.asserter, dispute.challenger) == (units[1].operator, lazy.address)
        for unit in (units[0], units[2]):
            net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
        held, treasury = net.chain.balance(SERVERS[1].operator), net.chain.balance(TREASURY)
        net.ok(net.step(dispute, {}))  # the planter's trace is the true one, and it can show it
        fees = net.play(dispute).asserter_fees
        net.chain.run_until(net.play(dispute).deadline)
        while net.job(job.job_id).status != JobStatus.FINAL:
            net.chain.run_block()
        ended, bond = disputes.dispute(net.store, dispute.dispute_id), units[1].terms.bond
        assert (ended.status, ended.slashed) == (DisputeStatus.UPHELD, bond)
        assert net.worker(lazy).bond == BOND - bond
        assert [net.worker(who).bond for who in (*SERVERS, honest)] == [BOND] * 4
        assert net.chain.balance(TREASURY) - treasury >= bond - fees
        closed = net.job(job.job_id)
        assert (closed.status, closed.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
        paid = net.units(job.job_id)[1].paid
        assert net.chain.balance(SERVERS[1].operator) - held == paid + fees
        assert net.chain.balance(REQUESTER) == before - closed.paid - 100
        net.chain.check_invariants()


def test_an_asserter_that_names_a_false_truth_is_convicted_as_for_any_false_unit(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = baited_job(net, ())
        assert job.status == JobStatus.ASSERTED
        job, false = lie_about(net)
        dispute = next(iter(disputes.disputes_of(net.store, job.job_id)))
        assert (dispute.asserter, dispute.asserter_body_root) == (false.operator, digest("false truth"))
        net.chain.run_until(net.play(dispute).deadline)  # it has nothing to reveal
        assert disputes.dispute(net.store, dispute.dispute_id).status == DisputeStatus.REFUTED
        while net.job(job.job_id).status == JobStatus.DISPUTED:
            net.chain.run_block()
        assert net.worker(SERVERS[1]).bond == BOND - false.terms.bond
        assert [net.worker(who).bond for who in CHECKERS] == [BOND] * 2
        net.chain.check_invariants()


def test_a_baited_seal_in_dispute_is_opened_before_the_first_reveal_and_wins(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        let_lie(net, CHECKERS[0])
        job = baited_job(net, (1,))
        units = net.units(job.job_id)
        for who in CHECKERS:
            messages = [net.commit_message(who, unit, **net.roots(who, unit)) for unit in units]
            net.ok(net.chain.send(who.hot, *messages))
        run_to_reveal(net, units[0])
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.reveal_message(who, unit, **net.roots(who, unit)) for unit in units]))
        for unit in (units[0], units[2]):
            net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
        (dispute,) = disputes.disputes_of(net.store, job.job_id)
        assert (dispute.asserter_body_root, dispute.challenger) == (b"", CHECKERS[0].address)
        shown = {Round.SECTIONS: net.reveal_of(dispute)}
        hot = net.asserter(units[1]).hot
        reveal = MsgReveal(hot.bech32, dispute.dispute_id, 0, shown[Round.SECTIONS])
        assert net.code(net.chain.send(hot, reveal)) == Code.REVEAL_INVALID
        net.ok(net.chain.send(hot, opening(net, units[1]), reveal, gas=3_000_000, fee=1_000))
        net.finish(dispute, shown)
        assert net.play(dispute).status == PlayStatus.LOST
        while net.job(job.job_id).status != JobStatus.FINAL:
            net.chain.run_block()
        assert [net.worker(who).bond for who in (*SERVERS, CHECKERS[1])] == [BOND] * 4
        assert net.worker(CHECKERS[0]).bond == BOND - units[1].terms.bond
        net.chain.check_invariants()


@pytest.mark.parametrize("spacing", [0, 1])
def test_a_workers_own_messages_bait_and_open_as_the_chain_takes_them(
    net: Network, tmp_path: Path, spacing: int
) -> None:
    journals = {who.address: Journal(tmp_path / who.name) for who in SERVERS}
    job = net.planned_job()
    for unit in reversed(net.units(job.job_id)):
        roots = ChainRoots(net.in_root(unit), net.body_root(unit), net.out_root(unit))
        given = worker_canaries.asserter_seal(journals[unit.operator], unit.operator, net.unit_id(unit), roots, spacing)
        net.ok(net.chain.send(net.asserter(unit).hot, net.result(unit, TOKENS, seal=given)))
    net.chain.run_until(-(-net.chain.height // 4) * 4 + 2)
    net.commit_all(job)
    units = net.units(job.job_id)
    run_to_reveal(net, units[0])
    net.reveal_all(job)
    for unit in units:
        journals[unit.operator].close()
        journal = Journal(tmp_path / net.asserter(unit).name)  # as after a restart
        key = UnitKey(unit.job_id, unit.attempt, unit.stage)
        roots = ChainRoots(net.in_root(unit), net.body_root(unit), net.out_root(unit))
        hot = net.asserter(unit).hot
        message = worker_canaries.opening(journal, hot.bech32, unit.operator, key, net.unit_id(unit), roots, unit.seal)
        assert isinstance(message, MsgOpenCanary if spacing else MsgOpenResult)
        net.ok(net.chain.send(hot, message))
    assert net.job(job.job_id).close_reason == CloseReason.SETTLED
    assert [bool(unit.bait_root) for unit in net.units(job.job_id)] == [bool(spacing)] * 3


def test_one_unit_in_spacing_is_baited(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    found = sum(worker_canaries.is_baited(journal, digest("unit", number), 4) for number in range(400))
    assert 50 < found < 150
    assert not any(worker_canaries.is_baited(journal, digest("unit", number), 0) for number in range(400))


def test_the_query_says_what_a_worker_must_know_of_its_canary(net: Network) -> None:
    job, height = final_unchecked(net)
    unit = net.units(job.job_id)[0]
    request, method = QueryCanaryRequest(job.job_id, 0, 0), "ostraka.sampling.v1.Query/Canary"
    assert net.chain.query(request, method) == QueryCanaryResponse(False, False, False)
    net.chain.run_until(height)
    assert net.chain.query(request, method) == QueryCanaryResponse(True, True, False)
    net.ok(net.chain.send(net.asserter(unit).hot, opening(net, unit)))
    assert net.chain.query(request, method) == QueryCanaryResponse(True, True, True)


def test_a_baited_seal_answers_a_challenge_in_any_window(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = baited_job(net, (1,))
        unit = net.units(job.job_id)[1]
        assert net.check_of(unit).phase == CheckPhase.COMMIT
        wrong = {"body_root": digest("other"), "out_root": net.out_root(unit)}
        who = STRANGER
        message = MsgChallenge(who.hot.bech32, unit.job_id, 0, 1, wrong["body_root"], wrong["out_root"])
        net.ok(net.chain.send(who.hot, message))
        (dispute,) = disputes.disputes_of(net.store, job.job_id)
        net.chain.run_until(dispute.deadline)
        hot = net.asserter(unit).hot
        reveal = MsgReveal(hot.bech32, dispute.dispute_id, 0, net.reveal_of(dispute))
        assert net.code(net.chain.send(hot, reveal)) == Code.REVEAL_INVALID
        net.ok(net.chain.send(hot, opening(net, unit), reveal, gas=3_000_000, fee=1_000))
        assert net.units(job.job_id)[1].body_root == net.body_root(unit)
        net.chain.run_until(net.play(dispute).deadline)
        assert net.play(dispute).status == PlayStatus.LOST
        while net.job(job.job_id).status in (JobStatus.DISPUTED, JobStatus.ASSERTED):
            net.chain.run_block()
        assert net.job(job.job_id).close_reason == CloseReason.SETTLED
        assert [net.worker(one).bond for one in (*SERVERS, *CHECKERS)] == [BOND] * 5
        net.chain.check_invariants()


def test_a_bait_opened_late_with_a_false_truth_is_disputed_like_any_difference(
    tmp_path: Path, model: ModelFiles
) -> None:
    """Keeping the seal shut until a dispute asks for it must not spare the comparison with what was revealed."""
    with dispute_network(tmp_path, model, None) as net:
        job, false, message = baited_lie(net)
        for unit in net.units(job.job_id):
            if unit.stage != 1:
                net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
        net.chain.run_until(net.check_of(false).phase_end)
        (asked,) = disputes.disputes_of(net.store, job.job_id)
        assert asked.kind == DisputeKind.SILENCE
        net.ok(net.chain.send(net.asserter(false).hot, message))
        opened = list(disputes.disputes_of(net.store, job.job_id))[1:]
        assert sorted(one.challenger for one in opened) == sorted(who.address for who in CHECKERS)
        while net.job(job.job_id).status == JobStatus.DISPUTED:
            net.chain.run_block()
        assert net.worker(SERVERS[1]).bond == BOND - false.terms.bond
        assert [net.worker(one).bond for one in CHECKERS] == [BOND] * 2
        net.chain.check_invariants()


def lie_about(net: DisputeNetwork) -> tuple[Job, Unit]:
    """Bait with the truth, and name something else as true: the checkers revealed the truth."""
    job, false, message = baited_lie(net)
    net.ok(net.chain.send(net.asserter(false).hot, message))
    return net.job(job.job_id), net.units(job.job_id)[1]


def baited_lie(net: DisputeNetwork) -> tuple[Job, Unit, MsgOpenCanary]:
    """Return a job whose checkers have revealed the truth, and the opening that names something else as true."""
    job = net.planned_job()
    false = net.units(job.job_id)[1]
    identity = net.unit_id(false)
    salt = canary_salt(identity, SECRET, digest("false truth"))
    root = trace_root(identity, net.in_root(false), net.body_root(false), net.out_root(false))
    for unit in reversed(net.units(job.job_id)):
        changes = {"seal": seal(false.operator, identity, salt, root)} if unit.stage == 1 else {}
        net.ok(net.chain.send(net.asserter(unit).hot, net.result(unit, TOKENS, **changes)))
    blocks = sampling.params(net.store).round_blocks
    net.chain.run_until(-(-net.chain.height // blocks) * blocks + 2)
    net.commit_all(job)
    run_to_reveal(net, false)
    net.reveal_all(job)
    message = opening(net, false, bait_root=net.body_root(false), body_root=digest("false truth"))
    return job, false, message


def test_silence_about_a_baited_unit_counts_once_the_draw_says_so_and_its_opening_is_paid(net: Network) -> None:
    job, height = final_unchecked(net)
    first, second, _ = net.units(job.job_id)
    who = net.asserter(first)
    net.chain.run_until(height - 1)
    assert canaries.is_drawn(net.store, first, net.check_of(first)) is None
    assert net.code(net.chain.send(who.hot, opening(net, first))) == Code.NOT_A_CANARY
    assert canaries.is_drawn(net.store, first, net.check_of(first)) is True
    assert not canaries.is_counted(net.store, first, net.check_of(first))
    held, treasury, bond = net.chain.balance(who.operator), net.chain.balance(TREASURY), net.worker(who).bond
    net.ok(net.chain.send(who.hot, opening(net, first)))
    opened = net.units(job.job_id)[0]
    assert opened == replace(
        first,
        bait_root=BAIT,
        body_root=net.body_root(first),
        salt=salt_of(net, first),
        opened_height=net.chain.height,
    )
    assert canaries.is_counted(net.store, opened, net.check_of(opened))
    assert not canaries.is_counted(net.store, second, net.check_of(second))
    paid = LOCALNET.rates.commit_fee
    assert net.chain.balance(who.operator) == held + paid
    assert net.chain.balance(TREASURY) == treasury - paid + 100
    assert net.worker(who).bond == bond
    assert net.code(net.chain.send(who.hot, opening(net, first))) == Code.ALREADY_REVEALED


def test_a_unit_that_the_draw_leaves_out_does_not_count(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(rates={"canary_spacing": 0})) as net:
        job, height = final_unchecked(net)
        first = net.units(job.job_id)[0]
        net.chain.run_until(height + 1)
        assert canaries.is_drawn(net.store, first, net.check_of(first)) is False
        assert net.code(net.chain.send(net.asserter(first).hot, opening(net, first))) == Code.NOT_A_CANARY
        net.chain.check_invariants()


def test_canaries_are_drawn_by_a_beacon_that_comes_after_every_commit(net: Network) -> None:
    job, height = final_unchecked(net)
    unit = net.units(job.job_id)[0]
    check = net.check_of(unit)
    net.chain.run_until(height)
    found = CANARY_BEACONS.find(net.store, check.epoch)
    assert found is not None
    last = sampling_rules.second_end(sampling.params(net.store), (check.epoch + 1) * LOCALNET.sampling.epoch_blocks)
    assert height > last
    rate = canary_rate(LOCALNET.rates, unit.terms)
    assert rate == -(-2 * 4 * unit.terms.check_pay * Q // unit.terms.bond)
    assert canary_draw(found.beacon, check.unit) != canary_draw(found.beacon, net.check_of(net.units(1)[1]).unit)


def test_the_draw_of_an_epoch_is_deleted_with_it(tmp_path: Path) -> None:
    parameters = short(jobs={"receipt_blocks": 10}, sampling={"proof_blocks": 20})
    with new_network(tmp_path, parameters=parameters) as net:
        job, _ = final_unchecked(net)
        epoch = net.check_of(net.units(job.job_id)[0]).epoch
        end = sampling_rules.proofs_until(sampling.params(net.store), epoch) + epochs.keep_blocks(net.store)
        net.chain.run_until(end - 1)
        assert list(CANARY_BEACONS.items(net.store))
        net.chain.run_until(end + 1)
        assert not list(CANARY_BEACONS.items(net.store))
        net.chain.check_invariants()


def test_silence_about_a_canary_costs_s_less_what_was_claimed_before_it_was_opened(net: Network) -> None:
    job, height = final_unchecked(net)
    first, second, _ = net.units(job.job_id)
    net.chain.run_until(height)
    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, net.proof_message(who, net.check_of(first).epoch)))
    early, late = CHECKERS
    claims = [MsgClaimDuty(REQUESTER.bech32, job.job_id, 0, 0, who.operator.bech32) for who in CHECKERS]
    three, bond = 3 * first.terms.check_pay, first.terms.bond
    net.ok(net.chain.send(REQUESTER, claims[0]))
    assert net.worker(early).bond == BOND - three
    assert net.code(net.chain.send(REQUESTER, claims[0])) == Code.ALREADY_CLAIMED
    # The claim has the unit drawn again; nobody checks it, and only then it is opened, by the draw of its own epoch.
    while net.job(job.job_id).status == JobStatus.LATE:
        net.chain.run_block()
    net.ok(net.chain.send(net.asserter(first).hot, opening(net, first)))
    treasury, held = net.chain.balance(TREASURY), net.chain.balance(REQUESTER)
    net.ok(net.chain.send(REQUESTER, *claims))
    assert [net.worker(who).bond for who in CHECKERS] == [BOND - bond] * 2
    share = three // 4 * 2  # as for any absence: who plants a canary may be who claims it
    assert net.chain.balance(REQUESTER) == held + share - 100
    assert net.chain.balance(TREASURY) == treasury + 2 * bond - three - share + 100
    for claim in claims:
        assert net.code(net.chain.send(REQUESTER, claim)) == Code.ALREADY_CLAIMED
    plain = MsgClaimDuty(REQUESTER.bech32, job.job_id, 0, second.stage, late.operator.bech32)
    net.ok(net.chain.send(REQUESTER, plain))
    assert net.worker(late).bond == BOND - bond - 3 * second.terms.check_pay


def test_a_seal_that_is_open_as_a_canarys_keeps_no_unit_from_being_drawn_late(net: Network) -> None:
    third = Machine("newcomer")  # silence about a canary costs S, and one who has lost it checks no more
    net.register(third)
    net.enroll(third, Role.CHECK)
    net.ready()
    job, height = final_unchecked(net)
    unit, (checker, silent) = net.units(job.job_id)[0], CHECKERS
    net.chain.run_until(height)
    net.ok(net.chain.send(net.asserter(unit).hot, opening(net, unit)))
    net.ok(net.chain.send(silent.hot, net.proof_message(silent, net.check_of(unit).epoch)))
    net.ok(net.chain.send(REQUESTER, MsgClaimDuty(REQUESTER.bech32, job.job_id, 0, 0, silent.operator.bech32)))
    assert net.job(job.job_id).status == JobStatus.LATE
    while net.check_of(unit).phase != CheckPhase.COMMIT:
        net.chain.run_block()
    net.ok(net.chain.send(checker.hot, net.commit_message(checker, unit)))
    net.chain.run_until(net.check_of(unit).phase_end)
    net.ok(net.chain.send(checker.hot, net.reveal_message(checker, unit)))
    assert net.check_of(unit).phase == CheckPhase.OPEN
    assert net.code(net.chain.send(net.asserter(unit).hot, opening(net, unit))) == Code.ALREADY_REVEALED
    net.chain.run_until(net.check_of(unit).phase_end)
    assert (net.job(job.job_id).status, net.units(job.job_id)[0].status) == (JobStatus.FINAL, UnitStatus.FINAL)
