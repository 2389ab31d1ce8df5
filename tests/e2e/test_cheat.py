"""A cheat on a real network: caught, convicted by the chain, and the question answered again by others."""

import asyncio
import json
from typing import Any

import httpx
from click.testing import CliRunner, Result

from chain.client.client import ChainClient
from chain.crypto.keys import decode_address, module_address
from chain.modules.disputes.types import PaymentReason, QueryPaymentsRequest, QueryPaymentsResponse
from chain.modules.rates.rules import loss
from localnet.cheat import CheatStory
from localnet.cli.disputes import narrator_of
from localnet.cli.main import main
from localnet.layout import Localnet
from localnet.proven import ProvenState
from localnet.story import Chapter, Narrator
from tests.e2e.conftest import LaunchNetwork

CHEATER = 2
"""The worker of the last stage."""
FAULT = "op:logits.0.0.LG.0"
TREASURY = module_address("treasury")


def gateway(network: Localnet, method: str, path: str, **options: Any) -> Any:
    """Call the gateway and return its JSON."""
    assert network.gateway is not None
    headers = {"authorization": f"Bearer {network.gateway.api_key}"}
    answer = httpx.request(method, f"{network.gateway.url}{path}", headers=headers, timeout=180, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ostraka(network: Localnet, *arguments: str) -> Result:
    """Run a command of `ostraka` on a network."""
    return CliRunner().invoke(main, [*arguments, "--home", network.home])


async def story(network: Localnet, job_id: int) -> tuple[bool, list[Chapter], list[str]]:
    """Tell the story; return whether it holds, its chapters and the answers that were shown."""
    chapters, shown = list[Chapter](), list[str]()

    async def outcome() -> dict[str, Any]:
        found = await asyncio.to_thread(gateway, network, "GET", f"/jobs/{job_id}")
        return dict(found)

    async with ChainClient(network.grpc) as client:
        with ProvenState(client, network.rpc, network.genesis_path) as state:
            told = CheatStory(
                network,
                client,
                state,
                Narrator(network, client, state, job_id),
                narrator_of(network, client, state),
                job_id,
                network.workers[CHEATER].name,
            )
            return await told.tell(outcome, shown.append, chapters.append), chapters, shown


async def payments(network: Localnet, dispute_id: int) -> QueryPaymentsResponse:
    """Where the money of a dispute went."""
    async with ChainClient(network.grpc) as client:
        method = "ostraka.disputes.v1.Query/Payments"
        return await client.query(method, QueryPaymentsRequest(dispute_id), QueryPaymentsResponse)


def test_a_cheat_is_caught_and_convicted_and_others_answer_again(launch: LaunchNetwork) -> None:
    network = launch(faults={CHEATER: FAULT})
    body = {"model": network.model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 64}
    streamed = gateway(network, "POST", "/chat/completions", json=body)
    job_id = int(streamed["id"].removeprefix("chatcmpl-"))
    cheater = network.workers[CHEATER]

    holds, chapters, shown = asyncio.run(story(network, job_id))
    assert holds, [f"{chapter.title}: {fault}" for chapter in chapters for fault in chapter.faults]
    titles = [chapter.title for chapter in chapters]
    assert "Rounds: narrowed down, and won" in titles
    (step,) = [chapter for chapter in chapters if chapter.title.startswith("The step")]
    claimed, recomputed = step.lines[-4].split()[-1], step.lines[-2].split()[-1]
    assert step.lines[-3].split()[-1] == recomputed != claimed

    found = gateway(network, "GET", f"/jobs/{job_id}")
    assert (found["status"], found["attempt"], found["close_reason"]) == ("final", 1, "settled")
    assert found["answer"]["is_complete"]
    assert [found["answer"]["content"]] == shown != [streamed["choices"][0]["message"]["content"]]

    listing = ostraka(network, "dispute", "list", "--worker", cheater.name, "--state", "refuted", "--output", "json")
    assert listing.exit_code == 0, listing.output
    disputes = json.loads(listing.output)["disputes"]
    assert {int(one["job_id"]) for one in disputes} == {job_id}
    (decided,) = [one for one in disputes if int(one["slashed"])]
    number = int(decided["dispute_id"])
    paid = asyncio.run(payments(network, number)).payments
    assert {one.payer for one in paid} == {decode_address(cheater.operator)}
    assert sum(one.amount for one in paid) == int(decided["slashed"])
    kept = sum(one.amount for one in paid if one.recipient == TREASURY)
    assert kept >= loss(int(decided["slashed"]))
    assert {one.reason for one in paid} >= {PaymentReason.FORFEIT, PaymentReason.MOVES, PaymentReason.WORK}

    told = ostraka(network, "dispute", "show", str(number))
    assert told.exit_code == 0, told.output
    assert "read from the node's archive" in told.output
    assert f"{claimed}" in told.output
    whole = json.loads(ostraka(network, "dispute", "show", str(number), "--output", "json").output)
    assert whole["is_archived"] is True
    assert [int(one["amount"]) for one in whole["closed"]["payments"]] == [one.amount for one in paid]
    nothing = ostraka(network, "dispute", "show", "999")
    assert nothing.exit_code == 1
    assert "there is no dispute 999" in nothing.output
    assert ostraka(network, "dispute", "list", "--worker", "nobody").exit_code == 1
    assert (
        json.loads(ostraka(network, "dispute", "list", "--state", "open", "--output", "json").output)["disputes"] == []
    )
