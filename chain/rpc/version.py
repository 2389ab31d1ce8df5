"""Which software this is."""

from functools import cache
from importlib import metadata

PACKAGE = "ostraka"


@cache
def version() -> str:
    """Return the installed version, or `0.0.0` in a source tree that was never installed."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return "0.0.0"
