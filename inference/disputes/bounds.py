"""Rows of a model that break a bound, found in the files of a model that a worker could not load."""

from chain.crypto.merkle import open_range
from chain.modules.disputes import bounds
from chain.modules.disputes.game.shape import num_tensors
from chain.modules.disputes.types import MsgClaimBounds, Opening
from inference.disputes.model import ModelFiles
from inference.models.format import model_root


def row_opening(model: ModelFiles, tensor: int, row: int) -> Opening:
    """Return the opening of one row of a model; `tensor` is its place in the model's list."""
    siblings = (*open_range(model.digests(tensor), row, 1), *open_range(model.roots, tensor, 1))
    return Opening((model.row(tensor, row),), b"".join(siblings))


def find_broken_row(model: ModelFiles, sender: str) -> MsgClaimBounds | None:
    """Return the claim about the first row that breaks a bound, or None if none does."""
    root = model_root(model.header, list(model.roots[1:]))
    for tensor in range(1, num_tensors(model.header)):
        for row, body in enumerate(model.rows(tensor)):
            if bounds.find_broken_bound(model.header, tensor, row, body) is not None:
                return MsgClaimBounds(sender, root, tensor, row, row_opening(model, tensor, row))
    return None
