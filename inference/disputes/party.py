"""A worker's part in a dispute: regenerate the unit, find what was revealed, make the next message.

Nothing here reads a network or a clock: the caller brings the due move as the chain tells it, the unit's input, and the
reveals that it read from blocks. Whatever takes long is a generator that pauses every few milliseconds, so that a
worker goes on serving between two pieces.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from chain.errors import Rejected
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.shape import UnitShape
from chain.modules.disputes.types import (
    Choice,
    DueMove,
    Line,
    MsgChoose,
    MsgPostLazy,
    MsgProve,
    MsgReveal,
    Play,
    Reveal,
    Round,
    Side,
    Turn,
)
from inference.compute import Machine
from inference.disputes import moves
from inference.disputes.archive import Archive, Inputs, Trees
from inference.disputes.model import ModelFiles
from inference.disputes.prover import Reveals
from inference.engine.cache import LayerCache
from inference.engine.rows import RowChunk, TokenChunk, row_size
from inference.engine.sampler import logit_checksum, sample

PASS = 64
"""Positions that are regenerated at a time."""
Message = MsgReveal | MsgChoose | MsgProve
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a party must have kept, or fetched, of a unit."""

    inputs: Inputs
    rows: bytes
    """Packed input rows; empty at stage 0."""
    salt: bytes
    """The asserter's, of its seal; empty for others."""


def finish(pieces: Generator[None, None, T]) -> T:
    """Run a generator to its end and return its result."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            result: T = end.value
            return result


def regenerate(machine: Machine, model: ModelFiles, shape: UnitShape, kept: Kept) -> Archive:
    """Return the unit as this party computes it: one batched pass over all positions."""
    return finish(regeneration(machine, model, shape, kept))


def regeneration(
    machine: Machine, model: ModelFiles, shape: UnitShape, kept: Kept, make: Callable[..., Archive] = Archive
) -> Generator[None, None, Archive]:
    """Return the unit as this party computes it, pausing between pieces; `make` is another Archive in tests."""
    header, fed = shape.header, (*kept.inputs.prompt, *kept.inputs.tokens)[: shape.positions]
    size = row_size(header.hidden_size)
    rows: dict[int, list[bytes]] = {layer: [] for layer in range(shape.start, shape.end)}
    if shape.start:
        rows[shape.start - 1] = list(_cut(kept.rows, size))
    checksums: list[bytes] = []
    answer: list[int] = []
    session = machine.open(shape.positions)
    try:
        for at in range(0, shape.positions, PASS):
            stop = min(at + PASS, shape.positions)
            chunk: TokenChunk | RowChunk = TokenChunk(fed[at:stop])
            if shape.start:
                chunk = RowChunk.from_bytes(kept.rows[at * size : stop * size], header.hidden_size)
            after = machine.forward(session, chunk)
            for layer, part in enumerate(after, shape.start):
                rows[layer] += _cut(part.to_bytes(), size)
            yield
            first = max(at, shape.prompt_tokens - 1)
            if shape.is_last and first < stop:
                for logits in machine.logits(after[-1][first - at :]):
                    best, total = logit_checksum(logits)
                    body = best.to_bytes(4, "little", signed=True) + total.to_bytes(8, "little", signed=True)
                    checksums.append(body)
                    answer.append(sample(logits, shape.sampler, kept.inputs.seed, len(answer)))
                yield
        caches: dict[int, Trees] = {}
        for layer, cache in enumerate(session.layers, shape.start):
            caches[layer] = cached_rows(cache, shape.positions, header.head_size)
            yield
    finally:
        machine.close(session)
    return make(model, shape, kept.inputs, rows, checksums, answer, caches)


def cached_rows(cache: LayerCache, count: int, size: int) -> Trees:
    """Return the bodies of K rows per head, then of V rows per head, as an engine has them in its cache."""
    keys = np.empty((cache.keys.shape[0], count), dtype=[("m", "<u4"), ("a", "<i2", (size,))])
    keys["m"] = cache.scales[:, 0, :count].numpy()
    keys["a"] = cache.keys[:, :count].numpy()
    values = cache.values[:, :count, :size].numpy().astype("<i2")
    packed = [(head.tobytes(), 4 + 2 * size) for head in keys] + [(head.tobytes(), 2 * size) for head in values]
    return tuple(tuple(_cut(joined, width)) for joined, width in packed)


def _cut(packed: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(packed), size):
        yield packed[at : at + size]


def played(line: Line) -> tuple[Round, ...]:
    """Return the rounds whose reveals a line rests on."""
    return tuple(at for at in Round if _is_played(line, at))


def _is_played(line: Line, at: Round) -> bool:
    if at == Round.VALUES:
        return line.round == at and line.turn == Turn.PROVE
    try:
        game.branch(line, at)
    except Rejected:
        return False
    return True


def reveals_of(play: Play, ground: Ground, posted: Iterable[MsgReveal | MsgPostLazy]) -> Reveals:
    """Return the reveals that led to a line, out of all that were posted in its dispute.

    Lines share reveals, and a failed transaction is in a block too, so each is tried in its place.
    """
    line, found = play.line, dict[Round, Reveal]()
    candidates = [message.move for message in posted if message.dispute_id == play.dispute_id]
    for at in Round:
        for move in candidates:
            if move.round == at and _led_to(line, ground, move):
                found[at] = move
    return found


def _led_to(line: Line, ground: Ground, move: Reveal) -> bool:
    """Tell whether a reveal is the one of its round that a line rests on."""
    is_past = move.round < line.round or (move.round == line.round and line.turn != Turn.REVEAL)
    if not is_past:
        return False
    try:
        before = game.before_reveal(line, move.round)
        after = game.reveal(before, ground, move)
    except Rejected:
        return False
    return (after.body_root, after.cache_root, after.ops_root) == (
        line.body_root,
        line.cache_root if move.round >= Round.ITEMS else after.cache_root,
        line.ops_root if move.round >= Round.OPS else after.ops_root,
    )


def next_message(
    due: DueMove, ground: Ground, own: Archive, revealed: Reveals, salt: bytes, sender: str
) -> Message | None:
    """Return the message that a due move asks for; None if there is nothing to win with."""
    line, dispute_id, number = due.play.line, due.dispute.dispute_id, due.play.number
    if due.side == Side.ASSERTER:
        return MsgReveal(sender, dispute_id, number, moves.reveal(own, line, ground, salt))
    try:
        move = moves.next_challenge(own, line, ground, revealed)
    except (KeyError, ValueError):
        return None
    if move is None:
        return None
    if isinstance(move, Choice):
        return MsgChoose(sender, dispute_id, number, move)
    return MsgProve(sender, dispute_id, number, move)
