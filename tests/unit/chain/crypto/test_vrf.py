"""The verifiable random function, against the RFC's examples and a second implementation in plain integers."""

import json
from hashlib import sha512
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from chain.crypto import vrf

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/vrf.json").read_text())["cases"]

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]
ZERO: Point = (0, 1)


def _add(a: Point, b: Point) -> Point:
    cross = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + cross, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - cross, -1, P) % P


def _times(n: int, a: Point) -> Point:
    total = ZERO
    while n:
        if n & 1:
            total = _add(total, a)
        a, n = _add(a, a), n >> 1
    return total


def _decode(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (x if x & 1 == sign else P - x), y


def _encode(a: Point) -> bytes:
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


def _point(data: bytes) -> Point:
    point = _decode(data)
    assert point is not None
    return point


BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def _slow_point(key: bytes, alpha: bytes) -> Point:
    for counter in range(256):
        found = _decode(sha512(b"\x03\x01" + key + alpha + bytes([counter, 0])).digest()[:32])
        if found is not None and (eight := _times(8, found)) != ZERO:
            return eight
    raise AssertionError


def _slow_challenge(*points: Point) -> int:
    body = b"\x03\x02" + b"".join(map(_encode, points)) + b"\x00"
    return int.from_bytes(sha512(body).digest()[:16], "little")


def _slow_prove(seed: bytes, alpha: bytes, nonce: int | None = None, twist: Point = ZERO) -> bytes:
    """Prove by RFC 9381, 5.1; `twist` is added to Gamma, as a cheating prover may do."""
    digest = sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    own = _times(secret, BASE)
    point = _slow_point(_encode(own), alpha)
    gamma = _add(_times(secret, point), twist)
    k = nonce or int.from_bytes(sha512(digest[32:] + _encode(point)).digest(), "little") % L
    c = _slow_challenge(own, point, gamma, _times(k, BASE), _times(k, point))
    return _encode(gamma) + c.to_bytes(16, "little") + ((k + c * secret) % L).to_bytes(32, "little")


@pytest.mark.parametrize("case", VECTORS, ids=["16", "17", "18"])
def test_the_examples_of_the_rfc_are_reproduced(case: dict[str, str]) -> None:
    seed, key, alpha, point, proof, beta = (
        bytes.fromhex(case[name]) for name in ("secret", "public", "alpha", "point", "proof", "beta")
    )
    assert vrf.public_key(seed) == key
    assert vrf.encode_to_curve(key, alpha) == point
    assert vrf.prove(seed, alpha) == proof == _slow_prove(seed, alpha)
    assert vrf.proof_to_hash(proof) == vrf.verify(key, alpha, proof) == beta


@settings(max_examples=12, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_proofs_equal_those_of_a_second_implementation(seed: bytes, alpha: bytes) -> None:
    proof = vrf.prove(seed, alpha)
    assert proof == _slow_prove(seed, alpha)
    assert vrf.verify(vrf.public_key(seed), alpha, proof) == vrf.proof_to_hash(proof)


def test_keys_are_those_of_ed25519() -> None:
    assert vrf.public_key(bytes(range(32))) == bytes(SigningKey(bytes(range(32))).verify_key)


def test_candidates_outside_the_prime_subgroup_are_cleared_not_skipped() -> None:
    key = vrf.public_key(bytes(32))
    for number in range(40):
        alpha = number.to_bytes(2, "big")
        assert vrf.encode_to_curve(key, alpha) == _encode(_slow_point(key, alpha))


def test_every_changed_byte_of_a_proof_is_refused() -> None:
    seed = bytes(range(32))
    key, proof = vrf.public_key(seed), vrf.prove(seed, b"input")
    for at in range(len(proof)):
        for mask in (0x01, 0x80):
            changed = bytearray(proof)
            changed[at] ^= mask
            assert vrf.verify(key, b"input", bytes(changed)) is None
    assert vrf.verify(key, b"inpux", proof) is None
    assert vrf.verify(vrf.public_key(bytes(32)), b"input", proof) is None


def test_another_nonce_gives_another_proof_with_the_same_output() -> None:
    seed = bytes(range(32))
    other = _slow_prove(seed, b"input", nonce=12345)
    assert other != vrf.prove(seed, b"input")
    assert vrf.verify(vrf.public_key(seed), b"input", other) == vrf.proof_to_hash(vrf.prove(seed, b"input"))


def _torsion() -> list[Point]:
    """Return the eight points of small order."""
    number = 2
    while True:
        found = _decode(number.to_bytes(32, "little"))
        number += 1
        if found is not None and _times(4, eighth := _times(L, found)) != ZERO:
            return [_times(count, eighth) for count in range(8)]


SMALL = _torsion()


def test_gamma_outside_the_prime_subgroup_is_refused() -> None:
    seed = bytes(range(32))
    key = vrf.public_key(seed)
    for twist in SMALL[1:]:
        for number in range(6):  # the equation holds whenever c is a multiple of the twist's order
            alpha = number.to_bytes(1, "big")
            assert vrf.verify(key, alpha, _slow_prove(seed, alpha, twist=twist)) is None


def _non_canonical() -> list[bytes]:
    """Return encodings that RFC 8032 does not decode: y >= p, and x = 0 with a sign."""
    plain = [(y + sign * 2**255).to_bytes(32, "little") for y in range(P, 2**255) for sign in (0, 1)]
    return [*plain, (1 | 1 << 255).to_bytes(32, "little"), (P - 1 | 1 << 255).to_bytes(32, "little")]


def test_bad_public_keys_are_refused() -> None:
    seed = bytes(range(32))
    proof, key = vrf.prove(seed, b""), _point(vrf.public_key(seed))
    bad = [*map(_encode, SMALL), *_non_canonical(), *(_encode(_add(key, small)) for small in SMALL[1:]), b"", bytes(31)]
    for encoded in bad:
        assert not vrf.is_valid_public_key(encoded)
        assert vrf.verify(encoded, b"", proof) is None
        assert vrf.verify(vrf.public_key(seed), b"", (encoded + bytes(32))[:32] + proof[32:]) is None


def test_encodings_that_rfc_8032_does_not_decode_are_no_candidates() -> None:
    for encoded in _non_canonical():
        assert _decode(encoded) is None
        assert vrf._clear_cofactor(encoded) is None


def test_an_s_that_is_not_reduced_is_refused() -> None:
    seed = bytes(range(32))
    proof = vrf.prove(seed, b"")
    larger = int.from_bytes(proof[48:], "little") + L
    assert vrf.verify(vrf.public_key(seed), b"", proof[:48] + larger.to_bytes(32, "little")) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=100))
def test_hostile_bytes_are_refused_without_an_exception(key: bytes, proof: bytes) -> None:
    good = vrf.public_key(bytes(32))
    assert vrf.verify(key, b"", proof) is None
    assert vrf.verify(good, b"", proof) is None
    assert vrf.verify(good, b"", bytes(80)) is None
    assert vrf.verify(good, b"", good + proof[:48].ljust(48, b"\0")) is None


def test_a_malformed_seed_or_proof_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        vrf.prove(bytes(31), b"")
    with pytest.raises(ValueError, match="not a proof"):
        vrf.proof_to_hash(bytes(79))
