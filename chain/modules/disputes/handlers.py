"""What may be asked of the disputes module: the moves of the game."""

from dataclasses import replace

from chain.context import Context
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.disputes import clocks, fees, keeper, plays, verdicts
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.shape import UnitShape
from chain.modules.disputes.types import (
    Dispute,
    DisputeStatus,
    Line,
    MsgChoose,
    MsgMoveResponse,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    MsgReveal,
    Play,
    Round,
    Side,
    Turn,
    Verdict,
)
from chain.modules.workers import keeper as workers

MOVE_GAS = 60_000
"""A reveal, choice or new line, beside its bytes."""
PROOF_GAS = 250_000
"""A proof: at most a millisecond of arithmetic and the hashes of its openings."""


def reveal(ctx: Context, msg: MsgReveal) -> MsgMoveResponse:
    """Post what the asserter committed to. Raises: Rejected: NOT_YOUR_TURN, WRONG_ROUND, REVEAL_INVALID, and others."""
    dispute, found, operator = _begin(ctx, msg.sender, msg.dispute_id, msg.number)
    plays.require_move(ctx, found)
    ground = plays.ground(ctx.store, ctx.block.chain, dispute)
    is_unsealed = found.line.round == Round.SECTIONS and not (ground.seal or ground.body_root)
    if (is_unsealed or _is_lazy(ground.shape, found.line)) and operator != dispute.asserter:
        raise Rejected(Code.NOT_YOUR_LINE, "only the asserter binds itself; post the list with a deposit instead")
    line = game.reveal(found.line, ground, msg.move)
    if msg.move.bare is not None:
        plays.record_opening(ctx, dispute, line, msg.move.bare.salt)
    verdicts.end_lists(ctx, dispute, found)
    paid = found.asserter_fees + fees.least(ctx, MOVE_GAS, msg.move)
    after = plays.move(ctx, replace(found, asserter_fees=paid), line)
    response = _moved(ctx, after)
    if msg.move.bare is not None:
        verdicts.end_silence(ctx, dispute)
    return response


def choose(ctx: Context, msg: MsgChoose) -> MsgMoveResponse:
    """Name the first digest that differs. Raises: Rejected: NOT_YOUR_LINE, CHOICE_INVALID, and others."""
    dispute, found, operator = _begin(ctx, msg.sender, msg.dispute_id, msg.number)
    if operator != found.opener:
        raise Rejected(Code.NOT_YOUR_LINE, "only the line's opener chooses; open another line instead")
    plays.require_move(ctx, found)
    line = game.choose(found.line, plays.ground(ctx.store, ctx.block.chain, dispute), msg.move)
    paid = found.fees + fees.least(ctx, MOVE_GAS, msg.move)
    return _moved(ctx, plays.move(ctx, replace(found, fees=paid), line))


def prove(ctx: Context, msg: MsgProve) -> MsgMoveResponse:
    """Open what the last step reads. Raises: Rejected: PROOF_INVALID, NOT_YOUR_LINE, and others."""
    dispute, found, operator = _begin(ctx, msg.sender, msg.dispute_id, msg.number)
    plays.require_move(ctx, found)
    ground = plays.ground(ctx.store, ctx.block.chain, dispute)
    verdict = game.judge(found.line, ground, msg.proof)
    if verdict == Verdict.UPHELD and operator != found.opener:
        raise Rejected(Code.NOT_YOUR_LINE, "the step is right; only the line's opener may lose it")
    over = replace(
        found,
        line=replace(found.line, turn=Turn.OVER),
        fees=found.fees + fees.least(ctx, PROOF_GAS, msg.proof),
        proof_height=ctx.block.height,
    )
    ctx.emit("StepJudged", dispute_id=over.dispute_id, number=over.number, verdict=verdict.name)
    verdicts.decide(ctx, dispute, over, verdict)
    return MsgMoveResponse(over.number, over.line.round, Turn.OVER, verdict)


def open_line(ctx: Context, msg: MsgOpenLine) -> MsgMoveResponse:
    """Choose otherwise at a recorded reveal. Raises: Rejected: LINES_CLOSED, TOO_MANY_LINES, CHOICE_INVALID, others."""
    dispute, found, operator = _begin(ctx, msg.sender, msg.dispute_id, msg.number)
    last = clocks.lines_end(dispute, plays.pauses(ctx.store))
    if ctx.block.height > last:
        raise Rejected(Code.LINES_CLOSED, f"lines were opened until height {last}")
    if operator == dispute.asserter:
        raise Rejected(Code.NOT_YOUR_LINE, "the asserter opens no lines against itself")
    plays.count_move(ctx, plays.params(ctx.store), plays.pauses(ctx.store))
    ground = plays.ground(ctx.store, ctx.block.chain, dispute)
    line = game.choose(game.branch(found.line, msg.move.round), ground, msg.move)
    paid = fees.least(ctx, MOVE_GAS, msg.move)
    source = replace(found, choice_heights=plays.marked(found.choice_heights, msg.move.round, ctx.block.height))
    return _moved(ctx, plays.add(ctx, dispute, operator, line, source, fees=paid))


def post_lazy(ctx: Context, msg: MsgPostLazy) -> MsgMoveResponse:
    """Post an unbound list for a silent asserter. Raises: Rejected: TOO_EARLY, TOO_MANY_LINES, and others."""
    dispute, found, operator = _begin(ctx, msg.sender, msg.dispute_id, msg.number)
    plays.require_move(ctx, found)
    ground = plays.ground(ctx.store, ctx.block.chain, dispute)
    if not _is_lazy(ground.shape, found.line):
        raise Rejected(Code.NOT_YOUR_TURN, "the line waits for nothing that is not bound already")
    if operator in (dispute.asserter, found.opener):
        raise Rejected(Code.NOT_YOUR_LINE, "the line's own sides post nothing in the other's place")
    values, paused, height = plays.params(ctx.store), plays.pauses(ctx.store), ctx.block.height
    if not clocks.is_last_quarter(values, found, height, paused):
        raise Rejected(Code.TOO_EARLY, "lists are taken from others in the last quarter of the asserter's clock")
    line = game.reveal(found.line, ground, msg.move)
    source = replace(found, heights=plays.marked(found.heights, found.line.round, height))
    return _moved(ctx, plays.add(ctx, dispute, found.opener, line, source, author=operator, parent=found.number + 1))


def _begin(ctx: Context, sender: str, dispute_id: int, number: int) -> tuple[Dispute, Play, bytes]:
    """Return dispute, line and the sender's operator. Raises: Rejected: UNKNOWN_WORKER, LINE_OVER, and others."""
    plays.params(ctx.store)
    worker = workers.find_by_address(ctx.store, address_of(sender, "sender"))
    if worker is None:
        raise Rejected(Code.UNKNOWN_WORKER, "only workers move; register one first")
    dispute = keeper.dispute(ctx.store, dispute_id)
    found = plays.play(ctx.store, dispute_id, number)
    if dispute.status != DisputeStatus.OPEN:
        raise Rejected(Code.LINE_OVER, f"the dispute is {dispute.status.name}")
    return dispute, found, worker.operator


def _is_lazy(shape: UnitShape, line: Line) -> bool:
    """Tell whether the line waits for a list to which the asserter is not bound yet."""
    if line.turn != Turn.REVEAL:
        return False
    return line.round == Round.OPS or (line.round == Round.ITEMS and bool(shape.num_trees(line.section)))


def _moved(ctx: Context, after: Play) -> MsgMoveResponse:
    line = after.line
    by = Side.CHALLENGER if line.turn == Turn.REVEAL else Side.ASSERTER
    if line.turn == Turn.PROVE and line.round == Round.STEP:
        by = Side.CHALLENGER
    ctx.emit(
        "DisputeMoved",
        dispute_id=after.dispute_id,
        number=after.number,
        by=by.name,
        round=line.round.name,
        turn=line.turn.name,
        deadline=after.deadline,
    )
    return MsgMoveResponse(after.number, line.round, line.turn, after.verdict)
