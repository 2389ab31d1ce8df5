"""What the disputes module stores."""

from chain.modules.disputes.types import Dispute, Params, Pauses, Play
from chain.store.collections import ADDRESS, U64, Item, KeySet, Map, Sequence, pair

NEXT_ID = Sequence("disputes", b"next")
"""Disputes opened so far; ids begin at 1."""
DISPUTES: Map[int, Dispute] = Map("disputes", b"dispute/", U64, Dispute)
"""dispute_id → the dispute; removed as garbage with its job."""
BY_JOB: KeySet[tuple[int, int]] = KeySet("disputes", b"job/", pair(U64, U64))
"""(job, dispute); removed with the job."""
DEADLINES: KeySet[tuple[int, int]] = KeySet("disputes", b"deadline/", pair(U64, U64))
"""(last height, dispute) of open disputes; the deadline removes it."""
PARAMS = Item("disputes", b"params", Params)
"""The parameters of the game; absent where it is not played."""
PAUSES = Item("disputes", b"pauses", Pauses)
"""Blocks that were on nobody's clock; never removed."""
PLAYS: Map[tuple[int, int], Play] = Map("disputes", b"play/", pair(U64, U64), Play)
"""(dispute, number) → a line; removed as garbage with its job."""
CLOCKS: KeySet[tuple[int, tuple[int, int]]] = KeySet("disputes", b"clock/", pair(U64, pair(U64, U64)))
"""(height, line) at which a clock may have run out; a move or the end of the line removes it."""
OPEN_OF: KeySet[tuple[bytes, tuple[int, int]]] = KeySet("disputes", b"open/", pair(ADDRESS, pair(U64, U64)))
"""(operator, line) of open lines, for the asserter and for the opener; the end of the line removes both."""
