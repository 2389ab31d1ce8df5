"""Four validators with real CometBFT: one application hash at every height, and one of them dies and catches up."""

import asyncio
import os
import signal
from pathlib import Path

from chain.client.client import ChainClient
from chain.client.sender import Sender
from chain.errors import Code
from chain.modules.bank.types import DENOM, Coin, MsgSend
from chain.node.comet_rpc import CometRpc
from chain.node.home import CometSettings
from chain.node.light import genesis_validators, verify_signed_header
from tests.support.validators import BALANCE, CHAIN_ID, Node, account, create_validators, running

BLOCKS = 200
VALIDATORS = 4
SENDERS = 4
KILL_HEIGHT = 40
HEIGHTS_DOWN = 9
"""Each fourth height waits for the dead proposer."""
FAST = CometSettings(timeout_commit_ms=50)


def app_hashes(node: Node, last: int) -> list[bytes]:
    """The application hash in every header that the node stored, after the signatures of the last one were seen."""
    with CometRpc(node.home.rpc_url) as rpc:
        verify_signed_header(rpc.commit(last - 1), genesis_validators(rpc.genesis()), CHAIN_ID)
        return [rpc.commit(height).header.app_hash for height in range(1, last)]


async def transfer_until(node: Node, name: str, height: int) -> int:
    """Send transfers one after the other until the chain is at `height`; return how many were committed."""
    key = account(name)
    message = MsgSend(key.bech32, account("sink").bech32, (Coin(DENOM, "1"),))
    async with ChainClient(node.home.grpc_target) as client:
        sender = Sender(client, key, CHAIN_ID)
        count, at = 0, 0
        while at < height:
            committed = await sender.send([message])
            assert committed.code == Code.OK, committed.log
            count, at = count + 1, committed.height
        return count


async def load(nodes: list[Node]) -> list[int]:
    """Put load on three validators while the fourth dies and comes back."""
    transfers = [
        asyncio.create_task(transfer_until(nodes[index % (VALIDATORS - 1)], f"sender {index}", BLOCKS))
        for index in range(SENDERS)
    ]
    victim = nodes[-1]
    await asyncio.to_thread(victim.wait_for_height, KILL_HEIGHT)
    assert victim.supervisor is not None
    victim.supervisor.kill()
    missed = await asyncio.to_thread(nodes[0].wait_for_height, KILL_HEIGHT + HEIGHTS_DOWN)
    victim.start()
    await asyncio.to_thread(victim.wait_for_height, missed)
    app = victim.pid("app")
    assert app is not None
    os.kill(app, signal.SIGKILL)
    return list(await asyncio.gather(*transfers))


def test_four_validators_agree_on_every_application_hash_of_200_blocks(tmp_path: Path) -> None:
    balances = {account(f"sender {index}").bech32: BALANCE for index in range(SENDERS)}
    with running(create_validators(tmp_path, VALIDATORS, balances, comet=FAST)) as nodes:
        counts = asyncio.run(load(nodes))
        last = BLOCKS + 2
        for node in nodes:
            node.wait_for_height(last)
        hashes = [app_hashes(node, last) for node in nodes]
        assert len(hashes[0]) > BLOCKS
        assert len(set(hashes[0])) > BLOCKS // 2, "state moved"
        assert all(found == hashes[0] for found in hashes)
        assert all(count > 1 for count in counts)
        for node in nodes[:-1]:  # the last one's CometBFT loses its application in the middle of a block
            assert "CONSENSUS FAILURE" not in node.logs()["cometbft.log"]
