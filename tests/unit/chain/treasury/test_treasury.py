"""The treasury: fees in whole numbers, collected every block."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import Code
from chain.genesis import build_genesis, validate
from chain.modules.bank.types import MsgSend
from chain.modules.treasury import keeper, queries, rules
from chain.modules.treasury.types import QueryBalancesRequest, QueryParamsRequest
from chain.parameters import LOCALNET
from tests.support.builders import FEE, coins, new_chain


@given(st.integers(1, 1 << 62), st.integers(0, 1 << 40), st.integers(1, 1 << 40))
def test_the_least_fee_is_enough_and_one_less_is_not(gas: int, numerator: int, denominator: int) -> None:
    least = rules.least_fee(gas, numerator, denominator)
    assert rules.is_enough(least, gas, numerator, denominator)
    assert least == 0 or not rules.is_enough(least - 1, gas, numerator, denominator)


def test_fees_of_a_block_reach_the_treasury_in_that_block(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice, bob, carol, dave = chain.accounts
        chain.run_block([chain.tx(key, MsgSend(key.bech32, bob.bech32, coins(1))) for key in (alice, carol, dave)])
        held = {one.name: one.amount for one in queries.balances(chain.app.snapshot(), QueryBalancesRequest()).balances}
        assert held == {
            "bonds": 0,
            "escrow": 0,
            "check_pool": 10_000_000,
            "treasury": 3 * FEE,
            "fee_collector": 0,
            "held_slashes": 0,
        }
        chain.check_invariants()


def test_the_floor_of_the_chain_counts_in_blocks_too(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice, bob = chain.accounts[:2]
        cheap = chain.tx(alice, MsgSend(alice.bech32, bob.bech32, coins(1)), fee=FEE - 1)
        block = chain.block([chain.propose().txs[0], cheap])
        assert chain.decide(block).tx_results[1].code == Code.INSUFFICIENT_FEE
        params = queries.params(chain.app.snapshot(), QueryParamsRequest()).params
        assert (params.gas_price_numerator, params.gas_price_denominator) == (1, 10_000)
        assert chain.balance(keeper.TREASURY) == 0


def test_a_price_without_denominator_is_refused() -> None:
    app_state = build_genesis(LOCALNET, {}, beacon_keys=())
    app_state["treasury"]["params"]["gas_price_denominator"] = 0
    with pytest.raises(ValueError, match="1 <= denominator"):
        validate(app_state, chain_id="c")
