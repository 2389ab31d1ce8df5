"""Claims, decided by the message that makes them, and what stands in for a result that does not come."""

from enum import IntEnum

from chain.modules.disputes.types.game import Opening
from chain.modules.jobs.types import Receipt
from chain.store.codec import record


class Role(IntEnum):
    """How a stage signed a receipt."""

    UNSPECIFIED = 0
    SENDER = 1
    """As the one who sent the rows or tokens."""
    RECEIVER = 2
    """As the next stage, which confirmed that they came."""


@record
class Prefix:
    """The opening of the last item that a receipt covers, in the list that was committed to."""

    item: bytes
    """Digest of the row, or leaf of the token."""
    siblings: bytes
    """Digests that lead to the committed root; those on the left also give the root of the shorter list."""
    blind: bytes = b""
    """The job's, for rows, whose roots are hidden by it; empty for tokens."""


@record
class MsgClaimReceipt:
    """Show a receipt that contradicts what its signer has committed to."""

    sender: str
    """Any account."""
    job_id: int
    attempt: int
    stage: int
    """The stage that signed."""
    role: Role
    receipt: Receipt
    """With the signature of `stage`, whichever its role."""
    prefix: Prefix | None = None
    """Where the receipt covers less than everything."""


@record
class MsgClaimStop:
    """Open one token of an answer that ends where it may not."""

    sender: str
    """Any account."""
    job_id: int
    attempt: int
    index: int
    """j: a stop id that is not the last token, or the last token of a short answer that is no stop id."""
    leaf: bytes
    """salt (16 bytes), j and id (4 bytes each, little-endian)."""
    siblings: bytes
    """Digests that lead to tokens_root."""


@record
class MsgClaimBounds:
    """Open a row of a model's tensor that breaks a bound of its arithmetic."""

    sender: str
    """Any account."""
    model_root: bytes
    tensor: int
    """Place in the model's list; 0 is the header."""
    row: int
    opening: Opening
    """The row; its siblings in the tensor, then the tensor's in the model."""


@record
class MsgShowReceipt:
    """Show a final receipt while results are missing, late in a job's time."""

    sender: str
    """Any account."""
    job_id: int
    attempt: int
    stage: int
    """The stage that sent what the receipt counts."""
    receipt: Receipt
    """Final, with the signature of `stage`."""
    countersignature: bytes = b""
    """Of the next stage (behind the last one: stage 0) on the same bytes; empty if it has not confirmed them."""


@record
class MsgShowReceiptResponse:
    """The stages that are asserted by what was shown."""

    asserted: tuple[int, ...]


@record
class Shown:
    """What receipts say of a stage without a result; key: its unit."""

    in_root: bytes = b""
    """Root of what it has confirmed to have received: rows, at stage 0 tokens."""
    received: int = 0
    """T by that; 0 if it was not shown."""
    out_root: bytes = b""
    """Root of what it has signed to have sent."""
    sent: int = 0
    """T by that; 0 if it was not shown."""


@record
class Refunds:
    """How far the jobs of a frozen model are refunded; key: model_root."""

    before: int
    """Jobs with lower ids are still to be looked at."""


@record
class MsgClaimBoundsResponse:
    """The bound that is broken, in words."""

    rule: str


@record
class MsgClaimResponse:
    """The dispute that the claim has opened and ended."""

    dispute_id: int
