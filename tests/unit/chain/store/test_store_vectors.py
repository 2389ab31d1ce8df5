"""The store against tests/vectors/store.json: a changed byte of any format shows here."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.ics23 import verify_state
from chain.store.store import Store
from tests.support.write_store_vectors import PATH, vectors

VECTORS: dict[str, Any] = json.loads(PATH.read_text())


def test_the_vectors_are_what_their_command_writes() -> None:
    assert vectors() == VECTORS


@pytest.mark.parametrize("name", VECTORS)
def test_roots_app_hash_and_proofs_are_those_of_the_vector(name: str, tmp_path: Path) -> None:
    vector = VECTORS[name]
    store = Store.open(tmp_path, list(vector["state"]), sync=False)
    state = {
        module: {bytes.fromhex(key): bytes.fromhex(value) for key, value in pairs.items()}
        for module, pairs in vector["state"].items()
    }
    assert store.stage(state, 1).hex() == vector["app_hash"]
    store.commit()
    for proof in vector["proofs"]:
        key = bytes.fromhex(proof["key"])
        value = None if proof["value"] is None else bytes.fromhex(proof["value"])
        proved = store.prove(proof["module"], key, 1)
        ops = [(op["type"], bytes.fromhex(op["key"]), bytes.fromhex(op["data"])) for op in proof["ops"]]
        assert proved.value == value
        assert [(op.type, op.key, op.data) for op in proved.ops] == ops
        verify_state(bytes.fromhex(vector["app_hash"]), proof["module"], key, value, ops)
    store.close()


@pytest.mark.parametrize("name", VECTORS)
def test_spelled_preimages_hash_to_the_roots(name: str) -> None:
    for module, nodes in VECTORS[name]["nodes"].items():
        assert [hashlib.sha256(bytes.fromhex(node["preimage"])).hexdigest() for node in nodes] == [
            node["hash"] for node in nodes
        ]
        root = nodes[-1]["hash"] if nodes else hashlib.sha256(b"").hexdigest()
        assert root == VECTORS[name]["roots"][module]
