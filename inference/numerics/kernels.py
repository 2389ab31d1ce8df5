"""Exact products of digit planes with int8 weights: several kernels, one right answer.

A plane row holds digits x in [-128, 127], stored as x + 128 in uint8. A packed weight [N, K] returns sum_k x[k]·w[n,k]
for every row, exactly, as int32 or as float32 below 2^24. Which kernel serves is decided by `selftest`: libraries are
known to saturate (oneDNN without VNNI sums pairs in int16), so none is trusted before it has answered correctly.
"""

from typing import Protocol

import torch
from torch import Tensor

OFFSET = 128
"""Stored minus meant value of a digit."""
_FLOAT_EXACT = 1 << 24
_INT_EXACT = 1 << 31


class Packed(Protocol):
    """A weight in a kernel's own layout."""

    def __call__(self, planes: Tensor) -> Tensor:
        """Return [R, N] products of uint8 planes [R, K]."""
        ...


class Kernel(Protocol):
    """A way to multiply exactly."""

    name: str

    def fits(self, norm: int) -> bool:
        """Say whether sums stay exact when no weight row has an L1 norm above `norm`."""
        ...

    def pack(self, weight: Tensor) -> Packed:
        """Return `weight` (int8 [N, K]) ready for multiplication."""
        ...


class OneDnnKernel:
    """oneDNN's quantised linear map on prepacked weights: fastest where weights are re-read for few rows."""

    name = "onednn"

    def fits(self, norm: int) -> bool:
        """Say whether 128·L1 is exact in float32."""
        return OFFSET * norm < _FLOAT_EXACT

    def pack(self, weight: Tensor) -> Packed:
        """Copy the weight into oneDNN's blocked layout."""
        outputs = weight.shape[0]
        packed = torch.ops.onednn.qlinear_prepack(weight, None)
        scales, zeros = torch.ones(outputs), torch.zeros(outputs, dtype=torch.int32)
        linear = torch.ops.onednn.qlinear_pointwise.default

        def products(planes: Tensor) -> Tensor:
            out: Tensor = linear(
                planes, 1.0, OFFSET, packed, scales, zeros, None, 1.0, 0, torch.float32, "none", [], ""
            )
            return out

        return products


class IntMatmulKernel:
    """`torch._int_mm` straight from the mapped weights: no copy, int32 sums."""

    name = "int_mm"

    def fits(self, norm: int) -> bool:
        """Say whether 128·L1 fits int32."""
        return OFFSET * norm < _INT_EXACT

    def pack(self, weight: Tensor) -> Packed:
        """Keep the weight as it lies."""
        transposed = weight.t()

        def products(planes: Tensor) -> Tensor:
            return torch._int_mm(planes.bitwise_xor(OFFSET).view(torch.int8), transposed)

        return products


class FloatKernel:
    """float32 products of small integers, in slices of K whose sums stay below 2^24: exact everywhere, slow."""

    name = "float32"

    def fits(self, norm: int) -> bool:
        """Say whether the whole sum fits int32."""
        return OFFSET * norm < _INT_EXACT

    def pack(self, weight: Tensor) -> Packed:
        """Copy the weight to float32."""
        norm = int(weight.to(torch.int32).abs().sum(1).max())
        width = weight.shape[1] if OFFSET * norm < _FLOAT_EXACT else _FLOAT_EXACT // (OFFSET * OFFSET)
        slices = [part.float().t() for part in torch.split(weight, width, dim=1)]

        def products(planes: Tensor) -> Tensor:
            digits = planes.to(torch.float32).sub_(OFFSET)
            if len(slices) == 1:
                return torch.mm(digits, slices[0])
            total = torch.zeros(planes.shape[0], weight.shape[0], dtype=torch.int32)
            for part, columns in zip(slices, torch.split(digits, width, dim=1), strict=True):
                total += (columns @ part).to(torch.int32)
            return total

        return products


KERNELS: tuple[Kernel, ...] = (OneDnnKernel(), IntMatmulKernel(), FloatKernel())
"""In order of preference; the last is the fallback."""
