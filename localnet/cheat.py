"""The story of a cheat: caught, narrowed down, convicted by the chain, and the question answered by others."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chain.client.client import ChainClient
from chain.crypto.keys import decode_address
from chain.modules.disputes.types import Dispute, DisputeStatus
from chain.modules.jobs.types import JobStatus
from chain.modules.workers.state import WORKERS
from chain.modules.workers.types import Worker, WorkerStatus
from localnet.disputes.chapters import DisputeNarrator
from localnet.disputes.record import disputes_of_job
from localnet.layout import Localnet
from localnet.proven import ProvenState
from localnet.story import POLL_SECONDS, STORY_SECONDS, Chapter, Narrator, StoryBroken, Tell, proofs_of

Outcome = Callable[[], Awaitable[dict[str, Any]]]
"""Asks the gateway what became of the job."""


@dataclass(slots=True)
class CheatStory:
    """One job with a cheat among its workers."""

    network: Localnet
    client: ChainClient
    state: ProvenState
    job: Narrator
    dispute: DisputeNarrator
    job_id: int
    cheater: str
    """What the cheat is called here."""

    async def tell(self, outcome: Outcome, show_answer: Callable[[str], None], tell: Tell) -> bool:
        """Tell the story as it happens; return whether it holds. Raises: StoryBroken, NotProven, ClientError."""
        chapters: list[Chapter] = []

        def say(*found: Chapter) -> None:
            for chapter in found:
                chapters.append(chapter)
                tell(chapter)

        decided = await self._decided()
        await self.state.pin(decided.closed_height - 1)
        say(await self.job.plan(), await self.job.commitments(), await self.job.checks(), await self.job.mismatch())
        await self.state.pin()
        say(*await self.dispute.tell(decided.dispute_id), await self._others(decided))
        answer = await self._answer(outcome)
        show_answer(answer["content"])
        await self.job.wait_for(JobStatus.FINAL, JobStatus.CLOSED, JobStatus.DISPUTED)
        await self.state.pin()
        say(await self._answered(answer), await self.job.plan(), await self.job.checks(), await self.job.settlement())
        say(await self._bonds(), proofs_of(self.state))
        return all(chapter.holds for chapter in chapters)

    async def _decided(self) -> Dispute:
        """Wait until the job's disputes are judged, and return the one that convicts. Raises: StoryBroken."""
        deadline = time.monotonic() + STORY_SECONDS
        while time.monotonic() < deadline:
            found = await disputes_of_job(self.client, self.job_id)
            status = await self.job.status()
            if found and status != JobStatus.DISPUTED and all(one.status != DisputeStatus.OPEN for one in found):
                convicted = next((one for one in found if one.slashed), None)
                if convicted is None:
                    raise StoryBroken(f"the disputes of job {self.job_id} convicted nobody")
                return convicted
            if not found and status in (JobStatus.FINAL, JobStatus.CLOSED):
                raise StoryBroken(f"job {self.job_id} is {status.name} and nobody disputed it")
            await asyncio.sleep(POLL_SECONDS)
        raise StoryBroken(f"the disputes of job {self.job_id} were not judged within {STORY_SECONDS:.0f} s")

    async def _others(self, decided: Dispute) -> Chapter:
        chapter = Chapter("Only the guilty: who was accused, and by whom")
        for found in await disputes_of_job(self.client, self.job_id):
            accused = self.dispute.name(found.asserter)
            own = "decided it" if found.dispute_id == decided.dispute_id else f"ended with dispute {decided.dispute_id}"
            chapter.say(f"dispute {found.dispute_id}: {self.dispute.name(found.challenger)} against {accused}, {own}")
            chapter.require(accused == self.cheater, f"{accused} is accused, the cheat is {self.cheater}")
        return chapter

    async def _answer(self, outcome: Outcome) -> dict[str, Any]:
        """Wait until the gateway has the whole answer of a later attempt. Raises: StoryBroken."""
        deadline = time.monotonic() + STORY_SECONDS
        while time.monotonic() < deadline:
            found = await outcome()
            answer = found["answer"]
            if answer is not None and answer["attempt"] and answer["is_complete"]:
                return dict(answer)
            if found["status"] in ("final", "closed"):
                raise StoryBroken(f"the job is {found['status']} and the gateway has no second answer")
            await asyncio.sleep(POLL_SECONDS)
        raise StoryBroken(f"nobody answered again within {STORY_SECONDS:.0f} s")

    async def _answered(self, answer: dict[str, Any]) -> Chapter:
        chapter = Chapter("Answered again: by others, from the same escrow")
        same = "the same as" if answer["is_as_streamed"] else "another than"
        chapter.say(f"attempt {answer['attempt']} gave {answer['tokens']} tokens, {same} what was streamed at first")
        job = await self.job.record()
        chapter.require(job.attempt == answer["attempt"], f"the job stands at attempt {job.attempt}")
        chapter.require(job.status == JobStatus.FINAL, f"the job is {job.status.name}")
        for unit in await self.job.units():
            name = self.job.name(unit.operator)
            chapter.require(name != self.cheater, f"{name} runs stage {unit.stage} again")
        return chapter

    async def _bonds(self) -> Chapter:
        """Tell every worker's bond: honest ones have lost nothing."""
        chapter = Chapter("Bonds: nobody but the cheat has lost anything")
        bonds: dict[str, Worker] = {}
        for place in self.network.workers:
            worker = await self.state.value(WORKERS, decode_address(place.operator), Worker)
            if worker is None:
                raise StoryBroken(f"{place.name} is not registered")
            bonds[place.name] = worker
        lost = bonds.pop(self.cheater)
        kept = sorted({worker.bond for worker in bonds.values()})
        chapter.say(f"{self.cheater}: {lost.bond:,} uostr, {lost.status.name}")
        chapter.say(f"the {len(bonds)} others: {', '.join(f'{bond:,}' for bond in kept)} uostr each")
        chapter.require(len(kept) == 1 and lost.bond < kept[0], "an honest bond differs from the others")
        chapter.require(lost.status != WorkerStatus.ACTIVE, f"{self.cheater} may go on working")
        return chapter
