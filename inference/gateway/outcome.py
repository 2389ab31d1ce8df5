"""What a job's answer is worth by now, and which answer stands: `GET /v1/jobs/{id}` and `ostraka ask --wait`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain.modules.jobs.types import CloseReason, Job, JobStatus
from inference.gateway.chat import ChatTokenizer, StopStrings, StreamDecoder
from inference.gateway.open_job import Answer, Ending, OpenJob

WORTH = {
    JobStatus.WAITING: "streamed",
    JobStatus.RUNNING: "streamed",
    JobStatus.ASSERTED: "asserted",
    JobStatus.DISPUTED: "asserted",
    JobStatus.FINAL: "final",
    JobStatus.CLOSED: "closed",
    JobStatus.LATE: "asserted",
    JobStatus.LATE_DISPUTED: "asserted",
}
"""What an answer is worth: the declared value is covered only once it is final, and not while it is drawn late."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What it takes to turn a job's tokens into the text that its caller asked for."""

    caller: str
    """Whose job it is."""
    model: str
    tokenizer: ChatTokenizer
    stops: tuple[str, ...]
    eos_ids: frozenset[int]

    def text(self, ids: Sequence[int]) -> str:
        """Return an answer's text, ended before the first stop string."""
        decoder, stops, text = StreamDecoder(self.tokenizer), StopStrings(self.stops), ""
        for token in ids:
            text += stops.push("" if token in self.eos_ids else decoder.push(token))
        return text + stops.push(decoder.flush()) + stops.flush()

    def new_ending(self) -> Ending:
        """Return what tells at which token a stop string is complete."""
        decoder, stops = StreamDecoder(self.tokenizer), StopStrings(self.stops)

        def is_end(token: int) -> bool:
            stops.push("" if token in self.eos_ids else decoder.push(token))
            return stops.is_found

        return is_end


def standing(job: OpenJob, record: Job) -> Answer | None:
    """Return the answer of the attempt that the chain is at; None while a later attempt has none yet."""
    return next((found for found in (job.answer, job.later) if found and found.attempt == record.attempt), None)


def outcome(asked: Asked, job: OpenJob, record: Job) -> dict[str, Any]:
    """Return a job's state and the answer that stands."""
    found, streamed = standing(job, record), asked.text(job.answer.ids)
    answer: dict[str, Any] | None = None
    if found is not None:
        text = asked.text(found.ids)
        answer = {
            "attempt": found.attempt,
            "content": text,
            "tokens": len(found.ids),
            "is_complete": found.is_complete,
            "is_as_streamed": text == streamed,
        }
    return {
        "id": f"chatcmpl-{job.job_id}",
        "object": "job",
        "job_id": job.job_id,
        "model": asked.model,
        "status": WORTH[record.status],
        "is_disputed": record.status in (JobStatus.DISPUTED, JobStatus.LATE_DISPUTED),
        "late_until": record.late_until,
        "attempt": record.attempt,
        "close_reason": None if record.close_reason == CloseReason.NONE else record.close_reason.name.lower(),
        "escrow": record.escrow,
        "paid": record.paid,
        "refunded": record.refunded,
        "answer": answer,
    }
