"""Cost of one check: the batched recomputation of a 128-token answer against its generation, one process, one thread.

python benchmarks/check.py [--prompt 37] [--tokens 128] [--rounds 3]          target: at most 15 % of the generation
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.smollm2 import canonical_shard, interleaved, print_table, seconds
from chain.modules.jobs.types import SamplerSpec
from inference.engine.rows import RowChunk, TokenChunk
from inference.engine.sampler import logit_checksum, sample

TARGET = 15.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt", type=int, default=37)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engine = canonical_shard(threads=options.threads)
    prompt = tuple(range(1000, 1000 + options.prompt))
    capacity = options.prompt + options.tokens
    answer: list[int] = []
    generated: list[list[RowChunk]] = []

    def generate() -> float:
        answer.clear()
        generated.clear()

        def work() -> None:
            session = engine.open(capacity)
            generated.append(engine.forward(session, TokenChunk(prompt)))
            while True:
                logits = engine.logits(generated[-1][-1][-1:])[0]
                logit_checksum(logits)
                answer.append(sample(logits, SamplerSpec(), b"", len(answer)))
                if len(answer) == options.tokens:
                    return
                generated.append(engine.forward(session, TokenChunk((answer[-1],))))

        return seconds(work)

    def check() -> float:
        found: list[RowChunk] = []

        def work() -> None:
            session = engine.open(capacity)
            found.extend(engine.forward(session, TokenChunk(prompt + tuple(answer[:-1]))))
            logits = engine.logits(found[-1][options.prompt - 1 :])
            assert [int(row.argmax()) for row in logits] == answer

        elapsed = seconds(work)
        expected = [RowChunk.stack(layer) for layer in zip(*generated, strict=True)]
        assert all(a.equals(b) for a, b in zip(found, expected, strict=True)), "the check found other rows"
        return elapsed

    generate()
    made, checked = interleaved(options.rounds, generate, check)
    share = 100 * checked / made
    print_table(
        f"check of {options.tokens} tokens, prompt {options.prompt}, whole model, {options.threads} thread(s)",
        ["", "seconds"],
        [
            ["generation", f"{made:.2f}"],
            ["batched recomputation, all rows equal", f"{checked:.2f}"],
            ["share", f"{share:.1f} % (target ≤ {TARGET:.0f} %)"],
        ],
    )
    return 0 if share <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
