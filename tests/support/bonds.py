"""Whatever leaves a bond and is not withdrawn is on record, to the last unit."""

from collections import Counter
from collections.abc import Iterator

from chain.application import Event, FinalizeResult
from chain.crypto.keys import decode_address
from chain.modules.disputes.state import PAYMENTS
from chain.modules.sampling.state import PENALTIES
from chain.modules.workers import keeper as workers
from chain.store.overlay import Reader

MOVES = {"WorkerRegistered": ("bond", 1), "Bonded": ("amount", 1), "Withdrawn": ("amount", -1)}
"""What a worker does itself with its bond, as the events say it."""


def bonds_of(store: Reader) -> dict[bytes, int]:
    return {worker.operator: worker.bond for worker in workers.workers(store)}


def require_on_record(before: dict[bytes, int], store: Reader, result: FinalizeResult, height: int) -> None:
    """Check one block: each bond changed by what its worker moved, less what records of this height say."""
    after = bonds_of(store)
    if after == before:
        return
    changes: Counter[bytes] = Counter()
    for event in _events(result):
        name, sign = MOVES.get(event.kind, ("", 0))
        if name:
            values = dict(event.attributes)
            changes[decode_address(values["operator"])] += sign * int(values[name])
    for _, payment in PAYMENTS.items(store):
        if payment.height == height:
            changes[payment.payer] -= payment.amount
    for _, penalty in PENALTIES.items(store):
        if penalty.height == height:
            changes[penalty.operator] -= penalty.amount
    expected = {operator: before.get(operator, 0) + changes[operator] for operator in after}
    assert after == expected, f"bonds after block {height} are not what the records of it say"


def _events(result: FinalizeResult) -> Iterator[Event]:
    for made in result.tx_results:
        if not made.code:
            yield from made.events
    yield from result.events
