"""Our records of Cosmos messages and the generated protobuf code say the same, bytes included."""

import dataclasses
from typing import Any

import pytest
from google.protobuf import any_pb2
from hypothesis import given
from hypothesis import strategies as st

from chain.modules.accounts import types as accounts
from chain.modules.bank import types as bank
from chain.modules.treasury import types as treasury
from chain.store.codec import decode, encode
from chain.tx import TxMsgData
from chain.wire.accounts.v1 import accounts_pb2
from chain.wire.bank.v1 import bank_pb2 as own_bank_pb2
from chain.wire.cosmos.auth.v1beta1 import auth_pb2
from chain.wire.cosmos.auth.v1beta1 import query_pb2 as auth_query_pb2
from chain.wire.cosmos.bank.v1beta1 import bank_pb2, tx_pb2
from chain.wire.cosmos.bank.v1beta1 import query_pb2 as bank_query_pb2
from chain.wire.cosmos.base.abci.v1beta1 import abci_pb2
from chain.wire.cosmos.base.query.v1beta1 import pagination_pb2
from chain.wire.cosmos.base.v1beta1 import coin_pb2
from chain.wire.treasury.v1 import treasury_pb2

RENAMED = {"AnyValue": "Any", "AuthParams": "Params", "BankParams": "Params"}
"""Records that could not keep their published name beside another of the same module."""
SOURCES = {
    accounts: (auth_pb2, auth_query_pb2, pagination_pb2, any_pb2),
    bank: (bank_pb2, tx_pb2, bank_query_pb2, coin_pb2),
    treasury: (treasury_pb2,),
}
OWN = {
    accounts.Account: accounts_pb2.Account,
    accounts.Params: accounts_pb2.Params,
    accounts.ChainFacts: accounts_pb2.ChainFacts,
    bank.Balance: own_bank_pb2.Balance,
}
"""Stored records, which are ours alone."""


def published(module: Any, record: type) -> Any:
    if record in OWN:
        return OWN[record]
    name = RENAMED.get(record.__name__, record.__name__)
    return next(getattr(source, name) for source in SOURCES[module] if hasattr(source, name))


PAIRS = [
    (record, published(module, record))
    for module in SOURCES
    for record in vars(module).values()
    if dataclasses.is_dataclass(record) and isinstance(record, type) and record.__module__ == module.__name__
]


@pytest.mark.parametrize(("record", "message"), PAIRS, ids=lambda item: item.__name__)
def test_fields_have_the_published_numbers(record: Any, message: Any) -> None:
    ours = {field.name: number for number, field in enumerate(dataclasses.fields(record), start=1)}
    theirs = {field.name: field.number for field in message.DESCRIPTOR.fields}
    assert ours == theirs


coin = st.builds(bank.Coin, st.text(max_size=9), st.text(max_size=9))


@given(st.builds(bank.MsgSend, st.text(), st.text(), st.lists(coin, max_size=3).map(tuple)))
def test_bytes_of_a_send_are_protobufs(message: bank.MsgSend) -> None:
    parsed = tx_pb2.MsgSend.FromString(encode(message))
    assert parsed.SerializeToString() == encode(message)
    assert decode(bank.MsgSend, parsed.SerializeToString()) == message


def test_the_data_of_a_result_is_tx_msg_data() -> None:
    ours = encode(TxMsgData((), (accounts.AnyValue("/a", b"x"), accounts.AnyValue("/b", b""))))
    parsed = abci_pb2.TxMsgData.FromString(ours)
    assert [(one.type_url, one.value) for one in parsed.msg_responses] == [("/a", b"x"), ("/b", b"")]
    assert parsed.SerializeToString() == ours
