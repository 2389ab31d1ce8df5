"""A dispute in a worker's time: what each honest side computes, against the check of the same unit.

    python -m benchmarks.dispute_party [--prompt 37] [--tokens 128] [--rounds 3]

The unit is a third of SmolLM2, as one worker of a local network holds it. Each row is one dispute that ends at the
operator named, played once with an honest challenger and once with an honest asserter. Targets: at most twice the
check, and no piece for which a serving stream would wait longer than for a chunk of a check.
Seconds are the processor's: A is the honest asserter's work and longest piece, C the honest challenger's.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from benchmarks.smollm2 import print_table
from chain.crypto import hashing
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.reads import Root
from chain.modules.disputes.game.shape import UnitShape
from chain.modules.disputes.types import Choice, Reveal, Round, Turn
from chain.modules.jobs.types import SamplerSpec
from inference import hardware
from inference.compute import Machine
from inference.disputes import moves, party
from inference.disputes.archive import Archive, Inputs
from inference.disputes.model import ModelFiles
from inference.engine.engine import CHUNK, Engine
from inference.engine.rows import RowChunk, TokenChunk
from inference.engine.sampler import logit_checksum, sample
from inference.faults import FaultyArchive, FaultyOperator
from inference.misconduct import parse_misconduct
from inference.proofs.trace import TraceRecorder
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from localnet.model import smollm2

TARGET = 2.0
BLIND, SEED, SALT = b"b" * 32, b"s" * 32, b"t" * 32
FAULTS = {
    (10, 20): ("row.0.-2.Q.0", "row.5.-1.Z_3.-1", "row.9.-1.W_8.0", "row.3.-1.GU.5", "row.9.7.D.0", "key1.4.-1.Y.0"),
    (20, 30): ("row.9.-1.OL.0", "logits.0.0.LG.-1"),
}
T = TypeVar("T")


@dataclass
class Clock:
    """Seconds of one side, and of its longest piece."""

    total: float = 0.0
    pieces: list[float] = field(default_factory=list)

    def call(self, function: Callable[[], T]) -> T:
        """Run one piece."""
        began = time.process_time()
        try:
            return function()
        finally:
            self.pieces.append(time.process_time() - began)
            self.total += self.pieces[-1]

    def run(self, pieces: Generator[None, None, T]) -> T:
        """Run a generator piece by piece, as a worker does on its compute thread."""
        while True:
            try:
                self.call(lambda: next(pieces))
            except StopIteration as end:
                result: T = end.value
                return result


@dataclass
class Bench:
    """One unit."""

    start: int
    end: int
    prompt: tuple[int, ...]
    outputs: int

    def __post_init__(self) -> None:
        self.folder = smollm2().directory
        self.model = ModelFiles(self.folder)
        self.engine = self.load(self.start, self.end)
        self.shape = UnitShape(self.model.header, self.start, self.end, len(self.prompt), self.outputs, SamplerSpec())
        tokens = tuple(range(2000, 2000 + self.outputs))
        self.inputs = Inputs(BLIND, SEED, self.prompt, tokens)
        before = self.load(0, self.start)
        fed = TokenChunk((*self.prompt, *tokens)[: self.shape.positions])
        self.rows = before.forward(before.open(self.shape.positions), fed)[-1].to_bytes()

    def load(self, start: int, end: int) -> Engine:
        spec = ShardSpec(bytes.fromhex(self.folder.name), start, end)
        last = self.model.header.num_layers
        return Engine(load(self.folder, spec, with_embedding=not start, with_head=end == last))

    def check(self) -> float:
        """What `Checker` does once it has the input."""
        began, total = time.process_time(), self.shape.positions
        trace = TraceRecorder(self.model.header, self.start, self.end, BLIND)
        trace.add_packed(self.start - 1, 0, self.rows)
        session, size = self.engine.open(total), len(self.rows) // total
        for at in range(0, total, CHUNK):
            stop = min(at + CHUNK, total)
            chunk = RowChunk.from_bytes(self.rows[at * size : stop * size], self.model.header.hidden_size)
            layers = self.engine.forward(session, chunk)
            for layer, rows in enumerate(layers, self.start):
                trace.add_packed(layer, at, rows.to_bytes())
            first = max(0, len(self.prompt) - 1 - at)
            if trace.is_last and first < len(chunk):
                for row in self.engine.logits(layers[-1][first:]):
                    best, summed = logit_checksum(row)
                    trace.add_output(best, summed, sample(row, SamplerSpec(), SEED, len(trace.tokens)))
        trace.finish(total, self.outputs)
        return time.process_time() - began

    def regenerated(self, clock: Clock, machine: Machine, make: Callable[..., Archive] = Archive) -> Archive:
        kept = party.Kept(self.inputs, self.rows, SALT)
        return clock.run(party.regeneration(machine, ModelFiles(self.folder), self.shape, kept, make))

    def ground(self, archive: Archive) -> Ground:
        sections, last = archive.sections(), self.shape.is_last
        prompt = lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in self.inputs.token_bodies(Root.PROMPT)])
        tokens = lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in self.inputs.token_bodies(Root.TOKENS)])
        in_root = hashing.blinded(BLIND, archive.input_section())
        body_root = hashing.blinded(BLIND, lr(Kind.SEC, sections[:-1]))
        out_root = sections[-1] if last else hashing.blinded(BLIND, sections[-1])
        root = lr(Kind.MODEL, self.model.roots)
        return Ground(
            self.shape, b"u" * 32, b"a" * 20, in_root, body_root, out_root, b"", hashing.blind_hash(BLIND), prompt,
            tokens, root, SEED,
        )  # fmt: skip

    def play(self, asserter: Archive, challenger: Archive, clocks: tuple[Clock, Clock]) -> None:
        """Play a line to its proof; each side's computing is on its clock."""
        line, shown, ground = game.begin(), dict[Round, Reveal](), self.ground(asserter)
        while True:
            if line.turn == Turn.REVEAL:
                clocks[0].run(moves.preparing(asserter, line, ground))
                move = clocks[0].call(partial(moves.reveal, asserter, line, ground, SALT))
                shown[line.round] = move
                line = game.reveal(line, ground, move)
                continue
            clocks[1].run(moves.preparing(challenger, line, ground))
            answer = clocks[1].call(partial(moves.next_challenge, challenger, line, ground, shown))
            if not isinstance(answer, Choice):
                return
            line = game.choose(line, ground, answer)


def main() -> int:
    """Print the table; the exit status says whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt", type=int, default=37)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    hardware.settle_threads(1)
    lines: list[list[str]] = []
    worst = 0.0
    for (start, end), faults in FAULTS.items():
        bench = Bench(start, end, tuple(range(1000, 1000 + options.prompt)), options.tokens)
        bench.check()
        for text in faults:
            checks: list[float] = []
            sides: tuple[list[Clock], list[Clock]] = ([], [])
            fault = parse_misconduct(f"op:{text}").op
            assert fault is not None
            fault = replace(fault, position=fault.position % bench.shape.positions)
            liar = bench.regenerated(
                Clock(), FaultyOperator(bench.engine, bench.model, fault), partial(FaultyArchive, fault=fault)
            )
            for _ in range(options.rounds):
                checks.append(bench.check())
                challenger, asserter = Clock(), Clock()
                bench.play(liar, bench.regenerated(challenger, bench.engine), (Clock(), challenger))
                bench.play(bench.regenerated(asserter, bench.engine), liar, (asserter, Clock()))
                sides[0].append(asserter)
                sides[1].append(challenger)
            check = statistics.median(checks)
            shares = [statistics.median(clock.total for clock in side) / check for side in sides]
            longest = [min(max(clock.pieces) for clock in side) for side in sides]
            worst = max(worst, *shares)
            lines.append(
                [f"[{start}, {end})", text, f"{1000 * check:.0f}"]
                + [f"{share:.2f}" for share in shares]
                + [f"{1000 * piece:.0f}" for piece in longest]
            )
    print_table(
        f"{options.prompt} + {options.tokens} tokens, a third of SmolLM2, one thread (target ≤ {TARGET} x the check)",
        ["layers", "dispute ends at", "check, ms", "A, x", "C, x", "A, ms", "C, ms"],
        lines,
    )
    return 0 if worst <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
