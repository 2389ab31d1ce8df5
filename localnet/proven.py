"""Read state so that no node has to be believed: ICS-23 proofs against headers that the genesis validators signed.

The trusted root is the genesis file. A value at height h is proven against the application hash in header h+1, and that
header counts only with the commit signatures of more than two thirds of the validator set.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chain.client.client import ChainClient
from chain.client.history import verify_history
from chain.client.node import ProveHistoryRequest
from chain.crypto.ics23 import InvalidProof, verify_state
from chain.modules.jobs.types import ArchivedRecord, RecordKind
from chain.node.comet_rpc import CometRpc, RpcError, RpcUnavailable
from chain.node.light import HeaderRejected, genesis_validators, verify_signed_header
from chain.store.codec import decode
from chain.store.collections import Map

HEADER_SECONDS = 20.0
"""How long the next header may take."""

K = TypeVar("K")
V = TypeVar("V")


class NotProven(Exception):
    """A header or a proof does not hold."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown about one value."""

    module: str
    key: bytes
    height: int
    """State after this block."""
    app_hash: bytes
    header_hash: bytes
    num_signatures: int
    proof_bytes: int


class ProvenState:
    """Typed reads of one network's state, each verified; remembers the proofs."""

    def __init__(self, client: ChainClient, rpc_url: str, genesis: Path) -> None:
        document: dict[str, Any] = json.loads(genesis.read_text())
        self._client = client
        self._rpc = CometRpc(rpc_url)
        self._validators = genesis_validators(document)
        self.chain_id = str(document["chain_id"])
        self.proofs: list[Proof] = []
        self._headers: dict[int, tuple[bytes, bytes, int]] = {}
        self._pinned = 0

    def __enter__(self) -> "ProvenState":
        return self

    def __exit__(self, *_: object) -> None:
        self._rpc.close()

    async def pin(self, height: int = 0) -> int:
        """Read everything from now on at one height, the last committed one if none is named; return it."""
        self._pinned = height or (await self._client.status()).height
        return self._pinned

    async def value(self, table: Map[K, V], key: K, cls: type[V], height: int = 0) -> V | None:
        """Return the record at a key, or None if its absence is proven."""
        return self._record(cls, await self.read(table.module, table.path(key), height))

    @staticmethod
    def _record(kind: type[V], raw: bytes | None) -> V | None:
        return None if raw is None else decode(kind, raw[1:])

    async def read(self, module: str, key: bytes, height: int = 0) -> bytes | None:
        """Return the stored bytes at a height (0: the pinned one, or else the last). Raises: NotProven."""
        answer = await self._client.prove(module, key, height or self._pinned)
        app_hash, header_hash, signatures = await self._header(answer.height + 1)
        value = answer.value or None
        try:
            verify_state(app_hash, module, key, value, [(op.kind, op.key, op.data) for op in answer.ops])
        except ValueError as error:
            raise NotProven(f"{module}/{key.hex()} at height {answer.height}: {error}") from None
        size = sum(len(op.data) for op in answer.ops)
        self.proofs.append(Proof(module, key, answer.height, app_hash, header_hash, signatures, size))
        return value

    async def history(self, kind: RecordKind, record_id: bytes) -> ArchivedRecord:
        """Return a closed record from the node's archive. Raises: NotFound: it is not there; NotProven."""
        request = ProveHistoryRequest(kind.name.lower(), record_id, self._pinned)
        answer = await self._client.prove_history(request)
        app_hash, header_hash, signatures = await self._header(answer.height + 1)
        try:
            record = verify_history(app_hash, kind, record_id, answer)
        except InvalidProof as error:
            raise NotProven(f"{kind.name} {record_id.hex()} at height {answer.height}: {error}") from None
        size = sum(len(op.data) for op in answer.ops) + 32 * (len(answer.round_path) + len(answer.mountain_path))
        proof = Proof("history", record_id, answer.height, app_hash, header_hash, signatures, size)
        self.proofs.append(proof)
        return record

    async def _header(self, height: int) -> tuple[bytes, bytes, int]:
        """Return (app hash, header hash, signatures) of a header, once its commit verifies."""
        found = self._headers.get(height)
        if found is not None:
            return found
        deadline = time.monotonic() + HEADER_SECONDS
        while True:
            try:
                signed = await asyncio.to_thread(self._rpc.commit, height)
                break
            except (RpcError, RpcUnavailable) as error:
                if time.monotonic() > deadline:
                    raise NotProven(f"no header {height}: {error}") from None
                await asyncio.sleep(0.1)
        try:
            header_hash = verify_signed_header(signed, self._validators, self.chain_id)
        except HeaderRejected as error:
            raise NotProven(f"header {height}: {error}") from error
        if signed.header.height != height:
            raise NotProven(f"the node sent header {signed.header.height} for {height}")
        signatures = sum(1 for signature in signed.commit.signatures if signature.signature)
        found = self._headers[height] = (signed.header.app_hash, header_hash, signatures)
        return found
