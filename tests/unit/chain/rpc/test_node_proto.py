"""node.proto and the records of chain.client.node are two spellings of one thing."""

import dataclasses

import pytest
from google.protobuf.message import Message

from chain.client import node
from chain.store.codec import encode
from chain.wire.node.v1 import node_pb2

NAMES = {"Broadcast": "BroadcastResponse", "Status": "StatusResponse"}
"""Where a record is called otherwise: a service may not have a method and a message of one name."""
RECORDS = [
    value
    for value in vars(node).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value is not node.Simulation
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_record_has_the_fields_of_its_message_in_order(record: type) -> None:
    message: type[Message] = getattr(node_pb2, NAMES.get(record.__name__, record.__name__))
    fields = [(field.number, field.name) for field in message.DESCRIPTOR.fields]
    assert fields == list(enumerate((field.name for field in dataclasses.fields(record)), start=1))


def test_every_message_has_a_record() -> None:
    messages = set(node_pb2.DESCRIPTOR.message_types_by_name)
    assert messages == {NAMES.get(record.__name__, record.__name__) for record in RECORDS}


def test_a_notice_reads_alike_in_both() -> None:
    events = (node.Event("transfer", (node.Attribute("amount", "5uostr"),), 2),)
    notice = node.BlockNotice(7, 1_700_000_000, (node.TxNotice(bytes(32), 5, "sdk", b"d", "no", 21),), events)
    read = node_pb2.BlockNotice.FromString(encode(notice))
    assert (read.height, read.txs[0].log, read.events[0].attributes[0].value) == (7, "no", "5uostr")
    assert read.SerializeToString(deterministic=True) == encode(notice)
