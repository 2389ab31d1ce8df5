"""Addresses, signatures and derived keys."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from bech32 import bech32_encode, convertbits
from bip32.ripemd160 import ripemd160 as portable_ripemd160
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from chain.crypto import keys

SECRET = bytes(range(1, 33))
SEED = bytes(range(32))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
EDWARDS_ORDER = 2**252 + 27742317777372353535851937790883648493
ECDSA = json.loads((Path(__file__).parents[3] / "vectors/ecdsa.json").read_text())["cases"]
WORDS = "abandon " * 11 + "about"


def test_a_mnemonic_gives_the_account_that_cosmos_wallets_derive() -> None:
    secret = keys.secret_from_mnemonic(WORDS)
    address = keys.secp256k1_address(keys.secp256k1_public_key(secret))
    assert keys.encode_address(address, "cosmos") == "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4"
    assert keys.secret_from_mnemonic(WORDS, index=1) != secret


def test_a_wrong_mnemonic_is_refused() -> None:
    for words in (WORDS.replace("about", "abandon"), "not words", ""):
        with pytest.raises(ValueError, match="mnemonic"):
            keys.secret_from_mnemonic(words)


def test_fresh_mnemonics_differ_and_are_valid() -> None:
    first, second = keys.new_mnemonic(), keys.new_mnemonic()
    assert first != second
    assert len(first.split()) == 24
    assert len(keys.secret_from_mnemonic(first)) == 32


@pytest.mark.parametrize("prefix", ["ostr", "ostrvaloper", "ostrvalcons"])
def test_an_address_survives_its_text(prefix: str) -> None:
    address = keys.ed25519_address(keys.ed25519_public_key(SEED))
    text = keys.encode_address(address, prefix)
    assert text.startswith(prefix + "1")
    assert keys.decode_address(text, prefix) == address


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=20, max_size=20), st.sampled_from(["ostr", "ostrvaloper", "ostrvalcons", "cosmos"]))
def test_addresses_are_those_of_the_bech32_library(address: bytes, prefix: str) -> None:
    text = bech32_encode(prefix, convertbits(address, 8, 5) or [])
    assert keys.encode_address(address, prefix) == text
    assert keys.decode_address(text, prefix) == address


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_address_is_refused(data: st.DataObject) -> None:
    text = keys.encode_address(data.draw(st.binary(min_size=20, max_size=20)))
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters()) + text[at + data.draw(st.integers(0, 1)) :]
    if changed != text:
        with pytest.raises(ValueError, match="address"):
            keys.decode_address(changed)


def test_an_address_has_one_spelling() -> None:
    text = keys.encode_address(bytes(20))
    bad = [text.upper(), text[:-1], text + "q", text[:-1] + ("q" if text[-1] != "q" else "p"), "", "ostr1", "é" + text]
    for wrong in bad:
        with pytest.raises(ValueError, match="address"):
            keys.decode_address(wrong)
    with pytest.raises(ValueError, match="prefix"):
        keys.decode_address(keys.encode_address(bytes(20), "cosmos"))
    with pytest.raises(ValueError, match="20 bytes"):
        keys.encode_address(bytes(32))


def test_module_addresses_are_those_of_the_rule() -> None:
    outer = hashlib.sha256(b"module").digest()
    assert keys.module_address("treasury") == hashlib.sha256(outer + b"treasury").digest()[:20]


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
        ("abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        ("message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
    ],
)
def test_ripemd_has_its_published_values_with_and_without_openssl(
    text: str, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys.ripemd160(text.encode()).hex() == digest

    def absent(*_: Any) -> Any:
        raise ValueError("unsupported hash type ripemd160")

    monkeypatch.setattr(hashlib, "new", absent)
    assert keys.ripemd160(text.encode()).hex() == digest == portable_ripemd160(text.encode()).hex()


def test_a_secp256k1_signature_verifies_and_nothing_near_it_does() -> None:
    key = keys.secp256k1_public_key(SECRET)
    signature = keys.sign_secp256k1(SECRET, b"message")
    assert keys.is_valid_secp256k1_key(key)
    assert keys.verify_secp256k1(key, b"message", signature)
    assert not keys.verify_secp256k1(key, b"messagf", signature)
    assert not keys.verify_secp256k1(keys.secp256k1_public_key(SEED), b"message", signature)
    for at in range(64):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not keys.verify_secp256k1(key, b"message", bytes(changed))


@pytest.mark.parametrize("case", ECDSA)
def test_published_signatures_are_reproduced(case: dict[str, str]) -> None:
    secret, message = bytes.fromhex(case["secret"]), case["message"].encode()
    assert keys.sign_secp256k1(secret, message).hex() == case["signature"]
    assert keys.verify_secp256k1(keys.secp256k1_public_key(secret), message, bytes.fromhex(case["signature"]))


def test_a_signature_has_no_second_form() -> None:
    key, signature = keys.secp256k1_public_key(SECRET), keys.sign_secp256k1(SECRET, b"message")
    low = int.from_bytes(signature[32:], "big")
    assert low <= ORDER // 2
    high = signature[:32] + (ORDER - low).to_bytes(32, "big")
    assert not keys.verify_secp256k1(key, b"message", high)


def test_secp256k1_boundaries_are_refused() -> None:
    key, signature = keys.secp256k1_public_key(SECRET), keys.sign_secp256k1(SECRET, b"m")
    for r in (0, ORDER, 2**256 - 1):
        assert not keys.verify_secp256k1(key, b"m", r.to_bytes(32, "big") + signature[32:])
    for s in (0, ORDER, 2**256 - 1):
        assert not keys.verify_secp256k1(key, b"m", signature[:32] + s.to_bytes(32, "big"))
    for wrong in (b"\x04" + key[1:], b"\x06" + key[1:], b"\x02" + b"\xff" * 32, key[1:], key + b"\0", b""):
        assert not keys.is_valid_secp256k1_key(wrong)
        assert not keys.verify_secp256k1(wrong, b"m", signature)


def test_an_ed25519_signature_verifies_and_nothing_near_it_does() -> None:
    key, signature = keys.ed25519_public_key(SEED), keys.sign_ed25519(SEED, b"message")
    assert keys.verify_ed25519(key, b"message", signature)
    assert not keys.verify_ed25519(key, b"messagf", signature)
    for at in range(64):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not keys.verify_ed25519(key, b"message", bytes(changed))


def test_the_first_example_of_rfc_8032_is_reproduced() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert keys.ed25519_public_key(seed).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert keys.sign_ed25519(seed, b"") == signature
    assert keys.verify_ed25519(keys.ed25519_public_key(seed), b"", signature)


SMALL_ORDER = [
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    )
]


def _scalar(*parts: bytes) -> bytes:
    return bindings.crypto_core_ed25519_scalar_reduce(hashlib.sha512(b"".join(parts)).digest())


def _secret_scalar() -> bytes:
    digest = hashlib.sha512(SEED).digest()
    return bindings.crypto_core_ed25519_scalar_reduce(
        bytes([digest[0] & 248]) + digest[1:31] + bytes([digest[31] & 127 | 64]) + bytes(32)
    )


@pytest.fixture(params=["as this library needs it", "as one with the cofactor needs it"])
def r_check(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "as this library needs it":
        monkeypatch.setattr(keys, "_is_valid_r", bindings.crypto_core_ed25519_is_valid_point)


def test_a_library_that_accepts_mixed_orders_has_its_r_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    key, message, signature = keys._MIXED_ORDER
    assert keys.is_valid_ed25519_key(key)
    assert not keys.verify_ed25519(key, message, signature)
    monkeypatch.setattr(keys, "_is_opened", lambda *_: True)
    assert keys._r_check() is bindings.crypto_core_ed25519_is_valid_point
    monkeypatch.setattr(keys, "_is_opened", lambda *_: False)
    assert keys._r_check() is keys._is_not_identity


@pytest.mark.usefixtures("r_check")
def test_an_r_that_is_the_identity_is_refused_though_the_equation_holds() -> None:
    key, identity = keys.ed25519_public_key(SEED), SMALL_ORDER[0]
    product = bindings.crypto_core_ed25519_scalar_mul(_scalar(identity, key, b"m"), _secret_scalar())
    assert not keys.verify_ed25519(key, b"m", identity + product)


@pytest.mark.usefixtures("r_check")
def test_mixed_order_signatures_on_which_verifiers_disagree_are_refused() -> None:
    """R = r·B + T: equations with the cofactor accept it, those without refuse it."""
    secret = _secret_scalar()
    key, nonce = keys.ed25519_public_key(SEED), _scalar(b"nonce")
    for torsion in SMALL_ORDER:
        point = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
        if torsion != SMALL_ORDER[0]:
            point = bindings.crypto_core_ed25519_add(point, torsion)
        product = bindings.crypto_core_ed25519_scalar_mul(_scalar(point, key, b"m"), secret)
        signature = point + bindings.crypto_core_ed25519_scalar_add(nonce, product)
        assert keys.verify_ed25519(key, b"m", signature) == (torsion == SMALL_ORDER[0])


@pytest.mark.usefixtures("r_check")
def test_small_and_mixed_order_keys_are_refused() -> None:
    key, signature = keys.ed25519_public_key(SEED), keys.sign_ed25519(SEED, b"m")
    for torsion in SMALL_ORDER:
        assert not keys.is_valid_ed25519_key(torsion)
        assert not keys.verify_ed25519(torsion, b"m", signature)
        assert not keys.verify_ed25519(torsion, b"m", torsion + bytes(32))
        assert not keys.verify_ed25519(key, b"m", torsion + signature[32:])
    for torsion in SMALL_ORDER[1:]:
        assert not keys.is_valid_ed25519_key(bindings.crypto_core_ed25519_add(key, torsion))


def test_a_scalar_that_is_not_reduced_is_refused() -> None:
    key, signature = keys.ed25519_public_key(SEED), keys.sign_ed25519(SEED, b"m")
    larger = int.from_bytes(signature[32:], "little") + EDWARDS_ORDER
    assert not keys.verify_ed25519(key, b"m", signature[:32] + larger.to_bytes(32, "little"))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=70), st.binary(max_size=20), st.binary(max_size=70))
def test_hostile_bytes_are_refused_without_an_exception(key: bytes, message: bytes, signature: bytes) -> None:
    for candidate in (key, keys.secp256k1_public_key(SECRET), keys.ed25519_public_key(SEED)):
        for padded in (signature, signature[:64].ljust(64, b"\0")):
            assert not keys.verify_secp256k1(candidate, message, padded)
            assert not keys.verify_ed25519(candidate, message, padded)


def test_box_keys_of_both_ends_agree() -> None:
    mine, theirs = bytes(32), SEED
    secret = bindings.crypto_scalarmult(keys.box_secret_key(mine), keys.box_public_key(keys.ed25519_public_key(theirs)))
    other = bindings.crypto_scalarmult(keys.box_secret_key(theirs), keys.box_public_key(keys.ed25519_public_key(mine)))
    assert secret == other
    with pytest.raises(ValueError, match="not an ed25519 key"):
        keys.box_public_key(SMALL_ORDER[0])


def test_a_secret_of_another_length_is_an_error_of_the_caller() -> None:
    for function in (keys.secp256k1_public_key, keys.ed25519_public_key, keys.box_secret_key):
        with pytest.raises(ValueError, match="32 bytes"):
            function(bytes(31))
