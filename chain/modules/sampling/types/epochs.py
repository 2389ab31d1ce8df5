"""Epochs: who works in one, its proofs, and what is measured in it."""

from chain.store.codec import record


@record
class Params:
    """Parameters of the module, in blocks."""

    round_blocks: int
    epoch_blocks: int
    commit_blocks: int
    """W_c."""
    reveal_blocks: int
    """W_r."""
    open_blocks: int
    """W_o."""
    dispute_blocks: int
    """X."""
    proof_blocks: int
    """Window for epoch proofs."""


@record
class SnapshotEntry:
    """One worker as the epoch sees it."""

    operator: bytes
    hot_address: bytes
    vrf_key: bytes
    weight: int
    """w_i = bond - unbonding."""
    models: tuple[bytes, ...]
    """Roots of the models it is enrolled to check."""


@record
class SnapshotPlace:
    """A worker's place in a snapshot; key: (epoch, operator)."""

    index: int
    entry: SnapshotEntry


@record
class Snapshot:
    """Eligible workers of an epoch, in ascending operator order; key: epoch.

    State holds the entries one by one as `SnapshotPlace`, so that a message reads only its sender's.
    """

    epoch: int
    height: int
    entries: tuple[SnapshotEntry, ...]
    beacon: bytes = b""
    """beacon_{eE+2}, the input of this epoch's VRF; empty before."""
    num_units: int = 0
    """Units whose rounds closed in the epoch."""


@record
class EpochProof:
    """A worker's VRF proof for an epoch; key: (epoch, operator)."""

    operator: bytes
    epoch: int
    proof: bytes
    """80 bytes; empty while due."""
    is_due: bool
    height: int
    beta: bytes = b""
    """64 bytes that the proof proves; every ticket of the epoch follows from it."""


@record
class ConcludedEpoch:
    """An epoch whose proof window is over."""

    snapshot: Snapshot
    proofs: tuple[EpochProof, ...]


@record
class Tally:
    """Check pay of one model in one epoch; key: (epoch, model_root)."""

    expected: int
    """uostr that checkers would earn if all fulfilled their duties, on average over their tickets."""
    done: int
    """uostr of proven checks."""


@record
class CanaryBeacon:
    """What draws the canaries of an epoch; key: epoch."""

    beacon: bytes


@record
class MsgOpenEpoch:
    """Publish the epoch's VRF proof: every ticket becomes checkable, checks are paid."""

    sender: str
    epoch: int
    proof: bytes


@record
class MsgOpenEpochResponse:
    """Pay of the checks that this proof proved."""

    num_paid: int
    amount: int
