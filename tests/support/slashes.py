"""Where a bond goes that a fault costs, derived from sampling.md §8 and §9 alone: no rule of the chain is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.modules.disputes.types import (
    MsgChoose,
    MsgClaimReceipt,
    MsgClaimStop,
    MsgOpenLine,
    MsgProve,
    MsgReveal,
    PaymentReason,
)
from chain.modules.jobs.types import Unit
from chain.modules.models.types import ModelHeader
from chain.store.codec import encode
from tests.support.flows import TREASURY, Flows, add

Move = MsgReveal | MsgChoose | MsgProve | MsgOpenLine
MOVE_GAS, CLAIM_GAS, PROOF_GAS, BYTE_GAS, GAS_PRICE = 60_000, 100_000, 250_000, 10, 10_000
SUPPLY_GAS, SEAL_BYTES, BLIND_BYTES = 60_000, 48, 32
"""What moves and claims cost; uostr are gas / GAS_PRICE, rounded up."""
DISPUTE_FEE, JOB_FEE = 200, 200
"""G_max and F_job at that price."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bond, what it is for, and whose it is then."""

    reason: PaymentReason
    recipient: str
    amount: int


def parts_of_bond(
    bond: int,
    *,
    winner: str = TREASURY,
    cost: int = 0,
    work: Sequence[tuple[str, int]] = (),
    finders: Sequence[str] = (),
) -> list[Part]:
    """Divide S: three quarters to the treasury; of the rest the winner's moves, honest work, an eighth of S at most to
    those who found it, in this order and as far as it reaches; what is left follows to the treasury."""
    left = bond // 4
    parts = [Part(PaymentReason.FORFEIT, TREASURY, bond - left)]

    def take(reason: PaymentReason, recipient: str, amount: int) -> None:
        nonlocal left
        part = min(amount, left)
        if part:
            parts.append(Part(reason, recipient, part))
            left -= part

    take(PaymentReason.MOVES, winner, min(DISPUTE_FEE, cost))
    for operator, price in work:
        take(PaymentReason.WORK, operator, price)
    share = min(left, bond // 8) // len(finders) if finders else 0
    for finder in finders:
        take(PaymentReason.BOUNTY, finder, share)
    take(PaymentReason.REMAINDER, TREASURY, left)
    return parts


def flows_of(payer: str, parts: Sequence[Part]) -> Flows:
    """The same parts by payer and recipient."""
    return add({}, *({(payer, part.recipient): part.amount} for part in parts))


def by_reason(parts: Sequence[Part]) -> dict[PaymentReason, int]:
    found: dict[PaymentReason, int] = {}
    for part in parts:
        found[part.reason] = found.get(part.reason, 0) + part.amount
    return found


def move_cost(message: Move) -> int:
    """What a move costs at the least price of gas."""
    move = message.proof if isinstance(message, MsgProve) else message.move
    gas = PROOF_GAS if isinstance(message, MsgProve) else MOVE_GAS
    return _uostr(gas + BYTE_GAS * len(encode(move)))


def claim_cost(message: MsgClaimReceipt | MsgClaimStop) -> int:
    """What a claim costs at the least price of gas."""
    return _uostr(CLAIM_GAS + BYTE_GAS * len(encode(message)))


def demand_cost(prompt_tokens: int, tokens: int) -> int:
    """What a demand costs with the answers that it pays for: two boxes, each with 1 KiB of envelope."""
    boxes = [SEAL_BYTES + BLIND_BYTES + 4 * count + 1_024 for count in (prompt_tokens, tokens)]
    return _uostr(SUPPLY_GAS) + sum(_uostr(SUPPLY_GAS + BYTE_GAS * size) for size in boxes)


def _uostr(gas: int) -> int:
    return -(-gas // GAS_PRICE)


def deposit_of(unit: Unit) -> int:
    """What an outsider puts at stake: 4(G_max + F_job + 2(R+k))."""
    return 4 * (DISPUTE_FEE + JOB_FEE + 2 * (unit.terms.fee + unit.terms.check_pay))


def lost_deposit(opener: str, asserter: str, stake: int, cost: int) -> Flows:
    """Where the deposit of a lost line goes: what it has cost the asserter comes out of a quarter of it."""
    paid = min(cost, DISPUTE_FEE, stake // 4)
    return add({}, {(opener, TREASURY): stake - paid}, {(opener, asserter): paid})


def work_of(header: ModelHeader, unit: Unit, positions: int, tokens: int) -> int:
    """The work of a stage over so many positions and tokens."""
    done = positions * sum(header.layer_costs[unit.start : unit.end])
    return done + (tokens * header.head_cost if unit.end == header.num_layers else 0)


def price_of(header: ModelHeader, unit: Unit, positions: int, tokens: int) -> int:
    """R of what a stage really did, at 2/1000 uostr per unit of work."""
    return -(-2 * work_of(header, unit, positions, tokens) // 1000)


def shared(amount: int, shares: Mapping[str, int], payer: str) -> Flows:
    """Divide an amount by weight, rounded down; what is left is the treasury's."""
    found: Flows = {}
    for name, weight in shares.items():
        add(found, {(payer, name): amount * weight // sum(shares.values())})
    return add(found, {(payer, TREASURY): amount - sum(found.values())})


def claimed(payer: str, amount: int, bond: int, claimer: str) -> Flows:
    """Where the price of an unmet duty goes: a quarter, at most S//8, to whoever claims it."""
    share = min(amount // 4, bond // 8)
    return add({}, {(payer, TREASURY): amount - share}, {(payer, claimer): share})
