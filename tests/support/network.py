"""A chain with a model, serving and checking workers, and everything a test needs to lead a job through it.

with new_network(tmp_path) as net:
    job = net.planned_job()
    net.submit_all(job)
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chain.application import TxResult
from chain.client.signing import Key
from chain.crypto import vrf
from chain.crypto.hashing import (
    blinded,
    chain_hash,
    check_seal,
    epoch_input,
    possession_bytes,
    receipt_bytes,
    seal,
    stage_zero_input,
    ticket,
    trace_root,
    unit_id,
)
from chain.crypto.keys import ed25519_public_key, sign_ed25519
from chain.errors import Code
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import (
    Job,
    JobStatus,
    MsgRequestJob,
    MsgSubmitResult,
    Receipt,
    SamplerKind,
    SamplerSpec,
    Unit,
)
from chain.modules.models.rules import EXP2_HASH, SIGMOID_HASH, model_root, num_tensors
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader
from chain.modules.plans.types import MsgSubmitPlan, StageRequest
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules as sampling_rules
from chain.modules.sampling.types import (
    CheckPhase,
    MsgCommitCheck,
    MsgOpenEpoch,
    MsgOpenResult,
    MsgRevealCheck,
    QueryDutiesRequest,
    QueryDutiesResponse,
    UnitCheck,
)
from chain.modules.workers import keeper as workers
from chain.modules.workers.types import (
    Device,
    Keys,
    MsgBond,
    MsgEnroll,
    MsgRegisterWorker,
    MsgUpdateWorker,
    Role,
    Worker,
)
from chain.parameters import LOCALNET, OSTR, ParameterSet
from tests.support.builders import CHAIN_ID, Chain, machine, new_chain, seed, wallet

CHAIN_HASH = chain_hash(CHAIN_ID)
BOND = 100 * OSTR
LAYERS = 6
PROMPT_TOKENS = 10
MAX_TOKENS = 6
TOKENS = 5
BLIND = seed("blind")


def digest(*parts: object) -> bytes:
    """32 bytes that differ when the parts do."""
    return hashlib.sha256(repr(parts).encode()).digest()


def header(**changes: Any) -> ModelHeader:
    """A model of six layers that is dear enough for every checker to be drawn."""
    scale = LinearScale(20, 10)
    plain = ModelHeader(
        numeric_version=1,
        trace_version=1,
        architecture="llama",
        num_layers=LAYERS,
        hidden_size=64,
        num_heads=4,
        num_kv_heads=2,
        head_size=16,
        intermediate_size=128,
        vocab_size=256,
        max_positions=512,
        tied=True,
        epsilon=42_950,
        norm_bits=26,
        score_mantissa=1 << 15,
        score_shift=20,
        dot_shift=3,
        value_bits=10,
        gain_bits=10,
        embedding_shift=8,
        layers=(LayerScales(scale, scale, scale, scale),) * LAYERS,
        head=scale,
        exp2_hash=EXP2_HASH,
        sigmoid_hash=SIGMOID_HASH,
        tokenizer_hash=digest("tokenizer"),
        eos_ids=(2,),
        cut_points=tuple(range(1, LAYERS)),
        layer_costs=(100_000,) * LAYERS,
        head_cost=800_000,
        trace_stride=1,
        weight_bytes=(1_000_000,) * LAYERS,
        head_bytes=500_000,
    )
    return replace(plain, **changes)


def tensor_digests(model: ModelHeader) -> tuple[bytes, ...]:
    """Digests of tensors that nobody has."""
    return tuple(digest("tensor", index) for index in range(num_tensors(model)))


def genesis_model(name: str = "tiny", model: ModelHeader | None = None) -> dict[str, Any]:
    """A model as genesis takes it."""
    chosen = model or header()
    return {"name": name, "header": chosen, "tensor_digests": tensor_digests(chosen)}


@dataclass(frozen=True)
class Machine:
    """A worker with all its keys."""

    name: str

    @property
    def operator(self) -> Key:
        return wallet(f"operator {self.name}")

    @property
    def hot(self) -> Key:
        return machine(f"hot {self.name}")

    @property
    def hot_seed(self) -> bytes:
        return seed(f"hot {self.name}")

    @property
    def vrf_seed(self) -> bytes:
        return seed(f"vrf {self.name}")

    @property
    def address(self) -> bytes:
        return self.operator.address

    def keys(self) -> Keys:
        box = seed(f"box {self.name}")
        owner = self.address
        return Keys(
            hot_key=ed25519_public_key(self.hot_seed),
            vrf_key=vrf.public_key(self.vrf_seed),
            box_key=ed25519_public_key(box),
            hot_possession=sign_ed25519(self.hot_seed, possession_bytes(CHAIN_HASH, owner, "hot")),
            vrf_possession=vrf.prove(self.vrf_seed, possession_bytes(CHAIN_HASH, owner, "vrf")),
            box_possession=sign_ed25519(box, possession_bytes(CHAIN_HASH, owner, "box")),
        )

    def registration(self, bond: int = BOND, **changes: Any) -> MsgRegisterWorker:
        plain = MsgRegisterWorker(
            operator=self.operator.bech32,
            keys=self.keys(),
            endpoint=f"127.0.0.1:{9100 + len(self.name)}",
            region="local",
            memory_bytes=1 << 33,
            devices=(Device("cpu", "test", 1 << 33),),
            ask_price=0,
            bond=bond,
        )
        return replace(plain, **changes)


SERVERS = (Machine("server a"), Machine("server b"), Machine("server c"))
CHECKERS = (Machine("checker a"), Machine("checker b"))
SPARES = (Machine("newcomer"), Machine("second newcomer"))
"""Run again what has failed; the first is a stranger with a bond as well."""
SPARE = SPARES[0]
REQUESTER = wallet("requester")


@dataclass
class Network:
    """A running chain and the people on it."""

    chain: Chain
    root: bytes
    header: ModelHeader
    prompt_root: bytes = field(default=digest("prompt"))

    # Set-up

    def register(self, who: Machine, **changes: Any) -> None:
        self.ok(self.chain.send(who.operator, who.registration(**changes)))

    def enroll(self, who: Machine, role: Role, start: int = 0, end: int = LAYERS) -> None:
        self.ok(self.chain.send(who.operator, MsgEnroll(who.operator.bech32, self.root, role, start, end)))

    def plan_message(self, *cuts: tuple[Machine, int, int]) -> MsgSubmitPlan:
        stages = tuple(StageRequest(who.operator.bech32, start, end) for who, start, end in cuts)
        return MsgSubmitPlan(REQUESTER.bech32, self.root, stages)

    def plan_by(self, submitter: Machine, *cuts: tuple[Machine, int, int]) -> MsgSubmitPlan:
        return replace(self.plan_message(*cuts), sender=submitter.operator.bech32)

    def three_stages(self) -> MsgSubmitPlan:
        a, b, c = SERVERS
        return self.plan_message((a, 0, 2), (b, 2, 4), (c, 4, 6))

    def ready(self) -> None:
        """Run until the epoch has a snapshot with everybody in it."""
        epoch = sampling.params(self.store).epoch_blocks
        self.chain.run_until((self.chain.height // epoch + 1) * epoch)

    # Requests

    def request(self, **changes: Any) -> MsgRequestJob:
        plain = MsgRequestJob(
            requester=REQUESTER.bech32,
            model_root=self.root,
            prompt_root=self.prompt_root,
            blind_hash=digest("blind hash"),
            prompt_tokens=PROMPT_TOKENS,
            max_tokens=MAX_TOKENS,
            sampler=SamplerSpec(SamplerKind.GREEDY),
            seed=seed("sampler"),
            stop_ids=(2,),
            value=0,
            max_escrow=10 * OSTR,
            session_key=ed25519_public_key(seed("session")),
        )
        return replace(plain, **changes)

    def planned_job(self, **changes: Any) -> Job:
        """Request a job and run until its plan is drawn."""
        self.ok(self.chain.send(REQUESTER, self.request(**changes)))
        job_id = next(jobs.jobs_before(self.store, (1 << 64) - 1)).job_id
        self.chain.run_until(self.chain.height + 2)
        return self.job(job_id)

    # State

    @property
    def store(self) -> Any:
        return self.chain.app.snapshot().store

    def job(self, job_id: int) -> Job:
        return jobs.job(self.store, job_id)

    def units(self, job_id: int) -> tuple[Unit, ...]:
        return jobs.units_of(self.store, self.job(job_id))

    def check_pay(self, *units: Unit) -> int:
        """What a check of each of these units pays together."""
        return sum(jobs.check_pay(self.store, unit) for unit in units)

    def check_of(self, unit: Unit) -> UnitCheck:
        return sampling.check(self.store, jobs.key_of(unit))

    def worker(self, who: Machine) -> Worker:
        return workers.worker(self.store, who.address)

    def duties(self, who: Machine) -> QueryDutiesResponse:
        answer: QueryDutiesResponse = self.chain.query(
            QueryDutiesRequest(who.hot.bech32), "ostraka.sampling.v1.Query/Duties"
        )
        return answer

    def epoch(self, height: int) -> int:
        return sampling_rules.epoch_of(sampling.params(self.store), height)

    # Honest contents of a unit

    def out_root(self, unit: Unit) -> bytes:
        is_last = unit.stage == len(SERVERS) - 1
        content = digest("rows", unit.job_id, unit.stage)
        return content if is_last else blinded(BLIND, content)

    def body_root(self, unit: Unit) -> bytes:
        return blinded(BLIND, digest("body", unit.job_id, unit.stage))

    def in_root(self, unit: Unit) -> bytes:
        units = self.units(unit.job_id)
        if unit.stage == 0:
            return stage_zero_input(self.prompt_root, self.out_root(units[-1]))
        return self.out_root(units[unit.stage - 1])

    def salt(self, who: Machine, unit: Unit) -> bytes:
        return digest("salt", who.name, unit.job_id, unit.stage)

    def unit_id(self, unit: Unit) -> bytes:
        return unit_id(CHAIN_HASH, unit.job_id, unit.attempt, unit.stage)

    def receipt(self, unit: Unit, tokens: int = TOKENS, /, **changes: Any) -> Receipt:
        """The final receipt of a unit's sender, signed anew after `changes`."""
        plain = Receipt(self.unit_id(unit), unit.revision, PROMPT_TOKENS + tokens - 1, self.out_root(unit), True, b"")
        plain = replace(plain, **changes)
        if "signature" in changes:
            return plain
        signed = receipt_bytes(plain.unit, plain.revision, plain.count, plain.root, plain.is_final)
        return replace(plain, signature=sign_ed25519(self.asserter(unit).hot_seed, signed))

    def asserter(self, unit: Unit) -> Machine:
        return next(who for who in (*SERVERS, *CHECKERS, *SPARES) if who.address == unit.operator)

    # Messages

    def result(self, unit: Unit, tokens: int = TOKENS, **changes: Any) -> MsgSubmitResult:
        who = self.asserter(unit)
        root = trace_root(self.unit_id(unit), self.in_root(unit), self.body_root(unit), self.out_root(unit))
        upstream = None if unit.stage == 0 else self.receipt(self.units(unit.job_id)[unit.stage - 1], tokens)
        plain = MsgSubmitResult(
            sender=who.hot.bech32,
            job_id=unit.job_id,
            attempt=unit.attempt,
            stage=unit.stage,
            revision=unit.revision,
            tokens=tokens,
            in_root=b"" if unit.stage == 0 else self.in_root(unit),
            out_root=self.out_root(unit),
            seal=seal(who.address, self.unit_id(unit), self.salt(who, unit), root),
            receipt=upstream,
        )
        return replace(plain, **changes)

    def submit_all(self, job: Job) -> None:
        """Submit every stage's honest result, the last first."""
        for unit in reversed(self.units(job.job_id)):
            self.ok(self.chain.send(self.asserter(unit).hot, self.result(unit)))

    def asserted_job(self, **changes: Any) -> Job:
        """A job with all its results."""
        job = self.planned_job(**changes)
        self.submit_all(job)
        return self.job(job.job_id)

    def drawn_job(self, **changes: Any) -> Job:
        """A job whose round is closed and whose tickets can be computed."""
        job = self.asserted_job(**changes)
        blocks = sampling.params(self.store).round_blocks
        self.chain.run_until(-(-self.chain.height // blocks) * blocks + 2)
        return self.job(job.job_id)

    def commit_message(self, who: Machine, unit: Unit, **roots: bytes) -> MsgCommitCheck:
        body, out = roots.get("body_root", self.body_root(unit)), roots.get("out_root", self.out_root(unit))
        value = check_seal(who.address, self.unit_id(unit), self.salt(who, unit), body, out)
        return MsgCommitCheck(who.hot.bech32, unit.job_id, unit.attempt, unit.stage, value)

    def reveal_message(self, who: Machine, unit: Unit, **roots: bytes) -> MsgRevealCheck:
        body, out = roots.get("body_root", self.body_root(unit)), roots.get("out_root", self.out_root(unit))
        salt = roots.get("salt", self.salt(who, unit))
        return MsgRevealCheck(who.hot.bech32, unit.job_id, unit.attempt, unit.stage, salt, body, out)

    def open_message(self, unit: Unit, **changes: bytes) -> MsgOpenResult:
        who = self.asserter(unit)
        salt = changes.get("salt", self.salt(who, unit))
        body = changes.get("body_root", self.body_root(unit))
        return MsgOpenResult(who.hot.bech32, unit.job_id, unit.attempt, unit.stage, salt, body)

    def proof_message(self, who: Machine, epoch: int) -> MsgOpenEpoch:
        return MsgOpenEpoch(who.hot.bech32, epoch, vrf.prove(who.vrf_seed, self.epoch_alpha(who, epoch)))

    def epoch_alpha(self, who: Machine, epoch: int) -> bytes:
        height = epoch * sampling.params(self.store).epoch_blocks + 2
        found = beacon.find_beacon(self.store, height)
        assert found is not None
        return epoch_input(CHAIN_HASH, who.address, epoch, found.value)

    def ticket(self, who: Machine, unit: Unit) -> bytes:
        check = self.check_of(unit)
        found = sampling.find_round(self.store, check.round_index)
        assert found is not None
        beta = vrf.proof_to_hash(vrf.prove(who.vrf_seed, self.epoch_alpha(who, check.epoch)))
        return ticket(beta, found.alpha, self.unit_id(unit))

    def commit_all(self, job: Job) -> None:
        for who in CHECKERS:
            self.ok(self.chain.send(who.hot, *[self.commit_message(who, unit) for unit in self.units(job.job_id)]))

    def reveal_all(self, job: Job) -> None:
        for who in CHECKERS:
            self.ok(self.chain.send(who.hot, *[self.reveal_message(who, unit) for unit in self.units(job.job_id)]))

    def run_to_phase_end(self, unit: Unit) -> None:
        """Run to the end of the unit's window; commit-1, its beacon and commit-2 are taken as one."""
        self.chain.run_until(self.check_of(unit).phase_end)
        while self.check_of(unit).phase in (CheckPhase.DRAWING_AGAIN, CheckPhase.COMMIT_AGAIN):
            self.chain.run_until(self.check_of(unit).phase_end)

    def open_all(self, job: Job) -> None:
        for unit in self.units(job.job_id):
            self.ok(self.chain.send(self.asserter(unit).hot, self.open_message(unit)))

    # Ends

    def run_to_draw(self, job: Job) -> None:
        """Run until the tickets of an asserted job can be computed."""
        blocks = sampling.params(self.store).round_blocks
        self.chain.run_until(-(-self.chain.height // blocks) * blocks + 2)

    def run_to_attempt(self, job: Job, attempt: int) -> None:
        """Run until nobody may say anything more about what is convicted, and the job is run again."""
        end = self.chain.height + 400
        while self.job(job.job_id).attempt < attempt:
            self.chain.run_block()
            assert self.chain.height < end

    def run_to_close(self, job: Job) -> Job:
        """Run until a job is closed."""
        end = self.chain.height + 1_500
        while self.job(job.job_id).status not in (JobStatus.FINAL, JobStatus.CLOSED):
            self.chain.run_block()
            assert self.chain.height < end
        return self.job(job.job_id)

    def hire(self, spare: Machine) -> None:
        """Have a spare worker enrolled for the whole model."""
        if workers.find_worker(self.store, spare.address) is None:
            self.register(spare)
        self.enroll(spare, Role.SERVE, 0, self.header.num_layers)

    def restore(self, *people: Machine) -> None:
        """Have workers that have lost bond put it back, and take work again."""
        for who in people:
            found = workers.find_worker(self.store, who.address)
            if found is not None and found.bond < BOND:
                name = who.operator.bech32
                back = MsgUpdateWorker(name, found.endpoint, found.region, 0, False)
                self.ok(self.chain.send(who.operator, MsgBond(name, BOND - found.bond), back))

    def answer_again(self, job: Job) -> Job:
        """Have spare workers in the places of the convicted answer a job again, and run until it is closed."""
        again = self.job(job.job_id)
        assert (again.status, again.attempt) == (JobStatus.WAITING, job.attempt + 1)
        self.restore(*CHECKERS, *SPARES)
        spares, stages = iter(SPARES), list[Machine]()
        for who in SERVERS:
            stages.append(next(spares) if who.address in again.excluded else who)
        for who in set(stages) - set(SERVERS):
            self.hire(who)
        a, b, c = stages
        self.ok(self.chain.send(REQUESTER, self.plan_message((a, 0, 2), (b, 2, 4), (c, 4, 6))))
        self.chain.run_until(self.chain.height + 4)
        self.submit_all(self.job(job.job_id))
        return self.run_to_close(job)

    # Judging

    @staticmethod
    def ok(result: TxResult) -> TxResult:
        assert result.code == 0, result.log
        return result

    @staticmethod
    def code(result: TxResult) -> Code:
        return Code(result.code)


def short(parameters: ParameterSet = LOCALNET, **changes: Mapping[str, int]) -> ParameterSet:
    """Parameters with some fields of some modules changed: `short(jobs={"expiry_blocks": 20})`."""
    return replace(
        parameters, **{name: replace(getattr(parameters, name), **fields) for name, fields in changes.items()}
    )


def without_game(app_state: dict[str, Any]) -> None:
    """For `change`: a chain that only freezes what is in dispute."""
    del app_state["disputes"]


@contextmanager
def new_network(
    path: Path,
    *,
    parameters: ParameterSet = LOCALNET,
    model: ModelHeader | None = None,
    tensors: tuple[bytes, ...] | None = None,
    **genesis: Any,
) -> Iterator[Network]:
    """Three serving and two checking workers, one plan of three stages, and a snapshot that knows them all."""
    people = [REQUESTER]
    for who in (*SERVERS, *CHECKERS, *SPARES):
        people += [who.operator, who.hot]
    model = model or header()
    tensors = tensors or tensor_digests(model)
    models = [{**genesis_model(model=model), "tensor_digests": tensors}]
    with new_chain(path, keys=people, parameters=parameters, models=models, **genesis) as chain:
        network = Network(chain, model_root(model, tensors), model)
        chain.run_block([chain.tx(who.operator, who.registration()) for who in (*SERVERS, *CHECKERS)])
        servers = [MsgEnroll(who.operator.bech32, network.root, Role.SERVE, 0, LAYERS) for who in SERVERS]
        checkers = [MsgEnroll(who.operator.bech32, network.root, Role.CHECK, 0, LAYERS) for who in CHECKERS]
        pairs = zip((*SERVERS, *CHECKERS), servers + checkers, strict=True)
        results = chain.run_block([chain.tx(who.operator, message) for who, message in pairs])
        assert [result.code for result in results] == [0] * 5, [result.log for result in results]
        network.ok(chain.send(REQUESTER, network.three_stages()))
        network.ready()
        yield network
