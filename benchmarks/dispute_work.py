"""A dispute's work for an honest party, beside the check of the same unit: SmolLM2, real weights, one thread.

    python -m benchmarks.dispute_work [--positions 128] [--rounds 3]          target: at most twice the check

One stage of ten layers, wrong in one operator of the last position's row in its sixth layer. Each party begins with the
unit's input alone, as after a restart: it regenerates the unit, then makes every move of its side.
"""

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks.smollm2 import canonical_shard, interleaved, print_table
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.shape import Item, ItemKind, OpKind, UnitShape
from chain.modules.disputes.types import Choice, Reveal, Round, Turn, Verdict
from chain.modules.jobs.types import SamplerSpec
from inference.disputes import moves, party
from inference.disputes.archive import Archive, Inputs
from inference.disputes.faults import alter
from inference.disputes.model import ModelFiles
from inference.disputes.party import Kept
from inference.engine.engine import Engine
from inference.engine.rows import RowChunk, TokenChunk
from inference.proofs.trace import TraceRecorder
from localnet.model import smollm2
from tests.support.dispute_game import BLIND, SALT, SEED, ground

TARGET = 2.0
START, END, LAYER = 10, 20, 15
CLOCK = time.process_time
"""The process's own time: what other processes do is nobody's work."""
OPERATORS = ("A", "Q", "Z_0", "W_0", "OL", "GU", "U", "D", "out")


class Liar(Archive):
    """A unit that is wrong in one operator of one row."""

    wrong: tuple[Item, int] | None = None

    def altered(self, item: Item, op: int, tile: int, body: bytes) -> bytes:
        """Return the fault in its place."""
        if (item, op) != self.wrong or tile:
            return body
        return alter(self.shape.op(item, op).kind, body, 7, self.shape.header.vocab_size)


def liar(honest: Archive, item: Item, op: int) -> Liar:
    """Return the unit with that fault; what stands behind its row is as it was, for no dispute looks there."""
    rows = {layer: list(found) for layer, found in honest.rows.items()}
    made = Liar(honest.model, honest.shape, honest.inputs, rows, caches=honest._caches)
    made.wrong = (item, op)
    row = b"".join(made.program(item)[-1])
    if honest.shape.op(item, op).kind == OpKind.ROW_OUT:
        row = alter(OpKind.ROW_OUT, row, 7, 0)
    rows[item.layer][item.index] = row
    made._programs.clear()
    return made


def check(engine: Engine, shape: UnitShape, kept: Kept) -> float:
    """Return the seconds of the unit's check: one batched pass, and all its commitments."""
    start = CLOCK()
    session = engine.open(shape.positions)
    trace = TraceRecorder(shape.header, shape.start, shape.end, BLIND)
    trace.add_packed(shape.start - 1, 0, kept.rows)
    chunk = RowChunk.from_bytes(kept.rows, shape.header.hidden_size)
    for layer, rows in enumerate(engine.forward(session, chunk), shape.start):
        trace.add_packed(layer, 0, rows.to_bytes())
    engine.close(session)
    trace.finish(shape.positions, shape.outputs)
    return CLOCK() - start


def work(engine: Engine, kept: Kept, facts: Ground, asserted: Liar, honest: Archive, is_asserter: bool) -> float:
    """Return the seconds that one side works for a dispute; the other side's moves are made on the way."""
    start = CLOCK()
    own = party.regenerate(engine, ModelFiles(smollm2().directory), facts.shape, kept)
    mine = CLOCK() - start
    challenger = honest if is_asserter else own
    asserter = asserted
    if is_asserter:
        asserter = Liar(own.model, own.shape, own.inputs, asserted.rows, caches=own._caches)
        asserter.wrong = asserted.wrong
    line, shown = game.begin(), dict[Round, Reveal]()
    while True:
        start, is_mine = CLOCK(), is_asserter == (line.turn == Turn.REVEAL)
        if line.turn == Turn.REVEAL:
            shown[line.round] = moves.reveal(asserter, line, facts, SALT)
            mine += (CLOCK() - start) * is_mine
            line = game.reveal(line, facts, shown[line.round])
            continue
        move = moves.next_challenge(challenger, line, facts, shown)
        mine += (CLOCK() - start) * is_mine
        if isinstance(move, Choice):
            line = game.choose(line, facts, move)
        else:
            assert move is not None
            assert game.judge(line, facts, move) == Verdict.REFUTED
            return mine


def main() -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--positions", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model, prompt = ModelFiles(smollm2().directory), tuple(range(1000, 1000 + options.positions - 7))
    shape = UnitShape(model.header, START, END, len(prompt), 8, SamplerSpec())
    inputs = Inputs(BLIND, SEED, prompt, tuple(range(2000, 2008)))
    first, engine = canonical_shard(0, START, threads=1), canonical_shard(START, END, threads=1)
    session = first.open(shape.positions)
    rows = first.forward(session, TokenChunk((*prompt, *inputs.tokens)[: shape.positions]))[-1].to_bytes()
    kept = Kept(inputs, rows, SALT)
    honest = party.regenerate(engine, model, shape, kept)
    item = Item(ItemKind.ROW, LAYER, 0, shape.positions - 1)
    table, worst = [], 0.0
    for name in OPERATORS:
        op = max(at for at, found in enumerate(shape.ops(item)) if found.name == name)
        asserted = liar(honest, item, op)
        facts = ground(asserted)
        candidates: list[Callable[[], float]] = [
            lambda: check(engine, shape, kept),
            lambda asserted=asserted, facts=facts: work(engine, kept, facts, asserted, honest, True),  # type: ignore[misc]
            lambda asserted=asserted, facts=facts: work(engine, kept, facts, asserted, honest, False),  # type: ignore[misc]
        ]
        base, asserter, challenger = interleaved(options.rounds, *candidates)
        worst = max(worst, asserter / base, challenger / base)
        cells = [base * 1e3, asserter * 1e3, challenger * 1e3]
        table.append([name, *(f"{cell:.0f}" for cell in cells), f"{asserter / base:.2f}", f"{challenger / base:.2f}"])
    columns = ["operator", "check, ms", "asserter, ms", "challenger, ms", "asserter / check", "challenger / check"]
    print_table(f"{shape.positions} positions, layers {START} to {END}", columns, table)
    print(f"worst {worst:.2f} times the check, target {TARGET}")
    return 0 if worst <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
