"""The verbs of the models module."""

from dataclasses import replace

from chain.context import Context
from chain.errors import Code, Rejected
from chain.modules.models import rules
from chain.modules.models.state import MODELS, NAMES, NameEntry
from chain.modules.models.types import Model, ModelHeader
from chain.store.overlay import Reader


def register(ctx: Context, owner: bytes, name: str, header: ModelHeader, tensor_digests: tuple[bytes, ...]) -> Model:
    """Write a model. Raises: Rejected: MODEL_INVALID, MODEL_EXISTS."""
    broken = rules.find_broken_bound(name, header)
    if broken is not None:
        raise Rejected(Code.MODEL_INVALID, broken)
    if len(tensor_digests) != rules.num_tensors(header) or any(len(digest) != 32 for digest in tensor_digests):
        raise Rejected(Code.MODEL_INVALID, f"tensor_digests: {rules.num_tensors(header)} of 32 bytes")
    root = rules.model_root(header, tensor_digests)
    if MODELS.has(ctx.store, root):
        raise Rejected(Code.MODEL_EXISTS, "the same model is registered")
    if NAMES.has(ctx.store, name):
        raise Rejected(Code.MODEL_EXISTS, f"the name {name} is taken; choose another")
    model = Model(root, name, header, owner, ctx.block.height)
    MODELS.save(ctx.store, root, model)
    NAMES.save(ctx.store, name, NameEntry(root))
    return model


def find_model(store: Reader, model_root: bytes) -> Model | None:
    """Return a model, or None."""
    return MODELS.find(store, model_root) if len(model_root) == 32 else None


def model(store: Reader, model_root: bytes) -> Model:
    """Return a model. Raises: Rejected: UNKNOWN_MODEL."""
    found = find_model(store, model_root)
    if found is None:
        raise Rejected(Code.UNKNOWN_MODEL, f"no model {model_root[:32].hex()} is registered; query the models")
    return found


def find_by_name(store: Reader, name: str) -> Model | None:
    """Return the model of a name, or None."""
    entry = NAMES.find(store, name)
    return None if entry is None else MODELS.find(store, entry.model_root)


def freeze(ctx: Context, model_root: bytes) -> None:
    """Take no new jobs for a model that breaks a bound."""
    MODELS.save(ctx.store, model_root, replace(model(ctx.store, model_root), is_frozen=True))
    ctx.emit("ModelFrozen", model_root=model_root.hex())
