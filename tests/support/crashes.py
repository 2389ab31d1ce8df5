"""Kill a validator's processes at random moments while transfers are committed, and account for every one of them.

The load keeps books: what was acknowledged (seen in a block) must stay, what was not may have happened or not, and the
senders find out which before they go on. In the end every balance must be what the books say to the last uostr.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from chain.client.client import ChainClient
from chain.client.failures import NotCommitted, Unavailable
from chain.client.sender import Committed, Sender
from chain.client.signing import Key, tx_hash
from chain.errors import Code
from chain.modules.bank.types import (
    DENOM,
    Coin,
    MsgSend,
    QueryBalanceRequest,
    QueryBalanceResponse,
    QuerySupplyOfRequest,
    QuerySupplyOfResponse,
)
from chain.node.comet_rpc import CometRpc
from chain.wire.cosmos.tx.v1beta1.tx_pb2 import AuthInfo, TxRaw
from tests.support.replay import replay
from tests.support.validators import BALANCE, CHAIN_ID, Node, account

SENDERS = 8
RECOVERY_SECONDS = 60.0
LONGEST_LIFE_SECONDS = 0.8
"""Kills come at a random moment up to this long after the last recovery."""
SECOND_KILL_CHANCE = 0.2
"""How often a kill is followed by another while the node is still recovering."""
POLL_SECONDS = 0.005
BAD_SIGNS = re.compile(r"CONSENSUS FAILURE|panic:|AppHash|do(es)? not match|giving up|[Cc]orrupt|InvariantBroken")
"""What must not be in any log."""
LOST_APPLICATION = re.compile(r'CONSENSUS FAILURE!!! .*err="[^"]*(EOF|broken pipe|reset by peer|use of closed)[^"]*"')
"""How CometBFT says that the application died while it waited for a block's result: what the test does to it."""


class Victim(StrEnum):
    """What is killed."""

    APP = "application"
    COMETBFT = "CometBFT"
    BOTH = "both"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill −9 and what followed."""

    victim: Victim
    during_recovery: bool
    """Whether the node had not yet made a block since the kill before."""
    recovery_seconds: float
    """Until a block after those that were stored before; nan if another kill came first."""


@dataclass
class Books:
    """What the senders know to be committed."""

    balances: dict[str, int]
    committed: dict[bytes, int] = field(default_factory=dict)
    """Height by transaction hash."""
    given_up: set[bytes] = field(default_factory=set)
    """Hashes of transactions of which the sender was told that they never will be committed."""

    def enter(self, sender: Key, recipient: Key, amount: int, fee: int, done: Committed) -> None:
        """Book an acknowledged transfer."""
        assert done.code == Code.OK, done.log
        assert done.hash not in self.committed, "one transaction was acknowledged twice"
        self.committed[done.hash] = done.height
        self.balances[sender.bech32] -= amount + fee
        self.balances[recipient.bech32] += amount


def senders() -> list[Key]:
    """The accounts that put the load on; genesis must give each `BALANCE`."""
    return [account(f"sender {index}") for index in range(SENDERS)]


async def transfer_forever(target: str, key: Key, others: Sequence[Key], books: Books, done: asyncio.Event) -> None:
    """Send transfers one after the other through every crash until `done`."""
    dice = random.Random(key.address)
    journal: list[bytes] = []
    async with ChainClient(target) as client:
        sender = Sender(client, key, CHAIN_ID, journal=journal.append)
        while not done.is_set():
            recipient, amount = dice.choice(others), dice.randint(1, 1_000)
            message = MsgSend(key.bech32, recipient.bech32, (Coin(DENOM, str(amount)),))
            journal.clear()
            committed = await outcome(sender, message, journal)
            if committed is not None:
                books.enter(key, recipient, amount, fee_of(journal[-1]), committed)
            for tx in journal:
                if committed is None or tx is not journal[-1]:
                    books.given_up.add(tx_hash(tx))


async def outcome(sender: Sender, message: MsgSend, journal: Sequence[bytes]) -> Committed | None:
    """Send a message and return what became of it; None: it has not happened and never will."""
    try:
        return await sender.send([message])
    except NotCommitted:
        return None
    except Unavailable:
        # Without a signed transaction nothing can have happened.
        return await resumed(sender, journal[-1]) if journal else None


async def resumed(sender: Sender, tx: bytes) -> Committed | None:
    """Find out what became of a signed transaction; None: it was not committed and never will be."""
    while True:
        try:
            return await sender.resume(tx)
        except NotCommitted:
            return None
        except Unavailable:
            continue


def fee_of(tx: bytes) -> int:
    """Return the fee of a transaction in uostr."""
    return int(AuthInfo.FromString(TxRaw.FromString(tx).auth_info_bytes).fee.amount[0].amount)


async def kill_repeatedly(node: Node, count: int, dice: random.Random, victims: Sequence[Victim]) -> list[Kill]:
    """Kill `count` times at random moments; each time but some wait until the chain has gone on."""
    kills: list[Kill] = []
    during_recovery = False
    for _ in range(count):
        await asyncio.sleep(dice.random() * LONGEST_LIFE_SECONDS)
        victim = dice.choice(victims)
        before = await asyncio.to_thread(node.height) or 0
        began = time.monotonic()
        kill(node, victim)
        if dice.random() < SECOND_KILL_CHANCE:
            kills.append(Kill(victim, during_recovery, float("nan")))
            during_recovery = True
            continue
        await asyncio.to_thread(node.wait_for_height, before + 2, RECOVERY_SECONDS)
        kills.append(Kill(victim, during_recovery, time.monotonic() - began))
        during_recovery = False
    await asyncio.to_thread(node.wait_for_height, 1, RECOVERY_SECONDS)
    return kills


def kill(node: Node, victim: Victim) -> None:
    """Kill −9; a killed supervisor is started again at once, as an init system would."""
    if victim is Victim.SUPERVISOR:
        assert node.supervisor is not None
        node.supervisor.kill()
        node.start()
        return
    names = {Victim.APP: ("app",), Victim.COMETBFT: ("cometbft",), Victim.BOTH: ("app", "cometbft")}[victim]
    for pid in [node.pid(name) for name in names]:
        if pid is not None:  # it may not be up again after the kill before
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Verdict:
    """What was found after the last kill."""

    kills: tuple[Kill, ...]
    acknowledged: int
    last_height: int
    lost: tuple[bytes, ...]
    """Hashes of acknowledged transactions that are not where they were."""
    undead: tuple[bytes, ...]
    """Hashes of transactions that were committed although their sender was told that they never will be."""
    wrong_balances: dict[str, tuple[int, int]]
    """(books, chain) of accounts that do not agree."""
    is_supply_whole: bool
    replayed_height: int
    """Up to here a second execution of all blocks gave the application hashes of the headers."""
    bad_signs: tuple[str, ...]
    """Log lines that must not be there."""

    @property
    def holds(self) -> bool:
        """Tell whether nothing was lost and nothing contradicts itself."""
        return not (self.lost or self.undead or self.wrong_balances or self.bad_signs) and self.is_supply_whole

    def recovery(self, victim: Victim) -> tuple[float, float]:
        """Return median and maximum of the recoveries from a kill of `victim`, in seconds; nan without any."""
        times = [kill.recovery_seconds for kill in self.kills if kill.victim is victim]
        times = [seconds for seconds in times if seconds == seconds]
        return (statistics.median(times), max(times)) if times else (float("nan"), float("nan"))


async def crash_under_load(
    node: Node, count: int, seed: int, scratch: Path, victims: Sequence[Victim] = tuple(Victim)
) -> Verdict:
    """Kill a running single validator `count` times under load and judge what is left; `scratch` is for the replay."""
    keys = senders()
    books = Books({key.bech32: BALANCE for key in keys})
    done = asyncio.Event()
    load = [
        asyncio.create_task(
            transfer_forever(node.home.grpc_target, key, [other for other in keys if other is not key], books, done)
        )
        for key in keys
    ]
    killing = asyncio.create_task(kill_repeatedly(node, count, random.Random(seed), victims))
    await asyncio.wait([*load, killing], return_when=asyncio.FIRST_COMPLETED)
    done.set()
    kills = await killing
    await asyncio.gather(*load)
    wrong, is_whole = await audit(node.home.grpc_target, books)
    with CometRpc(node.home.rpc_url) as rpc:
        lost = tuple(name for name, height in books.committed.items() if not holds_tx(rpc, name, height))
        replayed = await asyncio.to_thread(replay, rpc, scratch)
        undead = tuple(
            tx_hash(tx)
            for height in range(1, replayed + 1)
            for tx in rpc.block(height).txs
            if tx_hash(tx) in books.given_up
        )
    logs = node.logs()
    return Verdict(
        kills=tuple(kills),
        acknowledged=len(books.committed),
        last_height=replayed,
        lost=lost,
        undead=undead,
        wrong_balances=wrong,
        is_supply_whole=is_whole,
        replayed_height=replayed,
        bad_signs=tuple(
            f"{name}: {line[:400]}"
            for name, text in logs.items()
            for line in text.splitlines()
            if BAD_SIGNS.search(line) and not LOST_APPLICATION.search(line)
        ),
    )


async def audit(target: str, books: Books) -> tuple[dict[str, tuple[int, int]], bool]:
    """Return the accounts whose balance is not what the books say, and whether the supply is what genesis made."""
    wrong = {}
    async with ChainClient(target) as client:
        for address, expected in books.balances.items():
            answer = await client.query(
                "cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest(address, DENOM), QueryBalanceResponse
            )
            held = int(answer.balance.amount) if answer.balance is not None else 0
            if held != expected:
                wrong[address] = (expected, held)
        supply = await client.query(
            "cosmos.bank.v1beta1.Query/SupplyOf", QuerySupplyOfRequest(DENOM), QuerySupplyOfResponse
        )
    assert supply.amount is not None
    return wrong, int(supply.amount.amount) == BALANCE * len(books.balances)


def holds_tx(rpc: CometRpc, name: bytes, height: int) -> bool:
    """Tell whether the block at `height` holds a transaction with result 0."""
    names = [tx_hash(tx) for tx in rpc.block(height).txs]
    return name in names and rpc.block_results(height).tx_results[names.index(name)].code == Code.OK
