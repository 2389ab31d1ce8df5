"""The asking end of FetchUnit: a unit's input from one worker, within the bounds that the chain's record gives."""

from dataclasses import dataclass

import grpc
import grpc.aio

from chain.wire.worker.v1 import worker_pb2 as wire
from chain.wire.worker.v1 import worker_pb2_grpc as service
from inference.transport.messages import CHANNEL_OPTIONS, checked_rows
from inference.transport.refusals import Refusal, Refused

FETCH_SECONDS = 60.0
"""How long one source may take."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source sent; nothing of it is verified but its size."""

    blind: bytes
    ids: tuple[int, ...]
    """Prompt and output."""
    rows: bytes
    """Input rows, or empty."""


async def fetch_unit(
    endpoint: str, request: wire.FetchRequest, *, num_ids: int, num_rows: int, row_bytes: int
) -> Fetched:
    """Ask `endpoint` for a unit's input. Raises: Refused if the answer is malformed; AioRpcError."""
    async with grpc.aio.insecure_channel(endpoint, options=CHANNEL_OPTIONS) as channel:
        header: wire.FetchHeader | None = None
        rows = bytearray()
        async for frame in service.WorkerStub(channel).FetchUnit(request, timeout=FETCH_SECONDS):
            kind = frame.WhichOneof("body")
            if header is None:
                if kind != "header" or len(frame.header.ids) != num_ids or frame.header.num_rows not in (0, num_rows):
                    raise Refused(Refusal.FRAME_INVALID, "the source's header does not fit the job")
                header = frame.header
                continue
            if kind != "rows":
                raise Refused(Refusal.FRAME_INVALID, "rows follow the header")
            part = checked_rows(frame.rows)
            if part.start * row_bytes != len(rows) or len(part.data) != part.count * row_bytes:
                raise Refused(Refusal.OUT_OF_ORDER, "the source's rows are not consecutive")
            if len(rows) + len(part.data) > num_rows * row_bytes:
                raise Refused(Refusal.TOO_LONG, f"the source sends more than {num_rows} rows")
            rows += part.data
    if header is None or len(rows) != header.num_rows * row_bytes:
        raise Refused(Refusal.FRAME_INVALID, "the source's answer is incomplete")
    return Fetched(header.blind, tuple(header.ids), bytes(rows))
