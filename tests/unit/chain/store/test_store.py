"""Versions, views and pruning of the store."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain.store.database import DatabaseInUse
from chain.store.store import Store, VersionPruned
from tests.support import tree_model
from tests.support.store_audit import audit
from tests.support.store_writer import MODULES, Block, block, state_at


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path, MODULES, sync=False, keep=10)
    yield store
    store.close()


def advance(store: Store, versions: int) -> None:
    for version in range(store.version + 1, store.version + versions + 1):
        store.stage(block(version), version)
        store.commit()


def test_every_version_has_the_app_hash_of_the_model(store: Store) -> None:
    for version in range(1, 9):
        expected = tree_model.app_hash(state_at(version))
        assert store.stage(block(version), version) == expected
        assert store.app_hash != expected
        store.commit()
        assert (store.version, store.app_hash) == (version, expected)


def test_a_new_store_has_version_zero_and_the_hash_of_empty_modules(store: Store) -> None:
    assert (store.version, store.app_hash) == (0, tree_model.app_hash({module: {} for module in MODULES}))
    assert store.get("bank", b"k") is None
    assert list(store.iterate("bank", b"", None)) == []
    assert (store.snapshot().version, store.snapshot().get("bank", b"k")) == (0, None)


def test_staging_changes_nothing_and_may_be_repeated(store: Store) -> None:
    advance(store, 3)
    before = (store.version, store.app_hash, dict(store.iterate("bank", b"", None)))
    first = store.stage(block(4), 4)
    assert store.stage({"bank": {b"other": b"x"}}, 4) != first
    assert store.stage(block(4), 4) == first
    assert (store.version, store.app_hash, dict(store.iterate("bank", b"", None))) == before
    store.commit()
    assert store.app_hash == first


def test_reopening_shows_the_last_commit_and_goes_on_identically(tmp_path: Path) -> None:
    for version in range(1, 7):
        store = Store.open(tmp_path, MODULES, keep=10)
        assert store.version == version - 1
        store.stage(block(99), version)  # never committed
        advance(store, 1)
        assert store.app_hash == tree_model.app_hash(state_at(version))
        store.close()
    assert audit(tmp_path, MODULES)[0] == 6


def test_reads_of_every_kept_version_and_of_the_latest_agree_with_the_model(store: Store) -> None:
    advance(store, 6)
    for version in range(1, 7):
        view, model = store.at(version), state_at(version)
        assert view.version == version
        for module in MODULES:
            pairs = sorted(model[module].items())
            assert list(view.iterate(module, b"", None)) == pairs
            assert list(view.iterate(module, b"", None, reverse=True)) == pairs[::-1]
            start, end = pairs[5][0], pairs[-5][0]
            assert list(view.iterate(module, start, end)) == pairs[5:-5]
            assert list(view.iterate(module, start + b"\0", end + b"\0", reverse=True)) == pairs[-5:5:-1]
            assert [view.get(module, key) for key, _ in pairs] == [value for _, value in pairs]
            assert view.get(module, b"absent") is None


def test_a_snapshot_stays_as_it_was_taken(store: Store) -> None:
    advance(store, 2)
    snapshot = store.snapshot()
    advance(store, 3)
    assert snapshot.version == 2
    assert {module: dict(snapshot.iterate(module, b"", None)) for module in MODULES} == state_at(2)


def test_versions_outside_the_kept_range_are_refused_with_that_range(store: Store) -> None:
    with pytest.raises(VersionPruned):
        store.at(0)
    advance(store, 25)
    store.prune()
    for version in (0, 1, 15, 26):
        with pytest.raises(VersionPruned) as refusal:
            store.at(version)
        assert (refusal.value.first, refusal.value.last) == (16, 25)
        with pytest.raises(VersionPruned):
            store.prove("bank", b"k", version)
    assert store.first_version == 16
    assert dict(store.at(16).iterate("bank", b"", None)) == state_at(16)["bank"]


def test_pruning_leaves_exactly_what_kept_versions_reach(tmp_path: Path) -> None:
    store = Store.open(tmp_path, MODULES, sync=False, keep=4)
    for _ in range(5):
        advance(store, 5)
        assert store.prune() > 0
        assert store.prune() == 0
    store.close()
    assert audit(tmp_path, MODULES)[0] == 25


def test_a_view_outlives_the_pruning_of_its_version(store: Store) -> None:
    advance(store, 3)
    view = store.at(2)
    advance(store, 20)
    assert store.prune() > 0
    with pytest.raises(VersionPruned):
        store.at(2)
    assert {module: dict(view.iterate(module, b"", None)) for module in MODULES} == state_at(2)


def test_readers_and_pruning_on_other_threads_see_whole_versions(store: Store) -> None:
    advance(store, 1)
    wrong: list[int] = []
    done = threading.Event()
    expected = {version: state_at(version) for version in range(1, 41)}

    def read() -> None:
        while not done.is_set():
            latest = store.snapshot()
            try:
                older = store.at(max(latest.version - 5, 1))
            except VersionPruned:
                older = latest
            for view in (latest, older):
                state = {module: dict(view.iterate(module, b"", None)) for module in MODULES}
                if state != expected[view.version]:
                    wrong.append(view.version)

    def prune() -> None:
        while not done.is_set():
            store.prune()

    threads = [threading.Thread(target=target) for target in (read, read, prune)]
    for thread in threads:
        thread.start()
    advance(store, 39)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "changes",
    [
        {"bank": {b"": b"v"}},
        {"bank": {b"k": b""}},
        {"bank": {b"k" * 129: b"v"}},
        {"bank": {b"": None}},
    ],
)
def test_keys_and_values_that_cannot_be_proven_are_refused(store: Store, changes: Block) -> None:
    with pytest.raises(ValueError, match=r"key|value"):
        store.stage(changes, 1)
    with pytest.raises(RuntimeError, match="nothing is staged"):
        store.commit()


def test_the_longest_key_is_kept_and_found(store: Store) -> None:
    store.stage({"bank": {b"k" * 128: b"v", b"k" * 127: b"w"}}, 1)
    store.commit()
    advance(store, 1)
    assert store.at(1).get("bank", b"k" * 128) == b"v"
    assert store.get("bank", b"k" * 127) == b"w"


def test_versions_follow_one_another_and_a_chain_may_start_late(store: Store) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        store.stage({}, 0)
    store.stage({}, 50)
    store.commit()
    for version in (50, 52):
        with pytest.raises(ValueError, match="does not follow"):
            store.stage({}, version)
    store.stage({}, 51)
    store.commit()
    assert (store.version, store.first_version) == (51, 50)


def test_unknown_modules_are_key_errors(store: Store) -> None:
    uses: tuple[Callable[[], object], ...] = (
        lambda: store.get("unknown", b"k"),
        lambda: store.stage({"unknown": {b"k": b"v"}}, 1),
        lambda: store.snapshot().get("unknown", b"k"),
    )
    for use in uses:
        with pytest.raises(KeyError):
            use()


def test_module_ids_survive_additions_and_none_may_go_missing(tmp_path: Path) -> None:
    store = Store.open(tmp_path, ["m", "b"], sync=False)
    store.stage({"m": {b"k": b"in m"}, "b": {b"k": b"in b"}}, 1)
    store.commit()
    store.close()
    with pytest.raises(ValueError, match="not named: b"):
        Store.open(tmp_path, ["m", "a"])
    store = Store.open(tmp_path, ["a", "b", "m", "z"], sync=False)
    assert store.modules == ("b", "m", "a", "z")
    assert (store.get("m", b"k"), store.get("b", b"k"), store.get("a", b"k")) == (b"in m", b"in b", None)
    assert (store.at(1).get("m", b"k"), store.at(1).get("a", b"k")) == (b"in m", None)
    store.stage({"a": {b"k": b"in a"}}, 2)
    store.commit()
    state = {"m": {b"k": b"in m"}, "b": {b"k": b"in b"}, "a": {b"k": b"in a"}, "z": {}}
    assert store.app_hash == tree_model.app_hash(state)
    assert store.at(1).get("a", b"k") is None
    store.close()


def test_a_store_is_opened_once(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DatabaseInUse):
        Store.open(tmp_path, MODULES)
    store.close()
    Store.open(tmp_path, MODULES).close()


def test_two_stores_with_different_block_sizes_and_one_by_one_agree(tmp_path: Path) -> None:
    whole = Store.open(tmp_path / "whole", MODULES, sync=False)
    single = Store.open(tmp_path / "single", MODULES, sync=False)
    for version in range(1, 4):
        whole.stage(block(version), version)
        whole.commit()
        for module, writes in block(version).items():
            for key, value in writes.items():
                single.stage({module: {key: value}}, single.version + 1)
                single.commit()
        assert whole.app_hash == single.app_hash
    whole.close()
    single.close()
