"""The fixed text of the conversion, and what saturates on it: count the activations of a model that met a limit.

The counts are read from what the engine leaves behind (cached keys and values, rows), so they are exact integers and
equal on every machine.
"""

from pathlib import Path

import numpy as np

from inference.engine.engine import Engine
from inference.engine.rows import TokenChunk
from inference.numerics.constants import MAX_SHIFT, QUERY_LIMIT, ROW_LIMIT
from inference.shards.loader import LoadedShard

TOKENS = 4096
"""Length of the text for which weights are rounded, at most."""
TOKENS_PER_COLUMN = 4
"""Fewer do for a smaller model: this many per column of its widest map."""
POSITIONS = 192
"""Length of the run in which saturation is counted, at most."""
_VALUE_LIMIT = 32767

TEXT = Path(__file__).parent / "calibration.txt"
"""Chat, terms of use, manuals, code, tables, prose, mathematics; written for this purpose: 4,200 tokens of SmolLM2."""


def calibration_ids(tokenizer: bytes, vocabulary: int, count: int) -> tuple[int, ...]:
    """Return at most `count` ids of the calibration text, or a ramp of ids for a model without a tokenizer."""
    if not tokenizer:
        return tuple(index % vocabulary for index in range(count))
    from tokenizers import Tokenizer

    ids = Tokenizer.from_buffer(tokenizer).encode(TEXT.read_text()).ids
    return tuple(token for token in ids if token < vocabulary)[:count]


def saturation(shard: LoadedShard, ids: tuple[int, ...]) -> dict[str, int]:
    """Return how many cached values, keys and residuals met their limits on `ids`."""
    engine = Engine(shard)
    session = engine.open(len(ids))
    rows = engine.forward(session, TokenChunk(ids))
    count = session.position
    values = sum(int((cache.values[:, :count].abs() >= _VALUE_LIMIT).sum()) for cache in session.layers)
    keys = sum(int((cache.scales[:, :, :count] == QUERY_LIMIT).sum()) for cache in session.layers)
    residuals = 0
    for layer in rows:
        widest = np.repeat(layer.shifts == MAX_SHIFT, layer.values.shape[1] // layer.shifts.shape[1], axis=1)
        residuals += int((widest & (np.abs(layer.values) == ROW_LIMIT)).sum())
    return {"values": values, "keys": keys, "residuals": residuals}
