"""What a worker's journal holds of a job: the final receipts of its stages, and the answer."""

from collections.abc import Sequence

from chain.crypto.hashing import unit_id
from chain.modules.jobs.types import Job, Receipt, Unit
from inference.disputes.claims import Confirmed, Held
from inference.journal import Journal, unpack_ids

ANSWER_FILE = "ids"
"""Row file of a unit with the output ids."""


def held_of(journal: Journal, chain: bytes, sender: str, job: Job, units: Sequence[Unit]) -> Held:
    """Return what the journal holds of a job's present attempt."""
    receipts: dict[int, Confirmed] = {}
    blind, answer = b"", tuple[int, ...]()
    for unit in units:
        name = unit_id(chain, unit.job_id, unit.attempt, unit.stage)
        for count, is_final, root, signature, counter in journal.receipts(name):
            if is_final:
                receipts[unit.stage] = Confirmed(Receipt(name, unit.revision, count, root, True, signature), counter)
        run, given = journal.find_run(name), journal.find_input(name)
        if run is not None:
            blind, answer = run.blind, unpack_ids(journal.find_rows(name, ANSWER_FILE))
        elif given is not None and not answer:
            blind, answer = given[0], given[1][job.prompt_tokens :]
    return Held(sender, receipts, blind, answer)
