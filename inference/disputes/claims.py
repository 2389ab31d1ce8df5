"""The evidence of claims: what a holder of signed receipts and of a committed list can show the chain."""

from collections.abc import Sequence

from chain.crypto.merkle import open_range
from chain.modules.disputes.types import Opening, Prefix
from inference.disputes.model import ModelFiles


def prefix_of(digests: Sequence[bytes], count: int, blind: bytes = b"") -> Prefix:
    """Return the opening of item `count - 1` of a committed list; `blind` for rows. Raises: ValueError."""
    siblings = open_range(digests, count - 1, 1)
    return Prefix(digests[count - 1], b"".join(siblings), blind)


def row_opening(model: ModelFiles, tensor: int, row: int) -> Opening:
    """Return the opening of one row of a model; `tensor` is its place in the model's list."""
    siblings = (*open_range(model.digests(tensor), row, 1), *open_range(model.roots, tensor, 1))
    return Opening((model.row(tensor, row),), b"".join(siblings))
