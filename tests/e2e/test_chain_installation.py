"""A node installs and runs without what only workers need."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ONLY_FOR_WORKERS = ("torch", "numpy", "transformers", "tokenizers", "safetensors", "inference")


def test_the_application_process_imports_nothing_of_a_worker() -> None:
    program = (
        "import sys, chain.__main__, chain.cli.main, chain.cli.node\n"
        f"print([name for name in {ONLY_FOR_WORKERS!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_worker_library_is_among_the_locked_requirements_of_a_node() -> None:
    locked = (REPOSITORY / "requirements" / "chain.txt").read_text()
    names = {line.partition("==")[0].strip() for line in locked.splitlines() if "==" in line}
    assert not names & set(ONLY_FOR_WORKERS)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the node's locked requirements and the project, and nothing else."""
    place = tmp_path_factory.mktemp("chain-only") / "venv"
    uv = [sys.executable, "-m", "uv"]
    run(*uv, "venv", "--quiet", "--python", sys.executable, str(place))
    install = [*uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python")]
    run(*install, "--require-hashes", "--requirements", str(REPOSITORY / "requirements" / "chain.txt"))
    run(*install, "--no-deps", str(REPOSITORY))
    return place / "bin"


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command and return its output; a failure shows what it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_requirements_of_a_node_suffice_for_its_programs(installation: Path, tmp_path: Path) -> None:
    assert "ostrakad" in run(str(installation / "ostrakad"), "version", cwd=tmp_path)
    assert "--home" in run(str(installation / "python"), "-m", "chain", "--help", cwd=tmp_path)
    home = tmp_path / "home"
    run(str(installation / "ostrakad"), "init", "alone", "--chain-id", "alone-1", "--home", str(home), cwd=tmp_path)
    assert (home / "config" / "genesis.json").exists()
    missing = subprocess.run([str(installation / "python"), "-c", "import torch"], capture_output=True, check=False)
    assert missing.returncode == 1
