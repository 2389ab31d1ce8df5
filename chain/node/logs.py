"""Logs of bounded size."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

MAX_LOG_BYTES = 16 * 1024 * 1024
KEPT_LOGS = 3
"""Older files beside the current one: name.1 is the newest of them."""


class RotatingLog:
    """A file that is appended to and set aside when it is full."""

    def __init__(self, path: Path, max_bytes: int = MAX_LOG_BYTES, kept: int = KEPT_LOGS) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._open()

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, data: bytes) -> None:
        """Append; whole lines stay together as far as the writer wrote them together."""
        if self._size and self._size + len(data) > self._max_bytes:
            os.close(self._descriptor)
            for number in range(self._kept, 0, -1):
                older = self._numbered(number - 1)
                if older.exists():
                    os.replace(older, self._numbered(number))
            self._open()
        while data:  # a full disk raises; a short write goes on
            written = os.write(self._descriptor, data)
            self._size += written
            data = data[written:]

    def _numbered(self, number: int) -> Path:
        return self._path if number == 0 else self._path.with_name(f"{self._path.name}.{number}")


def last_lines(path: Path, count: int) -> str:
    """Return the end of a text file, reading no more than it needs."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - count * 500))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""
