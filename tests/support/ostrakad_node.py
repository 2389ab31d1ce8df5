"""A real node made and run by the command line: `ostrakad init`, `genesis`, `start`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.node.cometbft import obtain_cometbft
from chain.node.home import Ports, free_ports, load_home
from tests.support.kvstore_node import PATIENCE_SECONDS, REPOSITORY, environment, wait_for_height

CHAIN_ID = "ostrakad-test-1"
WORDS = "abandon " * 11 + "about"
ALICE = "ostr19rl4cm2hmr8afy4kldpxz3fka4jguq0ahtp8hv"


@dataclass(frozen=True)
class Ostrakad:
    """The command line in one home, with unencrypted keys."""

    home: Path

    def __call__(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "chain.cli.main", *arguments],
            check=False,
            cwd=REPOSITORY,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {**environment(), "OSTRAKAD_HOME": str(self.home), "OSTRAKAD_KEYRING_BACKEND": "test"}

    def done(self, *arguments: str, text: str = "") -> str:
        """Run a command that must succeed, and return what it prints."""
        result = self(*arguments, text=text)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "-o", "json"))

    @property
    def grpc(self) -> str:
        return load_home(self.home).grpc_target


@contextmanager
def running_node(home: Path) -> Iterator[Ostrakad]:
    """Make a chain whose one account is alice's, start it, stop it at the end."""
    obtain_cometbft()
    ostrakad = Ostrakad(home)
    offset = free_ports(1, Ports().moved(2_000 + os.getpid() % 500 * 10))[0].p2p - Ports().p2p
    ostrakad.done("init", "test", "--chain-id", CHAIN_ID, "--port-offset", str(offset))
    ostrakad.done("keys", "add", "alice", "--recover", text=WORDS)
    ostrakad.done("genesis", "add-account", "alice", "1000ostr")
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "chain.cli.main", "start"],
        cwd=REPOSITORY,
        env=ostrakad.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_height(load_home(home), 1)
        yield ostrakad
    finally:
        supervisor.terminate()
        try:
            supervisor.wait(timeout=PATIENCE_SECONDS)
        finally:
            supervisor.kill()
