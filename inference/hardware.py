"""What this machine has: what a worker declares, and the settings torch needs before it loads."""

import ctypes
import os
import platform
import sys
from pathlib import Path

import psutil

from chain.modules.workers.types import Device

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Names of glibc's malloc.h."""
_LARGE_BYTES = 8 << 20
"""From this size on an allocation is mapped by itself and returned when it is freed."""
_ARENAS = 2


def settle_allocator() -> None:
    """Keep freed memory from staying with this process, where the C library is glibc; call before torch is imported.

    By itself glibc raises the size from which it maps allocations separately with every one that is freed: packing
    weights then leaves as much behind as it packs.
    """
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def return_memory() -> None:
    """Give freed memory back to the system; takes some milliseconds."""
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)


def settle_threads(threads: int) -> None:
    """Fix the OpenMP settings of this process; call before torch is imported.

    Waiting threads must sleep: several workers on one machine that spin (OMP_WAIT_POLICY=ACTIVE) cost each other
    five times the latency of a token.
    """
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["GOMP_SPINCOUNT"] = "0"
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


def processor_name() -> str:
    """Return the processor's name as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()[:128]
    except OSError:
        pass
    return (platform.processor() or platform.machine())[:128]


def detected_devices() -> tuple[Device, ...]:
    """Return processor and accelerators, as torch sees them."""
    import torch

    memory = psutil.virtual_memory().total
    found = [Device("cpu", processor_name(), memory, psutil.cpu_count(logical=False) or 1)]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append(Device("cuda", properties.name[:128], properties.total_memory, 1))
    return tuple(found)


def offered_memory(configured: int) -> int:
    """Return the bytes to declare: what the configuration says, else half of what the machine has."""
    return configured or psutil.virtual_memory().total >> 1
