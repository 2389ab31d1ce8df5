"""Bonds: what a slash reaches, and that bond, unbonding and the bonds account always agree."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.context import BlockFacts, Context
from chain.crypto.keys import module_address
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.bank import keeper as bank
from chain.modules.workers import keeper, lifecycle
from chain.modules.workers.types import WorkerStatus
from chain.parameters import OSTR
from chain.store.overlay import Overlay
from tests.support.network import BOND, SERVERS, Network, new_network

TREASURY = module_address("treasury")
WHO = SERVERS[0].address


def scratch(net: Network) -> Context:
    """A context above committed state; what it writes is forgotten."""
    state = net.chain.app.snapshot()
    facts = BlockFacts(state.chain_id, state.chain, state.height + 1, net.chain.block().time, b"")
    return Context(Overlay(state.store), facts)


def judged(net: Network, ctx: Context) -> None:
    lifecycle.check_invariants(replace(net.chain.app.snapshot(), store=ctx.store))


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> object:
    with new_network(tmp_path_factory.mktemp("chain")) as network:
        yield network


@pytest.mark.parametrize("amount", [0, 1, 39 * OSTR, 40 * OSTR, 41 * OSTR, 70 * OSTR, 100 * OSTR, 200 * OSTR])
def test_a_slash_reaches_what_is_unbonding_newest_first(net: Network, amount: int) -> None:
    ctx = scratch(net)
    keeper.unbond(ctx, WHO, 40 * OSTR)
    later = replace(ctx, block=replace(ctx.block, height=ctx.block.height + 1))
    keeper.unbond(later, WHO, 20 * OSTR)
    before = bank.balance(ctx.store, TREASURY)
    taken = keeper.take_bond(ctx, WHO, amount, TREASURY)
    worker = keeper.worker(ctx.store, WHO)
    assert taken == min(amount, BOND)
    assert worker.bond == BOND - taken
    assert bank.balance(ctx.store, TREASURY) == before + taken
    left = [entry.amount for entry in keeper.unbondings_of(ctx.store, WHO)]
    short = max(0, taken - 40 * OSTR)
    newest = max(0, 20 * OSTR - short)
    oldest = 40 * OSTR - max(0, short - 20 * OSTR)
    assert left == [part for part in (oldest, newest) if part]
    assert worker.status == WorkerStatus.DRAINING
    judged(net, ctx)


def test_reserved_bond_is_not_free_for_anything_else(net: Network) -> None:
    ctx = scratch(net)
    keeper.reserve(ctx, WHO, BOND - 1)
    for use in (keeper.reserve, keeper.unbond):
        with pytest.raises(Rejected) as refusal:
            use(ctx, WHO, 2)
        assert refusal.value.code == Code.BOND_TOO_SMALL
    keeper.release(ctx, WHO, BOND - 1)
    with pytest.raises(InvariantBroken):
        keeper.release(ctx, WHO, 1)
    with pytest.raises(InvariantBroken):
        keeper.unhold(ctx, WHO)


def test_a_missing_coin_in_the_bonds_account_is_found(net: Network, tmp_path: Path) -> None:
    ctx = scratch(net)
    judged(net, ctx)
    bank.transfer(ctx, keeper.BONDS, TREASURY, 1)
    with pytest.raises(InvariantBroken, match="bonds account"):
        judged(net, ctx)
