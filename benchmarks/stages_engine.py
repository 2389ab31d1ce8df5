"""Engine work of three stages against one process, without network: the ceiling of a pipeline, and what batching gives.

python benchmarks/stages_engine.py [--tokens 32] [--rounds 3]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.smollm2 import canonical_shard, interleaved, print_table, seconds
from inference.engine.engine import Engine
from inference.engine.rows import RowChunk, TokenChunk

PROMPT = tuple(range(1000, 1064))


def time_streams(stages: list[Engine], streams: int, tokens: int) -> float:
    """Return seconds per token of `streams` sessions that all stages step together."""
    sessions = [[stage.open(len(PROMPT) + tokens) for _ in range(streams)] for stage in stages]

    def advance(ids: list[tuple[int, ...]]) -> list[int]:
        chunks: list[TokenChunk | RowChunk] = [TokenChunk(chunk) for chunk in ids]
        for stage, own in zip(stages, sessions, strict=True):
            chunks = [rows[-1] for rows in stage.step(list(zip(own, chunks, strict=True)))]
        last = RowChunk.stack([chunk[-1:] for chunk in chunks if isinstance(chunk, RowChunk)])
        return [int(row.argmax()) for row in stages[-1].logits(last)]

    tokens_now = advance([PROMPT] * streams)

    def decode() -> None:
        nonlocal tokens_now
        for _ in range(tokens):
            tokens_now = advance([(token,) for token in tokens_now])

    return seconds(decode) / (tokens * streams)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    whole = [canonical_shard(threads=1)]
    thirds = [canonical_shard(start, start + 10, threads=1) for start in (0, 10, 20)]
    one, split, batched = interleaved(
        options.rounds,
        lambda: time_streams(whole, 1, options.tokens),
        lambda: time_streams(thirds, 1, options.tokens),
        lambda: time_streams(thirds, 3, options.tokens),
    )
    print_table(
        "engine work per token, 1 thread",
        ["", "ms/token", "tokens/s", "against one shard"],
        [
            [name, f"{value * 1e3:.1f}", f"{1 / value:.1f}", f"{one / value:.2f} ×"]
            for name, value in (
                ("one shard of 30 layers", one),
                ("three shards of 10 layers, one after another", split),
                ("three shards, three streams stepped together", batched),
            )
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
