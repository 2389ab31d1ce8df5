"""The architecture `llama` in canonical integers: RMSNorm, rotary attention with grouped keys, SwiGLU.

Everything is an integer and has one right value; a tensor of float64 or float32 appears only where every intermediate
is an integer small enough to be exact in it. Shapes: M rows (positions of one or more sessions), n hidden size, H query
heads, KV key heads, G = H/KV, d head size, I inner size, V vocabulary, P positions in the cache.

Row scalars (maxima, roots) are Python integers: exact, unbounded, and cheaper than tensors for the few rows of a step.
"""

from collections.abc import Callable, Sequence
from math import isqrt
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from chain.modules.models.types import LinearScale, ModelHeader
from inference.engine.cache import LayerCache, Session
from inference.engine.rows import RowChunk
from inference.numerics.constants import (
    BLOCK,
    LINEAR_LIMIT,
    QUANT,
    QUANT_BITS,
    QUERY_LIMIT,
    RESIDUAL_LIMIT,
    ROPE_BITS,
    ROW_LIMIT,
    SCORE_LIMIT,
)
from inference.numerics.kernels import OFFSET
from inference.numerics.selftest import KernelChoice
from inference.numerics.tables import WEIGHT_END, sigmoid_table, weight_table
from inference.shards.loader import EmbeddingWeights, HeadWeights, LayerWeights, LinearWeights, LoadedShard

MASKED = -(1 << 30)
"""Score of a position that a row must not see: its weight is 0 whatever the largest score is."""


IN_CACHE = 49152
"""Values of a row block: elementwise steps run on blocks whose temporaries stay in a core's own cache."""

T = TypeVar("T")


class Digits(NamedTuple):
    """Quantised rows: a = 128·hi + lo with planes hi + 128 and lo + 128, and each row's scale mx."""

    planes: Tensor
    """uint8 [M, 2, K]: hi and lo of each row."""
    scales: list[int]

    @classmethod
    def join(cls, blocks: list["Digits"]) -> "Digits":
        """Return the rows of all blocks, in order."""
        if len(blocks) == 1:
            return blocks[0]
        return cls(torch.cat([block.planes for block in blocks]), [m for block in blocks for m in block.scales])


def row_blocks(count: int, width: int) -> list[slice]:
    """Cut `count` rows of `width` values into blocks of about `IN_CACHE` values."""
    step = max(1, IN_CACHE // width)
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def joined(blocks: list[Tensor]) -> Tensor:
    """Return the rows of all blocks, in order."""
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks)


def column(values: list[int]) -> Tensor | int:
    """Return row scalars in a form that broadcasts over [M, K]."""
    return values[0] if len(values) == 1 else torch.tensor(values, dtype=torch.int64)[:, None]


def row_peaks(x: Tensor) -> list[int]:
    """Return max|x| of each row."""
    peaks: list[int] = x.abs().amax(-1).tolist()
    return peaks


def digits(y: Tensor, peaks: list[int], scales: list[int]) -> Digits:
    """Quantise rows: a = (y·R + 2^45) >> 46, R = (Q << 46)//max|y|, split at bit 7."""
    ratio = column([(QUANT << QUANT_BITS) // (peak or 1) for peak in peaks])
    t = torch.mul(y, ratio).add_((1 << (QUANT_BITS - 1)) + (OFFSET << (QUANT_BITS + 7)))
    planes = torch.empty(y.shape[0], 2, y.shape[1], dtype=torch.uint8)
    planes[:, 0] = t >> (QUANT_BITS + 7)
    planes[:, 1] = t.bitwise_right_shift_(QUANT_BITS).bitwise_or_(OFFSET)  # uint8 keeps 128 + the low seven bits
    return Digits(planes, scales)


class Linear:
    """y = clamp(rsh(((acc·mw) >> s1)·mx, s2)), acc = sum a·w."""

    def __init__(self, weights: LinearWeights, choice: KernelChoice) -> None:
        scale: LinearScale = weights.scale
        self.products = choice.pack(torch.from_numpy(weights.weight), weights.norm)
        # acc·mw < 2^53 is exact in float64, and so is its product with a power of two: floor gives the shift.
        mantissa = torch.from_numpy(weights.mantissa.astype(np.float64))
        self.mantissa = torch.ldexp(mantissa, torch.tensor(-scale.s1))
        self.shift = scale.s2
        self.half = 1 << (scale.s2 - 1)
        self.safe_scale = ((LINEAR_LIMIT << scale.s2) - self.half) >> 31
        """Row scales up to this cannot reach the clamp, as |acc·mw| >> s1 stays below 2^31."""

    def __call__(self, x: Digits, finish: Callable[[Tensor, slice], T]) -> list[T]:
        """Multiply all rows at once; return what `finish` makes of each block of outputs, int64 [B, N]."""
        rows, _, inputs = x.planes.shape
        sums = self.products(x.planes.view(-1, inputs)).view(rows, 2, -1)  # [M, 2, N]
        blocks = row_blocks(rows, sums.shape[-1])
        return [finish(self._scaled(sums[block], x.scales[block]), block) for block in blocks]

    def _scaled(self, sums: Tensor, scales: list[int]) -> Tensor:
        y = sums[:, 0].to(torch.float64).mul_(128.0).add_(sums[:, 1]).mul_(self.mantissa).floor_().to(torch.int64)
        y.mul_(column(scales)).add_(self.half).bitwise_right_shift_(self.shift)
        if max(scales) > self.safe_scale:
            y.clamp_(-LINEAR_LIMIT, LINEAR_LIMIT)
        return y


class Norm:
    """RMSNorm of residual rows, quantised."""

    def __init__(self, gain: npt.NDArray[np.int16], header: ModelHeader) -> None:
        self.gain = torch.from_numpy(gain.astype(np.int64))
        self.bits = header.norm_bits
        self.epsilon = header.epsilon

    def __call__(self, x: Tensor) -> Digits:
        """Return the digits of [M, n]."""
        drops = [max(0, peak.bit_length() - self.bits) for peak in row_peaks(x)]
        narrow = x >> column(drops) if any(drops) else x
        squares: list[int] = (narrow * narrow).sum(-1).tolist()
        y = narrow * self.gain
        peaks, scales = row_peaks(y), []
        for square, drop, peak in zip(squares, drops, peaks, strict=True):
            variance = square // x.shape[-1] + (self.epsilon >> (2 * drop))
            scales.append(min((peak << 15) // max(1, isqrt(variance << 10)), LINEAR_LIMIT))
        return digits(y, peaks, scales)


def round_rows(h: Tensor) -> tuple[Tensor, RowChunk]:
    """Round residual rows [M, n] to their canonical form; return them as int64 and as rows to send."""
    blocks = h.view(h.shape[0], -1, BLOCK)  # [M, n/64, 64]
    peaks = blocks.abs().amax(-1).numpy()
    shifts = np.maximum(np.frexp(peaks.astype(np.float64))[1].astype(np.int64) - 15, 0)  # frexp: the bit length
    shift = torch.from_numpy(shifts)[:, :, None]
    half = torch.from_numpy((1 << shifts) >> 1)[:, :, None]
    q = (blocks + half).bitwise_right_shift_(shift).clamp_(-ROW_LIMIT, ROW_LIMIT)
    rows = RowChunk(shifts.astype(np.uint8), q.to(torch.int16).view(h.shape).numpy())
    return q.bitwise_left_shift_(shift).view(h.shape), rows


def widen_rows(rows: RowChunk) -> Tensor:
    """Return received rows as residuals, int64 [M, n]."""
    q = torch.from_numpy(rows.values.astype(np.int64)).view(len(rows), -1, BLOCK)
    shift = torch.from_numpy(rows.shifts.astype(np.int64))[:, :, None]
    return q.bitwise_left_shift_(shift).view(len(rows), -1)


class Rotary:
    """Rotary embedding: rsh(x·cos + rot(x)·sin, 15), pairs are (i, i + d/2)."""

    def __init__(self, table: npt.NDArray[np.int32]) -> None:
        self.table = torch.from_numpy(table)  # [positions, d]: cos | sin

    def rows(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cos | cos and -sin | sin of each position, both int64 [M, 1, d]."""
        cos, sin = self.table[positions].to(torch.int64)[:, None, :].chunk(2, dim=-1)
        return torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)

    @staticmethod
    def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Rotate heads [M, heads, d]."""
        swapped = x.view(*x.shape[:-1], 2, -1).flip(-2).view(x.shape)
        turned = (x * cos).addcmul_(swapped, sin).add_(1 << (ROPE_BITS - 1))
        return turned.bitwise_right_shift_(ROPE_BITS)


class Attention:
    """Grouped-query attention over quantised keys, with log2 scores and 15-bit weights."""

    def __init__(self, header: ModelHeader) -> None:
        self.heads, self.kv_heads, self.size = header.num_heads, header.num_kv_heads, header.head_size
        self.group = self.heads // self.kv_heads
        self.dot_scale = 2.0**-header.dot_shift
        self.mantissa, self.shift = header.score_mantissa, header.score_shift
        self.value_drop = 16 - header.value_bits
        self.out_shift = 17 - header.value_bits
        self.weights = torch.from_numpy(weight_table().astype(np.float64))

    def quantized(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Clamp and quantise heads [M, heads, d] each; return digits a as float64 and scales m [M, heads, 1]."""
        x.clamp_(-QUERY_LIMIT, QUERY_LIMIT)
        scale = x.abs().amax(-1, keepdim=True)
        ratio = torch.full((), QUANT << QUANT_BITS).floor_divide(scale.clamp_min(1))
        a = (x * ratio).add_(1 << (QUANT_BITS - 1)).bitwise_right_shift_(QUANT_BITS)
        return a.to(torch.float64), scale

    def store(self, cache: LayerCache, at: int, keys: Tensor, scales: Tensor, values: Tensor) -> None:
        """Write keys [T, KV, d], their scales [T, KV, 1] and raw values [T, KV, d] at positions at.. of the cache."""
        end = at + keys.shape[0]
        cache.keys[:, at:end] = keys.transpose(0, 1)
        cache.scales[:, 0, at:end] = scales[:, :, 0].t()
        if self.value_drop:
            values = (values + (1 << (self.value_drop - 1))).bitwise_right_shift_(self.value_drop)
        cache.values[:, at:end, : self.size] = values.clamp(-32768, 32767).transpose(0, 1)

    def attend(self, cache: LayerCache, at: int, queries: Tensor, scales: Tensor) -> Tensor:
        """Return int64 [T, H·d] for queries [T, H, d] at positions at..at+T of a cache that holds them already."""
        count, end = queries.shape[0], at + queries.shape[0]
        kv, group, d = self.kv_heads, self.group, self.size
        # [T, H, d] → [KV, G·T, d]: rows of one key head are its group's heads, each with all T positions
        q = queries.view(count, kv, group, d).permute(1, 2, 0, 3).reshape(kv, group * count, d)
        m = scales.view(count, kv, group).permute(1, 2, 0).reshape(kv, group * count, 1)
        hidden = torch.ones(count, count, dtype=torch.bool).triu_(1) if count > 1 else None
        sums = []
        for own in row_blocks(kv, group * count * end):  # key heads, B at a time
            dots = torch.bmm(q[own] * self.dot_scale, cache.keys[own, :end].transpose(1, 2)).floor_()  # [B, G·T, P]
            z = dots.to(torch.int64).mul_(cache.scales[own, :, :end]).bitwise_right_shift_(20)
            z.mul_((m[own] * self.mantissa).bitwise_right_shift_(13)).add_(1 << (self.shift - 1))
            z = z.bitwise_right_shift_(self.shift).clamp_(-SCORE_LIMIT, SCORE_LIMIT).to(torch.int32)
            if hidden is not None:
                z.view(-1, group, count, end)[..., at:].masked_fill_(hidden, MASKED)
            below = (z.amax(-1, keepdim=True) - z).clamp_(max=WEIGHT_END)
            p = self.weights.index_select(0, below.view(-1)).view(below.shape)
            sums.append(torch.bmm(p, cache.values[own, :end]))
        mixed = joined(sums).to(torch.int64)  # [KV, G·T, d+1]: sum p·v | sum p
        total = mixed[..., d:]
        out = (mixed[..., :d] << self.out_shift).add_(total).floor_divide_(total << 1)
        return out.view(kv, group, count, d).permute(2, 0, 1, 3).reshape(count, self.heads * d)


class SwiGlu:
    """y = rsh(rsh(g·SIG[i], 28)·u, 16) with i the table step of g."""

    def __init__(self) -> None:
        self.table = torch.from_numpy(sigmoid_table())

    def __call__(self, gate_up: Tensor) -> Digits:
        """Return the digits [M, I] of gate | up [M, 2·I]."""
        gate, up = gate_up.chunk(2, dim=-1)
        step = (gate + (16 + (32768 << 5))).bitwise_right_shift_(5).clamp_(0, 65535)
        sigmoid = self.table.index_select(0, step.view(-1)).view(step.shape)
        y = sigmoid.mul_(gate).add_(1 << 27).bitwise_right_shift_(28)
        y.mul_(up).add_(1 << 15).bitwise_right_shift_(16)
        y.clamp_(-LINEAR_LIMIT, LINEAR_LIMIT)
        peaks = row_peaks(y)
        return digits(y, peaks, peaks)


def adding(h: Tensor) -> Callable[[Tensor, slice], Tensor]:
    """Return what adds a block of outputs to its rows of the residual."""
    return lambda y, rows: y.add_(h[rows]).clamp_(-RESIDUAL_LIMIT, RESIDUAL_LIMIT)


class Layer:
    """One transformer layer."""

    def __init__(self, weights: LayerWeights, header: ModelHeader, choice: KernelChoice) -> None:
        self.header = header
        self.norm1, self.norm2 = Norm(weights.g1, header), Norm(weights.g2, header)
        self.qkv, self.o = Linear(weights.qkv, choice), Linear(weights.o, choice)
        self.gate_up, self.down = Linear(weights.gate_up, choice), Linear(weights.down, choice)
        self.attention, self.swiglu = Attention(header), SwiGlu()

    def __call__(
        self, h: Tensor, angles: tuple[Tensor, Tensor], caches: Sequence[tuple[LayerCache, int, int]]
    ) -> Tensor:
        """Return the residual behind the layer, not yet rounded; `caches` holds (cache, position, rows) per session."""
        return self.feed(self.mix(h, angles, caches))

    def mix(self, h: Tensor, angles: tuple[Tensor, Tensor], caches: Sequence[tuple[LayerCache, int, int]]) -> Tensor:
        """Return the residual [M, n] behind the attention."""
        heads, kv, d = self.header.num_heads, self.header.num_kv_heads, self.header.head_size
        x = joined(self.qkv(self.norm1(h), lambda y, _: y)).view(-1, heads + 2 * kv, d)  # [M, H+2·KV, d]
        a, m = self.attention.quantized(Rotary.turn(x[:, : heads + kv], *angles))
        mixed, start = [], 0
        for cache, at, count in caches:
            own = slice(start, start + count)
            self.attention.store(cache, at, a[own, heads:], m[own, heads:], x[own, heads + kv :])
            mixed.append(self.attention.attend(cache, at, a[own, :heads], m[own, :heads]))
            start += count
        attended = joined(mixed)  # [M, H·d]
        peaks = row_peaks(attended)
        return joined(self.o(digits(attended, peaks, peaks), adding(h)))

    def feed(self, h: Tensor) -> Tensor:
        """Return the residual [M, n] behind the feed-forward network."""
        inner = Digits.join(self.gate_up(self.norm2(h), lambda y, _: self.swiglu(y)))
        return joined(self.down(inner, adding(h)))


class Embedding:
    """x = rsh(w8[id]·me[id], esh)."""

    def __init__(self, weights: EmbeddingWeights, header: ModelHeader) -> None:
        self.weights = weights
        self.shift = header.embedding_shift

    def __call__(self, ids: Sequence[int]) -> Tensor:
        """Return int64 [M, n]."""
        index = np.asarray(ids, dtype=np.int64)
        rows = self.weights.weight[index].astype(np.int64) * self.weights.mantissa[index].astype(np.int64)[:, None]
        return torch.from_numpy((rows + (1 << (self.shift - 1))) >> self.shift)


class Head:
    """Final norm and logits."""

    def __init__(self, weights: HeadWeights, header: ModelHeader, choice: KernelChoice) -> None:
        self.norm = Norm(weights.gain, header)
        self.linear = Linear(weights.linear, choice)

    def __call__(self, h: Tensor) -> Tensor:
        """Return logits, int32 [M, V]."""
        return joined(self.linear(self.norm(h), lambda y, _: y.to(torch.int32)))


class LlamaShard:
    """Layers [start, end) with embedding and head where they were loaded."""

    def __init__(self, shard: LoadedShard, choice: KernelChoice) -> None:
        header = shard.header
        self.header = header
        self.rotary = Rotary(shard.rope)
        self.layers = [Layer(weights, header, choice) for weights in shard.layers]
        self.embedding = Embedding(shard.embedding, header) if shard.embedding else None
        self.head = Head(shard.head, header, choice) if shard.head else None

    def forward(self, h: Tensor, sessions: Sequence[tuple[Session, int]]) -> list[RowChunk]:
        """Run all layers on residuals [M, n], the next `count` positions of each session; return rows per layer."""
        positions = [torch.arange(session.position, session.position + count) for session, count in sessions]
        angles = self.rotary.rows(torch.cat(positions))
        out = []
        for index, layer in enumerate(self.layers):
            caches = [(session.layers[index], session.position, count) for session, count in sessions]
            h, rows = round_rows(layer(h, angles, caches))
            out.append(rows)
        return out
