"""A testing aid: in which ways a worker is told to misbehave, by `fault` in worker.toml. No part of honest operation.

The text is a list with commas; see `HELP`. What alters an engine's work is in `inference/faults.py`.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from chain.modules.disputes.types import DueMove, Round
from chain.modules.sampling.types import Duty, DutyKind

HELP = """
row                          a row of what it runs is altered
token                        the least likely token is the likeliest
op:ITEM.LAYER.POSITION.OP.TILE
                             one tile of one operator is wrong, and everything after it follows from that; ITEM is row,
                             keyG, valueG (G: the head) or logits; LAYER counts from the worker's first; OP is a name
                             or a number
check                        a row is altered in what it checks
idle                         it checks nothing that it is drawn for
sold                         it checks nothing before a job is settled, and what is drawn late it does
forget                       it commits to what it has checked and does not reveal
forge                        at the last stage it streams and signs another answer than it commits to
withhold                     it gives nobody an input
mute                         it supplies no ids on demand
silent:ROUND                 from this round on it makes no move of a dispute
vanish:ROUND                 it is killed when a move of this round or a later one is due
"""
ITEMS = ("row", "key", "value", "logits")


@dataclass(frozen=True, slots=True)
class OpFault:
    """One wrong tile of one operator."""

    item: str
    """One of `ITEMS`."""
    group: int
    """Head of a key or value."""
    layer: int
    """Counted from the shard's first, modulo their number; of no meaning for logits."""
    position: int
    """Of no meaning for logits: all of them are altered alike."""
    op: str
    """Name of the first of that name, or number."""
    tile: int
    """Modulo their number: -1 is the last."""


@dataclass(frozen=True, slots=True)
class Misconduct:
    """Everything that a worker does wrong."""

    row: bool = False
    token: bool = False
    op: OpFault | None = None
    check: bool = False
    idle: bool = False
    sold: bool = False
    forget: bool = False
    forge: bool = False
    withhold: bool = False
    mute: bool = False
    silent: Round | None = None
    vanish: Round | None = None

    @property
    def runs_falsely(self) -> bool:
        """Say whether what it runs is altered."""
        return self.row or self.token or self.op is not None

    def duties(self, due: Sequence[Duty]) -> tuple[Duty, ...]:
        """Return the duties that it sees."""
        ignored = (DutyKind.DRAW,) * self.idle + (DutyKind.REVEAL,) * self.forget
        seen = tuple(duty for duty in due if duty.kind not in ignored)
        return tuple(duty for duty in seen if not (self.sold and _is_early_draw(duty)))

    def moves(self, due: Sequence[DueMove]) -> tuple[DueMove, ...]:
        """Return the moves that it makes; it may not survive the question."""
        if self.vanish is not None and any(move.play.line.round >= self.vanish for move in due):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.silent is None:
            return tuple(due)
        return tuple(move for move in due if move.play.line.round < self.silent)


def _is_early_draw(duty: Duty) -> bool:
    return duty.kind == DutyKind.DRAW and duty.check is not None and not duty.check.late_height


def parse_misconduct(text: str) -> Misconduct:
    """Return what `fault` says. Raises: ValueError."""
    found: dict[str, object] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition(":")
        if name in ("row", "token", "check", "idle", "sold", "forget", "forge", "withhold", "mute") and not value:
            found[name] = True
        elif name in ("silent", "vanish") and value in Round.__members__:
            found[name] = Round[value]
        elif name == "op":
            found[name] = _op_fault(value)
        else:
            raise ValueError(f"fault is {text!r}; it is empty or of:{HELP}")
    return Misconduct(**found)  # type: ignore[arg-type]


def _op_fault(text: str) -> OpFault:
    parts = text.split(".")
    item = parts[0].rstrip("0123456789")
    numbers = [parts[0].removeprefix(item) or "0", *parts[1:3], *parts[4:]]
    if len(parts) != 5 or item not in ITEMS or not all(number.removeprefix("-").isdigit() for number in numbers):
        raise ValueError(f"{text!r} is not ITEM.LAYER.POSITION.OP.TILE")
    group, layer, position, tile = map(int, numbers)
    if item == "logits" and parts[3] != "LG":
        raise ValueError("of logits the operator LG can be wrong, no other")
    return OpFault(item, group, layer, position, parts[3], tile)
