"""A key-value application: as little state machine as can run a chain, for tests and benchmarks of the node.

A transaction is `key=value`, anything else is refused. `panic=check`, `panic=finalize` and `panic=commit` raise in
the phase named. A query of `/wait` is answered once the pipe that it names has been written. The application hash
chains every block's transactions, so executing one twice, losing one or changing the order shows as a different hash.
Run as a command it serves itself until SIGTERM.
"""

import argparse
import hashlib
import logging
import os
import sqlite3
import sys
from pathlib import Path

from chain.abci.server import serve
from chain.application import (
    Block,
    CheckKind,
    Event,
    FinalizeResult,
    Info,
    InitChain,
    InitChainResult,
    Query,
    QueryResult,
    TxResult,
)

INVALID = 1
NOT_FOUND = 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tip (one INTEGER PRIMARY KEY CHECK (one = 1), height INTEGER NOT NULL, hash BLOB NOT NULL);
"""


class KvstoreApplication:
    """Pairs in SQLite (or in memory), committed block by block."""

    def __init__(self, database: str = ":memory:") -> None:
        self._database = sqlite3.connect(database, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(SCHEMA)
        tip = self._database.execute("SELECT height, hash FROM tip").fetchone()
        self._height: int = tip[0] if tip else 0
        self._hash: bytes = tip[1] if tip else b""
        self._executed: tuple[int, bytes, dict[bytes, bytes]] | None = None

    def info(self) -> Info:
        self._executed = None
        return Info("kvstore", "test", 1, self._height, self._hash)

    def init_chain(self, request: InitChain) -> InitChainResult:
        self._hash = hashlib.sha256(request.app_state).digest()
        return InitChainResult(app_hash=self._hash)

    def query(self, query: Query) -> QueryResult:
        if query.path == "/wait":
            Path(os.fsdecode(query.data)).read_bytes()
        row = self._database.execute("SELECT value FROM pairs WHERE key = ?", (query.data,)).fetchone()
        if row is None:
            return QueryResult(code=NOT_FOUND, log="no such key", key=query.data, height=self._height)
        return QueryResult(key=query.data, value=row[0], height=self._height)

    def check_tx(self, tx: bytes, kind: CheckKind) -> TxResult:
        if tx == b"panic=check":
            raise RuntimeError("asked to panic in check_tx")
        return TxResult(gas_wanted=1) if tx.count(b"=") == 1 else TxResult(code=INVALID, log="key=value is accepted")

    def prepare_proposal(self, block: Block, max_tx_bytes: int) -> tuple[bytes, ...]:
        return block.txs

    def process_proposal(self, block: Block) -> bool:
        return all(tx.count(b"=") == 1 for tx in block.txs)

    def finalize_block(self, block: Block) -> FinalizeResult:
        if b"panic=finalize" in block.txs:
            raise RuntimeError("asked to panic in finalize_block")
        digest = hashlib.sha256(self._hash + block.height.to_bytes(8, "big"))
        pairs: dict[bytes, bytes] = {}
        results = []
        for tx in block.txs:
            digest.update(hashlib.sha256(tx).digest())
            key, separator, value = tx.partition(b"=")
            if not separator:
                results.append(TxResult(code=INVALID))
                continue
            pairs[key] = value
            results.append(TxResult(gas_wanted=1, gas_used=1, events=(Event("set", (("key", key.hex()),)),)))
        self._executed = (block.height, digest.digest(), pairs)
        return FinalizeResult(tx_results=tuple(results), app_hash=digest.digest())

    def commit(self) -> int:
        if self._executed is None:
            raise RuntimeError("commit without a block")
        height, app_hash, pairs = self._executed
        if pairs.get(b"panic") == b"commit":
            raise RuntimeError("asked to panic in commit")
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?)", pairs.items())
        self._database.execute("INSERT OR REPLACE INTO tip VALUES (1, ?, ?)", (height, app_hash))
        self._database.execute("COMMIT")
        self._height, self._hash, self._executed = height, app_hash, None
        return 0


def main() -> int:
    """Serve until SIGTERM; print `listening` once CometBFT may connect."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--database", default=":memory:")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    if arguments.database != ":memory:":
        Path(arguments.database).parent.mkdir(parents=True, exist_ok=True)
    application = KvstoreApplication(arguments.database)
    return serve(application, arguments.address, on_listening=lambda: print("listening", os.getpid(), flush=True))


if __name__ == "__main__":
    sys.exit(main())
