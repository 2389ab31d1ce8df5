"""Kill −9 every kind of process at random moments under load, and account for every transfer, job and bond.

    python -m benchmarks.crashes [--kills 200] [--worker-kills 30] [--seed 1] [--home FOLDER]

First application, CometBFT, both or the supervisor of one validator while transfers are committed, then workers of a
local network while they answer with a tiny model. Prints recovery times by victim and what was lost; exits with 1 if
anything was. A recovery lasts from the kill until a block after those that were stored before it; a kill that hits a
node still recovering is counted by itself, and the recovery from both belongs to the later one.
"""

import argparse
import asyncio
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chain.modules.jobs.types import CloseReason
from chain.node.home import CometSettings
from localnet.layout import find_localnet
from localnet.model import converted
from localnet.network import Spec, down, up
from tests.support.crashes import Verdict, Victim, crash_under_load, senders
from tests.support.tiny_model import write_tiny_model
from tests.support.validators import BALANCE, create_validators, running
from tests.support.worker_crashes import WorkerVerdict, crash_workers

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


def run_workers(home: Path, kills: int, seed: int) -> WorkerVerdict:
    """Run a local network on a tiny model through kills of its workers."""
    model = converted(write_tiny_model(home / "source"), "tiny", home / "models")
    network = up(Spec(home / "network", model=model, with_gateway=False))
    try:
        network, verdict = asyncio.run(crash_workers(network, kills, seed))
    finally:
        down(find_localnet(Path(network.home)) or network)  # workers were started anew, and the file says which
    return verdict


def show_workers(verdict: WorkerVerdict) -> None:
    """Print what became of jobs and bonds."""
    console = Console()
    answers = verdict.answers
    outage = verdict.longest_outage_seconds
    console.print(f"workers killed while jobs ran: {len(verdict.kills)}, longest outage {outage:.1f} s")
    console.print(f"answers: {answers.right} right, {len(answers.wrong)} wrong, {len(answers.failed)} not given")
    for reason, times in Counter(re.sub(r"\d+", "…", reason) for reason in answers.failed).most_common():
        console.print(f"  {times} × {reason}")
    ended = ", ".join(f"{verdict.count(reason)} {reason.name}" for reason in CloseReason if verdict.count(reason))
    console.print(f"jobs: {ended}; stuck: {len(verdict.stuck)}")
    console.print(
        f"workers whose bond changed: {sum(map(bool, verdict.bond_changes.values()))}; duties missed while away: "
        f"{len(verdict.misses) - len(verdict.unexcused)}, for no such reason: {len(verdict.unexcused)}"
    )
    for miss in verdict.misses:
        console.print(f"  {miss}")


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--worker-kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="kept afterwards; a folder that is removed unless given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ostraka-crashes-") as folder:
        home: Path = arguments.home or Path(folder)
        holds = True
        if arguments.kills:
            verdict = run(home, arguments.kills, arguments.seed)
            show(verdict)
            holds = verdict.holds
        if arguments.worker_kills:
            workers = run_workers(home, arguments.worker_kills, arguments.seed)
            show_workers(workers)
            holds = holds and workers.holds
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
