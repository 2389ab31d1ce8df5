"""Commands against the real server, in one process: what they print for records that take a chain to exist."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from chain.cli.failures import EXIT_NOT_FOUND
from chain.cli.main import main
from chain.crypto.hashing import sha256
from chain.history import HistoryRecord
from chain.json_form import to_json
from chain.modules.jobs.types import ArchivedRecord, RecordKind
from chain.modules.sampling.types import Round
from chain.store.codec import encode
from tests.support.served_chain import Served, served_chain


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_chain(tmp_path) as running:
        yield running


def test_a_closed_record_is_read_from_the_archive(served: Served) -> None:
    archive = served.chain.app.history
    assert archive is not None
    closed = Round(7, 31, 1, bytes(32), bytes(32), 63, 3, 0)
    name = (7).to_bytes(8, "big")
    data = encode(ArchivedRecord(RecordKind.ROUND, name, encode(closed)))
    archive.append(archive.cursor + 1, [HistoryRecord("round", name, data, 4)])

    command = ["query", "history", "round", "7", "--node", served.grpc, "-o", "json"]
    result = CliRunner().invoke(main, command)
    assert json.loads(result.stdout) == {
        "kind": "round",
        "number": 4,
        "leaf": sha256(data).hex(),
        "record": to_json(closed),
    }
    assert CliRunner().invoke(main, ["query", "history", "job", "7", "--node", served.grpc]).exit_code == EXIT_NOT_FOUND


def test_text_shows_addresses_as_people_write_them(served: Served) -> None:
    alice = served.chain.accounts[0].bech32
    result = CliRunner().invoke(main, ["query", "auth", "account", alice, "--node", served.grpc])
    assert result.stdout.splitlines()[0] == f"address: {alice}"
    beacon = CliRunner().invoke(main, ["query", "beacon", "beacon", "--node", served.grpc])
    assert "proposer: ostrvalcons1" in beacon.stdout
