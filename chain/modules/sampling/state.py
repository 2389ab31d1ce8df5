"""What the sampling module stores."""

from chain.modules.jobs.state import UNIT_KEY, UnitKey
from chain.modules.sampling.types import (
    CanaryBeacon,
    CheckCommit,
    Claim,
    EpochProof,
    LateDraw,
    Mismatch,
    Params,
    Payment,
    Penalty,
    Round,
    Snapshot,
    SnapshotPlace,
    Tally,
    UnitCheck,
)
from chain.store.collections import ADDRESS, HASH, U64, Item, KeySet, Map, Sequence, pair

PARAMS = Item("sampling", b"params", Params)
"""The parameters; never removed."""
SNAPSHOTS: Map[int, Snapshot] = Map("sampling", b"snapshot/", U64, Snapshot)
"""Epoch → its snapshot without entries; garbage from the next boundary on if nothing was drawn, else much later."""
PLACES: Map[tuple[int, bytes], SnapshotPlace] = Map("sampling", b"place/", pair(U64, ADDRESS), SnapshotPlace)
"""(epoch, operator) → its entry of the snapshot; removed with the snapshot."""
ROUNDS: Map[int, Round] = Map("sampling", b"round/", U64, Round)
"""Round → its draw; removed as garbage with its epoch."""
ROUND_UNITS: KeySet[tuple[int, UnitKey]] = KeySet("sampling", b"round_unit/", pair(U64, UNIT_KEY))
"""(round, unit); removed with the round."""
CHECKS: Map[UnitKey, UnitCheck] = Map("sampling", b"check/", UNIT_KEY, UnitCheck)
"""Unit → its windows and draw, the late one if there is one; removed as garbage with its job."""
EARLIER: Map[UnitKey, UnitCheck] = Map("sampling", b"earlier/", UNIT_KEY, UnitCheck)
"""Unit that was drawn late → its draw before settlement; removed as garbage with its job."""
LATE: Map[UnitKey, LateDraw] = Map("sampling", b"late/", UNIT_KEY, LateDraw)
"""Unit that waits for a late draw, or is in one → what it holds of its asserter's bond; the draw's end removes it."""
LATE_QUEUE: KeySet[tuple[int, UnitKey]] = KeySet("sampling", b"late_queue/", pair(U64, UNIT_KEY))
"""(height, unit) of units that wait for a late draw, the longest wait first; the draw removes it."""
COMMITS: Map[tuple[UnitKey, bytes], CheckCommit] = Map("sampling", b"commit/", pair(UNIT_KEY, ADDRESS), CheckCommit)
"""(unit, checker) → its commitment; removed with the unit's check."""
PHASE_ENDS: KeySet[tuple[int, UnitKey]] = KeySet("sampling", b"phase/", pair(U64, UNIT_KEY))
"""(last height of the window, unit) of units in a window; the window's end removes it."""
BY_CHECKER: KeySet[tuple[bytes, tuple[int, UnitKey]]] = KeySet(
    "sampling", b"checker/", pair(ADDRESS, pair(U64, UNIT_KEY))
)
"""(checker, (epoch, unit)) of commitments without an outcome; the outcome removes it, or the end of the epoch."""
PROOFS: Map[tuple[int, bytes], EpochProof] = Map("sampling", b"proof/", pair(U64, ADDRESS), EpochProof)
"""(epoch, operator) → the proof it owes or has opened; removed with the snapshot."""
PROVEN: KeySet[tuple[int, bytes]] = KeySet("sampling", b"proven/", pair(U64, ADDRESS))
"""(epoch, operator) with commitments still to be judged by an opened proof; judging the last removes it."""
EPOCH_ENDS: KeySet[tuple[int, int]] = KeySet("sampling", b"epoch_end/", pair(U64, U64))
"""(last height of the proof window, epoch) of epochs in which something was drawn; the window's end removes it."""
CLAIMS: Map[tuple[UnitKey, bytes], Claim] = Map("sampling", b"claim/", pair(UNIT_KEY, ADDRESS), Claim)
"""(unit, checker) → what was claimed of an unmet duty; removed with the unit's check."""
SHOWN: KeySet[tuple[UnitKey, bytes]] = KeySet("sampling", b"shown/", pair(UNIT_KEY, ADDRESS))
"""(unit, author) of leaked seals; removed with the unit's check."""
MISMATCHES: Map[tuple[UnitKey, bytes], Mismatch] = Map("sampling", b"mismatch/", pair(UNIT_KEY, ADDRESS), Mismatch)
"""(unit, checker) that differ since this block; the disputes module takes it out in the same block."""
SILENT: KeySet[UnitKey] = KeySet("sampling", b"silent/", UNIT_KEY)
"""Units whose asserters did not open, since this block; the disputes module takes them out in the same block."""
PAYMENTS: Map[int, Payment] = Map("sampling", b"payment/", U64, Payment)
"""Number → pay that waits for money in the pool; paying removes it."""
PAYMENT_NUMBER = Sequence("sampling", b"payment_number")
"""Payments that ever waited; never removed."""
PENALTIES: Map[int, Penalty] = Map("sampling", b"penalty/", U64, Penalty)
"""Number → a part of a bond that was taken outside disputes; garbage `receipt_blocks` later."""
PENALTIES_OF: KeySet[tuple[bytes, int]] = KeySet("sampling", b"penalty_of/", pair(ADDRESS, U64))
"""(operator, penalty); removed with the penalty."""
PENALTIES_OF_JOB: KeySet[tuple[int, int]] = KeySet("sampling", b"penalty_job/", pair(U64, U64))
"""(job, penalty) of those that are about a job; removed with the penalty."""
PENALTY_NUMBER = Sequence("sampling", b"penalty_number")
"""Penalties so far; never removed."""
TALLIES: Map[tuple[int, bytes], Tally] = Map("sampling", b"tally/", pair(U64, HASH), Tally)
"""(epoch, model_root) → duties expected and fulfilled; measuring the epoch removes it."""
MEASUREMENTS: KeySet[tuple[int, int]] = KeySet("sampling", b"measurement/", pair(U64, U64))
"""(height, epoch) of epochs that are to be measured; measuring removes it."""
CANARY_BEACONS: Map[int, CanaryBeacon] = Map("sampling", b"canary/", U64, CanaryBeacon)
"""Epoch → the beacon that draws its canaries, if units were drawn in it; removed with the snapshot."""
