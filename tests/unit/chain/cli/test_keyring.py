"""Key files: private, sealed, and never overwritten."""

import json
import stat
from pathlib import Path

import nacl.pwhash.argon2id as kdf
import pytest

from chain.cli.keyring import Keyring, KeyringError
from chain.client.signing import Key

KEY = Key.secp256k1(bytes(range(1, 33)))
PASSPHRASE = "correct horse"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys at the lowest cost: what is tested does not depend on it."""
    monkeypatch.setattr(kdf, "OPSLIMIT_MODERATE", kdf.OPSLIMIT_MIN)
    monkeypatch.setattr(kdf, "MEMLIMIT_MODERATE", kdf.MEMLIMIT_MIN)


@pytest.mark.parametrize("backend", ["file", "test"])
@pytest.mark.parametrize("scheme", ["secp256k1", "ed25519"])
def test_a_stored_key_signs_again(tmp_path: Path, backend: str, scheme: str) -> None:
    key = KEY if scheme == "secp256k1" else Key.ed25519(bytes(32))
    Keyring(tmp_path, backend).add("alice", key, scheme, PASSPHRASE)
    opened = Keyring(tmp_path, backend).open("alice", PASSPHRASE)
    assert (opened.bech32, opened.sign(b"x")) == (key.bech32, key.sign(b"x"))


def test_a_key_file_is_its_owners_alone_and_does_not_hold_the_secret(tmp_path: Path) -> None:
    Keyring(tmp_path, "file").add("alice", KEY, "secp256k1", PASSPHRASE)
    path = tmp_path / "keyring" / "alice.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert KEY.secret.hex() not in path.read_text()


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, "file")
    ring.add("alice", KEY, "secp256k1", PASSPHRASE)
    with pytest.raises(KeyringError, match="does not open"):
        ring.open("alice", "wrong horse")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, "test")
    ring.add("alice", KEY, "secp256k1", "")
    with pytest.raises(KeyringError, match="already"):
        ring.add("alice", Key.secp256k1(bytes(range(2, 34))), "secp256k1", "")
    assert ring.open("alice", "").address == KEY.address


@pytest.mark.parametrize("name", ["", "../alice", "a/b", ".hidden", "a" * 65, "spa ce"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyringError, match="no name for a key"):
        Keyring(tmp_path, "test").open(name, "")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"scheme": 5, "secret": "zz", "address": "x"}'])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "keyring-test").mkdir()
    (tmp_path / "keyring-test" / "alice.json").write_text(text)
    with pytest.raises(KeyringError):
        Keyring(tmp_path, "test").open("alice", "")


def test_a_file_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, "file")
    ring.add("alice", KEY, "secp256k1", PASSPHRASE)
    path = tmp_path / "keyring" / "alice.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"memory": 1 << 40}))
    with pytest.raises(KeyringError, match="not a key file"):
        ring.open("alice", PASSPHRASE)


def test_a_secret_of_another_address_is_refused(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, "test")
    ring.add("alice", KEY, "secp256k1", "")
    path = tmp_path / "keyring-test" / "alice.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"secret": "02" * 32}))
    with pytest.raises(KeyringError, match="another address"):
        ring.open("alice", "")


def test_a_deleted_key_is_gone(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, "test")
    ring.add("alice", KEY, "secp256k1", "")
    ring.delete("alice")
    assert ring.entries() == []
    with pytest.raises(KeyringError, match="there is no key"):
        ring.delete("alice")
