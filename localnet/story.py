"""What became of a job, read back from the chain and checked: every value with its proof, every draw recomputed.

Nothing here believes the node: values are proven against signed headers, seals are opened again, tickets are derived
from the workers' VRF proofs, and money is added up.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chain.client.client import ChainClient
from chain.crypto import vrf
from chain.crypto.hashing import (
    chain_hash,
    check_seal,
    epoch_input,
    plan_draw,
    seal,
    ticket,
    trace_root,
    unit_id,
)
from chain.crypto.keys import encode_address
from chain.modules.disputes.state import DISPUTES
from chain.modules.disputes.types import Dispute, QueryDisputesRequest, QueryDisputesResponse
from chain.modules.jobs.rules import draw
from chain.modules.jobs.state import JOBS, UNITS
from chain.modules.jobs.types import CloseReason, Job, JobStatus, QueryJobRequest, QueryJobResponse, Unit
from chain.modules.sampling.rules import has_bit, is_winning, look_of, looks
from chain.modules.sampling.state import CHECKS, COMMITS, PLACES, PROOFS, ROUNDS, SNAPSHOTS
from chain.modules.sampling.types import (
    CheckCommit,
    CheckOutcome,
    EpochProof,
    QueryEpochProofsRequest,
    QueryEpochProofsResponse,
    QuerySnapshotRequest,
    QuerySnapshotResponse,
    QueryUnitRequest,
    QueryUnitResponse,
    Round,
    Snapshot,
    SnapshotPlace,
    UnitCheck,
)
from chain.modules.workers.state import WORKERS
from chain.modules.workers.types import Worker
from localnet.layout import Localnet
from localnet.proven import NotProven, ProvenState

STORY_SECONDS = 180.0
"""How long a job may take from its answer to its last proven check."""
POLL_SECONDS = 0.25


@dataclass(slots=True)
class Chapter:
    """One part of a story and whether everything in it held."""

    title: str
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Tell whether nothing contradicted."""
        return not self.faults

    def say(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def require(self, is_true: bool, claim: str) -> None:
        """Add a claim that must hold."""
        if not is_true:
            self.faults.append(claim)


class StoryBroken(Exception):
    """The story cannot be told: something never happened."""


Tell = Callable[[Chapter], None]


class Narrator:
    """Reads and checks the story of one job."""

    def __init__(self, network: Localnet, client: ChainClient, state: ProvenState, job_id: int) -> None:
        self._names = {worker.operator: worker.name for worker in network.workers}
        self._client = client
        self._state = state
        self._chain = chain_hash(network.chain_id)
        self._job_id = job_id
        self._snapshots: dict[int, Snapshot] = {}

    def name(self, operator: bytes) -> str:
        """Return what a worker is called here."""
        address = encode_address(operator)
        return self._names.get(address, address)

    async def wait_for(self, *statuses: JobStatus) -> JobStatus:
        """Wait until the job is in one of these. Raises: StoryBroken."""
        deadline = time.monotonic() + STORY_SECONDS
        while True:
            answer = await self._client.query(
                "ostraka.jobs.v1.Query/Job", QueryJobRequest(self._job_id), QueryJobResponse
            )
            if answer.job.status in statuses:
                return answer.job.status
            if time.monotonic() > deadline:
                raise StoryBroken(f"job {self._job_id} is still {answer.job.status.name} after {STORY_SECONDS:.0f} s")
            await asyncio.sleep(POLL_SECONDS)

    async def status(self) -> JobStatus:
        """Return the job's status, as the node says."""
        answer = await self._client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(self._job_id), QueryJobResponse)
        return answer.job.status

    async def pin(self) -> None:
        """Tell everything as of one height."""
        await self._state.pin()

    async def record(self) -> Job:
        """Return the job. Raises: NotProven."""
        job = await self._state.value(JOBS, self._job_id, Job)
        if job is None:
            raise NotProven(f"job {self._job_id} is not in state")
        return job

    async def units(self) -> list[Unit]:
        """Return the units of the job's attempt. Raises: NotProven."""
        return await self._units(await self.record())

    async def _units(self, job: Job) -> list[Unit]:
        units = []
        for stage in range(job.num_stages):
            unit = await self._state.value(UNITS, (job.job_id, (job.attempt, stage)), Unit)
            if unit is None:
                raise NotProven(f"unit {job.job_id}/{job.attempt}/{stage} is not in state")
            units.append(unit)
        return units

    async def plan(self) -> Chapter:
        """Tell how the workers were chosen."""
        job = await self.record()
        chapter = Chapter(f"Plan{f' of attempt {job.attempt}' if job.attempt else ''}: who ran which layers")
        units = await self._units(job)
        digest = plan_draw(self._chain, job.job_id, job.attempt, job.beacon)
        chosen = job.choices[draw(digest, job.choice_weights)]
        chapter.say(
            f"requested at height {job.requested_height}, escrow {job.escrow} uostr; drawn at height "
            f"{job.planned_height} by its beacon {job.beacon.hex()[:16]}… among {len(job.choices)} plan(s)"
        )
        chapter.require(set(job.choices) <= set(job.candidates), "a plan was drawn that was no candidate")
        chapter.require(chosen == job.plan_id, f"the draw gives plan {chosen}, the job ran under {job.plan_id}")
        slots = sum(job.choice_weights)
        chapter.say(f"int({digest.hex()[:16]}…) mod {slots} gives plan {job.plan_id}: recomputed")
        for unit in units:
            chapter.say(
                f"stage {unit.stage}: {self.name(unit.operator)} runs layers {unit.start}–{unit.end - 1}; "
                f"fee ≤ {unit.terms.fee}, bond reserved {unit.terms.bond} uostr, "
                f"detection D = {unit.terms.detection / 2**32:.2%}, rate λ = {unit.terms.rate / 2**32:.2f} checkers"
            )
        return chapter

    async def commitments(self) -> Chapter:
        """Tell what each stage committed to, and open the seals again."""
        job, chapter = await self.record(), Chapter("Commitments: one per stage, sealed")
        for unit in await self._units(job):
            identity = unit_id(self._chain, unit.job_id, unit.attempt, unit.stage)
            line = (
                f"stage {unit.stage}: seal {unit.seal.hex()[:24]}… at height {unit.submitted_height}, T = {unit.tokens}"
            )
            if unit.salt:
                root = trace_root(identity, unit.in_root, unit.bait_root or unit.body_root, unit.out_root)
                is_open = seal(unit.operator, identity, unit.salt, root) == unit.seal
                chapter.require(is_open, f"the opening of stage {unit.stage} does not give its seal")
                line += f"; opened at {unit.opened_height}, the opening gives the seal"
            chapter.say(line)
        return chapter

    async def _checks(self, unit: Unit) -> tuple[UnitCheck, Round, Snapshot]:
        check = await self._state.value(CHECKS, (unit.job_id, (unit.attempt, unit.stage)), UnitCheck)
        what = f"the draw of unit {unit.job_id}/{unit.attempt}/{unit.stage} is not in state"
        if check is None:
            raise NotProven(what)
        drawn = await self._state.value(ROUNDS, check.round_index, Round)
        if drawn is None:
            raise NotProven(what)
        snapshot = await self.snapshot(check.epoch)
        return check, drawn, snapshot

    async def snapshot(self, epoch: int) -> Snapshot:
        """Return an epoch's snapshot, its head and every entry proven; which entries there are is asked of the node."""
        found = self._snapshots.get(epoch)
        if found is not None:
            return found
        listed = await self._client.query(
            "ostraka.sampling.v1.Query/Snapshot", QuerySnapshotRequest(epoch), QuerySnapshotResponse
        )
        head = await self._state.value(SNAPSHOTS, epoch, Snapshot)
        if head is None:
            raise NotProven(f"the snapshot of epoch {epoch} is not in state")
        entries = []
        for index, entry in enumerate(listed.snapshot.entries):
            place = await self._state.value(PLACES, (epoch, entry.operator), SnapshotPlace)
            if place != SnapshotPlace(index, entry):
                raise NotProven(f"entry {index} of epoch {epoch}'s snapshot is not what state proves")
            entries.append(entry)
        found = self._snapshots[epoch] = replace(head, entries=tuple(entries))
        return found

    async def _commit(self, unit: Unit, operator: bytes) -> CheckCommit | None:
        key = ((unit.job_id, (unit.attempt, unit.stage)), operator)
        return await self._state.value(COMMITS, key, CheckCommit)

    async def _proof(self, epoch: int, operator: bytes) -> EpochProof | None:
        return await self._state.value(PROOFS, (epoch, operator), EpochProof)

    async def wait_for_proofs(self) -> None:
        """Wait until everybody who owes an epoch's VRF proof has opened it and its checks are judged.

        Raises: StoryBroken.
        """
        deadline = time.monotonic() + STORY_SECONDS
        job = await self._client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(self._job_id), QueryJobResponse)
        for unit in job.units:
            while not await self._is_judged(unit):
                if time.monotonic() > deadline:
                    raise StoryBroken("not every checker has opened its epoch proof in time")
                await asyncio.sleep(POLL_SECONDS)

    async def _is_judged(self, unit: Unit) -> bool:
        answer = await self._client.query(
            "ostraka.sampling.v1.Query/Unit",
            QueryUnitRequest(unit.job_id, unit.attempt, unit.stage),
            QueryUnitResponse,
        )
        if answer.check is None:
            return False
        due = await self._client.query(
            "ostraka.sampling.v1.Query/EpochProofs",
            QueryEpochProofsRequest(answer.check.epoch),
            QueryEpochProofsResponse,
        )
        is_open = all(proof.proof for proof in due.proofs if proof.is_due)
        return is_open and not any(commit.outcome == CheckOutcome.EQUAL for commit in answer.commits)

    async def tickets(self) -> Chapter:
        """Tell who was drawn: VRF proofs verified, tickets recomputed."""
        job, chapter = await self.record(), Chapter("Tickets: who had to check, by verifiable randomness")
        for unit in await self._units(job):
            check, drawn, snapshot = await self._checks(unit)
            identity = unit_id(self._chain, unit.job_id, unit.attempt, unit.stage)
            for index, entry in enumerate(snapshot.entries):
                if not has_bit(check.eligible, index):
                    continue
                proof = await self._proof(check.epoch, entry.operator)
                alpha = epoch_input(self._chain, entry.operator, check.epoch, snapshot.beacon)
                beta = vrf.verify(entry.vrf_key, alpha, proof.proof) if proof is not None else None
                who = self.name(entry.operator)
                chapter.require(beta is not None, f"the VRF proof of {who} for epoch {check.epoch} does not verify")
                if beta is None:
                    continue
                commit = await self._commit(unit, entry.operator)
                for number, look in enumerate(looks(drawn, check, unit.terms)):
                    if number and commit is not None and look_of(drawn, commit.commit_height) == 0:
                        continue  # who has committed is not asked again
                    value = ticket(beta, look.alpha, identity)
                    wins = is_winning(look, beta, identity, entry.weight, check.total_weight)
                    has_committed = commit is not None and look_of(drawn, commit.commit_height) == number
                    chapter.say(
                        f"stage {unit.stage}: {who}'s {'second ' if number else ''}ticket {value.hex()[:16]}… "
                        f"{'wins' if wins else 'does not win'}; {'checked' if has_committed else 'did not check'}"
                    )
                    claim = f"{who}: the ticket and the deed differ for stage {unit.stage}"
                    chapter.require(has_committed == wins, claim)
        return chapter

    async def checks(self) -> Chapter:
        """Tell what the checkers found, opening their seals again."""
        job, chapter = await self.record(), Chapter("Checks: recomputed independently, compared on the chain")
        num_checks = 0
        for unit in await self._units(job):
            _, _, snapshot = await self._checks(unit)
            identity = unit_id(self._chain, unit.job_id, unit.attempt, unit.stage)
            for entry in snapshot.entries:
                commit = await self._commit(unit, entry.operator)
                if commit is None:
                    continue
                num_checks += 1
                who = self.name(entry.operator)
                if not commit.salt:
                    chapter.say(f"stage {unit.stage}: {who} committed at {commit.commit_height} and did not reveal")
                    continue
                given = check_seal(entry.operator, identity, commit.salt, commit.body_root, commit.out_root)
                chapter.require(given == commit.seal, f"the opening of {who} for stage {unit.stage} is not its seal")
                is_equal = commit.out_root == unit.out_root and unit.body_root in (b"", commit.body_root)
                chapter.say(
                    f"stage {unit.stage}: {who} committed at {commit.commit_height}, revealed at "
                    f"{commit.reveal_height}: {'equal' if is_equal else 'DIFFERENT'} ({commit.outcome.name})"
                )
        chapter.require(num_checks > 0, "nobody checked anything")
        return chapter

    async def settlement(self) -> Chapter:
        """Tell where the money went."""
        job, chapter = await self.record(), Chapter("Settlement: the escrow, to the last unit")
        units = await self._units(job)
        settled = (JobStatus.FINAL, JobStatus.LATE, JobStatus.LATE_DISPUTED)
        chapter.require(job.status in settled, f"the job is {job.status.name}")
        chapter.require(job.close_reason == CloseReason.SETTLED, f"it closed as {job.close_reason.name}")
        for unit in units:
            chapter.say(f"stage {unit.stage}: charged {unit.charged}, {self.name(unit.operator)} received {unit.paid}")
        charged = sum(unit.charged for unit in units)
        chapter.require(charged == job.paid, f"units were charged {charged}, the job says {job.paid}")
        chapter.say(
            f"escrow {job.escrow} = {charged} spent + {job.escrow - charged} returned, at height {job.closed_height}"
        )
        return chapter

    async def mismatch(self) -> Chapter:
        """Tell how a fault was caught and what money stands still."""
        job, chapter = await self.record(), Chapter("Caught: a drawn checker's result differs, the money is frozen")
        chapter.require(job.status == JobStatus.DISPUTED, f"the job is {job.status.name}")
        listed = await self._client.query(
            "ostraka.disputes.v1.Query/Disputes", QueryDisputesRequest(job.job_id), QueryDisputesResponse
        )
        chapter.require(bool(listed.disputes), "no dispute was opened")
        for entry in listed.disputes:
            dispute = await self._state.value(DISPUTES, entry.dispute_id, Dispute)
            if dispute is None:
                continue  # it was opened after the height that is told of
            chapter.say(
                f"dispute {dispute.dispute_id} ({dispute.kind.name}): stage {dispute.stage}, asserter "
                f"{self.name(dispute.asserter)} against {self.name(dispute.challenger)}, opened at "
                f"{dispute.opened_height}, open until {dispute.deadline}"
            )
            chapter.say(
                f"  asserter out_root {dispute.asserter_out_root.hex()[:24]}…, "
                f"checker out_root {dispute.challenger_out_root.hex()[:24]}…"
            )
            chapter.say(f"  frozen: {dispute.frozen} uostr")
            chapter.require(dispute.job_id == job.job_id, f"dispute {dispute.dispute_id} is of another job")
            chapter.require(dispute.frozen >= job.escrow, "less than the escrow is frozen")
        for unit in await self._units(job):
            worker = await self._state.value(WORKERS, unit.operator, Worker)
            held = worker.reserved if worker is not None else 0
            chapter.require(held >= unit.terms.bond, f"the bond of {self.name(unit.operator)} is not held")
            chapter.require(unit.paid == 0, f"{self.name(unit.operator)} was paid")
            chapter.say(f"stage {unit.stage}: {self.name(unit.operator)} holds {held} uostr of bond in reserve, unpaid")
        return chapter

    def proofs(self) -> Chapter:
        """Tell what all of this rests on."""
        return proofs_of(self._state)


def proofs_of(state: ProvenState) -> Chapter:
    """Tell what a story rests on."""
    chapter = Chapter("Proof: nothing above is the node's word")
    proofs = state.proofs
    num_headers = len({proof.height for proof in proofs})
    last = max(proofs, key=lambda proof: proof.height)
    chapter.say(
        f"{len(proofs)} values proven by ICS-23 ({sum(proof.proof_bytes for proof in proofs):,} bytes of proofs) "
        f"against {num_headers} header(s)"
    )
    chapter.say(
        f"commit signatures verified against the validator set of genesis: header "
        f"{last.height + 1}, {last.header_hash.hex()[:24]}…, {last.num_signatures} signature(s), "
        f"app hash {last.app_hash.hex()[:24]}…"
    )
    return chapter


async def tell_honest(narrator: Narrator, tell: Tell) -> bool:
    """Tell the story of a job that was answered honestly; return whether it holds. Raises: StoryBroken, NotProven."""
    status = await narrator.wait_for(JobStatus.FINAL, JobStatus.CLOSED, JobStatus.DISPUTED)
    if status == JobStatus.FINAL:
        await narrator.wait_for_proofs()
    await narrator.pin()
    chapters = [await narrator.plan(), await narrator.commitments()]
    if status == JobStatus.FINAL:
        chapters += [await narrator.tickets(), await narrator.checks()]
    chapters += [await narrator.settlement(), narrator.proofs()]
    for chapter in chapters:
        tell(chapter)
    return all(chapter.holds for chapter in chapters)
