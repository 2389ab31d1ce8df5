"""The same blocks give the same app hashes: under any hash seed, and with a restart in the middle."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.traffic import seeded_run

BLOCKS = 25
REPOSITORY = Path(__file__).resolve().parents[2]


def in_another_process(hash_seed: str) -> list[str]:
    command = [sys.executable, "-m", "tests.support.traffic", str(BLOCKS)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, check=True, timeout=120)
    hashes: list[str] = json.loads(done.stdout)
    return hashes


def test_app_hashes_do_not_depend_on_the_hash_seed_or_on_restarts(tmp_path: Path) -> None:
    here = seeded_run(tmp_path, BLOCKS, restarts=(7, 13))
    assert len(set(here)) == BLOCKS
    assert in_another_process("1") == here
    assert in_another_process("2") == here
