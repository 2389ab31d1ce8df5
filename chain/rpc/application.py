"""What the gRPC server needs of the application.

Everything here is called from the server's own threads while the application executes blocks on its own: it reads
committed state only, and never waits for a block.
"""

from typing import Protocol

from chain.context import QueryContext
from chain.history import HistoryStore
from chain.query import QueryRoutes
from chain.recent import RecentBlocks
from chain.store.store import Store
from chain.tx import Outcome


class NodeApplication(Protocol):
    """The application as the gRPC server sees it; safe from any thread."""

    @property
    def chain_id(self) -> str:
        """The chain's name; empty before genesis."""
        ...

    @property
    def store(self) -> Store:
        """The committed versions."""
        ...

    @property
    def recent(self) -> RecentBlocks:
        """The last blocks, and who is told of new ones."""
        ...

    @property
    def queries(self) -> QueryRoutes:
        """Every module's reads."""
        ...

    @property
    def history(self) -> HistoryStore | None:
        """The archive of closed records, if this node keeps one."""
        ...

    def at(self, height: int) -> QueryContext:
        """Return the state of a height, the last for 0. Raises: VersionPruned."""
        ...

    def simulate(self, data: bytes) -> Outcome:
        """Run a transaction on the last committed state, within the chain's gas limit, without effect."""
        ...
