"""Whether a worker's ticket wins: private until its epoch's proofs are due."""

from chain.crypto import vrf
from chain.modules.sampling.rules import Look, is_winning
from chain.modules.sampling.types import Duty
from inference.keys import WorkerKeys

MAX_EPOCHS = 8
"""Epochs whose randomness is kept."""


class Draws:
    """One worker's tickets."""

    def __init__(self, keys: WorkerKeys, chain: bytes) -> None:
        self._keys = keys
        self._chain = chain
        self._betas: dict[tuple[int, bytes], bytes] = {}

    def beta(self, epoch: int, beacon: bytes) -> bytes:
        """Return the VRF output of an epoch."""
        known = self._betas.get((epoch, beacon))
        if known is None:
            known = vrf.proof_to_hash(self._keys.epoch_proof(self._chain, epoch, beacon))
            while len(self._betas) >= MAX_EPOCHS:
                del self._betas[min(self._betas)]
            self._betas[epoch, beacon] = known
        return known

    def is_drawn(self, duty: Duty) -> bool:
        """Say whether a DRAW duty falls to this worker."""
        if duty.check is None or duty.unit is None or not duty.alpha or not duty.epoch_beacon:
            return False
        beta = self.beta(duty.epoch, duty.epoch_beacon)
        look = Look(duty.alpha, duty.rate)
        return is_winning(look, beta, duty.check.unit, duty.weight, duty.check.total_weight)
