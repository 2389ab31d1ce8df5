"""The chains that cases are played on."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from tests.support.case_table import Models
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.dispute_network import FAULT, dispute_network
from tests.support.network import Network, new_network
from tests.support.receipt_claims import MODEL, TENSORS
from tests.support.unsealed import UNSEALED, unsealed_network

Open = Callable[[Path, Models], AbstractContextManager[Any]]


def plain(folder: Path, _: Models) -> AbstractContextManager[ClaimsNetwork]:
    """Rows nobody computed."""
    return claims_network(folder)


def cheap(folder: Path, _: Models) -> AbstractContextManager[ClaimsNetwork]:
    """The same with a model that takes long prompts, and breaks a bound."""
    return claims_network(folder, model=MODEL, tensors=TENSORS)


def game(fault: tuple[int, Fault] | None = None, **options: Any) -> Open:
    """Units that were computed, one of them with a fault."""
    return lambda folder, models: dispute_network(folder, ModelFiles(models["game"]), fault, **options)


def unsealed(folder: Path, models: Models) -> AbstractContextManager[Any]:
    """The same with a stage that is false and never submits."""
    return unsealed_network(folder, ModelFiles(models["game"]), (UNSEALED, FAULT))


def network(**options: Any) -> Callable[[Path, Models], AbstractContextManager[Network]]:
    """Units nobody computed, under other parameters or another model, and nobody who claims against receipts."""
    return lambda folder, _: new_network(folder, **options)
