"""Speed of the ABCI socket: our server against CometBFT's Go server, same client, same machine, same run.

Both serve a key-value application without signatures. The client pre-serialises its requests, pipelines them and
counts replies by their bytes, so that it costs little beside the server; figures still share the machine's cores.
The rival is `abci-cli kvstore` of the pinned CometBFT, which is built first if need be.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chain.abci.frames import frame
from chain.node.go_tools import obtain
from chain.wire.tendermint.abci import types_pb2 as wire
from tests.support.go_tools import ABCI_CLI

REPOSITORY = Path(__file__).resolve().parent.parent
FLUSH = frame(2, b"")
FLUSHED = frame(3, b"")
TX_BYTES = 250
BATCH = 256
"""CheckTx requests before each Flush: the length of CometBFT's own request queue."""


@dataclass(frozen=True)
class Figures:
    """What one server does."""

    name: str
    check_tx_per_second: float
    server_cpu_us_per_check_tx: float
    round_trip_us: float
    finalize_1k_ms: float
    finalize_10k_ms: float


def transaction(index: int) -> bytes:
    """Return a distinct `key=value` of TX_BYTES bytes."""
    key = b"key%d" % index
    return key + b"=" + b"v" * (TX_BYTES - len(key) - 1)


def receive_exactly(connection: socket.socket, count: int) -> None:
    """Read and drop `count` bytes."""
    buffer = bytearray(1 << 20)
    while count:
        read = connection.recv_into(buffer, min(count, len(buffer)))
        if read == 0:
            raise ConnectionError("the server closed the connection")
        count -= read


def receive_to_flush(connection: socket.socket) -> bytes:
    """Read until the reply to a Flush ends what has arrived."""
    data = bytearray()
    while not data.endswith(FLUSHED):
        chunk = connection.recv(1 << 20)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        data += chunk
    return bytes(data)


def pipelined(connection: socket.socket, batches: int) -> float:
    """Return CheckTx per second with requests always waiting."""
    request = b"".join(
        frame(8, wire.RequestCheckTx(tx=transaction(index)).SerializeToString()) for index in range(BATCH)
    )
    request += FLUSH
    connection.sendall(request)
    reply_bytes = len(receive_to_flush(connection))

    def send() -> None:
        for _ in range(batches):
            connection.sendall(request)

    sender = threading.Thread(target=send)
    began = time.perf_counter()
    sender.start()
    receive_exactly(connection, reply_bytes * batches)
    elapsed = time.perf_counter() - began
    sender.join()
    return batches * BATCH / elapsed


def round_trip(connection: socket.socket, rounds: int) -> float:
    """Return the median microseconds of CheckTx and Flush, one at a time."""
    request = frame(8, wire.RequestCheckTx(tx=transaction(0)).SerializeToString()) + FLUSH
    samples = []
    for _ in range(rounds):
        began = time.perf_counter()
        connection.sendall(request)
        receive_to_flush(connection)
        samples.append(time.perf_counter() - began)
    return statistics.median(samples) * 1e6


def finalize(connection: socket.socket, height: int, num_txs: int) -> float:
    """Return the milliseconds of FinalizeBlock with `num_txs` transactions; commits it afterwards."""
    block = wire.RequestFinalizeBlock(height=height, txs=[transaction(index) for index in range(num_txs)])
    request = frame(20, block.SerializeToString()) + FLUSH
    began = time.perf_counter()
    connection.sendall(request)
    receive_to_flush(connection)
    elapsed = time.perf_counter() - began
    connection.sendall(frame(11, b"") + FLUSH)
    receive_to_flush(connection)
    return elapsed * 1e3


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def connect(path: Path) -> socket.socket:
    """Connect to a server that is starting; give up after 15 s."""
    deadline = time.monotonic() + 15
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def measure(name: str, command: list[str], path: Path, bursts: int) -> Figures:
    """Start a server, measure it and stop it."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    server = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        connection = connect(path)
        pipelined(connection, 20)
        cpu = cpu_seconds(server.pid)
        rates = [pipelined(connection, 200) for _ in range(bursts)]
        cpu = cpu_seconds(server.pid) - cpu
        return Figures(
            name=name,
            check_tx_per_second=statistics.median(rates),
            server_cpu_us_per_check_tx=cpu * 1e6 / (bursts * 200 * BATCH),
            round_trip_us=round_trip(connection, 2_000),
            finalize_1k_ms=statistics.median(finalize(connection, height, 1_000) for height in range(1, 8)),
            finalize_10k_ms=statistics.median(finalize(connection, height, 10_000) for height in range(8, 13)),
        )
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    """Measure both servers and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("--bursts", type=int, default=9, help="bursts of 51,200 CheckTx; the median is printed")
    arguments = parser.parse_args()
    application = REPOSITORY / "tests" / "support" / "kvstore_application.py"
    figures = []
    with tempfile.TemporaryDirectory(prefix="ostraka-abci-") as folder:
        ours, theirs = Path(folder) / "ours.sock", Path(folder) / "theirs.sock"
        command = [sys.executable, str(application), "--address", f"unix://{ours}"]
        figures.append(measure("ostraka (Python)", command, ours, arguments.bursts))
        rival = str(obtain(ABCI_CLI, lambda line: print(line, file=sys.stderr)))
        command = [rival, "kvstore", "--abci", "socket", "--address", f"unix://{theirs}"]
        figures.append(measure("abci-cli kvstore (Go)", command, theirs, arguments.bursts))
    if arguments.output == "json":
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return 0
    table = Table("server", "CheckTx/s", "CPU us/tx", "CheckTx+Flush us", "FinalizeBlock 1k ms", "10k ms")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.check_tx_per_second:,.0f}",
            f"{figure.server_cpu_us_per_check_tx:.2f}",
            f"{figure.round_trip_us:.0f}",
            f"{figure.finalize_1k_ms:.2f}",
            f"{figure.finalize_10k_ms:.1f}",
        )
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
