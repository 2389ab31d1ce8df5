"""`ostraka ask` and `ostraka chat`: talk to a model without a gateway, paying from an account of one's own."""

import asyncio
from pathlib import Path
from typing import Any

import click

from chain.client.client import ChainClient
from chain.client.failures import ClientError
from chain.client.signing import Key
from chain.modules.jobs.types import SamplerSpec
from inference.gateway.chat import ChatError, ChatTokenizer, StreamDecoder
from inference.gateway.open_job import OpenJob, RequestError
from inference.gateway.openai_api import ApiError, sampler_spec
from inference.gateway.outcome import Asked, outcome
from inference.gateway.requester import Requester
from inference.keys import read_secret
from localnet.cli.output import ERR, home_option, output_option, print_json, running_network
from localnet.layout import Localnet


def _options(command: Any) -> Any:
    for option in (
        click.option(
            "--max-tokens",
            default=128,
            show_default=True,
            type=click.IntRange(1, 65_536),
            help="Longest answer, in tokens.",
        ),
        click.option(
            "--temperature", default=0.0, show_default=True, type=click.FloatRange(0, 2), help="0 takes the likeliest."
        ),
        click.option("--top-k", default=0, show_default=True, type=click.IntRange(0, 256), help="0 is off."),
        click.option(
            "--value",
            default=0,
            show_default=True,
            type=click.IntRange(0),
            help="Declared value in uostr, covered once final.",
        ),
        click.option(
            "--key",
            "key_path",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="File with a secp256k1 secret in hexadecimal [default: the localnet's user].",
        ),
        home_option,
    ):
        command = option(command)
    return command


def sampler(temperature: float, top_k: int) -> SamplerSpec:
    """Return the integer form of the sampler's options. Raises: click.ClickException."""
    try:
        return sampler_spec(temperature, top_k)
    except ApiError as error:
        raise click.ClickException(error.message) from None


@click.command()
@click.argument("question")
@_options
@click.option("--system", default="", help="What the assistant should keep in mind.")
@click.option("--wait", is_flag=True, help="Wait until the answer is final, and print the one that stands.")
@output_option
def ask(
    question: str,
    max_tokens: int,
    temperature: float,
    top_k: int,
    value: int,
    key_path: Path | None,
    home: Path,
    system: str,
    wait: bool,
    output: str,
) -> None:
    """Ask one QUESTION straight through the chain and its workers; no gateway takes part.

    What is streamed is not yet checked. With --wait the command stays until the chain has settled the job; if a
    worker was convicted meanwhile, others have answered again, and that answer is printed too.

    \b
    Example:
      ostraka ask "Why is the sky blue?" --max-tokens 64
    """
    if not question.strip():
        raise click.UsageError("the question is empty")
    network = running_network(home.resolve())
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    spec = sampler(temperature, top_k)
    is_shown = output == "text"
    result = asyncio.run(
        _answer(network, key_path, messages, max_tokens, spec, value, is_shown=is_shown, is_awaited=wait)
    )
    if not is_shown:
        print_json(result)
    else:
        ERR.print(f"[dim]job {result['job_id']} · `ostraka job show {result['job_id']}` tells what became of it[/]")


@click.command()
@_options
def chat(max_tokens: int, temperature: float, top_k: int, value: int, key_path: Path | None, home: Path) -> None:
    """Hold a conversation; an empty line or the end of the input ends it."""
    network = running_network(home.resolve())
    messages: list[dict[str, str]] = []
    spec = sampler(temperature, top_k)
    while True:
        try:
            line = click.prompt("you", default="", show_default=False).strip()
        except click.Abort:
            click.echo()
            return
        if not line:
            return
        messages.append({"role": "user", "content": line})
        try:
            result = asyncio.run(_answer(network, key_path, messages, max_tokens, spec, value, is_shown=True))
        except click.ClickException as error:
            # What was said before still stands: the next line may be shorter, or the network back.
            error.show()
            messages.pop()
            continue
        messages.append({"role": "assistant", "content": str(result["text"])})


async def _answer(
    network: Localnet,
    key_path: Path | None,
    messages: list[dict[str, str]],
    max_tokens: int,
    spec: SamplerSpec,
    value: int,
    *,
    is_shown: bool,
    is_awaited: bool = False,
) -> dict[str, Any]:
    try:
        key = Key.secp256k1(read_secret(key_path or network.key_path("user")))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    tokenizer = ChatTokenizer(Path(network.models) / network.model_root)
    decoder = StreamDecoder(tokenizer)
    text = ""
    try:
        async with ChainClient(network.grpc) as client, Requester(client, key, network.chain_id) as requester:
            model = await requester.model(network.model)
            job = await requester.request(
                model, tokenizer.prompt(messages), max_tokens=max_tokens, sampler=spec, value=value
            )
            async for token in job.tokens():
                piece = "" if token in model.header.eos_ids else decoder.push(token)
                text += piece
                if is_shown:
                    click.echo(piece, nl=False)
            tail = decoder.flush()
            text += tail
            if is_shown:
                click.echo(tail)
            told = {
                "job_id": job.job_id,
                "text": text,
                "prompt_tokens": len(job.prompt),
                "output_tokens": len(job.ids),
                "escrow": job.escrow,
            }
            if is_awaited:
                asked = Asked("", network.model, tokenizer, (), frozenset(model.header.eos_ids))
                told["outcome"] = await _settled(job, asked, is_shown=is_shown)
            return told
    except (RequestError, ClientError, ChatError) as error:
        raise click.ClickException(str(error)) from None


async def _settled(job: OpenJob, asked: Asked, *, is_shown: bool) -> dict[str, Any]:
    """Return what became of a job once it is over; show the answer that stands if it is another attempt's."""
    if is_shown:
        ERR.print("[dim]streamed; waiting until it is checked and settled[/]")
    await job.over.wait()
    if job.record is None:
        raise click.ClickException(f"the chain has closed and forgotten job {job.job_id}")
    found = outcome(asked, job, job.record)
    if not is_shown:
        return found
    reason, answer = found["close_reason"], found["answer"]
    if job.record.attempt == 0:
        ERR.print(f"[dim]{found['status']} ({reason}): {found['paid']} of {found['escrow']} uostr paid[/]")
    elif answer is None or not answer["is_complete"]:
        ERR.print(
            f"[red]refuted, and attempt {job.record.attempt} gave no whole answer: {found['status']} ({reason})[/]"
        )
    else:
        ERR.print(f"[yellow]a worker of the first attempt was convicted; attempt {answer['attempt']} answered:[/]")
        click.echo(answer["content"])
        ERR.print(f"[dim]{found['status']} ({reason}): {found['paid']} of {found['escrow']} uostr paid[/]")
    return found
