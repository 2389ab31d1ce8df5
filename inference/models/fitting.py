"""Round the linear maps of a model, layer by layer, for the inputs that a fixed text gives them.

The text runs through the canonical engine itself: each map is rounded for what the maps before it, already rounded,
feed it. Those inputs are integers with one right value, so the rounded weights are the same on every machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from chain.modules.models.types import ModelHeader
from inference.engine.cache import LayerCache
from inference.models.balance import balanced_gain
from inference.models.format import Parts
from inference.models.llama import (
    Attention,
    Digits,
    Embedding,
    Layer,
    Linear,
    Norm,
    Rotary,
    SwiGlu,
    T,
    joined,
    round_rows,
)
from inference.models.quantize import QuantizedLinear, Real, quantize_linear, weight_norms
from inference.models.rounding import Feedback, Matrix, gram
from inference.numerics.constants import FRACTION, GAIN_LIMIT
from inference.numerics.selftest import KernelChoice, exact_kernels
from inference.shards.loader import EmbeddingWeights, LinearWeights

WINDOW = 512
"""Positions of the text that see each other."""
GAIN_EXPONENT_EXTRA = 10
"""A norm's output has real = a·mx·2^-(Fg+10)/Q."""
_UNIT_GAIN = 1 << 13


@dataclass(frozen=True, slots=True)
class RealLayer:
    """One layer before rounding; qkv and gate_up are stacked."""

    qkv: Real
    o: Real
    gate_up: Real
    down: Real
    g1: Real
    g2: Real


@dataclass(frozen=True, slots=True)
class FittedLayer:
    """One layer in integers."""

    linears: tuple[QuantizedLinear, QuantizedLinear, QuantizedLinear, QuantizedLinear]
    """qkv, o, gate_up, down."""
    gains: tuple[Parts, Parts]
    """g1, g2."""


class _FirstInput(Linear):
    """A map into the residual whose weights are rounded for the first rows that it is given."""

    def __init__(self, name: str, weight: Real, choice: KernelChoice) -> None:
        self._name, self._weight, self._choice = name, weight, choice

    def __call__(self, x: Digits, finish: Callable[[Tensor, slice], T]) -> list[T]:
        """Round, then multiply; `finish` returns blocks of the new residual."""
        nearest = quantize_linear(self._name, self._weight, FRACTION)
        residual: Any = Linear(linear_weights(nearest), self._choice)(x, finish)
        shares = 1.0 / magnitudes(joined(residual))  # a norm follows: what counts is an error's part of its row
        products = gram(real_rows(x) * shares[:, None])
        self.quantized = quantize_linear(self._name, self._weight, FRACTION, Feedback(products))
        super().__init__(linear_weights(self.quantized), self._choice)
        return super().__call__(x, finish)


class _Unfinished(Layer):
    """A layer whose parts are set one after another."""

    def __init__(self, header: ModelHeader) -> None:
        self.header = header
        self.attention, self.swiglu = Attention(header), SwiGlu()


class Fitting:
    """The text on its way through the layers."""

    def __init__(
        self, header: ModelHeader, embedding: EmbeddingWeights, rope: npt.NDArray[np.int32], ids: Sequence[int]
    ) -> None:
        """Embed `ids`, cut into windows."""
        torch.set_num_threads(1)  # the engine's many small steps gain nothing from a team
        lengths = (header.hidden_size, header.num_heads * header.head_size, header.intermediate_size)
        self._header, self._choice = header, KernelChoice(exact_kernels(lengths))
        window = min(WINDOW, header.max_positions)
        self._counts = [len(ids[start : start + window]) for start in range(0, len(ids), window)]
        positions = torch.cat([torch.arange(count) for count in self._counts])
        self._angles = Rotary(rope).rows(positions)
        self._h = Embedding(embedding, header)(ids)

    @torch.inference_mode()
    def layer(self, name: str, real: RealLayer) -> FittedLayer:
        """Round the next layer and run it. Raises: Unconvertible."""
        layer, choice = _Unfinished(self._header), self._choice
        qkv, g1 = self._behind_norm(name + "qkv", real.qkv, real.g1)
        layer.norm1, layer.qkv = Norm(g1, self._header), Linear(linear_weights(qkv), choice)
        o = layer.o = _FirstInput(name + "o", real.o, choice)
        self._h = layer.mix(self._h, self._angles, self._caches())
        gate_up, g2 = self._behind_norm(name + "gate_up", real.gate_up, real.g2)
        layer.norm2, layer.gate_up = Norm(g2, self._header), Linear(linear_weights(gate_up), choice)
        down = layer.down = _FirstInput(name + "down", real.down, choice)
        self._h, _ = round_rows(layer.feed(self._h))
        gains = ({"g": g1.reshape(1, -1)}, {"g": g2.reshape(1, -1)})
        return FittedLayer((qkv, o.quantized, gate_up, down.quantized), gains)

    @torch.inference_mode()
    def head(self, weight: Real, gain: npt.NDArray[np.int16]) -> QuantizedLinear:
        """Round the head for the rows behind the last layer. Raises: Unconvertible."""
        x = real_rows(Norm(gain, self._header)(self._h))
        return quantize_linear("head", weight, self._header.gain_bits + GAIN_EXPONENT_EXTRA, Feedback(gram(x)))

    def _behind_norm(self, name: str, weight: Real, gain: Real) -> tuple[QuantizedLinear, npt.NDArray[np.int16]]:
        """Return a map and the gains of the norm before it, chosen together."""
        unit = np.full(weight.shape[1], _UNIT_GAIN, dtype=np.int16)
        products = gram(real_rows(Norm(unit, self._header)(self._h)))
        whole = weight.astype(np.float64) * gain
        chosen = balanced_gain(whole, np.diagonal(products), gain.astype(np.float64))
        factors = chosen.astype(np.float64) / GAIN_LIMIT
        products *= factors[:, None] * factors[None, :]
        bits = self._header.gain_bits
        rest = (whole / np.ldexp(chosen.astype(np.float64), -bits)).astype(np.float32)
        return quantize_linear(name, rest, bits + GAIN_EXPONENT_EXTRA, Feedback(products)), chosen

    def _caches(self) -> list[tuple[LayerCache, int, int]]:
        caches = []
        for count in self._counts:
            cache = LayerCache(self._header.num_kv_heads, self._header.head_size)
            cache.grow(0, count)
            caches.append((cache, 0, count))
        return caches


def linear_weights(quantized: QuantizedLinear) -> LinearWeights:
    """Return a rounded map as the engine wants it."""
    weight = quantized.parts["w"]
    return LinearWeights(weight, quantized.parts["mw"].reshape(-1), quantized.scale, int(weight_norms(weight).max()))


def real_rows(x: Digits) -> Matrix:
    """Return rows [M, K] as a·mx, exact integers below 2^45."""
    planes = x.planes.numpy()
    a = (planes[:, 0].astype(np.float64) - 128) * 128 + (planes[:, 1].astype(np.float64) - 128)
    a *= np.array(x.scales, dtype=np.float64)[:, None]
    return np.asarray(a)


def magnitudes(residual: Tensor) -> Matrix:
    """Return the root of the sum of squares of each row [M, n], at least 1."""
    h = residual.numpy().astype(np.float64)
    peaks = np.frexp(np.maximum(np.abs(h).max(axis=1), 1.0))[1]
    narrow = np.rint(np.ldexp(h, (20 - peaks)[:, None])).astype(np.int64)
    squares = np.maximum((narrow * narrow).sum(axis=1), 1)
    return np.asarray(np.ldexp(np.sqrt(squares.astype(np.float64)), peaks - 20))
