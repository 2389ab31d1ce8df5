"""The check of a store finds any damaged record, and a rebuild repairs what the flat pairs can repair."""

from pathlib import Path

import pytest

from chain.store.check import StoreDamaged, check
from chain.store.database import Database
from chain.store.store import Store
from chain.store.tree import NodeMissing
from tests.support import tree_model
from tests.support.store_audit import audit
from tests.support.store_writer import MODULES, block, state_at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = Store.open(tmp_path, MODULES, sync=False)
    assert check(store) == 0
    for version in range(1, 6):
        store.stage(block(version), version)
        store.commit()
        assert check(store) == sum(len(pairs) for pairs in state_at(version).values())
    store.close()
    return tmp_path


def alter(path: Path, name: str, key: bytes, position: int) -> None:
    database = Database(path / name)
    value = bytearray(database.get(key) or b"")
    value[position] ^= 1
    database.write([(key, bytes(value))], sync=True)
    database.close()


def latest_nodes(path: Path) -> list[bytes]:
    nodes = Database(path / "nodes")
    stale = {ids[i : i + 6] for _, ids in nodes.iterate(b"\xff", None) for i in range(0, len(ids), 6)}
    live = [key for key, _ in nodes.iterate(b"", b"\xff") if key not in stale]
    nodes.close()
    return live


@pytest.mark.parametrize("which", [0, 50, 100, -1])
def test_an_altered_node_is_found_and_repaired(path: Path, which: int) -> None:
    alter(path, "nodes", latest_nodes(path)[which], -1)
    store = Store.open(path, MODULES)
    with pytest.raises(StoreDamaged):
        check(store)
    store.close()
    store = Store.open(path, MODULES, rebuild=True)
    assert check(store) == sum(len(pairs) for pairs in state_at(5).values())
    assert (store.version, store.first_version) == (5, 5)
    store.close()
    assert audit(path, MODULES) == (5, tree_model.app_hash(state_at(5)))


def test_a_missing_node_is_found(path: Path) -> None:
    nodes = latest_nodes(path)
    database = Database(path / "nodes")
    database.write((), [nodes[40]], sync=True)
    database.close()
    store = Store.open(path, MODULES)
    with pytest.raises(NodeMissing):
        check(store)
    store.close()


def test_an_altered_flat_value_is_found_and_not_papered_over(path: Path) -> None:
    key = b"k\x01" + next(iter(sorted(state_at(5)["bank"])))
    alter(path, "state", key, 0)
    store = Store.open(path, MODULES)
    with pytest.raises(StoreDamaged, match="bank"):
        check(store)
    store.close()
    with pytest.raises(NodeMissing, match="app hash"):
        Store.open(path, MODULES, rebuild=True)


def test_an_altered_app_hash_is_found(path: Path) -> None:
    alter(path, "state", b"r" + (5).to_bytes(8, "big"), 10)
    store = Store.open(path, MODULES)
    with pytest.raises(StoreDamaged, match="app hash"):
        check(store)
    store.close()


def test_a_missing_commit_record_is_refused_at_open(path: Path) -> None:
    database = Database(path / "state")
    database.write((), [b"r" + (5).to_bytes(8, "big")], sync=True)
    database.close()
    with pytest.raises(NodeMissing, match="commit record"):
        Store.open(path, MODULES)
