"""`ostrakad keys`: make, list, show, import and delete account keys."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from chain.cli.failures import Failure
from chain.cli.keyring import SCHEMES, Entry, Keyring, KeyringError
from chain.cli.options import home_option, output_option
from chain.cli.output import note, show, show_table
from chain.client.signing import Key
from chain.crypto.keys import VALIDATOR_PREFIX, decode_address, encode_address, new_mnemonic, secret_from_mnemonic

C = TypeVar("C", bound=Callable[..., Any])
MIN_PASSPHRASE = 8

backend_option = click.option(
    "--keyring-backend",
    "backend",
    type=click.Choice(["file", "test"]),
    default="file",
    envvar="OSTRAKAD_KEYRING_BACKEND",
    help="`file` encrypts with a passphrase; `test` does not.",
)
passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="OSTRAKAD_PASSPHRASE_FILE",
    help="Read the passphrase from the first line of a file instead of asking.",
)
scheme_option = click.option(
    "--algo", "scheme", type=click.Choice(SCHEMES), default="secp256k1", help="Wallets use secp256k1, machines either."
)


def holding(command: C) -> C:
    """Add --home, --keyring-backend, --passphrase-file and --output."""
    return home_option(backend_option(passphrase_option(output_option(command))))


def passphrase_of(keyring: Keyring, file: Path | None, *, is_new: bool = False) -> str:
    """Return the passphrase, from a file or by asking. Raises: Failure."""
    if not keyring.is_encrypted:
        return ""
    if file is not None:
        text = file.read_text("utf-8").splitlines()
        passphrase = text[0] if text else ""
    elif sys.stdin.isatty():
        passphrase = click.prompt("keyring passphrase", hide_input=True, confirmation_prompt=is_new, err=True)
    else:
        raise Failure(
            "the key is encrypted and nobody is here to ask", "--passphrase-file FILE, or --keyring-backend test"
        )
    if is_new and len(passphrase) < MIN_PASSPHRASE:
        raise Failure(f"a passphrase has at least {MIN_PASSPHRASE} characters")
    return passphrase


def open_key(home: Path, backend: str, name: str, file: Path | None) -> Key:
    """Return a key of the keyring with its secret. Raises: Failure."""
    keyring = Keyring(home, backend)
    try:
        keyring.entry(name)
        return keyring.open(name, passphrase_of(keyring, file))
    except KeyringError as error:
        raise Failure(str(error), _KEYS_ADVICE) from error


def resolve_address(home: Path, backend: str, text: str) -> str:
    """Return an address given as such or by the name of a key. Raises: Failure."""
    if text.startswith("ostr1"):
        try:
            decode_address(text)
        except ValueError as error:
            raise Failure(f"{text}: {error}") from error
        return text
    try:
        return Keyring(home, backend).entry(text).address
    except KeyringError as error:
        raise Failure(str(error), f"an address ostr1…, or a key's name; {_KEYS_ADVICE}") from error


_KEYS_ADVICE = "`ostrakad keys list` shows the keys; --home and --keyring-backend choose among keyrings"


@click.group()
def keys() -> None:
    """Make and keep the keys of accounts.

    \b
    ostrakad keys add alice                      new key, words to write down
    ostrakad keys add alice --recover            the key of words you have
    ostrakad keys show alice -a                  its address alone
    ostrakad keys list -o json
    """


@keys.command()
@click.argument("name")
@click.option("--recover", is_flag=True, help="Ask for the words of an existing key instead of drawing new ones.")
@click.option("--index", type=click.IntRange(0, 2**31 - 1), default=0, help="Which account of the words.")
@scheme_option
@holding
def add(
    name: str,
    recover: bool,
    index: int,
    scheme: str,
    home: Path,
    backend: str,
    passphrase_file: Path | None,
    output: str,
) -> None:
    """Make a key NAME from new words, or from words you have.

    The words are shown once, on stderr. Whoever has them has the account.
    """
    words = _asked_words() if recover else new_mnemonic()
    try:
        secret = secret_from_mnemonic(words, index)
    except ValueError as error:
        raise Failure(str(error), "check spelling and order of the words") from error
    entry = _store(name, secret, scheme, home, backend, passphrase_file)
    if not recover:
        note(f"Write these words down; they are the only way to recover {name}:\n\n  {words}\n")
    _show_entry(entry)


@keys.command("import")
@click.argument("name")
@click.argument("file", type=click.File("r"))
@scheme_option
@holding
def import_key(
    name: str, file: Any, scheme: str, home: Path, backend: str, passphrase_file: Path | None, output: str
) -> None:
    """Store the secret in FILE (64 hexadecimal digits; `-` is stdin) as key NAME."""
    try:
        secret = bytes.fromhex(file.read().strip())
        _key(secret, scheme)
    except ValueError as error:
        raise Failure(f"not a secret: {error}", "a file with 64 hexadecimal digits") from error
    _show_entry(_store(name, secret, scheme, home, backend, passphrase_file))


@keys.command("list")
@holding
def list_keys(home: Path, backend: str, passphrase_file: Path | None, output: str) -> None:
    """List all keys with their addresses."""
    with _explained_keyring():
        rows = [
            {"name": entry.name, "scheme": entry.scheme, "address": entry.address}
            for entry in Keyring(home, backend).entries()
        ]
    show_table(rows, ("name", "scheme", "address"))


@keys.command("show")
@click.argument("name")
@click.option("--address", "-a", "address_only", is_flag=True, help="Print the address alone, for scripts.")
@click.option(
    "--bech", type=click.Choice(["acc", "val"]), default="acc", help="Prefix: account, or operator of a validator."
)
@holding
def show_key(
    name: str, address_only: bool, bech: str, home: Path, backend: str, passphrase_file: Path | None, output: str
) -> None:
    """Show key NAME without its secret."""
    with _explained_keyring():
        entry = Keyring(home, backend).entry(name)
    if bech == "val":
        entry = Entry(
            name, entry.scheme, encode_address(decode_address(entry.address), VALIDATOR_PREFIX), entry.public_key
        )
    if address_only:
        click.echo(entry.address)
    else:
        _show_entry(entry)


@keys.command()
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@holding
def delete(name: str, yes: bool, home: Path, backend: str, passphrase_file: Path | None, output: str) -> None:
    """Delete key NAME. Without its words or secret the account is lost."""
    with _explained_keyring():
        entry = Keyring(home, backend).entry(name)
        if not yes:
            click.confirm(f"delete {name} ({entry.address})?", abort=True, err=True)
        Keyring(home, backend).delete(name)
    note(f"deleted {name}")


def _store(name: str, secret: bytes, scheme: str, home: Path, backend: str, file: Path | None) -> Entry:
    keyring = Keyring(home, backend)
    with _explained_keyring():
        return keyring.add(name, _key(secret, scheme), scheme, passphrase_of(keyring, file, is_new=True))


def _key(secret: bytes, scheme: str) -> Key:
    return Key.ed25519(secret) if scheme == "ed25519" else Key.secp256k1(secret)


def _asked_words() -> str:
    if sys.stdin.isatty():
        return " ".join(str(click.prompt("words", err=True)).split())
    return " ".join(sys.stdin.readline().split())


def _show_entry(entry: Entry) -> None:
    show({"name": entry.name, "scheme": entry.scheme, "address": entry.address, "public_key": entry.public_key.hex()})


@contextmanager
def _explained_keyring() -> Iterator[None]:
    try:
        yield
    except KeyringError as error:
        raise Failure(str(error), _KEYS_ADVICE) from error
