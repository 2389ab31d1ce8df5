"""A home: what is written is what is read, what exists is never overwritten, and secrets are private."""

import json
import stat
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.node import keys
from chain.node.genesis import ConsensusParameters, GenesisValidator, genesis_document
from chain.node.home import (
    AppConfig,
    CometSettings,
    Ports,
    create_home,
    create_testnet,
    free_ports,
    load_home,
    read_app_config,
    write_app_config,
)


def test_a_home_is_read_as_it_was_made(tmp_path: Path) -> None:
    ports = Ports(1, 2, 3)
    home = create_home(tmp_path / "home", "alice", ports, CometSettings(), AppConfig(history="all"))
    assert load_home(tmp_path / "home") == home
    assert read_app_config(home.path) == AppConfig(grpc_address="127.0.0.1:3", history="all")
    config = tomllib.loads((home.path / "config" / "config.toml").read_text())
    assert config["proxy_app"] == home.app_address == f"unix://{home.path}/run/app.sock"
    assert config["consensus"]["timeout_commit"] == "500ms"
    assert config["consensus"]["create_empty_blocks"] is True
    assert (config["p2p"]["laddr"], config["rpc"]["laddr"]) == ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2")


def test_a_home_with_keys_is_never_overwritten(tmp_path: Path) -> None:
    home = create_home(tmp_path, "alice")
    with pytest.raises(FileExistsError, match="is a node's home already"):
        create_home(tmp_path, "mallory")
    assert load_home(tmp_path) == home


def test_a_folder_without_configuration_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run `ostrakad init` first"):
        load_home(tmp_path)


def test_keys_are_private_and_consistent(tmp_path: Path) -> None:
    home = create_home(tmp_path, "alice")
    for name in ("priv_validator_key.json", "node_key.json"):
        assert stat.S_IMODE((home.path / "config" / name).stat().st_mode) == 0o600
    document = json.loads((home.path / "config" / "priv_validator_key.json").read_text())
    assert bytes.fromhex(document["address"]) == home.validator_address
    document["priv_key"]["value"] = "A" * 88
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="public part"):
        keys.validator_public_key(broken)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('historie = "all"\n', "historie"),
        ("log_level = 3\n", "log_level"),
        ('history = "some"\n', "history is `recent` or `all`, not `some`"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "app.toml").write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_app_config(tmp_path)


def test_settings_left_out_have_their_defaults(tmp_path: Path) -> None:
    assert read_app_config(tmp_path) == AppConfig()
    (tmp_path / "config").mkdir()
    write_app_config(tmp_path, replace(AppConfig(), log_level="debug"))
    assert read_app_config(tmp_path).log_level == "debug"


def test_a_testnet_shares_genesis_and_knows_its_peers(tmp_path: Path) -> None:
    blocks = [Ports(100, 101, 102), Ports(200, 201, 202), Ports(300, 301, 302)]
    homes = create_testnet(
        tmp_path, "net-1", 3, lambda made: {"monikers": [home.moniker for home in made]}, ports=blocks
    )
    documents = [json.loads(home.genesis_path.read_text()) for home in homes]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["app_state"] == {"monikers": ["node0", "node1", "node2"]}
    assert [bytes.fromhex(entry["address"]) for entry in documents[0]["validators"]] == [
        home.validator_address for home in homes
    ]
    config = tomllib.loads((homes[1].path / "config" / "config.toml").read_text())
    assert config["p2p"]["persistent_peers"] == f"{homes[0].peer},{homes[2].peer}"
    assert [load_home(home.path) for home in homes] == homes


def test_free_blocks_of_ports_avoid_what_is_taken() -> None:
    import socket

    first, second = free_ports(2, Ports(36656, 36657, 39090))
    with socket.create_server(("127.0.0.1", first.rpc)):
        assert not first.are_free()
        assert free_ports(1, first) == [second]


def test_a_genesis_document_is_in_the_form_cometbft_reads() -> None:
    document = genesis_document(
        "net-1", [GenesisValidator(bytes(32), 7, "zero")], {"a": 1}, genesis_time=datetime(2026, 1, 2, 3, tzinfo=UTC)
    )
    assert document == {
        "genesis_time": "2026-01-02T03:00:00.000000Z",
        "chain_id": "net-1",
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": "2097152", "max_gas": "100000000"},
            "evidence": {
                "max_age_num_blocks": "1600",
                "max_age_duration": "1600000000000",
                "max_bytes": "131072",
            },
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": "1"},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [
            {
                "address": keys.address_of(bytes(32)).hex().upper(),
                "pub_key": {"type": "tendermint/PubKeyEd25519", "value": "A" * 43 + "="},
                "power": "7",
                "name": "zero",
            }
        ],
        "app_hash": "",
        "app_state": {"a": 1},
    }


@pytest.mark.parametrize(
    ("chain_id", "validators", "parameters", "reason"),
    [
        ("", [GenesisValidator(bytes(32), 1)], ConsensusParameters(), "chain id"),
        ("x" * 51, [GenesisValidator(bytes(32), 1)], ConsensusParameters(), "chain id"),
        ("c", [], ConsensusParameters(), "at least one validator"),
        ("c", [GenesisValidator(bytes(32), 0)], ConsensusParameters(), "power above 0"),
        ("c", [GenesisValidator(bytes(32), 1)] * 2, ConsensusParameters(), "share a key"),
        ("c", [GenesisValidator(bytes(32), 1)], ConsensusParameters(block_max_bytes=1), "evidence_max_bytes"),
    ],
)
def test_a_genesis_that_cometbft_would_refuse_is_refused(
    chain_id: str, validators: list[GenesisValidator], parameters: ConsensusParameters, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        genesis_document(chain_id, validators, {}, parameters)
