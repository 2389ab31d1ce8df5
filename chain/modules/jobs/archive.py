"""What is left of closed records: a leaf for ever, the record for a while, and then nothing.

Every closed record becomes a leaf, SHA-256 of its canonical bytes. The leaves of one round form an RFC 6962 tree, whose
root, hashed as a leaf, is appended to a mountain range; state keeps only the range's peaks. Nodes copy the records
into their history when their round is archived; state deletes them soon after.
"""

from chain.context import Context
from chain.crypto import ranges
from chain.crypto.hashing import sha256
from chain.modules.jobs.state import (
    ARCHIVE_ROUNDS,
    GARBAGE,
    GARBAGE_NUMBER,
    PARAMS,
    PEAKS,
    RECORD_NUMBER,
    RECORDS,
)
from chain.modules.jobs.types import ArchivedRecord, ArchivePeaks, ArchiveRound, Garbage, RecordKind
from chain.store.codec import encode
from chain.store.collections import U64, prefix_end
from chain.store.overlay import Reader

RECORD_BLOCKS = 64
"""How long archived records stay readable in state, for nodes that copy them."""


def begin(ctx: Context) -> None:
    """Write the empty range."""
    PEAKS.save(ctx.store, ArchivePeaks(0, ()))


def append(ctx: Context, kind: RecordKind, record_id: bytes, value: object) -> None:
    """Archive a closed record with the next round."""
    leaf_index = PEAKS.load(ctx.store).count
    number = RECORD_NUMBER.take(ctx.store)
    RECORDS.save(ctx.store, (leaf_index, number), ArchivedRecord(kind, record_id, encode(value)))


def seal_round(ctx: Context) -> None:
    """Append one leaf for everything archived since the last time; nothing if there was nothing."""
    peaks = PEAKS.load(ctx.store)
    prefix = U64.pack(peaks.count)
    found = list(RECORDS.items(ctx.store, prefix=prefix))
    if not found:
        return
    root = ranges.tree_root([record_leaf(record) for _, record in found])
    grown = ranges.append(peaks.peaks, peaks.count, ranges.leaf_hash(root))
    PEAKS.save(ctx.store, ArchivePeaks(peaks.count + 1, grown))
    height = ctx.block.height
    sealed = ArchiveRound(height, peaks.count, len(found), root, found[0][0][1])
    ARCHIVE_ROUNDS.save(ctx.store, height, sealed)
    retire(ctx, height + RECORD_BLOCKS, "jobs", (ARCHIVE_ROUNDS.path(height), RECORDS.prefix + prefix))
    ctx.emit("RoundArchived", leaf_index=peaks.count, num_records=len(found), root=root.hex())


def record_leaf(record: ArchivedRecord) -> bytes:
    """Return the RFC 6962 leaf digest of a closed record."""
    return ranges.leaf_hash(sha256(encode(record)))


def peaks_of(store: Reader) -> ArchivePeaks:
    """Return the mountain range."""
    return PEAKS.load(store)


def find_peaks(store: Reader) -> ArchivePeaks | None:
    """Return the mountain range, or None before genesis."""
    return PEAKS.find(store)


def find_round(store: Reader, height: int) -> ArchiveRound | None:
    """Return what was archived at a height, as long as state keeps it."""
    return ARCHIVE_ROUNDS.find(store, height)


def archived_records(store: Reader, height: int) -> tuple[tuple[int, ArchivedRecord], ...]:
    """Return (number, record) of everything archived at a height, which state keeps for `RECORD_BLOCKS`.

    Numbers ascend without gaps over all heights, so a copier sees whether it has everything.
    """
    sealed = find_round(store, height)
    if sealed is None:
        return ()
    found = RECORDS.items(store, prefix=U64.pack(sealed.leaf_index))
    return tuple((number, record) for (_, number), record in found)


def retire(ctx: Context, height: int, module: str, prefixes: tuple[bytes, ...]) -> None:
    """Have every key of `module` that begins with one of `prefixes` deleted from `height` on, in that order."""
    GARBAGE.save(ctx.store, (height, GARBAGE_NUMBER.take(ctx.store)), Garbage(module, prefixes))


def postpone(ctx: Context, height: int, later: int, module: str, prefixes: tuple[bytes, ...]) -> None:
    """Have what was to be deleted from `height` on deleted from `later` on."""
    if later == height:
        return
    for key, garbage in list(GARBAGE.items(ctx.store, prefix=U64.pack(height))):
        if garbage == Garbage(module, prefixes):
            GARBAGE.remove(ctx.store, key)
            retire(ctx, later, module, prefixes)


def collect_garbage(ctx: Context) -> None:
    """Delete what is due, at most `deletions_per_block` keys; the rest follows in later blocks, in order of height."""
    left = PARAMS.load(ctx.store).deletions_per_block
    for key, garbage in GARBAGE.items(ctx.store, end=U64.pack(ctx.block.height + 1)):
        for prefix in garbage.prefixes:
            keys: list[bytes] = []
            for stored, _ in ctx.store.iterate(garbage.module, prefix, prefix_end(prefix)):
                if left == 0:
                    break
                keys.append(stored)
                left -= 1
            for stored in keys:
                ctx.store.delete(garbage.module, stored)
        if left == 0:
            return
        GARBAGE.remove(ctx.store, key)
        left -= 1
