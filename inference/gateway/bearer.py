"""Bearer keys: a file maps each key's hash to a name and a daily token quota; changes to it count at once."""

import hashlib
import hmac
import json
import logging
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

LOG = logging.getLogger("gateway")
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a key belongs to."""

    name: str
    daily_tokens: int
    """Prompt and completion tokens a day; 0 is without limit."""


@dataclass(slots=True)
class BearerKeys:
    """Known callers and what they have used today (counted in this process)."""

    callers: dict[str, Caller]
    """By SHA-256 of the key, hexadecimal."""
    path: Path
    _read_at: tuple[int, int]
    """Time and inode of the file that was read."""
    _used: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "BearerKeys":
        """Read the file. Raises: OSError; ValueError naming the entry that is malformed."""
        read_at = _stamp(path)
        return cls(_callers(path), path, read_at)

    def refresh(self) -> None:
        """Read the file again if it has changed; one that cannot be read changes nothing."""
        try:
            read_at = _stamp(self.path)
            if read_at == self._read_at:
                return
            self._read_at = read_at
            self.callers = _callers(self.path)
        except (OSError, ValueError) as error:
            LOG.warning("the keys stay as they were: %s", error)

    def caller(self, authorization: str | None) -> Caller | None:
        """Return who sent an Authorization header, or None."""
        if authorization is None or not authorization.startswith("Bearer "):
            return None
        digest = key_digest(authorization.removeprefix("Bearer ").strip())
        for known, caller in self.callers.items():
            if hmac.compare_digest(known, digest):
                return caller
        return None

    def remaining(self, caller: Caller) -> int | None:
        """Return the tokens left today, or None without a limit."""
        if caller.daily_tokens == 0:
            return None
        return max(0, caller.daily_tokens - self._used.get((caller.name, _today()), 0))

    def use(self, caller: Caller, tokens: int) -> None:
        """Count tokens against today's quota."""
        today = _today()
        self._used = {key: used for key, used in self._used.items() if key[1] == today}
        self._used[caller.name, today] = self._used.get((caller.name, today), 0) + tokens


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_ino


def _callers(path: Path) -> dict[str, Caller]:
    data = json.loads(path.read_text("utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{path} is not a JSON object")
    callers = {}
    for digest, entry in data.items():
        if len(digest) != 64 or not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise ValueError(f"{path}: entry {digest[:16]!r} needs a SHA-256 in hexadecimal and a name")
        daily_tokens = entry.get("daily_tokens", 0)
        if type(daily_tokens) is not int or daily_tokens < 0:
            raise ValueError(f"{path}: daily_tokens of {entry['name']!r} is no number from 0 on")
        callers[digest] = Caller(entry["name"], daily_tokens)
    return callers


def _today() -> int:
    return int(time.time()) // SECONDS_PER_DAY


def key_digest(key: str) -> str:
    """Return the form in which a key is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_key(path: Path, name: str, daily_tokens: int = 0) -> str:
    """Make a key, store its digest in the file (mode 0600), and return the key, which is stored nowhere."""
    key = "sk-ostr-" + secrets.token_urlsafe(24)
    data = json.loads(path.read_text()) if path.exists() else {}
    data[key_digest(key)] = {"name": name, "daily_tokens": daily_tokens}
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    partial.replace(path)
    return key
