"""Which windows are refused: those in which a bond could leave too early, or a draw could not be."""

from chain.modules.jobs import keeper as jobs
from chain.modules.rates import keeper as rates
from chain.modules.rates.genesis import validate_rent, validate_windows
from chain.modules.sampling import rules
from chain.modules.sampling.types import Params
from chain.modules.workers import keeper as workers
from chain.store.overlay import Reader


def validate_params(store: Reader, params: Params) -> None:
    """Check windows against each other and the modules below.

    Raises: ValueError naming field and limit, or the sum of windows that is broken.
    """
    for name in Params.__dataclass_fields__:
        if not 0 < getattr(params, name) < 1 << 32:
            raise ValueError(f"sampling.params.{name} is {getattr(params, name)}, not in 1..2^32")
    if params.epoch_blocks % params.round_blocks or params.epoch_blocks <= rules.BEACON_DELAY:
        raise ValueError(
            f"sampling.params: epoch_blocks is a multiple of round_blocks and above {rules.BEACON_DELAY}, not "
            f"{params.epoch_blocks} of {params.round_blocks}"
        )
    validate_windows(
        unbonding=workers.params(store).unbonding_blocks,
        expiry=jobs.params(store).expiry_blocks,
        round_blocks=params.round_blocks,
        epoch_blocks=params.epoch_blocks,
        proof_blocks=params.proof_blocks,
        commit_blocks=params.commit_blocks,
        reveal_blocks=params.reveal_blocks,
        open_blocks=params.open_blocks,
        dispute_blocks=params.dispute_blocks,
    )
    hold = jobs.params(store).expiry_blocks + params.round_blocks + 4 + 2 * params.commit_blocks
    validate_rent(rates.params(store), hold + params.reveal_blocks + params.open_blocks)
