from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from inference.models.convert import convert
from localnet.model import smollm2
from tests.support.tiny_model import TinyShape, write_tiny_model


@pytest.fixture(scope="session")
def tiny_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "source")


@pytest.fixture(scope="session")
def tiny_directory(tiny_source: Path) -> Path:
    destination = tiny_source.parent / "canonical"
    return destination / convert(tiny_source, destination).model_root.hex()


@pytest.fixture(scope="session")
def wide_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose rows have two tiles, with an embedding of its own and heads of 64."""
    shape = TinyShape(layers=2, hidden=1088, heads=2, kv_heads=2, inner=64, vocabulary=300, tied=False, head_size=64)
    folder = tmp_path_factory.mktemp("wide")
    return folder / convert(write_tiny_model(folder / "source", shape, seed=8), folder).model_root.hex()


@pytest.fixture(scope="session")
def smollm2_directory() -> Path:
    """SmolLM2, converted once into the cache."""
    return smollm2().directory


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests share two cores with others: spinning teams of threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
