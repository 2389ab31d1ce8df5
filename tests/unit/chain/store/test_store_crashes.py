"""What a crash at any moment leaves: the last acknowledged version or a later one, whole, and a store that goes on."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chain.store.database import Database
from chain.store.store import Store
from tests.support import tree_model
from tests.support.store_audit import audit
from tests.support.store_writer import KEEP, MODULES, block, state_at

ROOT = Path(__file__).parents[4]


def test_kill_at_any_moment_loses_no_acknowledged_version(tmp_path: Path) -> None:
    rng = random.Random(2)
    acknowledged = 0
    for _ in range(10):
        command = [sys.executable, "-m", "tests.support.store_writer", str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(rng.randint(1, 9)):
                acknowledged = int(writer.stdout.readline())
            # The moment is random because the two processes run freely; a few idle turns widen its spread.
            for _ in range(rng.randrange(20_000)):
                pass
            writer.kill()
            rest = writer.stdout.read().split("\n")[:-1]
            acknowledged = int(rest[-1]) if rest else acknowledged
        version, _ = audit(tmp_path, MODULES)
        assert acknowledged <= version <= acknowledged + 1
    store = Store.open(tmp_path, MODULES, keep=KEEP)
    assert store.app_hash == tree_model.app_hash(state_at(store.version))
    store.close()


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[str, int, int]]]:
    """A store as a crash leaves it at version 9, and for each database its log with the extent of the last batch."""
    path = tmp_path_factory.mktemp("store")
    store = Store.open(path / "live", MODULES, keep=KEEP)
    for version in range(1, 10):
        store.stage(block(version), version)
        before = {name: log_of(path / "live" / name).stat().st_size for name in ("nodes", "state")}
        store.commit()
    shutil.copytree(path / "live", path / "crashed")
    store.close()
    extents = {}
    for name, start in before.items():
        log = log_of(path / "crashed" / name)
        extents[name] = (log.name, start, log.stat().st_size)
        assert start < log.stat().st_size
    return path / "crashed", extents


def log_of(path: Path) -> Path:
    (log,) = path.glob("*.log")
    return log


@pytest.mark.parametrize("damage", ["cut", "zeros", "garbage"])
@pytest.mark.parametrize("name", ["nodes", "state"])
def test_a_torn_log_loses_only_the_batch_that_was_being_written(
    torn: tuple[Path, dict[str, tuple[str, int, int]]], tmp_path: Path, name: str, damage: str
) -> None:
    source, extents = torn
    rng = random.Random(name + damage)
    for case in range(7):
        path = tmp_path / str(case)
        shutil.copytree(source, path)
        log_name, start, end = extents[name]
        at = rng.randrange(start, end) if case else start
        log = path / name / log_name
        data = log.read_bytes()
        rest = {"cut": b"", "zeros": bytes(end - at), "garbage": rng.randbytes(end - at)}[damage]
        log.write_bytes(data[:at] + rest)
        if name == "nodes":
            # The state is written only once the nodes are safe.
            other_name, other_start, _ = extents["state"]
            other = path / "state" / other_name
            other.write_bytes(other.read_bytes()[:other_start])
        assert audit(path, MODULES) == (8, tree_model.app_hash(state_at(8)))
        store = Store.open(path, MODULES, keep=KEEP)
        assert store.stage(block(9), 9) == tree_model.app_hash(state_at(9))
        store.commit()
        store.close()
        assert audit(path, MODULES)[0] == 9


def test_an_undamaged_log_holds_the_last_version(torn: tuple[Path, dict[str, tuple[str, int, int]]]) -> None:
    assert audit(torn[0], MODULES)[0] == 9


def written(path: Path, versions: int, keep: int) -> None:
    store = Store.open(path, MODULES, sync=False, keep=keep)
    for version in range(1, versions + 1):
        store.stage(block(version), version)
        store.commit()
    store.close()


def version_key(letter: bytes, version: int) -> bytes:
    return letter + version.to_bytes(8, "big")


@pytest.mark.parametrize("slices", [0, 1, 2])
def test_pruning_that_was_interrupted_is_finished_by_the_next(tmp_path: Path, slices: int) -> None:
    written(tmp_path, 12, keep=100)
    state = Database(tmp_path / "state")
    state.write((), [version_key(b"r", version) for version in range(1, 8)], sync=True)
    state.close()
    nodes = Database(tmp_path / "nodes")
    stale = nodes.get(version_key(b"\xff", 2)) or b""
    nodes.write((), [stale[i * 6 :][:6] for i in range(slices * 5)], sync=True)
    nodes.close()
    store = Store.open(tmp_path, MODULES, sync=False, keep=5)
    assert store.first_version == 8
    store.prune()
    store.close()
    assert audit(tmp_path, MODULES)[0] == 12


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_lost_nodes_are_rebuilt_from_the_flat_pairs(tmp_path: Path, is_interrupted: bool) -> None:
    written(tmp_path, 9, keep=100)
    nodes = Database(tmp_path / "nodes")
    lost = [key for key, _ in nodes.iterate(b"", None)][100::3]
    nodes.write((), [*lost, *([] if is_interrupted else [version_key(b"\xff", 9)])], sync=True)
    nodes.close()
    if is_interrupted:
        state = Database(tmp_path / "state")
        state.write([(b"x", b"9")], sync=True)
        state.close()
    store = Store.open(tmp_path, MODULES, sync=False)
    assert (store.version, store.first_version) == (9, 9)
    assert store.app_hash == tree_model.app_hash(state_at(9))
    store.stage(block(10), 10)
    store.commit()
    assert dict(store.at(9).iterate("bank", b"", None)) == state_at(9)["bank"]
    store.close()
    assert audit(tmp_path, MODULES)[0] == 10
