"""Hand transactions to the node's own CometBFT."""

import hashlib

from chain.client.node import Broadcast
from chain.errors import Code, Rejected
from chain.node.comet_rpc import RpcError
from chain.rpc.busy import Busy
from chain.rpc.comet import Comet

INTERNAL_ERROR = -32603
"""JSON-RPC's code for whatever the mempool refuses by itself; only the text says what it was."""
MAX_TX_BYTES = 128 * 1024
"""Largest transaction that any node takes."""


async def broadcast(comet: Comet, tx: bytes) -> Broadcast:
    """Return what the mempool says of a transaction.

    Bytes that it has, or lately had, are no failure: that is how sending again ends.

    Raises: Rejected: TX_TOO_LARGE; Busy: the mempool is full; RpcError, RpcUnavailable.
    """
    name = hashlib.sha256(tx).digest()
    if len(tx) > MAX_TX_BYTES:
        raise Rejected(Code.TX_TOO_LARGE, f"the transaction has {len(tx)} bytes; {MAX_TX_BYTES} are allowed")
    try:
        answer = await comet.call(lambda rpc: rpc.broadcast_tx_sync(tx))
    except RpcError as error:
        text = str(error).lower()
        if error.code == INTERNAL_ERROR and "already exists in cache" in text:
            return Broadcast(name, 0, "", "", is_known=True)
        if error.code == INTERNAL_ERROR and "mempool is full" in text:
            raise Busy("the mempool is full; try again after some blocks") from None
        if error.code == INTERNAL_ERROR and "too large" in text:
            raise Rejected(Code.TX_TOO_LARGE, str(error)) from None
        raise
    return Broadcast(name, answer.code, answer.log, answer.codespace)
