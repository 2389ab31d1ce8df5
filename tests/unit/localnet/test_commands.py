"""Commands that need no network, and what they say when there is none."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.config import load_config
from localnet.cli.asking import sampler
from localnet.cli.main import main
from localnet.layout import FILE_NAME, DamagedLayout, find_localnet
from localnet.network import LocalnetError, Spec, up

NETWORK_COMMANDS = (
    ("localnet", "status"), ("localnet", "down"), ("localnet", "logs"), ("ask", "hi"), ("chat",), ("job", "list"),
    ("job", "show", "1"), ("worker", "join"),
)  # fmt: skip
CREATE = ("--node", "127.0.0.1:9090", "--chain-id", "c", "--models", "/m", "--model", "tiny", "--no-start")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))


def test_every_command_and_every_option_explains_itself() -> None:
    found = list(commands(main))
    assert len(found) > 15
    for path, command in found:
        assert command.help, path
        assert run(*path, "--help").exit_code == 0
        unexplained = [one.name for one in command.params if isinstance(one, click.Option) and one.help is None]
        assert unexplained == [], path


@pytest.mark.parametrize("arguments", NETWORK_COMMANDS, ids=" ".join)
def test_without_a_network_every_command_says_how_to_start_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--home", str(tmp_path))
    assert (result.exit_code, "start one with `ostraka localnet up`" in result.stderr) == (1, True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"home": 1}', '{"nodes": [{}], "workers": [], "gateway": null}'])
def test_a_damaged_network_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(DamagedLayout, match=r"localnet\.json cannot be read"):
        find_localnet(tmp_path)
    result = run("localnet", "status", "--home", str(tmp_path))
    assert (result.exit_code, "localnet.json cannot be read" in result.stderr) == (1, True)
    with pytest.raises(LocalnetError, match=r"localnet\.json cannot be read"):
        up(Spec(tmp_path))


def test_a_folder_that_is_no_networks_is_never_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "thesis.tex"
    kept.write_text("years of work")
    with pytest.raises(LocalnetError, match="holds something else"):
        up(Spec(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_question_is_wrong_usage(tmp_path: Path) -> None:
    assert run("ask", "  ", "--home", str(tmp_path)).exit_code == 2


def test_options_of_the_sampler_become_its_integers() -> None:
    assert sampler(0.0, 0) == SamplerSpec()
    assert sampler(1.0, 40) == SamplerSpec(SamplerKind.TEMPERATURE, 5909, 40)
    for temperature, top_k in ((0.0, 5), (5e-324, 0), (1e-7, 0)):
        with pytest.raises(click.ClickException):
            sampler(temperature, top_k)


def test_a_created_worker_is_described_and_never_made_twice(tmp_path: Path) -> None:
    home = tmp_path / "worker"
    made = run("worker", "create", "--home", str(home), *CREATE, "--output", "json")
    assert json.loads(made.stdout)["operator"].startswith("ostr1")
    assert load_config(home).model == "tiny"
    before = (home / "worker.toml").read_bytes()
    again = run("worker", "create", "--home", str(home), *CREATE)
    assert (again.exit_code, "ostraka worker start" in again.stderr) == (2, True)
    assert (home / "worker.toml").read_bytes() == before
    assert run("worker", "keys", "--home", str(home), "--output", "json").exit_code == 0


@pytest.mark.parametrize(
    "change", [("--node", "bla"), ("--layers", "3:1"), ("--no-serve", "--no-check"), ("--bond", "0")]
)
def test_a_worker_that_cannot_be_leaves_nothing_behind(tmp_path: Path, change: tuple[str, ...]) -> None:
    home = tmp_path / "worker"
    assert run("worker", "create", "--home", str(home), *CREATE, *change).exit_code == 2
    assert not home.exists()


def test_a_home_without_worker_says_how_to_make_one(tmp_path: Path) -> None:
    for command in ("keys", "status"):
        result = run("worker", command, "--home", str(tmp_path))
        assert (result.exit_code, "ostraka worker create" in result.stderr) == (1, True)


def test_a_gateway_key_is_printed_once_and_a_negative_quota_refused(tmp_path: Path) -> None:
    made = run("gateway", "add-key", "--home", str(tmp_path), "alice", "--output", "json")
    key = json.loads(made.stdout)["api_key"]
    assert key not in (tmp_path / "keys.json").read_text()
    assert run("gateway", "add-key", "--home", str(tmp_path), "bob", "--daily-tokens", "-1").exit_code == 2
    (tmp_path / "keys.json").write_text("{")
    assert run("gateway", "add-key", "--home", str(tmp_path), "bob").exit_code == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "gateway.toml does not exist"),
        ({"gateway.toml": "x = ["}, "is not TOML"),
        ({"gateway.toml": 'nod = "a"'}, "nod is unknown"),
        ({"gateway.toml": 'node = "a"\nchain_id = "c"\nmodels = "m"'}, "not HOST:PORT"),
        ({"gateway.toml": 'node = "a:1"\nchain_id = "c"\nmodels = "m"'}, "account.key does not exist"),
    ],
)
def test_a_gateway_that_cannot_start_says_why(tmp_path: Path, files: dict[str, str], words: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = run("gateway", "start", "--home", str(tmp_path))
    assert (result.exit_code, words in result.stderr) == (1, True)
