"""A real node under unmodified tools: grpcurl by reflection alone, and our own command line."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.cli.failures import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_UNPROVEN
from chain.client.registry import calls
from chain.modules.accounts.state import PARAMS
from chain.node.go_tools import obtain
from chain.node.home import load_home
from tests.support.go_tools import GRPCURL
from tests.support.kvstore_node import kill, wait_for_height
from tests.support.ostrakad_node import ALICE, CHAIN_ID, Ostrakad, running_node


@pytest.fixture(scope="module")
def ostrakad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ostrakad]:
    with running_node(tmp_path_factory.mktemp("node")) as node:
        yield node


@pytest.fixture(scope="module")
def grpcurl(ostrakad: Ostrakad) -> Any:
    binary = str(obtain(GRPCURL))

    def run(*arguments: str, data: str | None = None, seconds: int = 20) -> subprocess.CompletedProcess[str]:
        body = [] if data is None else ["-d", data]
        command = [binary, "-plaintext", "-max-time", str(seconds), *body, ostrakad.grpc, *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    return run


def test_reflection_lists_every_service_and_describes_every_method(grpcurl: Any) -> None:
    services = grpcurl("list").stdout.split()
    assert {name.partition("/")[0] for name in calls()} <= set(services)
    assert {
        "cosmos.tx.v1beta1.Service",
        "cosmos.base.tendermint.v1beta1.Service",
        "ostraka.node.v1.Service",
        "grpc.health.v1.Health",
    } <= set(services)
    for service in services:
        described = grpcurl("describe", service)
        assert described.returncode == 0, described.stderr
    listed = {method for service in services for method in grpcurl("list", service).stdout.split()}
    assert {name.replace("/", ".") for name in calls()} <= listed


@pytest.mark.parametrize(
    "method",
    [
        *sorted(name for name, call in calls().items() if not call.request.__dataclass_fields__),
        "cosmos.base.tendermint.v1beta1.Service/GetNodeInfo",
        "cosmos.base.tendermint.v1beta1.Service/GetSyncing",
        "cosmos.base.tendermint.v1beta1.Service/GetLatestBlock",
        "cosmos.base.tendermint.v1beta1.Service/GetLatestValidatorSet",
        "cosmos.base.node.v1beta1.Service/Config",
        "cosmos.base.node.v1beta1.Service/Status",
        "ostraka.node.v1.Service/Status",
        "grpc.health.v1.Health/Check",
    ],
)
def test_grpcurl_calls_methods_that_need_no_request(grpcurl: Any, method: str) -> None:
    result = grpcurl(method)
    assert result.returncode == 0, result.stderr
    json.loads(result.stdout)


def test_grpcurl_sends_fields_and_reads_statuses(grpcurl: Any) -> None:
    balance = grpcurl("cosmos.bank.v1beta1.Query/Balance", data=json.dumps({"address": ALICE, "denom": "uostr"}))
    assert json.loads(balance.stdout)["balance"]["denom"] == "uostr"
    block = grpcurl("cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight", data='{"height": 1}')
    assert json.loads(block.stdout)["block"]["header"]["chain_id"] == CHAIN_ID
    missing = grpcurl("ostraka.jobs.v1.Query/Job", data='{"job_id": 999}')
    assert "NotFound" in missing.stderr


def test_grpcurl_follows_blocks(grpcurl: Any) -> None:
    stream = grpcurl("ostraka.node.v1.Service/Follow", data='{"from_height": 1}', seconds=2)
    decoder = json.JSONDecoder()
    text, heights = stream.stdout.strip(), []
    while text:
        notice, end = decoder.raw_decode(text)
        heights.append(int(notice["height"]))
        text = text[end:].strip()
    assert heights == list(range(1, len(heights) + 1))
    assert len(heights) >= 2


def test_money_is_sent_and_found_again(ostrakad: Ostrakad) -> None:
    ostrakad.done("keys", "add", "bob")
    bob = ostrakad.done("keys", "show", "bob", "-a").strip()
    sent = ostrakad.json("tx", "bank", "send", "bob", "2.5ostr", "--from", "alice", "--yes")
    assert sent["code"] == 0
    balance = ostrakad.json("query", "bank", "balance", bob, "uostr")
    assert balance == {"balance": {"denom": "uostr", "amount": "2500000"}}
    assert ostrakad.json("query", "block", str(sent["height"]))["txs"][1]["code"] == 0
    found = ostrakad.json("query", "tx", sent["hash"])
    assert (found["height"], found["hash"]) == (sent["height"], sent["hash"].lower())
    assert ostrakad.json("query", "auth", "account", ALICE)["sequence"] == 1


def test_a_dry_run_tells_the_gas_and_sends_nothing(ostrakad: Ostrakad) -> None:
    before = ostrakad.json("query", "auth", "account", ALICE)
    assert ostrakad.json("tx", "bank", "send", ALICE, "1uostr", "--from", "alice", "--dry-run")["gas_used"] > 0
    assert ostrakad.json("query", "auth", "account", ALICE) == before


def test_what_the_chain_refuses_has_its_own_exit_status(ostrakad: Ostrakad) -> None:
    refused = ostrakad("tx", "bank", "send", ALICE, "9999ostr", "--from", "alice", "--yes")
    assert (refused.returncode, "INSUFFICIENT_FUNDS" in refused.stderr) == (EXIT_REFUSED, True)
    assert ostrakad("query", "jobs", "job", "999").returncode == EXIT_NOT_FOUND


def test_a_stored_value_is_proven_to_headers_that_the_genesis_validators_signed(
    ostrakad: Ostrakad, tmp_path: Path
) -> None:
    shown = ostrakad.json("query", "store", "accounts", PARAMS.key.hex(), "--prove")
    assert shown["proof"] == "verified"
    assert shown["value"].startswith("01")
    absent = ostrakad.json("query", "store", "accounts", b"\x00nothing".hex(), "--prove")
    assert (absent["value"], absent["proof"]) == ("(absent)", "verified")
    document = json.loads((ostrakad.home / "config" / "genesis.json").read_text())
    document["chain_id"] = "another-1"
    foreign = tmp_path / "genesis.json"
    foreign.write_text(json.dumps(document))
    refused = ostrakad("query", "store", "accounts", PARAMS.key.hex(), "--prove", "--genesis", str(foreign))
    assert refused.returncode == EXIT_UNPROVEN


def test_state_and_blocks_survive_kill_9(ostrakad: Ostrakad) -> None:
    sent = ostrakad.json("tx", "bank", "send", ALICE, "1uostr", "--from", "alice", "--yes")
    home = load_home(ostrakad.home)
    kill(home, "app", "cometbft")
    wait_for_height(home, int(sent["height"]) + 1)
    again = ostrakad.json("tx", "bank", "send", ALICE, "1uostr", "--from", "alice", "--yes")
    assert again["height"] > sent["height"]
    digest = bytes.fromhex(sent["hash"])
    assert len(digest) == hashlib.sha256().digest_size
    assert ostrakad.json("query", "tx", sent["hash"])["height"] == sent["height"]


def test_a_running_node_is_not_reset(ostrakad: Ostrakad) -> None:
    refused = ostrakad("comet", "unsafe-reset-all", "--yes")
    assert "is running" in refused.stderr
