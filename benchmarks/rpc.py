"""Latency of unary calls while streams of blocks are open and blocks are executed: `python -m benchmarks.rpc`.

The server is the node's own, in a process whose main thread makes an empty block every 100 ms and is otherwise idle, or
busy half of the time as with full blocks. Its rival is grpcio's synchronous server with a pool of 32 threads that
answers the same bytes, beside the same work: each of its streams holds a thread.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from chain.client.client import ChainClient
from chain.client.node import SERVICE, BlockNotice, FollowRequest
from chain.modules.bank.types import QueryBalanceRequest, QueryBalanceResponse
from chain.rpc.server import start
from chain.store.codec import encode
from tests.support.builders import Chain, new_chain, wallet

BLOCK_SECONDS = 0.1
POOL = 32
ANSWER_SECONDS = 3.0
METHOD = "cosmos.bank.v1beta1.Query/Balance"


def serve_ours(pipe: Connection, is_busy: bool) -> None:
    """Serve until the other end closes."""
    with tempfile.TemporaryDirectory() as folder, new_chain(Path(folder)) as chain:
        chain.run_block()
        server = start(chain.app, "127.0.0.1:0", "http://127.0.0.1:1")
        pipe.send(server.port)
        work(chain, pipe, is_busy)
        server.stop()


def serve_rival(pipe: Connection, is_busy: bool) -> None:
    """Serve the same answers with a thread for each call."""
    with tempfile.TemporaryDirectory() as folder, new_chain(Path(folder)) as chain:
        chain.run_block()
        method = chain.app.queries.methods[METHOD]
        grown = threading.Condition()

        def balance(data: bytes, _: Any) -> bytes:
            from chain.store.codec import decode

            return encode(method.function(chain.app.at(0), decode(method.request, data)))

        def follow(_: bytes, context: Any) -> Iterator[bytes]:
            while context.is_active():
                with grown:
                    grown.wait(1)
                yield encode(BlockNotice(chain.height, 0, (), ()))

        def notify(_: object) -> None:
            with grown:
                grown.notify_all()

        chain.app.recent.listen(notify)
        server = grpc.server(ThreadPoolExecutor(POOL))
        handlers = {
            "cosmos.bank.v1beta1.Query": {"Balance": grpc.unary_unary_rpc_method_handler(balance)},
            SERVICE: {"Follow": grpc.unary_stream_rpc_method_handler(follow)},
        }
        for name, methods in handlers.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
        pipe.send(server.add_insecure_port("127.0.0.1:0"))
        server.start()
        work(chain, pipe, is_busy)
        server.stop(None)


def work(chain: Chain, pipe: Connection, is_busy: bool) -> None:
    """Make blocks on the main thread until told to stop."""
    while not pipe.poll():
        began = time.perf_counter()
        chain.run_block()
        while is_busy and time.perf_counter() < began + BLOCK_SECONDS / 2:
            sum(range(2_000))
        time.sleep(max(0.0, began + BLOCK_SECONDS - time.perf_counter()))


async def measure(port: int, num_streams: int, num_calls: int) -> list[float]:
    """Return latencies in milliseconds; none if there is no answer at all."""
    request = QueryBalanceRequest(wallet("alice").bech32, "uostr")
    channels = [grpc.aio.insecure_channel(f"127.0.0.1:{port}", (("b", index),)) for index in range(num_streams)]
    tasks = [asyncio.create_task(_drain(channel)) for channel in channels]
    async with ChainClient(f"127.0.0.1:{port}") as client:
        await asyncio.sleep(1)
        taken: list[float] = []
        try:
            await asyncio.wait_for(client.query(METHOD, request, QueryBalanceResponse), ANSWER_SECONDS)
        except TimeoutError:
            num_calls = 0
        for _ in range(num_calls):
            began = time.perf_counter()
            await client.query(METHOD, request, QueryBalanceResponse)
            taken.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.002)
    for task in tasks:
        task.cancel()
    for channel in channels:
        await channel.close()
    return taken


async def _drain(channel: grpc.aio.Channel) -> None:
    call = channel.unary_stream(f"/{SERVICE}/Follow", request_serializer=encode)
    async for _ in call(FollowRequest()):
        pass


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--streams", type=int, nargs="+", default=[0, 40])
    arguments = parser.parse_args()
    print(f"{'server':24}{'main thread':14}{'streams':>8}{'median ms':>11}{'p99 ms':>9}{'max ms':>9}")
    context = multiprocessing.get_context("spawn")
    for is_busy in (False, True):
        for streams in arguments.streams:
            for name, serve in (("ours, one loop", serve_ours), (f"grpcio, {POOL} threads", serve_rival)):
                here, there = context.Pipe()
                process = context.Process(target=serve, args=(there, is_busy))
                process.start()
                taken = sorted(asyncio.run(measure(here.recv(), streams, arguments.calls)))
                here.send(None)
                process.join()
                state = "half busy" if is_busy else "idle"
                if not taken:
                    print(f"{name:24}{state:14}{streams:>8}{'no answer: all threads hold streams':>38}", flush=True)
                    continue
                row = statistics.median(taken), taken[int(len(taken) * 0.99)], taken[-1]
                print(f"{name:24}{state:14}{streams:>8}{row[0]:>11.2f}{row[1]:>9.2f}{row[2]:>9.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
