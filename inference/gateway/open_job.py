"""A job as its requester holds it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chain.client.signing import Key
from chain.errors import Code
from chain.modules.jobs.types import Job, Receipt

if TYPE_CHECKING:
    from inference.gateway.requester import Requester


class RequestError(Exception):
    """The network did not take or not finish the request; `code` is the chain's, or INTERNAL for the workers' part."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Answer:
    """What one attempt of a job has given so far."""

    attempt: int
    ids: list[int] = field(default_factory=list)
    """Output tokens received and verified."""
    receipt: Receipt | None = None
    """The last stage's latest receipt: what it will be held to."""
    leaves: list[bytes] = field(default_factory=list)
    """Of the ids, for the receipts."""

    @property
    def is_complete(self) -> bool:
        """Tell whether the last stage has said that this is all."""
        return self.receipt is not None and self.receipt.is_final


Ending = Callable[[int], bool]
"""Takes an answer's tokens one by one and tells of each whether the requester wants no more."""


@dataclass(slots=True)
class OpenJob:
    """A job whose prompt is on its way; iterate `tokens` for the answer."""

    job_id: int
    escrow: int
    prompt: Sequence[int]
    blind: bytes
    session: Key
    _requester: "Requester"
    answer: Answer = field(default_factory=lambda: Answer(0))
    """The one that is streamed."""
    later: Answer | None = None
    """That of the latest attempt after it, if the job is run again."""
    record: Job | None = None
    """The job as the chain had it last."""
    new_ending: Callable[[], Ending] | None = None
    """Makes what ends an answer before its limit; None where nothing but the model does."""
    limit: int = 0
    """Tokens of an answer that are wanted at most, where the requester has left; 0 for all."""
    claims: set[str] = field(default_factory=set)
    """Names of what was proven against the stages, and sent."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the job is final or closed and, if final, its answer is here."""

    @property
    def ids(self) -> list[int]:
        """Return the streamed tokens so far."""
        return self.answer.ids

    @property
    def receipt(self) -> Receipt | None:
        """Return the latest receipt over them."""
        return self.answer.receipt

    @property
    def standing(self) -> Answer:
        """Return the answer of the latest attempt that has begun."""
        return self.answer if self.later is None else self.later

    async def tokens(self) -> AsyncIterator[int]:
        """Yield output tokens as they arrive. Raises: RequestError."""
        async for token in self._requester.stream(self):
            yield token

    async def cancel(self, tokens: int, *, is_unwanted: bool = True) -> None:
        """Ask the last stage to stop after `tokens` output tokens (at least 1); an earlier end stands.

        What is unwanted is cut there in later attempts too; an answer that was complete may end elsewhere in them.
        """
        if is_unwanted:
            self.limit = tokens
        await self._requester.cancel(self, self.answer, tokens)
