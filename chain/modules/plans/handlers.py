"""What users may ask of the plans module."""

from chain.context import Context
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.models import keeper as models
from chain.modules.plans import keeper
from chain.modules.plans.types import MsgSubmitPlan, MsgSubmitPlanResponse, Stage


def submit_plan(ctx: Context, msg: MsgSubmitPlan) -> MsgSubmitPlanResponse:
    """Offer a plan. Raises: Rejected: UNKNOWN_MODEL, MODEL_FROZEN, PLAN_INVALID, TOO_FEW_CHECKERS, PLAN_EXISTS …"""
    sender = address_of(msg.sender, "sender")
    model = models.model(ctx.store, msg.model_root)
    if model.is_frozen:
        raise Rejected(Code.MODEL_FROZEN, "the model takes no new jobs")
    most = keeper.params(ctx.store).max_stages
    if len(msg.stages) > most:
        raise Rejected(Code.PLAN_INVALID, f"a plan has 1 to {most} stages")
    stages = tuple(Stage(address_of(stage.operator, "operator"), stage.start, stage.end) for stage in msg.stages)
    return MsgSubmitPlanResponse(keeper.submit(ctx, sender, model, stages).plan_id)
