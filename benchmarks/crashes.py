"""Kill −9 application, CometBFT, both or the supervisor at random moments under load, and account for every transfer.

    python -m benchmarks.crashes --kills 200 [--seed 1] [--home FOLDER]

Prints kills and recovery times by victim and what was lost; exits with 1 if anything was. A recovery lasts from the
kill until a block after those that were stored before it; kills that hit a node still recovering count as one.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chain.node.home import CometSettings
from tests.support.crashes import Verdict, Victim, crash_under_load, senders
from tests.support.validators import BALANCE, create_validators, running

TIMEOUT_COMMIT_MS = 50


def run(home: Path, kills: int, seed: int) -> Verdict:
    """Run one validator under load through all kills."""
    balances = {key.bech32: BALANCE for key in senders()}
    homes = create_validators(home, 1, balances, comet=CometSettings(timeout_commit_ms=TIMEOUT_COMMIT_MS))
    with running(homes) as (node,):
        return asyncio.run(crash_under_load(node, kills, seed, home / "replay"))


def show(verdict: Verdict) -> None:
    """Print the tables."""
    table = Table("killed", "times", "of them while recovering", "recovery median, s", "max, s")
    for victim in Victim:
        kills = [kill for kill in verdict.kills if kill.victim is victim]
        median, longest = verdict.recovery(victim)
        table.add_row(
            victim, str(len(kills)), str(sum(kill.during_recovery for kill in kills)), f"{median:.2f}", f"{longest:.2f}"
        )
    console = Console()
    console.print(table)
    console.print(f"acknowledged transfers: {verdict.acknowledged}, lost: {len(verdict.lost)}")
    console.print(f"committed although given up: {len(verdict.undead)}")
    console.print(f"accounts whose balance is not what the books say: {len(verdict.wrong_balances)}")
    console.print(f"supply: {'whole' if verdict.is_supply_whole else 'NOT WHOLE'}")
    console.print(f"application hashes equal in a second execution up to height {verdict.replayed_height}")
    console.print(f"bad signs in logs: {len(verdict.bad_signs)}")
    for sign in verdict.bad_signs[:10]:
        console.print(f"  {sign}")


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="kept afterwards; a folder that is removed unless given")
    arguments = parser.parse_args()
    if arguments.home is not None:
        verdict = run(arguments.home, arguments.kills, arguments.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="ostraka-crashes-") as folder:
            verdict = run(Path(folder), arguments.kills, arguments.seed)
    show(verdict)
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
