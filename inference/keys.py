"""A worker's four keys: files of one 32-byte secret in hexadecimal each, readable by their owner alone."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from chain.client.signing import Key
from chain.crypto import vrf
from chain.crypto.hashing import epoch_input, possession_bytes
from chain.modules.workers.types import Keys

FILES = {"operator": "operator.key", "hot": "hot.key", "vrf": "vrf.key", "box": "box.key"}
"""File of each key inside the worker's home."""


@dataclass(frozen=True, slots=True, repr=False)
class WorkerKeys:
    """The secrets of one worker; never printed, logged or sent."""

    operator: Key
    """secp256k1: bond, enrolments, plans; receives pay."""
    hot: Key
    """ed25519: signs duties, receipts and frames, and pays their gas."""
    hot_signer: SigningKey
    """The hot key for bytes that are no transaction."""
    vrf_seed: bytes
    box_signer: SigningKey
    """ed25519 form of the X25519 key."""

    @property
    def hot_public(self) -> bytes:
        """Return the 32 public bytes of the hot key."""
        return bytes(self.hot_signer.verify_key)

    def sign(self, data: bytes) -> bytes:
        """Return the hot key's signature over `data`."""
        return self.hot_signer.sign(data).signature

    def registration(self, chain: bytes) -> Keys:
        """Return the public keys with a proof of possession each."""
        owner = self.operator.address
        return Keys(
            hot_key=self.hot_public,
            vrf_key=vrf.public_key(self.vrf_seed),
            box_key=bytes(self.box_signer.verify_key),
            hot_possession=self.sign(possession_bytes(chain, owner, "hot")),
            vrf_possession=vrf.prove(self.vrf_seed, possession_bytes(chain, owner, "vrf")),
            box_possession=self.box_signer.sign(possession_bytes(chain, owner, "box")).signature,
        )

    def epoch_proof(self, chain: bytes, epoch: int, beacon: bytes) -> bytes:
        """Return the VRF proof of an epoch; its output is secret until the epoch's proofs are due."""
        return vrf.prove(self.vrf_seed, epoch_input(chain, self.operator.address, epoch, beacon))


def create_keys(home: Path) -> None:
    """Draw what is missing among the four keys; never overwrites one."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in FILES.values():
        if not (home / name).exists():
            write_secret(home / name, secrets.token_bytes(32))


def write_secret(path: Path, secret: bytes) -> None:
    """Write a secret to a new file of mode 0600. Raises: FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_secret(path: Path) -> bytes:
    """Return the secret in a file. Raises: ValueError if it is malformed or others may read it."""
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path} may be read by others: chmod 600 it")
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        secret = b""
    if len(secret) != 32:
        raise ValueError(f"{path} does not hold 32 bytes in hexadecimal")
    return secret


def load_keys(home: Path) -> WorkerKeys:
    """Read the four keys of a home. Raises: ValueError, FileNotFoundError."""
    secret = {role: read_secret(home / name) for role, name in FILES.items()}
    return WorkerKeys(
        operator=Key.secp256k1(secret["operator"]),
        hot=Key.ed25519(secret["hot"]),
        hot_signer=SigningKey(secret["hot"]),
        vrf_seed=secret["vrf"],
        box_signer=SigningKey(secret["box"]),
    )
