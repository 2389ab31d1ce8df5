"""What a module registers: a record without behaviour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chain.application import ValidatorUpdate
from chain.context import Context, QueryContext

MAX_PAGE = 1_000
"""Largest page a query returns."""


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message: how it is read, who must sign it, who executes it."""

    type_url: str
    """`/<protobuf package>.<message name>`."""
    record: type[Any]
    """Decoded strictly by `chain.store.codec`."""
    signer: str
    """Name of the field that holds the signer's bech32 address."""
    handler: Callable[[Context, Any], Any]
    """Takes (ctx, message) and returns the response record. Raises: Rejected."""
    gas: int = 20_000
    """Fixed charge of the message, beside bytes and signatures."""


@dataclass(frozen=True, slots=True)
class QueryMethod:
    """One read; the same function answers gRPC and `abci_query`."""

    name: str
    """`<protobuf service>/<Method>`, e.g. `ostraka.jobs.v1.Query/Job`."""
    request: type[Any]
    response: type[Any]
    function: Callable[[QueryContext, Any], Any]
    """Takes (context, request) and returns the response. Raises: Rejected: NOT_FOUND and the like."""


@dataclass(frozen=True, slots=True)
class Module:
    """A subject of the state machine. Hooks run in the order of `chain.app.MODULES`."""

    name: str
    """Also the name of its tree in the app hash."""
    messages: tuple[Message, ...] = ()
    queries: tuple[QueryMethod, ...] = ()
    init_genesis: Callable[[Context, Mapping[str, Any]], None] | None = None
    """Takes the module's JSON object of `app_state`. Raises: ValueError naming field and limit."""
    export_genesis: Callable[[QueryContext], dict[str, Any]] | None = None
    begin_block: Callable[[Context], None] | None = None
    end_block: Callable[[Context], None] | None = None
    validator_updates: Callable[[Context], tuple[ValidatorUpdate, ...]] | None = None
    """What this block changes in the validator set; asked after all end hooks."""
    check_invariants: Callable[[QueryContext], None] | None = None
    """Raises: InvariantBroken."""
    extra: Mapping[str, Any] = field(default_factory=dict)
