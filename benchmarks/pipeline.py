"""Three stages in three processes against one process that holds the whole model, through real links and a real chain.

Both networks are brought up in turn, their checkers are halted while tokens flow, and the same prompts are asked of
both, alternating: one stream at a time, then three at once. Every worker has one thread.

    python -m benchmarks.pipeline [--tokens 64] [--rounds 3] [--output json]
"""

import asyncio
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from chain.client.client import ChainClient
from chain.client.signing import Key
from inference.gateway.chat import ChatTokenizer
from inference.gateway.requester import Requester
from inference.keys import read_secret
from localnet.layout import Localnet
from localnet.network import Spec, down, up

PROMPT = "Tell me a long story about a lighthouse keeper and the sea."


@dataclass
class Measured:
    """Tokens per second of one network."""

    name: str
    single: list[float]
    triple: list[float]


@contextmanager
def halted(network: Localnet) -> Iterator[None]:
    """Stop the checkers meanwhile: their work is real, but it is not what is measured."""
    checkers = [worker.process.pid for worker in network.workers if worker.checks]
    for pid in checkers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in checkers:
            os.kill(pid, signal.SIGCONT)


async def stream(requester: Requester, network: Localnet, tokens: int) -> tuple[float, float, int]:
    """Ask once; return the times of the first and the last token and how many came."""
    tokenizer = ChatTokenizer(Path(network.models) / network.model_root)
    model = await requester.model(network.model)
    prompt = tokenizer.prompt([{"role": "user", "content": PROMPT}])
    job = await requester.request(model, prompt, max_tokens=tokens)
    times = [time.perf_counter() async for _ in job.tokens()]
    return times[0], times[-1], len(times)


async def measure(network: Localnet, tokens: int) -> tuple[float, float]:
    """Return tokens per second of one stream, and of three together."""
    key = Key.secp256k1(read_secret(network.key_path("user")))
    async with ChainClient(network.grpc) as client, Requester(client, key, network.chain_id) as requester:
        with halted(network):
            first, last, count = await stream(requester, network, tokens)
            single = (count - 1) / (last - first)
            three = await asyncio.gather(*(stream(requester, network, tokens) for _ in range(3)))
        # Streams begin within a block of each other; what counts is the time in which all of them run.
        begin, end = min(one[0] for one in three), max(one[1] for one in three)
        return single, sum(one[2] - 1 for one in three) / (end - begin)


@click.command()
@click.option("--tokens", default=64, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--output", type=click.Choice(["text", "json"]), default="text")
def main(tokens: int, rounds: int, output: str) -> None:
    """Print tokens per second of one and of three streams, one process against three."""
    with tempfile.TemporaryDirectory() as folder:
        networks = []
        try:
            for name, serving in (("one process", 1), ("three stages", 3)):
                spec = Spec(Path(folder) / name.replace(" ", "-"), num_serving=serving, with_gateway=False)
                networks.append((Measured(name, [], []), up(spec)))
            for index in range(rounds + 1):
                for measured, network in networks:
                    single, triple = asyncio.run(measure(network, tokens))
                    if index:  # the first round warms caches
                        measured.single.append(single)
                        measured.triple.append(triple)
        finally:
            for _, network in networks:
                down(network)
    report([measured for measured, _ in networks], output)


def report(rows: list[Measured], output: str) -> None:
    """Print medians and the ratios that count."""
    one, three = rows
    figures = {
        measured.name: {
            "single_stream": statistics.median(measured.single),
            "three_streams": statistics.median(measured.triple),
        }
        for measured in rows
    }
    ratios = {
        "single_stream_three_over_one": figures[three.name]["single_stream"] / figures[one.name]["single_stream"],
        "three_streams_three_over_one": figures[three.name]["three_streams"] / figures[one.name]["three_streams"],
    }
    if output == "json":
        click.echo(json.dumps({"tokens_per_second": figures, "ratios": ratios}, indent=2))
        return
    table = Table("", "one stream, tokens/s", "three streams, tokens/s", title="pipeline, one thread a process")
    for name, figure in figures.items():
        table.add_row(name, f"{figure['single_stream']:.1f}", f"{figure['three_streams']:.1f}")
    table.add_row("ratio", *(f"{ratio:.2f}" for ratio in ratios.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
