"""Between records and wire messages, with the bounds of both."""

from collections.abc import Sequence

from chain.modules.jobs.types import Receipt
from chain.wire.worker.v1 import worker_pb2 as wire
from inference.transport.refusals import Refusal, Refused

MAX_MESSAGE_BYTES = 4 << 20
"""Largest message either side takes: a prompt of 65,536 ids fits, and so do 128 rows of 8,192 values."""
MAX_IDS = 1 << 16
"""Ids in one message: the largest N a model may have."""
MAX_ROWS = 4096
"""Rows in one frame."""
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 10),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),
)
"""Of channels and servers; a connection that says nothing for fifteen seconds is dead."""


def receipt_to_wire(receipt: Receipt) -> wire.Receipt:
    """Return the message of a receipt; its unit follows from the link."""
    return wire.Receipt(
        revision=receipt.revision,
        count=receipt.count,
        root=receipt.root,
        is_final=receipt.is_final,
        signature=receipt.signature,
    )


def receipt_from_wire(unit: bytes, message: wire.Receipt) -> Receipt:
    """Return the receipt of the signer `unit` that a message holds. Raises: Refused."""
    if len(message.root) != 32 or len(message.signature) != 64:
        raise Refused(Refusal.FRAME_INVALID, "a receipt has a root of 32 bytes and a signature of 64")
    return Receipt(unit, message.revision, message.count, message.root, message.is_final, message.signature)


def checked_ids(ids: Sequence[int]) -> tuple[int, ...]:
    """Return ids from a message. Raises: Refused if there are too many."""
    if len(ids) > MAX_IDS:
        raise Refused(Refusal.FRAME_INVALID, f"more than {MAX_IDS} ids")
    return tuple(ids)


def checked_rows(rows: wire.Rows) -> wire.Rows:
    """Return a rows message whose count is sane. Raises: Refused."""
    if not 0 < rows.count <= MAX_ROWS or not rows.data:
        raise Refused(Refusal.FRAME_INVALID, f"a frame has 1 to {MAX_ROWS} rows")
    return rows


def checked_length(value: bytes, length: int, name: str) -> bytes:
    """Return bytes of a fixed length. Raises: Refused."""
    if len(value) != length:
        raise Refused(Refusal.FRAME_INVALID, f"{name} has {length} bytes, not {len(value)}")
    return value
