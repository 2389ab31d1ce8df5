"""Account keys in files that only their owner can read.

Backend `file` encrypts each secret with a passphrase: Argon2id makes the key, XSalsa20-Poly1305 seals. Backend `test`
stores secrets as they are, in a folder of its own, for machines and local networks.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nacl.exceptions
import nacl.pwhash.argon2id as kdf
import nacl.secret
import nacl.utils

from chain.client.signing import Key
from chain.node.keys import write_private

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SCHEMES = ("secp256k1", "ed25519")
_MAX_MEMORY = 1 << 30
"""Memory that a key file may ask for when it is opened; a file is not trusted beyond this."""


class KeyringError(Exception):
    """A key is missing, taken, or does not open."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key file says without its secret."""

    name: str
    scheme: str
    address: str
    public_key: bytes


class Keyring:
    """The keys of one home and backend."""

    def __init__(self, home: Path, backend: str) -> None:
        self._is_encrypted = backend == "file"
        self._folder = home / ("keyring" if self._is_encrypted else "keyring-test")

    @property
    def is_encrypted(self) -> bool:
        """Whether secrets need a passphrase."""
        return self._is_encrypted

    def entries(self) -> list[Entry]:
        """Return all keys by name."""
        return [self.entry(path.stem) for path in sorted(self._folder.glob("*.json"))]

    def entry(self, name: str) -> Entry:
        """Return what is public about a key. Raises: KeyringError."""
        document = self._read(name)
        try:
            return Entry(name, document["scheme"], document["address"], bytes.fromhex(document["public_key"]))
        except (KeyError, TypeError, ValueError) as error:
            raise KeyringError(f"{self._path(name)} is not a key file") from error

    def add(self, name: str, key: Key, scheme: str, passphrase: str) -> Entry:
        """Store a key under a new name. Raises: KeyringError: the name is malformed or taken."""
        path = self._path(name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = {
            "scheme": scheme,
            "address": key.bech32,
            "public_key": key.public_key.hex(),
            **(_sealed(key.secret, passphrase) if self._is_encrypted else {"secret": key.secret.hex()}),
        }
        try:
            write_private(path, json.dumps(document, indent=2) + "\n")
        except FileExistsError:
            raise KeyringError(f"there is a key {name} already") from None
        return self.entry(name)

    def open(self, name: str, passphrase: str) -> Key:
        """Return a key with its secret. Raises: KeyringError: it is missing, or the passphrase is wrong."""
        document = self._read(name)
        try:
            secret = _opened(document, passphrase) if self._is_encrypted else bytes.fromhex(document["secret"])
            key = (Key.ed25519 if document["scheme"] == "ed25519" else Key.secp256k1)(secret)
        except nacl.exceptions.CryptoError:
            raise KeyringError(f"the passphrase does not open key {name}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise KeyringError(f"{self._path(name)} is not a key file") from error
        if key.bech32 != document["address"]:
            raise KeyringError(f"{self._path(name)} names another address than its secret has")
        return key

    def delete(self, name: str) -> None:
        """Remove a key. Raises: KeyringError."""
        self._read(name)
        self._path(name).unlink()

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise KeyringError(f"{name!r} is no name for a key: letters, digits, '.', '_' and '-', at most 64")
        return self._folder / f"{name}.json"

    def _read(self, name: str) -> dict[str, Any]:
        path = self._path(name)
        try:
            document = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise KeyringError(f"there is no key {name} in {self._folder}") from None
        except (OSError, ValueError) as error:
            raise KeyringError(f"{path}: {error}") from error
        if not isinstance(document, dict):
            raise KeyringError(f"{path} is not a key file")
        return document


def _sealed(secret: bytes, passphrase: str) -> dict[str, Any]:
    salt = nacl.utils.random(kdf.SALTBYTES)
    operations, memory = kdf.OPSLIMIT_MODERATE, kdf.MEMLIMIT_MODERATE
    box = nacl.secret.SecretBox(kdf.kdf(32, passphrase.encode(), salt, operations, memory))
    return {
        "cipher": "argon2id-xsalsa20poly1305",
        "salt": salt.hex(),
        "operations": operations,
        "memory": memory,
        "sealed": bytes(box.encrypt(secret)).hex(),
    }


def _opened(document: dict[str, Any], passphrase: str) -> bytes:
    operations, memory = int(document["operations"]), int(document["memory"])
    if operations > 16 or memory > _MAX_MEMORY:
        raise ValueError("the key file asks for too much memory or time")
    key = kdf.kdf(32, passphrase.encode(), bytes.fromhex(document["salt"]), operations, memory)
    return nacl.secret.SecretBox(key).decrypt(bytes.fromhex(document["sealed"]))
