"""Read a closed store's two databases byte by byte and compare all they hold with a plain model."""

import hashlib
from pathlib import Path

from chain.store.database import Database
from tests.support import tree_model
from tests.support.store_writer import State, state_at

REF, HEAD = 39, 38
"""Size of a reference, and of what precedes the references in a version record."""


def audit(path: Path, modules: list[str], expected: State | None = None) -> tuple[int, bytes]:
    """Check every kept version and return the latest with its app hash.

    States are those of `store_writer`, unless `expected` names the latest one. Checks: every kept version is whole and
    has the hashes that the model gives; the flat pairs are those of the latest; nothing else is stored, but for ids
    above the last one, which a crash may leave and the next block overwrites.
    """
    state, nodes = Database(path / "state"), Database(path / "nodes")
    try:
        latest = state.get(b"m")
        assert latest is not None
        stored = {key for key, _ in nodes.iterate(b"", b"\xff")}
        reached: set[bytes] = set()
        records = list(state.iterate(b"r", b"s"))
        assert records[-1][0] == b"r" + latest
        for key, record in records:
            version = int.from_bytes(key[1:], "big")
            model = expected if expected is not None and key[1:] == latest else state_at(version)
            assert record[6:HEAD] == tree_model.app_hash(model)
            for index, module in enumerate(sorted(modules)):
                pairs: dict[bytes, bytes] = {}
                walk(nodes, record[HEAD + index * REF :][:REF], reached, pairs)
                assert pairs == model[module]
                if key[1:] == latest:
                    prefix = b"k%c" % index
                    assert {k[2:]: v for k, v in state.iterate(prefix, b"k%c" % (index + 1))} == model[module]
        last_id = records[-1][1][:6]
        assert {node_id for node_id in stored if node_id <= last_id} == reached
        return int.from_bytes(latest, "big"), records[-1][1][6:HEAD]
    finally:
        nodes.close()
        state.close()


def walk(nodes: Database, ref: bytes, reached: set[bytes], pairs: dict[bytes, bytes]) -> None:
    """Collect the pairs and ids under a reference, and check the hashes of leaves."""
    if ref == bytes(REF):
        return
    record = nodes.get(ref[:6])
    assert record is not None
    reached.add(ref[:6])
    if ref[6] == 0:
        size = int.from_bytes(record[:2], "little")
        key, value = record[2 : 2 + size], record[2 + size :]
        preimage = b"\0\2\2" + tree_model.uvarint(size) + key + b"\x20" + hashlib.sha256(value).digest()
        assert ref[7:] == hashlib.sha256(preimage).digest()
        pairs[key] = value
        return
    start = 2 + record[0] + record[1 + record[0]]
    for offset in range(start, len(record), REF):
        walk(nodes, record[offset : offset + REF], reached, pairs)
