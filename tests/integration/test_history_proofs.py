"""Closed records are proven for ever: from the node's archive to a header that validators signed."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import plyvel
import pytest
from click.testing import CliRunner
from nacl.signing import SigningKey

from chain.cli.failures import EXIT_NOT_FOUND, EXIT_UNPROVEN
from chain.cli.main import main
from chain.client import node
from chain.client.client import ChainClient
from chain.client.failures import NotFound
from chain.client.history import verify_history
from chain.crypto.ics23 import InvalidProof
from chain.history import HistoryRecord
from chain.modules.jobs.types import ArchivedRecord, RecordKind
from chain.node.comet_json import signed_header_from_json
from chain.node.light import genesis_validators, header_hash, validators_hash, vote_sign_bytes
from chain.query_tx import rfc3339
from chain.store.codec import encode
from tests.support.builders import CHAIN_ID
from tests.support.network import CHECKERS, Network, new_network, short
from tests.support.served_chain import Served

BRIEF = short(jobs={"receipt_blocks": 30}, sampling={"proof_blocks": 60})


class SignedChain(Served):
    """A served chain whose CometBFT also hands out signed headers."""

    def genesis(self) -> dict[str, Any]:
        """The part of a genesis document that names the validators."""
        (one,) = self.chain.validators
        key = {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(one.public_key).decode()}
        return {
            "chain_id": CHAIN_ID,
            "validators": [{"address": one.address.hex(), "pub_key": key, "power": "10", "name": ""}],
        }

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method != "commit":
            return super().call(method, params)
        return {"result": {"signed_header": self._signed_header(int(params["height"]))}}

    def _signed_header(self, height: int) -> dict[str, Any]:
        none = {"hash": "", "parts": {"total": 0, "hash": ""}}
        hashes = ("last_commit", "data", "next_validators", "consensus", "last_results", "evidence")
        header = {
            "version": {"block": "11", "app": "1"},
            "chain_id": CHAIN_ID,
            "height": str(height),
            "time": rfc3339(1_800_000_000 + height),
            "last_block_id": none,
            "proposer_address": "",
            "app_hash": self.chain.app.store.app_hash_of(height - 1).hex(),
            "validators_hash": validators_hash(genesis_validators(self.genesis())).hex(),
            **{f"{name}_hash": "" for name in hashes},
        }
        (one,) = self.chain.validators
        vote = {
            "block_id_flag": 2,
            "validator_address": one.address.hex(),
            "timestamp": rfc3339(1_800_000_001 + height),
            "signature": "",
        }
        commit = {"height": str(height), "round": 0, "block_id": none, "signatures": [vote]}
        whole = {"header": header, "commit": commit}
        digest = header_hash(signed_header_from_json(whole).header)
        commit["block_id"] = {"hash": digest.hex(), "parts": {"total": 1, "hash": bytes(32).hex()}}
        message = vote_sign_bytes(signed_header_from_json(whole).commit, 0, CHAIN_ID)
        vote["signature"] = base64.b64encode(SigningKey(one.consensus_seed).sign(message).signature).decode()
        return whole


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("history"), parameters=BRIEF) as net:
        for _ in range(2):
            finish_job(net)
        yield net


@pytest.fixture(scope="module")
def served(network: Network) -> Iterator[SignedChain]:
    running = SignedChain(network.chain)
    yield running
    running.close()


def finish_job(net: Network) -> None:
    """Lead a job to its end, and to the end of its epoch."""
    job = net.drawn_job()
    net.commit_all(job)
    net.run_to_phase_end(net.units(job.job_id)[0])
    net.reveal_all(job)
    net.open_all(job)
    for who in CHECKERS:
        for duty in net.duties(who).duties:
            net.chain.run_until(duty.open_from)
            net.ok(net.chain.send(who.hot, net.proof_message(who, duty.epoch)))
    net.chain.run_until(net.chain.height + 150)


def records_of(net: Network) -> list[HistoryRecord]:
    assert net.chain.app.history is not None
    return list(net.chain.app.history.leaves(0))


def prove(served: Served, kind: str, record_id: bytes, height: int = 0) -> node.ProveHistoryResponse:
    async def ask() -> node.ProveHistoryResponse:
        async with ChainClient(served.grpc) as client:
            return await client.prove_history(node.ProveHistoryRequest(kind, record_id, height))

    return asyncio.run(ask())


def verify(served: Served, record: HistoryRecord, answer: node.ProveHistoryResponse) -> ArchivedRecord:
    app_hash = served.chain.app.store.app_hash_of(answer.height)
    return verify_history(app_hash, RecordKind[record.kind.upper()], record.record_id, answer)


def test_everything_that_was_closed_is_proven_after_state_forgot_it(network: Network, served: Served) -> None:
    records = records_of(network)
    assert {record.kind for record in records} == {"job", "check", "round", "epoch"}
    for record in records:
        answer = prove(served, record.kind, record.record_id)
        assert answer.height == network.chain.height
        assert encode(verify(served, record, answer)) == record.data


def test_an_earlier_height_proves_what_was_closed_by_then(network: Network, served: Served) -> None:
    first, last = records_of(network)[0], records_of(network)[-1]
    height = network.chain.height
    closed = next(at for at in range(1, height) if peaks_at(network, at)[1:] != b"")
    for at in (closed, closed + 1, (closed + height) // 2):
        answer = prove(served, first.kind, first.record_id, at)
        assert answer.height == at
        verify(served, first, answer)
    with pytest.raises(NotFound, match="not among the 1 asked for"):
        prove(served, last.kind, last.record_id, closed)
    with pytest.raises(NotFound, match="no archived job ff"):
        prove(served, "job", b"\xff")


def peaks_at(network: Network, height: int) -> bytes:
    return network.chain.app.at(height).store.get("jobs", b"archive/peaks") or b""


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes((data[-1] ^ 1,))


def test_nothing_of_a_proof_may_be_changed(network: Network, served: Served) -> None:
    record = max(records_of(network), key=lambda record: len(prove(served, record.kind, record.record_id).round_path))
    answer = prove(served, record.kind, record.record_id)
    assert answer.round_path
    assert answer.mountain_path
    forged = [
        replace(answer, record=replace(answer.record, data=flipped(answer.record.data))),
        replace(answer, index_in_round=answer.index_in_round ^ 1),
        replace(answer, num_in_round=answer.num_in_round * 2 + 1),
        replace(answer, round_path=(flipped(answer.round_path[0]), *answer.round_path[1:])),
        replace(answer, round_path=answer.round_path[:-1]),
        replace(answer, round_root=flipped(answer.round_root)),
        replace(answer, round_index=answer.round_index ^ 1),
        replace(answer, round_index=(1 << 64) - 1),
        replace(answer, mountain_path=(flipped(answer.mountain_path[0]), *answer.mountain_path[1:])),
        replace(answer, mountain_path=(*answer.mountain_path, bytes(32))),
        replace(answer, peaks=flipped(answer.peaks)),
        replace(answer, ops=answer.ops[:1]),
        replace(answer, ops=(replace(answer.ops[0], key=b"archive/peak"), answer.ops[1])),
    ]
    for one in forged:
        with pytest.raises(InvalidProof):
            verify(served, record, one)
    with pytest.raises(InvalidProof, match="another record"):
        verify(served, replace(record, record_id=record.record_id + b"\0"), answer)
    with pytest.raises(InvalidProof):
        verify(served, record, replace(answer, height=answer.height - 1))
    verify(served, record, answer)


def test_the_command_verifies_up_to_a_signed_header(network: Network, served: SignedChain, tmp_path: Path) -> None:
    genesis = tmp_path / "genesis.json"
    genesis.write_text(json.dumps(served.genesis()))
    (record, *_) = [record for record in records_of(network) if record.kind == "job"]
    number = int.from_bytes(record.record_id, "big")
    height = network.chain.height - 1
    command = ["query", "history", "job", str(number), "--prove", "--height", str(height), "-o", "json"]
    command += ["--node", served.grpc, "--rpc", served.comet_url, "--genesis", str(genesis)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert (shown["kind"], shown["proof"], shown["header_height"]) == ("job", "verified", height + 1)
    assert shown["app_hash"] == served.chain.app.store.app_hash_of(height).hex()
    assert shown["record"]["job"]["job_id"] == number
    missing = [*command[:3], "999", *command[4:]]
    assert CliRunner().invoke(main, missing).exit_code == EXIT_NOT_FOUND
    genesis.write_text(json.dumps(served.genesis() | {"chain_id": "another-1"}))
    assert CliRunner().invoke(main, command).exit_code == EXIT_UNPROVEN


def test_an_archive_from_before_rounds_were_kept_goes_on_and_names_what_it_lacks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with new_network(tmp_path, parameters=BRIEF) as net:
        finish_job(net)
        old = records_of(net)
        net.chain.app.close()
        forget_rounds(tmp_path / "history")
        net.chain.open()
        assert "the history lacks" in caplog.text
        finish_job(net)
        served = Served(net.chain)
        try:
            for record in records_of(net)[len(old) :]:
                verify(served, record, prove(served, record.kind, record.record_id))
            with pytest.raises(NotFound, match="older than this archive's range; ask a peer"):
                prove(served, old[0].kind, old[0].record_id)
        finally:
            served.close()
        caplog.clear()
        net.chain.restart()
        assert "the history lacks" not in caplog.text


def forget_rounds(path: Path) -> None:
    """Leave in an archive only what the first form of it held."""
    database = plyvel.DB(str(path))
    for key, _ in list(database.iterator()):
        if key[:1] in b"rns":
            database.delete(key)
    database.close()
