"""What the benchmarks of the engine share: SmolLM2 in both forms, and the table they print."""

import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from chain.node.go_tools import cache_directory
from inference.engine.engine import Engine
from inference.models.sources import smollm2 as source
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from localnet.model import smollm2

LAYERS = 30


def canonical_shard(start: int = 0, end: int = LAYERS, *, threads: int) -> Engine:
    """Return layers [start, end) of the canonical model with whatever belongs to their ends."""
    model = smollm2()
    spec = ShardSpec(model.root, start, end)
    shard = load(model.directory, spec, with_embedding=start == 0, with_head=end == LAYERS)
    return Engine(shard, threads=threads)


def real_model(dtype: Any) -> Any:
    """Return the same weights in transformers."""
    transformers: Any = importlib.import_module("transformers")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    path = source(cache_directory() / "models")
    loaded = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype)
    return loaded.eval()


def tokenizer() -> Any:
    """Return the canonical model's tokenizer."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(smollm2().directory / "tokenizer.json"))


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(rounds: int, *candidates: Callable[[], float]) -> list[float]:
    """Return the median of each candidate's results; candidates take turns, so disturbances hit all of them."""
    results: list[list[float]] = [[] for _ in candidates]
    for _ in range(rounds):
        for kept, candidate in zip(results, candidates, strict=True):
            kept.append(candidate())
    return [statistics.median(kept) for kept in results]


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
