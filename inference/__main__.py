"""Start one worker: `python -m inference HOME`. The only place that reads flags and environment and sets up logging."""

import argparse
import asyncio
import ctypes
import fcntl
import json
import logging
import logging.handlers
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from inference import hardware
from inference.config import ConfigError, WorkerConfig, load_config

LOG_BYTES = 16 << 20
"""Size of a log file before it is put aside."""
LOG_FILES = 3
LOCK_NAME = "worker.lock"
"""Held by the one process that may run a home."""


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start_logging(config: WorkerConfig, *, to_stderr: bool) -> None:
    """Log to `home`/worker.log, and to stderr if wanted."""
    config.home.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        config.home / "worker.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    file.setFormatter(JsonLines())
    handlers: list[logging.Handler] = [file]
    if to_stderr:
        console = logging.StreamHandler()
        console.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
        handlers.append(console)
    logging.basicConfig(level=config.log_level.upper(), handlers=handlers, force=True)


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends; elsewhere do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


def start_worker(home: Path, *, to_stderr: bool) -> int:
    """Run the worker of `home` until it is told to stop; return the exit status."""
    try:
        config = load_config(home)
    except ConfigError as error:
        print(f"{home}: {error}", file=sys.stderr)
        return 2
    try:
        lock = locked(home)
    except BlockingIOError:
        print(f"{home}: a worker of this home runs already", file=sys.stderr)
        return 1
    # Order: torch reads these when it is imported, which `inference.worker` does.
    hardware.settle_threads(config.threads)
    hardware.settle_allocator()
    start_logging(config, to_stderr=to_stderr)
    from inference.keys import create_keys, load_keys

    try:
        create_keys(home)
        keys = load_keys(home)
    except (OSError, ValueError) as error:
        print(f"{home}: {error}", file=sys.stderr)
        return 2
    from inference.worker import run_worker

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await run_worker(config, keys)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        logging.getLogger("ostraka.worker").info("stopped")
    except ConfigError as error:
        print(f"{home}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        logging.getLogger("ostraka.worker").error("%s", error)
        print(error, file=sys.stderr)
        return 1
    finally:
        lock.close()
    return 0


def locked(home: Path) -> IO[str]:
    """Return the lock of a home, open: two workers with one journal could sign what contradicts. Raises: OSError."""
    lock = (home / LOCK_NAME).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise
    return lock


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m inference", description=__doc__)
    parser.add_argument("home", type=Path, help="folder with worker.toml, keys and journal")
    parser.add_argument("--verbose", action="store_true", help="log to stderr too")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    arguments = parser.parse_args()
    if arguments.die_with_parent:
        die_with_parent()
    return start_worker(arguments.home.resolve(), to_stderr=arguments.verbose or os.isatty(2))


if __name__ == "__main__":
    sys.exit(main())
