"""Find CometBFT, or build it: `python -m chain.node.cometbft` prints the path of the pinned binary.

The pin is here and nowhere else. Wallets choose their decoder by the node's version string, and this line is the
newest that they all know.
"""

import sys
from pathlib import Path

from chain.node import go_tools
from chain.node.go_tools import GoTool, Progress, ToolMissing

COMETBFT_VERSION = "v0.38.25"
"""The pinned release."""

MODULE = "github.com/cometbft/cometbft"
COMETBFT = GoTool(MODULE, "cmd/cometbft", COMETBFT_VERSION)


class CometBftMissing(Exception):
    """CometBFT is not there and could not be built; the message says what to do."""


def find_cometbft() -> Path | None:
    """Return a CometBFT of the pinned version from PATH or the cache."""
    return go_tools.find(COMETBFT)


def obtain_cometbft(progress: Progress = lambda _line: None) -> Path:
    """Return a CometBFT of the pinned version; build it if there is none.

    Raises: CometBftMissing with a sentence that says what to do.
    """
    try:
        return go_tools.obtain(COMETBFT, progress)
    except ToolMissing as error:
        raise CometBftMissing(
            f"{error}; install Go 1.22 or newer, or put cometbft {COMETBFT_VERSION} on PATH "
            f"(go install {COMETBFT.source})"
        ) from error


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
