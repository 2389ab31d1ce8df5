"""Committed transactions per second through CometBFT's RPC, beside `abci-cli kvstore` on the same machine.

One validator, blocks of 4 MiB, one second between blocks, mempool of 50,000, no recheck, no index. All transactions
are made before the clock starts and sent by `broadcast_tx_sync` over many kept-alive connections from processes of
their own. Submitted/s counts until the last was accepted by CheckTx, committed/s until the last was in a block.

Ours are signed transfers (secp256k1, one from each of as many accounts, the least fee) through the node's own
application; with `--ours kvstore` the key-value application of the tests, without signatures.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import CHAIN_ID, Contender, go_kvstore, ours_kvstore, transfers
from chain.node.comet_rpc import CometRpc, RpcUnavailable
from chain.node.cometbft import obtain_cometbft
from chain.node.genesis import ConsensusParameters
from chain.node.home import CometSettings, NodeHome, Ports, create_testnet, free_ports

REPOSITORY = Path(__file__).resolve().parent.parent
SETTINGS = CometSettings(
    timeout_commit_ms=1_000, mempool_size=50_000, mempool_cache=100_000, recheck=False, tx_index="null"
)
PARAMETERS = ConsensusParameters(block_max_bytes=4 * 1024 * 1024, block_max_gas=-1)
STALL_SECONDS = 30.0


@dataclass(frozen=True)
class Figures:
    """What one run gave."""

    name: str
    transactions: int
    refused: int
    submitted_per_second: float
    committed_per_second: float
    cometbft_cpu_seconds: float
    app_cpu_seconds: float


@contextmanager
def node(contender: Contender, root: Path) -> Iterator[tuple[NodeHome, int, int]]:
    """Run a one-validator chain; yield its home and the ids of application and CometBFT."""
    (home,) = create_testnet(
        root,
        CHAIN_ID,
        1,
        contender.app_state,
        ports=free_ports(1, Ports().moved(100 + os.getpid() % 900)),
        comet=SETTINGS,
        parameters=PARAMETERS,
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with (root / "app.log").open("wb") as app_log, (root / "cometbft.log").open("wb") as comet_log:
        app = subprocess.Popen(
            contender.command(home), cwd=REPOSITORY, env=environment, stdout=app_log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(lambda: is_listening(app, home), "application")
            comet = subprocess.Popen(
                [str(obtain_cometbft()), "start", "--home", str(home.path)], stdout=comet_log, stderr=subprocess.STDOUT
            )
            try:
                wait_for(lambda: (height(home) >= 1) or None, "first block")
                yield home, app.pid, comet.pid
            finally:
                comet.terminate()
                comet.wait()
        finally:
            app.terminate()
            app.wait()


def is_listening(app: "subprocess.Popen[bytes]", home: NodeHome) -> bool | None:
    """Return whether the application's socket is there. Raises: RuntimeError if it has ended."""
    if app.poll() is not None:
        raise RuntimeError((home.path.parent / "app.log").read_text("utf-8", "replace")[-2_000:])
    return Path(home.app_address.removeprefix("unix://")).exists() or None


def wait_for(attempt: Callable[[], object | None], what: str) -> None:
    """Wait until `attempt` gives something; a node that does not answer yet is none."""
    deadline = time.monotonic() + STALL_SECONDS
    while time.monotonic() < deadline:
        with suppress(RpcUnavailable):
            if attempt() is not None:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{what}: not within {STALL_SECONDS} s")


def height(home: NodeHome) -> int:
    """Return the latest height."""
    with CometRpc(home.rpc_url) as rpc:
        return rpc.status().latest_height


class Sender(asyncio.Protocol):
    """One kept-alive connection that sends the next transaction when the last was answered."""

    def __init__(self, requests: Iterator[bytes], finished: asyncio.Future[int]) -> None:
        self._requests = requests
        self._finished = finished
        self._request = b""
        self._answer = b""
        self._refused = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send_next()

    def _send_next(self) -> None:
        self._request = next(self._requests, b"")
        if self._request:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
            return
        self._answer = b""
        if b"mempool is full" in body:
            asyncio.get_running_loop().call_later(0.05, self._transport.write, self._request)
            return
        self._refused += b'"code":0' not in body
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or self._request:
            self._finished.set_exception(exc or ConnectionError("the node closed the connection"))
        else:
            self._finished.set_result(self._refused)


def send(port: int, txs: Sequence[bytes], connections: int) -> int:
    """Broadcast all transactions over many kept-alive connections; return how many were refused."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    call = b'{"jsonrpc":"2.0","id":1,"method":"broadcast_tx_sync","params":{"tx":"%s"}}'
    bodies = (call % base64.b64encode(tx) for tx in txs)
    requests = iter([head % len(body) + body for body in bodies])

    async def run() -> int:
        loop = asyncio.get_running_loop()
        finished = [loop.create_future() for _ in range(connections)]
        for future in finished:
            await loop.create_connection(partial(Sender, requests, future), "127.0.0.1", port)
        return sum(await asyncio.gather(*finished))

    return asyncio.run(run())


def measure(contender: Contender, count: int, connections: int, processes: int) -> Figures:
    """Run one contender once."""
    with tempfile.TemporaryDirectory(prefix="ostraka-committed-") as folder, node(contender, Path(folder)) as running:
        home, app_pid, comet_pid = running
        txs = contender.transactions(home, count)
        first = height(home)
        cpu = cpu_seconds(comet_pid), cpu_seconds(app_pid)
        shares = [(home.ports.rpc, txs[part::processes], connections // processes) for part in range(processes)]
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            pool.starmap(send, [(home.ports.rpc, (), 1)] * processes)  # processes are up before the clock starts
            began = time.perf_counter()
            refused = sum(pool.starmap(send, shares))
        submitted = time.perf_counter() - began
        committed = until_committed(home, first, count - refused, began)
        return Figures(
            name=contender.name,
            transactions=count,
            refused=refused,
            submitted_per_second=count / submitted,
            committed_per_second=(count - refused) / committed,
            cometbft_cpu_seconds=cpu_seconds(comet_pid) - cpu[0],
            app_cpu_seconds=cpu_seconds(app_pid) - cpu[1],
        )


def until_committed(home: NodeHome, first: int, count: int, began: float) -> float:
    """Return the seconds from `began` until blocks after `first` hold `count` transactions."""
    committed, at = 0, first
    progress = time.monotonic()
    with CometRpc(home.rpc_url) as rpc:
        while committed < count:
            if rpc.status().latest_height > at:
                at += 1
                found = len(rpc.block(at).txs)
                committed += found
                progress = time.monotonic() if found else progress
            else:
                time.sleep(0.02)
            if time.monotonic() - progress > STALL_SECONDS:
                raise TimeoutError(f"{committed} of {count} transactions committed, and no more for {STALL_SECONDS} s")
    return time.perf_counter() - began


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(
    contenders: Sequence[Contender], count: int, connections: int, processes: int, rounds: int
) -> list[Figures]:
    """Run the contenders in turn, `rounds` times, and return the median run of each by committed/s."""
    runs: dict[str, list[Figures]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            runs[contender.name].append(measure(contender, count, connections, processes))
    by_speed = (sorted(found, key=lambda run: run.committed_per_second) for found in runs.values())
    return [found[len(found) // 2] for found in by_speed]


def main() -> int:
    """Measure ours beside the rival and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", choices=("transfers", "kvstore"), default="transfers")
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--processes", type=int, default=1, help="load generators")
    parser.add_argument("--rounds", type=int, default=1, help="the median run is printed")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    ours = transfers(arguments.count) if arguments.ours == "transfers" else ours_kvstore()
    figures = compare(
        [ours, go_kvstore()], arguments.count, arguments.connections, arguments.processes, arguments.rounds
    )
    if arguments.output == "json":
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return 0
    table = Table("application", "txs", "refused", "submitted/s", "committed/s", "CPU s CometBFT", "app")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.transactions:,}",
            f"{figure.refused:,}",
            f"{figure.submitted_per_second:,.0f}",
            f"{figure.committed_per_second:,.0f}",
            f"{figure.cometbft_cpu_seconds:.1f}",
            f"{figure.app_cpu_seconds:.1f}",
        )
    Console().print(table)
    if len(figures) > 1:
        Console().print(f"ours / rival: {figures[0].committed_per_second / figures[1].committed_per_second:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
