"""A dispute with everything it was about, proven: from state while it is open, from the archive once it is judged.

The archive keeps it for ever. Between its end and the round that archives it, state has all the parts.
"""

from dataclasses import dataclass, replace

from chain.client.client import ChainClient
from chain.client.failures import NotFound
from chain.modules.disputes.state import DISPUTES, PAYMENTS, PLAYS
from chain.modules.disputes.types import ClosedDispute, Dispute, Payment, Play, QueryDisputesRequest
from chain.modules.disputes.types import QueryDisputesResponse as Disputes
from chain.modules.jobs.state import JOBS, UNITS
from chain.modules.jobs.types import Job, RecordKind, Unit
from chain.modules.models.state import MODELS
from chain.modules.models.types import Model
from chain.store.codec import decode
from chain.store.collections import U64
from localnet.proven import NotProven, ProvenState


@dataclass(frozen=True, slots=True)
class ToldDispute:
    """A dispute, and where it was read."""

    closed: ClosedDispute
    """As far as it has come, if it is open."""
    model: Model
    is_archived: bool


async def read_dispute(state: ProvenState, dispute_id: int) -> ToldDispute:
    """Return a dispute, proven. Raises: NotFound: there is none; NotProven."""
    try:
        record = await state.history(RecordKind.DISPUTE, U64.pack(dispute_id))
    except NotFound:
        closed, is_archived = await _from_state(state, dispute_id), False
    else:
        closed, is_archived = decode(ClosedDispute, record.value), True
    model = await state.value(MODELS, closed.job.model_root, Model)
    if model is None:
        raise NotProven(f"model {closed.job.model_root.hex()} is not in state")
    return ToldDispute(closed, model, is_archived)


async def _from_state(state: ProvenState, dispute_id: int) -> ClosedDispute:
    dispute = await state.value(DISPUTES, dispute_id, Dispute)
    if dispute is None:
        raise NotFound(f"there is no dispute {dispute_id}")
    lines: list[Play] = []
    for number in range(dispute.num_lines):
        line = await state.value(PLAYS, (dispute_id, number), Play)
        if line is None:
            raise NotProven(f"line {number} of dispute {dispute_id} is not in state")
        lines.append(line)
    payments: list[Payment] = []
    while (payment := await state.value(PAYMENTS, (dispute_id, len(payments)), Payment)) is not None:
        payments.append(payment)
    job = await state.value(JOBS, dispute.job_id, Job)
    units: list[Unit] = []
    while True:
        unit = await state.value(UNITS, (dispute.job_id, (dispute.attempt, len(units))), Unit)
        if unit is None:
            break
        units.append(unit)
    if job is None or dispute.stage >= len(units):
        raise NotProven(f"the job of dispute {dispute_id} is not in state")
    if job.attempt != dispute.attempt:
        job = replace(job, attempt=dispute.attempt, num_stages=len(units), tokens_root=units[-1].out_root)
    return ClosedDispute(dispute, tuple(lines), tuple(payments), job, units[dispute.stage])


async def disputes_of_job(client: ChainClient, job_id: int) -> tuple[Dispute, ...]:
    """Return the disputes of a job that state knows, in ascending id, as the node says."""
    request = QueryDisputesRequest(job_id=job_id, limit=1_000)
    return (await client.query("ostraka.disputes.v1.Query/Disputes", request, Disputes)).disputes
