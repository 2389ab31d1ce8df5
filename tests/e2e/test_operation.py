"""The life of a request, step by step, from proven answers; and a worker that joins a running network."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from click.testing import CliRunner

from chain.client.client import ChainClient
from chain.client.signing import Key
from chain.crypto.hashing import chain_hash, round_alpha
from chain.modules.beacon.types import QueryBeaconRequest, QueryBeaconResponse
from chain.modules.jobs.types import CloseReason, Job, JobStatus, QueryJobRequest, QueryJobResponse, Unit, UnitStatus
from chain.modules.sampling.rules import has_bit
from chain.modules.sampling.types import CheckOutcome, CheckPhase, QueryUnitRequest, QueryUnitResponse
from inference.gateway.chat import ChatTokenizer
from inference.gateway.open_job import OpenJob
from inference.gateway.requester import Requester
from inference.keys import read_secret
from localnet.cli.join import wait_until_enrolled
from localnet.cli.main import main
from localnet.layout import Localnet
from localnet.network import add_worker
from localnet.proven import ProvenState
from localnet.story import Chapter, Narrator, tell_honest

R = TypeVar("R")


@dataclass
class Session:
    """A requester on a network."""

    network: Localnet
    client: ChainClient
    requester: Requester

    async def ask(self, question: str, max_tokens: int = 12) -> OpenJob:
        """Ask and read the whole answer."""
        tokenizer = ChatTokenizer(Path(self.network.models) / self.network.model_root)
        model = await self.requester.model(self.network.model)
        prompt = tokenizer.prompt([{"role": "user", "content": question}])
        job = await self.requester.request(model, prompt, max_tokens=max_tokens)
        async for _ in job.tokens():
            pass
        return job

    async def job(self, job_id: int) -> Job:
        """The chain's record."""
        return (await self._answer(job_id)).job

    async def units(self, job_id: int) -> tuple[Unit, ...]:
        """The units of the job's attempt."""
        return (await self._answer(job_id)).units

    async def unit(self, unit: Unit) -> QueryUnitResponse:
        """A unit's draw and checks."""
        request = QueryUnitRequest(unit.job_id, unit.attempt, unit.stage)
        return await self.client.query("ostraka.sampling.v1.Query/Unit", request, QueryUnitResponse)

    async def _answer(self, job_id: int) -> QueryJobResponse:
        return await self.client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)


def with_session(network: Localnet, play: Callable[[Session], Awaitable[R]]) -> R:
    """Run a play with a requester of the network's user."""

    async def run() -> R:
        key = Key.secp256k1(read_secret(network.key_path("user")))
        async with ChainClient(network.grpc) as client, Requester(client, key, network.chain_id) as requester:
            return await play(Session(network, client, requester))

    return asyncio.run(run())


def test_a_request_lives_as_the_protocol_says(network: Localnet) -> None:
    async def play(session: Session) -> None:
        opened = await session.ask("Name three rivers of Europe.")
        assert opened.receipt is not None
        assert opened.receipt.is_final
        chapters: list[Chapter] = []
        with ProvenState(session.client, network.rpc, network.genesis_path) as state:
            narrator = Narrator(network, session.client, state, opened.job_id)
            holds = await tell_honest(narrator, chapters.append)
            assert holds, [fault for chapter in chapters for fault in chapter.faults]
            job, units = await session.job(opened.job_id), await session.units(opened.job_id)

            # The plan is drawn by the beacon two blocks after acceptance.
            assert job.planned_height == job.requested_height + 2
            assert [(unit.stage, unit.attempt) for unit in units] == [(0, 0), (1, 0), (2, 0)]
            assert units[0].start == 0
            assert [unit.end for unit in units][:-1] == [unit.start for unit in units][1:]
            assert len({unit.operator for unit in units}) == 3

            # One result a stage; what the requester received is what the last stage committed to.
            assert all(unit.tokens == len(opened.ids) == job.output_tokens for unit in units)
            assert units[-1].out_root == job.tokens_root == opened.receipt.root
            assert units[1].in_root == units[0].out_root
            assert units[2].in_root == units[1].out_root
            assert job.asserted_height == max(unit.submitted_height for unit in units)

            serving = {unit.operator for unit in units}
            for unit in units:
                answer = await session.unit(unit)
                check, drawn = answer.check, answer.round
                assert check is not None
                assert drawn is not None
                # The round closes at the next multiple; its randomness is the beacon two blocks later.
                assert job.asserted_height <= drawn.close_height < job.asserted_height + 5
                assert drawn.close_height % 4 == 0
                beacon = await session.client.query(
                    "ostraka.beacon.v1.Query/Beacon", QueryBeaconRequest(drawn.close_height + 2), QueryBeaconResponse
                )
                chain = chain_hash(network.chain_id)
                assert drawn.alpha == round_alpha(chain, drawn.index, beacon.beacon.value)
                # With this network's parameters everybody eligible is drawn: spare and checkers, nobody else.
                snapshot = await narrator.snapshot(check.epoch)
                eligible = {
                    entry.operator for index, entry in enumerate(snapshot.entries) if has_bit(check.eligible, index)
                }
                assert len(eligible) >= 2
                assert not eligible & serving
                assert {commit.checker for commit in answer.commits} == eligible
                for commit in answer.commits:
                    assert drawn.close_height + 2 < commit.commit_height <= drawn.commit_end
                    assert commit.reveal_height > drawn.second_end == drawn.commit_end + 34
                    assert unit.opened_height > commit.reveal_height
                    assert commit.outcome == CheckOutcome.PAID
                    assert (commit.body_root, commit.out_root) == (unit.body_root, unit.out_root)
                assert check.phase == CheckPhase.DONE
                assert unit.status == UnitStatus.FINAL

            # The escrow is spent and returned to the last unit.
            assert (job.status, job.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
            assert job.paid == sum(unit.charged for unit in units) <= job.escrow
            assert all(0 < unit.paid <= unit.charged for unit in units)

    with_session(network, play)


def test_an_awaited_answer_is_the_final_one(network: Localnet) -> None:
    command = ["ask", "Say one word.", "--max-tokens", "8", "--wait", "--output", "json", "--home", network.home]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    found = told["outcome"]
    assert (found["status"], found["attempt"], found["close_reason"]) == ("final", 0, "settled")
    assert found["answer"] == {
        "attempt": 0,
        "content": told["text"],
        "tokens": told["output_tokens"],
        "is_complete": True,
        "is_as_streamed": True,
    }


def test_a_worker_that_joins_serves_or_checks(network: Localnet) -> None:
    grown, place = add_worker(network, serve=True, check=True)
    try:
        asyncio.run(wait_until_enrolled(grown, place))
        from chain.crypto.keys import decode_address

        operator = decode_address(place.operator)

        async def play(session: Session) -> bool:
            for _ in range(4):
                opened = await session.ask("Say one word.", max_tokens=4)
                with ProvenState(session.client, network.rpc, network.genesis_path) as state:
                    narrator = Narrator(grown, session.client, state, opened.job_id)
                    await narrator.wait_for(JobStatus.FINAL)
                for unit in await session.units(opened.job_id):
                    if unit.operator == operator:
                        return True
                    if any(commit.checker == operator for commit in (await session.unit(unit)).commits):
                        return True
            return False

        assert with_session(grown, play)
    finally:
        place.process.kill()
