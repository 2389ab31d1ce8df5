"""The bank: what is a coin, who may move it, and that nothing is ever made or lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.application import Timestamp
from chain.context import BlockFacts, Context, QueryContext
from chain.crypto.keys import encode_address, module_address
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.bank import handlers, keeper, lifecycle, queries, rules, state
from chain.modules.bank import types as t
from chain.modules.bank.types import Balance, Coin, Input, MsgMultiSend, MsgSend, Output
from chain.store.overlay import Overlay
from tests.support.builders import coins, new_chain, wallet

ALICE, BOB, CAROL = (wallet(name).address for name in ("alice", "bob", "carol"))
FACTS = BlockFacts("c", bytes(32), 5, Timestamp(), b"")


class Nothing:
    def get(self, module: str, key: bytes) -> bytes | None:
        return None

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        return iter(())


def fresh(*held: tuple[bytes, str, int]) -> Context:
    ctx = Context(Overlay(Nothing()), FACTS)
    for address, denom, amount in held:
        keeper.issue(ctx, address, Balance(denom, amount))
    return ctx


def check(ctx: Context) -> None:
    lifecycle.check_invariants(QueryContext(ctx.store, "c", bytes(32), 5))


def code_of(action: object, *arguments: object) -> Code:
    with pytest.raises(Rejected) as caught:
        action(*arguments)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize("text", ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "１", str(1 << 64), "9" * 30])
def test_amounts_have_one_spelling(text: str) -> None:
    assert code_of(rules.amount_of, text) == Code.INVALID_COINS


@given(st.integers(1, (1 << 64) - 1))
def test_every_positive_amount_is_read_back(amount: int) -> None:
    assert rules.amount_of(str(amount)) == amount


@pytest.mark.parametrize(
    "held",
    [
        (),
        coins(1) * 2,
        (Coin("b22", "1"), Coin("a22", "1")),
        (Coin("1ab", "1"),),
        (Coin("ab", "1"),),
        (Coin("a" * 129, "1"),),
        (Coin("a\n22", "1"),),
        tuple(Coin(f"denom{index:02}", "1") for index in range(17)),
    ],
)
def test_lists_of_coins_ascend_each_once_and_are_bounded(held: tuple[Coin, ...]) -> None:
    assert code_of(rules.parse_coins, held) == Code.INVALID_COINS


def test_a_transfer_beyond_the_balance_is_refused_and_changes_nothing() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    before = {module: dict(writes) for module, writes in ctx.store.changes.items()}
    assert code_of(keeper.transfer, ctx, ALICE, BOB, 11) == Code.INSUFFICIENT_FUNDS
    assert ctx.store.changes == before


def test_sending_to_oneself_changes_nothing() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    keeper.transfer(ctx, ALICE, ALICE, 10)
    assert keeper.balance(ctx.store, ALICE) == 10
    check(ctx)


def test_a_zero_transfer_says_nothing() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    keeper.transfer(ctx, ALICE, BOB, 0)
    assert ctx.events == []


def test_an_emptied_balance_is_removed() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    keeper.transfer(ctx, ALICE, BOB, 10)
    assert state.BALANCES.find(ctx.store, (ALICE, "uostr")) is None
    assert keeper.balances(ctx.store, BOB) == (Balance("uostr", 10),)
    check(ctx)


def test_denominations_do_not_mix() -> None:
    ctx = fresh((ALICE, "uostr", 10), (ALICE, "uother", 5), (BOB, "uother", 1))
    keeper.transfer_coins(ctx, ALICE, BOB, (Balance("uostr", 1), Balance("uother", 5)))
    assert keeper.balances(ctx.store, ALICE) == (Balance("uostr", 9),)
    assert keeper.balances(ctx.store, BOB) == (Balance("uostr", 1), Balance("uother", 6))
    assert (keeper.supply(ctx.store), keeper.supply(ctx.store, "uother")) == (10, 6)
    check(ctx)


@pytest.mark.parametrize("name", t.MODULE_ACCOUNTS)
def test_users_cannot_send_to_a_modules_account(name: str) -> None:
    ctx = fresh((ALICE, "uostr", 10))
    message = MsgSend(encode_address(ALICE), encode_address(module_address(name)), coins(1))
    assert code_of(handlers.send, ctx, message) == Code.UNAUTHORIZED


@pytest.mark.parametrize("recipient", ["", "ostr1", "cosmos1x", encode_address(BOB, "ostrvaloper"), "x" * 500])
def test_a_malformed_recipient_is_an_invalid_address(recipient: str) -> None:
    ctx = fresh((ALICE, "uostr", 10))
    assert code_of(handlers.send, ctx, MsgSend(encode_address(ALICE), recipient, coins(1))) == Code.INVALID_ADDRESS


def multi(amount: int, *given: tuple[bytes, int]) -> MsgMultiSend:
    outputs = tuple(Output(encode_address(address), coins(part)) for address, part in given)
    return MsgMultiSend((Input(encode_address(ALICE), coins(amount)),), outputs)


def test_a_multi_send_pays_everybody() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    handlers.multi_send(ctx, multi(9, (BOB, 4), (CAROL, 5)))
    assert [keeper.balance(ctx.store, who) for who in (ALICE, BOB, CAROL)] == [1, 4, 5]
    check(ctx)


def test_a_multi_send_whose_sums_differ_is_refused() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    assert code_of(handlers.multi_send, ctx, multi(9, (BOB, 4), (CAROL, 4))) == Code.INVALID_COINS
    assert code_of(handlers.multi_send, ctx, multi(9)) == Code.INVALID_REQUEST
    two = MsgMultiSend(multi(1, (BOB, 1)).inputs * 2, multi(1, (BOB, 1)).outputs)
    assert code_of(handlers.multi_send, ctx, two) == Code.INVALID_REQUEST


transfers = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["uostr", "uother"]), st.integers(1, 1 << 63)),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.integers(1, 1 << 60), min_size=5, max_size=5), transfers)
def test_whatever_is_sent_the_supply_stays_and_balances_are_those_of_a_ledger(
    first: list[int], moves: list[tuple[int, int, str, int]]
) -> None:
    people = [wallet(f"p{index}").address for index in range(5)]
    ctx = fresh(
        *((who, denom, amount) for who, amount in zip(people, first, strict=True) for denom in ("uostr", "uother"))
    )
    ledger = {(who, denom): amount for who, amount in zip(people, first, strict=True) for denom in ("uostr", "uother")}
    supply = keeper.supply(ctx.store)
    for sender, recipient, denom, amount in moves:
        source, target = (people[sender], denom), (people[recipient], denom)
        scratch = ctx.branch()
        if ledger[source] < amount:
            refused = code_of(keeper.transfer_coins, scratch, source[0], target[0], (Balance(denom, amount),))
            assert refused == Code.INSUFFICIENT_FUNDS
            continue
        keeper.transfer_coins(scratch, source[0], target[0], (Balance(denom, amount),))
        scratch.store.merge()
        ledger[source] -= amount
        ledger[target] += amount
    assert {place: keeper.balance(ctx.store, *place) for place in ledger} == ledger
    assert (keeper.supply(ctx.store), keeper.supply(ctx.store, "uother")) == (supply, supply)
    check(ctx)


def test_a_supply_beyond_64_bits_is_refused_at_genesis() -> None:
    ctx = fresh((ALICE, "uostr", (1 << 64) - 1))
    with pytest.raises(ValueError, match="supply of uostr exceeds"):
        keeper.issue(ctx, BOB, Balance("uostr", 1))


def test_money_out_of_nothing_breaks_the_invariant() -> None:
    ctx = fresh((ALICE, "uostr", 10))
    state.BALANCES.save(ctx.store, (BOB, "uostr"), Balance("uostr", 1))
    with pytest.raises(InvariantBroken, match="balances sum to"):
        check(ctx)


def test_genesis_is_read_and_written_alike() -> None:
    genesis = {
        "balances": [
            {"address": encode_address(who), "coins": [{"denom": "uostr", "amount": "7"}]}
            for who in sorted((ALICE, BOB))
        ],
        "denom_metadata": [],
    }
    ctx = fresh()
    lifecycle.init_genesis(ctx, genesis)
    assert lifecycle.export_genesis(QueryContext(ctx.store, "c", bytes(32), 5)) == genesis


@pytest.mark.parametrize(
    ("genesis", "message"),
    [
        ({"balance": []}, "bank.balance is unknown"),
        ({"balances": {}}, "bank.balances must be a list"),
        ({"balances": [{"address": "x", "coins": []}]}, r"bank.balances\[0\].address"),
        ({"balances": [{"address": encode_address(ALICE), "coins": []}]}, r"bank.balances\[0\].coins"),
        (
            {"balances": [{"address": encode_address(ALICE), "coins": [{"denom": "uostr", "amount": "1"}]}] * 2},
            "occurs twice",
        ),
        (
            {"balances": [{"address": encode_address(ALICE), "coins": [{"denom": "uostr", "amount": "-1"}]}]},
            "an amount is a positive number",
        ),
    ],
)
def test_a_bad_genesis_is_refused_with_its_field(genesis: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lifecycle.init_genesis(fresh(), genesis)


def test_queries_answer_as_wallets_expect(tmp_path: Path) -> None:
    with new_chain(tmp_path, balance=50) as chain:
        chain.run_block()
        alice = chain.accounts[0].bech32
        service = "cosmos.bank.v1beta1.Query"
        fifty = Coin("uostr", "50")
        assert chain.query(t.QueryBalanceRequest(alice, "uostr"), f"{service}/Balance").balance == fifty
        assert chain.query(t.QueryBalanceRequest(alice, "uatom"), f"{service}/Balance").balance == Coin("uatom", "0")
        assert chain.query(t.QueryAllBalancesRequest(alice), f"{service}/AllBalances").balances == (fifty,)
        assert chain.query(t.QuerySupplyOfRequest("uostr"), f"{service}/SupplyOf").amount == Coin("uostr", "10000200")
        metadata = chain.query(t.QueryDenomMetadataRequest("uostr"), f"{service}/DenomMetadata").metadata
        assert (metadata.base, metadata.symbol, metadata.denom_units[-1].exponent) == ("uostr", "OSTR", 6)
        context = chain.app.snapshot()
        assert code_of(queries.denom_metadata, context, t.QueryDenomMetadataRequest("x22")) == Code.NOT_FOUND
        assert code_of(queries.balance, context, t.QueryBalanceRequest("x", "uostr")) == Code.INVALID_ADDRESS


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["uostr", "uost", "uostrr"]), st.integers(1, 2**64 - 1))
def test_balances_are_stored_as_their_records(address: bytes, denom: str, amount: int) -> None:
    ctx, plain = Context(Overlay(Nothing()), FACTS), Overlay(Nothing())
    keeper.issue(ctx, address, Balance(denom, amount))
    state.BALANCES.save(plain, (address, denom), Balance(denom, amount))
    key = state.BALANCES.path((address, denom))
    assert ctx.store.get("bank", key) == plain.get("bank", key)
    assert keeper.balance(plain, address, denom) == amount
