"""Run a converted model on a fixed text and count the activations that met a limit.

The counts are read from what the engine leaves behind (cached keys and values, rows), so they are exact integers and
equal on every machine.
"""

from pathlib import Path

import numpy as np

from inference.engine.engine import Engine
from inference.engine.rows import TokenChunk
from inference.models.format import TOKENIZER_FILE
from inference.numerics.constants import MAX_SHIFT, QUERY_LIMIT, ROW_LIMIT
from inference.shards.loader import LoadedShard

POSITIONS = 192
"""Length of the calibration run, at most."""
_VALUE_LIMIT = 32767

TEXT = """<|im_start|>user
Explain in a few sentences why the sky is blue, then write a Python function that adds two numbers.<|im_end|>
<|im_start|>assistant
Sunlight is scattered by the molecules of the air. Blue light, with its shorter wavelength, is scattered far more than
red light (the intensity grows with 1/λ⁴), so it reaches our eyes from every direction: 400–450 nm vs. 700 nm.

```python
def add(a: int, b: int) -> int:
    return a + b  # 2 + 2 == 4
```
Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to deal in the Software
without restriction. La bibliothèque est ouverte de 9 h à 18 h; 東京は日本の首都です。<|im_end|>
"""


def calibration_ids(directory: Path, vocabulary: int, positions: int) -> tuple[int, ...]:
    """Return the ids of the calibration text, or a ramp of ids for a model without a tokenizer."""
    data = (directory / TOKENIZER_FILE).read_text()
    if not data:
        return tuple(index % vocabulary for index in range(positions))
    from tokenizers import Tokenizer

    ids = Tokenizer.from_str(data).encode(TEXT).ids
    return tuple(token for token in ids if token < vocabulary)[:positions]


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
