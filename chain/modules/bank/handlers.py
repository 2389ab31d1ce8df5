"""What users may ask of the bank."""

from chain.context import Context
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.bank import keeper, rules
from chain.modules.bank.types import MsgMultiSend, MsgMultiSendResponse, MsgSend, MsgSendResponse

MAX_OUTPUTS = 256
"""Recipients of one MsgMultiSend."""
GAS_PER_OUTPUT = 5_000
"""Charged for every recipient of a MsgMultiSend."""


def send(ctx: Context, msg: MsgSend) -> MsgSendResponse:
    """Move coins. Raises: Rejected: INVALID_ADDRESS, INVALID_COINS, UNAUTHORIZED, INSUFFICIENT_FUNDS."""
    sender = address_of(msg.from_address, "from_address")
    recipient = _recipient(msg.to_address, "to_address")
    keeper.transfer_coins(ctx, sender, recipient, rules.parse_coins(msg.amount))
    return MsgSendResponse()


def multi_send(ctx: Context, msg: MsgMultiSend) -> MsgMultiSendResponse:
    """Move coins from one account to several.

    Raises: Rejected: INVALID_REQUEST if the counts are wrong, INVALID_COINS if the sums differ; else as `send`.
    """
    if len(msg.inputs) != 1:
        raise Rejected(Code.INVALID_REQUEST, "inputs: exactly one is allowed")
    if not 0 < len(msg.outputs) <= MAX_OUTPUTS:
        raise Rejected(Code.INVALID_REQUEST, f"outputs: 1 to {MAX_OUTPUTS} are allowed")
    ctx.gas.charge(GAS_PER_OUTPUT * len(msg.outputs), "recipients")
    sender = address_of(msg.inputs[0].address, "inputs[0].address")
    taken = rules.parse_coins(msg.inputs[0].coins)
    given = [rules.parse_coins(output.coins) for output in msg.outputs]
    if rules.total([taken]) != rules.total(given):
        raise Rejected(Code.INVALID_COINS, "inputs and outputs differ in their sums")
    for index, (output, coins) in enumerate(zip(msg.outputs, given, strict=True)):
        keeper.transfer_coins(ctx, sender, _recipient(output.address, f"outputs[{index}].address"), coins)
    return MsgMultiSendResponse()


def _recipient(text: str, field: str) -> bytes:
    address = address_of(text, field)
    if address in keeper.MODULE_ADDRESSES:
        raise Rejected(Code.UNAUTHORIZED, f"{field}: {text} is a module's account and takes no transfers")
    return address
