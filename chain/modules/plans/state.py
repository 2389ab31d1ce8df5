"""What the plans module stores."""

from chain.modules.plans.types import Params, Plan
from chain.store.codec import record
from chain.store.collections import HASH, U64, Item, KeySet, Map, Sequence, pair


@record
class Seen:
    """The workers' revision at which live plans were last judged."""

    revision: int


PARAMS = Item("plans", b"params", Params)
"""The parameters; never removed."""
NEXT_ID = Sequence("plans", b"next")
"""Plans accepted so far; ids begin at 1."""
PLANS: Map[int, Plan] = Map("plans", b"plan/", U64, Plan)
"""plan_id → the plan; removed `retain_blocks` after its death."""
LIVE: KeySet[tuple[bytes, int]] = KeySet("plans", b"live/", pair(HASH, U64))
"""(model_root, plan_id) of live plans; its death removes it."""
DEAD: KeySet[tuple[int, int]] = KeySet("plans", b"dead/", pair(U64, U64))
"""(height of removal, plan_id) of dead plans; removal empties it."""
SEEN = Item("plans", b"seen", Seen)
"""Never removed."""
