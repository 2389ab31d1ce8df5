"""Proofs of presence and absence: two verifiers accept them, and refuse them once anything is changed."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.ics23 import InvalidProof, verify_state
from chain.store.proofs import ProofOp, Proved, Unprovable
from chain.store.store import Store
from tests.support.javascript import run_script

MODULES = ["bank", "accounts", "beacon", "jobs", "workers", "treasury", "ibc"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    rng = random.Random(11)
    store = Store.open(tmp_path_factory.mktemp("store"), MODULES, sync=False)
    for version in range(1, 6):
        accounts: dict[bytes, bytes | None] = {b"\x02" + rng.randbytes(20): rng.randbytes(64) for _ in range(60)}
        accounts |= {bytes((rng.randrange(256),)): b"short" for _ in range(4)}
        if version == 4:
            gone = [key for key, _ in store.iterate("bank", b"", None)][::9]
            accounts |= dict.fromkeys(gone)
        jobs = {b"jobs/" + (version * 50 + i).to_bytes(8, "big"): rng.randbytes(30) for i in range(50)}
        store.stage({"bank": accounts, "jobs": jobs, "treasury": {b"only": b"%d" % version}}, version)
        store.commit()
    yield store
    store.close()


def check(store: Store, version: int, app_hash: bytes, module: str, key: bytes) -> Proved:
    proved = store.prove(module, key, version)
    assert proved.value == store.at(version).get(module, key)
    verify_state(app_hash, module, key, proved.value, triples(proved))
    return proved


def triples(proved: Proved) -> list[tuple[str, bytes, bytes]]:
    return [(op.type, op.key, op.data) for op in proved.ops]


def probes(store: Store, module: str) -> list[bytes]:
    present = [key for key, _ in store.iterate(module, b"", None)]
    beside = [key + b"\0" for key in present[::7]] + [key[:-1] for key in present[::7] if len(key) > 1]
    return present[::3] + beside + [b"\0", b"\xff" * 128]


def test_our_verifier_accepts_every_proof(store: Store) -> None:
    for module in ("bank", "jobs", "treasury"):
        for key in probes(store, module):
            proved = check(store, store.version, store.app_hash, module, key)
            assert [(op.type, op.key) for op in proved.ops] == [("ics23:iavl", key), ("ics23:simple", module.encode())]


def test_the_published_javascript_verifier_accepts_proofs_and_refuses_altered_ones(store: Store) -> None:
    cases = []
    expected = []
    for module in ("bank", "jobs", "treasury"):
        for key in probes(store, module)[::4]:
            proved = store.prove(module, key, store.version)
            case = {
                "app_hash": store.app_hash.hex(),
                "module": module,
                "key": key.hex(),
                "value": None if proved.value is None else proved.value.hex(),
                "ops": [{"type": op.type, "data": op.data.hex()} for op in proved.ops],
            }
            cases += [case, case | {"app_hash": "00" * 32}, case | {"value": "00" if proved.value is None else None}]
            expected += [True, False, False]
    assert json.loads(run_script("verify_ics23.js", json.dumps(cases))) == expected


def test_every_altered_byte_is_refused(store: Store) -> None:
    rng = random.Random(5)
    present = next(store.iterate("bank", b"\x02", None))[0]
    for key in (present, present + b"\0"):
        proved = store.prove("bank", key, store.version)
        for index, op in enumerate(proved.ops):
            for position in rng.sample(range(len(op.data)), min(len(op.data), 150)):
                data = bytearray(op.data)
                data[position] ^= 1 << rng.randrange(8)
                ops = triples(proved)
                ops[index] = (op.type, op.key, bytes(data))
                with pytest.raises(InvalidProof):
                    verify_state(store.app_hash, "bank", key, proved.value, ops)


def test_truths_do_not_prove_falsehoods(store: Store) -> None:
    key, value = next(store.iterate("bank", b"\x02", None))
    present = triples(store.prove("bank", key, store.version))
    absent = triples(store.prove("bank", key + b"\0", store.version))
    falsehoods = [
        (store.app_hash, "bank", key, None, present),
        (store.app_hash, "bank", key, value + b"!", present),
        (store.app_hash, "jobs", key, value, present),
        (store.app_hash, "bank", key + b"\0", value, present),
        (store.app_hash, "bank", key, value, absent),
        (store.app_hash, "bank", key, None, absent),
        (bytes(32), "bank", key, value, present),
        (bytes(32), "bank", key + b"\0", None, absent),
        (store.app_hash, "bank", key, value, present[:1]),
        (store.app_hash, "bank", key, value, present[::-1]),
    ]
    for falsehood in falsehoods:
        with pytest.raises(InvalidProof):
            verify_state(*falsehood)


def field(number: int, body: bytes) -> bytes:
    return bytes((number << 3 | 2, len(body) & 127 | 128, len(body) >> 7)) + body


def test_absence_cannot_be_forged_from_neighbours_that_are_not_adjacent(store: Store) -> None:
    keys = [key for key, _ in store.iterate("bank", b"", None)]
    absent = keys[40] + b"\0"
    simple = triples(store.prove("bank", absent, store.version))[1]

    def presence(key: bytes) -> bytes:
        data = store.prove("bank", key, store.version).ops[0].data
        # A CommitmentProof holds its ExistenceProof as field 1: tag, two bytes of length, body.
        assert data[0] == 0x0A
        assert data[1] >= 0x80 > data[2]
        return data[3:]

    def verify(left: bytes | None, right: bytes | None) -> None:
        sides = (field(2, presence(left)) if left else b"") + (field(3, presence(right)) if right else b"")
        forged = field(2, field(1, absent) + sides)
        verify_state(store.app_hash, "bank", absent, None, [("ics23:iavl", absent, forged), simple])

    verify(keys[40], keys[41])
    for left, right in [
        (keys[39], keys[41]),
        (keys[40], keys[42]),
        (keys[0], keys[-1]),
        (keys[40], None),
        (None, keys[41]),
        (keys[0], None),
        (None, keys[-1]),
        (keys[41], keys[42]),
        (keys[41], keys[40]),
        (keys[40], keys[40]),
        (None, None),
    ]:
        with pytest.raises(InvalidProof):
            verify(left, right)


def test_older_versions_are_proven_against_their_own_hash(tmp_path: Path) -> None:
    store = Store.open(tmp_path, ["bank"], sync=False)
    hashes = {}
    for version in range(1, 5):
        hashes[version] = store.stage({"bank": {b"a": b"%d" % version, b"b%d" % version: b"x"}}, version)
        store.commit()
    for version, app_hash in hashes.items():
        assert check(store, version, app_hash, "bank", b"a").value == b"%d" % version
        assert check(store, version, app_hash, "bank", b"b4").value == (b"x" if version == 4 else None)
        with pytest.raises(InvalidProof):
            check(store, version, hashes[version % 4 + 1], "bank", b"a")
    store.close()


def test_empty_module_proves_nothing(store: Store) -> None:
    with pytest.raises(Unprovable):
        store.prove("ibc", b"key", store.version)


def test_unknown_module_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.prove("unknown", b"key", store.version)


def test_a_module_added_later_is_proven_from_then_on(tmp_path: Path) -> None:
    store = Store.open(tmp_path, ["m"], sync=False)
    old = store.stage({"m": {b"a": b"1"}}, 1)
    store.commit()
    store.close()
    store = Store.open(tmp_path, ["a", "m", "z"], sync=False)
    assert store.app_hash == old
    new = store.stage({"a": {b"k": b"v"}}, 2)
    store.commit()
    assert old != new
    check(store, 1, old, "m", b"a")
    check(store, 2, new, "m", b"a")
    check(store, 2, new, "a", b"k")
    with pytest.raises(KeyError):
        store.prove("a", b"k", 1)
    store.close()


def test_a_proof_op_compares_by_value() -> None:
    op = ProofOp("ics23:iavl", b"k", b"d")
    assert replace(op) == op
