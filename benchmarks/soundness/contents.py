"""What units of the simulation really contain: one job of a tiny model, computed once, true and with each lie.

Every job of a run asks the same, so that a dispute over any of them is played with real moves: the liar's archive has
one wrong step, from which everything else follows, and the checkers' archives do not.
"""

import copy
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path

from chain.crypto import hashing
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes.game.reads import Root
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.jobs.types import SamplerSpec
from inference.disputes.archive import Archive, Inputs
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.builders import seed
from tests.support.tiny_model import TinyShape, write_tiny_model

SHAPE = TinyShape(layers=3, hidden=64, heads=1, kv_heads=1, inner=64, vocabulary=300, head_size=32)
CUTS = ((0, 2), (2, 3))
"""Layers of the two stages."""
LAST = len(CUTS) - 1
"""The stage that samples; it is the one whose worker is on trial."""
PROMPT = (3, 10, 17)
TOKENS = 2
BLIND = seed("blind")
SAMPLING_SEED = seed("sampler")


class Lie(Enum):
    """What is wrong with a unit of the last stage."""

    NONE = "none"
    TOKENS = "tokens"
    """Another last token: out_root is false."""
    BODY = "body"
    """The right tokens over a wrong checksum: only body_root is false, which nobody sees before the seal is opened."""


@dataclass(frozen=True)
class Content:
    """A job as its stages assert it, and as an honest checker recomputes it."""

    asserted: tuple[Archive, ...]
    checked: tuple[Archive, ...]

    def roots(self, stage: int, *, is_check: bool = False) -> tuple[bytes, bytes]:
        """Return body_root and out_root in their on-chain form."""
        return _roots((self.checked if is_check else self.asserted)[stage])

    @property
    def in_root(self) -> bytes:
        """Return the on-chain form of the last stage's input."""
        return self.roots(0)[1]


@cache
def _roots(made: Archive) -> tuple[bytes, bytes]:
    sections = made.sections()
    out = sections[-1] if made.shape.is_last else hashing.blinded(BLIND, sections[-1])
    return hashing.blinded(BLIND, lr(Kind.SEC, sections[:-1])), out


@dataclass(frozen=True)
class Contents:
    """The model and its one job under every lie."""

    model: ModelFiles
    by_lie: dict[Lie, Content]

    @property
    def prompt_root(self) -> bytes:
        """Return what a request commits to."""
        bodies = self.by_lie[Lie.NONE].asserted[0].inputs.token_bodies(Root.PROMPT)
        return lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in bodies])


@cache
def contents() -> Contents:
    """Convert the model and compute its units; a few seconds, once a process."""
    folder = Path(tempfile.mkdtemp(prefix="ostraka-soundness-model-"))
    manifest = convert(write_tiny_model(folder / "source", SHAPE), folder / "models")
    model = ModelFiles(folder / "models" / manifest.model_root.hex())
    whole = _unit(model, 0, SHAPE.layers, (), (), None)
    tokens = whole.inputs.tokens
    first = _unit(model, *CUTS[0], tokens, (), None)
    given = tuple(first.rows[CUTS[0][1] - 1])
    final = Item(ItemKind.TOKEN, SHAPE.layers, 0, TOKENS - 1), Item(ItemKind.CHECKSUM, SHAPE.layers, 0, 0)
    last = _unit(model, *CUTS[1], tokens, given, None)
    found = {Lie.NONE: Content((first, last), (first, last))}
    for lie, item in zip((Lie.TOKENS, Lie.BODY), final, strict=True):
        liar = _unit(model, *CUTS[1], tokens, given, Fault(item, last.shape.num_ops(item), 0))
        answer = liar.inputs.tokens
        assert answer[:-1] == tokens[:-1], "a lie about the last token changes no row"
        stage_0 = _answered(first, answer)
        found[lie] = Content((stage_0, _answered(liar, answer)), (stage_0, _answered(last, answer)))
    return Contents(model, found)


def _unit(
    model: ModelFiles, start: int, end: int, tokens: Sequence[int], given: Sequence[bytes], fault: Fault | None
) -> MadeUnit:
    shape = UnitShape(model.header, start, end, len(PROMPT), TOKENS, SamplerSpec())
    made = MadeUnit(model, shape, Inputs(BLIND, SAMPLING_SEED, PROMPT, tuple(tokens)), fault, given)
    made.make(is_free=True)
    return made


def _answered(made: Archive, answer: tuple[int, ...]) -> Archive:
    """Return the same unit in a job whose answer is another in its last token, which is never fed."""
    other = copy.copy(made)
    other.inputs = replace(made.inputs, tokens=answer)
    return other
