"""Keys are stored as digests and quotas are counted."""

import json
from pathlib import Path

from inference.gateway.bearer import BearerKeys, Caller, add_key


def test_a_made_key_is_recognised_and_never_stored(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = add_key(path, "alice", 100)
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    keys = BearerKeys.load(path)
    assert keys.caller(f"Bearer {key}") == Caller("alice", 100)
    assert keys.caller("Bearer wrong") is None
    assert keys.caller(key) is None
    assert keys.caller(None) is None


def test_a_quota_shrinks_with_use_and_never_below_zero(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = add_key(path, "bob", 10)
    keys = BearerKeys.load(path)
    caller = keys.caller(f"Bearer {key}")
    assert caller is not None
    keys.use(caller, 4)
    assert keys.remaining(caller) == 6
    keys.use(caller, 40)
    assert keys.remaining(caller) == 0


def test_no_quota_means_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"0" * 64: {"name": "carol"}}))
    keys = BearerKeys.load(path)
    assert keys.remaining(keys.callers["0" * 64]) is None
