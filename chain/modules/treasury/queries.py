"""What anyone may read of the treasury."""

from chain.context import QueryContext
from chain.crypto.keys import encode_address, module_address
from chain.modules.bank import keeper as bank
from chain.modules.bank.types import MODULE_ACCOUNTS
from chain.modules.treasury import keeper
from chain.modules.treasury.types import (
    ModuleBalance,
    QueryBalancesRequest,
    QueryBalancesResponse,
    QueryParamsRequest,
    QueryParamsResponse,
)


def params(context: QueryContext, request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the price of gas."""
    return QueryParamsResponse(keeper.params(context.store))


def balances(context: QueryContext, request: QueryBalancesRequest) -> QueryBalancesResponse:
    """Return what the modules' accounts hold."""
    found = []
    for name in MODULE_ACCOUNTS:
        address = module_address(name)
        found.append(ModuleBalance(name, encode_address(address), bank.balance(context.store, address)))
    return QueryBalancesResponse(tuple(found))
