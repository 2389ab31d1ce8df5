"""What the bank module registers."""

from collections.abc import Callable
from typing import Any

from chain.context import QueryContext
from chain.module import Message, Module, QueryMethod
from chain.modules.bank import handlers, lifecycle, queries, types

_PACKAGE = "cosmos.bank.v1beta1"


def _query(name: str, function: Callable[[QueryContext, Any], Any]) -> QueryMethod:
    request, response = (getattr(types, f"Query{name}{suffix}") for suffix in ("Request", "Response"))
    return QueryMethod(f"{_PACKAGE}.Query/{name}", request, response, function)


MODULE = Module(
    name="bank",
    messages=(
        Message(f"/{_PACKAGE}.MsgSend", types.MsgSend, "from_address", handlers.send),
        Message(f"/{_PACKAGE}.MsgMultiSend", types.MsgMultiSend, "from_address", handlers.multi_send),
    ),
    queries=(
        _query("Balance", queries.balance),
        _query("AllBalances", queries.all_balances),
        _query("SpendableBalances", queries.spendable_balances),
        _query("SpendableBalanceByDenom", queries.spendable_balance_by_denom),
        _query("TotalSupply", queries.total_supply),
        _query("SupplyOf", queries.supply_of),
        _query("Params", queries.params),
        _query("DenomMetadata", queries.denom_metadata),
        _query("DenomsMetadata", queries.denoms_metadata),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    check_invariants=lifecycle.check_invariants,
)
