"""What a worker asks its node, with small caches of what does not change."""

from chain.client import ChainClient, NotFound
from chain.crypto.hashing import chain_hash
from chain.crypto.keys import encode_address
from chain.modules.bank.types import DENOM, QueryBalanceRequest, QueryBalanceResponse
from chain.modules.disputes.evidence import shown_from
from chain.modules.disputes.types import (
    Dispute,
    DisputeStatus,
    DueDemand,
    DueMove,
    Play,
    QueryDemandsRequest,
    QueryDemandsResponse,
    QueryDisputesRequest,
    QueryDisputesResponse,
    QueryLinesRequest,
    QueryLinesResponse,
    QueryMovesRequest,
    QueryMovesResponse,
)
from chain.modules.disputes.types import Params as DisputeParams
from chain.modules.disputes.types import QueryParamsRequest as QueryDisputeParamsRequest
from chain.modules.disputes.types import QueryParamsResponse as QueryDisputeParamsResponse
from chain.modules.jobs.types import (
    Job,
    JobStatus,
    QueryJobRequest,
    QueryJobResponse,
    QueryWaitingRequest,
    QueryWaitingResponse,
)
from chain.modules.jobs.types import Params as JobParams
from chain.modules.jobs.types import QueryParamsRequest as QueryJobParamsRequest
from chain.modules.jobs.types import QueryParamsResponse as QueryJobParamsResponse
from chain.modules.models.types import Model, QueryModelRequest, QueryModelResponse
from chain.modules.plans.types import Plan, QueryPlansRequest, QueryPlansResponse
from chain.modules.rates.types import Params as RateParams
from chain.modules.rates.types import QueryParamsRequest, QueryParamsResponse
from chain.modules.sampling.types import Params as SamplingParams
from chain.modules.sampling.types import (
    QueryCanaryRequest,
    QueryCanaryResponse,
    QueryDutiesRequest,
    QueryDutiesResponse,
    QueryEpochProofsRequest,
    QueryEpochProofsResponse,
    QuerySnapshotRequest,
    QuerySnapshotResponse,
    QueryUnitRequest,
    QueryUnitResponse,
    QueryUnmetRequest,
    QueryUnmetResponse,
    Snapshot,
)
from chain.modules.sampling.types import QueryParamsRequest as QuerySamplingParamsRequest
from chain.modules.sampling.types import QueryParamsResponse as QuerySamplingParamsResponse
from chain.modules.workers.types import (
    Enrollment,
    QueryEnrollmentsRequest,
    QueryEnrollmentsResponse,
    QueryWorkerRequest,
    QueryWorkerResponse,
    QueryWorkersRequest,
    QueryWorkersResponse,
    Worker,
)
from inference.assignment import Assignment, Peer
from inference.disputes.posted import Posted, posted_in

PAGE = 1_000
"""Workers asked for at a time."""
MAX_WAITING = 32
"""Waiting jobs looked at."""
MAX_SNAPSHOTS = 4
"""Snapshots kept."""
_RUNNABLE = frozenset({JobStatus.RUNNING, JobStatus.ASSERTED, JobStatus.DISPUTED})
"""States in which a stage may still owe something to its neighbours."""


class ChainReader:
    """The node as one worker reads it."""

    def __init__(self, client: ChainClient, chain_id: str, operator: bytes) -> None:
        self._client = client
        self._operator = operator
        self.chain = chain_hash(chain_id)
        self.height = 0
        """Last height seen; the loop sets it."""
        self._snapshots: dict[int, Snapshot] = {}
        self._job_params: JobParams | None = None

    async def model(self, name: str) -> Model:
        """Return a model by name. Raises: NotFound."""
        request = QueryModelRequest(name=name)
        return (await self._client.query("ostraka.models.v1.Query/Model", request, QueryModelResponse)).model

    async def duties(self) -> QueryDutiesResponse:
        """Return everything outstanding of this worker. Raises: NotFound before it is registered."""
        request = QueryDutiesRequest(encode_address(self._operator))
        return await self._client.query("ostraka.sampling.v1.Query/Duties", request, QueryDutiesResponse)

    async def moves(self) -> tuple[DueMove, ...]:
        """Return the moves of disputes that this worker owes. Raises: NotFound before it is registered."""
        request = QueryMovesRequest(encode_address(self._operator))
        return (await self._client.query("ostraka.disputes.v1.Query/Moves", request, QueryMovesResponse)).moves

    async def disputes(self, job_id: int) -> tuple[Dispute, ...]:
        """Return the disputes of a job."""
        request = QueryDisputesRequest(job_id)
        return (await self._client.query("ostraka.disputes.v1.Query/Disputes", request, QueryDisputesResponse)).disputes

    async def open_disputes(self, limit: int) -> tuple[Dispute, ...]:
        """Return the oldest open disputes of the chain."""
        request = QueryDisputesRequest(status=DisputeStatus.OPEN, limit=limit)
        return (await self._client.query("ostraka.disputes.v1.Query/Disputes", request, QueryDisputesResponse)).disputes

    async def lines(self, dispute_id: int) -> tuple[Play, ...]:
        """Return the lines of a dispute, those that have ended too."""
        request = QueryLinesRequest(dispute_id)
        return (await self._client.query("ostraka.disputes.v1.Query/Lines", request, QueryLinesResponse)).lines

    async def dispute_params(self) -> DisputeParams | None:
        """Return the parameters of the game, if it is played."""
        request = QueryDisputeParamsRequest()
        method = "ostraka.disputes.v1.Query/Params"
        return (await self._client.query(method, request, QueryDisputeParamsResponse)).params

    async def demands(self) -> tuple[DueDemand, ...]:
        """Return the demands that this worker owes or has made. Raises: NotFound before it is registered."""
        request = QueryDemandsRequest(encode_address(self._operator))
        return (await self._client.query("ostraka.disputes.v1.Query/Demands", request, QueryDemandsResponse)).demands

    async def block_txs(self, height: int) -> tuple[bytes, ...]:
        """Return the transactions of a block, those that failed too."""
        return tuple(await self._client.block_txs(height))

    async def posted(self, height: int) -> tuple[Posted, ...]:
        """Return the reveals that the transactions of a block carry, those that failed too."""
        return posted_in(await self._client.block_txs(height))

    async def plans(self, model_root: bytes) -> tuple[Plan, ...]:
        """Return the live plans of a model."""
        request = QueryPlansRequest(model_root)
        return (await self._client.query("ostraka.plans.v1.Query/Plans", request, QueryPlansResponse)).plans

    async def waiting(self, model_root: bytes) -> tuple[Job, ...]:
        """Return jobs of a model that wait for a plan without those convicted before; the first of them, if many."""
        answer = await self._client.query(
            "ostraka.jobs.v1.Query/Waiting", QueryWaitingRequest(MAX_WAITING), QueryWaitingResponse
        )
        return tuple(job for job in answer.jobs if job.excluded and job.model_root == model_root)

    async def shown_from(self, job: Job) -> int:
        """Return the first height at which receipts stand in for a job's results."""
        if self._job_params is None:
            request = QueryJobParamsRequest()
            method = "ostraka.jobs.v1.Query/Params"
            self._job_params = (await self._client.query(method, request, QueryJobParamsResponse)).params
        return shown_from(self._job_params, job)

    async def rates(self) -> RateParams:
        """Return the parameters of rates."""
        request = QueryParamsRequest()
        return (await self._client.query("ostraka.rates.v1.Query/Params", request, QueryParamsResponse)).params

    async def sampling_params(self) -> SamplingParams:
        """Return the parameters of sampling."""
        request = QuerySamplingParamsRequest()
        method = "ostraka.sampling.v1.Query/Params"
        return (await self._client.query(method, request, QuerySamplingParamsResponse)).params

    async def epoch_proofs(self, epoch: int) -> QueryEpochProofsResponse | None:
        """Return the proofs of an epoch, or None if there are none."""
        method = "ostraka.sampling.v1.Query/EpochProofs"
        try:
            return await self._client.query(method, QueryEpochProofsRequest(epoch), QueryEpochProofsResponse)
        except NotFound:
            return None

    async def unmet(self, epoch: int, checker: str, cursor: bytes) -> QueryUnmetResponse:
        """Return a page of a worker's unmet duties in an epoch."""
        method = "ostraka.sampling.v1.Query/Unmet"
        return await self._client.query(method, QueryUnmetRequest(epoch, checker, cursor), QueryUnmetResponse)

    async def workers(self) -> tuple[Worker, ...]:
        """Return all workers."""
        found: list[Worker] = []
        while True:
            request = QueryWorkersRequest(after=found[-1].operator if found else b"", limit=PAGE)
            page = await self._client.query("ostraka.workers.v1.Query/Workers", request, QueryWorkersResponse)
            found += page.workers
            if len(page.workers) < PAGE:
                return tuple(found)

    async def enrollments(self, model_root: bytes) -> tuple[Enrollment, ...]:
        """Return who is enrolled for a model."""
        request = QueryEnrollmentsRequest(model_root)
        method = "ostraka.workers.v1.Query/Enrollments"
        return (await self._client.query(method, request, QueryEnrollmentsResponse)).enrollments

    async def find_worker(self, operator: bytes) -> Worker | None:
        """Return a worker, or None."""
        request = QueryWorkerRequest(encode_address(operator))
        try:
            return (await self._client.query("ostraka.workers.v1.Query/Worker", request, QueryWorkerResponse)).worker
        except NotFound:
            return None

    async def peer(self, operator: bytes) -> Peer:
        """Return how a worker is reached and recognised now. Raises: NotFound."""
        worker = await self.find_worker(operator)
        if worker is None:
            raise NotFound(f"worker {encode_address(operator)} is not registered")
        return Peer(operator, worker.endpoint, worker.keys.hot_key)

    async def find_job(self, job_id: int) -> QueryJobResponse | None:
        """Return a job with its units, or None."""
        try:
            return await self._client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)
        except NotFound:
            return None

    async def find_assignment(self, job_id: int, attempt: int) -> Assignment | None:
        """Return this worker's part in a job whose plan is drawn, or None."""
        found = await self.find_job(job_id)
        if found is None or found.job.attempt != attempt or not found.units:
            return None
        if found.job.status not in _RUNNABLE:
            return None
        units = tuple(sorted(found.units, key=lambda unit: unit.stage))
        stage = next((unit.stage for unit in units if unit.operator == self._operator), None)
        if stage is None or [unit.stage for unit in units] != list(range(len(units))):
            return None
        peers = [await self.peer(unit.operator) for unit in units]
        return Assignment(self.chain, found.job, units, tuple(peers), stage)

    async def find_unit(self, job_id: int, attempt: int, stage: int) -> QueryUnitResponse | None:
        """Return a unit with its draw and checks, or None."""
        request = QueryUnitRequest(job_id, attempt, stage)
        try:
            return await self._client.query("ostraka.sampling.v1.Query/Unit", request, QueryUnitResponse)
        except NotFound:
            return None

    async def find_canary(self, job_id: int, attempt: int, stage: int) -> QueryCanaryResponse | None:
        """Return what the draw of canaries says of a unit, or None if it was closed long ago."""
        request = QueryCanaryRequest(job_id, attempt, stage)
        try:
            return await self._client.query("ostraka.sampling.v1.Query/Canary", request, QueryCanaryResponse)
        except NotFound:
            return None

    async def snapshot(self, epoch: int) -> Snapshot:
        """Return an epoch's snapshot. Raises: NotFound."""
        if epoch not in self._snapshots:
            request = QuerySnapshotRequest(epoch)
            found = await self._client.query("ostraka.sampling.v1.Query/Snapshot", request, QuerySnapshotResponse)
            while len(self._snapshots) >= MAX_SNAPSHOTS:
                del self._snapshots[min(self._snapshots)]
            self._snapshots[epoch] = found.snapshot
        return self._snapshots[epoch]

    async def balance(self, address: str) -> int:
        """Return the uostr on an account."""
        request = QueryBalanceRequest(address, DENOM)
        answer = await self._client.query("cosmos.bank.v1beta1.Query/Balance", request, QueryBalanceResponse)
        return int(answer.balance.amount) if answer.balance is not None else 0
