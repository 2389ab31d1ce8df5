"""The nouns of the node's own service, `ostraka.node.v1.Service`; the same fields as proto/chain/wire/node/v1."""

from dataclasses import dataclass

from chain.store.codec import record

SERVICE = "ostraka.node.v1.Service"
"""Full name of the service."""


@record
class BroadcastRequest:
    """Hand a transaction to the node's mempool."""

    tx: bytes


@record
class Broadcast:
    """What the mempool said; acknowledged means committed, and this is not it."""

    hash: bytes
    """SHA-256 of the transaction."""
    code: int
    """0, or why the node's check refused it."""
    log: str
    codespace: str
    is_known: bool = False
    """The mempool has, or lately had, the same bytes; no failure."""


@record
class SimulateRequest:
    """Run a transaction on the committed state without effect; signatures may be empty."""

    tx: bytes


@record
class SimulateResponse:
    """What would happen."""

    gas_used: int
    is_message_failed: bool
    failed_index: int
    """Position of the message that failed, if one did."""
    code: int
    log: str
    codespace: str
    data: bytes = b""
    """`TxMsgData`, as the result would carry it."""


@record
class Attribute:
    """One fact of an event."""

    key: str
    value: str


@record
class Event:
    """Something that happened."""

    kind: str
    attributes: tuple[Attribute, ...]
    tx: int
    """1 + position of the transaction in the block; 0 for the block itself."""

    def find(self, key: str) -> str | None:
        """Return the value of an attribute, or None."""
        return next((attribute.value for attribute in self.attributes if attribute.key == key), None)


@record
class TxNotice:
    """What became of one transaction of a block."""

    hash: bytes
    code: int
    codespace: str
    data: bytes
    """`TxMsgData`: the responses of its messages."""
    log: str
    gas_used: int


@record
class BlockNotice:
    """One committed block; the beacon's transaction is among `txs`, first."""

    height: int
    time_seconds: int
    txs: tuple[TxNotice, ...]
    events: tuple[Event, ...]
    """Of all transactions and of the block, in order."""


@record
class FollowRequest:
    """Follow the chain."""

    from_height: int = 0
    """First block wanted, past or future; 0: the next one to be committed."""
    without_events: bool = False
    """Leave events out: they are most of a busy block's bytes."""


@record
class StatusRequest:
    """Ask how the node is doing."""


@record
class Status:
    """Where the node stands."""

    chain_id: str
    height: int
    """Last committed block."""
    app_hash: bytes
    """State after that block; header height+1 carries it."""
    time_seconds: int
    """Time of that block."""
    first_version: int
    """Oldest height whose state can be read and proven."""
    version: str
    """Of the software."""
    is_syncing: bool
    """The consensus engine is behind its peers; also true while it does not answer."""


@record
class ProveRequest:
    """Ask for a stored value with its proof."""

    module: str
    key: bytes
    height: int = 0
    """0: the last committed one."""


@record
class ProofOp:
    """One step of a proof."""

    kind: str
    """`ics23:iavl`, then `ics23:simple`."""
    key: bytes
    data: bytes
    """A `cosmos.ics23.v1.CommitmentProof`."""


@record
class ProveResponse:
    """A value or its absence; believe it only after verifying `ops` against header height+1."""

    height: int
    value: bytes
    """Empty: the key is absent."""
    ops: tuple[ProofOp, ...]


@record
class HistoryRequest:
    """Ask for archived records: one by kind and id, or a page by position."""

    kind: str = ""
    """job, check, round, epoch or dispute; empty: by position."""
    record_id: bytes = b""
    from_leaf: int = 0
    limit: int = 0
    """At most 1,000; 0: 100."""


@record
class ArchivedRecord:
    """A closed record as the node's archive holds it."""

    kind: str
    record_id: bytes
    data: bytes
    """A `jobs.ArchivedRecord`; SHA-256 of these bytes is the leaf."""
    leaf_index: int
    """Position among all records ever archived."""


@record
class HistoryResponse:
    """Archived records."""

    records: tuple[ArchivedRecord, ...]


@record
class ProveHistoryRequest:
    """Ask for an archived record with everything that proves it."""

    kind: str
    """job, check, round, epoch or dispute."""
    record_id: bytes
    height: int = 0
    """Of the peaks; 0: the last committed one."""


@record
class ProveHistoryResponse:
    """A record and its proof; believe it only after `chain.client.history.verify_history`."""

    record: ArchivedRecord
    index_in_round: int
    num_in_round: int
    round_path: tuple[bytes, ...]
    """From the record to the round's root, from below."""
    round_root: bytes
    """RFC 6962 root of the records that were archived together."""
    round_index: int
    """Position of the round in the mountain range."""
    mountain_path: tuple[bytes, ...]
    """From the round to its peak, from below."""
    height: int
    """Of the peaks."""
    peaks: bytes
    """The stored value under `archive/peaks` of jobs: a version byte and `ArchivePeaks`."""
    ops: tuple[ProofOp, ...]
    """Proof of `peaks` against header height+1."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulation's outcome as clients use it."""

    gas_used: int
    failed_index: int | None
    """Position of the message that failed, if one did."""
    code: int
    log: str
    data: bytes = b""
    """`TxMsgData`, as the result would carry it."""
