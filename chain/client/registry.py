"""Names on the wire: message records by type URL, queries by method."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from chain.modules.accounts import types as accounts
from chain.modules.bank import types as bank
from chain.modules.beacon import types as beacon
from chain.modules.disputes import types as disputes
from chain.modules.jobs import types as jobs
from chain.modules.models import types as models
from chain.modules.plans import types as plans
from chain.modules.rates import types as rates
from chain.modules.sampling import types as sampling
from chain.modules.treasury import types as treasury
from chain.modules.workers import types as workers
from chain.modules.workers.types import Empty

PACKAGES: tuple[tuple[str, ModuleType], ...] = (
    ("cosmos.auth.v1beta1", accounts),
    ("cosmos.bank.v1beta1", bank),
    ("ostraka.treasury.v1", treasury),
    ("ostraka.beacon.v1", beacon),
    ("ostraka.models.v1", models),
    ("ostraka.workers.v1", workers),
    ("ostraka.rates.v1", rates),
    ("ostraka.plans.v1", plans),
    ("ostraka.jobs.v1", jobs),
    ("ostraka.sampling.v1", sampling),
    ("ostraka.disputes.v1", disputes),
)
"""Protobuf packages and the records they name."""


@dataclass(frozen=True, slots=True)
class Call:
    """One query: where it is answered and what travels."""

    method: str
    """`<package>.Query/<Method>`."""
    request: type[Any]
    response: type[Any]


def type_url(message: type) -> str:
    """Return the type URL of a message record. Raises: LookupError."""
    try:
        return _type_urls()[message]
    except KeyError:
        raise LookupError(f"{message.__qualname__} is not a message of any module") from None


def message_class(url: str) -> type[Any]:
    """Return the record of a type URL. Raises: LookupError."""
    try:
        return _classes()[url]
    except KeyError:
        raise LookupError(f"{url} is not a message of any module") from None


def response_class(message: type) -> type[Any]:
    """Return the record that a message's handler answers with. Raises: LookupError."""
    package = _package_of(type_url(message))
    found: type[Any] = getattr(package, f"{message.__name__}Response", Empty)
    return found


def message_classes() -> tuple[type[Any], ...]:
    """Return all message records, in order of module and name."""
    return tuple(_type_urls())


@cache
def calls() -> dict[str, Call]:
    """Return every query by its method: each pair of records `[Query]<Method>Request` and `…Response`."""
    found = {}
    for package, module in PACKAGES:
        for name, request in _records(module):
            stem = name.removesuffix("Request")
            response = getattr(module, f"{stem}Response", None)
            if stem == name or response is None or stem == "Page":
                continue
            method = f"{package}.Query/{stem.removeprefix('Query')}"
            found[method] = Call(method, request, response)
    return found


@cache
def _type_urls() -> dict[type[Any], str]:
    return {
        message: f"/{package}.{name}"
        for package, module in PACKAGES
        for name, message in _records(module)
        if name.startswith("Msg") and not name.endswith("Response")
    }


@cache
def _classes() -> dict[str, type[Any]]:
    return {url: message for message, url in _type_urls().items()}


def _package_of(url: str) -> ModuleType:
    name = url[1:].rpartition(".")[0]
    return next(module for package, module in PACKAGES if package == name)


def _records(module: ModuleType) -> Iterator[tuple[str, type[Any]]]:
    """Yield the records a module defines itself; those it imports belong to another package."""
    for name, value in sorted(vars(module).items()):
        is_own = f"{getattr(value, '__module__', '')}.".startswith(f"{module.__name__}.")
        if isinstance(value, type) and dataclasses.is_dataclass(value) and is_own:
            yield name, value
