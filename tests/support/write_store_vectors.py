"""Write tests/vectors/store.json: small states with every hashed byte spelled out, and the proofs over them.

python -m tests.support.write_store_vectors
"""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from chain.store.store import Store
from tests.support import tree_model

PATH = Path(__file__).parents[1] / "vectors" / "store.json"
"""The vectors."""

Named = dict[str, dict[bytes, bytes]]

STATES: dict[str, Named] = {
    "one key": {"bank": {b"a": b"1"}},
    "three keys, two of them prefixes": {"bank": {b"a": b"1", b"ab": b"2", b"b": b"3"}, "ibc": {}},
    "five modules, one of them with sixteen addresses": {
        "accounts": {b"\x01" + bytes(19) + bytes((i * 17,)): b"account %d" % i for i in range(16)},
        "bank": {b"supply": b"1000", b"\x02" + b"\xff" * 20 + b"uostr": b"999"},
        "beacon": {b"k" * 128: b"\0"},
        "jobs": {b"jobs/" + i.to_bytes(8, "big"): b"job" for i in (0, 1, 255, 256)},
        "treasury": {},
    },
}
"""Pairs by module."""


def spelled(pairs: dict[bytes, bytes]) -> list[dict[str, str]]:
    """Return the preimage and hash of every node of a tree: leaves in key order, then inner nodes, the root last."""
    leaves: list[dict[str, str]] = []
    inner: list[dict[str, str]] = []

    def visit(items: list[tuple[str, bytes, bytes]], depth: int) -> tuple[int, bytes]:
        if len(items) == 1:
            _, key, value = items[0]
            preimage = b"\0\2\2" + tree_model.uvarint(len(key)) + key + b"\x20" + hashlib.sha256(value).digest()
            height, nodes = 0, leaves
        else:
            while len({path[depth] for path, _, _ in items}) == 1:
                depth += 1
            low, left = visit([item for item in items if item[0][depth] == "0"], depth + 1)
            high, right = visit([item for item in items if item[0][depth] == "1"], depth + 1)
            height, nodes = 1 + max(low, high), inner
            preimage = tree_model.uvarint(2 * height) + b"\2\2\x20" + left + b"\x20" + right
        digest = hashlib.sha256(preimage).digest()
        nodes.append({"preimage": preimage.hex(), "hash": digest.hex()})
        return height, digest

    if pairs:
        visit([(tree_model.bits(key), key, pairs[key]) for key in sorted(pairs)], 0)
    return leaves + inner


def vectors() -> dict[str, Any]:
    """Return the vectors; hashes come from the model, proofs from the store."""
    result: dict[str, Any] = {}
    for name, state in STATES.items():
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(Path(folder), sorted(state), sync=False)
            store.stage(state, 1)
            store.commit()
            proofs = []
            for module, pairs in state.items():
                keys = [key for first in list(pairs)[:2] for key in (first, (first + b"\0")[-128:])] if pairs else []
                for key in keys:
                    proved = store.prove(module, key, 1)
                    proofs.append(
                        {
                            "module": module,
                            "key": key.hex(),
                            "value": None if proved.value is None else proved.value.hex(),
                            "ops": [{"type": op.type, "key": op.key.hex(), "data": op.data.hex()} for op in proved.ops],
                        }
                    )
            store.close()
        result[name] = {
            "state": {m: {key.hex(): value.hex() for key, value in pairs.items()} for m, pairs in state.items()},
            "nodes": {module: spelled(pairs) for module, pairs in state.items()},
            "roots": {module: tree_model.root(pairs).hex() for module, pairs in state.items()},
            "app_hash": tree_model.app_hash(state).hex(),
            "proofs": proofs,
        }
    return result


if __name__ == "__main__":
    PATH.write_text(json.dumps(vectors(), indent=1) + "\n")
