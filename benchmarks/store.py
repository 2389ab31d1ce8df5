"""CPU of one block's writes: our authenticated, versioned store against what a Python program could use instead.

The same random blocks go to each engine in turn, in one process: 85 % updates, 12 % inserts, 3 % deletions of 26-byte
keys with 64-byte values. Rivals: LevelDB alone (one synced batch; no root, no versions, no proofs: the floor), and
`trie.HexaryTrie` over a dict (Ethereum's tree; a root and proofs, but neither disk nor versions), where the package
`trie` is installed. Time is CPU of the writing thread; LevelDB's compaction runs beside it and is the difference to the
process's CPU in the last column.
"""

import argparse
import gc
import importlib.util
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chain.store.database import Database
from chain.store.store import Store

Block = dict[bytes, bytes | None]
LOAD_CHUNK = 10_000
"""Keys per block while an engine is filled."""
BUDGET_MS = 35
"""CPU that 1,000 writes into 100,000 keys may take."""


@dataclass(frozen=True)
class Figures:
    """CPU of one engine for blocks of one size, in milliseconds."""

    engine: str
    writes: int
    median_ms: float
    best_ms: float
    worst_ms: float
    commit_ms: float
    """Median part of writing to disk; 0 for an engine without one."""
    process_ms: float
    """Mean CPU of the whole process per block."""


Write = Callable[[Block], float]
"""Applies one block and returns the CPU seconds of the part that writes to disk."""


class Traffic:
    """Random blocks over a growing and shrinking set of keys."""

    def __init__(self, keys: int, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.keys = [self.key() for _ in range(keys)]

    def key(self) -> bytes:
        return b"\x02" + self.random.randbytes(20) + b"uostr"

    def value(self) -> bytes:
        return self.random.randbytes(64)

    def block(self, writes: int) -> Block:
        changes: Block = {}
        while len(changes) < writes:
            kind = self.random.random()
            if kind < 0.85:
                changes[self.random.choice(self.keys)] = self.value()
            elif kind < 0.97:
                self.keys.append(self.key())
                changes[self.keys[-1]] = self.value()
            else:
                index = self.random.randrange(len(self.keys))
                self.keys[index], self.keys[-1] = self.keys[-1], self.keys[index]
                changes[self.keys.pop()] = None
        return changes


def our_store(path: Path) -> Write:
    store = Store.open(path / "store", ["bank"])

    def write(block: Block) -> float:
        store.stage({"bank": block}, store.version + 1)
        start = time.thread_time()
        store.commit()
        return time.thread_time() - start

    return write


def plain_leveldb(path: Path) -> Write:
    database = Database(path / "plain")

    def write(block: Block) -> float:
        start = time.thread_time()
        puts = [(key, value) for key, value in block.items() if value is not None]
        database.write(puts, [key for key, value in block.items() if value is None], sync=True)
        return time.thread_time() - start

    return write


def hexary_trie(_path: Path) -> Write:
    trie: Any = importlib.import_module("trie").HexaryTrie({}, prune=True)

    def write(block: Block) -> float:
        with trie.squash_changes() as batch:
            for key, value in block.items():
                if value is None:
                    batch.delete(key)
                else:
                    batch.set(key, value)
        return 0.0

    return write


def measure(name: str, write: Write, blocks: list[Block]) -> Figures:
    """Apply the blocks; the first tenth warms up."""
    totals, commits = [], []
    process = time.process_time()
    for block in blocks:
        start = time.thread_time()
        commit = write(block)
        totals.append((time.thread_time() - start) * 1e3)
        commits.append(commit * 1e3)
    process_ms = (time.process_time() - process) * 1e3 / len(blocks)
    kept = totals[len(totals) // 10 :]
    return Figures(
        name, len(blocks[0]), statistics.median(kept), min(kept), max(kept), statistics.median(commits), process_ms
    )


def run(num_keys: int, sizes: list[int], num_blocks: int) -> list[Figures]:
    """Fill every engine with the same keys, then send it the same blocks."""
    engines: dict[str, Callable[[Path], Write]] = {"ostraka store": our_store, "LevelDB alone": plain_leveldb}
    if importlib.util.find_spec("trie"):
        engines["trie.HexaryTrie, in memory"] = hexary_trie
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        traffic = Traffic(num_keys)
        loads: list[Block] = [
            {key: traffic.value() for key in traffic.keys[i : i + LOAD_CHUNK]} for i in range(0, num_keys, LOAD_CHUNK)
        ]
        # Several rounds of blocks per size, so that caches are as warm as those of a node that has run for a minute.
        rounds = {size: [traffic.block(size) for _ in range(num_blocks)] for size in sizes}
        for name, opened in engines.items():
            write = opened(Path(folder))
            for block in loads:
                write(block)
            # As the node does at its start: what is loaded will stay, so the collector need not look at it.
            gc.collect()
            gc.freeze()
            gc.set_threshold(200_000, 50, 1000)
            figures += [measure(name, write, rounds[size]) for size in sizes]
    return figures


def show(figures: list[Figures], num_keys: int) -> None:
    table = Table(title=f"CPU of one block's writes into {num_keys:,} keys, milliseconds")
    for column in ("engine", "writes", "median", "best", "worst", "of it to disk", "process"):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for each in sorted(figures, key=lambda each: each.writes):
        numbers = (each.median_ms, each.best_ms, each.worst_ms, each.commit_ms, each.process_ms)
        table.add_row(each.engine, f"{each.writes:,}", *(f"{number:.1f}" for number in numbers))
    Console().print(table)
    ours = next((each for each in figures if each.engine == "ostraka store" and each.writes == 1000), None)
    if ours and num_keys == 100_000:
        verdict = "within" if ours.median_ms <= BUDGET_MS else "ABOVE"
        Console().print(f"1,000 writes: {ours.median_ms:.1f} ms, {verdict} the budget of {BUDGET_MS} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--writes", type=int, nargs="+", default=[1_000, 4_000])
    parser.add_argument("--blocks", type=int, default=30)
    parser.add_argument("--output", choices=["table", "json"], default="table")
    arguments = parser.parse_args()
    figures = run(arguments.keys, arguments.writes, arguments.blocks)
    if arguments.output == "json":
        print(json.dumps([asdict(each) for each in figures]))
    else:
        show(figures, arguments.keys)


if __name__ == "__main__":
    main()
