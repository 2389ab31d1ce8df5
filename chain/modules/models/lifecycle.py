"""The models module at genesis."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.crypto.keys import module_address
from chain.errors import InvariantBroken, Rejected
from chain.json_form import from_json
from chain.modules.models import keeper
from chain.modules.models.state import MODELS
from chain.modules.models.types import ModelHeader
from chain.store.codec import record


@record
class GenesisModel:
    """A model that a chain begins with."""

    name: str
    header: ModelHeader
    tensor_digests: tuple[bytes, ...]


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"models": [{"name", "header", "tensor_digests"}…]}`. Raises: ValueError naming the broken bound."""
    for entry in from_json(tuple[GenesisModel, ...], genesis.get("models", []), "models.models"):
        try:
            keeper.register(ctx, module_address("models"), entry.name, entry.header, entry.tensor_digests)
        except Rejected as rejected:
            raise ValueError(f"models.{entry.name}: {rejected.detail}") from rejected


def check_invariants(ctx: QueryContext) -> None:
    """Check that every model is found by its name. Raises: InvariantBroken."""
    for model in MODELS.values(ctx.store):
        if keeper.find_by_name(ctx.store, model.name) != model:
            raise InvariantBroken(f"model {model.model_root.hex()} is not what its name {model.name} leads to")
