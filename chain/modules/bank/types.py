"""The nouns of the bank module."""

from typing import Final

from chain.modules.accounts.types import PageRequest, PageResponse
from chain.store.codec import record

DENOM: Final = "uostr"
"""The base denomination; a millionth of an OSTR."""
MODULE_ACCOUNTS: Final = ("bonds", "escrow", "check_pool", "treasury", "fee_collector", "held_slashes")
"""Accounts that modules own: no key signs for them, and users cannot send to them."""


@record
class Coin:
    """An amount as wallets write it."""

    denom: str
    amount: str
    """Decimal digits."""


@record
class Balance:
    """An amount as state holds it; key: (address, denom) for balances, denom for supply."""

    denom: str
    amount: int


@record
class MsgSend:
    """Move coins to another account."""

    from_address: str
    to_address: str
    amount: tuple[Coin, ...]


@record
class MsgSendResponse:
    """Done."""


@record
class Input:
    """Coins taken from an account."""

    address: str
    coins: tuple[Coin, ...]


@record
class Output:
    """Coins given to an account."""

    address: str
    coins: tuple[Coin, ...]


@record
class MsgMultiSend:
    """Move coins from one account to several."""

    inputs: tuple[Input, ...]
    """Exactly one."""
    outputs: tuple[Output, ...]

    @property
    def from_address(self) -> str:
        """The account that pays, and therefore signs."""
        return self.inputs[0].address if self.inputs else ""


@record
class MsgMultiSendResponse:
    """Done."""


@record
class DenomUnit:
    """A multiple of the base denomination."""

    denom: str
    exponent: int
    aliases: tuple[str, ...]


@record
class Metadata:
    """How wallets show a denomination; key: denom."""

    description: str
    denom_units: tuple[DenomUnit, ...]
    base: str
    display: str
    name: str
    symbol: str
    uri: str = ""
    uri_hash: str = ""


@record
class SendEnabled:
    """Whether a denomination may be sent."""

    denom: str
    enabled: bool


@record
class BankParams:
    """cosmos.bank.v1beta1.Params."""

    send_enabled: tuple[SendEnabled, ...]
    default_send_enabled: bool


@record
class QueryBalanceRequest:
    """Ask for one balance."""

    address: str
    denom: str


@record
class QueryBalanceResponse:
    """The balance, zero if there is none."""

    balance: Coin | None


@record
class QueryAllBalancesRequest:
    """Ask for all balances of an account."""

    address: str
    pagination: PageRequest | None = None
    resolve_denom: bool = False


@record
class QueryAllBalancesResponse:
    """Balances by denomination."""

    balances: tuple[Coin, ...]
    pagination: PageResponse | None


@record
class QuerySpendableBalancesRequest:
    """Ask for what an account may spend."""

    address: str
    pagination: PageRequest | None = None


@record
class QuerySpendableBalancesResponse:
    """Balances by denomination."""

    balances: tuple[Coin, ...]
    pagination: PageResponse | None


@record
class QuerySpendableBalanceByDenomRequest:
    """Ask for what an account may spend of one denomination."""

    address: str
    denom: str


@record
class QuerySpendableBalanceByDenomResponse:
    """The balance, zero if there is none."""

    balance: Coin | None


@record
class QueryTotalSupplyRequest:
    """Ask for the supply of every denomination."""

    pagination: PageRequest | None = None


@record
class QueryTotalSupplyResponse:
    """Supply by denomination."""

    supply: tuple[Coin, ...]
    pagination: PageResponse | None


@record
class QuerySupplyOfRequest:
    """Ask for the supply of one denomination."""

    denom: str


@record
class QuerySupplyOfResponse:
    """The supply."""

    amount: Coin | None


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: BankParams | None


@record
class QueryDenomMetadataRequest:
    """Ask how a denomination is shown."""

    denom: str


@record
class QueryDenomMetadataResponse:
    """The description."""

    metadata: Metadata | None


@record
class QueryDenomsMetadataRequest:
    """Ask how all denominations are shown."""

    pagination: PageRequest | None = None


@record
class QueryDenomsMetadataResponse:
    """The descriptions."""

    metadatas: tuple[Metadata, ...]
    pagination: PageResponse | None
