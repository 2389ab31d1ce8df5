"""Transactions against the real application: what is admitted, what it costs, what is refused and changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.application import CheckKind, Event
from chain.client.envelope import (
    AuthInfo,
    Fee,
    ModeInfo,
    ModeSingle,
    PublicKey,
    SignDoc,
    SignerInfo,
    SignMode,
    TxRaw,
)
from chain.client.signing import Key, body_bytes, build_simulation
from chain.context import Context
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.accounts import keeper as accounts
from chain.modules.accounts.types import AnyValue
from chain.modules.bank.types import Coin, MsgSend
from chain.modules.treasury.keeper import TREASURY
from chain.store.codec import encode
from chain.wire.cosmos.base.abci.v1beta1.abci_pb2 import TxMsgData
from tests.support.builders import CHAIN_ID, FEE, Chain, coins, machine, new_chain, wallet


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    with new_chain(tmp_path) as made:
        made.run_block()
        yield made


def send(sender: Key, recipient: Key, amount: int) -> MsgSend:
    return MsgSend(sender.bech32, recipient.bech32, coins(amount))


def sequence(chain: Chain, key: Key) -> int:
    return accounts.account(chain.app.store, key.address).sequence


def test_a_transfer_moves_coins_and_pays_the_treasury(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    before = chain.balance(alice), chain.balance(bob), chain.balance(TREASURY)
    result = chain.send(alice, send(alice, bob, 5))
    assert (result.code, result.codespace, result.log) == (0, "", "")
    assert (chain.balance(alice), chain.balance(bob), chain.balance(TREASURY)) == (
        before[0] - 5 - FEE,
        before[1] + 5,
        before[2] + FEE,
    )
    (response,) = TxMsgData.FromString(result.data).msg_responses
    assert (response.type_url, response.value) == ("/cosmos.bank.v1beta1.MsgSendResponse", b"")
    chain.check_invariants()


def test_events_are_those_that_wallets_search_by(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    result = chain.send(alice, send(alice, bob, 5))
    paid, *happened = result.events
    assert (paid.kind, [key for key, _ in paid.attributes]) == ("tx", ["fee", "fee_payer", "acc_seq", "signature"])
    assert paid.attributes[:3] == (
        ("fee", f"{FEE}uostr"),
        ("fee_payer", alice.bech32),
        ("acc_seq", f"{alice.bech32}/0"),
    )
    amount, place = ("amount", "5uostr"), ("msg_index", "0")
    action = ("action", "/cosmos.bank.v1beta1.MsgSend")
    assert happened == [
        Event("message", (action, ("sender", alice.bech32), ("module", "bank"), place)),
        Event("coin_spent", (("spender", alice.bech32), amount, place)),
        Event("coin_received", (("receiver", bob.bech32), amount, place)),
        Event("transfer", (("recipient", bob.bech32), ("sender", alice.bech32), amount, place)),
    ]


def test_events_of_two_messages_name_their_places(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    result = chain.send(alice, send(alice, bob, 5), send(alice, bob, 6))
    kinds = ("message", "coin_spent", "coin_received", "transfer")
    told = [(event.kind, event.attributes[-1]) for event in result.events[1:]]
    assert told == [(kind, ("msg_index", place)) for place in ("0", "1") for kind in kinds]


def test_a_failed_message_keeps_the_fee_and_raises_the_sequence(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    before = chain.balance(alice)
    result = chain.run(chain.tx(alice, send(alice, bob, 7), send(alice, bob, 10**15)))
    assert (result.code, result.codespace, result.data) == (Code.INSUFFICIENT_FUNDS, "sdk", b"")
    assert result.log.startswith("failed to execute message; message index: 1: ")
    assert chain.balance(alice) == before - FEE
    assert sequence(chain, alice) == 1
    assert [event.kind for event in result.events] == ["tx"]


def test_a_new_account_is_made_by_its_first_coins_and_may_sign(chain: Chain) -> None:
    alice, fresh = chain.accounts[0], machine("fresh")
    assert chain.send(fresh, send(fresh, alice, 1)).code == Code.UNKNOWN_ADDRESS
    assert chain.send(alice, send(alice, fresh, 10_000)).code == 0
    assert chain.send(fresh, send(fresh, alice, 1)).code == 0
    assert chain.balance(fresh) == 10_000 - 1 - FEE


def refusals(chain: Chain) -> dict[str, tuple[bytes, Code]]:
    alice, bob, *_ = chain.accounts
    message = send(alice, bob, 1)
    good = chain.tx(alice, message)
    return {
        "wrong chain id": (chain.tx(alice, message, chain_id="other"), Code.UNAUTHORIZED),
        "wrong sequence": (chain.tx(alice, message, sequence=5), Code.WRONG_SEQUENCE),
        "signature of another": (resigned(chain, alice, bob, message), Code.UNAUTHORIZED),
        "fee below the price": (chain.tx(alice, message, gas=1_000_001), Code.INSUFFICIENT_FEE),
        "fee above the balance": (chain.tx(alice, message, fee=10**12), Code.INSUFFICIENT_FUNDS),
        "no gas": (chain.tx(alice, message, gas=0), Code.INVALID_REQUEST),
        "gas above the limit": (chain.tx(alice, message, gas=20_000_001, fee=10_000), Code.INVALID_REQUEST),
        "gas below what the bytes cost": (chain.tx(alice, message, gas=1_000), Code.OUT_OF_GAS),
        "memo too long": (chain.tx(alice, message, memo="x" * 257), Code.MEMO_TOO_LARGE),
        "timeout passed": (chain.tx(alice, message, timeout_height=1), Code.TX_TIMEOUT_HEIGHT),
        "truncated": (good[:-3], Code.TX_DECODE),
        "empty": (b"", Code.INVALID_REQUEST),
        "beacon transaction": (chain.propose().txs[0], Code.BEACON_TRANSACTION),
        "unknown account": (chain.tx(wallet("nobody"), send(wallet("nobody"), bob, 1)), Code.UNKNOWN_ADDRESS),
    }


def resigned(chain: Chain, owner: Key, signer: Key, message: MsgSend) -> bytes:
    return chain.tx(replace(owner, secret=signer.secret), message)


def test_what_is_refused_has_its_code_and_changes_nothing(chain: Chain) -> None:
    state = chain.app._below()
    before = {name: list(state.iterate(name, b"", None)) for name in ("accounts", "bank")}
    for name, (tx, code) in refusals(chain).items():
        checked = chain.check(tx)
        assert (checked.code, checked.codespace) == (code, Code(code).codespace), name
    txs = [tx for tx, _ in refusals(chain).values()]
    block = chain.block([chain.propose().txs[0], *txs])
    results = chain.decide(block).tx_results[1:]
    for (name, (_, code)), result in zip(refusals_codes(chain, txs, results), results, strict=True):
        assert (result.code, result.data, result.gas_used) == (code, b"", 0), name
    after = {name: list(chain.app._below().iterate(name, b"", None)) for name in ("accounts", "bank")}
    assert after == before


def refusals_codes(chain: Chain, txs: list[bytes], results: Any) -> list[tuple[str, tuple[bytes, Code]]]:
    return list(refusals(chain).items())


def test_the_same_transaction_twice_counts_once(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    tx = chain.tx(alice, send(alice, bob, 5))
    first, second = chain.run_block([tx, tx])
    assert (first.code, second.code) == (0, Code.WRONG_SEQUENCE)
    assert chain.run(tx).code == Code.WRONG_SEQUENCE


def test_the_mempool_counts_sequences_and_fees_until_the_next_commit(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    first, second = (chain.tx(alice, send(alice, bob, 5), sequence=number) for number in (0, 1))
    assert chain.check(second).code == Code.WRONG_SEQUENCE
    assert chain.check(first).code == 0
    assert chain.check(second).code == 0
    chain.run_block()
    assert chain.check(second, CheckKind.RECHECK).code == Code.WRONG_SEQUENCE
    assert chain.check(first, CheckKind.RECHECK).code == 0


def test_this_nodes_own_price_counts_in_the_mempool_only(tmp_path: Path) -> None:
    with new_chain(tmp_path, settings={"gas_price": (1, 1_000)}) as chain:
        alice, bob, *_ = chain.accounts
        tx = chain.tx(alice, send(alice, bob, 5))
        assert chain.check(tx).code == Code.INSUFFICIENT_FEE
        assert chain.check(tx).log == "insufficient fees; got: 100uostr required: 1000uostr"
        assert chain.run(tx).code == 0


def test_several_signers_sign_one_transaction_and_the_first_pays(chain: Chain) -> None:
    alice, bob, carol, _ = chain.accounts
    messages = [send(alice, bob, 1), send(carol, bob, 2), send(alice, carol, 3)]
    before = [chain.balance(key) for key in (alice, bob, carol)]
    tx = jointly(chain, [alice, carol], messages)
    assert chain.check(tx).code == 0
    assert chain.run(tx).code == 0
    assert [chain.balance(key) for key in (alice, bob, carol)] == [before[0] - 4 - FEE, before[1] + 3, before[2] + 1]
    assert (sequence(chain, alice), sequence(chain, carol), sequence(chain, bob)) == (1, 1, 0)
    assert chain.check(jointly(chain, [carol, alice], messages)).code == Code.INVALID_PUBKEY
    assert chain.check(jointly(chain, [alice], messages)).code == Code.UNAUTHORIZED


def jointly(chain: Chain, keys: list[Key], messages: list[MsgSend]) -> bytes:
    body = body_bytes(messages, "", 0)
    held = [accounts.account(chain.app.store, key.address) for key in keys]
    infos = tuple(
        SignerInfo(
            AnyValue(key.key_url, encode(PublicKey(key.public_key))),
            ModeInfo(ModeSingle(SignMode.DIRECT)),
            one.sequence,
        )
        for key, one in zip(keys, held, strict=True)
    )
    auth = encode(AuthInfo(infos, Fee((Coin("uostr", str(FEE)),), 1_000_000)))
    signatures = tuple(
        key.sign(encode(SignDoc(body, auth, CHAIN_ID, one.number))) for key, one in zip(keys, held, strict=True)
    )
    return encode(TxRaw(body, auth, signatures))


def test_a_verified_signature_is_not_verified_again(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, *_ = chain.accounts
    tx = chain.tx(alice, send(alice, bob, 5))
    assert chain.check(tx).code == 0

    def explode(*_: bytes) -> bool:
        raise AssertionError("verified twice")

    monkeypatch.setattr("chain.tx.verify_secp256k1", explode)
    assert chain.run(tx).code == 0


def test_a_signature_for_another_account_number_is_never_taken_from_memory(chain: Chain) -> None:
    """The number of a new account can differ between the mempool's state and the block's."""
    alice, bob, *_ = chain.accounts
    first, second = machine("first"), machine("second")
    fund = chain.tx(alice, send(alice, first, 10_000))
    assert chain.check(fund).code == 0
    tx = chain.tx(second, send(second, bob, 1))
    chain.run_block(
        [chain.tx(alice, send(alice, second, 10_000)), chain.tx(alice, send(alice, first, 10_000), sequence=1)]
    )
    assert chain.check(tx).code == Code.UNAUTHORIZED
    assert chain.run(tx).code == Code.UNAUTHORIZED


def test_simulation_needs_no_signature_and_tells_the_gas(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    tx = build_simulation(alice, [send(alice, bob, 5)], sequence=0)
    outcome = chain.app.simulate(tx)
    executed = chain.send(alice, send(alice, bob, 5))
    assert outcome.result.code == 0
    assert 0 < outcome.result.gas_used <= executed.gas_used
    assert chain.app.simulate(tx).result.code == 0, "sequences may lag behind what is in the mempool"
    assert chain.check(tx).code != 0


def test_simulation_names_the_message_that_fails(chain: Chain) -> None:
    alice, bob, *_ = chain.accounts
    outcome = chain.app.simulate(build_simulation(alice, [send(alice, bob, 5), send(alice, bob, 10**15)], sequence=0))
    assert (outcome.failed_index, outcome.result.code) == (1, Code.INSUFFICIENT_FUNDS)


def broken_handler(chain: Chain, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    route = chain.app._routes["/cosmos.bank.v1beta1.MsgSend"]

    def fail(ctx: Context, message: MsgSend) -> None:
        route.handler(ctx, message)
        raise error

    monkeypatch.setitem(chain.app._routes, route.type_url, replace(route, handler=fail))


def test_an_unexpected_exception_costs_that_transaction_alone(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, *_ = chain.accounts
    broken_handler(chain, monkeypatch, ZeroDivisionError("secret detail"))
    before = chain.balance(alice), chain.balance(bob)
    result = chain.send(alice, send(alice, bob, 5))
    assert (result.code, result.codespace, result.data) == (Code.INTERNAL, "sdk", b"")
    assert "secret" not in result.log
    assert result.gas_used == result.gas_wanted
    assert (chain.balance(alice), chain.balance(bob)) == (before[0] - FEE, before[1])
    chain.check_invariants()


@pytest.mark.parametrize("error", [MemoryError(), OSError("disk"), InvariantBroken("x")])
def test_what_another_node_may_not_have_ends_the_process(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    alice, bob, *_ = chain.accounts
    broken_handler(chain, monkeypatch, error)
    block = chain.propose([chain.tx(alice, send(alice, bob, 5))])
    with pytest.raises(type(error)):
        chain.app.finalize_block(block)


def test_a_rejection_in_a_handler_drops_its_writes_and_events(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, *_ = chain.accounts
    broken_handler(chain, monkeypatch, Rejected(Code.NOT_FOUND, "no"))
    before = chain.balance(bob)
    result = chain.send(alice, send(alice, bob, 5))
    assert (result.code, chain.balance(bob)) == (Code.NOT_FOUND, before)
    assert not any(event.kind == "message" for event in result.events)
