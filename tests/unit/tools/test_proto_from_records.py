"""The published protobuf and the records of the state machine are the same, byte for byte."""

import dataclasses
import enum
import importlib
import inspect
import types
import typing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.store.codec import decode, encode
from tools import proto_from_records as tool

RECORDS = [
    pytest.param(name, item, id=f"{name}.{item.__name__}")
    for name in tool.MODULES
    for item in tool.own(importlib.import_module(f"chain.modules.{name}.types"))
    if dataclasses.is_dataclass(item)
]


@pytest.mark.parametrize("name", tool.MODULES)
def test_the_published_text_is_that_of_the_records(name: str) -> None:
    assert (tool.REPOSITORY / tool.path(name)).read_text("utf-8") == tool.text(name)


@pytest.mark.parametrize(("name", "item"), RECORDS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_protobuf_writes_the_bytes_of_the_codec(name: str, item: type, data: st.DataObject) -> None:
    value = data.draw(instances(item))
    encoded = encode(value)
    assert message_of(value).SerializeToString(deterministic=True) == encoded
    assert decode(item, encoded) == value


def instances(hint: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a record's field."""
    while getattr(hint, "__supertype__", None) is not None:
        hint = hint.__supertype__
    origin = typing.get_origin(hint)
    if origin is tuple:
        most = 3 if depth < 2 else 1
        return st.lists(instances(typing.get_args(hint)[0], depth + 1), max_size=most).map(tuple)
    if origin in (typing.Union, types.UnionType):
        inner = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return st.none() | instances(inner, depth + 1)
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(0, (1 << 64) - 1)
    if hint is bytes:
        return st.binary(max_size=40)
    if hint is str:
        return st.text(max_size=12)
    if inspect.isclass(hint) and issubclass(hint, enum.IntEnum):
        return st.sampled_from(list(hint))
    hints = typing.get_type_hints(hint)
    return st.tuples(*[instances(part, depth + 1) for part in hints.values()]).map(lambda values: hint(*values))


def message_of(value: Any) -> Any:
    """The generated message of a record."""
    owner = type(value).__module__.split(".")[2]
    generated = importlib.import_module(f"chain.wire.{owner}.v1.{owner}_pb2")
    message = getattr(generated, type(value).__name__)()
    hints = typing.get_type_hints(type(value))
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, tuple):
            for element in item:
                if dataclasses.is_dataclass(element):
                    getattr(message, field.name).append(message_of(element))
                else:
                    getattr(message, field.name).append(element)
        elif dataclasses.is_dataclass(item):
            # A record that must be there is left out while it is all defaults: absent and empty mean the same.
            if hints[field.name] is not type(item) or encode(item):
                getattr(message, field.name).CopyFrom(message_of(item))
        elif item is not None:
            setattr(message, field.name, item)
    return message
