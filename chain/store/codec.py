"""Canonical bytes for every record: the protobuf wire format with one encoding per value.

A record is a frozen, slotted dataclass; the field at position i has field number i. Fields ascend, defaults are
omitted, integers are shortest varints, so equal records have equal bytes, and any protobuf implementation reads
them with the published `.proto`. Records grow at the end only.

    int (0 <= v < 2^64) and bool, IntEnum   varint
    bytes, str                              length-delimited
    a record, a record or None              length-delimited; None is absent
    tuple[int, ...]                         packed varints
    tuple[bytes | str | record, ...]        repeated

Decoding is strict: unknown field numbers, wrong wire types, truncation, repeated singular fields, integers beyond
64 bits, invalid UTF-8 and nesting beyond `MAX_DEPTH` raise `DecodeError`. Field order and explicitly written defaults
are accepted, as foreign encoders differ in them.
"""

import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

MAX_DEPTH = 16
"""Nesting bound of a decoded record."""
U64_END = 1 << 64
"""First value that does not fit an integer field."""

T = TypeVar("T")


class DecodeError(ValueError):
    """The bytes are not the canonical form of the expected record."""


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make `cls` a frozen, slotted dataclass that `encode` and `decode` understand."""
    return dataclasses.dataclass(frozen=True, slots=True)(cls)


def write_uvarint(value: int) -> bytes:
    """Return the shortest little-endian base-128 form of `value`."""
    if value < 0x80:
        return _ONE_BYTE[value]
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_uvarint(data: bytes, offset: int) -> tuple[int, int]:
    """Return the integer at `offset` and the offset behind it. Raises: DecodeError."""
    result = shift = 0
    end = len(data)
    while offset < end:
        byte = data[offset]
        offset += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result >= U64_END:
                raise DecodeError("integer exceeds 64 bits")
            return result, offset
        shift += 7
        if shift > 63:
            raise DecodeError("integer longer than ten bytes")
    raise DecodeError("truncated integer")


_ONE_BYTE = [bytes((value,)) for value in range(0x80)]

_VARINT, _LENGTH = 0, 2

_Encoder = Callable[[Any], bytes]
_Reader = Callable[[bytes, int], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """How one field is written and read."""

    name: str
    kind: str
    """One of: int, bool, enum, bytes, str, record, optional."""
    repeated: bool
    item: Any
    """The record or enum class, if any."""
    tag: bytes
    wire: int
    default: Any


class _Plan:
    """The compiled form of one record class."""

    __slots__ = ("by_number", "cls", "fields")

    def __init__(self, cls: type) -> None:
        self.cls = cls
        hints = typing.get_type_hints(cls)
        self.fields = tuple(
            _compile(number, field.name, hints[field.name])
            for number, field in enumerate(dataclasses.fields(cls), start=1)
        )
        self.by_number = dict(enumerate(self.fields, start=1))


_PLANS: dict[type, _Plan] = {}


def _plan(cls: type) -> _Plan:
    plan = _PLANS.get(cls)
    if plan is None:
        plan = _PLANS[cls] = _Plan(cls)
    return plan


def _compile(number: int, name: str, hint: Any) -> _Field:
    supertype = getattr(hint, "__supertype__", None)  # NewType
    while supertype is not None:
        hint, supertype = supertype, getattr(supertype, "__supertype__", None)
    origin = typing.get_origin(hint)
    if origin is tuple:
        args = typing.get_args(hint)
        if len(args) != 2 or args[1] is not Ellipsis:
            raise TypeError(f"{name}: only tuple[X, ...] is supported")
        inner = _compile(number, name, args[0])
        packed = inner.wire == _VARINT
        return _Field(
            name, inner.kind, True, inner.item, _tag(number, _LENGTH if packed else inner.wire), inner.wire, ()
        )
    if origin in (typing.Union, types.UnionType):
        args = tuple(arg for arg in typing.get_args(hint) if arg is not type(None))
        if len(args) != 1 or not dataclasses.is_dataclass(args[0]):
            raise TypeError(f"{name}: only `record | None` is supported")
        return _Field(name, "optional", False, args[0], _tag(number, _LENGTH), _LENGTH, None)
    if hint is bool:
        return _Field(name, "bool", False, None, _tag(number, _VARINT), _VARINT, False)
    if hint is int:
        return _Field(name, "int", False, None, _tag(number, _VARINT), _VARINT, 0)
    if hint is bytes:
        return _Field(name, "bytes", False, None, _tag(number, _LENGTH), _LENGTH, b"")
    if hint is str:
        return _Field(name, "str", False, None, _tag(number, _LENGTH), _LENGTH, "")
    if isinstance(hint, type) and issubclass(hint, enum.IntEnum):
        return _Field(name, "enum", False, hint, _tag(number, _VARINT), _VARINT, hint(0))
    if dataclasses.is_dataclass(hint):
        return _Field(name, "record", False, hint, _tag(number, _LENGTH), _LENGTH, None)
    raise TypeError(f"{name}: {hint!r} has no canonical form")


def _tag(number: int, wire: int) -> bytes:
    return write_uvarint(number << 3 | wire)


def encode(value: object) -> bytes:
    """Return the canonical bytes of a record. Raises: ValueError if an integer does not fit its field."""
    out = bytearray()
    for field in _plan(type(value)).fields:
        item = getattr(value, field.name)
        if field.repeated:
            if not item:
                continue
            if field.wire == _VARINT:
                body = b"".join(write_uvarint(_u64(field.name, element)) for element in item)
                out += field.tag + write_uvarint(len(body)) + body
            else:
                for element in item:
                    body = _body(field, element)
                    out += field.tag + write_uvarint(len(body)) + body
        elif field.wire == _VARINT:
            if item:
                out += field.tag + write_uvarint(_u64(field.name, item))
        elif item is not None:
            body = _body(field, item)
            if body or field.kind == "optional":
                out += field.tag + write_uvarint(len(body)) + body
    return bytes(out)


def _u64(name: str, value: int) -> int:
    number = int(value)
    if not 0 <= number < U64_END:
        raise ValueError(f"{name} is {number}, outside 0..2^64-1")
    return number


def _body(field: _Field, item: Any) -> bytes:
    if field.kind == "bytes":
        return bytes(item)
    if field.kind == "str":
        return typing.cast(str, item).encode()
    return encode(item)


def decode(cls: type[T], data: bytes) -> T:
    """Return the record of class `cls` that `data` encodes. Raises: DecodeError."""
    return typing.cast(T, _decode(_plan(cls), data, 0))


def _decode(plan: _Plan, data: bytes, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise DecodeError("nested too deeply")
    values: dict[str, Any] = {}
    offset, end = 0, len(data)
    while offset < end:
        key, offset = read_uvarint(data, offset)
        field = plan.by_number.get(key >> 3)
        wire = key & 7
        if field is None:
            raise DecodeError(f"{plan.cls.__name__} has no field {key >> 3}")
        if wire == _VARINT and field.wire == _VARINT:
            number, offset = read_uvarint(data, offset)
            item = _scalar(field, number)
            if field.repeated:
                values.setdefault(field.name, []).append(item)
                continue
        elif wire == _LENGTH and (field.wire == _LENGTH or field.repeated):
            length, offset = read_uvarint(data, offset)
            if length > end - offset:
                raise DecodeError(f"{field.name} is truncated")
            body = data[offset : offset + length]
            offset += length
            if field.wire == _VARINT:
                items = values.setdefault(field.name, [])
                position = 0
                while position < length:
                    number, position = read_uvarint(body, position)
                    items.append(_scalar(field, number))
                continue
            item = _parse(field, body, depth)
            if field.repeated:
                values.setdefault(field.name, []).append(item)
                continue
        else:
            raise DecodeError(f"{field.name} has wire type {wire}")
        if field.name in values:
            raise DecodeError(f"{field.name} occurs twice")
        values[field.name] = item
    arguments = []
    for field in plan.fields:
        if field.repeated:
            arguments.append(tuple(values.get(field.name, ())))
        elif field.name in values:
            arguments.append(values[field.name])
        elif field.kind == "record":
            arguments.append(_decode(_plan(field.item), b"", depth + 1))
        else:
            arguments.append(field.default)
    return plan.cls(*arguments)


def _scalar(field: _Field, number: int) -> Any:
    if field.kind == "int":
        return number
    if field.kind == "bool":
        if number > 1:
            raise DecodeError(f"{field.name} is neither true nor false")
        return number == 1
    try:
        return field.item(number)
    except ValueError:
        raise DecodeError(f"{field.name} has no member {number}") from None


def _parse(field: _Field, body: bytes, depth: int) -> Any:
    if field.kind == "bytes":
        return body
    if field.kind == "str":
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise DecodeError(f"{field.name} is not UTF-8") from None
    return _decode(_plan(field.item), body, depth + 1)
