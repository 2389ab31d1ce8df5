"""Records as JSON for people: genesis files and `--output json`. Bytes are hex, integers beyond 2^53 are strings."""

import dataclasses
import enum
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")
_SAFE_INTEGER = 1 << 53


def to_json(value: Any) -> Any:
    """Return the JSON value of a record, a tuple of records or a scalar."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, enum.IntEnum):
        return value.name
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value if -_SAFE_INTEGER < value < _SAFE_INTEGER else str(value)
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(cls: type[T], data: Any, path: str = "") -> T:
    """Return the record of class `cls`. Raises: ValueError naming the field that is missing, unknown or malformed."""
    return typing.cast(T, _parse(cls, data, path or cls.__name__))


def _parse(hint: Any, data: Any, path: str) -> Any:
    supertype = getattr(hint, "__supertype__", None)
    while supertype is not None:
        hint, supertype = supertype, getattr(supertype, "__supertype__", None)
    origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{path} must be a list")
        inner = typing.get_args(hint)[0]
        return tuple(_parse(inner, item, f"{path}[{index}]") for index, item in enumerate(data))
    if origin in (typing.Union, types.UnionType):
        if data is None:
            return None
        return _parse(next(arg for arg in typing.get_args(hint) if arg is not type(None)), data, path)
    if hint is bool:
        if not isinstance(data, bool):
            raise ValueError(f"{path} must be true or false")
        return data
    if hint is int:
        if isinstance(data, str) and data.isascii() and data.isdigit():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < 1 << 64:
            raise ValueError(f"{path} must be an integer in 0..2^64-1")
        return data
    if hint is bytes:
        try:
            return bytes.fromhex(data)
        except (TypeError, ValueError):
            raise ValueError(f"{path} must be hexadecimal") from None
    if hint is str:
        if not isinstance(data, str):
            raise ValueError(f"{path} must be a string")
        return data
    if isinstance(hint, type) and issubclass(hint, enum.IntEnum):
        if data not in hint.__members__:
            raise ValueError(f"{path} must be one of {', '.join(hint.__members__)}")
        return hint[data]
    if dataclasses.is_dataclass(hint):
        if not isinstance(data, dict):
            raise ValueError(f"{path} must be an object")
        hints = typing.get_type_hints(hint)
        names = [field.name for field in dataclasses.fields(hint)]
        unknown = sorted(data.keys() - set(names))
        if unknown:
            raise ValueError(f"{path}.{unknown[0]} is unknown")
        arguments = {}
        for field in dataclasses.fields(hint):
            if field.name in data:
                arguments[field.name] = _parse(hints[field.name], data[field.name], f"{path}.{field.name}")
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise ValueError(f"{path}.{field.name} is missing")
        return typing.cast(type, hint)(**arguments)
    raise TypeError(f"{path}: {hint!r} has no JSON form")
