"""Perplexity of the canonical integers against the float32 model they were made from, on local text.

python benchmarks/perplexity.py [--tokens 20480] [--window 512] [--threads 2]      target: at most +0.30 %
"""

import argparse
import math
import sys
import sysconfig
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.smollm2 import canonical_shard, print_table, real_model, tokenizer
from inference.engine.rows import TokenChunk

TARGET = 0.30
_PATTERNS = ("LICENSE*", "*.rst", "METADATA")


def local_text(needed: int) -> list[int]:
    """Return ids of licences and documents of installed packages, each text once, in order of their paths."""
    encode = tokenizer().encode
    folder = Path(sysconfig.get_paths()["purelib"])
    seen: set[str] = set()
    ids: list[int] = []
    for path in sorted({path for pattern in _PATTERNS for path in folder.rglob(pattern) if path.is_file()}):
        text = path.read_text(errors="ignore")[:12_000]
        if len(text) > 2_000 and text[:400] not in seen:
            seen.add(text[:400])
            ids += encode(text).ids
        if len(ids) >= needed:
            break
    return ids[:needed]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--tokens", type=int, default=20_480)
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    engine = canonical_shard(threads=options.threads)
    real = real_model(torch.float32)
    ids = local_text(options.tokens)
    losses, agree, count = [0.0, 0.0], 0, 0
    for at in range(0, len(ids) - options.window + 1, options.window):
        window = ids[at : at + options.window]
        targets = torch.tensor(window[1:])
        session = engine.open(options.window)
        rows = engine.forward(session, TokenChunk(tuple(window)))[-1]
        engine.close(session)
        integer = torch.from_numpy(engine.logits(rows[:-1])).float() / 65536.0
        with torch.inference_mode():
            floating = real(torch.tensor([window])).logits[0, :-1]
        for index, logits in enumerate((integer, floating)):
            losses[index] += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
        agree += int((integer.argmax(-1) == floating.argmax(-1)).sum())
        count += len(targets)
        print(f"\r{count} tokens: {_excess(losses, count):+.3f} %", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    ours, theirs = (math.exp(loss / count) for loss in losses)
    excess = _excess(losses, count)
    print_table(
        f"perplexity, SmolLM2-135M, {count} predicted tokens in windows of {options.window}",
        ["", "perplexity", "top-1 agreement"],
        [
            ["float32", f"{theirs:.4f}", ""],
            ["canonical integers", f"{ours:.4f}", f"{100 * agree / count:.2f} %"],
            ["difference", f"{excess:+.3f} % (target ≤ +{TARGET:.2f} %)", ""],
        ],
    )
    return 0 if excess <= TARGET else 1


def _excess(losses: list[float], count: int) -> float:
    """Return how much larger the integers' perplexity is, in percent."""
    return 100.0 * math.expm1((losses[0] - losses[1]) / count)


if __name__ == "__main__":
    sys.exit(main())
