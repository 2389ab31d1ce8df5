"""The application as consensus drives it: genesis, proposals, crashes, reads."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.app import MODULES, App
from chain.application import Query
from chain.client.signing import build_simulation
from chain.crypto.ics23 import verify_state
from chain.errors import Code
from chain.genesis import build_genesis, validate
from chain.modules.accounts import state as accounts_state
from chain.modules.bank.types import MsgSend
from chain.parameters import LOCALNET, MAINNET, PARAMETER_SETS, ParameterSet
from chain.wire.cosmos.tx.v1beta1 import service_pb2
from tests.support.builders import CHAIN_ID, FEE, Chain, coins, make_genesis, new_chain, validator


def transfer(chain: Chain, amount: int = 5, **options: Any) -> bytes:
    alice, bob = chain.accounts[:2]
    return chain.tx(alice, MsgSend(alice.bech32, bob.bech32, coins(amount)), **options)


def test_modules_stand_in_the_order_in_which_they_may_use_each_other() -> None:
    assert [module.name for module in MODULES] == [
        "accounts",
        "bank",
        "treasury",
        "beacon",
        "models",
        "workers",
        "rates",
        "plans",
        "jobs",
        "sampling",
        "disputes",
    ]


def test_every_message_and_query_is_registered_once() -> None:
    urls = [message.type_url for module in MODULES for message in module.messages]
    names = [method.name for module in MODULES for method in module.queries]
    assert len(set(urls)) == len(urls)
    assert len(set(names)) == len(names)


def test_nothing_is_committed_before_the_first_block(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        info = chain.app.info()
        assert (info.last_block_height, info.last_block_app_hash) == (0, b"")
        result = chain.app.answer("/cosmos.bank.v1beta1.Query/TotalSupply", b"")
        assert result.code == Code.INVALID_REQUEST
        assert chain.check(transfer(chain)).code == 0


def test_genesis_can_be_repeated_until_the_first_commit(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        first = chain.app.init_chain(chain.genesis)
        assert chain.app.init_chain(chain.genesis) == first
        chain.restart()
        assert chain.app.init_chain(chain.genesis) == first
        chain.run(transfer(chain))
        assert chain.app.info().last_block_height == 1


def test_a_decided_block_can_be_executed_again_after_a_crash(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        block = chain.propose([transfer(chain)])
        first = chain.app.finalize_block(block)
        assert chain.app.finalize_block(block) == first
        chain.restart()
        assert chain.app.info().last_block_height == 1
        assert chain.decide(block) == first


def test_commit_without_a_block_is_a_bug_that_shows(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain, pytest.raises(RuntimeError, match="without an executed block"):
        chain.app.commit()


def test_a_proposal_begins_with_the_beacon_and_keeps_to_bytes_and_gas(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        txs = [transfer(chain, sequence=number, gas=20_000_000, fee=2_000) for number in range(8)]
        block = chain.propose(txs)
        assert block.txs[0][:9] == b"\x00" + (2).to_bytes(8, "big")
        assert block.txs[1:] == tuple(txs[:5]), "five times 20 million gas fill the block's 100 million"
        room = 89 + 2 + sum(len(tx) + 3 for tx in txs[:2])
        assert len(chain.propose(txs, room).txs) == 3
        assert len(chain.propose(txs, room - 1).txs) == 2


def test_a_proposal_leaves_out_what_is_no_transaction(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        good = transfer(chain)
        assert chain.propose([b"junk", chain.propose().txs[0], good]).txs[1:] == (good,)


def test_proposals_that_break_a_rule_are_refused(tmp_path: Path) -> None:
    with new_chain(tmp_path, num_validators=2) as chain:
        chain.run_block()
        good = chain.propose([transfer(chain)])
        process = chain.app.process_proposal
        assert process(good)
        assert not process(replace(good, txs=()))
        assert not process(replace(good, txs=good.txs[1:]))
        assert not process(replace(good, txs=(good.txs[0], good.txs[0])))
        assert not process(replace(good, txs=(*good.txs, b"junk")))
        assert not process(replace(good, proposer_address=validator(1).address))
        assert not process(replace(good, height=3))
        tampered = good.txs[0][:-1] + bytes((good.txs[0][-1] ^ 1,))
        assert not process(replace(good, txs=(tampered, *good.txs[1:])))
        heavy = [transfer(chain, sequence=number, gas=20_000_000, fee=2_000) for number in range(6)]
        assert not process(replace(good, txs=(good.txs[0], *heavy)))


def test_judging_a_proposal_changes_nothing(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        block = chain.propose([transfer(chain)])
        expected = chain.app.finalize_block(block)
        for _ in range(3):
            chain.app.process_proposal(block)
        chain.app.prepare_proposal(chain.block(), 1 << 20)
        assert chain.app.finalize_block(block) == expected


def test_a_decided_block_without_beacon_is_executed_all_the_same(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        (result,) = chain.decide(chain.block([transfer(chain)])).tx_results
        assert result.code == 0
        (refused,) = chain.decide(chain.block([b"\x00" * 89])).tx_results
        assert refused.code == Code.BEACON_TRANSACTION
        chain.check_invariants()


def test_the_beacon_transaction_costs_nothing(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        result = chain.finalize(chain.propose()).tx_results[0]
        assert (result.code, result.gas_wanted, result.gas_used, result.data) == (0, 0, 0, b"")


def test_a_stored_value_is_proven_against_the_app_hash(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run(transfer(chain))
        chain.run_block()
        key = accounts_state.ACCOUNTS.path(chain.accounts[0].address)
        for height in (1, 2):
            result = chain.app.query(Query("/store/accounts/key", key, height, True))
            assert (result.code, result.height, result.key) == (0, height, key)
            ops = [(op.kind, op.key, op.data) for op in result.proof_ops]
            verify_state(chain.app_hashes[height - 1], "accounts", key, result.value, ops)
            absent = key[:-1] + bytes((key[-1] ^ 1,))
            result = chain.app.query(Query("/store/accounts/key", absent, height, True))
            ops = [(op.kind, op.key, op.data) for op in result.proof_ops]
            verify_state(chain.app_hashes[height - 1], "accounts", absent, None, ops)


def test_raw_reads_without_proof_and_of_nothing(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        assert chain.app.query(Query("/store/bank/key", b"nothing")).value == b""
        assert chain.app.query(Query("/store/bank/key", b"")).code == Code.INVALID_REQUEST
        assert chain.app.query(Query("/store/nowhere/key", b"x")).code == Code.UNKNOWN_REQUEST
        assert chain.app.query(Query("/store/bank/subspace", b"x")).code == Code.UNKNOWN_REQUEST


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (Query("/cosmos.gov.v1.Query/Proposals", b""), "Unimplemented"),
        (Query("", b""), "Unimplemented"),
        (Query("/cosmos.bank.v1beta1.Query/Balance", b"\xff"), "InvalidArgument"),
        (Query("/cosmos.bank.v1beta1.Query/TotalSupply", b"", 99), "InvalidArgument"),
        (Query("/cosmos.bank.v1beta1.Query/TotalSupply", b"", -1), "InvalidArgument"),
        (Query("/cosmos.bank.v1beta1.Query/TotalSupply", bytes(300_000)), "InvalidArgument"),
        (Query("/cosmos.tx.v1beta1.Service/GetTx", b"\x0a\x02zz"), "InvalidArgument"),
        (Query("/cosmos.tx.v1beta1.Service/GetTx", b"\x0a\x02aa"), "NotFound"),
        (Query("/cosmos.tx.v1beta1.Service/Simulate", b""), "InvalidArgument"),
        (Query("/cosmos.tx.v1beta1.Service/Simulate", b"\xff"), "InvalidArgument"),
    ],
)
def test_bad_reads_are_answered_in_the_words_of_grpc(tmp_path: Path, query: Query, status: str) -> None:
    with new_chain(tmp_path) as chain:
        chain.run_block()
        result = chain.app.query(query)
        assert result.code != 0
        assert result.log.startswith(f"rpc error: code = {status} desc = ")


def test_peers_are_never_filtered(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        assert chain.app.query(Query("/p2p/filter/addr/1.2.3.4:5", b"")).code == 0


def test_reads_at_a_height_see_that_height(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice = chain.accounts[0]
        chain.run_block()
        chain.run(transfer(chain))
        request = b"\x0a" + bytes((len(alice.bech32),)) + alice.bech32.encode() + b"\x12\x05uostr"
        values = {
            height: chain.app.answer("/cosmos.bank.v1beta1.Query/Balance", request, height).value
            for height in (0, 1, 2)
        }
        assert b"1000000000" in values[1]
        assert str(1_000_000_000 - 5 - FEE).encode() in values[2]
        assert values[0] == values[2]


def test_simulate_and_get_tx_speak_the_published_service(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice, bob = chain.accounts[:2]
        chain.run_block()
        unsigned = build_simulation(alice, [MsgSend(alice.bech32, bob.bech32, coins(5))], sequence=0)
        asked = service_pb2.SimulateRequest(tx_bytes=unsigned).SerializeToString()
        simulated = service_pb2.SimulateResponse.FromString(
            chain.app.answer("/cosmos.tx.v1beta1.Service/Simulate", asked).value
        )
        assert simulated.gas_info.gas_used > 20_000
        assert simulated.result.msg_responses[0].type_url == "/cosmos.bank.v1beta1.MsgSendResponse"
        tx = transfer(chain)
        result = chain.run(tx)
        found = chain.app.recent.last
        assert found is not None
        name = found.tx_hashes[1].hex().upper()
        answer = chain.app.answer(
            "/cosmos.tx.v1beta1.Service/GetTx", service_pb2.GetTxRequest(hash=name).SerializeToString()
        )
        response = service_pb2.GetTxResponse.FromString(answer.value).tx_response
        assert (response.height, response.txhash, response.code) == (2, name, 0)
        assert (response.gas_wanted, response.gas_used) == (result.gas_wanted, result.gas_used)
        assert response.timestamp == "2023-11-14T22:13:22Z"


def test_a_simulation_that_fails_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        alice, bob = chain.accounts[:2]
        chain.run_block()
        unsigned = build_simulation(alice, [MsgSend(alice.bech32, bob.bech32, coins(10**15))], sequence=0)
        asked = service_pb2.SimulateRequest(tx_bytes=unsigned).SerializeToString()
        result = chain.app.answer("/cosmos.tx.v1beta1.Service/Simulate", asked)
        assert (result.code, result.codespace) == (Code.INSUFFICIENT_FUNDS, "sdk")
        assert "insufficient funds" in result.log


def test_old_versions_are_pruned_beside_the_blocks(tmp_path: Path) -> None:
    with new_chain(tmp_path, settings={"keep": 5, "prune_every": 10}) as chain:
        chain.run_until(10)
        assert chain.app._pruner is not None
        chain.app._pruner.join()
        assert chain.app.store.first_version == 6
        chain.restart()
        chain.run_block()


def test_blocks_may_be_forgotten_by_consensus_when_configured(tmp_path: Path) -> None:
    with new_chain(tmp_path, settings={"retain_blocks": 3}) as chain:
        retained = []
        for _ in range(5):
            chain.app.finalize_block(chain.propose())
            retained.append(chain.app.commit())
            chain.height += 1
        assert retained == [0, 0, 0, 1, 2]


@pytest.mark.parametrize("name", sorted(PARAMETER_SETS))
def test_both_parameter_sets_are_accepted(name: str) -> None:
    parameters: ParameterSet = PARAMETER_SETS[name]
    validate(build_genesis(parameters, {}, beacon_keys=()), chain_id=CHAIN_ID, block_max_gas=parameters.block_max_gas)


def broken(section: str, parameters: ParameterSet = LOCALNET, **params: int) -> dict[str, Any]:
    app_state = build_genesis(parameters, {}, beacon_keys=())
    app_state[section]["params"].update(params)
    return app_state


@pytest.mark.parametrize(
    ("app_state", "message"),
    [
        (broken("rates", multiple=1), "m >= 2 is broken"),
        (broken("rates", coalition_numerator=2, coalition_denominator=3), "0 < r <= 1/2 is broken"),
        (broken("rates", detection_cap=1 << 32), r"0 < D_cap < 2\^32 is broken"),
        (broken("rates", bond_floor=1_599), r"S_floor >= 4\(G_max \+ F_job\) is broken"),
        (broken("rates", fulfilled=44_000), r"3k >= ceil\(k\(Q \+ lambda_2\)/Q\) at the lowest rho is broken"),
        (broken("workers", unbonding_blocks=1_472), "unbonding > job expiry .* is broken"),
        (broken("workers", MAINNET, unbonding_blocks=93_938), "unbonding > job expiry .* is broken"),
        ({"surprise": {}}, "app_state.surprise is unknown"),
        ({"bank": []}, "app_state.bank must be an object"),
        ([], "app_state must be an object"),
    ],
)
def test_genesis_under_which_lying_pays_is_refused_with_the_inequality(app_state: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        validate(app_state, chain_id=CHAIN_ID)


def test_a_genesis_that_is_no_json_stops_the_node(tmp_path: Path) -> None:
    genesis = replace(make_genesis({}), app_state=b"{")
    app = App.open(tmp_path, sync=False)
    try:
        with pytest.raises(json.JSONDecodeError):
            app.init_chain(genesis)
    finally:
        app.close()
