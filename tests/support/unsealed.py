"""A network whose second stage never submits, so that its neighbours show what it signed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chain.crypto.hashing import receipt_bytes
from chain.crypto.keys import sign_ed25519
from chain.modules.disputes import evidence
from chain.modules.disputes.types import MsgShowReceipt
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, Receipt, Unit
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from tests.support.dispute_network import DisputeNetwork, dispute_network
from tests.support.network import REQUESTER, SERVERS

UNSEALED = 1


class UnsealedNetwork(DisputeNetwork):
    """A network with such a stage, in first attempts."""

    def submit_all(self, job: Job) -> None:
        if job.attempt:
            super().submit_all(job)
            return
        units = self.units(job.job_id)
        for unit in units:
            if unit.stage != UNSEALED:
                self.ok(self.chain.send(self.asserter(unit).hot, self.result(unit)))
        self.chain.run_until(evidence.shown_from(jobs.params(self.store), job) - 1)
        for unit in units[UNSEALED - 1 : UNSEALED + 1]:
            self.ok(self.chain.send(REQUESTER, self.showing(unit), gas=400_000))
        assert not self.units(job.job_id)[UNSEALED].seal

    def showing(self, unit: Unit) -> MsgShowReceipt:
        """A unit's final receipt, confirmed by the next stage."""
        receipt: Receipt = self.receipt(unit)
        body = receipt_bytes(receipt.unit, receipt.revision, receipt.count, receipt.root, True)
        counter = sign_ed25519(SERVERS[unit.stage + 1].hot_seed, body)
        return MsgShowReceipt(REQUESTER.bech32, unit.job_id, unit.attempt, unit.stage, receipt, counter)


@contextmanager
def unsealed_network(
    path: Path, model: ModelFiles, fault: tuple[int, Fault] | None, **options: Any
) -> Iterator[UnsealedNetwork]:
    """Open one; the arguments are those of `dispute_network`."""
    with dispute_network(path, model, fault, **options) as plain:
        yield UnsealedNetwork(plain.chain, plain.root, plain.header, job3=plain.job3)
