"""The moves of a line as they stand in blocks, played again by the rules of the game.

State keeps only roots and heights; what was posted is in the blocks' transactions, among whatever else failed there. So
each round's candidates are tried, and the one that leads to the proven line is the move. That is at once the check that
every move followed the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from chain.client.client import ChainClient
from chain.client.envelope import TxBody, TxRaw
from chain.client.registry import type_url
from chain.errors import Rejected
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.types import (
    Line,
    MsgChoose,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    MsgReveal,
    Play,
    Round,
    Turn,
)
from chain.store.codec import DecodeError, decode

Posted = MsgReveal | MsgPostLazy | MsgChoose | MsgOpenLine | MsgProve
CLASSES: dict[str, type[Posted]] = {
    type_url(kind): kind for kind in (MsgReveal, MsgPostLazy, MsgChoose, MsgOpenLine, MsgProve)
}
_PLACE = frozenset(field.name for field in fields(Line)) - {"round", "turn"}


@dataclass(frozen=True, slots=True)
class Move:
    """A message of the game in a block."""

    height: int
    message: Posted
    num_bytes: int
    """Of the message; it shares a transaction with others."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A line's moves in their order, each with the line that it led to."""

    moves: tuple[tuple[Move, Line], ...]
    is_whole: bool
    """The moves lead to the line as the chain has it."""

    @property
    def proof(self) -> MsgProve | None:
        """Return the last step's proof, if the line came to it."""
        last = self.moves[-1][0].message if self.moves else None
        return last if isinstance(last, MsgProve) else None


def moves_in(height: int, txs: Iterable[bytes]) -> list[Move]:
    """Return the messages of the game in a block, in order; what cannot be read is none."""
    found: list[Move] = []
    for tx in txs:
        try:
            body = decode(TxBody, decode(TxRaw, tx).body_bytes)
        except DecodeError:  # the beacon of the block, or anybody's rubbish
            continue
        for packed in body.messages:
            kind = CLASSES.get(packed.type_url)
            if kind is None:
                continue
            try:
                found.append(Move(height, decode(kind, packed.value), len(packed.value)))
            except DecodeError:
                continue
    return found


def heights_of(play: Play) -> list[int]:
    """Return the heights at which the moves of a line were made, ascending."""
    return sorted({height for height in (*play.heights, *play.choice_heights, play.proof_height) if height})


async def read_moves(client: ChainClient, play: Play) -> list[Move]:
    """Return every message of the game in the blocks of a line. Raises: ClientError."""
    found: list[Move] = []
    for height in heights_of(play):
        found += moves_in(height, await client.block_txs(height))
    return [move for move in found if move.message.dispute_id == play.dispute_id]


def replay(play: Play, ground: Ground, posted: Iterable[Move]) -> Replayed:
    """Return the moves that led to a line, out of all that stood in its blocks."""
    candidates, line, made = list(posted), game.begin(), list[tuple[Move, Line]]()
    while line.turn not in (Turn.OVER, Turn.PROVE):
        place = int(line.round) - 1
        is_reveal = line.turn == Turn.REVEAL
        height = _at(play.heights if is_reveal else play.choice_heights, place)
        found = (
            _next(line, play.line, ground, (move for move in candidates if move.height == height)) if height else None
        )
        if found is None:
            break
        made.append(found)
        line = found[1]
    if line.turn == Turn.PROVE and play.proof_height:
        proofs = (move for move in candidates if move.height == play.proof_height)
        proven = next((move for move in proofs if _is_proof(line, play, ground, move)), None)
        if proven is not None:
            made.append((proven, line))
    return Replayed(tuple(made), _is_same(line, play.line) and (not play.proof_height or _has_proof(made)))


def _at(heights: tuple[int, ...], place: int) -> int:
    return heights[place] if place < len(heights) else 0


def _next(line: Line, wanted: Line, ground: Ground, moves: Iterable[Move]) -> tuple[Move, Line] | None:
    """Return the first move that the rules take and that leads towards the wanted line."""
    for move in moves:
        message = move.message
        try:
            if line.turn == Turn.REVEAL and isinstance(message, MsgReveal | MsgPostLazy):
                after = game.reveal(line, ground, message.move)
            elif line.turn == Turn.CHOOSE and isinstance(message, MsgChoose | MsgOpenLine):
                after = game.choose(line, ground, message.move)
            else:
                continue
        except Rejected:
            continue
        if _leads(after, wanted):
            return move, after
    return None


def _leads(after: Line, wanted: Line) -> bool:
    """Tell whether everything that a line says is said by the wanted one as well."""
    return all(not getattr(after, name) or getattr(after, name) == getattr(wanted, name) for name in _PLACE)


def _is_same(line: Line, wanted: Line) -> bool:
    return line.round == wanted.round and all(getattr(line, name) == getattr(wanted, name) for name in _PLACE)


def _is_proof(line: Line, play: Play, ground: Ground, move: Move) -> bool:
    if not isinstance(move.message, MsgProve) or move.message.number != play.number:
        return False
    try:
        return game.judge(line, ground, move.message.proof) == play.verdict
    except Rejected:
        return False


def _has_proof(made: list[tuple[Move, Line]]) -> bool:
    return bool(made) and isinstance(made[-1][0].message, MsgProve)


def round_of(move: Move) -> Round:
    """Return the round that a move belongs to."""
    return Round.STEP if isinstance(move.message, MsgProve) else move.message.move.round
