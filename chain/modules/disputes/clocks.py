"""Clocks of a line: each side has its own, and blocks with too many moves are on nobody's.

deadline = since + what is left + blocks paused since then
"""

from dataclasses import replace

from chain.modules.disputes.types import Dispute, Line, Params, Pauses, Play, Side, Turn


def side(line: Line) -> Side:
    """Return whose move it is."""
    return Side.ASSERTER if line.turn == Turn.REVEAL else Side.CHALLENGER


def left(play: Play) -> int:
    """Return the blocks that the side with the turn had when it began."""
    return play.asserter_left if side(play.line) == Side.ASSERTER else play.challenger_left


def last_height(play: Play, pauses: Pauses) -> int:
    """Return the last height at which the side with the turn may move, as far as known now."""
    return play.since + left(play) + pauses.blocks - play.paused


def lines_end(dispute: Dispute, pauses: Pauses) -> int:
    """Return the last height at which a line may be opened: what fills blocks with moves keeps nobody out."""
    return dispute.lines_until + pauses.blocks - dispute.paused


def moved(play: Play, line: Line, height: int, pauses: Pauses) -> Play:
    """Return the play after a move: the mover's clock has lost what it took, the other's begins."""
    used = max(0, height - play.since - (pauses.blocks - play.paused))
    asserter, challenger = play.asserter_left, play.challenger_left
    if side(play.line) == Side.ASSERTER:
        asserter -= min(used, asserter)
    else:
        challenger -= min(used, challenger)
    changed = replace(
        play,
        line=line,
        asserter_left=asserter,
        challenger_left=challenger,
        since=height,
        paused=pauses.blocks,
    )
    return replace(changed, deadline=last_height(changed, pauses))


def is_last_quarter(params: Params, play: Play, height: int, pauses: Pauses) -> bool:
    """Tell whether at most a quarter of the clock of the side with the turn is left."""
    return 4 * (last_height(play, pauses) - height) <= params.clock_blocks
