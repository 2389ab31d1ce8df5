"""The canonical model of a local network: converted once into the cache, then shared by everybody."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from chain.modules.models.types import ModelHeader
from chain.node.go_tools import cache_directory
from chain.store.codec import decode
from inference.models.format import CONVERTER_VERSION
from localnet.processes import python

SMOLLM2_NAME = "smollm2-135m-instruct"


class ModelUnavailable(RuntimeError):
    """There is no canonical model; the text says what to do."""


@dataclass(frozen=True, slots=True)
class CanonicalModel:
    """A converted model on disk."""

    name: str
    directory: Path
    """`<models>/<model_root hex>`."""

    @property
    def models(self) -> Path:
        """The directory of all models, as workers want it."""
        return self.directory.parent

    @property
    def root(self) -> bytes:
        """The model root that the directory is named by; loaders verify it."""
        return bytes.fromhex(self.directory.name)

    def header(self) -> ModelHeader:
        """Return the canonical header."""
        return decode(ModelHeader, (self.directory / "header.bin").read_bytes())


def smollm2() -> CanonicalModel:
    """Return SmolLM2-135M-Instruct, fetching and converting it the first time. Raises: ModelUnavailable."""
    from inference.models.sources import SourceUnavailable
    from inference.models.sources import smollm2 as source

    models = cache_directory() / "models"
    models.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(models / f"{SMOLLM2_NAME}.fetch.lock"):  # two commands at once fetch it once
            found = source(models)
        return converted(found, SMOLLM2_NAME)
    except SourceUnavailable as error:
        raise ModelUnavailable(str(error)) from None


def converted(source: Path, name: str, models: Path | None = None) -> CanonicalModel:
    """Return the canonical form of a Hugging Face directory or GGUF file. Raises: ModelUnavailable."""
    models = models or cache_directory() / "models"
    models.mkdir(parents=True, exist_ok=True)
    with FileLock(models / f"{name}.lock"):
        return _converted(source, name, models)


def _converted(source: Path, name: str, models: Path) -> CanonicalModel:
    known = models / f"{name}.json"
    stamp = {"source": str(source), "size": _size(source), "converter": CONVERTER_VERSION}
    if known.exists():
        record = json.loads(known.read_text())
        directory = models / record.get("root", "-")
        if {key: record.get(key) for key in stamp} == stamp and (directory / "header.bin").exists():
            return CanonicalModel(name, directory)
    done = subprocess.run(
        python("-m", "inference.models.convert", str(source), str(models)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ModelUnavailable(f"{source} could not be converted: {(done.stderr or done.stdout).strip()[-800:]}")
    root = next(line for line in done.stdout.splitlines() if len(line) == 64 and (models / line).exists())
    known.write_text(json.dumps({**stamp, "root": root}) + "\n")
    return CanonicalModel(name, models / root)


def _size(source: Path) -> int:
    if source.is_file():
        return source.stat().st_size
    return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
