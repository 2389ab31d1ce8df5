"""The verbs of the rates module."""

from chain.context import Context
from chain.modules.rates.genesis import validate_params
from chain.modules.rates.state import PARAMS
from chain.modules.rates.types import Params
from chain.store.overlay import Reader


def params(store: Reader) -> Params:
    """Return the parameters."""
    return PARAMS.load(store)


def save_params(ctx: Context, value: Params) -> None:
    """Replace the parameters. Raises: ValueError if lying would pay under them."""
    validate_params(value)
    PARAMS.save(ctx.store, value)
