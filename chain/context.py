"""Everything a handler or a hook may see: state, the block's facts, gas, events."""

from dataclasses import dataclass, field

from chain.application import Event, Timestamp
from chain.errors import Code, Rejected
from chain.store.overlay import Overlay, Reader


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What is agreed about the block being executed."""

    chain_id: str
    chain: bytes
    """`chain_hash(chain_id)`."""
    height: int
    time: Timestamp
    proposer_address: bytes
    """Consensus address of the proposer."""


@dataclass(slots=True)
class GasMeter:
    """Counts gas against a limit; block hooks run on a meter without one."""

    limit: int | None = None
    used: int = 0

    def charge(self, units: int, reason: str) -> None:
        """Add `units`. Raises: Rejected: OUT_OF_GAS beyond the limit."""
        self.used += units
        if self.limit is not None and self.used > self.limit:
            raise Rejected(Code.OUT_OF_GAS, f"{reason}: used {self.used} of {self.limit} gas")


@dataclass(slots=True)
class Context:
    """A view of state for one transaction or one hook."""

    store: Overlay
    block: BlockFacts
    gas: GasMeter = field(default_factory=GasMeter)
    events: list[Event] = field(default_factory=list)
    is_check: bool = False
    """True in CheckTx and simulation: signatures and fees count, effects do not last."""
    place: tuple[tuple[str, str], ...] = ()
    """What closes every event: the message that is executed, if one is."""

    def emit(self, kind: str, **attributes: str | int) -> None:
        """Record that something happened."""
        told = [(name, value if type(value) is str else str(value)) for name, value in attributes.items()]
        self.events.append(Event(kind, (*told, *self.place)))

    def branch(self) -> "Context":
        """Return a context whose writes can be merged or dropped; gas is shared."""
        return Context(self.store.branch(), self.block, self.gas, [], self.is_check, self.place)


@dataclass(frozen=True, slots=True)
class QueryContext:
    """A read-only view of committed state."""

    store: Reader
    chain_id: str
    chain: bytes
    height: int
