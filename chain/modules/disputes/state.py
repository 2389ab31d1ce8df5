"""What the disputes module stores."""

from chain.modules.disputes.types import Demand, Dispute, Params, Pauses, Payment, Play, Refunds, Shown
from chain.modules.jobs.state import UNIT_KEY, UnitKey
from chain.store.collections import ADDRESS, HASH, U64, Item, KeySet, Map, Sequence, pair

NEXT_ID = Sequence("disputes", b"next")
"""Disputes opened so far; ids begin at 1."""
DISPUTES: Map[int, Dispute] = Map("disputes", b"dispute/", U64, Dispute)
"""dispute_id → the dispute; removed as garbage with its job."""
BY_JOB: KeySet[tuple[int, int]] = KeySet("disputes", b"job/", pair(U64, U64))
"""(job, dispute); removed with the job."""
BY_WORKER: KeySet[tuple[bytes, int]] = KeySet("disputes", b"worker/", pair(ADDRESS, U64))
"""(operator, dispute) for both sides; removed with the dispute."""
BY_STATUS: KeySet[tuple[int, int]] = KeySet("disputes", b"status/", pair(U64, U64))
"""(status, dispute); the end moves it, removed with the dispute."""
BY_HEIGHT: KeySet[tuple[int, int]] = KeySet("disputes", b"height/", pair(U64, U64))
"""(height of opening, dispute); removed with the dispute."""
PAYMENTS: Map[tuple[int, int], Payment] = Map("disputes", b"payment/", pair(U64, U64), Payment)
"""(dispute, number) → where a part of a bond went; removed with the dispute."""
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
CONCLUSIONS: KeySet[tuple[int, int]] = KeySet("disputes", b"conclusion/", pair(U64, U64))
"""(height, job) of attempts whose disputes are over while checks are not; the job's conclusion removes it."""
DEMAND_ID = Sequence("disputes", b"demand_next")
"""Demands made so far; ids begin at 1."""
DEMANDS: Map[int, Demand] = Map("disputes", b"demand/", U64, Demand)
"""demand_id → the demand; garbage `receipt_blocks` after its attempt."""
DEMANDS_OF_JOB: KeySet[tuple[int, int]] = KeySet("disputes", b"demand_job/", pair(U64, U64))
"""(job, demand); removed when the attempt is over."""
DEMANDS_OF: KeySet[tuple[bytes, int]] = KeySet("disputes", b"demand_of/", pair(ADDRESS, U64))
"""(operator, demand) for whoever demands and whoever owes; removed when the attempt is over."""
DEMAND_ENDS: KeySet[tuple[int, int]] = KeySet("disputes", b"demand_end/", pair(U64, U64))
"""(height, demand) at which it is looked at: its deadline, then now and then until its attempt is over."""
OWED: KeySet[tuple[int, int]] = KeySet("disputes", b"owed/", pair(U64, U64))
"""(job, demand) of which a part is missing; the last part removes it, or the deadline."""
SHOWN: Map[UnitKey, Shown] = Map("disputes", b"shown/", UNIT_KEY, Shown)
"""Unit → what receipts say of a stage without a result; removed at its job's expiry height."""
SHOWN_UNTIL: KeySet[tuple[int, UnitKey]] = KeySet("disputes", b"shown_until/", pair(U64, UNIT_KEY))
"""(expiry height, unit) of what is shown; removed with it."""
REFUNDS: Map[bytes, Refunds] = Map("disputes", b"refunds/", HASH, Refunds)
"""model_root → how far the jobs of a model that broke a bound are refunded; the last one removes it."""
CHALLENGES: KeySet[tuple[bytes, int]] = KeySet("disputes", b"challenge/", pair(ADDRESS, U64))
"""(challenger, dispute) of open challenges by workers that were not drawn; the end of the dispute removes it."""
OPEN_OF: KeySet[tuple[bytes, tuple[int, int]]] = KeySet("disputes", b"open/", pair(ADDRESS, pair(U64, U64)))
"""(operator, line) of open lines, for the asserter and for the opener; the end of the line removes both."""
