"""From logits to a token, in integers only, reproducible from the job's seed."""

import numpy as np
import numpy.typing as npt

from chain.crypto.hashing import sha256, u32
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.numerics.tables import exp2_table

MAX_TOP_K = 256
"""Largest top_k of a sampler."""
_MAX_DIFFERENCE = (1 << 31) - 1

Logits = npt.NDArray[np.int32]


def sample(logits_row: Logits, spec: SamplerSpec, seed: bytes, index: int) -> int:
    """Return the token of output `index` from its logits [V].

    Greedy takes the largest logit, the lowest id on ties. Temperature weighs each id with
    EXP2[dd & 4095] >> min(dd >> 12, 31), dd = ((best − logit)·inverse_temperature) >> 16, and takes the first whose
    running sum exceeds r = (u·S) >> 64; ids ascend, under top_k the k best ids in order of falling logit.
    """
    if spec.kind == SamplerKind.GREEDY:
        return int(np.argmax(logits_row))
    logits = logits_row.astype(np.int64)
    ids = best_ids(logits, spec.top_k) if spec.top_k else None
    if ids is not None:
        logits = logits[ids]
    difference = np.minimum(((logits.max() - logits) * spec.inverse_temperature) >> 16, _MAX_DIFFERENCE)
    weights = exp2_table()[difference & 4095] >> np.minimum(difference >> 12, 31)
    running = np.cumsum(weights)
    place = int(np.searchsorted(running, threshold(seed, index, int(running[-1])), side="right"))
    return place if ids is None else int(ids[place])


def threshold(seed: bytes, index: int, total: int) -> int:
    """Return r = (u·total) >> 64 with u drawn from the seed for output `index`."""
    u = int.from_bytes(sha256(b"ostraka/sample", seed, u32(index))[:8], "little")
    return (u * total) >> 64


def best_ids(logits: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return the `count` best ids: logit descending, id ascending."""
    order = np.argsort(-logits, kind="stable")
    return order[:count]


def logit_checksum(row: Logits) -> tuple[int, int]:
    """Return (largest logit, exact sum of all logits): what the last stage commits to per output."""
    return int(row.max()), int(row.sum(dtype=np.int64))
