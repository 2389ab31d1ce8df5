"""Three stages in three processes against one process that holds the whole model, through real links and a real chain.

Both networks are brought up in turn, all checkers are halted while tokens flow, and the same prompts are asked of both,
alternating: one stream at a time, then three at once. Every worker has one thread. A process with three streams steps
them together, so it is compared both with that and with its own single stream.

Processor time per token is that of the serving workers: beside other work on the machine it is the figure to trust.
With fewer cores than stages the stages wait for each other's core, which the machines of a real pipeline do not; "a
core each" is what three streams come to without that: the token rate of the busiest worker, from its processor time.

    python -m benchmarks.pipeline [--tokens 64] [--rounds 3] [--output json]      targets: 0.75 × and 1.3 × one process
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table

from chain.client.client import ChainClient
from chain.client.signing import Key
from chain.parameters import LOCALNET
from inference.gateway.chat import ChatTokenizer
from inference.gateway.requester import Requester
from inference.keys import read_secret
from localnet.layout import Localnet
from localnet.network import Spec, down, up

PARAMETERS = replace(LOCALNET, rates=replace(LOCALNET.rates, check_speed=8 * LOCALNET.rates.check_speed))
"""All jobs stay open until the checkers run again, so more checks are expected than a local network takes."""
PROMPT = "Tell me a long story about a lighthouse keeper and the sea."


@dataclass
class Measured:
    """What one network gave: tokens per second, and milliseconds of processor time per token."""

    name: str
    single: list[float] = field(default_factory=list)
    triple: list[float] = field(default_factory=list)
    single_cpu: list[float] = field(default_factory=list)
    triple_cpu: list[float] = field(default_factory=list)
    triple_with_cores: list[float] = field(default_factory=list)
    """Tokens per second of three streams, had every worker a core of its own."""

    def add(self, single: "Run", triple: "Run") -> None:
        """Take in one round."""
        self.single.append(single.rate)
        self.single_cpu.append(sum(single.cpu_ms))
        self.triple.append(triple.rate)
        self.triple_cpu.append(sum(triple.cpu_ms))
        self.triple_with_cores.append(1e3 / max(triple.cpu_ms))


@dataclass(frozen=True)
class Run:
    """Streams that ran together."""

    rate: float
    """Tokens per second of all of them."""
    cpu_ms: tuple[float, ...]
    """Processor milliseconds per token of each serving worker."""


@contextmanager
def halted(networks: Sequence[Localnet]) -> Iterator[None]:
    """Stop the checkers meanwhile: their work is real, but it is not what is measured."""
    checkers = [worker.process.pid for network in networks for worker in network.workers if worker.checks]
    for pid in checkers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in checkers:
            os.kill(pid, signal.SIGCONT)


def processor_seconds(network: Localnet) -> tuple[float, ...]:
    """Return what each serving worker has used so far."""
    times = [psutil.Process(worker.process.pid).cpu_times() for worker in network.workers if worker.serves]
    return tuple(one.user + one.system for one in times)


def per_token_ms(network: Localnet, before: tuple[float, ...], tokens: int) -> tuple[float, ...]:
    """Return the processor milliseconds per token that each serving worker has used since."""
    return tuple((now - then) / tokens * 1e3 for now, then in zip(processor_seconds(network), before, strict=True))


async def stream(requester: Requester, network: Localnet, tokens: int) -> tuple[float, float, int]:
    """Ask once; return the times of the first and the last token and how many came."""
    tokenizer = ChatTokenizer(Path(network.models) / network.model_root)
    model = await requester.model(network.model)
    prompt = tokenizer.prompt([{"role": "user", "content": PROMPT}])
    job = await requester.request(model, prompt, max_tokens=tokens)
    times = [time.perf_counter() async for _ in job.tokens()]
    return times[0], times[-1], len(times)


async def measure(network: Localnet, tokens: int) -> tuple[Run, Run]:
    """Run one stream, then three together."""
    key = Key.secp256k1(read_secret(network.key_path("user")))
    async with ChainClient(network.grpc) as client, Requester(client, key, network.chain_id) as requester:
        used = processor_seconds(network)
        first, last, count = await stream(requester, network, tokens)
        single = Run((count - 1) / (last - first), per_token_ms(network, used, count))
        used = processor_seconds(network)
        three = await asyncio.gather(*(stream(requester, network, tokens) for _ in range(3)))
        cpu_ms = per_token_ms(network, used, sum(one[2] for one in three))
    # Streams begin within a block of each other; what counts is the time in which all of them run.
    begin, end = min(one[0] for one in three), max(one[1] for one in three)
    return single, Run(sum(one[2] - 1 for one in three) / (end - begin), cpu_ms)


async def alternate(networks: Sequence[tuple[Measured, Localnet]], tokens: int, rounds: int) -> None:
    """Measure one network after the other, `rounds` times after a first that warms caches."""
    for index in range(rounds + 1):
        for measured, network in networks:
            figures = await measure(network, tokens)
            if index:
                measured.add(*figures)


@click.command()
@click.option("--tokens", default=64, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--output", type=click.Choice(["text", "json"]), default="text")
def main(tokens: int, rounds: int, output: str) -> None:
    """Print tokens per second of one and of three streams, one process against three."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the networks must not outlive this
    networks: list[tuple[Measured, Localnet]] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, serving in (("one process", 1), ("three stages", 3)):
                spec = Spec(
                    Path(folder) / name.replace(" ", "-"),
                    num_serving=serving,
                    num_spare=0,
                    num_checking=2,
                    with_gateway=False,
                    parameters=PARAMETERS,
                )
                networks.append((Measured(name), up(spec)))
            with halted([network for _, network in networks]):
                asyncio.run(alternate(networks, tokens, rounds))
        finally:
            for _, network in networks:
                down(network)
    report([measured for measured, _ in networks], output)


def report(rows: list[Measured], output: str) -> None:
    """Print medians, and the medians of the ratios of each round."""
    one, three = rows
    figures = {
        measured.name: {
            "single_stream": statistics.median(measured.single),
            "single_stream_cpu_ms": statistics.median(measured.single_cpu),
            "three_streams": statistics.median(measured.triple),
            "three_streams_cpu_ms": statistics.median(measured.triple_cpu),
            "three_streams_a_core_each": statistics.median(measured.triple_with_cores),
        }
        for measured in rows
    }
    ratios = {
        "single_stream": _ratio(three.single, one.single),
        "three_streams_over_its_three": _ratio(three.triple, one.triple),
        "three_streams_over_its_single": _ratio(three.triple, one.single),
        "three_streams_a_core_each": _ratio(three.triple_with_cores, one.triple_with_cores),
    }
    if output == "json":
        click.echo(json.dumps({"tokens_per_second": figures, "ratios": ratios}, indent=2))
        return
    table = Table(
        "",
        "one stream, tokens/s",
        "cpu ms",
        "three streams, tokens/s",
        "cpu ms",
        "a core each, tokens/s",
        title="pipeline, one thread a process",
    )
    for name, figure in figures.items():
        table.add_row(name, *(f"{value:.1f}" for value in figure.values()))
    over_three, with_cores = ratios["three_streams_over_its_three"], ratios["three_streams_a_core_each"]
    table.add_row("ratio", f"{ratios['single_stream']:.2f}", "", f"{over_three:.2f}", "", f"{with_cores:.2f}")
    table.add_row("over one process' single", "", "", f"{ratios['three_streams_over_its_single']:.2f}", "", "")
    Console().print(table)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    main()
