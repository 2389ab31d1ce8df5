"""Canonical bytes for every record: the protobuf wire format with one encoding per value.

A record is a slotted dataclass that nobody changes; the field at position i has field number i. Fields ascend, defaults
are omitted, integers are shortest varints, so equal records have equal bytes, and any protobuf implementation reads
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
import operator
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
    """Make `cls` a slotted dataclass that `encode` and `decode` understand, and that nobody changes.

    That nobody does is checked before anything runs, by mypy and the determinism lint: a class that checks it at run
    time takes three times as long to make, and most of what a block does is making records (ADR 21).
    """
    return dataclasses.dataclass(slots=True, unsafe_hash=True)(cls)


def write_uvarint(value: int) -> bytes:
    """Return the shortest little-endian base-128 form of `value`."""
    if value < 0x80:
        return _ONE_BYTE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
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

    __slots__ = ("by_key", "by_number", "cls", "defaults", "fields", "records", "values", "writers")

    def __init__(self, cls: type) -> None:
        self.cls = cls
        hints = typing.get_type_hints(cls)
        self.fields = tuple(
            _compile(number, field.name, hints[field.name])
            for number, field in enumerate(dataclasses.fields(cls), start=1)
        )
        self.by_number = dict(enumerate(self.fields, start=1))
        self.by_key = _by_key(self.fields)
        plain = [pair for pair in enumerate(self.fields) if pair[1].kind == "record" and not pair[1].repeated]
        self.records = plain
        """Plain records, which have a value even when absent."""
        self.writers = [(field.tag, _MANY if field.repeated else _KINDS[field.kind], field) for field in self.fields]
        self.defaults: list[Any] = [field.default for field in self.fields]
        names = [field.name for field in self.fields]
        getter = operator.attrgetter(*names) if names else None
        self.values: Callable[[Any], Any] = (
            (lambda value: ()) if getter is None else (lambda value: (getter(value),)) if len(names) == 1 else getter
        )


_BYTES, _STR, _INT, _SCALAR, _RECORD, _PACKED, _MANY = range(7)
_NUMBERS = (_INT, _SCALAR)
_TEXTS = (_BYTES, _STR)
_KINDS = {
    "bytes": _BYTES,
    "str": _STR,
    "int": _INT,
    "bool": _SCALAR,
    "enum": _SCALAR,
    "record": _RECORD,
    "optional": _RECORD,
}


def _by_key(fields: tuple[_Field, ...]) -> dict[int, tuple[int, int, _Field]]:
    """Return (position, how to read it, field) by the key that leads a field on the wire."""
    slots = {}
    for index, field in enumerate(fields):
        slots[index + 1 << 3 | field.wire] = (index, _KINDS[field.kind], field)
        if field.repeated and field.wire == _VARINT:
            slots[index + 1 << 3 | _LENGTH] = (index, _PACKED, field)
    return slots


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
    plan = _plan(type(value))
    out = bytearray()
    for (tag, kind, field), item in zip(plan.writers, plan.values(value), strict=True):
        if kind in _TEXTS:
            if item:
                body = item if kind == _BYTES else item.encode()
                size = len(body)
                out += tag
                out += _ONE_BYTE[size] if size < 0x80 else write_uvarint(size)
                out += body
        elif kind in _NUMBERS:
            if item:
                out += tag
                out += _ONE_BYTE[item] if 0 < item < 0x80 else write_uvarint(_u64(field.name, item))
        elif not field.repeated:
            if item is not None:
                body = encode(item)
                if body or field.kind == "optional":
                    out += tag + write_uvarint(len(body)) + body
        elif item:
            if field.wire == _VARINT:
                body = b"".join(
                    [_ONE_BYTE[one] if 0 <= one < 0x80 else write_uvarint(_u64(field.name, one)) for one in item]
                )
                out += tag + write_uvarint(len(body)) + body
            else:
                for element in item:
                    body = _body(field, element)
                    out += tag + write_uvarint(len(body)) + body
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
    values = plan.defaults.copy()
    by_key = plan.by_key
    lists: dict[int, list[Any]] = {}
    offset, end, seen = 0, len(data), 0
    item: Any
    while offset < end:
        key = data[offset]
        if key < 0x80:
            offset += 1
        else:
            key, offset = read_uvarint(data, offset)
        slot = by_key.get(key)
        if slot is None:
            raise _misplaced(plan, key)
        index, kind, field = slot
        if kind in _NUMBERS:
            if offset < end and (number := data[offset]) < 0x80:
                offset += 1
            else:
                number, offset = read_uvarint(data, offset)
            item = number if kind == _INT else _scalar(field, number)
        else:
            # One byte tells almost every length, and many a number.
            if offset < end and (length := data[offset]) < 0x80:
                offset += 1
            else:
                length, offset = read_uvarint(data, offset)
            if length > end - offset:
                raise DecodeError(f"{field.name} is truncated")
            item = data[offset : offset + length]
            offset += length
            if kind == _PACKED:
                lists.setdefault(index, []).extend(_unpacked(field, item))
                continue
            if kind == _STR:
                try:
                    item = item.decode()
                except UnicodeDecodeError:
                    raise DecodeError(f"{field.name} is not UTF-8") from None
            elif kind == _RECORD:
                item = _decode(_plan(field.item), item, depth + 1)
        if field.repeated:
            lists.setdefault(index, []).append(item)
        elif seen >> index & 1:
            raise DecodeError(f"{field.name} occurs twice")
        else:
            seen |= 1 << index
            values[index] = item
    for index, items in lists.items():
        values[index] = tuple(items)
    for index, field in plan.records:
        if values[index] is None:
            values[index] = _decode(_plan(field.item), b"", depth + 1)
    return plan.cls(*values)


def _misplaced(plan: _Plan, key: int) -> DecodeError:
    field = plan.by_number.get(key >> 3)
    if field is None:
        return DecodeError(f"{plan.cls.__name__} has no field {key >> 3}")
    return DecodeError(f"{field.name} has wire type {key & 7}")


def _unpacked(field: _Field, body: bytes) -> list[Any]:
    items: list[Any] = []
    number = shift = 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        if byte >= 0x80:
            shift += 7
            if shift > 63:
                raise DecodeError("integer longer than ten bytes")
            continue
        if number >= U64_END:
            raise DecodeError("integer exceeds 64 bits")
        items.append(number if field.kind == "int" else _scalar(field, number))
        number = shift = 0
    if shift:
        raise DecodeError("truncated integer")
    return items


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
