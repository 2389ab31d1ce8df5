"""The worker's loop: observe the chain and itself, plan, act; again at every block and every local event."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from chain.client import ChainClient, ClientError, NotFound, Sender
from chain.crypto.hashing import unit_id
from chain.modules.disputes.types import DueDemand, DueMove
from chain.modules.disputes.types import Params as GameParams
from chain.modules.jobs.types import Job, JobStatus, Unit
from chain.modules.models.types import Model
from chain.modules.plans.types import Plan
from chain.modules.rates.types import Params as RateParams
from chain.modules.sampling.types import Duty, DutyKind, QueryDutiesResponse
from chain.modules.sampling.types import Params as WindowParams
from chain.modules.workers.types import Enrollment, Role, Worker
from chain.wire.worker.v1 import worker_pb2 as wire
from inference.act import Actor, Outcome, attempt
from inference.actions import (
    OPERATOR,
    Action,
    DropUnit,
    Enroll,
    FundHotKey,
    ProposePlan,
    ReadWitness,
    Register,
    SettleUnit,
    Wait,
)
from inference.auditing import Auditor
from inference.chain_reader import ChainReader
from inference.check import Checker
from inference.compute import Compute, Machine
from inference.config import ConfigError, WorkerConfig
from inference.disputes.archive import Archive
from inference.disputes.claims import Claim, evidence_name, find_claims, find_shown
from inference.disputes.holdings import held_of
from inference.disputes.player import Player
from inference.disputes.source import UnitSource
from inference.draw import Draws
from inference.engine.rows import row_size
from inference.forgery import forged
from inference.journal import Journal
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.misconduct import parse_misconduct
from inference.plan import plan
from inference.runs import Runs
from inference.shards.spec import ShardSpec
from inference.transport.library import UnitLibrary
from inference.transport.service import WorkerService, start_server
from inference.view import RunView, UnitKey, Wishes, WorkerView, claim_name, unit_key
from inference.witness import WitnessDesk
from inference.witness_plan import suppliers

log = logging.getLogger("ostraka.worker")

RETRY_BLOCKS = 4
"""After how many blocks a failed action is tried again."""
SLOW_BLOCKS = 8
"""How often what changes rarely is read again: balances, plans, workers, enrolments."""
EAGER_BLOCKS = 2
"""The same while no plan is live and everybody waits for everybody's enrolment."""
MODEL_PAUSE_SECONDS = 1.0
"""Between attempts to find node and model at the start."""
MAX_LOST = 4
"""Plans remembered that are live no more."""
MAX_BAITS = 8
"""Baited seals asked about at a time; their draw is an epoch away."""
MAX_EXPIRED = 64
"""Units set aside that are looked at at a time."""
MAX_DONE = 4096
"""Names of committed duties remembered."""


class WorkerProcess:
    """Everything one worker consists of, and the loop that drives it."""

    def __init__(self, config: WorkerConfig, keys: WorkerKeys, client: ChainClient, model: Model) -> None:
        self._config = config
        self._keys = keys
        self._client = client
        self._model = model
        self._reader = ChainReader(client, config.chain_id, keys.operator.address)
        self._misconduct = parse_misconduct(config.fault)
        self._journal = Journal(config.home)
        self._compute = Compute()
        header = model.header
        self._shards = LoadedShards(config.models, header, self._compute, threads=config.threads, fault=config.fault)
        self._runs = Runs(
            header, self._shards, self._compute, self._journal, keys,
            max_runs=config.max_runs,
            find_assignment=self._reader.find_assignment,
            find_peer=self._reader.peer,
            on_change=self._wake_up,
        )  # fmt: skip
        checker = Checker(header, self._shards, self._compute, self._reader, keys, self._journal)
        self._checker = checker
        self._desk = WitnessDesk(self._reader.chain, keys, self._journal, self._reader)
        library = UnitLibrary(
            self._reader.chain, row_size(header.hidden_size), self._journal, self._reader,
            is_withholding=self._misconduct.withhold,
        )  # fmt: skip
        self._player = Player(
            self._reader.chain, keys.hot.bech32, header, config.models / model.model_root.hex(),
            compute=self._compute,
            reader=self._reader,
            machine=self._machine,
            make=self._archive,
            source=UnitSource(keys.operator.address, self._journal, library, checker, self._reader),
        )  # fmt: skip
        record = self._journal.record_transaction
        self._actor = Actor(
            config, keys, self._reader.chain, model.model_root,
            Sender(client, keys.operator, config.chain_id, config.gas_price, journal=record),
            Sender(client, keys.hot, config.chain_id, config.gas_price, journal=record),
            self._journal, self._shards, self._runs, checker, self._player, self._desk,
        )  # fmt: skip
        seed = keys.hot.secret
        alter = (lambda run, frames: forged(run, seed, frames)) if self._misconduct.forge else None
        self._service = WorkerService(self._runs, library, self.status, alter=alter)
        self._draws = Draws(keys, self._reader.chain)
        end = config.serve_end or header.num_layers
        self._wishes = Wishes(
            serve=ShardSpec(model.model_root, config.serve_start, end) if config.serve else None,
            check=config.check,
            bond=config.bond,
            hot_balance=config.hot_balance,
        )
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._accounts: set[str] = set()
        self._done: dict[str, None] = {}
        self._retry_at: dict[str, int] = {}
        self._finished: set[UnitKey] = set()
        self._settling: dict[UnitKey, int] = {}
        self._evidence: tuple[Claim, ...] = ()
        self._slow_height = -SLOW_BLOCKS
        self._worker: Worker | None = None
        self._balances = (0, 0)
        self._plans: tuple[Plan, ...] = ()
        self._lost: tuple[Plan, ...] = ()
        self._waiting: tuple[Job, ...] = ()
        self._peers: tuple[Worker, ...] = ()
        self._enrollments: tuple[Enrollment, ...] = ()
        self._duties: QueryDutiesResponse | None = None
        self._moves: tuple[DueMove, ...] = ()
        self._demands: tuple[DueDemand, ...] = ()
        self._game: GameParams | None = None
        self._windows: WindowParams | None = None
        self._canaries: tuple[UnitKey, ...] = ()
        self._rates: RateParams | None = None
        self._auditor: Auditor | None = None
        self._view: WorkerView | None = None
        self._reason = "the chain"

    async def run(self) -> None:
        """Serve and work until cancelled. Raises: OSError if the port is taken."""
        self._compute.start()
        server, port = await start_server(self._config.listen, self._service)
        log.info("worker %s listens on port %d", self._keys.operator.bech32, port)
        follower = asyncio.get_running_loop().create_task(self._follow())
        try:
            while True:
                self._wake.clear()
                try:
                    view = await self._observe()
                except ClientError as error:
                    log.warning("the node cannot be read: %s", error)
                else:
                    self._take_steps(view)
                # Threshold: a lost notice costs two seconds, never a duty.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(2.0):  # `wait_for` may lose a cancellation that meets a wake-up
                        await self._wake.wait()
        finally:
            follower.cancel()
            for task in self._busy.values():
                task.cancel()
            self._runs.close()
            await server.stop(0.2)
            await asyncio.to_thread(self._compute.close)
            self._journal.close()

    def _wake_up(self) -> None:
        self._wake.set()

    async def _follow(self) -> None:
        """Turn blocks into wake-ups; what happened is read from the duties, not from events."""
        while True:
            try:
                async for block in self._client.follow(0, without_events=True):
                    self._reader.height = block.height
                    self._runs.notice_block()
                    self._wake.set()
            except ClientError as error:
                log.warning("cannot follow the chain: %s", error)
                await asyncio.sleep(MODEL_PAUSE_SECONDS)

    # -- observe

    async def _observe(self) -> WorkerView:
        """Return the view of this moment. Raises: ClientError."""
        try:
            self._duties = await self._reader.duties()
            self._moves = self._misconduct.moves(await self._reader.moves())
            self._demands = () if self._misconduct.mute else await self._reader.demands()
            self._reader.height = max(self._reader.height, self._duties.height)
        except NotFound:
            self._duties, self._moves, self._demands = None, (), ()
            self._reader.height = max(self._reader.height, (await self._client.status()).height)
        height = self._reader.height
        await self._observe_plans()
        if height - self._slow_height >= (SLOW_BLOCKS if self._plans else EAGER_BLOCKS):
            await self._observe_slow()
            self._slow_height = height
        duties = self._duties.duties if self._duties is not None else ()
        self._view = self._make_view(self._misconduct.duties(duties))
        return self._view

    async def _observe_plans(self) -> None:
        """Read the live plans: when one dies, jobs wait for another, and who is lost must be known at once."""
        found = await self._reader.plans(self._model.model_root)
        if found != self._plans:
            known = {live.plan_id for live in found}
            self._lost = (*self._lost, *(old for old in self._plans if old.plan_id not in known))[-MAX_LOST:]
            self._plans = found
            self._slow_height = -SLOW_BLOCKS
        if found:
            self._lost = ()

    async def _observe_slow(self) -> None:
        root = self._model.model_root
        self._worker = await self._reader.find_worker(self._keys.operator.address)
        self._balances = (
            await self._reader.balance(self._keys.operator.bech32),
            await self._reader.balance(self._keys.hot.bech32),
        )
        self._waiting = await self._reader.waiting(root)
        self._peers = await self._reader.workers()
        self._enrollments = await self._reader.enrollments(root)
        if self._rates is None:
            self._rates = await self._reader.rates()
        if self._windows is None:
            self._game, self._windows = await self._reader.dispute_params(), await self._reader.sampling_params()
        await self._find_finished()
        await self._find_canaries()
        await self._drop_settled()
        await self._audit()

    async def _machine(self, job: Job, unit: Unit) -> Machine:
        """Return the engine with which this worker ran or checked a unit. Raises: ShardError."""
        spec = ShardSpec(job.model_root, unit.start, unit.end)
        if unit.operator == self._keys.operator.address:
            return await self._shards.machine(spec)
        return await self._shards.checking_machine(spec)

    def _archive(self, unit: Unit) -> Callable[..., Archive]:
        return self._shards.archive if unit.operator == self._keys.operator.address else Archive

    async def _drop_settled(self) -> None:
        """Forget regenerated units whose disputes are over."""
        for key in self._player.units:
            found = await self._reader.find_job(key.job_id)
            if found is None or found.job.attempt != key.attempt or found.job.status not in _IN_DISPUTE:
                self._player.drop(key)

    async def _find_finished(self) -> None:
        """Find kept units whose jobs are over, and what the journal proves against stages of the others."""
        own = {UnitKey(run.job_id, run.attempt, run.stage) for run in self._journal.runs() if run.is_ended}
        kept = {UnitKey(item.job_id, item.attempt, item.stage) for item in self._journal.runs()}
        kept |= {UnitKey(item.job_id, item.attempt, item.stage) for item in self._journal.checks()}
        kept |= {UnitKey(*item[1:4]) for item in self._journal.demands()}
        claims: dict[str, Claim] = {}
        self._settling = {}
        for key in sorted(kept - self._finished)[:64]:
            found = await self._reader.find_job(key.job_id)
            if found is None or found.job.attempt != key.attempt or found.job.status in _OVER:
                if found is not None and key in own and _may_be_late(found.job, self._reader.height):
                    self._settling[key] = found.job.late_until
                else:
                    self._finished.add(key)
            else:
                claims.update(await self._find_claims(found.job, found.units))
        self._evidence = tuple(claims.values())
        self._finished &= kept | await self._find_expired()

    async def _find_expired(self) -> set[UnitKey]:
        """Find units set aside that can be drawn again no more, and are not being drawn."""
        expired = {UnitKey(*place) for place in self._journal.settled_before(self._reader.height, MAX_EXPIRED)}
        for key in sorted(expired - self._finished):
            found = await self._reader.find_job(key.job_id)
            if found is None or found.job.status in _OVER:
                self._finished.add(key)
        return expired

    async def _audit(self) -> None:
        """Look for duties that others did not meet."""
        if self._auditor is None:
            params = await self._reader.sampling_params()
            self._auditor = Auditor(self._reader, self._keys.operator.address, params)
        self._auditor.forget(tuple(duty for duty in self._auditor.found if claim_name(duty) in self._done))
        await self._auditor.look(self._reader.height)

    async def _find_claims(self, job: Job, units: tuple[Unit, ...]) -> dict[str, Claim]:
        """Return by name what the journal proves against the stages of a job."""
        sender, own = self._keys.hot.bech32, self._keys.operator.address
        held = await asyncio.to_thread(held_of, self._journal, self._reader.chain, sender, job, units)
        found: list[Claim] = list(find_claims(job, units, held, own))
        if self._reader.height + 1 >= await self._reader.shown_from(job):
            found += find_shown(job, units, held)
        return {evidence_name(claim): claim for claim in found}

    async def _find_canaries(self) -> None:
        """Find baited seals that count as canaries, and forget those that never will."""
        drawn: list[UnitKey] = []
        for unit, *place, _ in self._journal.baits()[:MAX_BAITS]:
            key = UnitKey(*place)
            found = await self._reader.find_canary(*key)
            if found is None or found.is_open or (found.is_known and not found.is_drawn):
                self._journal.drop_bait(unit)
            elif found.is_drawn:
                drawn.append(key)
        self._canaries = tuple(drawn)

    def _make_view(self, duties: tuple[Duty, ...]) -> WorkerView:
        live = {run.assignment.key: run for run in self._runs}
        runs: dict[UnitKey, RunView] = {}
        for record in self._journal.runs():
            key = UnitKey(record.job_id, record.attempt, record.stage)
            run = live.get(key)
            is_delivered = run.is_delivered if run is not None else self._is_delivered(record.unit)
            runs[key] = RunView(record.is_ended, run is not None, is_delivered)
        for key in self._wanted_again(duties):
            set_aside = self._journal.find_run(unit_id(self._reader.chain, *key)) if key not in runs else None
            if set_aside is not None:
                runs[key] = RunView(set_aside.is_ended, False, True)
        drawn = {unit_key(duty) for duty in duties if duty.kind == DutyKind.DRAW and self._draws.is_drawn(duty)}
        checks, demands = self._journal.checks(), self._journal.demands()
        # A unit for which this worker was not drawn is in its journal only if it is false: it commits to that as well.
        drawn |= {UnitKey(item.job_id, item.attempt, item.stage) for item in checks}
        return WorkerView(
            height=self._reader.height,
            now_ns=time.monotonic_ns(),
            operator=self._keys.operator.address,
            wishes=self._wishes,
            model_root=self._model.model_root,
            header=self._model.header,
            worker=self._worker,
            operator_balance=self._balances[0],
            hot_balance=self._balances[1],
            loaded=frozenset(self._shards.ready),
            plans=self._plans,
            lost=self._lost,
            waiting=self._waiting,
            peers=self._peers,
            enrollments=self._enrollments,
            rates=self._rates,
            duties=duties,
            runs=MappingProxyType(runs),
            checked=frozenset(UnitKey(item.job_id, item.attempt, item.stage) for item in checks),
            drawn=frozenset(drawn),
            finished=frozenset(self._finished),
            settling=MappingProxyType(dict(self._settling)),
            canaries=self._canaries,
            unmet=self._auditor.found if self._auditor is not None else (),
            evidence=self._evidence,
            moves=self._moves,
            prepared=MappingProxyType(self._actor.prepared(self._moves)),
            demands=self._demands,
            witnesses=frozenset((job_id, attempt) for _, job_id, attempt, _, has_come in demands if has_come),
            false_boxes=self._desk.false_boxes,
            asked=MappingProxyType(dict(self._checker.asked)),
            fed=frozenset(self._checker.fed),
            starved=frozenset(self._checker.starved),
            game=self._game,
            windows=self._windows,
            busy=frozenset((*self._busy, *self._accounts)),
            done=frozenset(self._done),
            retry_at=MappingProxyType(dict(self._retry_at)),
        )

    def _wanted_again(self, duties: tuple[Duty, ...]) -> set[UnitKey]:
        """Return the units that a late draw may ask for: seals to open, ids to supply."""
        wanted = {unit_key(duty) for duty in duties if duty.kind == DutyKind.OPEN}
        for due in self._demands:
            wanted.update(suppliers(due).values())
        return wanted

    def _is_delivered(self, unit: bytes) -> bool:
        return any(is_final and bool(counter) for _, is_final, _, _, counter in self._journal.receipts(unit))

    # -- act

    def _take_steps(self, view: WorkerView) -> None:
        """Start everything the plan wants now; each action marks itself busy, so the next one is another."""
        while True:
            action = plan(view)
            if isinstance(action, Wait):
                if action.reason != self._reason:
                    log.info("waiting for %s", action.reason)
                self._reason = action.reason
                return
            self._start(action, view)
            view = replace(view, busy=frozenset((*view.busy, action.name, *self._accounts)))

    def _start(self, action: Action, view: WorkerView) -> None:
        if isinstance(action, Register | FundHotKey | Enroll | ProposePlan):
            self._accounts.add(OPERATOR)
        log.debug("height %d: %s", view.height, action.name)
        work = attempt(self._actor, action, view, self._settle)
        self._busy[action.name] = asyncio.get_running_loop().create_task(work)

    def _settle(self, action: Action, outcome: Outcome | None) -> None:
        self._busy.pop(action.name, None)
        height = self._reader.height
        if isinstance(action, Register | FundHotKey | Enroll | ProposePlan):
            self._accounts.discard(OPERATOR)
            self._slow_height = -SLOW_BLOCKS
        if outcome is None:
            self._retry_at[action.name] = height + RETRY_BLOCKS
        else:
            self._retry_at.pop(action.name, None)
            if isinstance(action, DropUnit):
                self._checker.forget(action.key)
                self._finished.discard(action.key)
            if isinstance(action, SettleUnit):
                self._settling.pop(action.key, None)
            if isinstance(action, ReadWitness):
                self._retry_at.pop(f"check {action.key}", None)
            for name in outcome.failed:
                self._retry_at[name] = height + RETRY_BLOCKS
            for name in outcome.done:
                self._done[name] = None
            while len(self._done) > MAX_DONE:
                del self._done[next(iter(self._done))]
        self._wake.set()

    # -- status

    def status(self) -> wire.StatusResponse:
        """Return what `worker status` shows."""
        view = self._view
        roles = {item.role for item in self._enrollments if item.operator == self._keys.operator.address}
        return wire.StatusResponse(
            operator=self._keys.operator.address,
            hot_address=self._keys.hot.address,
            height=self._reader.height,
            endpoint=self._config.advertised,
            device="cpu",
            is_registered=view is not None and view.worker is not None,
            is_serving=Role.SERVE in roles,
            is_checking=Role.CHECK in roles,
            shards=[wire.ShardStatus(model_root=s.model_root, start=s.start, end=s.end) for s in self._shards],
            runs=[
                wire.RunStatus(
                    job_id=run.assignment.key.job_id,
                    attempt=run.assignment.key.attempt,
                    stage=run.assignment.stage,
                    received=run.received,
                    computed=run.computed,
                    is_ended=run.is_ended,
                )
                for run in self._runs
            ],
            num_duties=len(view.duties) if view is not None else 0,
            units_submitted=self._actor.units_submitted,
            checks_committed=self._actor.checks_committed,
            waiting_for=self._reason,
        )


_OVER = frozenset({JobStatus.FINAL, JobStatus.CLOSED})
_IN_DISPUTE = frozenset({JobStatus.DISPUTED, JobStatus.LATE_DISPUTED})


def _may_be_late(job: Job, height: int) -> bool:
    """Say whether a unit of a settled job may still be drawn again."""
    return job.status == JobStatus.FINAL and job.late_until >= height


async def find_model(client: ChainClient, config: WorkerConfig) -> Model:
    """Return the model this worker is for, waiting for node and registration. Raises: ConfigError: another chain."""
    reader = ChainReader(client, config.chain_id, bytes(20))
    is_told = False
    while True:
        try:
            found = (await client.status()).chain_id
            if found != config.chain_id:
                raise ConfigError(f"node {config.node} is of chain {found!r}, chain_id says {config.chain_id!r}")
            return await reader.model(config.model)
        except ClientError as error:
            if not is_told:
                log.info("waiting for node %s and model %s: %s", config.node, config.model, error)
            is_told = True
        await asyncio.sleep(MODEL_PAUSE_SECONDS)


async def run_worker(config: WorkerConfig, keys: WorkerKeys) -> None:
    """Run one worker until cancelled."""
    async with ChainClient(config.node) as client:
        model = await find_model(client, config)
        await WorkerProcess(config, keys, client, model).run()
