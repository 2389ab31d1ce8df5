"""A worker's part in one job, as the chain tells it."""

from dataclasses import dataclass

from chain.crypto.hashing import tag, unit_id
from chain.modules.jobs.types import Job, Unit
from inference.proofs.receipts import Hop
from inference.view import UnitKey


@dataclass(frozen=True, slots=True)
class Peer:
    """A worker as others reach and recognise it."""

    operator: bytes
    endpoint: str
    """host:port."""
    hot_key: bytes


@dataclass(frozen=True, slots=True)
class Assignment:
    """One stage of a planned job, with everybody in its ring."""

    chain: bytes
    """`chain_hash`."""
    job: Job
    units: tuple[Unit, ...]
    """By stage."""
    peers: tuple[Peer, ...]
    """By stage."""
    stage: int

    @property
    def key(self) -> UnitKey:
        """Return the unit's key."""
        return UnitKey(self.job.job_id, self.job.attempt, self.stage)

    @property
    def unit(self) -> Unit:
        """Return the chain's record of this unit."""
        return self.units[self.stage]

    @property
    def unit_id(self) -> bytes:
        """Return the 32-byte identity of this unit."""
        return self.unit_id_of(self.stage)

    @property
    def is_first(self) -> bool:
        """Say whether this stage takes ids."""
        return self.stage == 0

    @property
    def is_last(self) -> bool:
        """Say whether this stage samples."""
        return self.stage == len(self.units) - 1

    @property
    def is_alone(self) -> bool:
        """Say whether the job has no other stage."""
        return len(self.units) == 1

    @property
    def next_stage(self) -> int:
        """Return the stage that gets what this one makes; the last one's tokens go to the first."""
        return (self.stage + 1) % len(self.units)

    @property
    def previous_stage(self) -> int:
        """Return the stage whose rows or tokens come here."""
        return (self.stage - 1) % len(self.units)

    @property
    def max_positions(self) -> int:
        """Return N at the token limit."""
        return self.job.prompt_tokens + self.job.max_tokens - 1

    def unit_id_of(self, stage: int) -> bytes:
        """Return the identity of another stage's unit."""
        return unit_id(self.chain, self.job.job_id, self.job.attempt, stage)

    def hop_from(self, stage: int) -> Hop:
        """Return what receipts of a stage must show."""
        return Hop(self.unit_id_of(stage), self.units[stage].revision, self.peers[stage].hot_key)


def link_bytes(sender_unit: bytes, receiver: bytes) -> bytes:
    """Return what a stage signs to begin a link to the operator `receiver`."""
    return tag("link") + sender_unit + receiver
