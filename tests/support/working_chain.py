"""Real workers of a tiny model, all in this process, on a real App behind its real gRPC server; a miner plays CometBFT.

async with working_chain(tmp_path, directory, [""] * 3, 2) as net:
    job = await net.ask()
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chain.client import ChainClient
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.state import DEMANDS
from chain.modules.disputes.types import Demand, Dispute
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, JobStatus
from chain.modules.plans import keeper as plans
from chain.modules.workers import keeper as workers
from chain.parameters import LOCALNET, OSTR
from inference.config import WorkerConfig
from inference.disputes.model import ModelFiles
from inference.gateway.requester import Requester
from inference.keys import WorkerKeys, create_keys, load_keys
from inference.worker import WorkerProcess, find_model
from tests.support.builders import CHAIN_ID
from tests.support.network import REQUESTER, short
from tests.support.served_chain import Served, served_chain

PROMPT = tuple((7 * at + 3) % 250 for at in range(10))
MAX_TOKENS = 5
BLOCK_SECONDS = 0.25
"""Between blocks."""
PATIENCE_SECONDS = 90.0
PARAMETERS = replace(
    # Dear enough for every checker to be drawn for every unit.
    short(LOCALNET, rates={"price_numerator": 2_000, "canary_spacing": 0}),
)


@dataclass
class Working:
    """A chain with workers that work."""

    served: Served
    client: ChainClient
    keys: list[WorkerKeys]
    processes: list[WorkerProcess]
    height: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def store(self) -> Any:
        return self.served.chain.app.snapshot().store

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Run blocks until something holds, and return it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := condition()):
                self.changed.clear()
                await self.changed.wait()
        return found

    async def mine(self) -> None:
        """Make a block now and then."""
        while True:
            self.height = await asyncio.to_thread(self.served.produce)
            self.changed.set()
            await asyncio.sleep(BLOCK_SECONDS)

    async def ask(self) -> Job:
        """Ask for an answer, read it, and return the job."""
        root = self.processes[0]._model.model_root
        await self.until(lambda: list(plans.live_plans(self.store, root)))
        async with Requester(self.client, REQUESTER, CHAIN_ID) as requester:
            async with asyncio.timeout(PATIENCE_SECONDS):
                job = await requester.request(await requester.model("tiny"), PROMPT, max_tokens=MAX_TOKENS)
                async for _ in requester.stream(job):
                    pass
        return jobs.job(self.store, job.job_id)

    def job(self, job_id: int) -> Job:
        return jobs.job(self.store, job_id)

    def disputes(self, job_id: int) -> list[Dispute]:
        return list(disputes.disputes_of(self.store, job_id))

    def demands(self, job_id: int) -> list[Demand]:
        return [one for _, one in DEMANDS.items(self.store) if one.job_id == job_id]

    def lost(self) -> list[int]:
        """What each worker has lost of its bond."""
        return [100 * OSTR - workers.worker(self.store, one.operator.address).bond for one in self.keys]

    def is_over(self, job_id: int) -> bool:
        return self.job(job_id).status in (JobStatus.FINAL, JobStatus.CLOSED)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def working_chain(
    path: Path, directory: Path, servers: Sequence[str], checkers: int, **game: int
) -> AsyncIterator[Working]:
    """Run one serving worker for each fault in `servers`, which each may run the whole model, and some checkers."""
    model, homes = ModelFiles(directory), [path / f"worker{at}" for at in range(len(servers) + checkers)]
    for home in homes:
        create_keys(home)
    keys = [load_keys(home) for home in homes]
    people = [REQUESTER, *(key for one in keys for key in (one.operator, one.hot))]
    entry = {"name": "tiny", "header": model.header, "tensor_digests": model.roots[1:]}

    def change(app_state: dict[str, Any]) -> None:
        app_state["disputes"]["params"] |= {name: str(value) for name, value in game.items()}

    settings = {"keys": people, "parameters": PARAMETERS, "models": [entry], "change": change}
    with served_chain(path / "chain", **settings) as served:
        served.is_automatic = False
        async with ChainClient(served.grpc) as client, asyncio.TaskGroup() as tasks:
            net = Working(served, client, keys, [])
            running = [tasks.create_task(net.mine())]
            for at, home in enumerate(homes):
                is_server = at < len(servers)
                config = WorkerConfig(
                    home=home, node=served.grpc, chain_id=CHAIN_ID, models=directory.parent, model="tiny",
                    listen=f"127.0.0.1:{free_port()}", serve=is_server, check=not is_server,
                    memory_bytes=1 << 30, fault=servers[at] if is_server else "",
                )  # fmt: skip
                process = WorkerProcess(config, keys[at], client, await find_model(client, config))
                net.processes.append(process)
                running.append(tasks.create_task(process.run()))
            try:
                yield net
            finally:
                for task in reversed(running):
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
