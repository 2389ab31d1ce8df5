"""`ostraka demo`: a network, a question, and proof of what happened."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import click
import httpx

from chain.client.client import ChainClient
from chain.client.failures import ClientError
from localnet.cheat import CheatStory
from localnet.cli.disputes import narrator_of
from localnet.cli.network import Steps
from localnet.cli.output import ERR, OUT, print_chapter
from localnet.layout import Localnet, default_home
from localnet.model import ModelUnavailable
from localnet.network import LocalnetError, Spec, down, up
from localnet.proven import NotProven, ProvenState
from localnet.story import Narrator, StoryBroken, tell_honest

QUESTION = "What is the capital of France, and what is it famous for?"
CHEATER = 2
"""Index of the worker that cheats under --cheat: it runs the last layers and samples the tokens."""
CHEAT = "op:logits.0.0.LG.83"
"""It forges one logit in each position, that of the token `London`: with SmolLM2 the sixth of the 84th tile of 256."""
ANSWER_SECONDS = 180.0


@click.command()
@click.option("--cheat", is_flag=True, help="Let one worker forge the answer, and watch what it pays for that.")
@click.option("--keep", is_flag=True, help="Leave the network running at the end.")
@click.option("--question", default=QUESTION, show_default=True, help="What to ask.")
@click.option(
    "--max-tokens", default=64, show_default=True, type=click.IntRange(1, 512), help="Longest answer, in tokens."
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: default_home().with_name("demo"),
    show_default="~/.ostraka/demo",
    help="Folder of the demo's network; replaced at each run.",
)
def demo(cheat: bool, keep: bool, question: str, max_tokens: int, home: Path) -> None:
    """Start a chain and seven workers, ask a question, and tell what became of it.

    One validator runs the chain; three workers hold a third of SmolLM2-135M each and answer through the gateway;
    four more recompute what they are drawn for, one of them ready to take a lost worker's place. The story that
    follows is read back from the chain and proven against headers that the validator signed. The exit status is 0
    only if all of it holds.

    With --cheat the worker that samples the tokens forges one number to have the answer say something else. It is
    caught by those who recompute its work; the dispute is narrowed down, round by round, to that number; the chain
    computes it itself and convicts the worker; and others answer the question again.
    """
    began = time.monotonic()
    try:
        with Steps() as step:
            network = up(Spec(home.resolve(), faults={CHEATER: CHEAT} if cheat else {}), step)
    except (LocalnetError, ModelUnavailable, OSError) as error:
        raise click.ClickException(str(error)) from None
    ERR.print(f"[dim]ready after {time.monotonic() - began:.1f} s[/]")
    try:
        holds = asyncio.run(_play(network, question, max_tokens, is_cheating=cheat, began=began))
    except (StoryBroken, NotProven, ClientError, httpx.HTTPError) as error:
        raise click.ClickException(f"{error}\nlogs: {network.home}") from None
    finally:
        if keep:
            ERR.print(f"[dim]kept: `ostraka localnet status --home {network.home}`[/]")
        else:
            down(network)
    if not holds:
        raise click.ClickException("the story does not hold; what failed is marked above")


async def _play(network: Localnet, question: str, max_tokens: int, *, is_cheating: bool, began: float) -> bool:
    OUT.rule("Question")
    OUT.print(question)
    OUT.rule("Answer, as it streams through three workers")
    job_id = await _ask(network, question, max_tokens)
    answered = time.monotonic()
    ERR.print(f"[dim]job {job_id}, answered {answered - began:.1f} s after the start; waiting for checks[/]")
    async with ChainClient(network.grpc) as client:
        with ProvenState(client, network.rpc, network.genesis_path) as state:
            narrator = Narrator(network, client, state, job_id)
            if is_cheating:
                told = narrator_of(network, client, state)
                cheater = network.workers[CHEATER].name
                story = CheatStory(network, client, state, narrator, told, job_id, cheater)
                holds = await story.tell(lambda: _outcome(network, job_id), _print_answer, print_chapter)
            else:
                holds = await tell_honest(narrator, print_chapter)
    verdict = "[bold green]The story holds.[/]" if holds else "[bold red]The story does not hold.[/]"
    OUT.print(f"{verdict} {time.monotonic() - answered:.1f} s after the answer.")
    return holds


async def _ask(network: Localnet, question: str, max_tokens: int) -> int:
    """Print the gateway's answer as it streams and return the job's number."""
    assert network.gateway is not None
    body = {
        "model": network.model,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": max_tokens,
        "stream": True,
    }
    headers = {"authorization": f"Bearer {network.gateway.api_key}"}
    job_id = 0
    async with (
        httpx.AsyncClient(timeout=ANSWER_SECONDS) as http,
        http.stream("POST", f"{network.gateway.url}/chat/completions", json=body, headers=headers) as answer,
    ):
        if answer.status_code != 200:
            raise StoryBroken(f"the gateway says {answer.status_code}: {(await answer.aread()).decode()}")
        async for line in answer.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            event = json.loads(line.removeprefix("data: "))
            if "error" in event:
                raise StoryBroken(event["error"]["message"])
            job_id = int(event["id"].removeprefix("chatcmpl-"))
            for choice in event["choices"]:
                click.echo(choice["delta"].get("content", ""), nl=False)
    click.echo()
    return job_id


async def _outcome(network: Localnet, job_id: int) -> dict[str, Any]:
    """Ask the gateway what became of a job."""
    assert network.gateway is not None
    headers = {"authorization": f"Bearer {network.gateway.api_key}"}
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as http:
        answer = await http.get(f"{network.gateway.url}/jobs/{job_id}", headers=headers)
    if answer.status_code != 200:
        raise StoryBroken(f"the gateway says {answer.status_code}: {answer.text}")
    return dict(answer.json())


def _print_answer(text: str) -> None:
    OUT.rule("Answer of the next attempt, by other workers")
    OUT.print(text, markup=False, highlight=False)
    ERR.print("[dim]it is checked like the first one, and then settled[/]")
