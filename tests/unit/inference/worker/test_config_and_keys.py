from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chain.crypto import vrf
from chain.crypto.hashing import chain_hash, possession_bytes
from chain.crypto.keys import verify_ed25519
from inference.__main__ import locked
from inference.config import ConfigError, WorkerConfig, load_config, parse_config, write_config
from inference.engine.rows import RowChunk, is_canonical
from inference.faults import altered_row
from inference.keys import FILES, create_keys, load_keys

GOOD = {"node": "h:1", "chain_id": "c", "models": "/m", "model": "tiny"}


def test_a_written_configuration_is_read_back_whole(tmp_path: Path) -> None:
    config = WorkerConfig(
        tmp_path, "n:9090", "chain-1", tmp_path / "models", "tiny", check=True, serve_end=3, fault="row"
    )
    write_config(config)
    assert load_config(tmp_path) == config


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"node": "nowhere"}, "node is not host:port"),
        ({"threads": 0}, "threads is 0"),
        ({"threads": "1"}, "threads is '1'"),
        ({"fault": "lie"}, "fault is 'lie'"),
        ({"serve": False}, "would do nothing"),
        ({"bond": True}, "bond is True"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config(tmp_path, GOOD | change)


def test_missing_fields_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing: chain_id, models, model"):
        parse_config(tmp_path, {"node": "h:1"})
    with pytest.raises(ConfigError, match=r"worker\.toml does not exist"):
        load_config(tmp_path)


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    create_keys(tmp_path)
    first = load_keys(tmp_path)
    create_keys(tmp_path)
    again = load_keys(tmp_path)
    assert (again.operator.address, again.hot_public, again.vrf_seed) == (
        first.operator.address, first.hot_public, first.vrf_seed,
    )  # fmt: skip
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in FILES.values()} == {0o600}
    assert first.vrf_seed.hex() not in repr(first)
    (tmp_path / "hot.key").chmod(0o640)
    with pytest.raises(ValueError, match="chmod 600"):
        load_keys(tmp_path)


def test_a_malformed_secret_is_refused(tmp_path: Path) -> None:
    create_keys(tmp_path)
    (tmp_path / "vrf.key").write_text("zz")
    with pytest.raises(ValueError, match="32 bytes"):
        load_keys(tmp_path)


def test_every_registered_key_proves_its_possession(tmp_path: Path) -> None:
    create_keys(tmp_path)
    keys = load_keys(tmp_path)
    chain = chain_hash("c")
    made = keys.registration(chain)
    owner = keys.operator.address
    assert verify_ed25519(made.hot_key, possession_bytes(chain, owner, "hot"), made.hot_possession)
    assert verify_ed25519(made.box_key, possession_bytes(chain, owner, "box"), made.box_possession)
    assert vrf.verify(made.vrf_key, possession_bytes(chain, owner, "vrf"), made.vrf_possession) is not None


@pytest.mark.parametrize("shift", [0, 3, 25])
@pytest.mark.parametrize("value", [1 << 14, -(1 << 14), 32766, -5, 0])
def test_an_altered_row_is_canonical_and_different(shift: int, value: int) -> None:
    values = np.full((2, 128), value, np.int16)
    if shift:
        values[:, ::64] = 1 << 14
    rows = RowChunk(np.full((2, 2), shift, np.uint8), values)
    found = altered_row(rows, 1)
    assert is_canonical(rows) == is_canonical(found) is True
    assert not found.equals(rows)
    assert found[0:1].equals(rows[0:1])


def test_one_home_is_run_by_one_process(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(BlockingIOError):
        locked(tmp_path)
    locked(tmp_path).close()
