"""What anyone may read of the bank: the service of cosmos.bank."""

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.accounts.types import PageResponse
from chain.modules.bank import keeper, rules, state
from chain.modules.bank import types as t
from chain.modules.bank.types import Balance, Coin


def coin_of(held: Balance) -> Coin:
    """Return an amount as wallets write it."""
    return Coin(held.denom, str(held.amount))


def _one(context: QueryContext, address: str, denom: str) -> Coin:
    if not rules.is_denom(denom):
        raise Rejected(Code.INVALID_REQUEST, "denom: invalid")
    return Coin(denom, str(keeper.balance(context.store, address_of(address, "address"), denom)))


def _all(context: QueryContext, address: str) -> tuple[tuple[Coin, ...], PageResponse]:
    coins = tuple(map(coin_of, keeper.balances(context.store, address_of(address, "address"))))
    return coins, PageResponse(b"", len(coins))


def balance(context: QueryContext, request: t.QueryBalanceRequest) -> t.QueryBalanceResponse:
    """Return one balance, zero if there is none."""
    return t.QueryBalanceResponse(_one(context, request.address, request.denom))


def all_balances(context: QueryContext, request: t.QueryAllBalancesRequest) -> t.QueryAllBalancesResponse:
    """Return all balances of an account in one page: a chain has few denominations."""
    return t.QueryAllBalancesResponse(*_all(context, request.address))


def spendable_balances(
    context: QueryContext, request: t.QuerySpendableBalancesRequest
) -> t.QuerySpendableBalancesResponse:
    """Return what may be spent: everything."""
    return t.QuerySpendableBalancesResponse(*_all(context, request.address))


def spendable_balance_by_denom(
    context: QueryContext, request: t.QuerySpendableBalanceByDenomRequest
) -> t.QuerySpendableBalanceByDenomResponse:
    """Return what may be spent of one denomination: everything."""
    return t.QuerySpendableBalanceByDenomResponse(_one(context, request.address, request.denom))


def total_supply(context: QueryContext, request: t.QueryTotalSupplyRequest) -> t.QueryTotalSupplyResponse:
    """Return the supply of every denomination in one page."""
    held = sorted(state.SUPPLY.values(context.store), key=lambda one: one.denom)
    return t.QueryTotalSupplyResponse(tuple(map(coin_of, held)), PageResponse(b"", len(held)))


def supply_of(context: QueryContext, request: t.QuerySupplyOfRequest) -> t.QuerySupplyOfResponse:
    """Return the supply of one denomination, zero if there is none."""
    if not rules.is_denom(request.denom):
        raise Rejected(Code.INVALID_REQUEST, "denom: invalid")
    return t.QuerySupplyOfResponse(Coin(request.denom, str(keeper.supply(context.store, request.denom))))


def params(context: QueryContext, request: t.QueryParamsRequest) -> t.QueryParamsResponse:
    """Return the parameters: every denomination may be sent."""
    return t.QueryParamsResponse(t.BankParams((), True))


def denom_metadata(context: QueryContext, request: t.QueryDenomMetadataRequest) -> t.QueryDenomMetadataResponse:
    """Return how a denomination is shown. Raises: Rejected: NOT_FOUND."""
    found = state.METADATA.find(context.store, request.denom)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"client metadata for denom {request.denom}: key not found")
    return t.QueryDenomMetadataResponse(found)


def denoms_metadata(context: QueryContext, request: t.QueryDenomsMetadataRequest) -> t.QueryDenomsMetadataResponse:
    """Return how all denominations are shown, in one page."""
    found = sorted(state.METADATA.values(context.store), key=lambda one: one.base)
    return t.QueryDenomsMetadataResponse(tuple(found), PageResponse(b"", len(found)))
