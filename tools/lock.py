"""Recompile requirements/: hashed locks without index addresses, one per kind of installation."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS: dict[str, tuple[str, ...]] = {
    "chain": (),
    "worker": ("--extra", "worker"),
    "dev": ("--extra", "worker", "--group", "test", "--group", "lint"),
}
"""What each lock adds to the chain's own dependencies."""
COMPILE = ("uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url", "--no-header")


def main() -> None:
    """Write every lock."""
    uv = ROOT / ".venv/bin/uv"
    common = (str(uv), *COMPILE[1:], "--python-version", "3.11")
    for name, options in LOCKS.items():
        target = ROOT / "requirements" / f"{name}.txt"
        subprocess.run((*common, "pyproject.toml", *options, "-o", str(target)), cwd=ROOT, check=True)
        print(f"{target.relative_to(ROOT)}: {sum(line[:1].isalnum() for line in target.open())} packages")
    bootstrap = ROOT / "requirements/bootstrap.txt"
    subprocess.run(
        (*common, "requirements/bootstrap.in", "-o", str(bootstrap)),
        cwd=ROOT,
        check=True,
    )


if __name__ == "__main__":
    main()
