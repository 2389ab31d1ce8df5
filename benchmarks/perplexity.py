"""Perplexity of the canonical integers against the float32 model they were made from, on text of this machine.

python benchmarks/perplexity.py [--tokens 20000] [--window 512] [--threads 2]

Target: at most +0.30 % on one text, half of it the Python language reference that every CPython carries, half licences
of packages that the worker needs. Both halves are shown alone too: a model recites licences, and recitation suffers
more from rounded weights than reading does.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from importlib.metadata import distribution
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


LICENCES = (
    "grpcio",
    "transformers",
    "numpy",
    "certifi",
    "idna",
    "click",
    "packaging",
    "cffi",
    "protobuf",
    "regex",
    "tqdm",
)
"""Distributions whose licence files are read, in this order; without torch, which repeats two licences thirty times."""


def licences() -> Iterator[str]:
    """Yield the licences of `LICENCES`, at most 12,000 characters of each, each beginning once."""
    seen: set[str] = set()
    for name in LICENCES:
        files = (file for file in distribution(name).files or () if file.name.startswith(("LICENSE", "LICENCE")))
        for file in sorted(files, key=str):
            text = Path(str(file.locate())).read_text(errors="ignore")[:12_000]
            if len(text) > 900 and text[:400] not in seen:
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
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    engine = canonical_shard(threads=options.threads)
    real = real_model(torch.float32)
    predicted = options.window - 1
    count = -(-options.tokens // (2 * predicted)) * options.window
    texts = {"Python reference": python_reference(), "licences": licences()}
    parts = {name: compare(engine, real, first_ids(text, count), options.window) for name, text in texts.items()}
    whole = sum(parts.values(), Comparison())
    print_table(
        f"perplexity, SmolLM2-135M, windows of {options.window} (target ≤ +{TARGET:.2f} % on both together)",
        ["text", "predicted tokens", "float32", "integers", "difference", "KL divergence", "top-1 agreement"],
        [part.row(name) for name, part in {**parts, "both": whole}.items()],
    )
    return 0 if whole.excess <= TARGET else 1


@dataclass
class Comparison:
    """Sums over the predictions of a text, in nats."""

    integers: float = 0.0
    """Losses of the integers."""
    floats: float = 0.0
    """Losses of float32."""
    divergence: float = 0.0
    """KL(float32 ‖ integers)."""
    agreeing: int = 0
    """Equal first choices."""
    count: int = 0

    def __add__(self, other: "Comparison") -> "Comparison":
        mine, theirs = astuple(self), astuple(other)
        return Comparison(*(a + b for a, b in zip(mine, theirs, strict=True)))

    @property
    def excess(self) -> float:
        """How much larger the integers' perplexity is, in percent."""
        return 100.0 * math.expm1((self.integers - self.floats) / self.count)

    def row(self, name: str) -> list[str]:
        """Return the line of the table."""
        figures = [f"{math.exp(loss / self.count):.4f}" for loss in (self.floats, self.integers)]
        share = f"{100 * self.agreeing / self.count:.2f} %"
        divergence = f"{self.divergence / self.count:.5f}"
        return [name, str(self.count), *figures, f"{self.excess:+.3f} %", divergence, share]


def compare(engine: Engine, real: Any, ids: list[int], window: int) -> Comparison:
    """Run both models over windows of `ids`."""
    total = Comparison()
    for at in range(0, len(ids) - window + 1, window):
        piece = ids[at : at + window]
        targets = torch.tensor(piece[1:])[:, None]
        session = engine.open(window)
        last = engine.forward(session, TokenChunk(tuple(piece)))[-1]
        engine.close(session)
        integer = (torch.from_numpy(engine.logits(last[:-1])).float() / 65536.0).log_softmax(-1)
        with torch.inference_mode():
            floating = real(torch.tensor([piece])).logits[0, :-1].log_softmax(-1)
        total += Comparison(
            -float(integer.gather(1, targets).sum()),
            -float(floating.gather(1, targets).sum()),
            float((floating.exp() * (floating - integer)).sum()),
            int((integer.argmax(-1) == floating.argmax(-1)).sum()),
            len(targets),
        )
        print(f"\r{total.count} tokens: {total.excess:+.3f} %  ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return total


if __name__ == "__main__":
    sys.exit(main())
