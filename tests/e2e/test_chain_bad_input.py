"""Hostile transactions at a running node: each gets its code, none changes anything, and the node goes on."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from chain.client.client import ChainClient
from chain.client.envelope import SignDoc, SignMode, TxBody, TxRaw
from chain.client.failures import Refused
from chain.client.node import Broadcast
from chain.client.signing import Key, auth_bytes, build_tx
from chain.errors import Code
from chain.modules.accounts.types import AnyValue
from chain.modules.bank.types import DENOM, Coin, MsgSend, QueryBalanceRequest, QueryBalanceResponse
from chain.node.comet_rpc import CometRpc, RpcError
from chain.node.home import CometSettings
from chain.store.codec import encode
from tests.support.validators import BALANCE, CHAIN_ID, Node, account, create_validators, eventually, running

ALICE, BOB = account("alice"), account("bob")
GAS, FEE = 200_000, 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    balances = {ALICE.bech32: BALANCE, BOB.bech32: BALANCE}
    homes = create_validators(
        tmp_path_factory.mktemp("hostile"), 1, balances, comet=CometSettings(timeout_commit_ms=50)
    )
    with running(homes) as (started,):
        started.wait_for_height(3)
        yield started


@dataclass(frozen=True)
class Signed:
    """What a transaction of alice's binds; the defaults make one that is accepted."""

    sequence: int = 0
    number: int = 0
    key: Key = ALICE
    chain_id: str = CHAIN_ID
    gas: int = GAS
    fee: int = FEE
    memo: str = ""
    timeout_height: int = 0

    def tx(self, *messages: object) -> bytes:
        return build_tx(
            self.key,
            messages or (send(1),),
            chain_id=self.chain_id,
            account_number=self.number,
            sequence=self.sequence,
            gas=self.gas,
            fee=self.fee,
            memo=self.memo,
            timeout_height=self.timeout_height,
        )


def send(amount: int) -> MsgSend:
    return MsgSend(ALICE.bech32, BOB.bech32, (Coin(DENOM, str(amount)),))


def unknown_message(good: Signed) -> bytes:
    """A well-signed transaction whose message no module handles."""
    body = encode(TxBody((AnyValue("/cosmos.gov.v1.MsgVote", b""),), "", 0))
    auth = auth_bytes(ALICE, SignMode.DIRECT, good.sequence, GAS, FEE)
    return encode(TxRaw(body, auth, (ALICE.sign(encode(SignDoc(body, auth, CHAIN_ID, good.number))),)))


def hostile(good: Signed) -> dict[str, tuple[bytes, Code]]:
    """Transactions by what is wrong with them, and the code that says so."""
    valid = good.tx()
    forged = bytearray(valid)
    forged[-1] ^= 1
    return {
        "wrong signature": (bytes(forged), Code.UNAUTHORIZED),
        "signed by somebody else": (replace(good, key=replace(ALICE, secret=BOB.secret)).tx(), Code.UNAUTHORIZED),
        "wrong chain id": (replace(good, chain_id="validators-2").tx(), Code.UNAUTHORIZED),
        "wrong account number": (replace(good, number=good.number + 1).tx(), Code.UNAUTHORIZED),
        "sequence from the future": (replace(good, sequence=good.sequence + 1).tx(), Code.WRONG_SEQUENCE),
        "unknown message": (unknown_message(good), Code.UNKNOWN_REQUEST),
        "truncated": (valid[:-1], Code.TX_DECODE),
        "no protobuf": (b"\xff" * 100, Code.TX_DECODE),
        "unknown field": (valid + b"\x22\x01x", Code.TX_DECODE),
        "no gas": (replace(good, gas=0).tx(), Code.INVALID_REQUEST),
        "gas above the limit": (replace(good, gas=20_000_001, fee=2_001).tx(), Code.INVALID_REQUEST),
        "gas below the cost of the bytes": (replace(good, gas=100).tx(), Code.OUT_OF_GAS),
        "fee below the price": (replace(good, fee=FEE - 1).tx(), Code.INSUFFICIENT_FEE),
        "fee above the balance": (replace(good, fee=BALANCE + 1).tx(), Code.INSUFFICIENT_FUNDS),
        "memo too long": (replace(good, memo="x" * 257).tx(), Code.MEMO_TOO_LARGE),
        "too many messages": (good.tx(*[send(1)] * 33), Code.TOO_MANY_MESSAGES),
        "timeout passed": (replace(good, timeout_height=1).tx(), Code.TX_TIMEOUT_HEIGHT),
        "unknown account": (replace(good, key=account("nobody")).tx(), Code.INVALID_PUBKEY),
        "a beacon's place": (b"\x00" + bytes(100), Code.BEACON_TRANSACTION),
    }


async def state_of(node: Node) -> tuple[int, int, int, int]:
    """Alice's number and sequence, and both balances."""
    async with ChainClient(node.home.grpc_target) as client:
        held = await client.account(ALICE.bech32)
        balances = [
            await client.query(
                "cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest(key.bech32, DENOM), QueryBalanceResponse
            )
            for key in (ALICE, BOB)
        ]
    first, second = (int(answer.balance.amount) if answer.balance else 0 for answer in balances)
    return held.account_number, held.sequence, first, second


async def broadcast(node: Node, tx: bytes) -> Broadcast:
    async with ChainClient(node.home.grpc_target) as client:
        return await client.broadcast(tx)


def committed(node: Node, tx: bytes) -> int:
    """Send a good transaction and return the height that it was committed at with code 0."""

    def found() -> int | None:
        with CometRpc(node.home.rpc_url) as rpc:
            try:
                result = rpc.tx(hashlib.sha256(tx).digest())
            except RpcError:
                return None
            assert result.result.code == Code.OK, result.result.log
            return result.height

    assert asyncio.run(broadcast(node, tx)).code == Code.OK
    return eventually("commit", found)


def test_every_hostile_transaction_gets_its_code_at_both_doors_and_changes_nothing(node: Node) -> None:
    before = asyncio.run(state_of(node))
    good = Signed(number=before[0], sequence=before[1])
    height = node.height() or 0
    for name, (tx, code) in hostile(good).items():
        with CometRpc(node.home.rpc_url) as rpc:
            answer = rpc.broadcast_tx_sync(tx)
        assert (answer.code, answer.codespace) == (code, code.codespace), f"{name}: {answer.log}"
        assert asyncio.run(broadcast(node, tx)).code == code, name
    node.wait_for_height(height + 2)
    assert asyncio.run(state_of(node)) == before
    assert committed(node, good.tx()) > height
    assert asyncio.run(state_of(node)) == (before[0], before[1] + 1, before[2] - 1 - FEE, before[3] + 1)


def test_a_committed_transaction_cannot_be_replayed(node: Node) -> None:
    number, sequence, *_ = asyncio.run(state_of(node))
    tx = Signed(number=number, sequence=sequence).tx()
    height = committed(node, tx)
    after = asyncio.run(state_of(node))
    again = asyncio.run(broadcast(node, tx))
    assert again.is_known or again.code == Code.WRONG_SEQUENCE
    # The same content under another hash must fail by itself: the mempool's memory is no protection.
    changed = Signed(number=number, sequence=sequence, memo="again").tx()
    assert asyncio.run(broadcast(node, changed)).code == Code.WRONG_SEQUENCE
    node.wait_for_height(height + 3)
    assert asyncio.run(state_of(node)) == after


def test_an_oversized_transaction_is_refused_before_it_is_read(node: Node) -> None:
    tx = bytes(128 * 1024 + 1)
    with CometRpc(node.home.rpc_url) as rpc, pytest.raises(RpcError, match="too large"):
        rpc.broadcast_tx_sync(tx)
    with pytest.raises(Refused, match="131073 bytes; 131072 are allowed"):
        asyncio.run(broadcast(node, tx))


def test_nothing_hostile_left_a_trace_in_the_logs(node: Node) -> None:
    node.wait_for_height((node.height() or 0) + 1)
    assert "Traceback" not in node.logs()["app.log"]
    assert "CONSENSUS FAILURE" not in node.logs()["cometbft.log"]
