"""Random kill −9 of application, CometBFT or both, under load: what was committed stays, and the chain goes on."""

import hashlib
import random
from functools import partial
from pathlib import Path

from chain.node.comet_rpc import CometRpc, RpcError, RpcUnavailable
from chain.node.home import CometSettings, NodeHome, create_testnet
from tests.support.kvstore_node import eventually, kill, running, wait_for_height

KILLS = 12
SEED = 20_250_101


def pair(number: int) -> bytes:
    return b"number%d=%d" % (number, number)


def test_what_was_committed_survives_any_kill(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    (home,) = create_testnet(tmp_path, "crash-1", 1, lambda _homes: {}, comet=CometSettings(timeout_commit_ms=20))
    committed: dict[bytes, int] = {}
    with running(home):
        for number in range(KILLS):
            wait_for_height(home, 1 + max(committed.values(), default=0))
            tx = pair(number)
            load(home, number)
            committed[tx] = eventually("commit", partial(sent_and_found, home, tx))
            load(home, number + KILLS)  # blocks are being made when the kill comes
            kill(home, *dice.choice((["app"], ["cometbft"], ["app", "cometbft"], ["cometbft", "app"])))
        wait_for_height(home, 2 + max(committed.values()))
        with CometRpc(home.rpc_url) as rpc:
            for tx, height in committed.items():
                assert tx in rpc.block(height).txs
                assert rpc.abci_query("", tx.partition(b"=")[0]).value == tx.partition(b"=")[2]


def load(home: NodeHome, number: int) -> None:
    """Send fifty transactions; whether they are committed does not matter."""
    try:
        with CometRpc(home.rpc_url) as rpc:
            for index in range(50):
                rpc.broadcast_tx_sync(b"load%d-%d=x" % (number, index))
    except (RpcUnavailable, RpcError):
        return


def sent_and_found(home: NodeHome, tx: bytes) -> int | None:
    """Return the height of a transaction; send it, again if a crash emptied the mempool."""
    with CometRpc(home.rpc_url) as rpc:
        try:
            rpc.broadcast_tx_sync(tx)
        except RpcError as error:
            if "tx already exists in cache" not in error.data:
                raise
        return rpc.tx(hashlib.sha256(tx).digest()).height
