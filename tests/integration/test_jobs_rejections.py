"""Every refusal of a request or a result: its code, what it says, and that state stays as it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.application import TxResult
from chain.errors import Code
from chain.modules.bank.types import MsgSend
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus, SamplerKind, SamplerSpec
from chain.modules.workers.types import MsgUpdateWorker
from chain.parameters import OSTR
from tests.support.builders import coins, wallet
from tests.support.network import (
    CHECKERS,
    PROMPT_TOKENS,
    REQUESTER,
    SERVERS,
    Machine,
    Network,
    digest,
    new_network,
    short,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network with one running job; the tests only send what is refused."""
    with new_network(tmp_path_factory.mktemp("chain")) as network:
        network.planned_job()
        yield network
        network.chain.check_invariants()


def refused(net: Network, key: Any, message: object) -> tuple[Code, TxResult]:
    """Send a message that must change nothing but its fee and sequence."""
    before = jobs_state(net)
    result = net.chain.send(key, message)
    assert jobs_state(net) == before
    return Code(result.code), result


def jobs_state(net: Network) -> dict[bytes, bytes]:
    """What the jobs module holds, without the queue of deletions, which time moves."""
    return {key: value for key, value in net.store.iterate("jobs", b"", None) if not key.startswith(b"garbage")}


SAMPLER = SamplerSpec(SamplerKind.TEMPERATURE, 1 << 31, 0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model_root": digest("no model")}, Code.UNKNOWN_MODEL),
        ({"model_root": b"short"}, Code.UNKNOWN_MODEL),
        ({"prompt_root": b"short"}, Code.INVALID_REQUEST),
        ({"blind_hash": b""}, Code.INVALID_REQUEST),
        ({"seed": bytes(33)}, Code.INVALID_REQUEST),
        ({"session_key": bytes(32)}, Code.INVALID_REQUEST),
        ({"prompt_tokens": 0}, Code.INVALID_REQUEST),
        ({"max_tokens": 0}, Code.INVALID_REQUEST),
        ({"max_tokens": 512 - PROMPT_TOKENS + 2}, Code.CONTEXT_TOO_LONG),
        ({"prompt_tokens": (1 << 64) - 1}, Code.CONTEXT_TOO_LONG),
        ({"stop_ids": tuple(range(9))}, Code.INVALID_REQUEST),
        ({"stop_ids": (256,)}, Code.INVALID_REQUEST),
        ({"sampler": SAMPLER}, Code.SAMPLER_INVALID),
        ({"sampler": replace(SAMPLER, inverse_temperature=0)}, Code.SAMPLER_INVALID),
        ({"sampler": replace(SAMPLER, inverse_temperature=1, top_k=257)}, Code.SAMPLER_INVALID),
        ({"sampler": SamplerSpec(SamplerKind.GREEDY, 0, 5)}, Code.SAMPLER_INVALID),
        ({"value": 1 << 56}, Code.INVALID_REQUEST),
        ({"value": 1_000 * OSTR}, Code.VALUE_TOO_LARGE),
        ({"max_escrow": 1}, Code.ESCROW_TOO_SMALL),
    ],
)
def test_a_request_is_refused_with_its_code(running: Network, changes: dict[str, Any], code: Code) -> None:
    assert refused(running, REQUESTER, running.request(**changes))[0] == code


def test_the_refusal_of_a_value_names_the_largest_that_is_accepted(running: Network) -> None:
    result = refused(running, REQUESTER, running.request(value=1_000 * OSTR))[1]
    largest = int(result.log.rsplit("is ", 1)[1].split(" uostr")[0])
    assert running.chain.app.simulate(running.chain.tx(REQUESTER, running.request(value=largest))).result.code == 0
    over = running.chain.app.simulate(running.chain.tx(REQUESTER, running.request(value=largest + 1)))
    assert over.result.code == Code.VALUE_TOO_LARGE


def test_the_refusal_of_an_escrow_names_what_is_needed(running: Network) -> None:
    result = refused(running, REQUESTER, running.request(max_escrow=1))[1]
    needed = int(result.log.split("escrow of ")[1].split(" uostr")[0])
    for escrow, code in ((needed, 0), (needed - 1, Code.ESCROW_TOO_SMALL)):
        simulated = running.chain.app.simulate(running.chain.tx(REQUESTER, running.request(max_escrow=escrow)))
        assert simulated.result.code == code


def test_a_requester_without_funds_is_refused(running: Network) -> None:
    poor = wallet("poor")
    running.ok(running.chain.send(REQUESTER, MsgSend(REQUESTER.bech32, poor.bech32, coins(1_000))))
    assert refused(running, poor, running.request(requester=poor.bech32))[0] == Code.INSUFFICIENT_FUNDS


def test_a_message_in_anothers_name_is_refused(running: Network) -> None:
    unit = running.units(1)[0]
    borrowed = replace(running.result(unit), sender=CHECKERS[0].hot.bech32)
    tx = running.chain.tx(SERVERS[0].hot, borrowed)
    assert Code(running.chain.check(tx).code) in (Code.UNAUTHORIZED, Code.INVALID_PUBKEY)
    foreign = replace(running.result(unit), sender="cosmos1qqqq")
    assert Code(running.chain.check(running.chain.tx(SERVERS[0].hot, foreign)).code) == Code.INVALID_ADDRESS


@pytest.mark.parametrize(
    ("stage", "changes", "code"),
    [
        (0, {"job_id": 99}, Code.UNKNOWN_JOB),
        (0, {"stage": 1}, Code.NOT_ASSIGNED),
        (0, {"attempt": 1}, Code.NOT_ASSIGNED),
        (0, {"revision": 1}, Code.WRONG_COUNT),
        (0, {"tokens": 0}, Code.WRONG_COUNT),
        (0, {"tokens": 7}, Code.WRONG_COUNT),
        (0, {"out_root": b"short"}, Code.INVALID_REQUEST),
        (0, {"seal": b""}, Code.INVALID_REQUEST),
        (0, {"in_root": digest("claimed")}, Code.WRONG_INPUT),
        (1, {"in_root": digest("other rows")}, Code.WRONG_INPUT),
        (1, {"receipt": None}, Code.RECEIPT_INVALID),
        (1, {"tokens": 4}, Code.WRONG_COUNT),
    ],
)
def test_a_result_is_refused_with_its_code(running: Network, stage: int, changes: dict[str, Any], code: Code) -> None:
    unit = running.units(1)[stage]
    message = replace(running.result(unit), **changes)
    key = running.asserter(unit).hot
    assert refused(running, key, message)[0] == code


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": digest("another unit")},
        {"revision": 1},
        {"is_final": False},
        {"root": b"short"},
        {"count": 1 << 40, "signature": bytes(64)},
        {"signature": bytes(64)},
        {"signature": b""},
        {"signature": b"x" * 5_000},
    ],
)
def test_a_forged_receipt_is_refused(running: Network, changes: dict[str, Any]) -> None:
    units = running.units(1)
    message = replace(running.result(units[1]), receipt=running.receipt(units[0], **changes))
    assert refused(running, SERVERS[1].hot, message)[0] == Code.RECEIPT_INVALID


def test_a_receipt_signed_by_another_key_is_refused(running: Network) -> None:
    units = running.units(1)
    wrong = replace(units[0], operator=SERVERS[2].address)
    message = replace(running.result(units[1]), receipt=running.receipt(wrong))
    assert refused(running, SERVERS[1].hot, message)[0] == Code.RECEIPT_INVALID


def test_another_workers_unit_and_strangers_are_refused(running: Network) -> None:
    unit = running.units(1)[0]
    taken = replace(running.result(unit), sender=SERVERS[1].hot.bech32)
    assert refused(running, SERVERS[1].hot, taken)[0] == Code.NOT_ASSIGNED
    stranger = replace(running.result(unit), sender=REQUESTER.bech32)
    assert refused(running, REQUESTER, stranger)[0] == Code.UNKNOWN_WORKER
    operator = replace(running.result(unit), sender=SERVERS[0].operator.bech32)
    assert refused(running, SERVERS[0].operator, operator)[0] == Code.UNKNOWN_WORKER


def test_a_second_commitment_is_refused_and_a_waiting_job_takes_none(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        net.ok(net.chain.send(REQUESTER, net.request()))
        waiting = next(jobs.jobs_before(net.store, 1 << 63))
        assert waiting.status == JobStatus.WAITING
        net.chain.run_until(net.chain.height + 2)
        unit = net.units(waiting.job_id)[0]
        early = replace(net.result(unit), job_id=waiting.job_id + 1)
        net.ok(net.chain.send(REQUESTER, net.request()))
        assert refused(net, SERVERS[0].hot, early)[0] == Code.JOB_NOT_OPEN
        net.ok(net.chain.send(SERVERS[0].hot, net.result(unit)))
        again = replace(net.result(unit), seal=digest("another seal"))
        assert refused(net, SERVERS[0].hot, again)[0] == Code.ALREADY_SUBMITTED
        shorter = net.result(net.units(waiting.job_id)[1], tokens=4)
        assert refused(net, SERVERS[1].hot, shorter)[0] == Code.WRONG_COUNT
        net.chain.run_until(net.job(waiting.job_id).expiry_height)
        late = net.result(net.units(waiting.job_id)[2])
        assert refused(net, SERVERS[2].hot, late)[0] == Code.JOB_NOT_OPEN
        net.chain.check_invariants()


def test_without_a_live_plan_nothing_is_accepted(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        worker = net.worker(CHECKERS[0])
        drain = MsgUpdateWorker(CHECKERS[0].operator.bech32, worker.endpoint, worker.region, 0, True)
        net.ok(net.chain.send(CHECKERS[0].operator, drain))
        assert refused(net, REQUESTER, net.request())[0] == Code.NO_LIVE_PLAN


def test_an_under_bonded_worker_is_refused(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(workers={"min_bond": 100 * OSTR})) as net:
        who = Machine("newcomer")
        result = net.chain.send(who.operator, who.registration(bond=100 * OSTR - 1))
        assert Code(result.code) == Code.BOND_TOO_SMALL
