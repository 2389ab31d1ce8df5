"""The models module."""

from chain.module import Message, Module, QueryMethod
from chain.modules.models import handlers, lifecycle, queries
from chain.modules.models.types import (
    MsgRegisterModel,
    QueryModelRequest,
    QueryModelResponse,
    QueryModelsRequest,
    QueryModelsResponse,
)

SERVICE = "ostraka.models.v1.Query"

MODULE = Module(
    name="models",
    messages=(
        Message("/ostraka.models.v1.MsgRegisterModel", MsgRegisterModel, "sender", handlers.register_model, 200_000),
    ),
    queries=(
        QueryMethod(f"{SERVICE}/Model", QueryModelRequest, QueryModelResponse, queries.model),
        QueryMethod(f"{SERVICE}/Models", QueryModelsRequest, QueryModelsResponse, queries.models),
    ),
    init_genesis=lifecycle.init_genesis,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""
