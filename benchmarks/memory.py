"""Memory of a node at work: application and CometBFT, after thousands of accounts and blocks full of transfers.

    python -m benchmarks.memory [--accounts 20000]

One validator with real CometBFT; one signed transfer is sent from every account and waited for. USS is what a process
holds for itself, RSS counts shared pages too. The bound is 300 MB for the application, without torch and numpy.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.committed import height, node, send, until_committed
from benchmarks.contenders import Contender, transfers
from chain.node.home import NodeHome

BOUND_MB = 300
CONNECTIONS = 64
HEAVY = ("torch", "numpy")


def megabytes(pid: int) -> tuple[float, float]:
    """Return USS and RSS of a process."""
    info = psutil.Process(pid).memory_full_info()
    return info.uss / 1e6, info.rss / 1e6


def heavy_libraries(pid: int) -> list[str]:
    """Return which of the libraries that a node must not load are mapped into a process."""
    mapped = {entry.path for entry in psutil.Process(pid).memory_maps()}
    return [name for name in HEAVY if any(f"/{name}/" in path for path in mapped)]


def commit(home: NodeHome, contender: Contender, count: int) -> None:
    """Send a transfer from every account and wait until all are in blocks."""
    txs = contender.transactions(home, count)
    first, began = height(home), time.perf_counter()
    refused = send(home.ports.rpc, txs, CONNECTIONS)
    until_committed(home, first, count - refused, began)


def main() -> int:
    """Run and print the table; the status tells whether the bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000)
    arguments = parser.parse_args()
    table = Table("moment", "application USS, MB", "RSS", "CometBFT USS, MB", "RSS")
    contender = transfers(arguments.accounts)
    with tempfile.TemporaryDirectory(prefix="ostraka-memory-") as folder, node(contender, Path(folder)) as running:
        home, app, comet = running

        def row(moment: str) -> float:
            ours, theirs = megabytes(app), megabytes(comet)
            table.add_row(moment, *(f"{number:.0f}" for number in (*ours, *theirs)))
            return ours[0]

        row(f"after genesis of {arguments.accounts:,} accounts")
        commit(home, contender, arguments.accounts)
        used = row(f"after {arguments.accounts:,} transfers")
        heavy = heavy_libraries(app)
    console = Console()
    console.print(table)
    console.print(
        f"bound {BOUND_MB} MB: {'holds' if used < BOUND_MB else 'BROKEN'}; heavy libraries: {heavy or 'none'}"
    )
    return 0 if used < BOUND_MB and not heavy else 1


if __name__ == "__main__":
    sys.exit(main())
