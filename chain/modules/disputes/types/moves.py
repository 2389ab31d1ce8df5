"""The messages of the game."""

from chain.modules.disputes.types.game import Choice, Proof, Reveal, Round, Turn, Verdict
from chain.store.codec import record


@record
class MsgReveal:
    """The asserter's move; whoever knows the digests may post those that are bound already."""

    sender: str
    """Hot or operator address of a worker."""
    dispute_id: int
    number: int
    move: Reveal


@record
class MsgChoose:
    """The challenger's move, by the line's opener."""

    sender: str
    dispute_id: int
    number: int
    move: Choice


@record
class MsgProve:
    """The last step, by the line's opener, or by anybody if it convicts."""

    sender: str
    dispute_id: int
    number: int
    proof: Proof


@record
class MsgOpenLine:
    """Open another line by another choice at a recorded reveal."""

    sender: str
    dispute_id: int
    number: int
    """The line whose reveal is taken."""
    move: Choice


@record
class MsgPostLazy:
    """Post an unbound list in the place of a silent asserter, with a deposit."""

    sender: str
    dispute_id: int
    number: int
    move: Reveal


@record
class MsgChallenge:
    """Say with a deposit that a unit is false, although no drawn checker did."""

    sender: str
    """Hot or operator address of a worker."""
    job_id: int
    attempt: int
    stage: int
    body_root: bytes
    """On-chain forms of what the unit should have."""
    out_root: bytes


@record
class MsgChallengeResponse:
    """The dispute that it opened."""

    dispute_id: int
    deposit: int


@record
class MsgMoveResponse:
    """The line after the move."""

    number: int
    round: Round
    turn: Turn
    verdict: Verdict
