"""What the jobs module stores."""

from chain.modules.jobs.types import (
    ArchivedRecord,
    ArchivePeaks,
    ArchiveRound,
    Garbage,
    HopConflict,
    Job,
    Params,
    Unit,
)
from chain.store.codec import record
from chain.store.collections import ADDRESS, U64, Item, KeySet, Map, Sequence, pair


@record
class Listed:
    """An entry of an index that says nothing beyond its key."""


UnitKey = tuple[int, tuple[int, int]]
"""(job, (attempt, stage))."""
UNIT_KEY = pair(U64, pair(U64, U64))
"""The form of a `UnitKey` in state."""

PARAMS = Item("jobs", b"params", Params)
"""The parameters; never removed."""
NEXT_ID = Sequence("jobs", b"next")
"""Jobs accepted so far; ids begin at 1."""
JOBS: Map[int, Job] = Map("jobs", b"job/", U64, Job)
"""job_id → the job; removed as garbage some time after it is closed."""
UNITS: Map[UnitKey, Unit] = Map("jobs", b"unit/", UNIT_KEY, Unit)
"""(job, (attempt, stage)) → the unit; removed with its job."""
BY_REQUESTER: Map[tuple[bytes, int], Listed] = Map("jobs", b"requester/", pair(ADDRESS, U64), Listed)
"""(requester, job) of every job in state; removed with its job."""
WAITING: KeySet[tuple[int, int]] = KeySet("jobs", b"waiting/", pair(U64, U64))
"""(height of the next draw, job); the draw removes it, also of a job that has expired."""
EXPIRIES: KeySet[tuple[int, int]] = KeySet("jobs", b"expiry/", pair(U64, U64))
"""(expiry height, job) of jobs without all results; completion, freezing or closing removes it."""
COMPLETE: KeySet[tuple[int, int]] = KeySet("jobs", b"complete/", pair(U64, U64))
"""(asserted height, job) of jobs that wait for their round; the round or closing removes it."""
SETTLING: KeySet[tuple[int, int]] = KeySet("jobs", b"settling/", pair(U64, U64))
"""(height, job) of jobs whose units are all final; settling removes it."""
OPEN_UNITS: KeySet[tuple[bytes, UnitKey]] = KeySet("jobs", b"open/", pair(ADDRESS, UNIT_KEY))
"""(operator, unit) of units that hold its bond; closing the job removes it."""
HOP_CONFLICTS: Map[UnitKey, HopConflict] = Map("jobs", b"hop/", UNIT_KEY, HopConflict)
"""Unit downstream → a conflict of this block; the disputes module takes it out in the same block."""

PEAKS = Item("jobs", b"archive/peaks", ArchivePeaks)
"""The mountain range of everything closed; never removed."""
RECORD_NUMBER = Sequence("jobs", b"archive/number")
"""Records archived so far; never removed."""
RECORDS: Map[tuple[int, int], ArchivedRecord] = Map("jobs", b"archive/record/", pair(U64, U64), ArchivedRecord)
"""(leaf of the range, record number) → a closed record; removed `archive.RECORD_BLOCKS` after its round."""
ARCHIVE_ROUNDS: Map[int, ArchiveRound] = Map("jobs", b"archive/round/", U64, ArchiveRound)
"""Height → what was archived there; removed with its records."""
GARBAGE: Map[tuple[int, int], Garbage] = Map("jobs", b"garbage/", pair(U64, U64), Garbage)
"""(height, number) → what is deleted from that height on; deleting it removes the entry."""
GARBAGE_NUMBER = Sequence("jobs", b"garbage_number")
"""Entries so far; never removed."""
