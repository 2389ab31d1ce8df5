"""What users may ask of the models module."""

from chain.context import Context
from chain.modules.accounts.keeper import address_of
from chain.modules.models import keeper
from chain.modules.models.types import MsgRegisterModel, MsgRegisterModelResponse


def register_model(ctx: Context, msg: MsgRegisterModel) -> MsgRegisterModelResponse:
    """Register a canonical model. Raises: Rejected: MODEL_INVALID, MODEL_EXISTS."""
    ctx.gas.charge(50 * len(msg.tensor_digests), "tensor digests")
    model = keeper.register(ctx, address_of(msg.sender, "sender"), msg.name, msg.header, msg.tensor_digests)
    ctx.emit("ModelRegistered", model_root=model.model_root.hex(), name=model.name)
    return MsgRegisterModelResponse(model.model_root)
