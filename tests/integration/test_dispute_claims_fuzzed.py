"""Fuzzed claims: whatever is changed in a message that would convict, it gets a named code and moves no money."""

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.hashing import token_salt, u32
from chain.crypto.merkle import Kind, leaf, lr, open_range
from chain.errors import Code
from chain.modules.disputes import evidence
from chain.modules.disputes.game.shape import layer_tensor
from chain.modules.disputes.types import MsgClaimBounds, MsgClaimStop, MsgShowReceipt, Opening, Role
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus
from chain.store.codec import encode
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.network import BLIND, LAYERS, REQUESTER, SERVERS, digest, header, tensor_digests

MODEL = header(layer_costs=(10_000,) * LAYERS, head_cost=80_000)
BAD = layer_tensor(2, 4)
ROW = b"\xff\x7f" * 64
TENSORS = tuple(
    lr(Kind.WT, [leaf(Kind.WROW, ROW)]) if place == BAD else known
    for place, known in enumerate(tensor_digests(MODEL), start=1)
)
PER_BLOCK, BLOCKS = 40, 6
NAMED = {
    Code.CLAIM_EARLY,
    Code.CLAIM_LATE,
    Code.EVIDENCE_INVALID,
    Code.NO_CONTRADICTION,
    Code.NOTHING_SHOWN,
    Code.UNKNOWN_JOB,
    Code.UNKNOWN_MODEL,
    Code.UNAUTHORIZED,
    Code.INVALID_ADDRESS,
    Code.TX_DECODE,
    Code.OUT_OF_GAS,
}
"""What a fuzzed message may be told."""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path, model=MODEL, tensors=TENSORS) as network:
        network.answer = (11, 12, 13, 14, 15)
        yield network


def valid_messages(net: ClaimsNetwork, asserted: int, late: int) -> list[object]:
    """Messages each of which would take effect."""
    units, missing = net.units(asserted), net.units(late)
    other = digest("other")
    at = len(net.answer) - 1
    body = token_salt(BLIND, True, at) + u32(at) + u32(net.answer[at])
    final = net.signed(missing[1])
    return [
        net.claim(units[0], net.signed(units[0], root=other)),
        net.claim(units[1], net.signed(units[1], count=40, root=other, is_final=False), net.prefix(units[1], 40)),
        net.claim(units[2], net.signed(units[1], SERVERS[2], root=other), role=Role.RECEIVER),
        MsgClaimStop(REQUESTER.bech32, asserted, 0, at, body, b"".join(open_range(net.leaves(), at, 1))),
        MsgClaimBounds(
            REQUESTER.bech32,
            net.root,
            BAD,
            0,
            Opening((ROW,), b"".join(open_range((leaf(Kind.MODEL, encode(MODEL)), *TENSORS), BAD, 1))),
        ),
        MsgShowReceipt(REQUESTER.bech32, late, 0, 1, final, net.signed(missing[1], SERVERS[2]).signature),
    ]


def mutated(value: Any, dice: random.Random) -> Any:
    """The same kind of value, but another one."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        name = dice.choice([other for other in fields if other != "sender"])
        return dataclasses.replace(value, **{name: mutated(getattr(value, name), dice)})
    if isinstance(value, bool):
        return not value
    if isinstance(value, Role):
        return Role((value + dice.choice((1, 2))) % 3)
    if isinstance(value, int):
        return dice.choice(
            [number for number in (0, 1, value + 1, value ^ 64, 1 << 31, (1 << 64) - 1) if number != value]
        )
    if isinstance(value, tuple):
        return dice.choice([(), value * 2, tuple(mutated(item, dice) for item in value)])
    if value is None:
        return None
    assert isinstance(value, bytes)
    at = dice.randrange(len(value)) if value else 0
    flipped = value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1 :] if value else b"\x01"
    return dice.choice([flipped, value[:-1] if value else b"\x00", value + b"\x00", value * 2 or b"\x02", bytes(9_000)])


def is_harmless(changed: object, valid: object) -> bool:
    """Whether the change left the message as it was, or only took the confirmation away, which then is not counted."""
    if isinstance(changed, MsgShowReceipt):
        return changed.receipt == getattr(valid, "receipt", None) and not changed.countersignature
    return changed == valid


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fuzzed_claims_are_refused_by_name_and_move_no_money(net: ClaimsNetwork, seed: int) -> None:
    dice = random.Random(seed)
    late = net.planned_job()
    net.chain.run_until(evidence.shown_from(jobs.params(net.store), late) - 1)
    asserted = net.asserted_job(prompt_tokens=60)
    valid, before = valid_messages(net, asserted.job_id, late.job_id), net.standing()
    for _ in range(BLOCKS):
        sequence = net.sequence(REQUESTER)
        fuzzed: list[object] = []
        while len(fuzzed) < PER_BLOCK:
            source = dice.choice(valid)
            changed = mutated(source, dice)
            if not is_harmless(changed, source):
                fuzzed.append(changed)
        txs = [
            net.chain.tx(REQUESTER, message, sequence=sequence + at, gas=1_500_000, fee=1_000)
            for at, message in enumerate(fuzzed)
        ]
        results = net.chain.run_block(txs)
        assert len(results) == PER_BLOCK
        for message, result in zip(fuzzed, results, strict=True):
            assert Code(result.code) in NAMED, (message, result.code, result.log)
    assert net.standing().bonds == before.bonds
    assert (net.disputes_of(asserted), net.job(late.job_id).status) == ([], JobStatus.RUNNING)
    net.chain.check_invariants()
    # The fuzz was near the mark: unchanged, they take effect.
    assert [Code(net.chain.send(REQUESTER, one, gas=1_500_000, fee=1_000).code) for one in (valid[5], valid[0])] == [
        Code.OK,
        Code.OK,
    ]
    net.chain.check_invariants()
