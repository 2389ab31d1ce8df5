"""What a worker finds of others' unmet duties, read from the real application."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.errors import Rejected
from chain.modules.sampling import rules
from chain.modules.sampling.types import (
    MsgClaimDuty,
    QueryEpochProofsRequest,
    QueryEpochProofsResponse,
    QueryUnmetRequest,
    QueryUnmetResponse,
)
from chain.parameters import LOCALNET
from inference.auditing import LATE_BLOCKS, Auditor
from inference.view import UnitKey, UnmetDuty
from tests.support.network import CHECKERS, REQUESTER, SERVERS, Machine, Network, new_network

FIRST, SECOND = CHECKERS
PARAMS = LOCALNET.sampling


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


@dataclass
class AppReader:
    """The application's own queries."""

    net: Network
    asked: list[tuple[int, str]] = field(default_factory=list)

    async def epoch_proofs(self, epoch: int) -> QueryEpochProofsResponse | None:
        try:
            answer: QueryEpochProofsResponse = self.net.chain.query(
                QueryEpochProofsRequest(epoch), "ostraka.sampling.v1.Query/EpochProofs"
            )
        except Rejected:
            return None
        return answer

    async def unmet(self, epoch: int, checker: str, cursor: bytes) -> QueryUnmetResponse:
        self.asked.append((epoch, checker))
        request = QueryUnmetRequest(epoch, checker, cursor)
        answer: QueryUnmetResponse = self.net.chain.query(request, "ostraka.sampling.v1.Query/Unmet")
        return answer


def look(auditor: Auditor, net: Network, times: int = 20) -> None:
    for _ in range(times):
        asyncio.run(auditor.look(net.chain.height))


def silent_job(net: Network, *proving: Machine) -> tuple[int, int]:
    """A job that nobody checked, with these epoch proofs open; returns its id and epoch."""
    job = net.drawn_job()
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    net.chain.run_until(rules.proofs_from(PARAMS, epoch))
    for who in proving:
        net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
    return job.job_id, epoch


def test_every_unmet_duty_of_others_is_found_once_the_checks_are_over(net: Network) -> None:
    job_id, epoch = silent_job(net, FIRST, SECOND)
    reader = AppReader(net)
    auditor = Auditor(reader, FIRST.address, PARAMS)
    look(auditor, net)
    assert (auditor.found, reader.asked) == ((), [])
    net.chain.run_until(rules.proofs_from(PARAMS, epoch) + PARAMS.reveal_blocks + PARAMS.open_blocks)
    look(auditor, net)
    checker = SECOND.operator.bech32
    share = 3 * net.units(job_id)[0].terms.check_pay // 4
    expected = [
        UnmetDuty(UnitKey(job_id, 0, unit.stage), checker, 3 * unit.terms.check_pay // 4) for unit in net.units(job_id)
    ]
    assert list(auditor.found) == expected
    assert expected[0].share == share
    assert reader.asked == [(epoch, checker)]
    for duty in auditor.found:
        net.ok(net.chain.send(REQUESTER, MsgClaimDuty(REQUESTER.bech32, *duty.key, duty.checker)))
    auditor.forget(auditor.found)
    look(auditor, net)
    assert (auditor.found, reader.asked) == ((), [(epoch, checker)])
    # Once more when disputes are over: what was in dispute can be claimed only then.
    net.chain.run_until(net.chain.height + PARAMS.dispute_blocks + 1)
    look(auditor, net)
    assert (auditor.found, reader.asked) == ((), [(epoch, checker)] * 2)


def test_a_worker_that_has_not_opened_its_proof_is_asked_about_when_it_has(net: Network) -> None:
    job_id, epoch = silent_job(net)
    net.chain.run_until(rules.proofs_from(PARAMS, epoch) + PARAMS.reveal_blocks + PARAMS.open_blocks)
    reader = AppReader(net)
    auditor = Auditor(reader, SERVERS[0].address, PARAMS)
    look(auditor, net)
    assert (auditor.found, reader.asked) == ((), [])
    net.ok(net.chain.send(SECOND.hot, net.proof_message(SECOND, epoch)))
    look(auditor, net)
    assert {duty.key.job_id for duty in auditor.found} == {job_id}
    assert reader.asked == [(epoch, SECOND.operator.bech32)]


def test_epochs_whose_window_is_over_are_forgotten(net: Network) -> None:
    _, epoch = silent_job(net, SECOND)
    reader = AppReader(net)
    auditor = Auditor(reader, FIRST.address, PARAMS)
    net.chain.run_until(rules.late_end(PARAMS, epoch) + LATE_BLOCKS + 1)
    look(auditor, net, 40)
    assert reader.asked == []
