"""Accounts: numbers without gaps, what wallets read, what genesis refuses."""

from pathlib import Path
from typing import Any

import pytest

from chain.errors import Code, InvariantBroken, Rejected
from chain.genesis import build_genesis, validate
from chain.modules.accounts import keeper, lifecycle, queries, state
from chain.modules.accounts import types as t
from chain.modules.bank.types import MsgSend
from chain.parameters import LOCALNET
from chain.store.codec import decode
from chain.wire.cosmos.auth.v1beta1 import auth_pb2
from chain.wire.cosmos.crypto.secp256k1 import keys_pb2
from tests.support.builders import coins, new_chain, wallet


def test_an_account_is_shown_as_a_base_account_with_its_key_once_it_signed(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice, bob = chain.accounts[:2]
        chain.send(alice, MsgSend(alice.bech32, bob.bech32, coins(1)))
        context = chain.app.snapshot()
        answer = queries.account(context, t.QueryAccountRequest(alice.bech32))
        assert answer.account is not None
        assert answer.account.type_url == "/cosmos.auth.v1beta1.BaseAccount"
        shown = auth_pb2.BaseAccount.FromString(answer.account.value)
        key = keys_pb2.PubKey()
        assert shown.pub_key.type_url == "/cosmos.crypto.secp256k1.PubKey"
        key.ParseFromString(shown.pub_key.value)
        number = keeper.account(context.store, alice.address).number
        assert (shown.address, shown.account_number, shown.sequence, key.key) == (
            alice.bech32,
            number,
            1,
            alice.public_key,
        )
        untouched = queries.account_info(context, t.QueryAccountInfoRequest(bob.bech32)).info
        assert untouched is not None
        assert (untouched.pub_key, untouched.sequence) == (None, 0)


def test_pages_of_accounts_join_without_gap_or_repetition(tmp_path: Path) -> None:
    with new_chain(tmp_path, keys=[wallet(f"w{index}") for index in range(7)]) as chain:
        chain.run_block()
        context = chain.app.snapshot()
        seen: list[bytes] = []
        key = b""
        while True:
            page = queries.accounts(context, t.QueryAccountsRequest(t.PageRequest(key, limit=3)))
            seen += [decode(t.BaseAccount, one.value).address.encode() for one in page.accounts]
            assert page.pagination is not None
            key = page.pagination.next_key
            if not key:
                break
        assert sorted(seen) == sorted(key.bech32.encode() for key in chain.accounts)
        with pytest.raises(Rejected) as caught:
            queries.accounts(context, t.QueryAccountsRequest(t.PageRequest(offset=1)))
        assert caught.value.code == Code.INVALID_REQUEST


def test_a_missing_account_is_not_found_in_the_words_wallets_look_for(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        nobody = wallet("nobody").bech32
        result = chain.app.answer(
            "/cosmos.auth.v1beta1.Query/Account", b"\x0a" + bytes((len(nobody),)) + nobody.encode()
        )
        assert (result.code, result.codespace) == (Code.NOT_FOUND, "sdk")
        assert result.log == f"rpc error: code = NotFound desc = account {nobody} not found: key not found"


def test_addresses_are_translated_both_ways(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        context, alice = chain.app.snapshot(), chain.accounts[0]
        text = queries.address_bytes_to_string(context, t.AddressBytesToStringRequest(alice.address))
        assert text.address_string == alice.bech32
        back = queries.address_string_to_bytes(context, t.AddressStringToBytesRequest(alice.bech32))
        assert back.address_bytes == alice.address
        assert queries.bech32_prefix(context, t.Bech32PrefixRequest()).bech32_prefix == "ostr"


def genesis(**params: int) -> dict[str, Any]:
    app_state = build_genesis(LOCALNET, {}, beacon_keys=())
    app_state["accounts"]["params"].update(params)
    return app_state


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_messages": 33}, r"accounts.params.max_messages is 33, outside 1..32"),
        ({"max_messages": 0}, r"accounts.params.max_messages is 0"),
        ({"tx_sig_limit": 8}, r"accounts.params.tx_sig_limit is 8, outside 1..7"),
        ({"max_memo_characters": 5000}, "max_memo_characters is 5000"),
        ({"max_tx_gas": 0}, "max_tx_gas must be in"),
        ({"max_tx_gas": 100_000_001}, r"max_tx_gas \(100000001\) <= .*max_gas \(100000000\) does not hold"),
        ({"surprise": 1}, "accounts.params.surprise is unknown"),
    ],
)
def test_bad_parameters_are_refused_with_the_limit(params: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        validate(genesis(**params), chain_id="c", block_max_gas=100_000_000)


def test_genesis_is_read_and_written_alike(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice, bob = chain.accounts[:2]
        chain.send(alice, MsgSend(alice.bech32, bob.bech32, coins(1)))
        exported = lifecycle.export_genesis(chain.app.snapshot())
    assert [entry["number"] for entry in exported["accounts"]] == [0, 1, 2, 3]
    with new_chain(tmp_path / "again", keys=[], change=lambda state: state.update(accounts=exported)) as chain:
        chain.run_block()
        assert lifecycle.export_genesis(chain.app.snapshot()) == exported


def test_a_gap_in_the_numbers_breaks_the_invariant(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        context = chain.app.at(0)
        overlay = chain.app._below()
        state.NUMBERS.take(overlay)
        with pytest.raises(InvariantBroken, match="account numbers"):
            lifecycle.check_invariants(type(context)(overlay, "c", b"", 1))
