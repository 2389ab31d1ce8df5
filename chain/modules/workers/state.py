"""What the workers module stores."""

from chain.modules.workers.types import Budget, Enrollment, Forfeiture, HeldSlash, Params, Unbonding, Worker
from chain.store.codec import record
from chain.store.collections import ADDRESS, HASH, U64, Item, KeySet, Map, Sequence, pair


@record
class Owner:
    """Whose key it is."""

    operator: bytes


PARAMS = Item("workers", b"params", Params)
"""The parameters; never removed."""
WORKERS: Map[bytes, Worker] = Map("workers", b"by_operator/", ADDRESS, Worker)
"""Operator → its worker; stays."""
BY_HOT_ADDRESS: Map[bytes, Owner] = Map("workers", b"by_hot/", ADDRESS, Owner)
"""Hot address → operator; stays."""
KEYS_IN_USE: Map[bytes, Owner] = Map("workers", b"by_key/", HASH, Owner)
"""Hot, VRF or box key, once used → operator; stays, so that no key ever serves two."""
ENROLLMENTS: Map[tuple[bytes, tuple[int, bytes]], Enrollment] = Map(
    "workers", b"enrolled/", pair(HASH, pair(U64, ADDRESS)), Enrollment
)
"""(model_root, (role, operator)) → the enrolment; `keeper.unenroll` removes it."""
BY_ENROLLED: KeySet[tuple[bytes, tuple[bytes, int]]] = KeySet(
    "workers", b"enrolled_by/", pair(ADDRESS, pair(HASH, U64))
)
"""(operator, (model_root, role)), the same the other way round; removed with the enrolment."""
UNBONDINGS: Map[tuple[bytes, int], Unbonding] = Map("workers", b"unbonding/", pair(ADDRESS, U64), Unbonding)
"""(operator, release height) → bond on its way out; withdrawing or slashing removes it."""
VRF_CHANGES: KeySet[bytes] = KeySet("workers", b"vrf_change/", ADDRESS)
"""Operators whose VRF key changes; the next epoch boundary empties it."""
BUDGET = Item("workers", b"budget", Budget)
"""What was taken from bonds in this epoch; the next epoch begins a new one."""
FORFEITURES: Map[bytes, Forfeiture] = Map("workers", b"forfeiture/", ADDRESS, Forfeiture)
"""Operator → a bond that is forfeited bit by bit; removed when nothing is left of it."""
HELD: Map[tuple[int, int], HeldSlash] = Map("workers", b"held/", pair(U64, U64), HeldSlash)
"""(release height, number) → what the circuit breaker holds; paying it out removes it."""
HELD_NUMBER = Sequence("workers", b"held_number")
"""Entries so far; never removed."""
REVISION = Sequence("workers", b"revision")
"""Counts changes of what plans depend on: bonds, enrolments, statuses."""
