"""Both sides of a dispute and the chain between them, played to its end in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chain.crypto import hashing
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.reads import Root
from chain.modules.disputes.game.shape import UnitShape
from chain.modules.disputes.types import Choice, Line, Proof, Reveal, Round, Turn, Verdict
from chain.store.codec import encode
from inference.disputes import moves
from inference.disputes.archive import Archive, Inputs
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles

CHAIN, ASSERTER, SALT = hashing.chain_hash("test-chain"), b"a" * 20, b"t" * 32
BLIND, SEED = b"b" * 32, b"s" * 32
UNIT = hashing.unit_id(CHAIN, 1, 0, 0)


def ground(archive: Archive, *, is_opened: bool = True) -> Ground:
    """What the chain knows after the asserter of this archive submitted its result."""
    shape, inputs, sections = archive.shape, archive.inputs, archive.sections()
    prompt_root = lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in inputs.token_bodies(Root.PROMPT)])
    tokens_root = lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in inputs.token_bodies(Root.TOKENS)])
    in_root = hashing.stage_zero_input(prompt_root, tokens_root)
    if shape.start:
        in_root = hashing.blinded(inputs.blind, archive.input_section())
    body_root = hashing.blinded(inputs.blind, lr(Kind.SEC, sections[:-1]))
    out_root = sections[-1] if shape.is_last else hashing.blinded(inputs.blind, sections[-1])
    trace = hashing.trace_root(UNIT, in_root, body_root, out_root)
    return Ground(
        shape=shape,
        unit=UNIT,
        asserter=ASSERTER,
        in_root=in_root,
        body_root=body_root if is_opened else b"",
        out_root=out_root,
        seal=hashing.seal(ASSERTER, UNIT, SALT, trace),
        blind_hash=hashing.blind_hash(inputs.blind),
        prompt_root=prompt_root,
        tokens_root=tokens_root,
        model_root=lr(Kind.MODEL, archive.model.roots),
        seed=inputs.seed,
    )


@dataclass
class Played:
    """A whole line."""

    line: Line
    verdict: Verdict | None
    moves: list[Reveal | Choice | Proof] = field(default_factory=list)

    @property
    def num_reveals(self) -> int:
        return sum(isinstance(move, Reveal) for move in self.moves)

    @property
    def bytes(self) -> int:
        return sum(len(encode(move)) for move in self.moves)

    @property
    def largest_state(self) -> int:
        return len(encode(self.line))


Tamper = Callable[[Line, Reveal | Choice | Proof], Reveal | Choice | Proof]


def play(asserter: Archive, challenger: Archive, facts: Ground, tamper: Tamper | None = None) -> Played:
    """Play until the last step, or until the challenger has nothing to say (verdict None)."""
    line, revealed, done = game.begin(), dict[Round, Reveal](), Played(game.begin(), None)
    change = tamper or (lambda _, move: move)
    while True:
        if line.turn == Turn.REVEAL:
            shown = change(line, moves.reveal(asserter, line, facts, SALT))
            assert isinstance(shown, Reveal)
            done.moves.append(shown)
            revealed[line.round] = shown
            line = game.reveal(line, facts, shown)
        elif line.turn == Turn.CHOOSE:
            chosen = moves.choose(challenger, line, facts, revealed)
            if chosen is None:
                return replace(done, line=line)
            chosen = change(line, chosen)
            assert isinstance(chosen, Choice)
            done.moves.append(chosen)
            line = game.choose(line, facts, chosen)
        else:
            proof = change(line, moves.prove(challenger, line, facts, revealed))
            assert isinstance(proof, Proof)
            done.moves.append(proof)
            return replace(done, line=line, verdict=game.judge(line, facts, proof))


@dataclass
class Workshop:
    """Makes units of one shape, honest and faulty ones, sharing what is equal."""

    model: ModelFiles
    shape: UnitShape
    prompt: tuple[int, ...]
    given: tuple[bytes, ...] = ()
    tokens: tuple[int, ...] = ()
    """The answer, where the stage does not make it itself."""
    base: MadeUnit | None = None
    """A longer unit of the same job, whose rows are taken over."""
    honest: MadeUnit = field(init=False)

    def __post_init__(self) -> None:
        self.honest = MadeUnit(self.model, self.shape, self._inputs(self.tokens), None, self.given)
        if self.base is not None:
            self.honest.copy_until(self.base, self.shape.positions)
        self.honest.make(is_free=True)

    def _inputs(self, tokens: tuple[int, ...]) -> Inputs:
        return Inputs(BLIND, SEED, self.prompt, tokens)

    def faulty(self, fault: Fault) -> MadeUnit:
        """The unit of somebody whose one tile is wrong."""
        is_output = fault.item.layer == self.shape.header.num_layers
        first = fault.item.index + (self.shape.prompt_tokens - 1 if is_output else 0)
        made = MadeUnit(self.model, self.shape, self._inputs(self.honest.inputs.tokens), fault, self.given)
        made.copy_until(self.honest, first)
        made.make(is_free=True)
        return made

    def checked(self, asserted: MadeUnit) -> MadeUnit:
        """The unit of an honest checker that feeds the asserted tokens."""
        mine, theirs = self.honest.inputs.tokens, asserted.inputs.tokens
        if mine == theirs or self.shape.start:
            if mine == theirs:
                return self.honest
            made = MadeUnit(self.model, self.shape, self._inputs(theirs), None, self.given)
            made.copy_until(self.honest, self.shape.positions)
            made.make(is_free=False)
            return made
        same = next(at for at, (one, two) in enumerate(zip(mine, theirs, strict=True)) if one != two)
        made = MadeUnit(self.model, self.shape, self._inputs(theirs), None, self.given)
        made.copy_until(self.honest, self.shape.prompt_tokens + same)
        made.make(is_free=False)
        return made
