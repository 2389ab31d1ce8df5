"""G, the sampler's scans and the drawn token."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.modules.disputes.referee import logits
from chain.modules.disputes.referee.records import BadRecord, Best, Ranking
from chain.modules.disputes.referee.tables import exp2

SEED = bytes(range(32))
scores = st.lists(st.integers(-(2**31) + 1, 2**31 - 1) | st.integers(-200000, 200000), min_size=1, max_size=300)


def _best(values: list[int], tile: int) -> Best:
    best = None
    for first in range(0, len(values), tile):
        best = logits.best(values[first : first + tile], first, best)
    assert best is not None
    return best


def _draw(values: list[int], tile: int, inverse: int, output: int) -> int:
    top, running = max(values), [0]
    for first in range(0, len(values), tile):
        running.append(logits.weight_sum(values[first : first + tile], top, inverse, running[-1]))
    point = logits.threshold(SEED, output, running[-1])
    at = logits.drawn_tile(running[1:], point)
    part = values[at * tile : at * tile + tile]
    return logits.drawn_in_tile(part, at * tile, top, inverse, running[at], point)


def _draw_by_definition(values: list[int], order: list[int], inverse: int, output: int) -> int:
    top = max(values)
    weights = []
    for index in order:
        difference = min(((top - values[index]) * inverse) >> 16, 2**31 - 1)
        weights.append(exp2()[difference & 4095] >> min(difference >> 12, 31))
    digest = sha256(b"ostraka/sample" + SEED + output.to_bytes(4, "little")).digest()
    point = int.from_bytes(digest[:8], "little") * sum(weights) >> 64
    for place, index in enumerate(order):
        if sum(weights[: place + 1]) > point:
            return index
    raise AssertionError


@given(scores, st.integers(1, 70))
def test_the_best_logit_is_the_first_of_the_largest_however_it_is_tiled(values: list[int], tile: int) -> None:
    assert _best(values, tile) == Best(max(values), values.index(max(values)), sum(values))


def test_the_checksum_is_the_maximum_and_the_sum() -> None:
    assert logits.checksum(Best(-2, 9, -3)) == bytes.fromhex("fefffffffdffffffffffffff")


@settings(max_examples=80, deadline=None)
@given(scores, st.integers(1, 70), st.integers(1, 2**31 - 1) | st.integers(1, 20000), st.integers(0, 2**32 - 1))
def test_a_draw_follows_the_definition_however_it_is_tiled(
    values: list[int], tile: int, inverse: int, output: int
) -> None:
    assert _draw(values, tile, inverse, output) == _draw_by_definition(
        values, list(range(len(values))), inverse, output
    )


@settings(max_examples=80, deadline=None)
@given(scores, st.integers(1, 70), st.integers(1, 256), st.integers(1, 20000), st.integers(0, 100))
def test_a_top_k_draw_follows_the_definition(
    values: list[int], tile: int, top_k: int, inverse: int, output: int
) -> None:
    kept: Ranking | None = None
    for first in range(0, len(values), tile):
        kept = logits.ranking(values[first : first + tile], first, kept)
    assert kept is not None
    assert Ranking.decode(kept.encode(), len(kept.pairs)) == kept
    order = sorted(range(len(values)), key=lambda index: (-values[index], index))
    assert [index for _, index in kept.pairs] == order[:256]
    drawn = logits.drawn_from_ranking(kept, top_k, inverse, SEED, output)
    assert drawn == _draw_by_definition(values, order[:top_k], inverse, output)


def test_a_cold_sampler_is_greedy_and_a_hot_one_is_not() -> None:
    values = [0, 3 << 16, 2 << 16, 3 << 16]
    assert {_draw(values, 2, 2**31 - 1, output) for output in range(50)} == {1, 3}
    assert {_draw(values, 2, 1, output) for output in range(200)} == {0, 1, 2, 3}


def test_inconsistent_records_convict_their_author() -> None:
    with pytest.raises(BadRecord, match="exceeds the best"):
        logits.weights_of((1, 5), 4, 1)
    with pytest.raises(BadRecord, match="no tile"):
        logits.drawn_tile([1, 2], 2)
    with pytest.raises(BadRecord, match="does not reach"):
        logits.drawn_in_tile([1], 0, 1, 1, 0, 1 << 31)
    with pytest.raises(BadRecord, match="empty"):
        logits.drawn_from_ranking(Ranking(()), 4, 1, SEED, 0)
