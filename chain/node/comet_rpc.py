"""CometBFT's JSON-RPC over HTTP: typed answers, bounded sizes and times.

Nothing here trusts the node: what an answer proves is for `chain.node.light` to say.
Source: CometBFT v0.38, rpc/openapi/openapi.yaml.
"""

import base64
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

from chain.application import Event, ProofOp, QueryResult, TxResult
from chain.node.comet_json import header_from_json, signed_header_from_json, validator_from_json
from chain.wire.tendermint.types.types_pb2 import Header, SignedHeader
from chain.wire.tendermint.types.validator_pb2 import Validator

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Largest answer read: a 4 MiB block in base64 with its results fits many times."""

VALIDATORS_PER_PAGE = 100
MAX_VALIDATORS = 10_000
MAX_GENESIS_CHUNKS = 64
"""Of 16 MiB each, as CometBFT cuts them."""


class RpcError(Exception):
    """CometBFT refused a request."""

    def __init__(self, code: int, message: str, data: str) -> None:
        super().__init__(f"{message}: {data}" if data else message)
        self.code = code
        self.data = data


class RpcUnavailable(Exception):
    """No usable answer: the node is not there, too slow, or not a CometBFT."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a node says of itself."""

    node_id: str
    chain_id: str
    version: str
    moniker: str
    validator_address: bytes
    validator_power: int
    latest_height: int
    latest_app_hash: bytes
    """The application hash in the latest header: the state after the block before it."""
    earliest_height: int
    is_catching_up: bool


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What CheckTx said of a transaction; acknowledged means committed, not this."""

    hash: bytes
    code: int
    codespace: str
    log: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CommittedBlock:
    """A block as stored by the node."""

    hash: bytes
    header: Header
    txs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BlockResults:
    """What executing a block gave."""

    height: int
    tx_results: tuple[TxResult, ...]
    events: tuple[Event, ...]
    app_hash: bytes


@dataclass(frozen=True, slots=True)
class CommittedTx:
    """A transaction found by the node's index."""

    hash: bytes
    height: int
    index: int
    tx: bytes
    result: TxResult


Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def _typed(
    method: "Callable[Concatenate[CometRpc, Arguments], Answer]",
) -> "Callable[Concatenate[CometRpc, Arguments], Answer]":
    """Let a method that reads an answer raise RpcUnavailable if the answer is of another shape."""

    @wraps(method)
    def read(self: "CometRpc", /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        try:
            return method(self, *args, **kwargs)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise RpcUnavailable(f"{self.url}: {method.__name__} is not answered as CometBFT does") from error

    return read


class CometRpc:
    """A client of one node, holding one connection; not for use by two threads at once."""

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        """Prepare a client; nothing is sent.

        Raises: ValueError if `url` is not http://host:port.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "tcp") or parts.hostname is None or parts.port is None:
            raise ValueError(f"{url}: a node's RPC is http://HOST:PORT")
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_seconds)
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()

    def call(self, method: str, **params: object) -> Any:
        """Call a method and return its `result`.

        Raises:
            RpcError: CometBFT answered with an error.
            RpcUnavailable: there was no usable answer.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        try:
            self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            raw = response.read(MAX_RESPONSE_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()  # the next call opens a new one
            raise RpcUnavailable(f"{self.url}: {error or type(error).__name__}") from error
        if len(raw) > MAX_RESPONSE_BYTES:
            self._connection.close()
            raise RpcUnavailable(f"{self.url}: {method} answered more than {MAX_RESPONSE_BYTES} bytes")
        try:
            answer = json.loads(raw)
            refusal = answer.get("error")
            if refusal is None:
                return answer["result"]
            raise RpcError(int(refusal["code"]), str(refusal["message"]), str(refusal.get("data", "")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RpcUnavailable(f"{self.url}: {method} answered HTTP {response.status}, not JSON-RPC") from error

    @_typed
    def status(self) -> Status:
        """Return what the node says of itself."""
        result = self.call("status")
        node, sync, validator = result["node_info"], result["sync_info"], result["validator_info"]
        return Status(
            node_id=node["id"],
            chain_id=node["network"],
            version=node["version"],
            moniker=node["moniker"],
            validator_address=bytes.fromhex(validator["address"]),
            validator_power=int(validator["voting_power"]),
            latest_height=int(sync["latest_block_height"]),
            latest_app_hash=bytes.fromhex(sync["latest_app_hash"]),
            earliest_height=int(sync["earliest_block_height"]),
            is_catching_up=bool(sync["catching_up"]),
        )

    @_typed
    def broadcast_tx_sync(self, tx: bytes) -> Broadcast:
        """Hand over a transaction and return CheckTx's verdict.

        Raises: RpcError with code −32603 if the mempool is full or has these bytes already.
        """
        result = self.call("broadcast_tx_sync", tx=_base64(tx))
        return Broadcast(
            hash=bytes.fromhex(result["hash"]),
            code=int(result["code"]),
            codespace=result.get("codespace", ""),
            log=result.get("log", ""),
            data=bytes.fromhex(result["data"] or ""),
        )

    @_typed
    def block(self, height: int | None = None) -> CommittedBlock:
        """Return a block, the latest by default."""
        result = self.call("block", **_at(height))
        return CommittedBlock(
            hash=bytes.fromhex(result["block_id"]["hash"]),
            header=header_from_json(result["block"]["header"]),
            txs=tuple(base64.b64decode(tx) for tx in result["block"]["data"]["txs"] or ()),
        )

    @_typed
    def commit(self, height: int | None = None) -> SignedHeader:
        """Return a header and the signatures that committed it."""
        return signed_header_from_json(self.call("commit", **_at(height))["signed_header"])

    @_typed
    def validators(self, height: int | None = None) -> tuple[Validator, ...]:
        """Return the whole validator set of a height, in its order."""
        found: list[Validator] = []
        page = 1
        while True:
            result = self.call("validators", page=str(page), per_page=str(VALIDATORS_PER_PAGE), **_at(height))
            found += map(validator_from_json, result["validators"])
            if len(found) >= int(result["total"]) or not result["validators"]:
                return tuple(found)
            if len(found) > MAX_VALIDATORS:
                raise RpcUnavailable(f"{self.url}: more than {MAX_VALIDATORS} validators")
            height, page = int(result["block_height"]), page + 1

    @_typed
    def block_results(self, height: int | None = None) -> BlockResults:
        """Return what executing a block gave."""
        result = self.call("block_results", **_at(height))
        return BlockResults(
            height=int(result["height"]),
            tx_results=tuple(map(_tx_result, result["txs_results"] or ())),
            events=tuple(map(_event, result["finalize_block_events"] or ())),
            app_hash=base64.b64decode(result["app_hash"] or ""),
        )

    @_typed
    def abci_query(self, path: str, data: bytes, height: int = 0, prove: bool = False) -> QueryResult:
        """Ask the application; height 0 is the latest."""
        answer = self.call("abci_query", path=path, data=data.hex(), height=str(height), prove=prove)["response"]
        ops = (answer.get("proofOps") or {}).get("ops") or ()
        return QueryResult(
            code=int(answer.get("code", 0)),
            log=answer.get("log", ""),
            codespace=answer.get("codespace", ""),
            key=base64.b64decode(answer.get("key") or ""),
            value=base64.b64decode(answer.get("value") or ""),
            height=int(answer.get("height", 0)),
            proof_ops=tuple(
                ProofOp(op["type"], base64.b64decode(op["key"]), base64.b64decode(op["data"])) for op in ops
            ),
        )

    @_typed
    def tx(self, tx_hash: bytes) -> CommittedTx:
        """Return a committed transaction from the node's index.

        Raises: RpcError if it is not committed, or the node keeps no index.
        """
        result = self.call("tx", hash=_base64(tx_hash), prove=False)
        return CommittedTx(
            hash=bytes.fromhex(result["hash"]),
            height=int(result["height"]),
            index=int(result["index"]),
            tx=base64.b64decode(result["tx"]),
            result=_tx_result(result["tx_result"]),
        )

    @_typed
    def genesis(self) -> dict[str, Any]:
        """Return the genesis document, joined from its chunks."""
        first = self.call("genesis_chunked", chunk="0")
        chunks = [base64.b64decode(first["data"])]
        if int(first["total"]) > MAX_GENESIS_CHUNKS:
            raise RpcUnavailable(f"{self.url}: a genesis of {first['total']} chunks")
        numbers = range(1, int(first["total"]))
        chunks += (base64.b64decode(self.call("genesis_chunked", chunk=str(n))["data"]) for n in numbers)
        document: dict[str, Any] = json.loads(b"".join(chunks))
        return document


def _at(height: int | None) -> dict[str, str]:
    return {} if height is None else {"height": str(height)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _event(entry: dict[str, Any]) -> Event:
    attributes = entry.get("attributes") or ()
    return Event(entry["type"], tuple((item["key"], item.get("value", "")) for item in attributes))


def _tx_result(entry: dict[str, Any]) -> TxResult:
    return TxResult(
        code=int(entry.get("code", 0)),
        data=base64.b64decode(entry.get("data") or ""),
        gas_wanted=int(entry.get("gas_wanted", 0)),
        gas_used=int(entry.get("gas_used", 0)),
        log=entry.get("log", ""),
        codespace=entry.get("codespace", ""),
        events=tuple(map(_event, entry.get("events") or ())),
    )
