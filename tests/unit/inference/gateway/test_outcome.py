"""What a job's answer is worth, and which answer stands."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from chain.client.signing import Key
from chain.modules.jobs.types import CloseReason, Job, JobStatus, Receipt, SamplerSpec
from inference.gateway.open_job import Answer, OpenJob
from inference.gateway.outcome import Asked, outcome, standing

RECORD = Job(
    7, b"", b"", b"", b"", 3, 8, SamplerSpec(), b"", (), 0, b"", 500, JobStatus.RUNNING, 0, 1, 3,
    1, 3, 0, 0, 0, CloseReason.NONE, 0, 200, 0, b"",
)  # fmt: skip
FINAL = Receipt(b"", 0, 0, b"", True, b"")
EOS = 2


@dataclass
class Letters:
    """A tokenizer whose ids are letters."""

    def decode(self, ids: list[int]) -> str:
        return "".join(chr(96 + token) for token in ids)


def asked(*stops: str) -> Asked:
    letters: Any = Letters()
    return Asked("tests", "tiny", letters, stops, frozenset({EOS}))


def job(later: Answer | None = None) -> OpenJob:
    made = OpenJob(7, 500, [1, 2, 3], b"b" * 32, Key.ed25519(b"s" * 32), None)  # type: ignore[arg-type]
    made.answer, made.later = Answer(0, [3, 1, 4, EOS], FINAL), later
    return made


@pytest.mark.parametrize(
    ("status", "worth"),
    [
        (JobStatus.RUNNING, "streamed"),
        (JobStatus.ASSERTED, "asserted"),
        (JobStatus.DISPUTED, "asserted"),
        (JobStatus.FINAL, "final"),
        (JobStatus.CLOSED, "closed"),
        (JobStatus.LATE, "asserted"),
        (JobStatus.LATE_DISPUTED, "asserted"),
    ],
)
def test_an_answer_is_streamed_then_asserted_then_final(status: JobStatus, worth: str) -> None:
    found = outcome(asked(), job(), replace(RECORD, status=status))
    is_disputed = status in (JobStatus.DISPUTED, JobStatus.LATE_DISPUTED)
    assert (found["status"], found["is_disputed"]) == (worth, is_disputed)


def test_the_answer_of_the_attempt_that_stood_is_told() -> None:
    again = job(Answer(1, [3, 1, 20, EOS], FINAL))
    settled = replace(RECORD, attempt=1, status=JobStatus.FINAL, close_reason=CloseReason.SETTLED, paid=90)
    assert outcome(asked(), again, settled) == {
        "id": "chatcmpl-7",
        "object": "job",
        "job_id": 7,
        "model": "tiny",
        "status": "final",
        "is_disputed": False,
        "late_until": 0,
        "attempt": 1,
        "close_reason": "settled",
        "escrow": 500,
        "paid": 90,
        "refunded": 0,
        "answer": {"attempt": 1, "content": "cat", "tokens": 4, "is_complete": True, "is_as_streamed": False},
    }


def test_a_job_that_waits_for_its_next_attempt_has_no_answer() -> None:
    waiting = replace(RECORD, attempt=1, status=JobStatus.WAITING)
    assert standing(job(), waiting) is None
    assert outcome(asked(), job(), waiting)["answer"] is None


def test_a_text_ends_before_its_first_stop_string() -> None:
    assert asked("ad").text([3, 1, 4, 5]) == "c"
    is_end = asked("ad").new_ending()
    assert [is_end(token) for token in (3, 1, 4)] == [False, False, True]
