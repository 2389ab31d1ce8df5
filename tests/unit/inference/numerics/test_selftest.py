"""A kernel serves only after it was right."""

import logging

import pytest
import torch
from torch import Tensor

from inference.numerics.kernels import KERNELS, FloatKernel, IntMatmulKernel, Packed
from inference.numerics.selftest import KernelChoice, NoExactKernel, exact_kernels, is_exact


class SaturatingKernel(IntMatmulKernel):
    """Sums pairs of u8·s8 in int16, as oneDNN does on CPUs without VNNI."""

    name = "saturating"

    def pack(self, weight: Tensor) -> Packed:
        wide = weight.to(torch.int64)

        def products(planes: Tensor) -> Tensor:
            terms = planes.to(torch.int64)[:, None, :] * wide[None]
            pairs = terms.view(*terms.shape[:2], -1, 2).sum(-1).clamp(-32768, 32767)
            return (pairs.sum(-1) - 128 * wide.sum(1)).to(torch.int32)

        return products


class WrongForOneShape(IntMatmulKernel):
    """Right in every test, wrong for the weight that it later serves."""

    name = "wrong-for-one-shape"

    def pack(self, weight: Tensor) -> Packed:
        right = super().pack(weight)
        return (lambda planes: right(planes) + 1) if weight.shape[0] == 48 else right


class Crashing(IntMatmulKernel):
    name = "crashing"

    def pack(self, weight: Tensor) -> Packed:
        raise RuntimeError("not compiled for this CPU")


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_shipped_kernels_that_run_here_are_exact_or_refused(kernel: IntMatmulKernel) -> None:
    random = torch.randint(-127, 128, (33, 192), dtype=torch.int8)
    planes = torch.randint(0, 256, (5, 192), dtype=torch.uint8)
    if is_exact(kernel, [192]):
        expected = (planes.to(torch.int64) - 128) @ random.to(torch.int64).t()
        assert torch.equal(kernel.pack(random)(planes).to(torch.int64), expected)


def test_a_lying_kernel_is_found_and_the_fallback_serves(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    kernels = exact_kernels([128, 320], [SaturatingKernel(), Crashing(), FloatKernel()])
    assert [kernel.name for kernel in kernels] == ["float32"]
    assert "saturating gives wrong integers" in caplog.text
    assert "crashing does not run" in caplog.text


def test_a_kernel_that_is_wrong_for_one_weight_is_replaced_for_it() -> None:
    choice = KernelChoice([WrongForOneShape(), FloatKernel()])
    weight = torch.randint(-127, 128, (48, 64), dtype=torch.int8)
    planes = torch.full((2, 64), 129, dtype=torch.uint8)
    products = choice.pack(weight, 127 * 64)(planes)
    assert torch.equal(products[0].to(torch.int64), weight.sum(1, dtype=torch.int64))


def test_without_any_exact_kernel_there_is_no_engine() -> None:
    with pytest.raises(NoExactKernel, match="saturating"):
        exact_kernels([64], [SaturatingKernel()])


def test_the_fallback_is_exact_where_float32_sums_would_round() -> None:
    weight = torch.full((16, 4096), 127, dtype=torch.int8)
    planes = torch.full((2, 4096), 255, dtype=torch.uint8)
    planes[1, ::2] = 0
    expected = (planes.to(torch.int64) - 128) @ weight.to(torch.int64).t()
    assert torch.equal(FloatKernel().pack(weight)(planes).to(torch.int64), expected)
