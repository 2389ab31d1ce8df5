"""What somebody who watches a dispute does in it: pure decisions from the lines, the reveals and the own unit.

A watcher moves where a side does not. Against a false unit it opens a line of its own if no line goes well, or proves a
line that has come to its step; for a true one it posts what a silent asserter is bound to, and its unbound lists in the
last quarter of its clock. A side that moves is left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.crypto.hashing import blinded
from chain.crypto.merkle import Kind, lr
from chain.errors import Rejected
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    Line,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    MsgReveal,
    Params,
    Play,
    PlayStatus,
    Round,
    Turn,
    Verdict,
)
from inference.disputes import moves
from inference.disputes.archive import Archive
from inference.disputes.party import played
from inference.disputes.prover import Reveals, prove

Message = MsgReveal | MsgProve | MsgOpenLine | MsgPostLazy
CONVICTING = frozenset({Verdict.REFUTED, Verdict.VOID_INPUT, Verdict.VOID_PROMPT, Verdict.VOID_TOKENS})


@dataclass(frozen=True, slots=True)
class Look:
    """One dispute as a watcher sees it at one height."""

    dispute: Dispute
    lines: Sequence[Play]
    revealed: Mapping[int, Reveals]
    """By line, what was posted on it."""
    ground: Ground
    own: Archive
    """The unit as it should be."""
    operator: bytes
    """The watcher's."""
    sender: str
    height: int
    params: Params
    is_prosecuted: bool
    """A line of the watcher's is open against this unit, in this dispute or another."""
    patience: int
    """Blocks that a side may take for a move before it is taken for silent."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a watcher does, or does not do, in a dispute."""

    number: int
    """The line that it is about."""
    why: str
    """In plain words."""
    message: Message | None = None


def decide(look: Look) -> list[Step]:
    """Return what to do about the lines of others, at most one message a line, and what is waited for."""
    if look.operator == look.dispute.asserter:
        return []
    if not look.ground.body_root:
        return [Step(0, "the asserter has revealed nothing yet, and only it can begin")]
    lines = [play for play in look.lines if play.status == PlayStatus.OPEN]
    if is_true(look):
        return [_serve(look, play) for play in lines]
    steps = [_prosecute(look, play) for play in lines]
    is_prosecuted = look.is_prosecuted or any(step.message for step in steps)
    if not is_prosecuted and not any(_goes_well(look, play) for play in lines):
        steps.append(_open_line(look))
    return steps


def is_true(look: Look) -> bool:
    """Say whether the unit is what it should be."""
    own, blind = look.own, look.own.inputs.blind
    sections = own.sections()
    out = sections[-1] if own.shape.is_last else blinded(blind, sections[-1])
    body = blinded(blind, lr(Kind.SEC, sections[:-1]))
    return (body, out) == (look.ground.body_root, look.ground.out_root)


def is_stalled(look: Look, play: Play) -> bool:
    """Say whether the side with the turn has taken longer than a watcher's patience."""
    return look.height - play.since >= look.patience


# For a true unit


def _serve(look: Look, play: Play) -> Step:
    """Post for a silent asserter what it should post."""
    line, ground = play.line, look.ground
    if line.turn != Turn.REVEAL or look.operator == play.opener:
        return Step(play.number, "the unit is right; this line cannot be won")
    if not is_stalled(look, play) and play.author != look.operator:
        return Step(play.number, "the unit is right; its asserter has time to answer")
    if line.round == Round.SECTIONS and not ground.body_root:
        return Step(play.number, "the unit is right, but only its asserter knows the salt of its seal")
    move = moves.reveal(look.own, line, ground, b"")
    if not is_lazy(look, line):
        message = MsgReveal(look.sender, play.dispute_id, play.number, move)
        return Step(play.number, f"the unit is right and its asserter silent: {line.round.name} posted for it", message)
    if 4 * (play.deadline - look.height) > look.params.clock_blocks:
        return Step(play.number, "the unit is right; its list may be posted in the last quarter of the clock")
    if any(other.parent == play.number + 1 and other.author == look.operator for other in look.lines):
        return Step(play.number, "the list is posted")
    lazy = MsgPostLazy(look.sender, play.dispute_id, play.number, move)
    return Step(play.number, f"the unit is right and its asserter silent: its list of {line.round.name} posted", lazy)


def is_lazy(look: Look, line: Line) -> bool:
    """Say whether a line waits for a list to which the asserter is not bound yet."""
    return line.round == Round.OPS or (line.round == Round.ITEMS and bool(look.ground.shape.num_trees(line.section)))


# Against a false unit


def _prosecute(look: Look, play: Play) -> Step:
    """Prove a line that has come to its step and stands still there."""
    line, number = play.line, play.number
    if line.turn == Turn.REVEAL:
        return Step(number, "the unit is false; its asserter has to answer, or loses by its clock")
    if play.opener == look.operator:
        return Step(number, "the unit is false; the line is our own")
    if not is_stalled(look, play):
        return Step(number, "the unit is false; its challenger has time to move")
    if line.turn == Turn.CHOOSE:
        return Step(number, "the unit is false; the challenger of this line is silent")
    try:
        proof = prove(look.own, line, look.ground, look.revealed[number])
        is_convicting = game.judge(line, look.ground, proof) in CONVICTING
    except (KeyError, ValueError, Rejected):
        is_convicting = False
    if not is_convicting:
        return Step(number, "the unit is false, but not in the step to which this line has come")
    message = MsgProve(look.sender, play.dispute_id, number, proof)
    return Step(number, "the unit is false and its challenger silent: the step that shows it is opened", message)


def _goes_well(look: Look, play: Play) -> bool:
    """Say whether a line leads to a wrong step, and its challenger moves."""
    is_moving = play.opener == look.operator or play.line.turn == Turn.REVEAL or not is_stalled(look, play)
    return is_moving and _deviation(look, play)[0]


def _deviation(look: Look, play: Play) -> tuple[bool, Choice | None]:
    """Say whether every choice of a line was the first difference, and return the choice that is, or was, to be made.

    It is None where nothing is to be chosen: every choice was right, and none is due.
    """
    line, revealed = play.line, look.revealed.get(play.number, {})
    for at in played(line):
        if at == Round.VALUES:
            break
        before = game.branch(line, at)
        choice = moves.choose(look.own, before, look.ground, revealed) if at in revealed else None
        if choice is None:
            return False, None
        is_due = at == line.round and line.turn == Turn.CHOOSE
        if is_due or not _follows(line, game.choose(before, look.ground, choice), at):
            return is_due, choice
    return True, None


def _follows(line: Line, after: Line, at: Round) -> bool:
    """Say whether a line has gone on from a choice in round `at` after which it would have been `after`."""
    places = ("node", "item", "op", "tile_node", "tile")
    is_same = all(getattr(after, name) in (0, getattr(line, name)) for name in places)
    return is_same and after.section == line.section and (at < Round.ITEMS or after.tree == line.tree)


def _open_line(look: Look) -> Step:
    """Open a line at the deepest reveal that a rightly played line has come to."""
    if look.height >= look.dispute.lines_until:
        return Step(0, f"the unit is false, but lines were opened until height {look.dispute.lines_until}")
    best: tuple[int, Play, Choice] | None = None
    for play in look.lines:
        choice = _deviation(look, play)[1]
        if choice is not None and (best is None or choice.round > best[0]):
            best = (choice.round, play, choice)
    if best is None:
        return Step(0, "the unit is false; there is no reveal yet at which a line could begin")
    _, play, choice = best
    message = MsgOpenLine(look.sender, play.dispute_id, play.number, choice)
    return Step(play.number, f"the unit is false and nobody shows it: a line of our own, {_named(choice)}", message)


def _named(choice: Choice) -> str:
    return f"number {choice.index} of {choice.round.name} is the first that differs"
