"""Transactions signed here against the bytes that CosmJS signs, and against the node's own decoder."""

import json
from pathlib import Path
from typing import Any

import pytest

from chain.client.envelope import AuthInfo, SignDoc, TxBody, TxRaw
from chain.client.registry import message_class, message_classes, response_class, type_url
from chain.client.signing import Key, build_simulation, build_tx, tx_hash
from chain.crypto.keys import encode_address, secret_from_mnemonic, verify_ed25519, verify_secp256k1
from chain.modules.bank.types import Coin, MsgSend, MsgSendResponse
from chain.modules.jobs.types import MsgRequestJob, MsgRequestJobResponse
from chain.modules.workers.types import Empty, MsgBond
from chain.store.codec import decode, encode

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "cosmjs_signing.json").read_text("utf-8"))
"""Signed by CosmJS of the release that `source` names."""


@pytest.fixture(scope="module")
def wallet() -> Key:
    return Key.secp256k1(secret_from_mnemonic(VECTORS["words"]))


def test_a_mnemonic_gives_the_address_that_cosmos_wallets_derive(wallet: Key) -> None:
    assert encode_address(wallet.address, "cosmos") == VECTORS["cosmos_address"]


@pytest.mark.parametrize("vector", VECTORS["txs"], ids=lambda vector: f"sequence {vector['sequence']}")
def test_a_transaction_has_the_bytes_that_cosmjs_signs(wallet: Key, vector: dict[str, Any]) -> None:
    assert wallet.bech32 == vector["address"]
    message = MsgSend(wallet.bech32, wallet.bech32, (Coin("uostr", str(vector["amount"])),))
    tx = build_tx(
        wallet,
        [message],
        chain_id=vector["chain_id"],
        account_number=vector["account_number"],
        sequence=vector["sequence"],
        gas=vector["gas"],
        fee=vector["fee"],
        memo=vector["memo"],
        timeout_height=vector["timeout_height"],
    )
    assert tx.hex() == vector["tx"]


@pytest.mark.parametrize(("make", "verify"), [(Key.secp256k1, verify_secp256k1), (Key.ed25519, verify_ed25519)])
def test_a_signature_covers_chain_account_and_body(make: Any, verify: Any) -> None:
    key = make(bytes(range(1, 33)))
    tx = build_tx(key, [MsgBond(key.bech32, 5)], chain_id="c", account_number=3, sequence=9, gas=8, fee=7)
    raw = decode(TxRaw, tx)
    signed = encode(SignDoc(raw.body_bytes, raw.auth_info_bytes, "c", 3))
    assert verify(key.public_key, signed, raw.signatures[0])
    assert not verify(key.public_key, encode(SignDoc(raw.body_bytes, raw.auth_info_bytes, "d", 3)), raw.signatures[0])


def test_a_simulation_carries_neither_fee_nor_signature() -> None:
    key = Key.ed25519(bytes(32))
    raw = decode(TxRaw, build_simulation(key, [MsgBond(key.bech32, 5)], sequence=4))
    auth = decode(AuthInfo, raw.auth_info_bytes)
    assert raw.signatures == (b"",)
    assert auth.fee is not None
    assert (auth.fee.amount, auth.fee.gas_limit) == ((), 0)
    assert decode(TxBody, raw.body_bytes).messages[0].type_url == "/ostraka.workers.v1.MsgBond"


def test_printing_a_key_shows_no_secret() -> None:
    key = Key.ed25519(bytes(range(32)))
    assert repr(key) == f"Key({key.bech32})"


def test_a_hash_is_sha256_of_the_bytes() -> None:
    assert tx_hash(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_message_is_found_by_its_type_url_again() -> None:
    for message in message_classes():
        assert message_class(type_url(message)) is message
    assert len({type_url(message) for message in message_classes()}) == len(message_classes())


def test_a_message_names_its_response() -> None:
    assert response_class(MsgRequestJob) is MsgRequestJobResponse
    assert response_class(MsgSend) is MsgSendResponse
    assert response_class(MsgBond) is Empty


def test_a_record_that_is_no_message_is_refused() -> None:
    with pytest.raises(LookupError, match="Coin is not a message"):
        type_url(Coin)
