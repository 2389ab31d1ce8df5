"""Tokens per second of one stream: the canonical engine against transformers `generate` in bfloat16, one process.

python benchmarks/decode.py [--threads 2] [--tokens 48] [--rounds 5]          target: at least 0.65 × bfloat16
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.smollm2 import canonical_shard, interleaved, print_table, real_model, seconds
from chain.modules.jobs.types import SamplerSpec
from inference.engine.rows import TokenChunk
from inference.engine.sampler import sample

TARGET = 0.65


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    engine = canonical_shard(threads=options.threads)
    real = real_model(torch.bfloat16)
    prompt = tuple(range(1000, 1128))

    def canonical() -> float:
        session = engine.open(len(prompt) + options.tokens + 1)
        rows = engine.forward(session, TokenChunk(prompt))[-1]
        token = sample(engine.logits(rows[-1:])[0], SamplerSpec(), b"", 0)

        def decode() -> None:
            nonlocal token
            for index in range(options.tokens):
                last = engine.forward(session, TokenChunk((token,)))[-1]
                token = sample(engine.logits(last)[0], SamplerSpec(), b"", index)

        return seconds(decode) / int(options.tokens)

    def generate(count: int) -> float:
        ids = torch.tensor([prompt])
        settings = {"max_new_tokens": count, "min_new_tokens": count, "do_sample": False, "pad_token_id": 2}
        with torch.inference_mode():
            return seconds(lambda: real.generate(ids, **settings))

    def rival() -> float:
        return (generate(options.tokens + 4) - generate(4)) / int(options.tokens)

    rival()
    ours, theirs = interleaved(options.rounds, canonical, rival)
    ratio = theirs / ours
    print_table(
        f"decode, SmolLM2-135M, prompt {len(prompt)}, {options.threads} threads, median of {options.rounds}",
        ["", "ms/token", "tokens/s"],
        [
            ["canonical engine", f"{ours * 1e3:.1f}", f"{1 / ours:.1f}"],
            ["transformers bf16 generate", f"{theirs * 1e3:.1f}", f"{1 / theirs:.1f}"],
            ["ratio", "", f"{ratio:.2f} × (target ≥ {TARGET})"],
        ],
    )
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
