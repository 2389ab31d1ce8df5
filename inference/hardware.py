"""What this machine has: what a worker declares, and the thread settings torch needs before it loads."""

import os
import platform
from pathlib import Path

import psutil

from chain.modules.workers.types import Device


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
