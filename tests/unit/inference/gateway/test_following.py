"""A job is followed to its end: what the chain runs again is opened again and read, and nothing is kept for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chain.client.node import Attribute, BlockNotice, Event
from chain.client.signing import Key
from chain.errors import Code
from chain.modules.disputes.types import MsgClaimReceipt, Role
from chain.modules.jobs.types import (
    CloseReason,
    Job,
    JobStatus,
    QueryJobResponse,
    Receipt,
    SamplerSpec,
    Unit,
    UnitStatus,
)
from chain.modules.rates.types import Terms
from inference.disputes.claims import Claim
from inference.gateway import following
from inference.gateway.following import Following
from inference.gateway.open_job import Answer, OpenJob, RequestError

RECORD = Job(
    7, b"", b"", b"", b"", 3, 8, SamplerSpec(), b"", (), 0, b"", 500, JobStatus.ASSERTED, 0, 1, 3,
    1, 3, 0, 0, 0, CloseReason.NONE, 0, 200, 0, b"",
)  # fmt: skip
FINAL = Receipt(b"", 0, 0, b"", True, b"")


@dataclass
class ScriptedNetwork:
    """What a requester's follower asks for, answered by a test."""

    record: Job = RECORD
    answers: dict[int, list[int]] = field(default_factory=dict)
    units: tuple[Unit, ...] = ()
    claims: list[Claim] = field(default_factory=list)
    unsent: int = 0
    """Claims that the node fails to take."""
    key: Key = field(default_factory=lambda: Key.ed25519(b"k" * 32))
    refusals: list[Code] = field(default_factory=list)
    """Of the next openings."""
    opened: list[int] = field(default_factory=list)
    cancelled: list[tuple[int, int]] = field(default_factory=list)
    blocks: asyncio.Event = field(default_factory=asyncio.Event)

    async def job(self, job_id: int) -> QueryJobResponse:
        return QueryJobResponse(replace(self.record, job_id=job_id), self.units, (b"a", b"b"))

    async def worker(self, operator: bytes) -> bytes:
        return operator

    async def next_block(self) -> None:
        await self.blocks.wait()
        self.blocks.clear()

    async def open(self, job: OpenJob, worker: bytes, attempt: int) -> None:
        assert worker == b"a"
        self.opened.append(attempt)
        if self.refusals:
            raise RequestError(self.refusals.pop(0), "refused")

    async def read(self, job: OpenJob, answer: Answer) -> AsyncIterator[int]:
        for token in self.answers[answer.attempt]:
            answer.ids.append(token)
            yield token
        answer.receipt = FINAL

    async def claim(self, claim: Claim) -> Code:
        self.claims.append(claim)
        if self.unsent:
            self.unsent -= 1
            raise RequestError(Code.INTERNAL, "the node failed")
        return Code.OK

    async def cancel(self, job: OpenJob, answer: Answer, tokens: int) -> None:
        self.cancelled.append((answer.attempt, tokens))


def block(kind: str = "", job_id: int = 7, height: int = 1) -> BlockNotice:
    events = (Event(kind, (Attribute("job_id", str(job_id)),), 0),) if kind else ()
    return BlockNotice(height, 0, (), events)


def opened(job_id: int = 7) -> OpenJob:
    job = OpenJob(job_id, 500, [1, 2, 3], b"b" * 32, Key.ed25519(b"s" * 32), None)  # type: ignore[arg-type]
    job.answer = Answer(0, [5, 6], FINAL)
    return job


def play(story: Callable[[ScriptedNetwork, Following, OpenJob], Awaitable[None]]) -> None:
    """Run a story with one job that has streamed its answer."""

    async def run() -> None:
        network: Any = ScriptedNetwork()
        follower, job = Following(network), opened()
        follower.add(job)
        try:
            async with asyncio.timeout(10):
                await story(network, follower, job)
        finally:
            await follower.close()

    asyncio.run(run())


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_a_job_that_is_run_again_is_opened_at_the_new_plan_and_its_answer_read() -> None:
    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        network.answers[1] = [5, 9, 4]
        network.record = replace(RECORD, attempt=1, status=JobStatus.WAITING)
        follower.notice(block("JobRetried"))
        await settle()
        assert network.opened == []
        network.record = replace(network.record, status=JobStatus.RUNNING)
        network.blocks.set()
        await settle()
        assert network.opened == [1]
        assert job.later is not None
        assert (job.later.attempt, job.later.ids, job.later.is_complete) == (1, [5, 9, 4], True)
        assert job.ids == [5, 6], "the streamed answer stays as it was"
        assert not job.over.is_set()
        network.record = replace(network.record, status=JobStatus.FINAL)
        follower.notice(block("JobSettled"))
        await job.over.wait()
        assert job.standing is job.later

    play(story)


def test_a_job_without_a_retry_is_over_when_it_is_final() -> None:
    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        follower.notice(block("JobAsserted"))
        await settle()
        assert not job.over.is_set()
        network.record = replace(RECORD, status=JobStatus.FINAL)
        follower.notice(block("JobSettled", job_id=8))
        await settle()
        assert not job.over.is_set(), "another job's event"
        follower.notice(block(height=following.SWEEP_BLOCKS))
        await job.over.wait()
        assert job.standing is job.answer
        assert network.opened == []

    play(story)


def test_a_worker_that_does_not_take_the_prompt_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSE_SECONDS", 0.0)

    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        network.answers[1], network.refusals = [4], [Code.INTERNAL, Code.INTERNAL]
        network.record = replace(RECORD, attempt=1, status=JobStatus.RUNNING)
        follower.notice(block("JobPlanned"))
        await settle()
        assert network.opened == [1, 1, 1]
        assert job.standing.ids == [4]

    play(story)


def test_a_worker_that_signs_something_else_than_it_sends_is_not_asked_again() -> None:
    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        network.refusals = [Code.RECEIPT_INVALID]
        network.record = replace(RECORD, attempt=1, status=JobStatus.RUNNING)
        follower.notice(block("JobPlanned"))
        await settle()
        follower.notice(block("JobAsserted"))
        await settle()
        assert network.opened == [1]
        assert (job.standing.attempt, job.standing.is_complete) == (1, False)

    play(story)


def test_a_later_answer_ends_where_its_own_text_says() -> None:
    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        network.answers[1] = [5, 6, 9, 9]
        job.new_ending = lambda: lambda token: token == 9
        network.record = replace(RECORD, attempt=1, status=JobStatus.RUNNING)
        follower.notice(block("JobPlanned"))
        await settle()
        assert network.cancelled == [(1, 3)]

    play(story)


def test_what_the_requester_no_longer_wants_is_cut_in_later_attempts_too() -> None:
    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        network.answers[1], job.limit = [5, 6], 2
        network.record = replace(RECORD, attempt=1, status=JobStatus.RUNNING)
        follower.notice(block("JobPlanned"))
        await settle()
        assert network.cancelled == [(1, 2)]

    play(story)


def test_jobs_are_kept_up_to_a_bound_and_those_that_are_over_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MAX_JOBS", 3)

    async def story(_: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        second, third, fourth, fifth = (opened(job_id) for job_id in (8, 9, 10, 11))
        follower.add(second)
        follower.add(third)
        second.over.set()
        follower.add(fourth)
        assert [follower.find(job_id) for job_id in (7, 8, 9, 10)] == [job, None, third, fourth]
        follower.add(fifth)
        assert [follower.find(job_id) for job_id in (7, 9, 10, 11)] == [None, third, fourth, fifth]

    play(story)


def answered(status: UnitStatus, root: bytes) -> tuple[Unit, ...]:
    """Units of three stages, the last of which has committed to an answer of two tokens."""
    terms = Terms(1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 1 << 16)
    return tuple(
        Unit(7, 0, stage, b"o" * 20, stage, stage + 1, 0, terms, status, 2, b"", root, b"", 0, b"", b"", 0)
        for stage in range(3)
    )


def test_a_last_stage_that_commits_to_something_else_than_it_signed_is_claimed_against_once() -> None:
    async def story(network: ScriptedNetwork, follower: Following, job: OpenJob) -> None:
        signed = Receipt(b"u" * 32, 0, 2, b"r" * 32, True, b"s" * 64)
        job.answer.receipt = signed
        for units in (answered(UnitStatus.PENDING, b""), answered(UnitStatus.SUBMITTED, b"r" * 32)):
            network.units = units
            follower.notice(block("JobAsserted"))
            await settle()
        assert network.claims == []
        network.units, network.unsent = answered(UnitStatus.SUBMITTED, b"x" * 32), 1
        for _ in range(3):
            follower.notice(block("JobAsserted"))
            await settle()
        claim = MsgClaimReceipt(network.key.bech32, 7, 0, 2, Role.SENDER, signed)
        assert network.claims == [claim, claim]  # the first did not reach the chain

    play(story)
