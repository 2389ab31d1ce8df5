"""Perplexity of the canonical integers against the float32 model they were made from, on text of this machine.

python benchmarks/perplexity.py [--tokens 20000] [--licences 5000] [--window 512] [--threads 2]

Target: at most +0.30 % on the Python language reference, which every CPython carries. Licences are shown beside it: a
model recites them, and recitation suffers more from rounded weights (all of the difference) than reading does.
"""

import argparse
import math
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.smollm2 import canonical_shard, print_table, real_model, tokenizer
from inference.engine.engine import Engine
from inference.engine.rows import TokenChunk

TARGET = 0.30


def python_reference() -> Iterator[str]:
    """Yield the language reference that every CPython carries for `help()`."""
    from pydoc_data.topics import topics

    yield from (topics[name] for name in sorted(topics))


def licences() -> Iterator[str]:
    """Yield licences of installed packages, each beginning once, in order of their paths: text known by heart."""
    folder = Path(sysconfig.get_paths()["purelib"])
    seen: set[str] = set()
    for path in sorted(path for path in folder.rglob("LICENSE*") if path.is_file()):
        text = path.read_text(errors="ignore")[:12_000]
        if len(text) > 2_000 and text[:400] not in seen:
            seen.add(text[:400])
            yield text


def first_ids(texts: Iterator[str], count: int) -> list[int]:
    """Return the first `count` ids of the texts."""
    encode = tokenizer().encode
    ids: list[int] = []
    while len(ids) < count:
        ids += encode(next(texts)).ids
    return ids[:count]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--licences", type=int, default=5_000)
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    engine = canonical_shard(threads=options.threads)
    real = real_model(torch.float32)
    texts = {
        "Python reference": (python_reference(), options.tokens),
        "package licences": (licences(), options.licences),
    }
    rows, excess = [], []
    for name, (text, tokens) in texts.items():
        predicted = options.window - 1
        count = -(-tokens // predicted) * options.window
        if not count:
            continue
        losses, agree, predictions = compare(engine, real, first_ids(text, count), options.window)
        rows.append(_row(name, losses, agree, predictions))
        excess.append(_excess(losses, predictions))
    print_table(
        f"perplexity, SmolLM2-135M, windows of {options.window} (target ≤ +{TARGET:.2f} % on the Python reference)",
        ["text", "predicted tokens", "float32", "integers", "difference", "top-1 agreement"],
        rows,
    )
    return 0 if excess[0] <= TARGET else 1


def compare(engine: Engine, real: Any, ids: list[int], window: int) -> tuple[list[float], int, int]:
    """Return the summed losses of integers and float32, equal first choices, and the number of predictions."""
    losses, agree, count = [0.0, 0.0], 0, 0
    for at in range(0, len(ids) - window + 1, window):
        piece = ids[at : at + window]
        targets = torch.tensor(piece[1:])
        session = engine.open(window)
        last = engine.forward(session, TokenChunk(tuple(piece)))[-1]
        engine.close(session)
        integer = torch.from_numpy(engine.logits(last[:-1])).float() / 65536.0
        with torch.inference_mode():
            floating = real(torch.tensor([piece])).logits[0, :-1]
        for index, logits in enumerate((integer, floating)):
            losses[index] += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
        agree += int((integer.argmax(-1) == floating.argmax(-1)).sum())
        count += len(targets)
        print(f"\r{count} tokens: {_excess(losses, count):+.3f} %  ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return losses, agree, count


def _row(name: str, losses: list[float], agree: int, count: int) -> list[str]:
    ours, theirs = (math.exp(loss / count) for loss in losses)
    share = f"{100 * agree / count:.2f} %"
    return [name, str(count), f"{theirs:.4f}", f"{ours:.4f}", f"{_excess(losses, count):+.3f} %", share]


def _excess(losses: list[float], count: int) -> float:
    """Return how much larger the integers' perplexity is, in percent."""
    return 100.0 * math.expm1((losses[0] - losses[1]) / count)


if __name__ == "__main__":
    sys.exit(main())
