"""Every formula of rates, bonds and prices, in integers: charges round up, payouts round down.

`Q = 2^32` is the one of rates and probabilities. A unit's price R stands for what the work costs, which nobody can
observe. A cheater surely loses L of its bond S when caught; required detection D makes cheating lose by the multiple
m; the rate λ is the expected number of drawn checkers that finds a cheat with probability D although a coalition of
share r stays silent and only the share ρ of duties is fulfilled: the chance that no honest worker is drawn is
e^(−λ(1−r)ρ) <= 1 − D.
"""

from dataclasses import dataclass

from chain.modules.rates.types import Params, Terms

Q = 1 << 32
"""One, in 32-bit fixed point."""
RHO_ONE = 1 << 16
"""One, in the fixed point of ρ."""
LN2 = 0xB17217F7D1CF79AC
"""ceil(2^64 * ln 2)."""
SECOND_LOOK = 1 << 31
"""Detection that the second look adds: one half."""
MAX_PRICE = 1 << 48
"""Dearer units would overflow the 64-bit fields of their sums."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The declared value is beyond what the largest bond can cover."""

    largest_value: int | None
    """V_max; None if no value is accepted at all."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where one unit's money goes; the rest of the escrow returns to the requester."""

    to_asserter: int
    to_pool: int
    to_treasury: int

    @property
    def total(self) -> int:
        """Return what the requester pays."""
        return self.to_asserter + self.to_pool + self.to_treasury


def ceil_div(numerator: int, denominator: int) -> int:
    """Return the quotient rounded up."""
    return -(-numerator // denominator)


def negln32(detection: int) -> int:
    """Return ceil(Q * -ln(1 - detection/Q)) for 0 <= detection < Q.

    With z in (1/2, 1] the normalised 1 - d/Q, -ln z = 2*artanh((1-z)/(1+z)), a series of positive terms, each rounded
    up, so the result is never too small.
    """
    if not 0 <= detection < Q:
        raise ValueError("a detection is at least 0 and below one")
    if detection == 0:
        return 0
    shift = 32 - (Q - detection).bit_length()
    z = (Q - detection) << shift
    term = ceil_div((Q - z) << 64, Q + z)
    square = ceil_div(term * term, 1 << 64)
    total, odd, power = 0, 1, term
    while power > 1 and odd < 41:
        total += ceil_div(power, odd)
        power = ceil_div(power * square, 1 << 64)
        odd += 2
    return ceil_div(shift * LN2 + 2 * (total + 2), 1 << 32)


def rate(detection: int, coalition_numerator: int, coalition_denominator: int, fulfilled: int) -> int:
    """Return λ(d): the expected number of checkers that detects with probability d."""
    return ceil_div(
        negln32(detection) * coalition_denominator * RHO_ONE,
        (coalition_denominator - coalition_numerator) * fulfilled,
    )


def second_rate(unit: Terms) -> int:
    """Return λ2 of a unit: the rate of the second look, under the unit's frozen shares."""
    return rate(SECOND_LOOK, unit.coalition_numerator, unit.coalition_denominator, unit.fulfilled)


def threshold(rate_value: int, weight: int, total_weight: int) -> int:
    """Return T_i: a worker of `weight` is drawn iff its ticket, as a number, is below."""
    if total_weight <= 0:
        return 0
    return min(1 << 256, ceil_div(rate_value * weight << 224, total_weight))


def is_drawn(ticket: bytes, rate_value: int, weight: int, total_weight: int) -> bool:
    """Say whether a ticket wins."""
    return int.from_bytes(ticket, "big") < threshold(rate_value, weight, total_weight)


def work(layer_costs: tuple[int, ...], start: int, end: int, head_cost: int, positions: int, outputs: int) -> int:
    """Return the work of layers [start, end) for N `positions`, and of the head for T `outputs` behind the last."""
    units = positions * sum(layer_costs[start:end])
    return units + outputs * head_cost if end == len(layer_costs) else units


def price(params: Params, units: int) -> int:
    """Return R of some work."""
    return ceil_div(params.price_numerator * units, params.price_denominator)


def check_pay(params: Params, units: int) -> int:
    """Return k: price of one check of some work, with the fees of its two messages."""
    paid = ceil_div(params.check_price_numerator * units, params.check_price_denominator)
    return paid + params.commit_fee + params.reveal_fee


def loss(bond: int) -> int:
    """Return L: what a cheater surely loses of S."""
    return bond - bond // 4


def detection(multiple: int, fee: int, value: int, loss_value: int) -> int:
    """Return D for price R, effective value V_e and loss L."""
    return ceil_div(Q * multiple * (fee + value), fee + loss_value)


def least_bond(params: Params, fee: int, pay: int) -> int:
    """Return the part of S that does not depend on the value: floor, and four times what a dispute may cost."""
    return max(params.bond_floor, 4 * (params.dispute_fee + params.job_fee + 2 * (fee + pay)))


def bond(params: Params, fee: int, pay: int, value: int) -> int:
    """Return S for price R, check pay k and effective value V_e."""
    required = max(0, ceil_div(Q * params.multiple * (fee + value), params.detection_target) - fee)
    return max(least_bond(params, fee, pay), min(params.bond_cap, ceil_div(4 * required, 3)))


def largest_value(params: Params, fee: int, pay: int) -> int | None:
    """Return V_max at the largest bond, or None if not even the price itself can be covered."""
    largest = loss(max(least_bond(params, fee, pay), params.bond_cap))
    value = params.detection_cap * (fee + largest) // (Q * params.multiple) - fee
    return value if value >= fee else None


def largest_value_at(params: Params, fee: int, bond_value: int) -> int:
    """Return V_max at a given bond S; below R no value is covered."""
    return params.detection_cap * (fee + loss(bond_value)) // (Q * params.multiple) - fee


def canary_rate(params: Params, unit: Terms) -> int:
    """Return how often a baited unit counts as a canary, of 2^32.

    As one unit of `canary_spacing` is baited, the two together come to k/(D2·S): who confirms or keeps silent without
    computing loses by it what the check costs.
    """
    return min(Q, ceil_div(params.canary_spacing * unit.check_pay * Q * Q, SECOND_LOOK * unit.bond))


def batch_loss(multiple: int, fee: int, value: int, leaves: int, detection_value: int) -> int:
    """Return the least L behind a batch of `leaves` results, of the largest price R and value V_e among them.

    A forger of every leaf keeps what it gained from this batch and, on average, from Q/D leaves before it is found:
    one S that covers a single leaf would pay the forger of all.
    """
    if not 0 < detection_value < Q:
        raise ValueError("a batch is drawn with a detection above 0 and below one")
    return multiple * (fee + value) * (leaves + ceil_div(Q, detection_value))


def batch_bond(loss_value: int) -> int:
    """Return an S of which a cheater surely loses at least `loss_value`."""
    return ceil_div(4 * loss_value, 3)


def check_charge(pay: int, rate_floor: int, rate_second: int) -> int:
    """Return K: what the requester pays for the expected checks, the second look's included."""
    return ceil_div(pay * second_look(rate_floor, rate_second), Q)


def second_look(rate_value: int, rate_second: int) -> int:
    """Return the expected number of checkers of both draws: there is a second one if the first found somebody."""
    return rate_value + ceil_div(min(rate_value, Q) * rate_second, Q)


def newcomer_rate(rate_floor: int, rate_cap: int, rate_second: int, fee: int, pay: int) -> int:
    """Return λ of a worker without reputation: up to near certainty, as far as half its fee pays for both looks.

    The requester pays for both looks at λ1.
    """
    paid = second_look(rate_floor, rate_second) + Q * fee // (2 * pay)
    affordable = paid - rate_second if paid >= Q + rate_second else paid * Q // (Q + rate_second)
    return max(rate_floor, min(rate_cap, affordable))


def reputed_rate(rate_floor: int, rate_new: int, score: int, full: int) -> int:
    """Return λ of a worker of some reputation: from the newcomer's down to λ1 in a straight line, never below."""
    if not full:
        return rate_new
    return rate_floor + ceil_div((rate_new - rate_floor) * (full - min(score, full)), full)


def terms(params: Params, units: int, value: int, fulfilled: int | None = None, score: int = 0) -> Terms | Refusal:
    """Return what a unit of `units` work at the token limit costs under declared value V, or why it is refused.

    `fulfilled` is the measured ρ, if it is not the one measuring begins with; `score` its worker's reputation.
    """
    fee, pay = price(params, units), check_pay(params, units)
    if max(fee, pay) >= MAX_PRICE:
        return Refusal(None)
    effective = max(value, fee)
    reserved = bond(params, fee, pay, effective)
    lost = loss(reserved)
    needed = detection(params.multiple, fee, effective, lost)
    if needed > params.detection_cap:
        return Refusal(largest_value(params, fee, pay))
    share = (params.coalition_numerator, params.coalition_denominator, fulfilled or params.fulfilled)
    floor, second = rate(needed, *share), rate(SECOND_LOOK, *share)
    charge = check_charge(pay, floor, second)
    rent = ceil_div(reserved * params.lock_blocks * params.rent_numerator, params.rent_denominator)
    newcomer = newcomer_rate(floor, rate(params.detection_cap, *share), second, fee, pay)
    return Terms(
        work=units,
        fee=fee,
        check_pay=pay,
        check_charge=charge,
        rent=rent,
        treasury=ceil_div(params.treasury_numerator * (fee + charge + rent), params.treasury_denominator),
        bond=reserved,
        loss=lost,
        detection=needed,
        rate_floor=floor,
        rate=reputed_rate(floor, newcomer, score, params.reputation_full),
        coalition_numerator=params.coalition_numerator,
        coalition_denominator=params.coalition_denominator,
        fulfilled=share[2],
        price_numerator=params.price_numerator,
        price_denominator=params.price_denominator,
        treasury_numerator=params.treasury_numerator,
        treasury_denominator=params.treasury_denominator,
        score=score,
        check_fees=params.commit_fee + params.reveal_fee,
    )


def cost(unit: Terms) -> int:
    """Return a unit's part of the escrow."""
    return unit.fee + unit.check_charge + unit.rent + unit.treasury


def check_pay_done(unit: Terms, done: int) -> int:
    """Return what one check of a unit pays: k, as far as there was work to check, and its messages."""
    if done >= unit.work:
        return unit.check_pay
    priced = unit.check_pay - unit.check_fees
    return unit.check_fees + ceil_div(priced * done, unit.work)


def extra_checks(unit: Terms, done: int, num_eligible: int) -> int:
    """Return what the checks of a newcomer's unit are expected to cost beyond those that K pays for."""
    second = second_rate(unit)
    additional = min(second_look(unit.rate, second), Q * num_eligible) - second_look(unit.rate_floor, second)
    return ceil_div(check_pay_done(unit, done) * max(0, additional), Q)


def settle(unit: Terms, done: int, num_eligible: int, is_opened: bool) -> Settlement:
    """Return where the money of a final unit goes; `done` is the work really done, at most the limit's.

    A newcomer pays for its additional checks with at most half of what it earned; where the answer ended so early that
    this does not suffice, the requester pays the rest out of the fee it saves, or a cancelled job would empty the pool.
    An asserter that did not open its seal earns neither fee nor rent: the requester keeps them.
    """
    fee = ceil_div(unit.price_numerator * min(done, unit.work), unit.price_denominator)
    tax = ceil_div(unit.treasury_numerator * (fee + unit.check_charge + unit.rent), unit.treasury_denominator)
    if not is_opened:
        return Settlement(0, unit.check_charge, tax)
    wanted = extra_checks(unit, done, num_eligible)
    shared = min(fee // 2, wanted)
    added = min(wanted - shared, unit.fee - fee)
    return Settlement(fee - shared + unit.rent, unit.check_charge + shared + added, tax)
