"""The two sets of parameters that chains begin with, as genesis writes them.

`localnet` settles a job in seconds on one machine; `mainnet` is made for validators who do not know each other.
Changing a number here changes new chains only: a running chain has its own in state.
"""

from dataclasses import dataclass
from typing import Final

from chain.modules.accounts.types import Params as AccountsParams
from chain.modules.disputes.types import Params as DisputesParams
from chain.modules.jobs.types import Params as JobsParams
from chain.modules.plans.types import Params as PlansParams
from chain.modules.rates.types import Params as RatesParams
from chain.modules.sampling.types import Params as SamplingParams
from chain.modules.treasury.types import Params as TreasuryParams
from chain.modules.workers.types import Params as WorkersParams

OSTR: Final = 1_000_000
"""Unit: uostr."""

DISPUTE_GAS: Final = 2_000_000
"""Gas of a whole dispute."""
JOB_GAS: Final = 2_000_000
"""Gas of all transactions of a job."""
COMMIT_GAS: Final = 60_000
"""Gas of committing to one check."""
REVEAL_GAS: Final = 100_000
"""Gas of revealing one check."""
DETECTION_CAP: Final = 4_252_017_623
"""0.99 of 2^32: the most detection that is asked of checkers."""
MAX_ATTEMPTS: Final = 3
"""Runs of one job. A run fails only if somebody is convicted, who then pays S and, below the least bond, is in no plan
any more: two liars, one after the other, are survived. Each run may take all the windows of a job, so more runs would
hold the escrow longer than a requester waits."""
# Rent is what money earns that is not locked: a tenth a year, by the blocks of a year.
# A whole reputation is a floor's bond burnt in treasury fees; it halves in a month of blocks.


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """Everything a chain begins with, beside its accounts, validators and models."""

    accounts: AccountsParams
    treasury: TreasuryParams
    workers: WorkersParams
    rates: RatesParams
    plans: PlansParams
    jobs: JobsParams
    sampling: SamplingParams
    disputes: DisputesParams
    timeout_commit_ms: int
    """Pause of consensus after a block."""
    block_max_bytes: int
    block_max_gas: int
    evidence_max_age_seconds: int
    """Unbonding time."""


def _accounts(max_messages: int) -> AccountsParams:
    return AccountsParams(
        max_memo_characters=256,
        tx_sig_limit=7,
        tx_size_cost_per_byte=10,
        sig_verify_cost_ed25519=590,
        sig_verify_cost_secp256k1=1_000,
        max_messages=max_messages,
        max_tx_gas=20_000_000,
    )


LOCALNET: Final = ParameterSet(
    accounts=_accounts(32),
    treasury=TreasuryParams(gas_price_numerator=1, gas_price_denominator=10_000),
    workers=WorkersParams(min_bond=100 * OSTR, unbonding_blocks=2_400, held_blocks=2_400),
    rates=RatesParams(
        multiple=2,
        coalition_numerator=1,
        coalition_denominator=2,
        fulfilled=45_876,
        detection_cap=DETECTION_CAP,
        detection_target=1 << 30,
        price_numerator=2,
        price_denominator=1_000,
        check_price_numerator=1,
        check_price_denominator=20_000,
        bond_floor=1 * OSTR,
        bond_cap=10 * OSTR,
        dispute_fee=DISPUTE_GAS // 10_000,
        job_fee=JOB_GAS // 10_000,
        commit_fee=COMMIT_GAS // 10_000,
        reveal_fee=REVEAL_GAS // 10_000,
        rent_numerator=1,
        rent_denominator=10 * 62_000_000,
        treasury_numerator=1,
        treasury_denominator=20,
        min_checkers=2,
        checker_weight_numerator=0,
        checker_weight_denominator=1,
        lock_blocks=240 + 4 + 4 + 2 * 32 + 20 + 20,
        fulfilled_window=10_000,
        check_speed=8_000_000,
        reputation_full=1 * OSTR,
        reputation_half_life=1_200,
        canary_spacing=4,
    ),
    plans=PlansParams(max_stages=8, max_live=4, max_tokens=1_024, retain_blocks=1_200),
    jobs=JobsParams(
        expiry_blocks=240,
        max_tokens=1_024,
        max_stop_ids=8,
        settlements_per_block=64,
        receipt_blocks=1_200,
    ),
    sampling=SamplingParams(
        round_blocks=4,
        epoch_blocks=20,
        commit_blocks=32,
        reveal_blocks=20,
        open_blocks=20,
        dispute_blocks=556,
        proof_blocks=600,
    ),
    disputes=DisputesParams(
        clock_blocks=60,
        open_blocks=40,
        extension_blocks=12,
        moves_per_block=16,
        max_lines=8,
        max_attempts=MAX_ATTEMPTS,
        witness_blocks=12,
    ),
    timeout_commit_ms=500,
    block_max_bytes=2 * 1024 * 1024,
    block_max_gas=100_000_000,
    evidence_max_age_seconds=2_400,
)
"""One machine, a block every half second."""

MAINNET: Final = ParameterSet(
    accounts=_accounts(32),
    treasury=TreasuryParams(gas_price_numerator=1, gas_price_denominator=1_000),
    workers=WorkersParams(
        min_bond=5_000 * OSTR,
        unbonding_blocks=403_200,
        penalty_numerator=1,
        penalty_denominator=50,
        held_blocks=403_200,
    ),
    rates=RatesParams(
        multiple=2,
        coalition_numerator=1,
        coalition_denominator=3,
        fulfilled=36_045,
        detection_cap=DETECTION_CAP,
        detection_target=214_748_365,
        price_numerator=2,
        price_denominator=1_000,
        check_price_numerator=2,
        check_price_denominator=10_000,
        bond_floor=50 * OSTR,
        bond_cap=500 * OSTR,
        dispute_fee=DISPUTE_GAS // 1_000,
        job_fee=JOB_GAS // 1_000,
        commit_fee=COMMIT_GAS // 1_000,
        reveal_fee=REVEAL_GAS // 1_000,
        rent_numerator=1,
        rent_denominator=10 * 10_500_000,
        treasury_numerator=1,
        treasury_denominator=20,
        min_checkers=5,
        checker_weight_numerator=1,
        checker_weight_denominator=5,
        lock_blocks=200 + 10 + 4 + 2 * 100 + 40 + 40,
        fulfilled_window=1 * OSTR,
        check_speed=1_000_000_000,
        reputation_full=50 * OSTR,
        reputation_half_life=864_000,
        canary_spacing=4,
    ),
    plans=PlansParams(max_stages=64, max_live=4, max_tokens=8_192, retain_blocks=28_800),
    jobs=JobsParams(
        expiry_blocks=200,
        max_tokens=8_192,
        max_stop_ids=8,
        settlements_per_block=256,
        receipt_blocks=864_000,
    ),
    sampling=SamplingParams(
        round_blocks=10,
        epoch_blocks=1_200,
        commit_blocks=100,
        reveal_blocks=40,
        open_blocks=40,
        dispute_blocks=9_980,
        proof_blocks=86_400,
    ),
    disputes=DisputesParams(
        clock_blocks=1_200,
        open_blocks=200,
        extension_blocks=60,
        moves_per_block=16,
        max_lines=8,
        max_attempts=MAX_ATTEMPTS,
        witness_blocks=26,
    ),
    timeout_commit_ms=2_000,
    block_max_bytes=4 * 1024 * 1024,
    block_max_gas=100_000_000,
    evidence_max_age_seconds=1_209_600,
)
"""Many machines, a block every three seconds."""

PARAMETER_SETS: Final = {"localnet": LOCALNET, "mainnet": MAINNET}
"""By the name that `ostrakad genesis` takes."""
