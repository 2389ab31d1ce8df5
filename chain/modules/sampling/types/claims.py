"""Claims of duties that were not done, and of seals that were given away."""

from chain.store.codec import record


@record
class Claim:
    """What was claimed of an unmet duty; key: (unit, checker)."""

    amount: int
    """uostr; more can be claimed when the unit proves false afterwards, or a canary."""


@record
class MsgClaimDuty:
    """Show that a worker was drawn for a unit and did not check it; the epoch's proof makes its ticket verifiable."""

    sender: str
    """Any account; receives the claimer's share."""
    job_id: int
    attempt: int
    stage: int
    checker: str
    """Operator address of whoever was drawn."""


@record
class MsgClaimDutyResponse:
    """What the worker lost and the sender received, uostr."""

    amount: int
    share: int


@record
class MsgShowSeal:
    """Show the opening of somebody else's seal before anything may be revealed: it was leaked."""

    sender: str
    """Any account but the author's; receives half of the bounty."""
    job_id: int
    attempt: int
    stage: int
    author: str
    """Operator address of the asserter or checker who sealed it."""
    salt: bytes
    body_root: bytes
    out_root: bytes
    """Empty for the asserter's seal, whose out_root is on the chain."""


@record
class MsgShowSealResponse:
    """What the author lost and the sender received, uostr."""

    amount: int
    share: int


@record
class QueryUnmetRequest:
    """Ask which duties of a worker in an epoch are unmet and not claimed yet."""

    epoch: int
    checker: str
    """Operator address."""
    cursor: bytes = b""
    """Where the page begins: empty, or what the page before said."""


@record
class UnmetDuty:
    """A duty that anybody may claim."""

    job_id: int
    attempt: int
    stage: int
    amount: int
    """What the worker would lose, uostr."""
    share: int
    """What the claimer would receive, uostr."""


@record
class QueryUnmetResponse:
    """A page of unmet duties, which may be empty before the last one."""

    duties: tuple[UnmetDuty, ...]
    cursor: bytes
    """Begins the next page; empty behind the last one."""
