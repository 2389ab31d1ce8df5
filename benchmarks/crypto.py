"""Signatures, proofs and trees: microseconds each, beside the bare library call that does the arithmetic.

python -m benchmarks.crypto
"""

import time
from collections.abc import Callable
from hashlib import sha256

from coincurve import PrivateKey, PublicKey
from nacl import bindings

from chain.crypto import keys, vrf
from chain.crypto.merkle import Kind, lr, open_range, verify_range

SECRET, SEED, MESSAGE = bytes(range(1, 33)), bytes(range(32)), b"m" * 200


def _median_us(work: Callable[[], object], count: int = 200, rounds: int = 7) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            work()
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2] / count * 1e6


def main() -> None:
    key, signature = keys.secp256k1_public_key(SECRET), keys.sign_secp256k1(SECRET, MESSAGE)
    der = PrivateKey(SECRET).sign(MESSAGE)
    hot, hot_signature = keys.ed25519_public_key(SEED), keys.sign_ed25519(SEED, MESSAGE)
    proof = vrf.prove(SEED, MESSAGE)
    scalar = (7).to_bytes(32, "little")
    digests = [sha256(bytes((at % 256, at // 256))).digest() for at in range(2048)]
    root, siblings = lr(Kind.HSEC, digests), open_range(digests, 1000, 1)
    rows: list[tuple[str, Callable[[], object], str, Callable[[], object]]] = [
        ("secp256k1 verify", lambda: keys.verify_secp256k1(key, MESSAGE, signature),
         "coincurve, DER", lambda: PublicKey(key).verify(der, MESSAGE)),
        ("ed25519 verify, strict", lambda: keys.verify_ed25519(hot, MESSAGE, hot_signature),
         "libsodium", lambda: bindings.crypto_sign_open(hot_signature + MESSAGE, hot)),
        ("VRF prove", lambda: vrf.prove(SEED, MESSAGE),
         "2 multiplications", lambda: [bindings.crypto_scalarmult_ed25519_noclamp(scalar, hot) for _ in range(2)]),
        ("VRF verify", lambda: vrf.verify(hot, MESSAGE, proof),
         "3 multiplications", lambda: [bindings.crypto_scalarmult_ed25519_noclamp(scalar, hot) for _ in range(3)]),
        ("root of 2,048 digests", lambda: lr(Kind.HSEC, digests),
         "SHA-256 of them", lambda: sha256(b"".join(digests)).digest()),
        ("opening of 1 in 2,048", lambda: verify_range(Kind.HSEC, 2048, 1000, [digests[1000]], siblings, root),
         "SHA-256 of it", lambda: sha256(b"".join(siblings)).digest()),
    ]  # fmt: skip
    print(f"{'':26}{'us':>8}   {'beside':20}{'us':>8}")
    for name, work, rival, other in rows:
        assert work()
        print(f"{name:26}{_median_us(work):8.1f}   {rival:20}{_median_us(other):8.1f}")


if __name__ == "__main__":
    main()
