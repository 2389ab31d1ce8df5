"""How programs talk to a node: queries, signing, sending, following. Shares records with the chain, no behaviour."""

from chain.client.client import ChainClient
from chain.client.failures import ClientError, Malformed, NotCommitted, NotFound, Refused, Unavailable
from chain.client.node import BlockNotice, Broadcast, Event, Simulation, Status, TxNotice
from chain.client.sender import Committed, Dropped, Sender
from chain.client.signing import Key, build_tx

__all__ = [
    "BlockNotice",
    "Broadcast",
    "ChainClient",
    "ClientError",
    "Committed",
    "Dropped",
    "Event",
    "Key",
    "Malformed",
    "NotCommitted",
    "NotFound",
    "Refused",
    "Sender",
    "Simulation",
    "Status",
    "TxNotice",
    "Unavailable",
    "build_tx",
]
