"""What is taken from bonds outside disputes is on record: by worker and job, archived, and forgotten in time."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from chain.client.client import ChainClient
from chain.crypto.keys import module_address
from chain.errors import Code, Rejected
from chain.modules.jobs import archive
from chain.modules.jobs.types import RecordKind
from chain.modules.sampling import rules
from chain.modules.sampling.state import PENALTIES, PENALTIES_OF, PENALTIES_OF_JOB
from chain.modules.sampling.types import (
    MsgClaimDuty,
    MsgShowSeal,
    Penalty,
    PenaltyReason,
    QueryPenaltiesRequest,
    QueryPenaltiesResponse,
)
from chain.parameters import LOCALNET
from chain.store.codec import decode
from chain.store.collections import U64
from localnet.penalties import REASONS, tell_penalties, told
from localnet.proven import ProvenState
from localnet.story import Chapter
from tests.integration.test_history_proofs import SignedChain
from tests.support.network import BOND, CHECKERS, REQUESTER, SERVERS, Network, new_network, short

TREASURY = module_address("treasury")
FIRST, SECOND = CHECKERS


def penalties(net: Network, **fields: Any) -> QueryPenaltiesResponse:
    answer: QueryPenaltiesResponse = net.chain.query(
        QueryPenaltiesRequest(**fields), "ostraka.sampling.v1.Query/Penalties"
    )
    return answer


def leak(net: Network, stage: int, job_id: int) -> int:
    """Show an asserter's seal and return its price."""
    unit = net.units(job_id)[stage]
    who = net.asserter(unit)
    salt, body = net.salt(who, unit), net.body_root(unit)
    net.ok(
        net.chain.send(
            REQUESTER, MsgShowSeal(REQUESTER.bech32, job_id, 0, stage, who.operator.bech32, salt, body, b"")
        )
    )  # fmt: skip
    return unit.terms.bond // 8


def test_each_part_of_a_penalty_is_a_record_found_by_worker_and_by_job(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        one, two = net.asserted_job().job_id, net.asserted_job().job_id
        prices, heights = list[int](), list[int]()
        for stage, job_id in ((0, one), (1, one), (0, two)):
            prices.append(leak(net, stage, job_id))
            heights.append(net.chain.height)
        expected = []
        for price, height, (stage, job_id) in zip(prices, heights, ((0, one), (1, one), (0, two)), strict=True):
            for recipient, amount in ((REQUESTER.address, price // 2), (TREASURY, price - price // 2)):
                number, operator = len(expected) + 1, SERVERS[stage].address
                expected.append(
                    Penalty(number, operator, recipient, amount, PenaltyReason.LEAKED_SEAL, height, job_id, 0, stage)
                )
        name = SERVERS[0].operator.bech32
        assert penalties(net).penalties == tuple(expected)
        assert penalties(net, job_id=one).penalties == tuple(expected[:4])
        assert penalties(net, worker=name).penalties == (*expected[:2], *expected[4:])
        assert penalties(net, worker=name, job_id=two).penalties == tuple(expected[4:])
        assert penalties(net, job_id=99) == QueryPenaltiesResponse(())
        assert penalties(net, worker=CHECKERS[0].operator.bech32) == QueryPenaltiesResponse(())
        page = penalties(net, worker=name, limit=3)
        assert page == QueryPenaltiesResponse((*expected[:2], expected[4]), 5)
        assert penalties(net, worker=name, after=page.next_after) == QueryPenaltiesResponse((expected[5],))
        assert penalties(net, after=(1 << 64) - 1) == QueryPenaltiesResponse(())
        with pytest.raises(Rejected) as refused:
            penalties(net, worker="nobody")
        assert refused.value.code == Code.INVALID_ADDRESS
        chapter = told(penalties(net, job_id=one).penalties, lambda operator: operator.hex()[:6])
        assert len(chapter.lines) == 5
        assert chapter.lines[-1].split()[0] == f"{prices[0] + prices[1]:,}"
        net.chain.check_invariants()


def test_a_penalty_is_archived_and_leaves_state_with_the_receipts_of_its_time(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(jobs={"receipt_blocks": 30})) as net:
        leak(net, 0, net.asserted_job().job_id)
        made, at = penalties(net).penalties, net.chain.height
        kept: list[Penalty] = []
        while PENALTIES.has(net.store, 1):
            net.chain.run_block()
            net.chain.check_invariants()
            kept += [
                decode(Penalty, record.value)
                for _, record in archive.archived_records(net.store, net.chain.height)
                if record.kind == RecordKind.PENALTY and record.id in (U64.pack(1), U64.pack(2))
            ]
        assert net.chain.height > at + 30
        assert tuple(kept) == made
        assert len(made) == 2
        left = (PENALTIES.items(net.store), PENALTIES_OF.keys(net.store), PENALTIES_OF_JOB.keys(net.store))
        assert [list(one) for one in left] == [[], [], []]


def test_silence_of_checkers_is_on_record_whoever_sees_it(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, units[0])))
        while net.check_of(units[0]).phase.name != "DONE":
            net.run_to_phase_end(units[0])
        unit, price = units[0], 3 * units[0].terms.check_pay
        (unrevealed,) = penalties(net).penalties
        assert unrevealed == Penalty(
            1, FIRST.address, TREASURY, price, PenaltyReason.UNREVEALED, unrevealed.height, job.job_id, 0, 0
        )
        epoch = net.check_of(unit).epoch
        net.chain.run_until(rules.proofs_from(LOCALNET.sampling, epoch))
        net.ok(net.chain.send(FIRST.hot, net.proof_message(FIRST, epoch)))
        net.ok(net.chain.send(SECOND.hot, net.proof_message(SECOND, epoch)))
        bond = net.worker(SECOND).bond
        net.ok(
            net.chain.send(REQUESTER, MsgClaimDuty(REQUESTER.bech32, job.job_id, 0, 1, SECOND.operator.bech32))
        )  # fmt: skip
        claimed = penalties(net, worker=SECOND.operator.bech32).penalties
        assert [(one.reason, one.recipient, one.stage) for one in claimed] == [
            (PenaltyReason.UNMET, REQUESTER.address, 1),
            (PenaltyReason.UNMET, TREASURY, 1),
        ]
        assert sum(one.amount for one in claimed) == bond - net.worker(SECOND).bond == 3 * units[1].terms.check_pay
        net.chain.check_invariants()


def test_a_forfeited_bond_is_on_record_bit_by_bit(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        job = net.drawn_job()
        epoch = net.check_of(net.units(job.job_id)[0]).epoch
        net.chain.run_until(rules.proofs_from(LOCALNET.sampling, epoch))
        net.ok(net.chain.send(FIRST.hot, net.proof_message(FIRST, epoch)))
        net.chain.run_until(rules.proofs_until(LOCALNET.sampling, epoch) + 1)
        (first,) = penalties(net).penalties
        taken = (len(SERVERS) + len(CHECKERS)) * BOND // 20
        reason, height = PenaltyReason.UNOPENED_PROOF, net.chain.height
        assert first == Penalty(1, SECOND.address, TREASURY, taken, reason, height)
        assert BOND - net.worker(SECOND).bond == taken


def test_every_reason_is_told_in_words() -> None:
    assert set(REASONS) == set(PenaltyReason) - {PenaltyReason.UNSPECIFIED}


def test_a_jobs_story_tells_what_bonds_lost_over_it_each_part_proven(tmp_path: Path) -> None:
    with new_network(tmp_path / "node") as net:
        job_id = net.asserted_job().job_id
        price = leak(net, 0, job_id)
        net.chain.run_block()
        served, trusted = SignedChain(net.chain), tmp_path / "genesis.json"
        trusted.write_text(json.dumps(served.genesis()))

        async def tell(number: int) -> tuple[list[Chapter], int]:
            async with ChainClient(served.grpc) as client:
                with ProvenState(client, served.comet_url, trusted) as state:
                    await state.pin()
                    return await tell_penalties(client, state, lambda one: one.hex()[:8], number), len(state.proofs)

        try:
            (chapter,), num_proofs = asyncio.run(tell(job_id))
            nothing = asyncio.run(tell(job_id + 1))
        finally:
            served.close()
        author, treasury = SERVERS[0].address.hex()[:8], price - price // 2
        assert chapter.holds
        assert chapter.lines == [
            f"{price // 2:>12,} uostr from {author} to {REQUESTER.address.hex()[:8]} at height {net.chain.height - 1}, "
            "attempt 0, stage 0: an eighth of S, for a seal that was given away",
            f"{treasury:>12,} uostr from {author} to the treasury at height {net.chain.height - 1}, "
            "attempt 0, stage 0: an eighth of S, for a seal that was given away",
            f"{price:>12,} uostr, as the sum of these",
        ]
        assert num_proofs == 2
        assert nothing == ([], 0)
