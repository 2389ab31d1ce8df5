"""Windows, seals, proofs and pay of checks: what is taken when, and every refusal with its code."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto import vrf
from chain.crypto.hashing import possession_bytes, round_alpha
from chain.errors import Code
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason
from chain.modules.rates.types import QueryQuoteRequest
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import (
    CheckOutcome,
    CheckPhase,
    DutyKind,
    QueryExplainRequest,
    QueryPoolRequest,
    QueryPoolResponse,
    QueryRoundRequest,
    QuerySnapshotRequest,
)
from chain.modules.workers.types import MsgChangeVrfKey, MsgUnbond, MsgWithdraw
from chain.parameters import LOCALNET, OSTR
from tests.support.builders import seed
from tests.support.network import (
    BOND,
    CHAIN_HASH,
    CHECKERS,
    SERVERS,
    Network,
    digest,
    header,
    new_network,
    short,
    without_game,
)

SERVICE = "ostraka.sampling.v1.Query"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def test_a_round_draws_with_the_beacon_two_blocks_after_its_close(net: Network) -> None:
    job = net.asserted_job()
    blocks = LOCALNET.sampling.round_blocks
    close = -(-net.chain.height // blocks) * blocks
    net.chain.run_until(close)
    found = net.chain.query(QueryRoundRequest(close // blocks), f"{SERVICE}/Round").round
    assert (found.close_height, found.alpha, found.num_units, found.num_open) == (close, b"", 3, 3)
    unit = net.units(job.job_id)[0]
    assert (net.check_of(unit).phase, net.check_of(unit).phase_end) == (CheckPhase.DRAWING, close + 2)
    early = net.commit_message(CHECKERS[0], unit)
    assert net.code(net.chain.send(CHECKERS[0].hot, early)) == Code.WINDOW_CLOSED
    net.chain.run_until(close + 2)
    answer = net.chain.query(QueryRoundRequest(close // blocks), f"{SERVICE}/Round")
    source = beacon.find_beacon(net.store, close + 2)
    assert source is not None
    assert answer.round.alpha == round_alpha(CHAIN_HASH, close // blocks, source.value)
    assert answer.round.commit_end == close + 2 + LOCALNET.sampling.commit_blocks
    assert [check.phase_end for check in answer.units] == [answer.round.commit_end] * 3


def test_commits_are_taken_until_the_last_height_of_their_window(net: Network) -> None:
    job = net.drawn_job()
    first, second, third = net.units(job.job_id)
    end = net.check_of(first).phase_end
    net.chain.run_until(end - 1)
    net.ok(net.chain.send(CHECKERS[0].hot, net.commit_message(CHECKERS[0], first)))
    assert net.chain.height == end
    late = net.commit_message(CHECKERS[1], first)
    assert net.code(net.chain.send(CHECKERS[1].hot, late)) == Code.WINDOW_CLOSED
    assert net.check_of(first).phase == CheckPhase.DRAWING_AGAIN
    assert [net.check_of(unit).phase for unit in (second, third)] == [CheckPhase.DONE] * 2


def test_refusals_of_commits(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    who = CHECKERS[0]
    message = net.commit_message(who, unit)
    assert net.code(net.chain.send(who.hot, replace(message, seal=b"short"))) == Code.INVALID_REQUEST
    assert net.code(net.chain.send(who.hot, replace(message, job_id=77))) == Code.UNKNOWN_JOB
    assert net.code(net.chain.send(who.hot, replace(message, stage=3))) == Code.UNKNOWN_JOB
    outsider = replace(message, sender=SERVERS[1].hot.bech32)
    assert net.code(net.chain.send(SERVERS[1].hot, outsider)) == Code.NOT_ELIGIBLE
    net.ok(net.chain.send(who.hot, message))
    assert net.code(net.chain.send(who.hot, replace(message, seal=digest("other")))) == Code.ALREADY_COMMITTED
    assert net.worker(who).reserved == unit.terms.bond


def test_refusals_of_reveals(net: Network) -> None:
    job = net.drawn_job()
    unit, other = net.units(job.job_id)[:2]
    who = CHECKERS[0]
    for checker in CHECKERS:
        net.ok(net.chain.send(checker.hot, net.commit_message(checker, unit)))
    assert net.code(net.chain.send(who.hot, net.reveal_message(who, unit))) == Code.WINDOW_CLOSED
    net.run_to_phase_end(unit)
    assert net.code(net.chain.send(who.hot, net.reveal_message(who, other))) == Code.WINDOW_CLOSED
    wrong = net.reveal_message(who, unit, salt=digest("other salt"))
    assert net.code(net.chain.send(who.hot, wrong)) == Code.SEAL_MISMATCH
    lying = net.reveal_message(who, unit, out_root=digest("not what was committed"))
    assert net.code(net.chain.send(who.hot, lying)) == Code.SEAL_MISMATCH
    short_salt = replace(net.reveal_message(who, unit), salt=b"")
    assert net.code(net.chain.send(who.hot, short_salt)) == Code.INVALID_REQUEST
    borrowed = replace(net.reveal_message(who, unit), sender=SERVERS[1].hot.bech32)
    assert net.code(net.chain.send(SERVERS[1].hot, borrowed)) == Code.NOT_COMMITTED
    net.ok(net.chain.send(who.hot, net.reveal_message(who, unit)))
    assert net.code(net.chain.send(who.hot, net.reveal_message(who, unit))) == Code.ALREADY_REVEALED
    net.run_to_phase_end(unit)
    late = net.reveal_message(CHECKERS[1], unit)
    assert net.code(net.chain.send(CHECKERS[1].hot, late)) == Code.WINDOW_CLOSED


def test_refusals_of_openings(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    who = SERVERS[0]
    assert net.code(net.chain.send(who.hot, net.open_message(unit))) == Code.NOTHING_TO_OPEN
    for checker in CHECKERS:
        net.ok(net.chain.send(checker.hot, net.commit_message(checker, unit)))
    net.run_to_phase_end(unit)
    net.ok(net.chain.send(CHECKERS[0].hot, net.reveal_message(CHECKERS[0], unit)))
    assert net.code(net.chain.send(who.hot, net.open_message(unit))) == Code.WINDOW_CLOSED
    net.ok(net.chain.send(CHECKERS[1].hot, net.reveal_message(CHECKERS[1], unit)))
    taken = replace(net.open_message(unit), sender=SERVERS[1].hot.bech32)
    assert net.code(net.chain.send(SERVERS[1].hot, taken)) == Code.NOT_ASSIGNED
    assert net.code(net.chain.send(who.hot, net.open_message(unit, salt=bytes(32)))) == Code.SEAL_MISMATCH
    assert net.code(net.chain.send(who.hot, net.open_message(unit, body_root=bytes(32)))) == Code.SEAL_MISMATCH
    assert net.code(net.chain.send(who.hot, net.open_message(unit, salt=b""))) == Code.INVALID_REQUEST
    net.ok(net.chain.send(who.hot, net.open_message(unit)))
    assert net.code(net.chain.send(who.hot, net.open_message(unit))) == Code.WINDOW_CLOSED


def test_proofs_are_due_only_from_the_eligible_and_only_in_their_window(net: Network) -> None:
    job = net.drawn_job()
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    who, other = CHECKERS
    (duty,) = [duty for duty in net.duties(who).duties if duty.kind == DutyKind.OPEN_EPOCH]
    early = net.proof_message(who, epoch)
    assert net.code(net.chain.send(who.hot, early)) == Code.WINDOW_CLOSED
    server = replace(early, sender=SERVERS[0].hot.bech32)
    assert net.code(net.chain.send(SERVERS[0].hot, server)) == Code.NOT_DUE
    assert net.code(net.chain.send(who.hot, replace(early, epoch=epoch + 1))) == Code.NOT_DUE
    net.chain.run_until(duty.open_from - 2)
    assert net.code(net.chain.send(who.hot, early)) == Code.WINDOW_CLOSED
    forged = replace(early, proof=net.proof_message(other, epoch).proof)
    assert net.code(net.chain.send(who.hot, forged)) == Code.INVALID_PROOF
    assert net.code(net.chain.send(who.hot, replace(early, proof=b""))) == Code.INVALID_PROOF
    net.ok(net.chain.send(who.hot, early))
    assert net.code(net.chain.send(who.hot, early)) == Code.PROOF_ALREADY_OPENED
    assert net.worker(who).holds == 0
    net.chain.run_until(duty.deadline)
    late = replace(early, sender=other.hot.bech32)
    assert net.code(net.chain.send(other.hot, late)) == Code.WINDOW_CLOSED
    assert net.worker(other).holds == 1


def test_bond_does_not_leave_while_a_proof_is_owed(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    who = CHECKERS[0].operator
    net.ok(net.chain.send(CHECKERS[0].hot, net.commit_message(CHECKERS[0], unit)))
    too_much = MsgUnbond(who.bech32, BOND - unit.terms.bond + 1)
    assert net.code(net.chain.send(who, too_much)) == Code.BOND_TOO_SMALL
    assert net.code(net.chain.send(who, MsgWithdraw(who.bech32))) == Code.BOND_LOCKED
    net.run_to_phase_end(unit)
    net.run_to_phase_end(unit)
    assert net.worker(CHECKERS[0]).reserved == 0
    assert net.code(net.chain.send(who, MsgWithdraw(who.bech32))) == Code.BOND_LOCKED
    (duty,) = net.duties(CHECKERS[0]).duties
    net.chain.run_until(duty.open_from)
    net.ok(net.chain.send(CHECKERS[0].hot, net.proof_message(CHECKERS[0], duty.epoch)))
    net.ok(net.chain.send(who, MsgWithdraw(who.bech32)))


def test_a_commitment_without_a_winning_ticket_is_recorded_and_not_paid(tmp_path: Path) -> None:
    cheap = header(layer_costs=(1,) * 6, head_cost=1)
    with new_network(tmp_path, model=cheap) as net:
        job = net.drawn_job()
        net.commit_all(job)
        units = net.units(job.job_id)
        net.run_to_phase_end(units[0])
        net.reveal_all(job)
        net.open_all(job)
        (duty,) = net.duties(CHECKERS[0]).duties
        net.chain.run_until(duty.open_from)
        tickets = [net.ticket(CHECKERS[0], unit) for unit in units]
        net.ok(net.chain.send(CHECKERS[0].hot, net.proof_message(CHECKERS[0], duty.epoch)))
        for unit, value in zip(units, tickets, strict=True):
            commit = sampling.find_commit(net.store, jobs.key_of(unit), CHECKERS[0].address)
            assert commit is not None
            limit = unit.terms.rate * BOND * (1 << 224) // net.check_of(unit).total_weight
            drawn = int.from_bytes(value, "big") < limit
            assert commit.outcome == (CheckOutcome.PAID if drawn else CheckOutcome.NO_TICKET)
        assert CheckOutcome.NO_TICKET in [
            commit.outcome for unit in units for commit in sampling.commits(net.store, jobs.key_of(unit))
        ]
        net.chain.check_invariants()


def test_a_short_pool_queues_pay_and_pays_in_order(tmp_path: Path) -> None:
    with new_network(tmp_path, check_pool=0, change=without_game) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[0]
        wrong = digest("wrong")
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.commit_message(who, unit, out_root=wrong)))
        net.run_to_phase_end(unit)
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.reveal_message(who, unit, out_root=wrong)))
        net.chain.run_until(net.chain.height + LOCALNET.sampling.dispute_blocks)
        assert net.job(job.job_id).close_reason == CloseReason.UNRESOLVED
        held = [net.chain.balance(who.operator) for who in CHECKERS]
        (duty,) = net.duties(CHECKERS[0]).duties
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.proof_message(who, duty.epoch)))
        assert net.chain.query(QueryPoolRequest(), f"{SERVICE}/Pool") == QueryPoolResponse(0, 2)
        assert [net.chain.balance(who.operator) for who in CHECKERS] == held
        net.chain.check_invariants()
        net.run_to_phase_end(net.units(net.drawn_job().job_id)[0])
        assert net.chain.query(QueryPoolRequest(), f"{SERVICE}/Pool").num_waiting == 0
        pay = net.check_pay(unit)
        assert [net.chain.balance(who.operator) for who in CHECKERS] == [amount + pay for amount in held]
        net.chain.check_invariants()


def test_a_vrf_key_changes_at_the_epoch_boundary_and_the_epoch_keeps_its_own(net: Network) -> None:
    who = CHECKERS[0]
    job = net.drawn_job()
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    fresh = seed("fresh vrf")
    proof = vrf.prove(fresh, possession_bytes(CHAIN_HASH, who.address, "vrf"))
    change = MsgChangeVrfKey(who.operator.bech32, vrf.public_key(fresh), proof)
    old = net.worker(who).keys.vrf_key
    wrong = replace(change, possession=net.worker(who).keys.vrf_possession)
    assert net.code(net.chain.send(who.operator, wrong)) == Code.INVALID_PROOF
    net.ok(net.chain.send(who.operator, change))
    assert net.code(net.chain.send(who.operator, change)) == Code.KEY_IN_USE
    assert net.worker(who).keys.vrf_key == old
    net.ready()
    assert net.worker(who).keys.vrf_key == change.vrf_key
    (duty,) = [duty for duty in net.duties(who).duties if duty.kind == DutyKind.OPEN_EPOCH]
    net.chain.run_until(duty.open_from)
    net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))


def test_explain_gives_the_numbers_that_were_frozen(net: Network) -> None:
    job = net.drawn_job(value=1 * OSTR)
    unit = net.units(job.job_id)[2]
    request = QueryExplainRequest(job.job_id, 0, 2)
    lines = {line.name: line.value for line in net.chain.query(request, f"{SERVICE}/Explain").lines}
    terms = unit.terms
    assert lines["R"] == str(terms.fee)
    assert lines["V_e"] == str(1 * OSTR)
    assert lines["lambda"] == str(terms.rate)
    assert lines["W"] == str(2 * BOND)
    assert int(lines["V_max"]) >= 1 * OSTR
    assert sum(name.startswith("T ") for name in lines) == 2
    quote = net.chain.query(
        QueryQuoteRequest(net.root, job.prompt_tokens, job.max_tokens, job.value), "ostraka.rates.v1.Query/Quote"
    )
    assert [stage.terms for stage in quote.stages] == [other.terms for other in net.units(job.job_id)]
    assert quote.escrow == job.escrow


def test_an_idle_epoch_leaves_nothing_behind(net: Network) -> None:
    net.ready()
    net.ready()
    net.chain.run_block()
    epoch = net.epoch(net.chain.height + 1)
    assert net.chain.query(QuerySnapshotRequest(epoch), f"{SERVICE}/Snapshot").snapshot.epoch == epoch
    answer = net.chain.app.answer(f"/{SERVICE}/Snapshot", b"\x08" + bytes([epoch - 1]))
    assert Code(answer.code) == Code.NOT_FOUND
    assert net.duties(CHECKERS[0]).duties == ()


def test_everything_closed_is_deleted_and_only_the_peaks_remain(tmp_path: Path) -> None:
    brief = short(jobs={"receipt_blocks": 30, "deletions_per_block": 7}, sampling={"proof_blocks": 160})
    with new_network(tmp_path, parameters=brief) as net:
        idle = keys_of(net)
        for _ in range(2):
            job = net.drawn_job()
            net.commit_all(job)
            net.run_to_phase_end(net.units(job.job_id)[0])
            net.reveal_all(job)
            net.open_all(job)
        assert net.job(job.job_id).close_reason == CloseReason.SETTLED
        for who in CHECKERS:
            for duty in net.duties(who).duties:
                net.chain.run_until(duty.open_from)
                net.ok(net.chain.send(who.hot, net.proof_message(who, duty.epoch)))
        closed = net.chain.height
        net.chain.run_until(closed + 2_000)
        net.chain.check_invariants()
        peaks = net.store.get("jobs", b"archive/peaks")
        assert peaks is not None
        assert {key for key in keys_of(net) if key[1][:6] not in (b"snapsh", b"place/")} - {
            ("jobs", b"next"),
            ("jobs", b"archive/number"),
            ("jobs", b"garbage_number"),
        } <= idle | {("workers", b"revision")}
        history = net.chain.app.history
        assert history is not None
        kinds = sorted(record.kind for record in history.leaves(0))
        assert kinds.count("job") == 2
        assert kinds.count("check") == 6
        assert kinds.count("round") == 2
        assert "epoch" in kinds


def keys_of(net: Network) -> set[tuple[str, bytes]]:
    """Everything our modules hold in state, by key."""
    names = ("plans", "jobs", "sampling", "disputes")
    return {(name, key) for name in names for key, _ in net.store.iterate(name, b"", None)}
