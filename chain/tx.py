"""One transaction: admit it (who signs, who pays), execute its messages.

The fee is kept and the sequence is raised even if a message fails: that is what protects from replay.

Failures: `Rejected` becomes the transaction's result and its writes are dropped. Disk and memory failures, and state
that contradicts itself, end the process: another node may not have them. Any other exception is a bug of a handler;
every node has it alike, so it costs that transaction `INTERNAL` and the block goes on.
"""

import base64
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from chain.application import Event, TxResult
from chain.context import Context, GasMeter
from chain.crypto.keys import encode_address, verify_ed25519, verify_secp256k1
from chain.envelope import Routes, Signer, Tx, decode_tx
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.accounts import keeper as accounts
from chain.modules.accounts.types import Account, AnyValue, KeyKind, Params
from chain.modules.bank import keeper as bank
from chain.modules.bank.types import DENOM, Balance
from chain.modules.treasury import keeper as treasury
from chain.modules.treasury import rules as fees
from chain.store.codec import encode, record
from chain.store.database import EngineError
from chain.store.tree import NodeMissing, TreeTooDeep

log = logging.getLogger(__name__)

FATAL = (MemoryError, OSError, EngineError, NodeMissing, TreeTooDeep, InvariantBroken)
"""What ends the process instead of one transaction."""
_INTERNAL = "a handler failed unexpectedly; the transaction was rolled back"
_NOTHING_CHECKED = (0, 1)


class Phase(IntEnum):
    """Why a transaction is admitted."""

    CHECK = 0
    """For the mempool: fees and signatures count, messages are not executed."""
    EXECUTE = 1
    """In a block."""
    SIMULATE = 2
    """To estimate gas: nobody has signed, no fee is due, sequences may run ahead."""


@record
class TxMsgData:
    """cosmos.base.abci.v1beta1.TxMsgData: the data of a result."""

    data: tuple[bytes, ...]
    """Not used any more."""
    msg_responses: tuple[AnyValue, ...]


class Verified(NamedTuple):
    """A transaction whose signatures are right for these keys and account numbers."""

    tx: Tx
    proofs: tuple[tuple[bytes, int], ...]
    """(key, account number) of each signer: both come from state, the rest of the verdict from the bytes alone."""


@dataclass(slots=True)
class VerifiedSignatures:
    """Right signatures by SHA-256 of the transaction, shared by all phases; the oldest leave first.

    Only successes are kept, so a flood of bad transactions cannot displace good ones, and no verdict rests on what is
    absent here.
    """

    max_bytes: int = 16 * 1024 * 1024
    """Bound on the transactions' own size; parsed forms take some four times as much."""
    _found: dict[bytes, Verified] = field(default_factory=dict)
    _bytes: int = 0

    def find(self, digest: bytes) -> Verified | None:
        """Return the transaction, if its signatures were found right before."""
        return self._found.get(digest)

    def keep(self, digest: bytes, verified: Verified) -> None:
        """Remember a success."""
        if digest not in self._found:
            self._bytes += verified.tx.size_bytes
        self._found[digest] = verified
        while self._bytes > self.max_bytes:
            oldest = next(iter(self._found))
            self._bytes -= self._found.pop(oldest).tx.size_bytes


class Payers(Protocol):
    """Where sequences and fees are read and written."""

    def account(self, ctx: Context, address: bytes) -> Account:
        """Return an account. Raises: Rejected: UNKNOWN_ADDRESS."""
        ...

    def pay(self, ctx: Context, payer: bytes, fee: int) -> None:
        """Take a fee. Raises: Rejected: INSUFFICIENT_FUNDS."""
        ...

    def save(self, ctx: Context, address: bytes, changed: Account) -> None:
        """Write an account."""
        ...


class _InState:
    """Sequences and fees of transactions in a block."""

    def account(self, ctx: Context, address: bytes) -> Account:
        return accounts.account(ctx.store, address)

    def pay(self, ctx: Context, payer: bytes, fee: int) -> None:
        bank.move(ctx, payer, treasury.FEE_COLLECTOR, Balance(DENOM, fee))

    def save(self, ctx: Context, address: bytes, changed: Account) -> None:
        accounts.save(ctx, address, changed)


class Pending:
    """Sequences and balances as the mempool's transactions leave them, above the last commit; nothing is encoded.

    Lives until the next commit, and nobody spends there what was collected.
    """

    __slots__ = ("_accounts", "_balances")

    def __init__(self) -> None:
        self._accounts: dict[bytes, Account] = {}
        self._balances: dict[bytes, int] = {}

    def account(self, ctx: Context, address: bytes) -> Account:
        """Return an account with the sequence that comes next."""
        found = self._accounts.get(address)
        return accounts.account(ctx.store, address) if found is None else found

    def pay(self, ctx: Context, payer: bytes, fee: int) -> None:
        """Lower what the payer may still spend on fees."""
        held = self._balances.get(payer)
        if held is None:
            held = bank.balance(ctx.store, payer)
        self._balances[payer] = bank.remainder(held, fee)

    def save(self, ctx: Context, address: bytes, changed: Account) -> None:
        """Remember an account."""
        self._accounts[address] = changed


_IN_STATE = _InState()


class Outcome(NamedTuple):
    """A result, and the message that failed, if one did."""

    result: TxResult
    failed_index: int | None = None


def check_tx(
    ctx: Context,
    pending: Pending,
    routes: Routes,
    verified: VerifiedSignatures,
    data: bytes,
    price: tuple[int, int],
) -> TxResult:
    """Admit a transaction to the mempool; `price` is this node's own least price of gas, as a fraction."""
    try:
        tx = admit_tx(ctx, routes, verified, data, Phase.CHECK, price, pending)
    except Rejected as error:
        return _refusal(error, 0, 0)
    return _admitted(tx.gas_limit, ctx.gas.used)


@lru_cache(maxsize=1024)
def _admitted(gas_wanted: int, gas_used: int) -> TxResult:
    return TxResult(gas_wanted=gas_wanted, gas_used=gas_used)


def admit_tx(
    ctx: Context,
    routes: Routes,
    verified: VerifiedSignatures | None,
    data: bytes,
    phase: Phase,
    price: tuple[int, int] = _NOTHING_CHECKED,
    payers: Payers = _IN_STATE,
) -> Tx:
    """Read a transaction, check everything about it that is not its messages' business, and charge its payer.

    Leaves `ctx.gas` as the transaction's meter. State changes only if the transaction is admitted.

    Raises: Rejected: any code of `decode_tx`, TX_TIMEOUT_HEIGHT, MEMO_TOO_LARGE, OUT_OF_GAS, INSUFFICIENT_FEE,
    TOO_MANY_MESSAGES, TOO_MANY_SIGNATURES, UNKNOWN_ADDRESS, WRONG_SEQUENCE, INVALID_PUBKEY, UNAUTHORIZED,
    INSUFFICIENT_FUNDS.
    """
    digest = hashlib.sha256(data).digest()
    known = verified.find(digest) if verified is not None else None
    tx = known.tx if known is not None else decode_tx(routes, data)
    params = accounts.params(ctx.store)
    _check_limits(ctx, tx, params, phase, price)
    changed, proofs = _check_signers(ctx, tx, params, phase, payers, known.proofs if known is not None else None)
    if verified is not None and known is None and phase is not Phase.SIMULATE:
        verified.keep(digest, Verified(tx, proofs))
    if tx.fee:
        payers.pay(ctx, tx.signers[0].address, tx.fee)
    for address, account in changed:
        payers.save(ctx, address, account)
    return tx


def _check_limits(ctx: Context, tx: Tx, params: Params, phase: Phase, price: tuple[int, int]) -> None:
    if tx.timeout_height and ctx.block.height > tx.timeout_height:
        raise Rejected(Code.TX_TIMEOUT_HEIGHT, f"the transaction was good until height {tx.timeout_height}")
    if len(tx.memo) > params.max_memo_characters:
        raise Rejected(Code.MEMO_TOO_LARGE, f"{len(tx.memo)} characters; {params.max_memo_characters} are allowed")
    if len(tx.messages) > params.max_messages:
        raise Rejected(Code.TOO_MANY_MESSAGES, f"{len(tx.messages)} messages; {params.max_messages} are allowed")
    if len(tx.signers) > params.tx_sig_limit:
        raise Rejected(Code.TOO_MANY_SIGNATURES, f"{len(tx.signers)} signers; {params.tx_sig_limit} are allowed")
    if phase is Phase.SIMULATE:
        ctx.gas = GasMeter(params.max_tx_gas)
    else:
        if not 0 < tx.gas_limit <= params.max_tx_gas:
            raise Rejected(Code.INVALID_REQUEST, f"fee.gas_limit must be in 1..{params.max_tx_gas}")
        floor = treasury.params(ctx.store)
        for numerator, denominator in ((floor.gas_price_numerator, floor.gas_price_denominator), price):
            if not fees.is_enough(tx.fee, tx.gas_limit, numerator, denominator):
                needed = fees.least_fee(tx.gas_limit, numerator, denominator)
                raise Rejected(
                    Code.INSUFFICIENT_FEE, f"insufficient fees; got: {tx.fee}{DENOM} required: {needed}{DENOM}"
                )
        ctx.gas = GasMeter(tx.gas_limit)
    ctx.gas.charge(tx.size_bytes * params.tx_size_cost_per_byte, "bytes")


def _check_signers(
    ctx: Context,
    tx: Tx,
    params: Params,
    phase: Phase,
    payers: Payers,
    known: tuple[tuple[bytes, int], ...] | None,
) -> tuple[list[tuple[bytes, Account]], tuple[tuple[bytes, int], ...]]:
    """Return the accounts with raised sequences, and what the signatures were verified with."""
    changed: list[tuple[bytes, Account]] = []
    proofs: list[tuple[bytes, int]] = []
    for index, signer in enumerate(tx.signers):
        account = payers.account(ctx, signer.address)
        if signer.sequence != account.sequence and phase is not Phase.SIMULATE:
            raise Rejected(
                Code.WRONG_SEQUENCE,
                f"account sequence mismatch, expected {account.sequence}, got {signer.sequence}: "
                "incorrect account sequence",
            )
        kind, key = _key_of(signer, account)
        is_secp256k1 = kind == KeyKind.SECP256K1
        ctx.gas.charge(
            params.sig_verify_cost_secp256k1 if is_secp256k1 else params.sig_verify_cost_ed25519, "signatures"
        )
        proof = (key, account.number)
        if phase is not Phase.SIMULATE and (known is None or known[index] != proof):
            verify: Callable[[bytes, bytes, bytes], bool] = verify_secp256k1 if is_secp256k1 else verify_ed25519
            signed = tx.sign_bytes(ctx.block.chain_id, account.number)
            if not signer.is_direct or not verify(key, signed, signer.signature):
                raise Rejected(
                    Code.UNAUTHORIZED,
                    f"signature verification failed; verify correct account number ({account.number}), "
                    f"sequence ({account.sequence}), chain-id ({ctx.block.chain_id}) and SIGN_MODE_DIRECT",
                )
        proofs.append(proof)
        changed.append((signer.address, Account(account.number, account.sequence + 1, kind, key)))
    return changed, tuple(proofs)


def _key_of(signer: Signer, account: Account) -> tuple[KeyKind, bytes]:
    if account.key_kind == KeyKind.NONE:
        if signer.key_kind == KeyKind.NONE:
            raise Rejected(Code.INVALID_PUBKEY, "the account's first transaction must carry its public key")
        return signer.key_kind, signer.key
    if signer.key_kind != KeyKind.NONE and signer.key != account.key:
        raise Rejected(Code.INVALID_PUBKEY, "the public key is not the account's")
    return account.key_kind, account.key


def execute_tx(
    ctx: Context, routes: Routes, verified: VerifiedSignatures | None, data: bytes, phase: Phase = Phase.EXECUTE
) -> Outcome:
    """Admit a transaction and execute its messages, all or none; write what lasts into `ctx.store`."""
    ctx.gas, ctx.events = GasMeter(), []
    try:
        tx = admit_tx(ctx, routes, verified, data, phase)
    except Rejected as error:
        return Outcome(_refusal(error, 0, 0))
    paid = _tx_event(tx)
    index = 0
    scratch = ctx.branch()
    try:
        responses: list[tuple[str, bytes]] = []
        for index, (route, message) in enumerate(tx.messages):
            scratch.gas.charge(route.gas, route.type_url)
            scratch.place = (("msg_index", str(index)),)
            scratch.events.append(_message_event(route.type_url, getattr(message, route.signer), scratch.place))
            response = route.handler(scratch, message)
            responses.append((route.type_url, b"" if response is None else encode(response)))
        result_data = _result_data(tuple(responses))
    except Rejected as error:
        detail = Rejected(error.code, f"failed to execute message; message index: {index}: {error.detail}")
        return Outcome(_refusal(detail, tx.gas_limit, ctx.gas.used, (paid,)), index)
    except FATAL:
        raise
    except Exception:
        log.exception("message %d of a transaction failed unexpectedly", index)
        failure = Rejected(Code.INTERNAL, _INTERNAL)
        return Outcome(_refusal(failure, tx.gas_limit, tx.gas_limit, (paid,)), index)
    scratch.store.merge()
    result = TxResult(data=result_data, gas_wanted=tx.gas_limit, gas_used=ctx.gas.used, events=(paid, *scratch.events))
    return Outcome(result)


def _refusal(error: Rejected, gas_wanted: int, gas_used: int, events: tuple[Event, ...] = ()) -> TxResult:
    return TxResult(
        code=int(error.code),
        gas_wanted=gas_wanted,
        gas_used=gas_used,
        log=error.detail,
        codespace=error.code.codespace,
        events=events,
    )


def _tx_event(tx: Tx) -> Event:
    """Return the event that tells who paid what; the fee's way into the chain has no events of its own."""
    attributes = [("fee", f"{tx.fee}{DENOM}"), ("fee_payer", encode_address(tx.signers[0].address))]
    for signer in tx.signers:
        attributes.append(("acc_seq", f"{encode_address(signer.address)}/{signer.sequence}"))
        attributes.append(("signature", base64.b64encode(signer.signature).decode()))
    return Event("tx", tuple(attributes))


def _message_event(type_url: str, sender: str, place: tuple[tuple[str, str], ...]) -> Event:
    """Return the event that leads a message's own."""
    action, module = _named(type_url)
    return Event("message", (action, ("sender", sender), module, *place))


@lru_cache(maxsize=256)
def _named(type_url: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("action", type_url), ("module", type_url[1:].split(".")[1])


@lru_cache(maxsize=1024)
def _result_data(responses: tuple[tuple[str, bytes], ...]) -> bytes:
    """Return the data of a result from (type URL of the message, its response's bytes)."""
    return encode(TxMsgData((), tuple(AnyValue(url + "Response", value) for url, value in responses)))
