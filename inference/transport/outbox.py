"""What one stage has to hand to the next, kept until the unit is delivered: a broken link resumes anywhere in it."""

import asyncio
from typing import Generic, TypeVar

from chain.modules.jobs.types import Receipt

T = TypeVar("T")


class Outbox(Generic[T]):
    """A growing list of rows or tokens with the receipts over it; any number of readers keep their own place."""

    def __init__(self) -> None:
        self.items: list[T] = []
        """Rows as bytes, or token ids."""
        self.receipt: Receipt | None = None
        """The latest receipt; for tokens always that over all items."""
        self.final: Receipt | None = None
        """The last receipt there will be; its count may be below the number of items."""
        self.is_delivered = False
        """The next stage has counter-signed `final`."""
        self.is_closed = False
        """Nothing more will come and nobody needs what is here."""
        self.version = 0
        """Grows with every change that was notified."""
        self._changed = asyncio.Event()

    def notify(self) -> None:
        """Wake everybody who waits for a change."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed_since(self, version: int) -> None:
        """Wait until the outbox is no longer what it was at `version`."""
        while self.version == version:
            await self._changed.wait()

    def close(self) -> None:
        """End all readers."""
        self.is_closed = True
        self.notify()
