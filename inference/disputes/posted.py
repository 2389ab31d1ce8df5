"""Reveals as they stand in blocks: state keeps only roots and the heights at which lists were posted."""

from collections.abc import Iterable, Iterator

from chain.client.envelope import TxBody, TxRaw
from chain.client.registry import type_url
from chain.modules.disputes.types import MsgPostLazy, MsgReveal
from chain.store.codec import DecodeError, decode

Posted = MsgReveal | MsgPostLazy
_CLASSES: dict[str, type[MsgReveal] | type[MsgPostLazy]] = {type_url(cls): cls for cls in (MsgReveal, MsgPostLazy)}


def posted_in(txs: Iterable[bytes]) -> tuple[Posted, ...]:
    """Return the reveals that transactions carry, in order; what cannot be read carries none.

    A block may hold thousands of transactions, so only those are decoded in which a reveal's type stands.
    """
    marks = [url.encode() for url in _CLASSES]
    return tuple(message for tx in txs if any(mark in tx for mark in marks) for message in _reveals(tx))


def _reveals(tx: bytes) -> Iterator[Posted]:
    try:
        body = decode(TxBody, decode(TxRaw, tx).body_bytes)
    except DecodeError:  # the beacon of the block, or anybody's rubbish
        return
    for message in body.messages:
        cls = _CLASSES.get(message.type_url)
        if cls is not None:
            try:
                yield decode(cls, message.value)
            except DecodeError:
                continue
