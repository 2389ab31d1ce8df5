"""Registration, bonds, enrolment and plans: what is refused with which code, and what follows from a change."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.models.types import MsgRegisterModel, QueryModelRequest
from chain.modules.plans import keeper as plans
from chain.modules.workers import keeper as workers
from chain.modules.workers.types import (
    MsgBond,
    MsgEnroll,
    MsgUnbond,
    MsgUnenroll,
    MsgUpdateWorker,
    MsgWithdraw,
    Role,
    WorkerStatus,
)
from chain.parameters import OSTR
from tests.support.network import (
    BOND,
    CHECKERS,
    LAYERS,
    REQUESTER,
    SERVERS,
    Machine,
    Network,
    header,
    new_network,
    short,
    tensor_digests,
)

NEW = Machine("newcomer")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def test_a_registration_proves_every_key(net: Network) -> None:
    plain, other = NEW.registration(), Machine("other").keys()
    for name in ("hot_possession", "vrf_possession", "box_possession", "hot_key", "vrf_key", "box_key"):
        for value in (getattr(other, name), b""):
            message = replace(plain, keys=replace(plain.keys, **{name: value}))
            assert net.code(net.chain.send(NEW.operator, message)) == Code.INVALID_PROOF, name
    net.ok(net.chain.send(NEW.operator, plain))
    assert net.code(net.chain.send(NEW.operator, plain)) == Code.WORKER_EXISTS
    assert net.worker(NEW).status == WorkerStatus.ACTIVE


def test_refusals_of_registrations(net: Network) -> None:
    for changes, code in (
        ({"endpoint": ""}, Code.INVALID_REQUEST),
        ({"endpoint": "x" * 257}, Code.INVALID_REQUEST),
        ({"endpoint": "a\nb"}, Code.INVALID_REQUEST),
        ({"region": "x" * 129}, Code.INVALID_REQUEST),
        ({"bond": 0}, Code.INVALID_REQUEST),
        ({"bond": BOND - 1}, Code.BOND_TOO_SMALL),
        ({"bond": 2_000 * OSTR}, Code.INSUFFICIENT_FUNDS),
    ):
        message = replace(NEW.registration(), **changes)  # type: ignore[arg-type]
        assert net.code(net.chain.send(NEW.operator, message)) == code, changes
    with pytest.raises(Exception, match="UNKNOWN_WORKER"):
        workers.worker(net.store, NEW.address)


def test_bond_leaves_only_after_its_time_and_below_the_minimum_the_worker_drains(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(workers={"unbonding_blocks": 2_193})) as net:
        net.register(NEW)
        who = NEW.operator
        net.ok(net.chain.send(who, MsgBond(who.bech32, 5)))
        net.ok(net.chain.send(who, MsgUnbond(who.bech32, 5)))
        assert net.worker(NEW).status == WorkerStatus.ACTIVE
        net.ok(net.chain.send(who, MsgUnbond(who.bech32, 1)))
        assert (net.worker(NEW).status, net.worker(NEW).unbonding) == (WorkerStatus.DRAINING, 6)
        resume = MsgUpdateWorker(who.bech32, "127.0.0.1:1", "", 0, False)
        assert net.code(net.chain.send(who, resume)) == Code.BOND_TOO_SMALL
        assert net.code(net.chain.send(who, MsgUnbond(who.bech32, BOND))) == Code.BOND_TOO_SMALL
        held = net.chain.balance(who)
        net.ok(net.chain.send(who, MsgWithdraw(who.bech32)))
        assert net.chain.balance(who) == held - 100
        net.chain.run_until(net.chain.height + 2_193)
        net.ok(net.chain.send(who, MsgWithdraw(who.bech32)))
        assert net.chain.balance(who) == held - 200 + 6
        assert (net.worker(NEW).bond, net.worker(NEW).unbonding) == (BOND - 1, 0)
        net.chain.check_invariants()


def test_refusals_of_enrolments(net: Network) -> None:
    who = NEW.operator
    plain = MsgEnroll(who.bech32, net.root, Role.SERVE, 0, 2)
    assert net.code(net.chain.send(who, plain)) == Code.UNKNOWN_WORKER
    net.register(NEW)
    for changes, code in (
        ({"model_root": bytes(32)}, Code.UNKNOWN_MODEL),
        ({"start": 2}, Code.RANGE_INVALID),
        ({"end": LAYERS + 1}, Code.RANGE_INVALID),
        ({"role": Role.CHECK}, Code.RANGE_INVALID),
        ({"role": Role.UNSPECIFIED}, Code.INVALID_REQUEST),
    ):
        message = replace(plain, **changes)  # type: ignore[arg-type]
        assert net.code(net.chain.send(who, message)) == code, changes
    unenroll = MsgUnenroll(who.bech32, net.root, Role.SERVE)
    assert net.code(net.chain.send(who, unenroll)) == Code.NOT_ENROLLED
    net.ok(net.chain.send(who, plain))
    assert net.code(net.chain.send(who, plain)) == Code.ALREADY_ENROLLED
    net.ok(net.chain.send(who, replace(plain, end=4)))
    net.ok(net.chain.send(who, unenroll))
    net.ok(net.chain.send(who, MsgUpdateWorker(who.bech32, "127.0.0.1:1", "", 0, True)))
    assert net.code(net.chain.send(who, plain)) == Code.WORKER_NOT_ACTIVE


def test_refusals_of_plans(net: Network) -> None:
    a, b, c = SERVERS
    for message, code in (
        (net.plan_message((a, 0, 2), (b, 2, 4)), Code.PLAN_INVALID),
        (net.plan_message((a, 0, 2), (b, 3, 6)), Code.PLAN_INVALID),
        (net.plan_message((a, 0, 1), (b, 1, 6)), Code.PLAN_INVALID),
        (net.plan_message((a, 0, 3), (a, 3, 6)), Code.PLAN_INVALID),
        (net.plan_message((CHECKERS[0], 0, 6)), Code.PLAN_INVALID),
        (net.plan_message(*[(a, 0, 2)] * 9), Code.PLAN_INVALID),
        (net.plan_message(), Code.PLAN_INVALID),
        (replace(net.three_stages(), model_root=bytes(32)), Code.UNKNOWN_MODEL),
        (net.three_stages(), Code.PLAN_EXISTS),
    ):
        assert net.code(net.chain.send(REQUESTER, message)) == code, message
    net.ok(net.chain.send(REQUESTER, net.plan_message((c, 0, 5), (b, 5, 6))))


def test_a_worse_plan_than_four_is_refused_and_a_better_one_replaces_the_worst(net: Network) -> None:
    a, b, c = SERVERS
    for first, second in ((a, b), (b, c), (c, a)):
        net.ok(net.chain.send(REQUESTER, net.plan_message((first, 0, 5), (second, 5, 6))))
    assert len(plans.live_plans(net.store, net.root)) == 4
    worse = net.plan_message((a, 0, 6))
    assert net.code(net.chain.send(REQUESTER, worse)) == Code.PLAN_NOT_BETTER
    net.ok(net.chain.send(REQUESTER, net.plan_message((b, 0, 2), (a, 2, 5), (c, 5, 6))))
    live = plans.live_plans(net.store, net.root)
    assert [plan.plan_id for plan in live] == [1, 2, 3, 5] or len(live) == 4
    dead = [plan_id for plan_id in range(1, 6) if plan_id not in {plan.plan_id for plan in live}]
    found = plans.find_plan(net.store, dead[0])
    assert found is not None
    assert not found.is_live


def test_a_plan_needs_memory_for_weights_and_the_longest_cache(tmp_path: Path) -> None:
    heavy = header(weight_bytes=(1 << 33,) * LAYERS)
    with new_network(tmp_path, model=header()) as net:
        big = MsgRegisterModel(REQUESTER.bech32, "heavy", heavy, tensor_digests(heavy))
        net.ok(net.chain.send(REQUESTER, big))
        root = net.chain.query(QueryModelRequest(name="heavy"), "ostraka.models.v1.Query/Model").model.model_root
        for who in SERVERS:
            net.ok(net.chain.send(who.operator, MsgEnroll(who.operator.bech32, root, Role.SERVE, 0, LAYERS)))
        result = net.chain.send(REQUESTER, replace(net.three_stages(), model_root=root))
        assert net.code(result) == Code.PLAN_INVALID
        assert "bytes, its worker declares" in result.log


def test_a_plan_dies_with_a_stage_that_drains_or_loses_its_range_or_its_checkers(net: Network) -> None:
    for who, message in (
        (SERVERS[0], MsgUpdateWorker(SERVERS[0].operator.bech32, "127.0.0.1:1", "", 0, True)),
        (SERVERS[1], MsgEnroll(SERVERS[1].operator.bech32, net.root, Role.SERVE, 0, 2)),
        (CHECKERS[0], MsgUnenroll(CHECKERS[0].operator.bech32, net.root, Role.CHECK)),
        (CHECKERS[0], MsgBond(CHECKERS[0].operator.bech32, 1)),
    ):
        assert len(plans.live_plans(net.store, net.root)) == 1
        net.ok(net.chain.send(who.operator, message))
        assert plans.live_plans(net.store, net.root) == (), message
        _mend(net)


def _mend(net: Network) -> None:
    for who in SERVERS:
        net.chain.send(who.operator, MsgUpdateWorker(who.operator.bech32, "127.0.0.1:1", "", 0, False))
        net.chain.send(who.operator, MsgEnroll(who.operator.bech32, net.root, Role.SERVE, 0, LAYERS))
    for who in CHECKERS:
        net.chain.send(who.operator, MsgEnroll(who.operator.bech32, net.root, Role.CHECK, 0, LAYERS))
    net.chain.send(REQUESTER, net.three_stages())


def test_a_dead_plan_is_forgotten_after_its_time(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(plans={"retain_blocks": 5})) as net:
        drain = MsgUpdateWorker(SERVERS[0].operator.bech32, "127.0.0.1:1", "", 0, True)
        net.ok(net.chain.send(SERVERS[0].operator, drain))
        net.chain.run_until(net.chain.height + 5)
        assert plans.find_plan(net.store, 1) is not None
        net.chain.run_block()
        assert plans.find_plan(net.store, 1) is None


def test_refusals_of_models(net: Network) -> None:
    other = header(eos_ids=(3,))
    plain = MsgRegisterModel(REQUESTER.bech32, "other", other, tensor_digests(other))
    for changes, code in (
        ({"name": "tiny"}, Code.MODEL_EXISTS),
        ({"header": header(), "name": "same"}, Code.MODEL_EXISTS),
        ({"tensor_digests": plain.tensor_digests[1:]}, Code.MODEL_INVALID),
        ({"tensor_digests": (b"short", *plain.tensor_digests[1:])}, Code.MODEL_INVALID),
        ({"header": replace(other, hidden_size=100)}, Code.MODEL_INVALID),
    ):
        message = replace(plain, **changes)  # type: ignore[arg-type]
        assert net.code(net.chain.send(REQUESTER, message)) == code, changes
    net.ok(net.chain.send(REQUESTER, plain))
