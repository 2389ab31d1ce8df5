"""The reads of `cosmos.tx.v1beta1.Service`: what would a transaction do, and what did it do."""

from typing import Protocol

from google.protobuf.any_pb2 import Any as WireAny
from google.protobuf.message import DecodeError

from chain.application import Event, TxResult
from chain.errors import Code, Rejected
from chain.recent import RecentBlocks
from chain.tx import Outcome
from chain.wire.cosmos.base.abci.v1beta1 import abci_pb2
from chain.wire.cosmos.tx.v1beta1 import service_pb2, tx_pb2
from chain.wire.tendermint.abci import types_pb2


class TxReads(Protocol):
    """What these reads need of the application."""

    @property
    def recent(self) -> RecentBlocks:
        """The last blocks."""
        ...

    def simulate(self, data: bytes) -> Outcome:
        """Execute a transaction on a copy of state."""
        ...


def simulate_transaction(app: TxReads, data: bytes) -> bytes:
    """Return a SimulateResponse. Raises: Rejected: whatever the transaction would be refused for."""
    try:
        request = service_pb2.SimulateRequest.FromString(data)
    except DecodeError:
        raise Rejected(Code.INVALID_REQUEST, "not a SimulateRequest") from None
    tx = request.tx_bytes or request.tx.SerializeToString()
    if not tx:
        raise Rejected(Code.INVALID_REQUEST, "invalid empty tx")
    result = app.simulate(tx).result
    if result.code:
        raise Rejected(Code(result.code), result.log)
    messages = abci_pb2.TxMsgData.FromString(result.data).msg_responses
    return service_pb2.SimulateResponse(
        gas_info=abci_pb2.GasInfo(gas_wanted=result.gas_wanted, gas_used=result.gas_used),
        result=abci_pb2.Result(
            data=result.data, log=result.log, events=map(_event, result.events), msg_responses=messages
        ),
    ).SerializeToString()


def find_transaction(app: TxReads, data: bytes) -> bytes:
    """Return a GetTxResponse of a recent transaction. Raises: Rejected: NOT_FOUND, INVALID_REQUEST."""
    try:
        text = service_pb2.GetTxRequest.FromString(data).hash
        tx_hash = bytes.fromhex(text)
    except (DecodeError, ValueError):
        raise Rejected(Code.INVALID_REQUEST, "hash: 32 bytes in hexadecimal") from None
    found = app.recent.find_tx(tx_hash)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"tx not found: {text[:64]}")
    block, raw, result = found.block, found.block.txs[found.index], found.block.results[found.index]
    response = tx_response(block.height, tx_hash, result)
    response.timestamp = rfc3339(block.time.seconds)
    try:
        tx = tx_pb2.Tx.FromString(raw)
        response.tx.CopyFrom(WireAny(type_url="/cosmos.tx.v1beta1.Tx", value=raw))
    except DecodeError:
        tx = tx_pb2.Tx()
    return service_pb2.GetTxResponse(tx=tx, tx_response=response).SerializeToString()


def tx_response(height: int, tx_hash: bytes, result: TxResult) -> abci_pb2.TxResponse:
    """Return a result as wallets read it."""
    return abci_pb2.TxResponse(
        height=height,
        txhash=tx_hash.hex().upper(),
        codespace=result.codespace,
        code=result.code,
        data=result.data.hex().upper(),
        raw_log=result.log,
        gas_wanted=result.gas_wanted,
        gas_used=result.gas_used,
        events=map(_event, result.events),
    )


def rfc3339(seconds: int) -> str:
    """Return the UTC text of a Unix time. Source: H. Hinnant, chrono-compatible low-level date algorithms."""
    days, rest = divmod(seconds, 86_400)
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    hour, minute, second = rest // 3_600, rest // 60 % 60, rest % 60
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _event(event: Event) -> types_pb2.Event:
    attributes = (types_pb2.EventAttribute(key=key, value=value, index=True) for key, value in event.attributes)
    return types_pb2.Event(type=event.kind, attributes=attributes)
