"""Blocks that follow from their height alone, and a program that commits them until it is killed.

python -m tests.support.store_writer PATH
"""

import random
import sys
from pathlib import Path

from chain.store.store import Store

MODULES = ["accounts", "bank"]
"""Modules of the store that is written."""
KEEP = 12
"""Versions kept; pruning runs every seventh."""

Block = dict[str, dict[bytes, bytes | None]]
State = dict[str, dict[bytes, bytes]]


def block(version: int) -> Block:
    """Return the writes of one version: mostly updates, some inserts, some deletions."""
    rng = random.Random(version)
    changes: Block = {}
    for module in MODULES:
        writes: dict[bytes, bytes | None] = {}
        for _ in range(30):
            key = b"\x02" + rng.randrange(400).to_bytes(3, "big") * 4
            writes[key] = None if rng.random() < 0.15 else rng.randbytes(rng.randint(1, 90))
        changes[module] = writes
    return changes


def state_at(version: int) -> State:
    """Return all pairs after the blocks 1 to `version`."""
    state: State = {module: {} for module in MODULES}
    for height in range(1, version + 1):
        apply(state, block(height))
    return state


def apply(state: State, changes: Block) -> None:
    """Write a block into a plain state."""
    for module, writes in changes.items():
        for key, value in writes.items():
            if value is None:
                state[module].pop(key, None)
            else:
                state[module][key] = value


def main() -> None:
    """Commit block after block and print each version once it is on the disk."""
    store = Store.open(Path(sys.argv[1]), MODULES, keep=KEEP)
    while True:
        version = store.version + 1
        store.stage(block(version), version)
        store.commit()
        print(version, flush=True)
        if version % 7 == 0:
            store.prune()


if __name__ == "__main__":
    main()
