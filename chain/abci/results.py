"""What a block did, as the bytes of `ResponseFinalizeBlock`.

Most of a block's answer is its transactions' events. Their bytes are joined here, in a half of the time of making a
protobuf message of every attribute; field numbers are those of `tendermint.abci`.
"""

from functools import lru_cache

from chain.abci.convert import wire_validator_update
from chain.application import Event, FinalizeResult, TxResult
from chain.store.codec import write_uvarint
from chain.wire.tendermint.abci import types_pb2 as wire

_RESULTS = b"\x12"
"""ResponseFinalizeBlock.tx_results."""
_EVENTS = b"\x0a"
"""ResponseFinalizeBlock.events."""
_RESULT_EVENTS = b"\x3a"
"""ExecTxResult.events."""
_INDEXED = b"\x18\x01"
"""EventAttribute.index: every attribute is offered to the node's index."""


class FinalizeBlockReply:
    """Answers FinalizeBlock."""

    def __init__(self, result: FinalizeResult) -> None:
        self._result = result

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's own name)
        """Return the bytes of `ResponseFinalizeBlock`."""
        result = self._result
        rest = wire.ResponseFinalizeBlock(
            app_hash=result.app_hash, validator_updates=map(wire_validator_update, result.validator_updates)
        )
        parts = [_framed(_EVENTS, encode_event(event)) for event in result.events]
        parts += [_framed(_RESULTS, encode_result(one)) for one in result.tx_results]
        parts.append(rest.SerializeToString())
        return b"".join(parts)


def encode_result(result: TxResult) -> bytes:
    """Return the bytes of `ExecTxResult`."""
    parts = [_head(result.code, result.data, result.log, result.gas_wanted, result.gas_used)]
    parts += [_framed(_RESULT_EVENTS, encode_event(event)) for event in result.events]
    if result.codespace:
        parts.append(wire.ExecTxResult(codespace=result.codespace).SerializeToString())
    return b"".join(parts)


def encode_event(event: Event) -> bytes:
    """Return the bytes of `Event`."""
    parts = [_kind(event.kind)]
    for key, value in event.attributes:
        head, text = _key(key), value.encode()
        size = len(text)
        whole = len(head) + size + 4
        if size and whole < 0x80:
            parts.append(b"\x12%c%b\x12%c%b\x18\x01" % (whole, head, size, text))
        else:
            parts.append(_framed(b"\x12", head + _text(b"\x12", text) + _INDEXED))
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _head(code: int, data: bytes, log: str, gas_wanted: int, gas_used: int) -> bytes:
    """Return the fields before the events; most transactions of a block have them in common."""
    result = wire.ExecTxResult(code=code, data=data, log=log, gas_wanted=gas_wanted, gas_used=gas_used)
    return result.SerializeToString()


@lru_cache(maxsize=1024)
def _kind(kind: str) -> bytes:
    return _text(b"\x0a", kind.encode())


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return _text(b"\x0a", key.encode())


def _framed(tag: bytes, body: bytes) -> bytes:
    """Return a length-delimited field of a repeated kind, which is written also if it is empty."""
    return tag + write_uvarint(len(body)) + body


def _text(tag: bytes, text: bytes) -> bytes:
    """Return a field of text, which is left out if it is empty."""
    return _framed(tag, text) if text else b""
