"""Our verifier against the vectors published with ICS-23."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.crypto import ics23

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors" / "ics23.json").read_text())
NAMES = [name for name in VECTORS if name != "source"]


def verify(name: str, data: bytes, root: bytes, key: bytes, value: bytes) -> None:
    spec = ics23.IAVL if name.startswith("iavl") else ics23.SIMPLE
    if value:
        ics23.verify_membership(spec, data, root, key, value)
    else:
        ics23.verify_absence(spec, data, root, key)


@pytest.mark.parametrize("name", NAMES)
def test_published_proof_verifies_and_nothing_near_it_does(name: str) -> None:
    vector = VECTORS[name]
    data, root = bytes.fromhex(vector["proof"]), bytes.fromhex(vector["root"])
    key, value = bytes.fromhex(vector["key"]), bytes.fromhex(vector["value"])
    verify(name, data, root, key, value)
    other = "tendermint" if name.startswith("iavl") else "iavl"
    for wrong in (
        (name, data, bytes(32), key, value),
        (name, data, root, key + b"\0", value),
        (name, data, root, key, value + b"\0"),
        (name, data[:-1], root, key, value),
        (name, data + b"\0", root, key, value),
        (name, b"", root, key, value),
        (other, data, root, key, value),
    ):
        with pytest.raises(ics23.InvalidProof):
            verify(*wrong)


@pytest.mark.parametrize(
    "data",
    [
        b"\x1a\x00",  # a batch proof
        b"\x22\x00",  # a compressed proof
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\x05ab",
        b"\x0d\x00\x00\x00\x00",
        b"\x08\x01",
        b"\x0a\x00\x0a\x00",
        b"\x12\x00",
        b"\x80" * 40,
        bytes(ics23.MAX_PROOF_SIZE + 1),
    ],
)
def test_malformed_proofs_are_refused(data: bytes) -> None:
    verifiers: tuple[Callable[[], None], ...] = (
        lambda: ics23.verify_membership(ics23.IAVL, data, bytes(32), b"k", b"v"),
        lambda: ics23.verify_absence(ics23.IAVL, data, bytes(32), b"k"),
    )
    for verifier in verifiers:
        with pytest.raises(ics23.InvalidProof):
            verifier()
