"""One step of a unit, recomputed by the referee from opened values.

The same code runs on the chain, where `Openings` verifies what a prover posted, and in a prover, where it finds out
what to post: a step asks for its reads in a fixed order and for nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from chain.crypto.hashing import token_salt, u32
from chain.modules.disputes.game import reads
from chain.modules.disputes.game.reads import OWN, Read, Root
from chain.modules.disputes.game.shape import INPUT, Item, ItemKind, Op, OpKind, UnitShape, tail_tensor
from chain.modules.disputes.referee import attention, linear, logits, norms, residual
from chain.modules.disputes.referee.arithmetic import BLOCK, TILE
from chain.modules.disputes.referee.records import (
    BEST_KEPT,
    Activations,
    BadRecord,
    Best,
    Maximum,
    Ranking,
    Row,
    Scores,
    Squares,
    Weighted,
    WeightRow,
    decode_gains,
    decode_i32,
    decode_residuals,
    decode_rope_row,
    decode_row_tile,
    decode_values,
    decode_weight_row,
    decode_weight_sum,
    encode_i32,
    encode_i64,
    encode_values,
)
from chain.modules.jobs.types import SamplerKind

T = TypeVar("T")
_SALT = 16
_TOKEN_BYTES = _SALT + 8


class ForeignFault(ValueError):
    """An input that the asserter did not make is malformed: the unit is void and the asserter not to blame."""

    def __init__(self, root: Root, rule: str) -> None:
        super().__init__(rule)
        self.root = root


class Openings(Protocol):
    """Gives the leaves of a read."""

    def take(self, read: Read) -> tuple[bytes, ...]:
        """Return the bodies of the leaves."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One tile of one operator of one item; a linear map's step is one element of it."""

    shape: UnitShape
    seed: bytes
    """The job's sampler seed."""
    blind: bytes
    item: Item
    op_index: int
    tile: int
    source: Openings

    @property
    def op(self) -> Op:
        """Return the operator."""
        return self.shape.op(self.item, self.op_index)

    def record(self) -> bytes:
        """Return the tile as it should be; not for linear maps. Raises: BadRecord, ForeignFault."""
        return _RECORDS[self.op.kind](self, self.op)

    def element(self, index: int) -> int:
        """Return output `index` of a linear map as it should be. Raises: BadRecord, ForeignFault."""
        op = self.op
        source = self._of(op.source)
        bodies = self.source.take(reads.tiles(self.shape, self.item, op.source, 0, source.num_tiles))
        row = Row.decode(bodies, [source.size(at) for at in range(source.num_tiles)])
        is_head = op.tensor == tail_tensor(self.shape.header, "head")
        found = self._weights(op.tensor, op.first_row + index, op.columns, is_head and self.shape.header.tied)
        assert op.scale is not None
        return linear.element(row, found, op.scale.s1, op.scale.s2)

    # Reading

    def _take(self, read: Read, decode: Callable[[bytes], T]) -> list[T]:
        return self._take_all(read, lambda bodies: [decode(body) for body in bodies])

    def _take_all(self, read: Read, decode: Callable[[tuple[bytes, ...]], T]) -> T:
        bodies = self.source.take(read)
        try:
            return decode(bodies)
        except BadRecord as error:
            if read.root in OWN:
                raise
            raise ForeignFault(read.root, str(error)) from None

    def _of(self, index: int) -> Op:
        return self.shape.op(self.item, index)

    def _tile(self, op: int, tile: int, decode: Callable[[bytes], T]) -> T:
        return self._take(reads.tiles(self.shape, self.item, op, tile), decode)[0]

    def _before(self, decode: Callable[[bytes], T]) -> T | None:
        """Return the record before this one of the same operator."""
        return self._tile(self.op_index, self.tile - 1, decode) if self.tile else None

    def _last(self, op: int, decode: Callable[[bytes], T]) -> T:
        return self._tile(op, self._of(op).num_tiles - 1, decode)

    def _gains(self, op: Op) -> tuple[int, ...]:
        size = min(TILE, op.columns - self.tile * TILE)
        return self._take(reads.weights(self.shape, op.tensor, self.tile), lambda body: decode_gains(body, size))[0]

    def _weights(self, tensor: int, index: int, columns: int, is_tied: bool) -> WeightRow:
        read = reads.weights(self.shape, tensor, index)
        return self._take(read, lambda body: decode_weight_row(body, columns, is_tied))[0]

    def _range(self, op: int, first: int, num: int) -> tuple[int, ...]:
        """Return values [first, first + num) of an operator whose tiles are i32."""
        found = self._of(op)
        low, high = first // found.tile, (first + num - 1) // found.tile
        bodies = self.source.take(reads.tiles(self.shape, self.item, op, low, high - low + 1))
        values: list[int] = []
        for at, body in enumerate(bodies, low):
            values += decode_i32(body, found.size(at))
        skipped = first - low * found.tile
        return tuple(values[skipped : skipped + num])

    def _x(self, op: Op) -> tuple[int, ...]:
        """Return the tile of the row that an operator reads."""
        start, size = self.tile * TILE, min(TILE, op.columns - self.tile * TILE)
        if op.source == INPUT:
            return self._input(size)
        if self._of(op.source).kind == OpKind.ADDED:
            return self._tile(op.source, self.tile, lambda body: decode_residuals(body, size))
        return self._range(op.source, start, size)

    def _input(self, size: int) -> tuple[int, ...]:
        """Return this tile of the row that the item starts from."""
        shape, item = self.shape, self.item
        is_output = item.kind in (ItemKind.CHECKSUM, ItemKind.TOKEN)
        position = shape.prompt_tokens - 1 + item.index if is_output else item.index
        if item.layer:
            read = reads.row(shape, item.layer - 1, position, self.tile)
            return self._take(read, lambda body: decode_row_tile(body, size))[0]
        return self._embedded(position, size)

    def _embedded(self, position: int, size: int) -> tuple[int, ...]:
        header, read = self.shape.header, reads.token(self.shape, position)
        (body,) = self.source.take(read)
        token = int.from_bytes(body[-4:], "little")
        if len(body) != _TOKEN_BYTES or token >= header.vocab_size:
            raise ForeignFault(read.root, "a token is not in the vocabulary")
        found = self._weights(tail_tensor(header, "embedding"), token, header.hidden_size, header.tied)
        mantissa = found.embedding_mantissa if header.tied else found.mantissa
        tile = found.weights[self.tile * TILE : self.tile * TILE + size]
        return residual.embedded(tile, mantissa, header.embedding_shift)

    def _rotation(self, position: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        size = self.shape.header.head_size
        return self._take(reads.rotation(self.shape, position), lambda body: decode_rope_row(body, size))[0]

    def _logits(self, op: int, tile: int) -> tuple[int, ...]:
        size = self._of(op).size(tile)
        return self._tile(op, tile, lambda body: decode_i32(body, size))

    # Rows

    def _maximum(self, op: Op) -> bytes:
        return norms.maximum(self._x(op), self._before(Maximum.decode)).encode()

    def _squares(self, op: Op) -> bytes:
        x, gains, peak = self._x(op), self._gains(op), self._last(op.other, Maximum.decode)
        return norms.squares(x, gains, peak, self.shape.header.norm_bits, self._before(Squares.decode)).encode()

    def _norm(self, op: Op) -> bytes:
        x, gains, peak = self._x(op), self._gains(op), self._last(op.other, Maximum.decode)
        sums, header = self._last(op.third, Squares.decode), self.shape.header
        return norms.norm_tile(x, gains, peak, sums, op.columns, header.epsilon, header.norm_bits).encode()

    def _plain(self, op: Op) -> bytes:
        return norms.plain_tile(self._x(op), self._last(op.other, Maximum.decode)).encode()

    def _query(self, op: Op) -> bytes:
        x = self._range(op.source, self.tile * op.tile, op.tile)
        return attention.rotated_head(x, *self._rotation(self.item.index)).encode()

    def _scores(self, op: Op) -> bytes:
        header, size = self.shape.header, self.shape.header.head_size
        query = self._tile(op.source, op.head, lambda body: Activations.decode_head(body, size))
        group = op.head // (header.num_heads // header.num_kv_heads)
        read = reads.cached(self.shape, ItemKind.KEY, group, self.tile * BLOCK, op.size(self.tile))
        keys = self._take_all(read, lambda bodies: Activations.decode_heads(bodies, size))
        before = self._before(lambda body: Scores.decode(body, BLOCK))
        return attention.scores(query, keys, header, before).encode()

    def _weighted(self, op: Op) -> bytes:
        header, size = self.shape.header, self.shape.header.head_size
        source = self._of(op.source)
        block = self._tile(op.source, self.tile, lambda body: Scores.decode(body, source.size(self.tile)))
        last = source.num_tiles - 1
        top = block if self.tile == last else self._last(op.source, lambda body: Scores.decode(body, source.size(last)))
        group = op.head // (header.num_heads // header.num_kv_heads)
        read = reads.cached(self.shape, ItemKind.VALUE, group, self.tile * BLOCK, source.size(self.tile))
        values = self._take(read, lambda body: decode_values(body, size))
        before = self._before(lambda body: Weighted.decode(body, size))
        return attention.weighted(block, top.maximum, values, before).encode()

    def _mixed(self, op: Op) -> bytes:
        size = self.shape.header.head_size
        last = self._last(op.source + self.tile, lambda body: Weighted.decode(body, size))
        return encode_i32(attention.head_output(last, self.shape.header.value_bits))

    def _added(self, op: Op) -> bytes:
        size = op.size(self.tile)
        return encode_i64(residual.added(self._input(size), self._range(op.other, self.tile * TILE, size)))

    def _swiglu(self, op: Op) -> bytes:
        start, size = self.tile * TILE, op.size(self.tile)
        gates = self._range(op.source, start, size)
        return encode_i32(residual.swiglu(gates, self._range(op.source, op.width + start, size)))

    def _row_out(self, op: Op) -> bytes:
        size = op.size(self.tile)
        x = self._tile(op.source, self.tile, lambda body: decode_residuals(body, size))
        return residual.row_tile(x, self._range(op.other, self.tile * TILE, size))

    def _key_out(self, op: Op) -> bytes:
        x = self._range(op.source, 0, op.width)
        return attention.rotated_head(x, *self._rotation(self.item.index)).encode()

    def _value_out(self, op: Op) -> bytes:
        return encode_values(attention.value_row(self._range(op.source, 0, op.width), self.shape.header.value_bits))

    # Outputs

    def _best(self, op: Op) -> bytes:
        first = self.tile * self._of(op.source).tile
        return logits.best(self._logits(op.source, self.tile), first, self._before(Best.decode)).encode()

    def _weight_sum(self, op: Op) -> bytes:
        tile, top = self._logits(op.source, self.tile), self._last(op.other, Best.decode).value
        before = self._before(decode_weight_sum) or 0
        return encode_i64((logits.weight_sum(tile, top, self.shape.sampler.inverse_temperature, before),))

    def _kept(self, op: Op, tile: int) -> int:
        """Return how many pairs a running ranking holds after a tile of logits."""
        found = self._of(op.source)
        return min(BEST_KEPT, (tile + 1) * found.tile, found.width)

    def _ranking(self, op: Op) -> bytes:
        tile, first = self._logits(op.source, self.tile), self.tile * self._of(op.source).tile
        before = self._before(lambda body: Ranking.decode(body, self._kept(op, self.tile - 1)))
        return logits.ranking(tile, first, before).encode()

    def _checksum_out(self, op: Op) -> bytes:
        return logits.checksum(self._last(op.source, Best.decode))

    def _token_out(self, op: Op) -> bytes:
        output = self.item.index
        return token_salt(self.blind, True, output) + u32(output) + u32(self._token(op, output))

    def _token(self, op: Op, output: int) -> int:
        sampler, source = self.shape.sampler, self._of(op.source)
        if sampler.kind == SamplerKind.GREEDY:
            return self._last(op.source, Best.decode).index
        last = source.num_tiles - 1
        if sampler.top_k:
            kept = self._last(op.source, lambda body: Ranking.decode(body, self._kept(source, last)))
            return logits.drawn_from_ranking(kept, sampler.top_k, sampler.inverse_temperature, self.seed, output)
        running = self._take(reads.tiles(self.shape, self.item, op.source, 0, last + 1), decode_weight_sum)
        point = logits.threshold(self.seed, output, running[-1])
        at = logits.drawn_tile(running, point)
        top, before = self._last(op.other, Best.decode).value, running[at - 1] if at else 0
        first, tile = at * self._of(op.third).tile, self._logits(op.third, at)
        return logits.drawn_in_tile(tile, first, top, sampler.inverse_temperature, before, point)


_RECORDS: dict[OpKind, Callable[[Step, Op], bytes]] = {
    OpKind.MAXIMUM: Step._maximum,
    OpKind.SQUARES: Step._squares,
    OpKind.NORM: Step._norm,
    OpKind.PLAIN: Step._plain,
    OpKind.QUERY: Step._query,
    OpKind.SCORES: Step._scores,
    OpKind.WEIGHTED: Step._weighted,
    OpKind.MIXED: Step._mixed,
    OpKind.ADDED: Step._added,
    OpKind.SWIGLU: Step._swiglu,
    OpKind.BEST: Step._best,
    OpKind.WEIGHT_SUM: Step._weight_sum,
    OpKind.RANKING: Step._ranking,
    OpKind.KEY_OUT: Step._key_out,
    OpKind.VALUE_OUT: Step._value_out,
    OpKind.ROW_OUT: Step._row_out,
    OpKind.CHECKSUM_OUT: Step._checksum_out,
    OpKind.TOKEN_OUT: Step._token_out,
}
