"""What the accounts module registers."""

from chain.module import Module, QueryMethod
from chain.modules.accounts import lifecycle, queries, types

_SERVICE = "cosmos.auth.v1beta1.Query"

MODULE = Module(
    name="accounts",
    queries=(
        QueryMethod(f"{_SERVICE}/Account", types.QueryAccountRequest, types.QueryAccountResponse, queries.account),
        QueryMethod(
            f"{_SERVICE}/AccountInfo",
            types.QueryAccountInfoRequest,
            types.QueryAccountInfoResponse,
            queries.account_info,
        ),
        QueryMethod(f"{_SERVICE}/Accounts", types.QueryAccountsRequest, types.QueryAccountsResponse, queries.accounts),
        QueryMethod(f"{_SERVICE}/Params", types.QueryParamsRequest, types.QueryParamsResponse, queries.params),
        QueryMethod(
            f"{_SERVICE}/Bech32Prefix", types.Bech32PrefixRequest, types.Bech32PrefixResponse, queries.bech32_prefix
        ),
        QueryMethod(
            f"{_SERVICE}/AddressBytesToString",
            types.AddressBytesToStringRequest,
            types.AddressBytesToStringResponse,
            queries.address_bytes_to_string,
        ),
        QueryMethod(
            f"{_SERVICE}/AddressStringToBytes",
            types.AddressStringToBytesRequest,
            types.AddressStringToBytesResponse,
            queries.address_string_to_bytes,
        ),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    check_invariants=lifecycle.check_invariants,
)
