"""Who lives in the simulated town, under which parameters, and what things cost them.

The windows are short, so that a round is over in some thirty blocks, and many rounds are open at once. Prices are such
that fees of transactions are small beside the price of a unit, as they are where anything is at stake.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from chain.modules.disputes.types import Params as DisputesParams
from chain.parameters import LOCALNET, OSTR, ParameterSet

BOND = 100_000 * OSTR
"""Of every worker; far above what its open work holds, unless a setting says otherwise."""
BALANCE = 1_000_000 * OSTR
UNIT_PRICE = 10_000
"""R of the last stage, uostr."""
GAME = DisputesParams(
    clock_blocks=9,
    open_blocks=4,
    extension_blocks=2,
    moves_per_block=1_000,
    max_lines=8,
    max_attempts=2,
    witness_blocks=1,
)
EXPIRY = 24
SAMPLING = {
    "round_blocks": 4,
    "epoch_blocks": 8,
    "commit_blocks": 3,
    "reveal_blocks": 3,
    "open_blocks": 3,
    "dispute_blocks": 90,
    "proof_blocks": 30,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about a run that no strategy chooses."""

    rounds: int = 100
    jobs_per_round: int = 2
    multiple: int = 2
    min_checkers: int = 2
    coalition: Fraction = Fraction(1, 3)
    """r that the parameters declare."""
    value: int = 2 * UNIT_PRICE
    """V of every job."""
    undeclared: int = 0
    """What a lie is worth to its teller beyond V."""
    target: Fraction = Fraction(3, 5)
    """D_target: the detection that is bought wherever a bond above the least one is needed."""
    check_price: Fraction = Fraction(2, 5)
    """Price of a check per price of running."""
    bond: int = BOND
    server_bond: int = BOND
    """Of those that serve."""
    max_tokens: int = 2
    """Limit of the honest requesters' jobs."""
    run_cost: Fraction = Fraction(9, 10)
    """What running a unit costs its worker, per R."""
    check_cost: Fraction = Fraction(9, 10)
    """What a check costs its checker, per k without the fees in it."""
    capital: Fraction = Fraction(1, 1_000_000)
    """What a reserved bond costs its owner in a block."""
    theta: Fraction = Fraction(0)
    """Share of all bonds that a model's checkers must hold."""
    seed: int = 0
    segment: int = 0
    """With the seed: which beacons, and which seals are baited."""
    num_validators: int = 4
    reputation_full: int = 1
    """Treasury fees that make a worker fully known: nearly none, so that everybody is checked at the floor λ1, where
    lying is cheapest; with 0 everybody stays a newcomer."""

    def parameters(self, work: int) -> ParameterSet:
        """Return the chain's parameters for a last stage of `work` units of work at the usual limit."""
        plain, windows = LOCALNET.rates, replace(LOCALNET.sampling, **SAMPLING)
        lock_blocks = EXPIRY + windows.round_blocks + 4 + 2 * windows.commit_blocks
        lock_blocks += windows.reveal_blocks + windows.open_blocks
        rates = replace(
            plain,
            multiple=self.multiple,
            coalition_numerator=self.coalition.numerator,
            coalition_denominator=self.coalition.denominator,
            fulfilled=1 << 16,
            min_checkers=self.min_checkers,
            checker_weight_numerator=self.theta.numerator,
            checker_weight_denominator=self.theta.denominator,
            detection_target=int(self.target * (1 << 32)),
            price_numerator=UNIT_PRICE,
            price_denominator=work,
            check_price_numerator=int(self.check_price * UNIT_PRICE),
            check_price_denominator=work,
            bond_floor=4 * (plain.dispute_fee + plain.job_fee),
            bond_cap=1_000 * OSTR,
            # Holding a bond costs its owner `capital`, and rent pays for it as long as no dispute holds it longer.
            rent_numerator=self.capital.numerator,
            rent_denominator=self.capital.denominator,
            lock_blocks=lock_blocks,
            fulfilled_window=0,
            check_speed=1 << 40,
            reputation_full=self.reputation_full,
            reputation_half_life=1 << 20,
        )
        return replace(
            LOCALNET,
            workers=replace(LOCALNET.workers, min_bond=OSTR, unbonding_blocks=800),
            rates=rates,
            jobs=replace(LOCALNET.jobs, expiry_blocks=EXPIRY, receipt_blocks=8),
            plans=replace(LOCALNET.plans, retain_blocks=8),
            sampling=windows,
            disputes=GAME,
        )
