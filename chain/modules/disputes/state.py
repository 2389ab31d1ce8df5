"""What the disputes module stores."""

from chain.modules.disputes.types import Dispute
from chain.store.collections import U64, KeySet, Map, Sequence, pair

NEXT_ID = Sequence("disputes", b"next")
"""Disputes opened so far; ids begin at 1."""
DISPUTES: Map[int, Dispute] = Map("disputes", b"dispute/", U64, Dispute)
"""dispute_id → the dispute; removed as garbage with its job."""
BY_JOB: KeySet[tuple[int, int]] = KeySet("disputes", b"job/", pair(U64, U64))
"""(job, dispute); removed with the job."""
DEADLINES: KeySet[tuple[int, int]] = KeySet("disputes", b"deadline/", pair(U64, U64))
"""(last height, dispute) of open disputes; the deadline removes it."""
