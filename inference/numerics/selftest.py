"""Known-answer test of matrix kernels at start: a kernel serves only after it was right on this machine.

Tested are the answers themselves (all largest, all smallest, random; the longest K; few and many rows) and, for every
weight that is packed, its row sums. A kernel that fails is named in the log and never used.
"""

import logging
import time
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from inference.numerics.kernels import KERNELS, OFFSET, Kernel, Packed

log = logging.getLogger(__name__)

_TEST_OUTPUTS = 80
_TEST_ROWS = (1, 2, 17, 128)
_TIMED_ROWS = 2
_TIMED_CALLS = 5
_HANDICAP = 1.5
_EVICTED_BYTES = 1 << 24
"""Touched before each timed call: while decoding, a weight never comes from a core's own cache."""


class NoExactKernel(RuntimeError):
    """Not even the fallback kernel multiplies exactly here; this machine cannot work."""


def _random_bytes(rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (rows, columns), generator=generator, dtype=torch.uint8)


@lru_cache(maxsize=4)
def _cases(length: int) -> tuple[tuple[Tensor, int, tuple[tuple[Tensor, Tensor], ...]], ...]:
    """Return weights of inner dimension `length`, each with its L1 norm, and for each planes with the right sums.

    The sums are made by plain int64 element arithmetic, which uses no matrix library.
    """
    random = _random_bytes(_TEST_OUTPUTS, length, length).view(torch.int8).clamp(-127, 127)
    made = []
    for weight in (random, torch.full_like(random, 127), torch.full_like(random, -127)):
        wide, answers = weight.to(torch.int64), []
        for rows in _TEST_ROWS:
            planes = _random_bytes(rows, length, rows)
            planes[0].fill_(255)
            planes[-1].fill_(0)
            digits = planes.to(torch.int64) - OFFSET
            answers.append((planes, torch.stack([(wide * row).sum(1) for row in digits])))
        made.append((weight, int(wide.abs().sum(1).max()), tuple(answers)))
    return tuple(made)


def is_exact(kernel: Kernel, lengths: Sequence[int]) -> bool:
    """Say whether `kernel` answers right for inner dimensions `lengths`. Never raises: a crash is a wrong answer."""
    try:
        for length in sorted(set(lengths)):
            for weight, norm, answers in _cases(length):
                if not kernel.fits(norm):
                    continue
                packed = kernel.pack(weight)
                if not all(torch.equal(packed(planes).to(torch.int64), sums) for planes, sums in answers):
                    return False
    except (RuntimeError, NotImplementedError, AttributeError) as error:
        log.warning("kernel %s does not run here: %s", kernel.name, error)
        return False
    return True


def exact_kernels(lengths: Sequence[int], candidates: Sequence[Kernel] = KERNELS) -> tuple[Kernel, ...]:
    """Return the kernels that pass, in order of preference. Raises: NoExactKernel."""
    passed = []
    for kernel in candidates:
        if is_exact(kernel, lengths):
            passed.append(kernel)
        else:
            log.warning("kernel %s gives wrong integers here and is not used", kernel.name)
    if not passed:
        raise NoExactKernel(f"none of {', '.join(kernel.name for kernel in candidates)} multiplies exactly here")
    return tuple(passed)


def proven(packed: Packed, weight: Tensor) -> bool:
    """Say whether a packed weight gives its row sums for digits all 127, all -128 and all 1."""
    planes = torch.tensor([255, 0, OFFSET + 1], dtype=torch.uint8)[:, None].repeat(1, weight.shape[1])
    sums = weight.sum(1, dtype=torch.int64)
    return torch.equal(packed(planes).to(torch.int64), torch.stack([sums * 127, sums * -128, sums]))


class KernelChoice:
    """Packs weights with the fastest exact kernel for their shape."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self.kernels = tuple(kernels)
        self._fastest: dict[tuple[int, int], Kernel] = {}

    def pack(self, weight: Tensor, norm: int) -> Packed:
        """Return `weight` packed by a kernel that is exact for rows of L1 norm ≤ `norm`. Raises: NoExactKernel."""
        fitting = [kernel for kernel in self.kernels if kernel.fits(norm)]
        shape = (weight.shape[0], weight.shape[1])
        favourite = self._fastest.get(shape)
        if favourite in fitting:
            fitting = [favourite] + [kernel for kernel in fitting if kernel is not favourite]
        elif len(fitting) > 1:
            fitting = self._by_speed(fitting, weight)
            self._fastest[shape] = fitting[0]
        for kernel in fitting:
            packed = kernel.pack(weight)
            if proven(packed, weight):
                return packed
            log.warning("kernel %s gives wrong sums for a weight %s and is not used for it", kernel.name, shape)
        raise NoExactKernel(f"no kernel multiplies exactly by a weight {shape} with L1 norm {norm}")

    @staticmethod
    def _by_speed(kernels: list[Kernel], weight: Tensor) -> list[Kernel]:
        """Order by measured time; the choice cannot change a result. The fallback stays last.

        A kernel overtakes one that is preferred only if it is clearly faster: packed weights also serve many rows.
        """
        planes = _random_bytes(_TIMED_ROWS, weight.shape[1], 1)
        other = torch.zeros(_EVICTED_BYTES, dtype=torch.uint8)
        timed: list[tuple[float, int]] = []
        for index, kernel in enumerate(kernels[:-1]):
            packed, best = kernel.pack(weight), float("inf")
            for _ in range(_TIMED_CALLS):
                other.add_(1)
                start = time.perf_counter()
                packed(planes)
                best = min(best, time.perf_counter() - start)
            timed.append((best * _HANDICAP**index, index))
        return [kernels[index] for _, index in sorted(timed)] + kernels[-1:]
