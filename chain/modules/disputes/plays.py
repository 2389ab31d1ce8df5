"""Lines as the chain keeps them: opened, moved, timed out, ended.

Invariants: an open line stands in `CLOCKS` once, at its deadline, and in `OPEN_OF` under its asserter and its opener;
a line's deposit is reserved in the bond of whoever pays it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from chain.context import Context
from chain.crypto.hashing import blinded
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.disputes import clocks
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.shape import UnitShape
from chain.modules.disputes.state import CLOCKS, DISPUTES, OPEN_OF, PARAMS, PAUSES, PLAYS
from chain.modules.disputes.types import Dispute, Line, Params, Pauses, Play, PlayStatus, Round, Turn
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Unit
from chain.modules.models import keeper as models
from chain.modules.rates import keeper as rates
from chain.modules.sampling import keeper as sampling
from chain.modules.workers import keeper as workers
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

MAX_EXTENSIONS = 3
"""Lost lines that extend the time in which others may be opened."""


def find_params(store: Reader) -> Params | None:
    """Return the parameters, or None where the game is not played."""
    return PARAMS.find(store)


def params(store: Reader) -> Params:
    """Return the parameters. Raises: Rejected: NOT_PLAYED."""
    found = PARAMS.find(store)
    if found is None:
        raise Rejected(Code.NOT_PLAYED, "this chain freezes what is in dispute and plays no lines")
    return found


def pauses(store: Reader) -> Pauses:
    """Return how many blocks were on nobody's clock."""
    return PAUSES.find(store) or Pauses(0, 0, 0)


def play(store: Reader, dispute_id: int, number: int) -> Play:
    """Return a line. Raises: Rejected: UNKNOWN_LINE."""
    found = PLAYS.find(store, (dispute_id, number))
    if found is None:
        raise Rejected(Code.UNKNOWN_LINE, f"dispute {dispute_id} has no line {number}")
    return found


def plays_of(store: Reader, dispute_id: int) -> Iterator[Play]:
    """Yield the lines of a dispute in ascending number."""
    for _, found in PLAYS.items(store, prefix=U64.pack(dispute_id)):
        yield found


def open_plays_of(store: Reader, operator: bytes) -> Iterator[Play]:
    """Yield the open lines in which a worker has a part."""
    for _, (dispute_id, number) in OPEN_OF.keys(store, prefix=ADDRESS.pack(operator)):
        yield play(store, dispute_id, number)


def unit_of(store: Reader, dispute: Dispute) -> Unit:
    """Return the unit in dispute."""
    return jobs.unit(store, (dispute.job_id, (dispute.attempt, dispute.stage)))


def find_shape(store: Reader, dispute: Dispute) -> UnitShape | None:
    """Return the structure of the unit in dispute; None if it is beyond the limits of the trace."""
    job, unit = jobs.job(store, dispute.job_id), unit_of(store, dispute)
    header = models.model(store, job.model_root).header
    try:
        return UnitShape(header, unit.start, unit.end, job.prompt_tokens, unit.tokens, job.sampler)
    except ValueError:
        return None


def ground(store: Reader, chain: bytes, dispute: Dispute) -> Ground:
    """Return what the chain knows of the unit in dispute, which has lines."""
    job, unit = jobs.job(store, dispute.job_id), unit_of(store, dispute)
    try:
        return game.ground_of(job, unit, models.model(store, job.model_root).header, chain)
    except ValueError:
        raise InvariantBroken(f"dispute {dispute.dispute_id} has lines and its unit no structure") from None


def deposit(store: Reader, unit: Unit) -> int:
    """Return what a line, or a list in an asserter's place, puts at stake: four times what it may cost others."""
    current = rates.params(store)
    return 4 * (current.dispute_fee + current.job_fee + 2 * (unit.terms.fee + unit.terms.check_pay))


# Opening


def begin(ctx: Context, dispute: Dispute) -> Dispute:
    """Open a dispute's first line, the challenger's; its stake is the bond behind its check, or its deposit."""
    values = params(ctx.store)
    first = _new(ctx, dispute, dispute.challenger, game.begin(), dispute.deposit)
    _save_open(ctx, dispute, first)
    until, paused = ctx.block.height + values.open_blocks, pauses(ctx.store).blocks
    return replace(dispute, num_lines=1, num_open_lines=1, lines_until=until, paused=paused, deadline=until + 1)


def add(ctx: Context, dispute: Dispute, opener: bytes, line: Line, source: Play, **fields: bytes | int) -> Play:
    """Open another line with a deposit. Raises: Rejected: TOO_MANY_LINES, BOND_TOO_SMALL.

    A checker of the unit finds room for one line always: who fills the others may be a friend of the asserter.
    """
    values, unit = params(ctx.store), unit_of(ctx.store, dispute)
    if dispute.num_open_lines >= values.max_lines and not _has_room(ctx.store, dispute, opener, fields):
        raise Rejected(Code.TOO_MANY_LINES, f"{dispute.num_open_lines} lines are open against this unit")
    stake = deposit(ctx.store, unit)
    author = fields.get("author", b"")
    workers.reserve(ctx, author if isinstance(author, bytes) and author else opener, stake)
    new = _new(ctx, dispute, opener, line, stake)
    new = replace(new, heights=source.heights, choice_heights=source.choice_heights, **fields)  # type: ignore[arg-type]
    new = replace(new, deadline=clocks.last_height(new, pauses(ctx.store)))
    _save_open(ctx, dispute, new)
    grown = replace(dispute, num_lines=dispute.num_lines + 1, num_open_lines=dispute.num_open_lines + 1)
    DISPUTES.save(ctx.store, dispute.dispute_id, grown)
    return new


def _has_room(store: Reader, dispute: Dispute, opener: bytes, fields: Mapping[str, bytes | int]) -> bool:
    """Tell whether an opener is a committed checker of the unit without an open line, and comes to open its own."""
    is_checker = sampling.find_commit(store, jobs.key_of(unit_of(store, dispute)), opener) is not None
    own = (found for found in plays_of(store, dispute.dispute_id) if found.opener == opener)
    return is_checker and "author" not in fields and all(found.status != PlayStatus.OPEN for found in own)


def _new(ctx: Context, dispute: Dispute, opener: bytes, line: Line, stake: int) -> Play:
    values, paused, height = params(ctx.store), pauses(ctx.store), ctx.block.height
    return Play(
        dispute_id=dispute.dispute_id,
        number=dispute.num_lines,
        opener=opener,
        deposit=stake,
        line=line,
        asserter_left=values.clock_blocks,
        challenger_left=values.clock_blocks,
        since=height,
        paused=paused.blocks,
        deadline=height + values.clock_blocks,
        status=PlayStatus.OPEN,
        heights=(0,) * 8,
        choice_heights=(0,) * 8,
    )


def _save_open(ctx: Context, dispute: Dispute, value: Play) -> None:
    key = (value.dispute_id, value.number)
    PLAYS.save(ctx.store, key, value)
    CLOCKS.add(ctx.store, (value.deadline, key))
    OPEN_OF.add(ctx.store, (dispute.asserter, key))
    OPEN_OF.add(ctx.store, (value.opener, key))


# Moving


def require_move(ctx: Context, found: Play) -> None:
    """Count a move. Raises: Rejected: LINE_OVER, CLOCK_OUT, TOO_MANY_MOVES."""
    if found.status != PlayStatus.OPEN:
        raise Rejected(Code.LINE_OVER, f"the line is {found.status.name}")
    values, paused, height = params(ctx.store), pauses(ctx.store), ctx.block.height
    if height > clocks.last_height(found, paused):
        raise Rejected(Code.CLOCK_OUT, "the clock of the side with the turn has run out")
    count_move(ctx, values, paused)


def count_move(ctx: Context, values: Params, paused: Pauses) -> None:
    """Take one of the block's moves. Raises: Rejected: TOO_MANY_MOVES."""
    height = ctx.block.height
    made = paused.num_moves if paused.height == height else 0
    if made >= values.moves_per_block:
        raise Rejected(Code.TOO_MANY_MOVES, f"the block has taken {made} moves; send this one again")
    PAUSES.save(ctx.store, replace(paused, height=height, num_moves=made + 1))


def pause_if_full(ctx: Context) -> None:
    """Stop all clocks for this block if it took as many moves as it may."""
    values, found = PARAMS.find(ctx.store), PAUSES.find(ctx.store)
    if values is None or found is None or found.height != ctx.block.height:
        return
    if found.num_moves >= values.moves_per_block:
        PAUSES.save(ctx.store, replace(found, blocks=found.blocks + 1))


def marked(heights: tuple[int, ...], at: Round, height: int) -> tuple[int, ...]:
    """Return the heights of the rounds' moves with one more."""
    place = int(at) - 1
    return (*heights[:place], height, *heights[place + 1 :])


def move(ctx: Context, found: Play, line: Line) -> Play:
    """Write a line after a move."""
    key = (found.dispute_id, found.number)
    height = ctx.block.height
    changed = clocks.moved(found, line, height, pauses(ctx.store))
    if found.line.turn == Turn.REVEAL:
        changed = replace(changed, heights=marked(found.heights, found.line.round, height))
    else:
        changed = replace(changed, choice_heights=marked(found.choice_heights, found.line.round, height))
    CLOCKS.remove(ctx.store, (found.deadline, key))
    CLOCKS.add(ctx.store, (changed.deadline, key))
    PLAYS.save(ctx.store, key, changed)
    return changed


def record_opening(ctx: Context, dispute: Dispute, line: Line, salt: bytes) -> None:
    """Write the seal that a first reveal has opened; checks that prove to differ from it are disputed as well."""
    unit = unit_of(ctx.store, dispute)
    if not unit.body_root:
        opened = jobs.record_opening(ctx, unit, salt, blinded(line.blind, line.body_root))
        sampling.compare_bodies(ctx, jobs.key_of(opened))


def postpone(ctx: Context, found: Play) -> bool:
    """Put a line whose clock stood still back into the queue; False if its clock has really run out."""
    last = clocks.last_height(found, pauses(ctx.store))
    if last <= ctx.block.height:
        return False
    key = (found.dispute_id, found.number)
    PLAYS.save(ctx.store, key, replace(found, deadline=last))
    CLOCKS.add(ctx.store, (last, key))
    return True


def end(ctx: Context, dispute: Dispute, found: Play, status: PlayStatus) -> Play:
    """End a line; its deposit is free, or is about to be taken."""
    key = (found.dispute_id, found.number)
    CLOCKS.remove(ctx.store, (found.deadline, key))
    OPEN_OF.remove(ctx.store, (found.opener, key))
    ended = replace(found, status=status)
    PLAYS.save(ctx.store, key, ended)
    if found.deposit:
        workers.release(ctx, found.author or found.opener, found.deposit)
    OPEN_OF.remove(ctx.store, (dispute.asserter, key))
    ctx.emit("LineEnded", dispute_id=found.dispute_id, number=found.number, status=status.name)
    return ended
