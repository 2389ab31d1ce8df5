"""Real networks for the end-to-end tests: real CometBFT, real workers, real sockets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localnet.layout import Localnet
from localnet.model import CanonicalModel, converted
from localnet.network import Spec, down, up
from tests.support.tiny_model import write_tiny_model

LaunchNetwork = Callable[..., Localnet]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts real processes, and run it last: the shared network then lives for its own tests only."""
    for item in items:
        if "e2e" in Path(item.path).parts:
            item.add_marker(pytest.mark.e2e)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if "e2e" not in Path(item.path).parts:
        return 0
    return 2 if "network" in getattr(item, "fixturenames", ()) else 1


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> CanonicalModel:
    """A converted tiny model."""
    folder = tmp_path_factory.mktemp("tiny")
    return converted(write_tiny_model(folder / "source"), "tiny", folder / "models")


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localnet]:
    """One validator, three serving, one spare and three check-only workers, a gateway, SmolLM2; for gentle tests."""
    running = up(Spec(tmp_path_factory.mktemp("network") / "net"))
    yield running
    down(running)


@pytest.fixture
def launch(tmp_path: Path, tiny: CanonicalModel) -> Iterator[LaunchNetwork]:
    """Start networks of one's own on the tiny model; they end with the test."""
    running: list[Localnet] = []

    def start(**options: object) -> Localnet:
        found = up(Spec(tmp_path / f"net{len(running)}", model=tiny, **options))  # type: ignore[arg-type]
        running.append(found)
        return found

    yield start
    for found in running:
        down(found)
