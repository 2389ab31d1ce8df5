"""A testing aid: a last stage that streams another answer to the requester than it commits to, and signs it."""

from collections.abc import AsyncIterator

from chain.wire.worker.v1 import worker_pb2 as wire
from inference.proofs.commit import tokens_root
from inference.proofs.receipts import sign_receipt
from inference.run import Run
from inference.transport.messages import receipt_to_wire


async def forged(run: Run, seed: bytes, frames: AsyncIterator[wire.TokenFrame]) -> AsyncIterator[wire.TokenFrame]:
    """Yield the frames with another first token, under receipts of the hot key `seed` that say so."""
    unit, revision = run.assignment.unit_id, run.assignment.unit.revision
    async for frame in frames:
        count = frame.receipt.count
        told = [run.tokens.items[0] ^ 1, *run.tokens.items[1:count]]
        root = tokens_root(run.blind, told)
        receipt = sign_receipt(seed, unit, revision, count, root, frame.receipt.is_final)
        ids = told[frame.start : frame.start + len(frame.ids)]
        yield wire.TokenFrame(start=frame.start, ids=ids, receipt=receipt_to_wire(receipt))
