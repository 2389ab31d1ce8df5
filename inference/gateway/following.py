"""Jobs after their answer was streamed: followed until they are final or closed, and run again where the chain does.

A convicted stage makes the chain draw other workers for a next attempt, and these know neither prompt nor blind: the
requester hands both over again and reads the new answer. So a request is kept in memory until its job is over.
"""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from chain.client.failures import ClientError, NotFound
from chain.client.node import BlockNotice
from chain.errors import Code
from chain.modules.jobs.types import JobStatus, QueryJobResponse
from inference.disputes.claims import Confirmed, Held, evidence_name, find_claims
from inference.gateway.open_job import Answer, OpenJob, RequestError

if TYPE_CHECKING:
    from inference.gateway.requester import Requester

LOG = logging.getLogger("following")

MAX_JOBS = 1_024
"""Jobs kept; the oldest that is over makes room, or else the oldest."""
SWEEP_BLOCKS = 20
"""How often every job that is not over is asked for: events may be missed."""
PAUSE_SECONDS = 1.0
"""Between attempts to reach a worker that does not take the prompt or breaks off."""
OVER = (JobStatus.FINAL, JobStatus.CLOSED)
_EVENTS = frozenset({"JobAsserted", "JobFrozen", "JobRetried", "JobPlanned", "JobSettled", "JobClosed"})


class Following:
    """The jobs of one requester."""

    def __init__(self, requester: "Requester") -> None:
        self._requester = requester
        self._jobs: dict[int, OpenJob] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._dirty: set[int] = set()
        self._reruns: dict[int, asyncio.Task[None]] = {}

    def add(self, job: OpenJob) -> None:
        """Keep a job that the chain has accepted."""
        while len(self._jobs) >= MAX_JOBS:
            ended = next((old for old, kept in self._jobs.items() if kept.over.is_set()), None)
            oldest = next(iter(self._jobs)) if ended is None else ended
            if ended is None:
                LOG.warning("job %d is followed no longer: %d others wait", oldest, MAX_JOBS)
            self._forget(oldest)
        self._jobs[job.job_id] = job

    def find(self, job_id: int) -> OpenJob | None:
        """Return a job that is still known, or None."""
        return self._jobs.get(job_id)

    def _forget(self, job_id: int) -> None:
        self._jobs.pop(job_id, None)
        for tasks in (self._tasks, self._reruns):
            task = tasks.pop(job_id, None)
            if task is not None:
                task.cancel()

    def notice(self, block: BlockNotice) -> None:
        """Look after the jobs that a block has changed."""
        changed = set(self._jobs) if block.height % SWEEP_BLOCKS == 0 else set[int]()
        for event in block.events:
            if event.kind in _EVENTS:
                changed.add(int(event.find("job_id") or 0))
        for job_id in changed & set(self._jobs):
            if not self._jobs[job_id].over.is_set():
                self._refresh(job_id)

    def _refresh(self, job_id: int) -> None:
        """Read a job again; while it is being read, remember that it has changed once more."""
        self._dirty.add(job_id)
        if job_id not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._read(job_id))
            self._tasks[job_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(job_id, None))

    async def _read(self, job_id: int) -> None:
        while job_id in self._dirty and job_id in self._jobs:
            self._dirty.discard(job_id)
            with contextlib.suppress(ClientError):
                await self.look(self._jobs[job_id])

    async def look(self, job: OpenJob) -> None:
        """Read what became of a job and do what follows. Raises: ClientError but NotFound: it was closed long ago."""
        try:
            state = await self._requester.job(job.job_id)
        except NotFound:
            job.over.set()
            return
        job.record = state.job
        await self._claim(job, state)
        attempt = job.record.attempt
        if job.record.status not in OVER and attempt > job.standing.attempt and job.job_id not in self._reruns:
            LOG.info("job %d is run again: attempt %d", job.job_id, attempt)
            task = asyncio.get_running_loop().create_task(self._run_again(job, attempt))
            self._reruns[job.job_id] = task
            task.add_done_callback(lambda _: self._ended(job))
        elif job.record.status in OVER and job.job_id not in self._reruns:
            self._finish(job)

    async def _claim(self, job: OpenJob, state: QueryJobResponse) -> None:
        """Hold the last stage to what it has signed, once it has committed to its answer."""
        answer = job.standing
        if answer.receipt is None or answer.attempt != state.job.attempt or not state.units:
            return
        receipts = {len(state.units) - 1: Confirmed(answer.receipt)}
        held = Held(self._requester.key.bech32, receipts, job.blind, tuple(answer.ids))
        for claim in find_claims(state.job, state.units, held):
            name = evidence_name(claim)
            if name in job.claims:
                continue
            job.claims.add(name)
            try:
                LOG.warning("job %d: %s: %s", job.job_id, name, (await self._requester.claim(claim)).name)
            except RequestError as error:
                job.claims.discard(name)
                LOG.warning("job %d: %s is not sent: %s", job.job_id, name, error.message)

    def _ended(self, job: OpenJob) -> None:
        self._reruns.pop(job.job_id, None)
        if job.job_id in self._jobs:
            self._refresh(job.job_id)

    @staticmethod
    def _finish(job: OpenJob) -> None:
        """Let go of what only another attempt would need."""
        job.answer.leaves.clear()
        if job.later is not None:
            job.later.leaves.clear()
        job.over.set()

    async def _run_again(self, job: OpenJob, attempt: int) -> None:
        """Bring another attempt to its answer, as long as the chain is at it."""
        while True:
            try:
                state = await self._requester.job(job.job_id)
                if state.job.attempt != attempt or state.job.status in OVER:
                    return
                if state.job.status == JobStatus.WAITING:
                    await self._requester.next_block()
                    continue
                if job.later is None or job.later.attempt != attempt:
                    job.later = Answer(attempt)
                if state.job.status == JobStatus.RUNNING:
                    await self._requester.open(job, await self._requester.worker(state.plan_operators[0]), attempt)
                await self._take(job, job.later)
                return
            except RequestError as error:
                LOG.warning("job %d, attempt %d: %s", job.job_id, attempt, error.message)
                if error.code == Code.RECEIPT_INVALID:
                    return  # The worker signed something else than it sent; nothing it sends is worth waiting for.
            except ClientError as error:
                LOG.warning("job %d, attempt %d: the node failed: %s", job.job_id, attempt, error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _take(self, job: OpenJob, answer: Answer) -> None:
        is_end = job.new_ending() if job.new_ending is not None else None
        async for token in self._requester.read(job, answer):
            if job.limit and len(answer.ids) == 1:  # the last stage has begun, so it can be told
                await self._requester.cancel(job, answer, job.limit)
            if is_end is not None and is_end(token):
                await self._requester.cancel(job, answer, len(answer.ids))
                is_end = None

    async def close(self) -> None:
        """Stop following."""
        tasks = [*self._tasks.values(), *self._reruns.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
