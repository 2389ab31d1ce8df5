"""Claims: what somebody who holds receipts, and perhaps the answer, can prove against the stages of a job.

Pure: what is held and what the chain says go in, messages come out. Whoever finds one sends it; the chain decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chain.crypto.hashing import token_salt, u32
from chain.crypto.merkle import open_range
from chain.errors import Rejected
from chain.modules.disputes import evidence
from chain.modules.disputes.evidence import Commitment
from chain.modules.disputes.types import MsgClaimReceipt, MsgClaimStop, MsgShowReceipt, Prefix, Role
from chain.modules.jobs.types import Job, JobStatus, Receipt, Unit, UnitStatus
from inference.proofs.commit import token_leaf, tokens_root

_CONVICTABLE = (UnitStatus.SUBMITTED, UnitStatus.CHECKING, UnitStatus.DISPUTED)
_OPEN = (JobStatus.RUNNING, JobStatus.ASSERTED, JobStatus.DISPUTED)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A receipt of some stage, with its signature, and with that of the next stage if it has confirmed it."""

    receipt: Receipt
    countersignature: bytes = b""


@dataclass(frozen=True, slots=True)
class Held:
    """What one party holds of one attempt of a job."""

    sender: str
    """Its address, which sends the messages."""
    receipts: Mapping[int, Confirmed]
    """Stage that signed as sender → the last receipt of it."""
    blind: bytes = b""
    answer: tuple[int, ...] = ()
    """Output ids; empty if they are not known."""


Claim = MsgClaimReceipt | MsgClaimStop | MsgShowReceipt
"""What a party may send."""


def evidence_name(claim: Claim) -> str:
    """Return the name under which a claim is made once."""
    role = claim.role.name if isinstance(claim, MsgClaimReceipt) else ""
    stage = "" if isinstance(claim, MsgClaimStop) else claim.stage
    return f"claim {type(claim).__name__[3:]} {claim.job_id}/{claim.attempt}/{stage} {role}".strip()


def prefix_of(digests: Sequence[bytes], count: int, blind: bytes = b"") -> Prefix:
    """Return the opening of item `count - 1` of a committed list; `blind` for rows. Raises: ValueError."""
    siblings = open_range(digests, count - 1, 1)
    return Prefix(digests[count - 1], b"".join(siblings), blind)


def find_claims(job: Job, units: Sequence[Unit], held: Held, own: bytes = b"") -> Iterator[Claim]:
    """Yield what is proven against stages with a result; never against the operator `own`."""
    if job.status not in _OPEN or not units:
        return
    for stage, known in sorted(held.receipts.items()):
        sender, receiver = units[stage], units[(stage + 1) % len(units)]
        if sender.operator != own and _is_contrary(job, sender, evidence.output_of(job, sender), known.receipt):
            yield _receipt_claim(held, sender, Role.SENDER, known.receipt)
        if not known.countersignature or receiver.operator == own or len(units) == 1:
            continue
        confirmed = replace(known.receipt, signature=known.countersignature)
        if _is_contrary(job, receiver, evidence.input_of(job, receiver), confirmed):
            yield _receipt_claim(held, receiver, Role.RECEIVER, confirmed)
    if units[-1].operator != own:
        yield from _stop_claims(job, units[-1], held)


def _is_contrary(job: Job, unit: Unit, committed: Commitment, receipt: Receipt) -> bool:
    if unit.status not in _CONVICTABLE:
        return False
    try:
        evidence.require_contradiction(committed, receipt, None, job.blind_hash)
    except Rejected:
        return False
    return True


def _receipt_claim(held: Held, unit: Unit, role: Role, receipt: Receipt) -> MsgClaimReceipt:
    return MsgClaimReceipt(held.sender, unit.job_id, unit.attempt, unit.stage, role, receipt)


def _stop_claims(job: Job, last: Unit, held: Held) -> Iterator[MsgClaimStop]:
    answer = held.answer[: last.tokens]
    if last.status not in _CONVICTABLE or len(answer) != last.tokens:
        return
    wrong = [at for at, token in enumerate(answer) if evidence.is_wrong_end(job, last, at, token)]
    if not wrong or tokens_root(held.blind, answer) != last.out_root:
        return
    at = wrong[0]
    leaves = [token_leaf(held.blind, True, index, token) for index, token in enumerate(answer)]
    body = token_salt(held.blind, True, at) + u32(at) + u32(answer[at])
    siblings = b"".join(open_range(leaves, at, 1))
    yield MsgClaimStop(held.sender, last.job_id, last.attempt, at, body, siblings)


def find_shown(job: Job, units: Sequence[Unit], held: Held) -> Iterator[MsgShowReceipt]:
    """Yield the final receipts that say something of stages without a result; the chain takes them late in a job."""
    if job.status != JobStatus.RUNNING:
        return
    for stage, known in sorted(held.receipts.items()):
        after = units[(stage + 1) % len(units)]
        is_of_receiver = bool(known.countersignature) and after.status == UnitStatus.PENDING
        if known.receipt.is_final and (units[stage].status == UnitStatus.PENDING or is_of_receiver):
            counter = known.countersignature if len(units) > 1 else b""
            yield MsgShowReceipt(held.sender, job.job_id, job.attempt, stage, known.receipt, counter)
