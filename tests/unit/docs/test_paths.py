"""What the documents name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md")),
)
TOP = (
    "chain/",
    "inference/",
    "localnet/",
    "proto/",
    "genesis/",
    "tests/",
    "benchmarks/",
    "docs/",
    "tools/",
    "requirements/",
)
FUNCTION = re.compile(r"`([\w/]+\.py): (\w+)(?:\.(\w+))?`")


def named_paths(text: str) -> set[str]:
    """Paths in code marks that begin at the top of the tree."""
    found = set()
    for mark in re.findall(r"`([^`\n]+)`", text):
        for word in (part.partition("::")[0].rstrip(":,.") for part in mark.split()):
            if word.startswith(TOP) and not re.search(r"[A-Z]{3,}|\*|<", word):
                found.add(word)
    return found


def sources_of(path: str) -> list[str]:
    """Texts of all files whose path ends so."""
    files = [file for top in ("chain", "inference", "localnet") for file in (ROOT / top).rglob("*.py")]
    return [file.read_text() for file in files if str(file).endswith("/" + path)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    missing = sorted(path for path in named_paths(text) if not (ROOT / path).exists())
    assert missing == []


@pytest.mark.parametrize("document", ["ARCHITECTURE.md"])
def test_every_function_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    missing = [
        f"{path}: {name}"
        for path, *names in FUNCTION.findall(text)
        for name in filter(None, names)
        if not any(re.search(rf"(def|class) {name}\b", source) for source in sources_of(path))
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_a_document_names_exists(document: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / document).read_text())
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()]
    assert missing == []
