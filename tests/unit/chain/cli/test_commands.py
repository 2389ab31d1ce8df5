"""Commands that need no node: help, homes, genesis, keys, and what they say when something is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from chain.cli.failures import EXIT_LOCAL, EXIT_REFUSED, EXIT_UNREACHABLE, EXIT_USAGE, Failure
from chain.cli.main import main
from chain.cli.query import query
from chain.cli.tx import parse_amount, tx
from chain.client.registry import calls, message_classes
from chain.crypto.keys import decode_address

WORDS = "abandon " * 11 + "about"
ADDRESS = "ostr19rl4cm2hmr8afy4kldpxz3fka4jguq0ahtp8hv"


class Shell:
    """`ostrakad` in one home, with unencrypted keys."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str, text: str | None = None) -> Result:
        environment = {"OSTRAKAD_HOME": str(self.home), "OSTRAKAD_KEYRING_BACKEND": "test"}
        return CliRunner().invoke(main, arguments, input=text, env=environment)

    def json(self, *arguments: str) -> object:
        result = self(*arguments, "-o", "json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home")


@pytest.fixture
def ready(shell: Shell) -> Shell:
    assert shell("init", "me", "--chain-id", "test-1").exit_code == 0
    return shell


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))


def test_every_command_explains_itself(shell: Shell) -> None:
    paths = list(commands(main))
    assert len(paths) > 80
    for path, command in paths:
        assert command.help, path
        result = shell(*path, "--help")
        assert result.exit_code == 0, (path, result.output)


def test_every_query_and_every_message_has_a_command() -> None:
    assert len(list(commands(query))) == len(calls()) + len({name.split(".")[1] for name in calls()}) + 5
    leaves = [path for path, command in commands(tx) if path and not isinstance(command, click.Group)]
    # MsgMultiSend names its signer inside a list; `raw` is no message.
    assert len(leaves) == len(message_classes()) - 1 + 1


def test_a_new_home_has_a_genesis_that_begins_a_chain(ready: Shell) -> None:
    assert ready.json("genesis", "validate") == {
        "file": str(ready.home / "config" / "genesis.json"),
        "chain_id": "test-1",
        "validators": 1,
        "accounts": 0,
        "models": 0,
        "valid": True,
    }


def test_a_home_is_never_made_twice(ready: Shell) -> None:
    again = ready("init", "me", "--chain-id", "test-1")
    assert again.exit_code == EXIT_LOCAL
    assert "is a node's home already" in again.stderr


def test_money_is_given_by_address_or_by_name_and_adds_up(ready: Shell) -> None:
    ready("keys", "add", "alice", "--recover", text=WORDS)
    assert ready("genesis", "add-account", "alice", "2ostr").exit_code == 0
    assert ready("genesis", "add-account", ADDRESS, "5uostr").exit_code == 0
    document = json.loads((ready.home / "config" / "genesis.json").read_text())
    assert document["app_state"]["bank"]["balances"] == [
        {"address": ADDRESS, "coins": [{"denom": "uostr", "amount": "2000005"}]}
    ]


def test_a_second_validator_joins_genesis_with_its_beacon_key(ready: Shell, tmp_path: Path) -> None:
    other = Shell(tmp_path / "other")
    other("init", "other", "--chain-id", "test-1")
    exported = other("genesis", "export-validator", "--power", "7").stdout
    assert ready("genesis", "add-validator", "-", text=exported).exit_code == 0
    document = json.loads((ready.home / "config" / "genesis.json").read_text())
    assert [entry["power"] for entry in document["validators"]] == ["10", "7"]
    assert len(document["app_state"]["beacon"]["keys"]) == 2
    twice = ready("genesis", "add-validator", "-", text=exported)
    assert (twice.exit_code, "there already" in twice.stderr) == (EXIT_REFUSED, True)


def test_a_beacon_key_of_another_chain_does_not_enter_genesis(ready: Shell, tmp_path: Path) -> None:
    other = Shell(tmp_path / "other")
    other("init", "other", "--chain-id", "elsewhere-1")
    before = (ready.home / "config" / "genesis.json").read_text()
    refused = ready("genesis", "add-validator", "-", text=other("genesis", "export-validator").stdout)
    assert refused.exit_code == EXIT_REFUSED
    assert (ready.home / "config" / "genesis.json").read_text() == before


def test_a_genesis_that_does_not_hold_names_the_field(ready: Shell) -> None:
    path = ready.home / "config" / "genesis.json"
    document = json.loads(path.read_text())
    document["app_state"]["accounts"]["params"]["max_messages"] = 33
    path.write_text(json.dumps(document))
    refused = ready("genesis", "validate")
    assert (refused.exit_code, "accounts.params.max_messages" in refused.stderr) == (EXIT_REFUSED, True)


def test_words_give_the_account_back(shell: Shell) -> None:
    assert shell("keys", "add", "alice", "--recover", text=WORDS).exit_code == 0
    assert shell("keys", "show", "alice", "-a").stdout.strip() == ADDRESS
    operator = shell("keys", "show", "alice", "-a", "--bech", "val").stdout.strip()
    assert decode_address(operator, "ostrvaloper") == decode_address(ADDRESS)
    assert shell.json("keys", "list") == [{"name": "alice", "scheme": "secp256k1", "address": ADDRESS}]


def test_new_words_are_shown_on_stderr_alone(shell: Shell) -> None:
    made = shell("keys", "add", "alice")
    assert len(made.stderr.strip().splitlines()[-1].split()) == 24
    assert shell("keys", "add", "bob", "--recover", text=made.stderr.strip().splitlines()[-1]).exit_code == 0
    assert shell("keys", "show", "alice", "-a").stdout == shell("keys", "show", "bob", "-a").stdout


def test_wrong_words_make_no_key(shell: Shell) -> None:
    refused = shell("keys", "add", "alice", "--recover", text="abandon " * 12)
    assert (refused.exit_code, "checksum" in refused.stderr) == (EXIT_LOCAL, True)
    assert shell.json("keys", "list") == []


def test_a_secret_is_imported_and_deleted(shell: Shell) -> None:
    assert shell("keys", "import", "hot", "-", "--algo", "ed25519", text="07" * 32).exit_code == 0
    assert shell("keys", "delete", "hot", "--yes").exit_code == 0
    assert shell("keys", "show", "hot").exit_code == EXIT_LOCAL


def test_an_encrypted_key_without_anybody_to_ask_says_how(shell: Shell) -> None:
    refused = shell("keys", "add", "alice", "--keyring-backend", "file")
    assert refused.exit_code == EXIT_LOCAL
    assert "--passphrase-file" in refused.stderr


def test_a_node_that_is_not_there_gives_advice(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.client.client.ATTEMPTS", 1)
    result = shell("status", "--node", "127.0.0.1:1")
    assert result.exit_code == EXIT_UNREACHABLE
    assert "ostrakad start" in result.stderr


def test_a_missing_home_gives_advice(shell: Shell) -> None:
    result = shell("start")
    assert (result.exit_code, "ostrakad init" in result.stderr) == (EXIT_LOCAL, True)


def test_a_home_that_is_not_there_or_broken_is_named_and_no_other_node_is_asked(ready: Shell, tmp_path: Path) -> None:
    absent = ready("status", "--home", str(tmp_path / "absent"))
    assert (absent.exit_code, "absent does not exist" in absent.stderr) == (EXIT_LOCAL, True)
    (ready.home / "config" / "app.toml").write_text("x = [")
    for command in ("status", "start"):
        broken = ready(command)
        assert (broken.exit_code, "app.toml is not TOML" in broken.stderr) == (EXIT_LOCAL, True)


@pytest.mark.parametrize("name", ["zz", "00", "00" * 31])
def test_what_is_no_hash_is_refused_before_anybody_is_asked(ready: Shell, name: str) -> None:
    result = ready("query", "tx", name)
    assert (result.exit_code, "64 hexadecimal digits" in result.stderr) == (EXIT_LOCAL, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "jobs", "job", "seven"),
        ("query", "models", "model", "--model-root", "xyz"),
        ("tx", "workers", "bond", "--from", "alice"),
        ("tx", "jobs", "request-job", "--from", "alice", "--json", "{}"),
        ("nonsense",),
    ],
)
def test_a_misspelled_command_is_a_usage_error(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell("keys", "add", "alice", "--recover", text=WORDS)
    assert shell(*arguments).exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    ("text", "amount"), [("5uostr", 5), ("5", 5), ("2.5ostr", 2_500_000), ("0.000001OSTR", 1), ("1000ostr", 10**9)]
)
def test_amounts_are_read_exactly(text: str, amount: int) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    "text", ["", "0ostr", "-1ostr", "1.5uostr", "0.0000001ostr", "1e30ostr", "nan", "inf", "5atom"]
)
def test_amounts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Failure, match="is no amount"):
        parse_amount(text)
