"""A real CometBFT on the key-value application: blocks, queries, kill −9, light verification, several validators."""

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.application import Event, TxResult
from chain.node.comet_rpc import Broadcast, CometRpc, CommittedTx, RpcError
from chain.node.home import CometSettings, NodeHome, create_testnet
from chain.node.light import HeaderRejected, genesis_validators, header_hash, validators_hash, verify_signed_header
from chain.node.supervisor import EXIT_ALREADY_RUNNING, EXIT_OK, running_pid
from chain.wire.tendermint.types.types_pb2 import SignedHeader
from chain.wire.tendermint.types.validator_pb2 import BLOCK_ID_FLAG_NIL
from tests.support.kvstore_node import eventually, kill, running, wait_for_height

CHAIN_ID = "kvstore-1"
FAST = CometSettings(timeout_commit_ms=50)


def network(root: Path, num_validators: int) -> list[NodeHome]:
    return create_testnet(root, CHAIN_ID, num_validators, lambda _homes: {"hello": "world"}, comet=FAST)


def commit_pair(home: NodeHome, tx: bytes) -> CommittedTx:
    with CometRpc(home.rpc_url) as rpc:

        def sent() -> Broadcast:
            return rpc.broadcast_tx_sync(tx)

        digest = hashlib.sha256(tx).digest()
        assert eventually("broadcast", sent) == Broadcast(digest, 0, "", "", b"")
        return eventually("commit", lambda: rpc.tx(digest))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[NodeHome]:
    (created,) = network(tmp_path, 1)
    with running(created):
        wait_for_height(created, 1)
        yield created


def test_a_transaction_is_committed_indexed_and_queried(home: NodeHome) -> None:
    committed = commit_pair(home, b"name=ostraka")
    expected = TxResult(gas_wanted=1, gas_used=1, events=(Event("set", (("key", b"name".hex()),)),))
    assert committed == CommittedTx(
        hashlib.sha256(b"name=ostraka").digest(), committed.height, 0, b"name=ostraka", expected
    )
    with CometRpc(home.rpc_url) as rpc:
        assert rpc.abci_query("", b"name").value == b"ostraka"
        assert rpc.abci_query("", b"nobody").code == 2
        assert rpc.block(committed.height).txs == (b"name=ostraka",)
        assert rpc.block_results(committed.height).tx_results == (expected,)
        refused = rpc.broadcast_tx_sync(b"no pair")
        assert (refused.code, refused.log) == (1, "key=value is accepted")
        with pytest.raises(RpcError) as again:
            rpc.broadcast_tx_sync(b"name=ostraka")
        assert again.value.code == -32603
        assert rpc.genesis()["app_state"] == {"hello": "world"}
        status = rpc.status()
    assert (status.chain_id, status.node_id, status.validator_address) == (
        CHAIN_ID,
        home.node_id,
        home.validator_address,
    )


def test_a_header_is_proven_by_the_signatures_of_genesis_validators(home: NodeHome) -> None:
    commit_pair(home, b"a=1")
    wait_for_height(home, 4)
    with CometRpc(home.rpc_url) as rpc:
        trusted = genesis_validators(rpc.genesis())
        assert rpc.validators(3)[0].pub_key == trusted[0].pub_key
        for height in (1, 2, 3):
            signed = rpc.commit(height)
            assert verify_signed_header(signed, trusted, CHAIN_ID) == rpc.block(height).hash
            assert rpc.block(height + 1).header.last_block_id.hash == header_hash(signed.header)
        assert rpc.commit(3).header.app_hash == rpc.block_results(2).app_hash
    forged = forgeries(signed)
    for reason, header in forged.items():
        with pytest.raises(HeaderRejected, match=reason):
            verify_signed_header(header, trusted, CHAIN_ID)
    with pytest.raises(HeaderRejected, match="of chain"):
        verify_signed_header(signed, trusted, "another")


def forgeries(signed: SignedHeader) -> dict[str, SignedHeader]:
    """Return signed headers with one thing changed, by the reason they must be refused for."""
    app_hash, nil, empty, height, other, set_ = (SignedHeader.FromString(signed.SerializeToString()) for _ in range(6))
    app_hash.header.app_hash = b"\x01" * 32
    nil.commit.signatures[0].block_id_flag = BLOCK_ID_FLAG_NIL
    empty.commit.signatures[0].signature = bytes(64)
    height.commit.height += 1
    del other.commit.signatures[:]
    set_.header.validators_hash = validators_hash(())
    return {
        "another header": app_hash,
        "0 of 10 power signed": nil,
        "signature 0 does not verify": empty,
        "with a commit of height": height,
        "0 signatures for 1": other,
        "another validator set": set_,
    }


@pytest.mark.parametrize("process", ["app", "cometbft"])
def test_kill_9_of_either_process_restarts_both_and_loses_nothing(home: NodeHome, process: str) -> None:
    before = {name: running_pid(home, name) for name in ("app", "cometbft")}
    heights = [commit_pair(home, b"round%d=%d" % (number, number)).height for number in range(1)]
    for number in range(4):
        kill(home, process)
        committed = commit_pair(home, b"after%d=%d" % (number, number))
        assert committed.height > heights[-1]
        heights.append(committed.height)
    after = {name: running_pid(home, name) for name in ("app", "cometbft")}
    assert not set(before.values()) & set(after.values())
    with CometRpc(home.rpc_url) as rpc:
        assert rpc.abci_query("", b"round0").value == b"0"
        assert [rpc.abci_query("", b"after%d" % number).value for number in range(4)] == [b"0", b"1", b"2", b"3"]


def test_sigterm_ends_the_node_in_order_with_status_0(tmp_path: Path) -> None:
    (created,) = network(tmp_path, 1)
    with running(created) as supervisor:
        wait_for_height(created, 2)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(30) == EXIT_OK
    assert running_pid(created, "app") is None
    assert running_pid(created, "cometbft") is None
    assert "Traceback" not in created.log_path("app").read_text()


def test_a_home_runs_once(home: NodeHome) -> None:
    with running(home) as second:
        assert second.wait(30) == EXIT_ALREADY_RUNNING
    wait_for_height(home, 2)


def test_children_die_with_a_killed_supervisor_and_the_node_starts_again(tmp_path: Path) -> None:
    (created,) = network(tmp_path, 1)
    with running(created) as supervisor:
        wait_for_height(created, 2)
        children = [running_pid(created, name) for name in ("app", "cometbft")]
        supervisor.kill()
        supervisor.wait()
        eventually("children gone", lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in children) or None)
    with running(created):
        wait_for_height(created, 4)


def test_three_validators_agree_on_every_application_hash(tmp_path: Path) -> None:
    homes = network(tmp_path, 3)
    with running(homes[0]), running(homes[1]), running(homes[2]):
        committed = commit_pair(homes[1], b"three=validators")
        for node in homes:
            wait_for_height(node, committed.height + 2)
        hashes = set()
        for node in homes:
            with CometRpc(node.rpc_url) as rpc:
                signed = rpc.commit(committed.height + 1)
                verify_signed_header(signed, genesis_validators(rpc.genesis()), CHAIN_ID)
                hashes.add(signed.header.app_hash)
        assert len(hashes) == 1
