"""Verify a closed record from a node's archive, trusting an app hash alone.

The way is record, root of its round, peak of the mountain range, ICS-23 proof of the peaks. The hash of a closed record
never leaves the range, so a record is proven for ever, against any later height. Its number among all records is not.
"""

from chain.client.node import ProveHistoryResponse
from chain.crypto import ranges
from chain.crypto.hashing import sha256
from chain.crypto.ics23 import InvalidProof, verify_state
from chain.modules.jobs.state import PEAKS
from chain.modules.jobs.types import ArchivedRecord, ArchivePeaks, RecordKind
from chain.store.codec import DecodeError, decode
from chain.store.collections import RECORD_VERSION


def verify_history(app_hash: bytes, kind: RecordKind, record_id: bytes, answer: ProveHistoryResponse) -> ArchivedRecord:
    """Return the record if the state under `app_hash` proves that it was closed. Raises: InvalidProof."""
    ops = [(op.kind, op.key, op.data) for op in answer.ops]
    verify_state(app_hash, PEAKS.module, PEAKS.key, answer.peaks, ops)
    try:
        peaks = decode(ArchivePeaks, answer.peaks.removeprefix(RECORD_VERSION))
        record = decode(ArchivedRecord, answer.record.data)
    except DecodeError as error:
        raise InvalidProof(f"the record or the peaks do not decode: {error}") from None
    entry = ranges.leaf_hash(answer.round_root)
    if not ranges.verify_mountain(peaks.peaks, peaks.count, answer.round_index, entry, answer.mountain_path):
        raise InvalidProof("the round does not lead to a peak")
    leaf = ranges.leaf_hash(sha256(answer.record.data))
    if not ranges.verify_inclusion(
        answer.round_root, answer.num_in_round, answer.index_in_round, leaf, answer.round_path
    ):
        raise InvalidProof("the record does not lead to the root of its round")
    if record.kind != kind or record.id != record_id:
        raise InvalidProof("the proof is about another record")
    return record
