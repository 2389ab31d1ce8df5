"""Reads by path: `abci_query` and the gRPC services answer from here.

/<protobuf service>/<Method>     a module's query, or cosmos.tx's Simulate and GetTx
/store/<module>/key              one raw value, with `prove` and its ICS-23 proof
/p2p/filter/...                  CometBFT asks before it takes a peer; all are taken
"""

from collections.abc import Callable
from typing import Protocol

from chain.application import ProofOp, Query, QueryResult
from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import Module, QueryMethod
from chain.query_tx import TxReads, find_transaction, simulate_transaction
from chain.store.codec import DecodeError, decode, encode
from chain.store.proofs import Unprovable
from chain.store.store import Store, VersionPruned

MAX_REQUEST_BYTES = 256 * 1024
_NOT_FOUND = frozenset(
    {
        Code.NOT_FOUND,
        Code.UNKNOWN_ADDRESS,
        Code.UNKNOWN_MODEL,
        Code.UNKNOWN_WORKER,
        Code.UNKNOWN_JOB,
        Code.UNKNOWN_ROUND,
        Code.UNKNOWN_DISPUTE,
    }
)


class Readable(TxReads, Protocol):
    """What reads need of the application."""

    @property
    def store(self) -> Store:
        """The committed versions."""
        ...

    @property
    def modules(self) -> tuple[Module, ...]:
        """Whose queries are served."""
        ...

    def at(self, height: int) -> QueryContext:
        """Return the state of a height; 0 is the latest."""
        ...


class QueryRoutes:
    """Every read by its path."""

    def __init__(self, app: Readable) -> None:
        self.app = app
        self.methods: dict[str, QueryMethod] = {
            method.name: method for module in app.modules for method in module.queries
        }
        """Module queries by `<service>/<Method>`."""
        self.services: dict[str, Callable[[bytes], bytes]] = {
            "cosmos.tx.v1beta1.Service/Simulate": lambda data: simulate_transaction(app, data),
            "cosmos.tx.v1beta1.Service/GetTx": lambda data: find_transaction(app, data),
        }
        """Reads that need more than state."""


def answer(routes: QueryRoutes, query: Query) -> QueryResult:
    """Answer a read; what the caller did wrong becomes a code."""
    if query.path.startswith("/p2p/filter/"):
        return QueryResult()
    try:
        if len(query.data) > MAX_REQUEST_BYTES:
            raise Rejected(Code.INVALID_REQUEST, f"a request has at most {MAX_REQUEST_BYTES} bytes")
        if query.height < 0:
            raise Rejected(Code.INVALID_REQUEST, "a height is not negative")
        if query.path.startswith("/store/"):
            return _stored(routes.app, query)
        return _called(routes, query)
    except Rejected as error:
        return QueryResult(int(error.code), status_text(error), error.code.codespace, height=query.height)
    except VersionPruned as error:
        refusal = Rejected(Code.INVALID_REQUEST, f"height {query.height} is not available: {error}")
        return QueryResult(int(refusal.code), status_text(refusal), refusal.code.codespace, height=query.height)


def status_text(error: Rejected) -> str:
    """Return a refusal as Cosmos nodes word it; wallets look for `rpc error: code = NotFound`."""
    return f"rpc error: code = {status_name(error.code)} desc = {error.detail}"


def status_name(code: Code) -> str:
    """Return the gRPC status of a code, as it is spelled in messages."""
    if code in _NOT_FOUND:
        return "NotFound"
    if code == Code.UNKNOWN_REQUEST:
        return "Unimplemented"
    return "InvalidArgument"


def _called(routes: QueryRoutes, query: Query) -> QueryResult:
    name = query.path[1:] if query.path.startswith("/") else query.path
    service = routes.services.get(name)
    if service is not None:
        return QueryResult(value=service(query.data), height=routes.app.store.version)
    method = routes.methods.get(name)
    if method is None:
        raise Rejected(Code.UNKNOWN_REQUEST, f"unknown query path {query.path[:200]!r}")
    context = routes.app.at(query.height)
    if not context.height:
        raise Rejected(Code.INVALID_REQUEST, "no block is committed yet")
    return QueryResult(value=call(method, context, query.data), height=context.height)


def call(method: QueryMethod, context: QueryContext, data: bytes) -> bytes:
    """Answer one module query, bytes to bytes. Raises: Rejected."""
    try:
        request = decode(method.request, data)
    except DecodeError as error:
        raise Rejected(Code.INVALID_REQUEST, f"{method.name}: {error}") from None
    return encode(method.function(context, request))


def _stored(app: Readable, query: Query) -> QueryResult:
    module, _, rest = query.path.removeprefix("/store/").partition("/")
    if rest != "key" or module not in app.store.modules:
        raise Rejected(Code.UNKNOWN_REQUEST, "a path is /store/<module>/key, of a module that exists")
    if not query.data:
        raise Rejected(Code.INVALID_REQUEST, "data must hold the key")
    height = query.height or app.store.version
    if not query.prove:
        value = app.at(height).store.get(module, query.data)
        return QueryResult(key=query.data, value=value or b"", height=height)
    try:
        proved = app.store.prove(module, query.data, height)
    except Unprovable as error:
        raise Rejected(Code.NOT_FOUND, str(error)) from None
    except KeyError:
        raise Rejected(Code.NOT_FOUND, f"module {module} did not exist at height {height}") from None
    ops = tuple(ProofOp(op.type, op.key, op.data) for op in proved.ops)
    return QueryResult(key=query.data, value=proved.value or b"", height=height, proof_ops=ops)
