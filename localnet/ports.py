"""Free ports, also when several networks are started at once: a block that was given out lately is left alone."""

import fcntl
import json
import os
import socket
import tempfile
import time
from pathlib import Path

KEPT_SECONDS = 60.0
"""How long a block counts as taken although nobody listens yet."""
TRIES = 100


class NoFreePorts(RuntimeError):
    """Every block that was tried is taken."""


def free_block(first: int, count: int = 1, step: int = 100) -> int:
    """Return the first port of a block of `count` on which nobody listens and which nobody was just given.

    The blocks begin at `first`, `first + step`, … Raises: NoFreePorts.
    """
    path = Path(tempfile.gettempdir()) / f"ostraka-ports-{os.getuid()}.json"
    with path.open("a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        given = _recent(file.read())
        for base in range(first, min(first + TRIES * step, 32_000), step):
            block = range(base, base + count)
            if all(port not in given and is_free(port) for port in block):
                given.update(dict.fromkeys(block, time.time()))
                file.truncate(0)
                file.write(json.dumps(given))
                return base
    raise NoFreePorts(f"no block of {count} free ports from {first} on")


def _recent(text: str) -> dict[int, float]:
    try:
        entries = {int(port): float(when) for port, when in json.loads(text or "{}").items()}
    except (ValueError, AttributeError):
        return {}
    return {port: when for port, when in entries.items() if time.time() - when < KEPT_SECONDS}


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
