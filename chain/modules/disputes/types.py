"""The nouns of the disputes module."""

from enum import IntEnum

from chain.store.codec import record


class DisputeKind(IntEnum):
    """What differs."""

    UNSPECIFIED = 0
    TRACE = 1
    """A checker's roots differ from the asserter's."""
    HOP = 2
    """in_root of a stage is not out_root of the one before."""


class DisputeStatus(IntEnum):
    """Where a dispute stands."""

    UNSPECIFIED = 0
    OPEN = 1
    UNRESOLVED = 2
    """Its window passed; the job was refunded."""


@record
class Dispute:
    """A disagreement; key: dispute_id."""

    dispute_id: int
    kind: DisputeKind
    job_id: int
    attempt: int
    stage: int
    asserter: bytes
    challenger: bytes
    """The checker, or for HOP the stage downstream."""
    asserter_body_root: bytes
    """Empty if the difference showed before the asserter opened."""
    asserter_out_root: bytes
    challenger_body_root: bytes
    challenger_out_root: bytes
    opened_height: int
    deadline: int
    status: DisputeStatus
    frozen: int
    """uostr that cannot move while the dispute is open: escrow and reserved bonds."""


@record
class QueryDisputeRequest:
    """Ask for one dispute."""

    dispute_id: int


@record
class QueryDisputeResponse:
    """One dispute."""

    dispute: Dispute


@record
class QueryDisputesRequest:
    """Ask for disputes, filtered by job (0: all), a page at a time."""

    job_id: int = 0
    after: int = 0
    limit: int = 0


@record
class QueryDisputesResponse:
    """A page of disputes in ascending id."""

    disputes: tuple[Dispute, ...]
