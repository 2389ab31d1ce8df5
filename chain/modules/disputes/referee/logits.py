"""G, the sampler's scans over the logits, and the choice of a token."""

from collections.abc import Sequence
from hashlib import sha256

from chain.modules.disputes.referee.records import BEST_KEPT, BadRecord, Best, Ranking, require
from chain.modules.disputes.referee.tables import powers


def best(logits: Sequence[int], first: int, before: Best | None) -> Best:
    """G: return the running best after one tile whose first id is `first`; ties go to the lowest id."""
    value = max(logits)
    index, total = first + logits.index(value), sum(logits)
    if before is None:
        return Best(value, index, total)
    if value > before.value:
        return Best(value, index, before.total + total)
    return Best(before.value, before.index, before.total + total)


def checksum(last: Best) -> bytes:
    """out of C: return the body of the CHK leaf."""
    return last.value.to_bytes(4, "little", signed=True) + last.total.to_bytes(8, "little", signed=True)


def weights_of(logits: Sequence[int], top: int, inverse_temperature: int) -> list[int]:
    """Return the weights of logits, none of which is above `top`. Raises: BadRecord if one is.

    Differences are limited to 2^31 - 1 by definition; nothing is left of a weight long before.
    """
    require(max(logits) <= top, "a logit exceeds the best")
    return powers([((top - logit) * inverse_temperature) >> 16 for logit in logits])


def weight_sum(logits: Sequence[int], top: int, inverse_temperature: int, before: int) -> int:
    """CW: return the running weight after one tile."""
    return before + sum(weights_of(logits, top, inverse_temperature))


def ranking(logits: Sequence[int], first: int, before: Ranking | None) -> Ranking:
    """TK: return the best 256 pairs after one tile whose first id is `first`."""
    pairs = [*(before.pairs if before else ()), *((logit, first + at) for at, logit in enumerate(logits))]
    pairs.sort(key=lambda pair: (-pair[0], pair[1]))
    return Ranking(tuple(pairs[:BEST_KEPT]))


def threshold(seed: bytes, output: int, total: int) -> int:
    """Return r: the point of the weights' sum at which output number `output` is drawn."""
    draw = sha256(b"ostraka/sample" + seed + output.to_bytes(4, "little")).digest()
    return (int.from_bytes(draw[:8], "little") * total) >> 64


def drawn_tile(running: Sequence[int], point: int) -> int:
    """Return the first tile whose running weight (CW) exceeds `point`. Raises: BadRecord if none does."""
    for at, total in enumerate(running):
        if total > point:
            return at
    raise BadRecord("no tile reaches the drawn point")


def drawn_in_tile(
    logits: Sequence[int], first: int, top: int, inverse_temperature: int, before: int, point: int
) -> int:
    """Return the drawn id inside the tile of `drawn_tile`; `before` is the running weight before that tile.

    Raises: BadRecord if the tile's weights do not reach `point`.
    """
    for at, weight in enumerate(weights_of(logits, top, inverse_temperature)):
        before += weight
        if before > point:
            return first + at
    raise BadRecord("the tile does not reach the drawn point")


def drawn_from_ranking(last: Ranking, top_k: int, inverse_temperature: int, seed: bytes, output: int) -> int:
    """Return the token drawn from the best `top_k` logits, in the order of the ranking. Raises: BadRecord if empty."""
    pairs = last.pairs[:top_k]
    require(bool(pairs), "the ranking is empty")
    weights = weights_of([logit for logit, _ in pairs], pairs[0][0], inverse_temperature)
    point, running = threshold(seed, output, sum(weights)), 0
    for (_, index), share in zip(pairs, weights, strict=True):
        running += share
        if running > point:
            return index
    raise BadRecord("the ranking does not reach the drawn point")
