"""Who paid whom out of bonds and escrow, read from the events of blocks.

Every taking of a bond is announced after the transfers that it consists of: `BondTaken` for faults, `AbsencePenalised`
for absences. So the events say of each uostr whose bond it came from and who has it.
"""

from collections.abc import Iterable, Iterator, Mapping

from chain.application import Event
from chain.crypto.keys import decode_address, module_address
from tests.support.builders import Chain

Flows = dict[tuple[str, str], int]
"""Uostr by payer and recipient."""

BONDS, ESCROW = module_address("bonds"), module_address("escrow")
MODULES = {module_address(name): name.replace("_", " ") for name in ("treasury", "held_slashes", "escrow", "bonds")}
TREASURY, HELD = "treasury", "held slashes"


def events_since(chain: Chain, height: int) -> Iterator[Event]:
    """All events of the blocks after a height, in their order."""
    for result in chain.results[height:]:
        for one in result.tx_results:
            yield from one.events
        yield from result.events


def bond_flows(chain: Chain, since: int, names: Mapping[bytes, str]) -> Flows:
    """What was taken from bonds after a height, by the operator it was taken from and by who has it."""
    taken: Flows = {}
    waiting: list[tuple[bytes, int]] = []
    for recipient, amount, operator in _takings(events_since(chain, since)):
        if operator is None:
            waiting.append((recipient, amount))
            continue
        assert sum(part for _, part in waiting) == amount, "transfers that no taking explains"
        for to, part in waiting:
            add(taken, {(names[operator], name_of(to, names)): part})
        waiting.clear()
    assert not waiting, "bonds moved without being taken"
    return taken


def _takings(events: Iterable[Event]) -> Iterator[tuple[bytes, int, bytes | None]]:
    """Transfers out of bonds with their recipients, and the takings that follow them with their operators."""
    for event in events:
        told = dict(event.attributes)
        if event.kind == "transfer" and decode_address(told["sender"]) == BONDS:
            yield decode_address(told["recipient"]), _uostr(told["amount"]), None
        elif event.kind in ("BondTaken", "AbsencePenalised") and int(told["amount"]):
            yield b"", int(told["amount"]), bytes.fromhex(told["operator"])


def refunded(chain: Chain, since: int, requester: bytes) -> int:
    """What a requester got back out of escrow after a height."""
    return _moved(chain, since, ESCROW, requester)


def paid_in(chain: Chain, since: int, requester: bytes) -> int:
    """What a requester has put into escrow after a height."""
    return _moved(chain, since, requester, ESCROW)


def _moved(chain: Chain, since: int, sender: bytes, recipient: bytes) -> int:
    found = 0
    for event in events_since(chain, since):
        told = dict(event.attributes)
        if event.kind == "transfer":
            is_it = (decode_address(told["sender"]), decode_address(told["recipient"])) == (sender, recipient)
            found += _uostr(told["amount"]) if is_it else 0
    return found


def _uostr(text: str) -> int:
    return int(text.removesuffix("uostr"))


def name_of(address: bytes, names: Mapping[bytes, str]) -> str:
    return MODULES.get(address) or names.get(address) or address.hex()


def add(flows: Flows, *others: Flows) -> Flows:
    """Add flows to others, in place."""
    for other in others:
        for pair, amount in other.items():
            if amount:
                flows[pair] = flows.get(pair, 0) + amount
    return flows


def lost(flows: Flows) -> dict[str, int]:
    """What each payer lost."""
    found: dict[str, int] = {}
    for (payer, _), amount in flows.items():
        found[payer] = found.get(payer, 0) + amount
    return found
