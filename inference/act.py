"""Carry out one action: every side effect of a worker's policy starts here."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from chain.client import ClientError, Sender
from chain.client.sender import Committed
from chain.crypto.hashing import unit_id
from chain.errors import Code
from chain.modules.bank.types import DENOM, Coin, MsgSend
from chain.modules.disputes.types import DueMove, MsgClaimBounds, Side
from chain.modules.jobs.types import MsgSubmitResult, Unit
from chain.modules.plans.types import MsgSubmitPlan
from chain.modules.sampling.types import (
    Duty,
    DutyKind,
    MsgClaimDuty,
    MsgCommitCheck,
    MsgOpenCanary,
    MsgOpenEpoch,
    MsgOpenResult,
    MsgRevealCheck,
)
from chain.modules.workers.types import MsgEnroll, MsgRegisterWorker
from chain.store.codec import encode
from inference import canaries, hardware
from inference.actions import (
    Action,
    CheckUnit,
    ClaimDuties,
    DropUnit,
    Enroll,
    FundHotKey,
    LoadShard,
    PrepareMove,
    ProposePlan,
    ReadWitness,
    Register,
    ResumeRun,
    SendDuties,
    SendEvidence,
    SendWitness,
    SettleUnit,
    Wait,
)
from inference.check import Checker, CheckFailed, EarlierStageFalse
from inference.config import WorkerConfig
from inference.disputes.bounds import find_broken_row
from inference.disputes.claims import Claim, evidence_name
from inference.disputes.model import ModelFiles
from inference.disputes.party import Message
from inference.disputes.player import MoveFailed, Player
from inference.journal import CHECKER, CheckRecord, Journal, RunRecord
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.plan import duty_name
from inference.proofs import commit
from inference.proofs.commit import ChainRoots
from inference.run import decoded_receipt
from inference.runs import Runs
from inference.shards.loader import OutOfBounds, ShardError
from inference.shards.spec import ShardSpec
from inference.transport.refusals import Refused
from inference.view import (
    UnitKey,
    UnmetDuty,
    WitnessStep,
    WorkerView,
    canary_name,
    claim_name,
    first_of_units,
    key_of,
    move_name,
    unit_key,
)
from inference.witness import BoxMissing, WitnessDesk

log = logging.getLogger("ostraka.act")

SETTLED_CODES = frozenset(
    {
        Code.ALREADY_SUBMITTED,
        Code.ALREADY_COMMITTED,
        Code.ALREADY_REVEALED,
        Code.PROOF_ALREADY_OPENED,
        Code.WORKER_EXISTS,
        Code.ALREADY_ENROLLED,
        Code.NOT_DUE,
    }
)
"""Refusals that say the thing is done."""
GONE_CODES = frozenset({Code.ALREADY_CLAIMED, Code.DUTY_MET, Code.UNKNOWN_JOB, Code.NOT_ELIGIBLE})
"""Refusals that say there is nothing to claim any more."""
PASSED_CODES = frozenset({Code.LINE_OVER, Code.NOT_YOUR_TURN, Code.WRONG_ROUND, Code.CLOCK_OUT})
"""Refusals that say a line has gone on without the move."""


WITNESS_CODES = frozenset(
    {Code.ALREADY_DEMANDED, Code.ALREADY_SUPPLIED, Code.UNKNOWN_DEMAND, Code.CLOCK_OUT, Code.WINDOW_CLOSED}
)
"""Refusals that say that a demand or an answer is done, or of no use any more."""
VAIN_CODES = frozenset(
    {Code.CLAIM_LATE, Code.NO_CONTRADICTION, Code.NOTHING_SHOWN, Code.EVIDENCE_INVALID, Code.UNKNOWN_JOB}
)
"""Refusals of a claim that others have made, or that proves nothing."""


class ActionFailed(Exception):
    """An action did not take effect; the loop tries again later."""


class Outcome:
    """What became of an action's parts: names that are done and names that failed."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failed: list[str] = []


class Actor:
    """The hands of one worker."""

    def __init__(
        self,
        config: WorkerConfig,
        keys: WorkerKeys,
        chain: bytes,
        model_root: bytes,
        operator_sender: Sender,
        hot_sender: Sender,
        journal: Journal,
        shards: LoadedShards,
        runs: Runs,
        checker: Checker,
        player: Player,
        desk: WitnessDesk,
    ) -> None:
        self._config = config
        self._keys = keys
        self._chain = chain
        self._model_root = model_root
        self._operator_sender = operator_sender
        self._hot_sender = hot_sender
        self._journal = journal
        self._shards = shards
        self._runs = runs
        self._checker = checker
        self._player = player
        self._desk = desk
        self._prepared: dict[str, Message] = {}
        self.units_submitted = 0
        self.checks_committed = 0
        self.moves_made = 0
        self.duties_claimed = 0
        self._spacing = 0
        self._bounds_claim: MsgClaimBounds | None = None
        self._is_model_searched = False

    def prepared(self, moves: Iterable[DueMove]) -> dict[str, int]:
        """Return the sizes of the messages that are ready for these moves; those of other moves are dropped."""
        due = {move_name(item) for item in moves}
        self._prepared = {name: message for name, message in self._prepared.items() if name in due}
        return {name: len(encode(message)) for name, message in self._prepared.items()}

    async def act(self, action: Action, view: WorkerView) -> Outcome:
        """Perform an action and say what became of it. Raises: ActionFailed and what the parts raise."""
        outcome = Outcome()
        if view.rates is not None:
            self._spacing = view.rates.canary_spacing
        match action:
            case Register():
                await self._operator_sends(self._registration())
            case FundHotKey(amount=amount):
                coins = (Coin(DENOM, str(amount)),)
                await self._operator_sends(MsgSend(self._keys.operator.bech32, self._keys.hot.bech32, coins))
            case LoadShard(spec=spec):
                await self._load(spec, view)
            case Enroll(role=role, start=start, end=end):
                message = MsgEnroll(self._keys.operator.bech32, self._model_root, role, start, end)
                await self._operator_sends(message)
            case ProposePlan(stages=stages):
                await self._operator_sends(MsgSubmitPlan(self._keys.operator.bech32, self._model_root, stages))
            case ResumeRun(key=key):
                await self._runs.resume(key)
            case SendDuties(duties=(), moves=(), canaries=keys):
                await self._open_canaries(keys, outcome)
            case SendDuties(duties=duties, moves=moves):
                await self._send(duties, moves, outcome)
            case ClaimDuties(duties=unmet):
                await self._claim(unmet, outcome)
            case SendEvidence(evidence=found):
                await self._send_evidence(found, outcome)
            case PrepareMove(due=due):
                await self._prepare(due, outcome)
            case SendWitness(steps=steps):
                await self._send_witness(steps, outcome)
            case ReadWitness(due=due, key=key):
                self._checker.notice_witness(key, await self._desk.read(due))
            case CheckUnit(duty=duty, key=key):
                await self._check(duty, key, outcome)
            case SettleUnit(key=key, until=until):
                await self._set_aside(key, until)
            case DropUnit(key=key):
                await self._drop(key)
            case Wait():
                pass
            case _:
                assert_never(action)
        return outcome

    def _registration(self) -> MsgRegisterWorker:
        return MsgRegisterWorker(
            operator=self._keys.operator.bech32,
            keys=self._keys.registration(self._chain),
            endpoint=self._config.advertised,
            region=self._config.region,
            memory_bytes=hardware.offered_memory(self._config.memory_bytes),
            devices=hardware.detected_devices(),
            ask_price=self._config.ask_price,
            bond=self._config.bond,
        )

    async def _operator_sends(self, message: object) -> None:
        committed = await self._operator_sender.send([message])
        if committed.code not in (Code.OK, *SETTLED_CODES):
            raise ActionFailed(f"{type(message).__name__}: code {committed.code}: {committed.log}")
        log.info("%s is committed at height %d", type(message).__name__, committed.height)

    async def _load(self, spec: ShardSpec, view: WorkerView) -> None:
        is_run = any(
            stage.operator == view.operator and (stage.start, stage.end) == (spec.start, spec.end)
            for live in view.plans
            for stage in live.stages
        )
        try:
            if is_run or any(duty.kind == DutyKind.RUN for duty in view.duties):
                await self._shards.engine(spec)
            else:
                await self._shards.verify(spec)
        except OutOfBounds:
            await self._claim_bounds()
            raise

    async def _claim_bounds(self) -> None:
        """Show the chain which row of the model breaks a bound; it is looked for once."""
        if not self._is_model_searched:
            folder = self._config.models / self._model_root.hex()
            self._bounds_claim = await asyncio.to_thread(find_broken_row, ModelFiles(folder), self._keys.hot.bech32)
            self._is_model_searched = True
        if self._bounds_claim is not None:
            committed = await self._hot_sender.send([self._bounds_claim])
            code = committed.dropped[0].code if committed.dropped else committed.code
            log.warning("the model breaks a bound; the chain says %s", Code(code).name)
            self._bounds_claim = None

    async def _check(self, duty: Duty, key: UnitKey, outcome: Outcome) -> None:
        assert duty.check is not None
        unit = duty.check.unit
        try:
            given, roots = await self._checker.recompute(duty)
        except EarlierStageFalse as error:
            # The unit was made from a false input: what is false is an earlier unit, and that is what gets checked.
            assert duty.job is not None
            assert duty.unit is not None
            stage, given, roots = await self._checker.first_false(duty.job, duty.unit, error.witness)
            outcome.done.append(CheckUnit(duty, key).name)
            key = UnitKey(key.job_id, key.attempt, stage)
            unit = unit_id(self._chain, *key)
            log.warning("unit %s is false: the units after it have another input than it gives", key)
        await asyncio.to_thread(self._journal.keep_input, unit, given.blind, given.ids, given.rows)
        record = CheckRecord(unit, *key, roots.body_root, roots.out_root)
        await asyncio.to_thread(self._journal.record_check, record)
        log.info("unit %s is recomputed", key)

    async def _set_aside(self, key: UnitKey, until: int) -> None:
        """Forget the session of a unit whose job is settled, and keep what it needs if it is drawn again."""
        self._runs.drop(key)
        run = self._journal.find_run(unit_id(self._chain, *key))
        if run is not None:
            await self._keep_bait(run)
            await asyncio.to_thread(self._journal.settle_run, run, until)

    async def _keep_bait(self, run: RunRecord) -> None:
        """Keep what opens a baited seal: its draw may come after the unit is forgotten."""
        if run.is_ended and canaries.is_baited(self._journal, run.unit, self._spacing):
            await asyncio.to_thread(self._journal.keep_bait, run)

    async def _drop(self, key: UnitKey) -> None:
        self._runs.drop(key)
        run = self._journal.find_run(unit_id(self._chain, *key))
        if run is not None:
            await self._keep_bait(run)
            await asyncio.to_thread(self._journal.drop_unit, run.unit)
        for check in self._journal.checks():
            if UnitKey(check.job_id, check.attempt, check.stage) == key:
                await asyncio.to_thread(self._journal.drop_unit, check.unit)
        for unit, *rest, _ in self._journal.demands():
            if UnitKey(*rest) == key:
                await asyncio.to_thread(self._journal.drop_unit, unit)

    async def _prepare(self, due: DueMove, outcome: Outcome) -> None:
        message = await self._player.message(due)
        if message is None:
            outcome.done.append(move_name(due))
        else:
            self._prepared[move_name(due)] = message

    async def _send(self, duties: tuple[Duty, ...], moves: tuple[DueMove, ...], outcome: Outcome) -> None:
        """Send the messages of duties and moves in one transaction; some may be dropped, others done."""
        moves = tuple(due for due in moves if move_name(due) in self._prepared)
        messages: list[object] = [await asyncio.to_thread(self._message, duty) for duty in duties]
        baited = [(due, found) for due in first_of_units(moves) if (found := self._bait_of(due)) is not None]
        messages += [found for _, found in baited]
        messages += [self._prepared[move_name(due)] for due in moves]
        names = [duty_name(duty) for duty in duties]
        names += [f"seal of {move_name(due)}" for due, _ in baited] + [move_name(due) for due in moves]
        deadline = min([duty.deadline for duty in duties] + [due.deadline for due in moves])
        try:
            committed = await self._hot_sender.send(messages, deadline=deadline)
        except ClientError as error:
            log.warning("duties are not sent: %s", error)
            outcome.failed += names
            return
        self._sort_outcome([*duties, *(due for due, _ in baited), *moves], names, committed, outcome)

    async def _send_witness(self, steps: tuple[WitnessStep, ...], outcome: Outcome) -> None:
        """Send demands and answers; what the chain has no use for any more is not sent again."""
        messages = [await asyncio.to_thread(self._desk.message, step) for step in steps]
        names = [step.name for step in steps]
        try:
            committed = await self._hot_sender.send(messages, deadline=min(step.deadline for step in steps))
        except ClientError as error:
            log.warning("demands and answers are not sent: %s", error)
            outcome.failed += names
            return
        dropped = {item.index: item.code for item in committed.dropped}
        for index, name in enumerate(names):
            code = dropped.get(index, committed.code)
            is_done = code in (Code.OK, *WITNESS_CODES)
            log.info("%s: code %d at height %d", name, code, committed.height)
            (outcome.done if is_done else outcome.failed).append(name)

    def _bait_of(self, due: DueMove) -> MsgOpenCanary | None:
        """Return what must open a baited seal before its unit's first reveal, or None."""
        if due.side != Side.ASSERTER or due.unit.salt:
            return None
        message = self._opening(due.unit)
        return message if isinstance(message, MsgOpenCanary) else None

    def _opening(self, unit: Unit) -> MsgOpenResult | MsgOpenCanary:
        key = key_of(unit)
        name = unit_id(self._chain, *key)
        run = self._journal.run(name)
        roots = ChainRoots(run.in_root, run.body_root, run.out_root)
        sender, operator = self._keys.hot.bech32, self._keys.operator.address
        return canaries.opening(self._journal, sender, operator, key, name, roots, unit.seal)

    async def _open_canaries(self, keys: tuple[UnitKey, ...], outcome: Outcome) -> None:
        """Open baited seals that nobody checked; whatever the chain says of one, it is not asked again."""
        baits = {UnitKey(*bait[1:4]): bait for bait in self._journal.baits()}
        known = [key for key in keys if key in baits]
        sender = self._keys.hot.bech32
        messages = [canaries.canary_opening(self._journal, sender, key, baits[key][0], baits[key][4]) for key in known]
        committed = await self._hot_sender.send(messages)
        log.info("%d canaries are opened, %d were refused", len(known), len(committed.dropped))
        for key in known:
            await asyncio.to_thread(self._journal.drop_bait, baits[key][0])
        outcome.done += [canary_name(key) for key in keys]

    async def _claim(self, duties: tuple[UnmetDuty, ...], outcome: Outcome) -> None:
        """Claim others' unmet duties; what somebody else was faster with is done as well."""
        sender = self._keys.hot.bech32
        messages = [MsgClaimDuty(sender, *duty.key, duty.checker) for duty in duties]
        try:
            committed = await self._hot_sender.send(messages)
        except ClientError as error:
            log.warning("claims are not sent: %s", error)
            outcome.failed += [claim_name(duty) for duty in duties]
            return
        dropped = {item.index: item.code for item in committed.dropped}
        for index, duty in enumerate(duties):
            code = dropped.get(index, committed.code)
            if code == Code.OK:
                log.info("%s is committed at height %d", claim_name(duty), committed.height)
                self.duties_claimed += 1
            is_over = code in (Code.OK, *GONE_CODES)
            (outcome.done if is_over else outcome.failed).append(claim_name(duty))

    async def _send_evidence(self, claims: tuple[Claim, ...], outcome: Outcome) -> None:
        """Send what is proven against others; what the chain refuses for good is not sent again."""
        committed = await self._hot_sender.send(list(claims))
        dropped = {item.index: item for item in committed.dropped}
        for index, claim in enumerate(claims):
            refused = dropped.get(index)
            code, name = committed.code if refused is None else refused.code, evidence_name(claim)
            if code == Code.OK:
                log.info("%s is committed at height %d", name, committed.height)
            (outcome.done if code in (Code.OK, *VAIN_CODES) else outcome.failed).append(name)

    def _sort_outcome(
        self, sent: Sequence[Duty | DueMove], names: list[str], committed: Committed, outcome: Outcome
    ) -> None:
        dropped = {item.index: item for item in committed.dropped}
        for index, (item, name) in enumerate(zip(sent, names, strict=True)):
            refused = dropped.get(index)
            code = refused.code if refused is not None else committed.code
            settled = PASSED_CODES if isinstance(item, DueMove) else SETTLED_CODES
            if code == Code.OK:
                log.info("%s is committed at height %d", name, committed.height)
                self._count(item)
                outcome.done.append(name)
            elif code in settled:
                outcome.done.append(name)
            else:
                log.warning("%s: code %d: %s", name, code, refused.log if refused is not None else committed.log)
                outcome.failed.append(name)

    def _count(self, sent: Duty | DueMove) -> None:
        if isinstance(sent, DueMove):
            self.moves_made += 1
        else:
            self.units_submitted += sent.kind == DutyKind.RUN
            self.checks_committed += sent.kind == DutyKind.DRAW

    def _message(self, duty: Duty) -> object:
        """Return a duty's message from the journal; salts are drawn here, once."""
        sender = self._keys.hot.bech32
        operator = self._keys.operator.address
        if duty.kind == DutyKind.OPEN_EPOCH:
            proof = self._keys.epoch_proof(self._chain, duty.epoch, duty.epoch_beacon)
            return MsgOpenEpoch(sender, duty.epoch, proof)
        key = unit_key(duty)
        unit_bytes = unit_id(self._chain, *key)
        if duty.kind in (DutyKind.RUN, DutyKind.OPEN):
            assert duty.unit is not None
            run = self._journal.run(unit_bytes)
            roots = ChainRoots(run.in_root, run.body_root, run.out_root)
            if duty.kind == DutyKind.OPEN:
                return self._opening(duty.unit)
            return MsgSubmitResult(
                sender=sender,
                job_id=key.job_id,
                attempt=key.attempt,
                stage=key.stage,
                revision=duty.unit.revision,
                tokens=run.tokens,
                in_root=run.in_root if key.stage else b"",
                out_root=run.out_root,
                seal=canaries.asserter_seal(self._journal, operator, unit_bytes, roots, self._spacing),
                receipt=decoded_receipt(run.receipt),
                cancel=self._cancel(unit_bytes, run.tokens),
            )
        check = self._journal.find_check(unit_bytes)
        assert check is not None, "a check is sent only when its outcome is journalled"
        salt = self._journal.salt(unit_bytes, CHECKER)
        if duty.kind == DutyKind.REVEAL:
            return MsgRevealCheck(sender, *key, salt, check.body_root, check.out_root)
        seal = commit.checker_seal(operator, unit_bytes, salt, ChainRoots(b"", check.body_root, check.out_root))
        return MsgCommitCheck(sender, *key, seal)

    def _cancel(self, unit: bytes, tokens: int) -> bytes:
        """Return the requester's signature if the answer ended because it wished so."""
        wished, signature = self._journal.find_cancel(unit)
        return signature if wished == tokens else b""


EXPECTED = (ActionFailed, ClientError, ShardError, Refused, CheckFailed, MoveFailed, BoxMissing, OSError)
"""Failures after which an action is simply tried again later."""


async def attempt(
    actor: Actor, action: Action, view: WorkerView, settle: Callable[[Action, Outcome | None], None]
) -> None:
    """Perform an action and report to `settle`: its outcome, or None if it failed."""
    try:
        outcome: Outcome | None = await actor.act(action, view)
    except EXPECTED as error:
        log.warning("%s: %s", action.name, error)
        outcome = None
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("%s failed", action.name)
        outcome = None
    settle(action, outcome)
