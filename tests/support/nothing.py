"""State before anything was written, to put overlays on."""

from collections.abc import Iterator


class Nothing:
    """A reader without keys."""

    def get(self, module: str, key: bytes) -> bytes | None:
        """Return None."""
        return None

    def iterate(
        self, module: str, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield nothing."""
        return iter(())
