"""What neighbours and requesters hold against a stage: receipts, frames, opened tokens, rows of a model."""

import struct
from collections.abc import Callable
from dataclasses import replace

from chain.crypto.hashing import cancel_bytes, token_salt, u32
from chain.crypto.keys import sign_ed25519
from chain.crypto.merkle import Kind, leaf, lr, open_range
from chain.modules.disputes import evidence
from chain.modules.disputes.game.shape import layer_tensor
from chain.modules.disputes.types import (
    MsgClaimBounds,
    MsgClaimReceipt,
    MsgClaimStop,
    MsgShowReceipt,
    Opening,
    Role,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, Receipt, Unit
from chain.modules.sampling.types import CheckPhase
from chain.store.codec import encode
from tests.support.builders import seed
from tests.support.claims_network import ClaimsNetwork
from tests.support.network import (
    BLIND,
    CHAIN_HASH,
    CHECKERS,
    LAYERS,
    REQUESTER,
    SERVERS,
    TOKENS,
    digest,
    header,
    tensor_digests,
)

P = 300
"""Prompt tokens: rows stand in a tree of three levels."""
OTHER = digest("something else")
LAYER_COST, HEAD_COST = 10_000, 80_000
MODEL = header(layer_costs=(LAYER_COST,) * LAYERS, head_cost=HEAD_COST)
"""Cheap enough for so long a prompt, and for many jobs at once."""
Make = Callable[[ClaimsNetwork, tuple[Unit, ...]], MsgClaimReceipt]


# Receipts


def sent(stage: int, *, count: int = 0, is_final: bool = True, root: bytes = OTHER) -> Make:
    """A claim that `stage` signed another root, over everything or over `count`."""

    def make(net: ClaimsNetwork, units: tuple[Unit, ...]) -> MsgClaimReceipt:
        unit = units[stage]
        number = count or net.size(unit)
        receipt = net.signed(unit, count=number, root=root, is_final=is_final)
        is_part = not is_final and number < net.size(unit)
        return net.claim(unit, receipt, net.prefix(unit, number) if is_part else None)

    return make


def received(stage: int, **changes: object) -> Make:
    """A claim that `stage` confirmed something else than it says it has worked from."""

    def make(net: ClaimsNetwork, units: tuple[Unit, ...]) -> MsgClaimReceipt:
        receipt = net.signed(units[stage - 1], SERVERS[stage], **changes)
        is_part = not receipt.is_final and receipt.count < net.size(units[stage - 1])
        prefix = net.prefix(units[stage - 1], receipt.count) if is_part else None
        return net.claim(units[stage], receipt, prefix, role=Role.RECEIVER)

    return make


CONTRADICTIONS: dict[str, tuple[int, Make]] = {
    "final rows with another root": (0, sent(0)),
    "final rows of another number": (1, sent(1, count=P)),
    "running rows over everything": (1, sent(1, count=P + TOKENS - 1, is_final=False)),
    "running rows at a group's end": (0, sent(0, count=256, is_final=False)),
    "running rows within a group": (1, sent(1, count=33, is_final=False)),
    "the first row": (0, sent(0, count=1, is_final=False)),
    "final tokens with another root": (2, sent(2)),
    "more final tokens": (2, sent(2, count=TOKENS + 1)),
    "a frame of some tokens": (2, sent(2, count=3, is_final=False)),
    "a frame of more tokens than there are": (2, sent(2, count=TOKENS + 1, is_final=False)),
    "confirmed rows with another root": (1, received(1, root=OTHER)),
    "confirmed rows of another number": (2, received(2, count=P)),
    "confirmed rows on the way": (2, received(2, count=64, is_final=False, root=OTHER)),
    "confirmed tokens of another number": (0, received(0, count=TOKENS - 1)),
}
"""Who is guilty, and what shows it."""


def send_conflicting(net: ClaimsNetwork, job: Job, stage: int, *, is_upstream_first: bool) -> None:
    """Have `stage` sign `OTHER` for its successor and commit to something else."""
    units = net.units(job.job_id)
    upstream, downstream = units[stage], units[stage + 1]
    receipt = net.receipt(upstream, root=OTHER)
    results = [
        (SERVERS[stage], net.result(upstream)),
        (SERVERS[stage + 1], replace(net.result(downstream), in_root=OTHER, receipt=receipt)),
    ]
    for who, message in results if is_upstream_first else reversed(results):
        net.ok(net.chain.send(who.hot, message))


def send_two_conflicting(net: ClaimsNetwork, job: Job) -> None:
    """Have both stages before the last sign something else than they commit to, in one block."""
    units = net.units(job.job_id)
    first, second = net.receipt(units[0], root=OTHER), net.receipt(units[1], root=digest("others"))
    messages = [
        (SERVERS[1], replace(net.result(units[1]), in_root=OTHER, receipt=first)),
        (SERVERS[0], net.result(units[0])),
        (SERVERS[2], replace(net.result(units[2]), in_root=digest("others"), receipt=second)),
    ]
    found = net.chain.run_block([net.chain.tx(who.hot, message) for who, message in messages])
    assert [one.code for one in found] == [0, 0, 0], [one.log for one in found]


# Results that do not come


def late_job(net: ClaimsNetwork, *missing: int) -> tuple[Job, tuple[Unit, ...]]:
    """A job late in its time, with every result but some."""
    job = net.planned_job()
    for unit in reversed(net.units(job.job_id)):
        if unit.stage not in missing:
            net.ok(net.chain.send(SERVERS[unit.stage].hot, net.result(unit)))
    net.chain.run_until(evidence.shown_from(jobs.params(net.store), job) - 1)
    return net.job(job.job_id), net.units(job.job_id)


def showing(net: ClaimsNetwork, unit: Unit, /, *, is_confirmed: bool, **changes: object) -> MsgShowReceipt:
    """A message with a unit's final receipt, confirmed by the next stage or not."""
    receipt: Receipt = net.signed(unit, **changes)
    counter = net.signed(unit, SERVERS[(unit.stage + 1) % 3], **changes).signature if is_confirmed else b""
    return MsgShowReceipt(REQUESTER.bech32, unit.job_id, unit.attempt, unit.stage, receipt, counter)


def check_alone(net: ClaimsNetwork, job: Job, unit: Unit, **roots: bytes) -> None:
    """Have one checker commit to a unit and reveal."""
    net.run_to_draw(job)
    net.ok(net.chain.send(CHECKERS[0].hot, net.commit_message(CHECKERS[0], unit, **roots)))
    while net.check_of(unit).phase != CheckPhase.REVEAL:
        net.run_to_phase_end(unit)
    net.ok(net.chain.send(CHECKERS[0].hot, net.reveal_message(CHECKERS[0], unit, **roots)))


# Where an answer ends

STOP = 2
ENDS_EARLY, GOES_ON = (11, 12, 13, 14, 15), (11, STOP, 13, 14, STOP)


def signed_cancel(job: Job, tokens: int, *, attempt: int = 0, key: str = "session") -> bytes:
    """The requester's word that an answer may end after so many tokens."""
    return sign_ed25519(seed(key), cancel_bytes(CHAIN_HASH, job.job_id, attempt, tokens))


def submit_answer(net: ClaimsNetwork, answer: tuple[int, ...], cancel: bytes = b"") -> tuple[Job, tuple[Unit, ...]]:
    """Lead a job to all its results, with this answer."""
    net.answer = answer
    job = net.planned_job()
    for unit in reversed(net.units(job.job_id)):
        message = net.result(unit, len(answer))
        if unit.stage == 2 and cancel == b"valid":
            message = replace(message, cancel=signed_cancel(job, len(answer)))
        net.ok(net.chain.send(SERVERS[unit.stage].hot, message))
    return net.job(job.job_id), net.units(job.job_id)


def stop_claim(net: ClaimsNetwork, job: Job, index: int) -> MsgClaimStop:
    """A claim that one token shows a wrong end."""
    leaf = token_salt(BLIND, True, index) + u32(index) + u32(net.answer[index])
    siblings = b"".join(open_range(net.leaves(), index, 1))
    return MsgClaimStop(REQUESTER.bech32, job.job_id, 0, index, leaf, siblings)


# A model that breaks a bound

BAD, GOOD = layer_tensor(2, 4), layer_tensor(3, 5)
"""Gains of two norms: the first one breaks its bound."""
ROWS = {BAD: struct.pack("<64h", *[1] * 63, 1 << 14), GOOD: struct.pack("<64h", *[(1 << 14) - 1] * 64)}
TENSORS = tuple(
    lr(Kind.WT, [leaf(Kind.WROW, ROWS[place])]) if place in ROWS else known
    for place, known in enumerate(tensor_digests(MODEL), start=1)
)
LIST = (leaf(Kind.MODEL, encode(MODEL)), *TENSORS)


def bounds_claim(net: ClaimsNetwork, tensor: int) -> MsgClaimBounds:
    """A claim that a tensor's first row breaks a bound."""
    opening = Opening((ROWS[tensor],), b"".join(open_range(LIST, tensor, 1)))
    return MsgClaimBounds(REQUESTER.bech32, net.root, tensor, 0, opening)
