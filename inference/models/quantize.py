"""Real weights to integers. Only correctly rounded float64 operations, so every machine gets the same integers.

    linear map   real w[n,k] = w8[n,k]·Q·mw[n]·2^-E              y = rsh(((acc·mw) >> s1)·mx, s2)
    embedding    real w[v,k] = w8[v,k]·me[v]·2^-(esh+16)         x = rsh(w8·me, esh)
    gain         real g      = g·2^-Fg

Mantissas are rounded up before the weights are quantised: the rounding of the scale then costs no accuracy and no
weight saturates.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chain.modules.models.types import LinearScale
from inference.models.format import Parts
from inference.models.rounding import Feedback, round_compensated
from inference.numerics.constants import (
    EMBEDDING_MANTISSA_LIMIT,
    FRACTION,
    GAIN_LIMIT,
    MANTISSA_LIMIT,
    MAX_SHIFTS,
    QUANT,
    ROPE_BITS,
)

Real = npt.NDArray[np.float32]
_BLOCK_ROWS = 4096
_MAX_EMBEDDING_SHIFT = 40


class Unconvertible(ValueError):
    """The model has no form in this numeric version; the message says why."""


@dataclass(frozen=True, slots=True)
class QuantizedLinear:
    """A linear map in integers."""

    parts: Parts
    scale: LinearScale
    exponent: int
    """E: real = w8·Q·mw·2^-E."""


def _row_steps(weight: Real) -> npt.NDArray[np.float64]:
    """Return max|w|/127 of each row."""
    blocks = range(0, weight.shape[0], _BLOCK_ROWS)
    peaks = np.concatenate([np.abs(weight[at : at + _BLOCK_ROWS]).max(axis=1) for at in blocks]).astype(np.float64)
    if not np.isfinite(peaks).all():
        raise Unconvertible("a weight is not a finite number")
    return np.asarray(peaks / 127.0, dtype=np.float64)


def _round_rows(weight: Real, scale: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    """Return round(w / scale) per row, within ±127."""
    out = np.empty(weight.shape, dtype=np.int8)
    for at in range(0, weight.shape[0], _BLOCK_ROWS):
        rows = weight[at : at + _BLOCK_ROWS].astype(np.float64)
        np.divide(rows, scale[at : at + _BLOCK_ROWS, None], out=rows)
        np.clip(np.rint(rows, out=rows), -127, 127, out=rows)
        out[at : at + _BLOCK_ROWS] = rows
    return out


def weight_norms(weight: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Return the L1 norm of each row."""
    blocks = range(0, weight.shape[0], _BLOCK_ROWS)
    return np.concatenate([np.abs(weight[at : at + _BLOCK_ROWS].astype(np.int16)).sum(1, np.int64) for at in blocks])


def quantize_linear(name: str, weight: Real, input_exponent: int, feedback: Feedback | None = None) -> QuantizedLinear:
    """Return a linear map [N, K] whose input is real = a·mx·2^-input_exponent/Q, rounded to nearest or by `feedback`.

    Raises: Unconvertible.
    """
    steps = _row_steps(weight)
    top = float(steps.max())
    exponent = MAX_SHIFTS + FRACTION - input_exponent
    while math.ceil(math.ldexp(top, exponent) / QUANT) >= MANTISSA_LIMIT:
        exponent -= 1
    mantissa = np.maximum(np.ceil(np.ldexp(steps, exponent) / QUANT), 1.0)
    scale = np.ldexp(mantissa * QUANT, -exponent)
    w8 = round_compensated(weight, scale, feedback) if feedback else _round_rows(weight, scale)
    mw = mantissa.astype(np.uint16)
    bound = int((weight_norms(w8) * mw.astype(np.int64)).max()) * QUANT
    first = max(0, bound.bit_length() - 31)
    second = exponent + input_exponent - FRACTION - first
    if second < 1:
        raise Unconvertible(f"{name}: weights up to {top * 127:g} are too large")
    return QuantizedLinear({"w": w8, "mw": mw[:, None]}, LinearScale(first, second), exponent)


def _embedding_shift(top: float) -> int:
    """Return esh, the most fraction bits with which every mantissa fits. Raises: Unconvertible."""
    shift = _MAX_EMBEDDING_SHIFT
    while math.ceil(math.ldexp(top, shift + FRACTION)) >= EMBEDDING_MANTISSA_LIMIT:
        shift -= 1
    if shift < 1:
        raise Unconvertible(f"embedding: weights up to {top * 127:g} are too large")
    return shift


def tied_embedding(head: QuantizedLinear) -> tuple[Parts, int]:
    """Return the parts and esh that give the head's weights as an embedding. Raises: Unconvertible."""
    scale = np.ldexp(head.parts["mw"].astype(np.float64) * QUANT, -head.exponent)
    shift = _embedding_shift(float(scale.max()))
    mantissa = np.rint(np.ldexp(scale, shift + FRACTION)).astype(np.uint16)
    return {"w": head.parts["w"], "me": mantissa}, shift


def quantize_embedding(weight: Real) -> tuple[Parts, int]:
    """Return the parts and esh of an embedding of its own. Raises: Unconvertible."""
    steps = _row_steps(weight)
    shift = _embedding_shift(float(steps.max()))
    mantissa = np.maximum(np.ceil(np.ldexp(steps, shift + FRACTION)), 1.0)
    w8 = _round_rows(weight, np.ldexp(mantissa, -shift - FRACTION))
    return {"w": w8, "me": mantissa.astype(np.uint16)[:, None]}, shift


def gain_bits(gains: list[Real]) -> int:
    """Return Fg, the most fraction bits (≤ 14) with which every gain fits. Raises: Unconvertible."""
    top = max(float(np.abs(gain).max()) for gain in gains)
    if not math.isfinite(top):
        raise Unconvertible("a gain is not a finite number")
    for bits in range(14, -1, -1):
        if round(math.ldexp(top, bits)) < GAIN_LIMIT:
            return bits
    raise Unconvertible(f"gains up to {top:g} are too large")


def quantize_gain(gain: Real, bits: int) -> Parts:
    """Return a gain with `bits` fraction bits."""
    return {"g": np.rint(np.ldexp(gain.astype(np.float64), bits)).astype(np.int16).reshape(1, -1)}


def rotary_table(positions: int, frequencies: npt.NDArray[np.float64]) -> Parts:
    """Return rows cos | sin with `ROPE_BITS` fraction bits; `frequencies` in radians per position, [d/2]."""
    angles = np.arange(positions, dtype=np.float64)[:, None] * frequencies[None, :]
    joined = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return {"cs": np.rint(np.ldexp(joined, ROPE_BITS)).astype(np.int32)}
