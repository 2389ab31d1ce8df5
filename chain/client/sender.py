"""Send messages from one account so that each is committed once, or certainly never.

One transaction of an account is in flight at a time. It is simulated first, so that one message gone stale does not
take the others with it; it carries a last height; the same bytes are sent again until they are seen in a block or that
height has passed. Only then is the sequence read again, so no two transactions ever compete for it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fractions import Fraction

from chain.client.client import ChainClient
from chain.client.envelope import TxBody, TxMsgData, TxRaw
from chain.client.failures import NotCommitted, NotFound, Refused, Unavailable
from chain.client.node import Broadcast, TxNotice
from chain.client.signing import Key, build_simulation, build_tx, tx_hash
from chain.errors import Code
from chain.store.codec import DecodeError, decode

MAX_MESSAGES = 32
"""Messages in one transaction."""
TIMEOUT_BLOCKS = 10
"""How many blocks a transaction is given when its deadline leaves more."""
RESEND_BLOCKS = 3
"""After so many blocks without the transaction its bytes are sent again: a restarted node has lost its mempool."""
MAX_ATTEMPTS = 3
"""How many transactions are tried, one after the other has timed out."""
GAS_PRICE = Fraction(1, 10_000)
"""uostr per unit of gas, where the caller names none."""
GAS_MARGIN = Fraction(13, 10)
"""Gas allowed over gas simulated: state moves between the two."""
GAS_EXTRA = 10_000
"""Gas allowed beside the margin: what the signature costs, which simulation may not see."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that would have failed and was left out."""

    index: int
    """Position among the messages given."""
    code: int
    log: str


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of the messages."""

    height: int
    """Block that holds the transaction; 0: none was sent, and `code` says why."""
    hash: bytes
    code: int
    """0: all messages that were not dropped took effect. Otherwise none did."""
    log: str
    responses: tuple[bytes, ...]
    """The response of each message given, in order; empty for those dropped, and if `code` is not 0."""
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A signed transaction and what it holds of the messages given."""

    tx: bytes
    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    from_height: int
    timeout_height: int


class Sender:
    """The only sender of its account: two of them would fight for sequence numbers."""

    def __init__(
        self,
        client: ChainClient,
        key: Key,
        chain_id: str,
        gas_price: Fraction | str = GAS_PRICE,
        *,
        journal: Callable[[bytes], None] | None = None,
    ) -> None:
        """`journal` gets the signed bytes before anything is sent; it must have stored them when it returns."""
        self._client = client
        self._key = key
        self._chain_id = chain_id
        self._gas_price = Fraction(gas_price)
        self._journal = journal
        self._turn = asyncio.Lock()
        self._account_number = 0
        self._sequence: int | None = None

    @property
    def address(self) -> str:
        """The account's address."""
        return self._key.bech32

    async def send(self, messages: Sequence[object], *, deadline: int | None = None, memo: str = "") -> Committed:
        """Commit 1 to 32 messages in one transaction; `deadline` is the last height at which they count.

        A message that fails in simulation is dropped and reported. If all fail, or the mempool refuses the
        transaction, nothing is sent and the result has height 0.

        Raises: NotCommitted: the deadline or the attempts ran out, and it never will be; Unavailable: the node does
        not answer, and whether it was committed is not known: `resume` with the journalled bytes tells; Refused: the
        node is of another chain; NotFound: the account does not exist; ValueError.
        """
        if not 1 <= len(messages) <= MAX_MESSAGES:
            raise ValueError(f"a transaction carries 1 to {MAX_MESSAGES} messages, not {len(messages)}")
        async with self._turn:
            for _ in range(MAX_ATTEMPTS):
                prepared = await self._prepare(messages, deadline, memo)
                if isinstance(prepared, Committed):
                    return prepared
                if self._journal is not None:
                    self._journal(prepared.tx)
                outcome = await self._deliver(prepared, len(messages))
                if outcome is not None:
                    return outcome
            raise NotCommitted(f"{MAX_ATTEMPTS} transactions of {self.address} passed their timeout heights")

    async def resume(self, tx: bytes) -> Committed:
        """Bring a journalled transaction to its end after a restart: found committed, sent again, or timed out.

        Raises: NotCommitted: its last height has passed without it; NotFound: the node no longer has the blocks it
        could be in; ValueError: the bytes are not a transaction with a timeout height.
        """
        try:
            body = decode(TxBody, decode(TxRaw, tx).body_bytes)
        except DecodeError as error:
            raise ValueError(f"not a transaction: {error}") from None
        if not body.timeout_height:
            raise ValueError("the transaction has no timeout height")
        count = len(body.messages)
        # It was signed at most TIMEOUT_BLOCKS before its last height, so no earlier block can hold it.
        first = max(1, body.timeout_height - TIMEOUT_BLOCKS)
        async with self._turn:
            self._sequence = None
            # What the node says to this offer decides nothing: others may have had the bytes since the first one.
            await self._offer(tx)
            prepared = _Prepared(tx, tuple(range(count)), (), first, body.timeout_height)
            found = await self._await_commit(prepared)
        if found is None:
            raise NotCommitted(f"height {body.timeout_height} has passed without {tx_hash(tx).hex()}")
        return _committed(prepared, count, *found)

    async def _prepare(self, messages: Sequence[object], deadline: int | None, memo: str) -> _Prepared | Committed:
        """Simulate, drop what fails, sign."""
        kept = list(range(len(messages)))
        dropped: list[Dropped] = []
        while True:
            sequence = await self._next_sequence()
            simulation = await self._client.simulate(
                build_simulation(self._key, [messages[index] for index in kept], sequence=sequence, memo=memo)
            )
            if simulation.code == Code.OK:
                break
            if simulation.code == Code.WRONG_SEQUENCE and self._sequence is not None:
                self._sequence = None
                if await self._next_sequence() != sequence:
                    continue
            failed = simulation.failed_index
            if failed is None or failed >= len(kept):
                return Committed(0, b"", simulation.code, simulation.log, (b"",) * len(messages), tuple(dropped))
            dropped.append(Dropped(kept.pop(failed), simulation.code, simulation.log))
            if not kept:
                first = min(dropped, key=lambda item: item.index)
                return Committed(0, b"", first.code, first.log, (b"",) * len(messages), tuple(dropped))
        height = await self._height()
        timeout = height + TIMEOUT_BLOCKS if deadline is None else min(deadline, height + TIMEOUT_BLOCKS)
        if timeout <= height:
            raise NotCommitted(f"the deadline {deadline} has passed: the chain is at height {height}")
        gas = int(simulation.gas_used * GAS_MARGIN) + GAS_EXTRA
        tx = build_tx(
            self._key,
            [messages[index] for index in kept],
            chain_id=self._chain_id,
            account_number=self._account_number,
            sequence=sequence,
            gas=gas,
            fee=-int(-gas * self._gas_price // 1),
            memo=memo,
            timeout_height=timeout,
        )
        return _Prepared(tx, tuple(kept), tuple(sorted(dropped, key=lambda item: item.index)), height + 1, timeout)

    async def _height(self) -> int:
        """Return the last committed height. Raises: Refused: the node has another chain, whose heights tell nothing."""
        status = await self._client.status()
        if status.chain_id != self._chain_id:
            raise Refused(f"the node at {self._client.address} is of chain {status.chain_id!r}, not {self._chain_id!r}")
        return status.height

    async def _next_sequence(self) -> int:
        if self._sequence is None:
            try:
                account = await self._client.account(self.address)
            except NotFound:
                raise NotFound(f"account {self.address} does not exist: pay something to it first") from None
            self._account_number, self._sequence = account.account_number, account.sequence
        return self._sequence

    async def _deliver(self, prepared: _Prepared, count: int) -> Committed | None:
        """Send a new transaction until committed; None: it never will be, and another may be tried."""
        sequence, self._sequence = self._sequence, None
        refused = await self._offer(prepared.tx)
        if refused is not None:
            # The answer to the first offer: nobody else has these bytes, so the refusal is final.
            if refused.code == Code.WRONG_SEQUENCE and await self._next_sequence() == sequence:
                # The mempool has another one of this account, sent before a crash: only a block shows what comes next.
                await self._pass_block(prepared.from_height)
                self._sequence = None
            if refused.code in (Code.WRONG_SEQUENCE, Code.TX_TIMEOUT_HEIGHT):
                return None
            return Committed(0, b"", refused.code, refused.log, (b"",) * count, prepared.dropped)
        found = await self._await_commit(prepared)
        if found is None:
            return None
        if found[1].code == Code.OK and sequence is not None:
            self._sequence = sequence + 1
        return _committed(prepared, count, *found)

    async def _await_commit(self, prepared: _Prepared) -> tuple[int, TxNotice] | None:
        """Look for a transaction in its blocks, offering it again while they go by without it. None: timed out."""
        name = tx_hash(prepared.tx)
        if prepared.timeout_height < prepared.from_height:
            return None
        async with aclosing(self._client.follow(prepared.from_height, without_events=True)) as blocks:
            async for block in blocks:
                for notice in block.txs:
                    if notice.hash == name:
                        return block.height, notice
                if block.height >= prepared.timeout_height:
                    await self._height()  # another chain may have come to this address
                    return None
                if (block.height - prepared.from_height) % RESEND_BLOCKS == RESEND_BLOCKS - 1:
                    await self._offer(prepared.tx)
        raise AssertionError("unreachable: the stream of blocks does not end")

    async def _pass_block(self, height: int) -> None:
        """Wait for a block."""
        async with aclosing(self._client.follow(height, without_events=True)) as blocks:
            await anext(blocks)

    async def _offer(self, tx: bytes) -> Broadcast | None:
        """Hand bytes to the mempool. Return its refusal, or None if it took them, has them or is not to be reached."""
        try:
            answer = await self._client.broadcast(tx)
        except (Unavailable, Refused):
            # A full mempool or a restarting node: the next offer comes some blocks later.
            return None
        return None if answer.is_known or answer.code == Code.OK else answer


def _committed(prepared: _Prepared, count: int, height: int, notice: TxNotice) -> Committed:
    responses = [b""] * count
    if notice.code == Code.OK:
        for index, response in zip(prepared.kept, decode(TxMsgData, notice.data).msg_responses, strict=True):
            responses[index] = response.value
    return Committed(height, notice.hash, notice.code, notice.log, tuple(responses), prepared.dropped)
