"""Tables of cases: each a fault or claim on a chain of its own, and what it has to come to, to the uostr."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason, Job, JobStatus, Unit
from tests.support.flows import Flows, bond_flows, lost, paid_in, refunded
from tests.support.network import CHECKERS, REQUESTER, SERVERS, SPARES, TOKENS, Machine, Network
from tests.support.slashes import flows_of, parts_of_bond, price_of

Models = Mapping[str, Path]
"""Directories of converted models, by name."""
Ended = tuple[JobStatus, int, CloseReason]
RETRIED: Ended = (JobStatus.FINAL, 1, CloseReason.SETTLED)
SETTLED: Ended = (JobStatus.FINAL, 0, CloseReason.SETTLED)
SETTLED_UNOPENED: Ended = (JobStatus.FINAL, 0, CloseReason.SETTLED_UNOPENED)
EXPIRED: Ended = (JobStatus.CLOSED, 0, CloseReason.EXPIRED)
VOID: Ended = (JobStatus.CLOSED, 0, CloseReason.VOID)
REFUTED_LATE: Ended = (JobStatus.CLOSED, 0, CloseReason.REFUTED_LATE)
WORDS = {
    RETRIED: "retried, answered",
    SETTLED: "settled",
    SETTLED_UNOPENED: "settled, one unpaid",
    EXPIRED: "expired, refunded",
    VOID: "void, refunded",
    REFUTED_LATE: "refuted late, refunded",
}
NAMES: Mapping[bytes, str] = {who.address: who.name for who in (*SERVERS, *CHECKERS, *SPARES)} | {
    REQUESTER.address: "requester"
}


@dataclass(frozen=True, slots=True)
class End:
    """What a case has come to, and what it had to."""

    seen: object
    """What shows that it was detected: disputes and how they ended, or the codes of refusals."""
    wanted: object
    owed: Flows
    """What sampling.md takes from bonds, by payer and recipient."""
    ended: Ended
    """How every job has to end."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row of a table."""

    name: str
    claimed: str
    """By whom, and how it shows."""
    network: Callable[[Path, Models], AbstractContextManager[Any]]
    play: Callable[[Any], End]


@dataclass(frozen=True, slots=True)
class Row:
    """What a case came to."""

    case: str
    claimed: str
    is_detected: bool
    is_right: bool
    """Exactly the guilty paid."""
    is_exact: bool
    """Every uostr of it went where it should."""
    is_ended: bool
    """Every job was answered or refunded as it should be."""
    paid: Mapping[str, int]
    expected: Mapping[str, int]
    went: Mapping[str, int]
    job: str
    honest_slashed: int
    detail: str = ""

    @property
    def is_good(self) -> bool:
        return self.is_detected and self.is_right and self.is_exact and self.is_ended and not self.honest_slashed


def run_case(case: Case, folder: Path, models: Models) -> Row:
    """Play a case on its own chain and judge it."""
    with case.network(folder, models) as net:
        since, first = net.chain.height, next(iter(_jobs(net)), None)
        end: End = case.play(net)
        net.chain.check_invariants()
        played = [job for job in _jobs(net) if first is None or job.job_id > first.job_id]
        taken = bond_flows(net.chain, since, names_of(net))
        whole = paid_in(net.chain, since, REQUESTER.address) - refunded(net.chain, since, REQUESTER.address)
        return _judge(case, end, taken, played, whole)


def broken(case: Case, error: BaseException) -> Row:
    """The row of a case that could not be played to its end."""
    return Row(case.name, case.claimed, False, False, False, False, {}, {}, {}, "broken", 0, repr(error))


def _judge(case: Case, end: End, taken: Flows, played: list[Job], kept: int) -> Row:
    paid, owed = lost(taken), lost(end.owed)
    ends = {(job.status, job.attempt, job.close_reason) for job in played}
    went: dict[str, int] = {}
    for (_, recipient), amount in taken.items():
        went[recipient] = went.get(recipient, 0) + amount
    is_answered = all(_is_answered(job) for job in played)
    row = Row(
        case=case.name,
        claimed=case.claimed,
        is_detected=end.seen == end.wanted,
        is_right=set(paid) == set(owed),
        is_exact=taken == end.owed,
        is_ended=ends == {end.ended} and is_answered and kept == sum(job.paid for job in played),
        paid=paid,
        expected=owed,
        went=went,
        job=WORDS.get(end.ended, "") if ends == {end.ended} else str(sorted(str(one) for one in ends)),
        honest_slashed=sum(amount for name, amount in paid.items() if name not in owed),
    )
    if row.is_good:
        return row
    detail = f"seen {end.seen}, wanted {end.wanted}; taken {taken}, owed {end.owed}; kept {kept} of {played}"
    return replace(row, detail=detail)


def _is_answered(job: Job) -> bool:
    """Whether a job was paid for if it was answered, and else, or late, cost the requester nothing."""
    if job.close_reason == CloseReason.REFUTED_LATE:
        return job.refunded == job.paid > 0
    return (job.status == JobStatus.FINAL) == bool(job.paid)


def _jobs(net: Network) -> list[Job]:
    return list(jobs.jobs_before(net.store, (1 << 64) - 1))


def names_of(net: Network) -> Mapping[bytes, str]:
    """Names of everybody on a network."""
    everybody: Mapping[bytes, str] = getattr(net, "names", NAMES)
    return everybody


# What cases share


def seen(net: Network, job: Job) -> list[tuple[DisputeKind, DisputeStatus, int]]:
    """A job's disputes: what each was about, how it ended, and which stage it was over."""
    return [(one.kind, one.status, one.stage) for one in disputes.disputes_of(net.store, job.job_id)]


def works(net: Network, units: tuple[Unit, ...], *stages: int, tokens: int = TOKENS) -> list[tuple[str, int]]:
    """Who did these stages, and what the work is worth."""
    positions = net.job(units[0].job_id).prompt_tokens + tokens - 1
    return [(SERVERS[at].name, price_of(net.header, units[at], positions, tokens)) for at in stages]


def unit_slash(net: Network, units: tuple[Unit, ...], guilty: int, **given: Any) -> Flows:
    """Where S of a stage goes; the work of the others is paid if nothing else is given."""
    others = [at for at in range(len(units)) if at != guilty]
    given = {"work": works(net, units, *others), **given}
    return flows_of(SERVERS[guilty].name, parts_of_bond(units[guilty].terms.bond, **given))


def in_whole(payer: Machine, amount: int) -> Flows:
    """A bond, or a part of one, that the treasury gets whole."""
    return {(payer.name, "treasury"): amount}
