"""The two ed25519 keys of a node, in the files CometBFT reads: what it signs blocks with, and who it is to peers."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

PUBLIC_KEY_TYPE = "tendermint/PubKeyEd25519"
PRIVATE_KEY_TYPE = "tendermint/PrivKeyEd25519"
ADDRESS_BYTES = 20


def address_of(public_key: bytes) -> bytes:
    """Return the address of a consensus key."""
    return hashlib.sha256(public_key).digest()[:ADDRESS_BYTES]


def create_validator_key(path: Path) -> bytes:
    """Write a new consensus key, refuse to overwrite one, and return its public part.

    Raises: FileExistsError.
    """
    key = SigningKey.generate()
    public = bytes(key.verify_key)
    document = {
        "address": address_of(public).hex().upper(),
        "pub_key": {"type": PUBLIC_KEY_TYPE, "value": _base64(public)},
        "priv_key": {"type": PRIVATE_KEY_TYPE, "value": _base64(bytes(key) + public)},
    }
    write_private(path, json.dumps(document, indent=2) + "\n")
    return public


def create_node_key(path: Path) -> str:
    """Write a new peer key, refuse to overwrite one, and return the node's id.

    Raises: FileExistsError.
    """
    key = SigningKey.generate()
    public = bytes(key.verify_key)
    document = {"priv_key": {"type": PRIVATE_KEY_TYPE, "value": _base64(bytes(key) + public)}}
    write_private(path, json.dumps(document, indent=2) + "\n")
    return address_of(public).hex()


def validator_public_key(path: Path) -> bytes:
    """Return the public part of a consensus key file. Raises: ValueError, OSError."""
    return _public(json.loads(path.read_text("utf-8")))


def node_id(path: Path) -> str:
    """Return the id of a node from its key file. Raises: ValueError, OSError."""
    return address_of(_public(json.loads(path.read_text("utf-8")))).hex()


def write_private(path: Path, text: str) -> None:
    """Create a file that only this user may read. Raises: FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _public(document: dict[str, Any]) -> bytes:
    try:
        private = base64.b64decode(document["priv_key"]["value"], validate=True)
        public = bytes(SigningKey(private[:32]).verify_key)
    except (KeyError, TypeError) as error:
        raise ValueError("not a key file of CometBFT") from error
    if private[32:] != public:
        raise ValueError("a key file whose public part does not belong to its private part")
    return public


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
