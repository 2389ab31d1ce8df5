"""Layers of writes above a reader, against plain sorted dicts."""

import copy
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from chain.store.overlay import Overlay

KEYS = st.binary(min_size=1, max_size=2)
WRITES = st.tuples(st.just("write"), st.sampled_from("ab"), KEYS, st.none() | st.binary(min_size=1, max_size=1))
RANGES = st.tuples(st.just("read"), st.sampled_from("ab"), st.binary(max_size=2), st.none() | KEYS, st.booleans())
LAYERS = st.tuples(st.sampled_from(["branch", "merge", "drop"]))
STEPS = st.lists(WRITES | WRITES | WRITES | RANGES | LAYERS, max_size=80)

State = dict[str, dict[bytes, bytes]]


class Plain:
    """The state under all layers."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, module: str, key: bytes) -> bytes | None:
        return self._state[module].get(key)

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        yield from between(self._state[module], start, end, reverse)


def between(pairs: dict[bytes, bytes], start: bytes, end: bytes | None, reverse: bool) -> list[tuple[bytes, bytes]]:
    """What an iteration gives."""
    return sorted(
        (pair for pair in pairs.items() if start <= pair[0] and (end is None or pair[0] < end)), reverse=reverse
    )


@given(st.dictionaries(KEYS, st.just(b"below")), STEPS)
def test_layers_read_like_one_dict_whatever_is_written_between_two_iterations(
    below: dict[bytes, bytes], steps: list[tuple[object, ...]]
) -> None:
    state: State = {"a": below, "b": {}}
    layers, seen = [Overlay(Plain(state))], [copy.deepcopy(state)]
    for step in steps:
        match step:
            case ("write", str(module), bytes(key), None):
                layers[-1].delete(module, key)
                seen[-1][module].pop(key, None)
            case ("write", str(module), bytes(key), bytes(value)):
                layers[-1].set(module, key, value)
                seen[-1][module][key] = value
                assert layers[-1].get(module, key) == value
            case ("read", str(module), bytes(start), end, bool(reverse)):
                assert end is None or isinstance(end, bytes)
                found = list(layers[-1].iterate(module, start, end, reverse=reverse))
                assert found == between(seen[-1][module], start, end, reverse)
            case ("branch",) if len(layers) < 3:
                layers.append(layers[-1].branch())
                seen.append(copy.deepcopy(seen[-1]))
            case ("merge",) if len(layers) > 1:
                layers[-1].merge()
                seen[-2] = copy.deepcopy(seen[-1])
            case ("drop",):
                layers[-1].drop()
                seen[-1] = copy.deepcopy(seen[-2] if len(seen) > 1 else state)
    for module in "ab":
        assert list(layers[-1].iterate(module, b"", None)) == between(seen[-1][module], b"", None, False)


def test_an_iteration_gives_what_was_there_when_it_began() -> None:
    overlay = Overlay(Plain({"a": {}}))
    for number in range(100):
        overlay.set("a", bytes([number]), b"old")
    found = []
    for key, value in overlay.iterate("a", b"", None):
        found.append((key, value))
        overlay.delete("a", key)
        overlay.set("a", bytes([200 - key[0]]), b"new")
    assert found == [(bytes([number]), b"old") for number in range(100)]
    assert list(overlay.iterate("a", b"", None)) == [(bytes([number]), b"new") for number in range(101, 201)]
