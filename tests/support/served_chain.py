"""The real App behind the real gRPC server; CometBFT's HTTP interface is played here, and blocks come when asked for.

with served_chain(tmp_path) as served:
    async with ChainClient(served.grpc) as client: ...
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chain.application import Event, TxResult
from chain.query_tx import rfc3339
from chain.recent import CommittedBlock
from chain.rpc.server import RpcServer, start
from tests.support.builders import CHAIN_ID, Chain, new_chain

PATIENCE_SECONDS = 30.0


class Served:
    """A chain, its server, and the mempool between them."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.is_automatic = True
        """Make a block as soon as a transaction is in the mempool."""
        self.mempool: list[bytes] = []
        self.offers: list[bytes] = []
        """Every broadcast, repetitions included."""
        self.blocks: dict[int, CommittedBlock] = {}
        self.refuse: Callable[[bytes], dict[str, Any] | None] = lambda _tx: None
        """May answer a broadcast with a JSON-RPC error."""
        self._cache: set[bytes] = set()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.comet_url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.server: RpcServer = self._serve()

    def _serve(self, port: int = 0) -> RpcServer:
        self.chain.app.recent.listen(self._remember)
        return start(self.chain.app, f"127.0.0.1:{port}", self.comet_url, minimum_gas_price="0.0001uostr")

    def _remember(self, block: CommittedBlock) -> None:
        self.blocks[block.height] = block

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def produce(self, count: int = 1) -> int:
        """Make blocks, the first with everything in the mempool; return the height."""
        with self._lock:
            for _ in range(count):
                txs, self.mempool = self.mempool, []
                self.chain.run_block(txs)
            return self.chain.height

    def lose_mempool(self) -> None:
        """Forget pending transactions, as a restart does."""
        with self._lock:
            self.mempool, self._cache = [], set()

    def restart(self) -> None:
        """Stop server and application, lose what is only in memory, start both on the same port."""
        with self._lock:
            port = self.server.port
            self.server.stop()
            self.lose_mempool()
            self.chain.restart()
            self.server = self._serve(port)

    def wait_for_offers(self, count: int) -> None:
        """Wait until there were so many broadcasts."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.offers) >= count, PATIENCE_SECONDS), self.offers

    def close(self) -> None:
        self.server.stop()
        self._http.shutdown()
        self._http.server_close()

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer as CometBFT's JSON-RPC does."""
        with self._changed:
            if method == "broadcast_tx_sync":
                return self._broadcast(base64.b64decode(params["tx"]))
            if method == "status":
                return {"result": self._status()}
            block = self.blocks.get(int(params.get("height", self.chain.height)))
            if block is None:
                return _error(f"height {params.get('height')} is not available")
            if method == "block":
                return {"result": _block(block)}
            if method == "block_results":
                return {"result": _results(block)}
        return {"error": {"code": -32601, "message": "Method not found", "data": method}}

    def _broadcast(self, tx: bytes) -> dict[str, Any]:
        self.offers.append(tx)
        self._changed.notify_all()
        refusal = self.refuse(tx)
        if refusal is not None:
            return refusal
        name = hashlib.sha256(tx).digest()
        if name in self._cache:
            return _error("tx already exists in cache")
        checked = self.chain.check(tx)
        if checked.code == 0:
            self._cache.add(name)
            self.mempool.append(tx)
            if self.is_automatic:
                threading.Thread(target=self.produce).start()
        verdict = {"code": checked.code, "log": checked.log, "codespace": checked.codespace, "data": ""}
        return {"result": {"hash": name.hex().upper(), **verdict}}

    def _status(self) -> dict[str, Any]:
        return {
            "node_info": {"id": "00", "network": CHAIN_ID, "version": "0.38.25", "moniker": "test"},
            "sync_info": {
                "latest_block_height": str(self.chain.height),
                "latest_app_hash": "",
                "earliest_block_height": "1",
                "catching_up": False,
            },
            "validator_info": {"address": self.chain.validators[0].address.hex().upper(), "voting_power": "10"},
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = served.call(request["method"], request["params"])
                body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def served_chain(path: Path, **settings: Any) -> Iterator[Served]:
    """Serve a new chain with one empty block."""
    with new_chain(path, **settings) as chain:
        served = Served(chain)
        try:
            served.produce()
            yield served
        finally:
            served.close()


def _error(text: str) -> dict[str, Any]:
    return {"error": {"code": -32603, "message": "Internal error", "data": text}}


def _block(block: CommittedBlock) -> dict[str, Any]:
    empty = {"hash": "", "parts": {"total": 0, "hash": ""}}
    hashes = ("last_commit", "data", "validators", "next_validators", "consensus", "app", "last_results", "evidence")
    header = {
        "version": {"block": "11", "app": "1"},
        "chain_id": CHAIN_ID,
        "height": str(block.height),
        "time": rfc3339(block.time.seconds),
        "last_block_id": empty,
        "proposer_address": "",
        **{f"{name}_hash": "" for name in hashes},
    }
    txs = [base64.b64encode(tx).decode() for tx in block.txs]
    last_commit = {"height": "0", "round": 0, "block_id": empty, "signatures": []}
    return {
        "block_id": {"hash": block.hash.hex(), "parts": {"total": 1, "hash": ""}},
        "block": {"header": header, "data": {"txs": txs}, "evidence": {"evidence": []}, "last_commit": last_commit},
    }


def _results(block: CommittedBlock) -> dict[str, Any]:
    return {
        "height": str(block.height),
        "txs_results": [_result(result) for result in block.results],
        "finalize_block_events": [_event(event) for event in block.events],
        "app_hash": "",
    }


def _result(result: TxResult) -> dict[str, Any]:
    return {
        "code": result.code,
        "data": base64.b64encode(result.data).decode(),
        "log": result.log,
        "gas_wanted": str(result.gas_wanted),
        "gas_used": str(result.gas_used),
        "events": [_event(event) for event in result.events],
        "codespace": result.codespace,
    }


def _event(event: Event) -> dict[str, Any]:
    attributes = [{"key": key, "value": value, "index": True} for key, value in event.attributes]
    return {"type": event.kind, "attributes": attributes}
