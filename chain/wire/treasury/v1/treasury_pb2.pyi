from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Params(_message.Message):
    __slots__ = ("gas_price_numerator", "gas_price_denominator")
    GAS_PRICE_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    GAS_PRICE_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    gas_price_numerator: int
    gas_price_denominator: int
    def __init__(self, gas_price_numerator: _Optional[int] = ..., gas_price_denominator: _Optional[int] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryBalancesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ModuleBalance(_message.Message):
    __slots__ = ("name", "address", "amount")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    address: str
    amount: int
    def __init__(self, name: _Optional[str] = ..., address: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class QueryBalancesResponse(_message.Message):
    __slots__ = ("balances",)
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    balances: _containers.RepeatedCompositeFieldContainer[ModuleBalance]
    def __init__(self, balances: _Optional[_Iterable[_Union[ModuleBalance, _Mapping]]] = ...) -> None: ...
