"""The second look: what somebody has committed to is drawn again before anything is revealed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.crypto import vrf
from chain.crypto.hashing import round_alpha
from chain.errors import Code
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason, Unit
from chain.modules.rates import rules as rates
from chain.modules.sampling import epochs, rules
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import (
    CheckOutcome,
    CheckPhase,
    DutyKind,
    QueryExplainRequest,
    Round,
)
from chain.modules.workers.types import MsgBond
from chain.parameters import LOCALNET
from tests.support.network import BOND, CHAIN_HASH, CHECKERS, REQUESTER, Machine, Network, header, new_network

FIRST, SECOND = CHECKERS
COMMIT_BLOCKS = LOCALNET.sampling.commit_blocks


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def round_of(net: Network, unit: Unit) -> Round:
    found = sampling.find_round(net.store, net.check_of(unit).round_index)
    assert found is not None
    return found


def wins(net: Network, who: Machine, unit: Unit, look: int) -> bool:
    """Whether a ticket wins, computed from the worker's secret key."""
    check, taken = net.check_of(unit), round_of(net, unit)
    beta = vrf.proof_to_hash(vrf.prove(who.vrf_seed, net.epoch_alpha(who, check.epoch)))
    found, place = rules.looks(taken, check, unit.terms)[look], epochs.find_place(net.store, check.epoch, who.address)
    assert place is not None
    return rules.is_winning(found, beta, check.unit, place.entry.weight, check.total_weight)


def run_to_second_look(net: Network, unit: Unit) -> None:
    net.chain.run_until(net.check_of(unit).phase_end)
    net.chain.run_until(net.check_of(unit).phase_end)
    assert net.check_of(unit).phase == CheckPhase.COMMIT_AGAIN


def test_a_committed_unit_is_drawn_again_with_the_beacon_two_blocks_after_commit_1(net: Network) -> None:
    job = net.drawn_job()
    unit, other = net.units(job.job_id)[:2]
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    end = net.check_of(unit).phase_end
    net.chain.run_until(end)
    assert (net.check_of(unit).phase, net.check_of(unit).phase_end) == (CheckPhase.DRAWING_AGAIN, end + 2)
    assert net.check_of(other).phase == CheckPhase.DONE
    early = net.commit_message(SECOND, unit)
    assert net.code(net.chain.send(SECOND.hot, early)) == Code.WINDOW_CLOSED
    net.chain.run_until(end + 2)
    source, taken = beacon.find_beacon(net.store, end + 2), round_of(net, unit)
    assert source is not None
    assert taken.second_beacon == source.value
    assert taken.second_alpha == round_alpha(CHAIN_HASH, taken.index, source.value) != taken.alpha
    assert taken.second_end == end + 2 + COMMIT_BLOCKS == rules.second_end(LOCALNET.sampling, taken.close_height)
    assert (net.check_of(unit).phase, net.check_of(unit).phase_end) == (CheckPhase.COMMIT_AGAIN, taken.second_end)


def test_without_any_commit_there_is_no_second_look(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    net.chain.run_until(net.check_of(unit).phase_end + 2)
    assert net.job(job.job_id).close_reason == CloseReason.SETTLED
    assert (round_of(net, unit).second_alpha, round_of(net, unit).second_end) == (b"", 0)


def test_nothing_is_revealed_before_the_second_look_is_over_and_it_never_ends_early(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, net.commit_message(who, unit)))
    run_to_second_look(net, unit)
    assert net.code(net.chain.send(FIRST.hot, net.reveal_message(FIRST, unit))) == Code.WINDOW_CLOSED
    assert net.code(net.chain.send(net.asserter(unit).hot, net.open_message(unit))) == Code.NOTHING_TO_OPEN
    again = net.commit_message(FIRST, unit)
    assert net.code(net.chain.send(FIRST.hot, again)) == Code.ALREADY_COMMITTED
    net.chain.run_until(round_of(net, unit).second_end - 1)
    assert net.check_of(unit).phase == CheckPhase.COMMIT_AGAIN
    net.chain.run_block()
    assert net.check_of(unit).phase == CheckPhase.REVEAL


def test_the_second_draw_has_its_own_rate_and_the_duty_says_it(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    draws = [duty for duty in net.duties(SECOND).duties if duty.kind == DutyKind.DRAW]
    assert [duty.rate for duty in draws] == [each.terms.rate for each in net.units(job.job_id)]
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    run_to_second_look(net, unit)
    (duty,) = [duty for duty in net.duties(SECOND).duties if duty.kind == DutyKind.DRAW]
    terms = unit.terms
    second = rates.rate(1 << 31, terms.coalition_numerator, terms.coalition_denominator, terms.fulfilled)
    assert (duty.rate, duty.alpha) == (second, round_of(net, unit).second_alpha)
    assert [duty.kind for duty in net.duties(FIRST).duties] == [DutyKind.OPEN_EPOCH]
    lines = net.chain.query(QueryExplainRequest(job.job_id, 0, 0), "ostraka.sampling.v1.Query/Explain").lines
    values = {line.name: line.value for line in lines}
    limit = rates.threshold(second, net.worker(SECOND).bond, net.check_of(unit).total_weight)
    assert values[f"T2 {SECOND.address.hex()}"] == str(limit)


def test_a_check_is_paid_for_a_ticket_of_the_look_in_which_it_was_committed(tmp_path: Path) -> None:
    cheap = header(layer_costs=(1,) * 6, head_cost=1)
    outcomes: list[CheckOutcome] = []
    with new_network(tmp_path, model=cheap) as net:
        for _ in range(2):
            job = net.drawn_job()
            units = net.units(job.job_id)
            net.ok(net.chain.send(FIRST.hot, *[net.commit_message(FIRST, unit) for unit in units]))
            run_to_second_look(net, units[0])
            net.ok(net.chain.send(SECOND.hot, *[net.commit_message(SECOND, unit) for unit in units]))
            net.run_to_phase_end(units[0])
            net.reveal_all(job)
            net.open_all(job)
            assert net.job(job.job_id).close_reason == CloseReason.SETTLED
            epoch = net.check_of(units[0]).epoch
            first = rules.proofs_from(LOCALNET.sampling, epoch)
            assert first == (epoch + 1) * LOCALNET.sampling.epoch_blocks + 4 + 2 * COMMIT_BLOCKS + 1
            net.chain.run_until(first - 1)
            expected = [[wins(net, FIRST, unit, 0), wins(net, SECOND, unit, 1)] for unit in units]
            for who in CHECKERS:
                net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
                # Equal bonds again: of two checkers none may hold more than half.
                if net.worker(who).bond < BOND:
                    net.ok(net.chain.send(who.operator, MsgBond(who.operator.bech32, BOND - net.worker(who).bond)))
            net.chain.send(REQUESTER, net.three_stages())
            for unit, (is_first, is_second) in zip(units, expected, strict=True):
                for who, is_drawn in ((FIRST, is_first), (SECOND, is_second)):
                    commit = sampling.find_commit(net.store, jobs.key_of(unit), who.address)
                    assert commit is not None
                    assert commit.outcome == (CheckOutcome.PAID if is_drawn else CheckOutcome.NO_TICKET)
                    outcomes.append(commit.outcome)
        net.chain.check_invariants()
    assert set(outcomes) == {CheckOutcome.PAID, CheckOutcome.NO_TICKET}
