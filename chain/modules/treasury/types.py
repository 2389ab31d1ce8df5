"""The nouns of the treasury module."""

from chain.store.codec import record


@record
class Params:
    """The least price of gas that a block takes; nodes may ask for more before they relay."""

    gas_price_numerator: int
    gas_price_denominator: int
    """uostr per unit of gas, as a fraction."""


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryBalancesRequest:
    """Ask what the modules' accounts hold."""


@record
class ModuleBalance:
    """What one module's account holds."""

    name: str
    address: str
    amount: int
    """uostr."""


@record
class QueryBalancesResponse:
    """Balances in the order bonds, escrow, check_pool, treasury, fee_collector, held_slashes."""

    balances: tuple[ModuleBalance, ...]
