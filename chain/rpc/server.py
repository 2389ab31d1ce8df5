"""Run the gRPC server on a thread and loop of its own, beside the thread that executes blocks."""

import asyncio
import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chain.recent import CommittedBlock
from chain.rpc.application import NodeApplication
from chain.rpc.blocks_service import BlocksService
from chain.rpc.comet import Comet
from chain.rpc.feed import Feed
from chain.rpc.handlers import Handler
from chain.rpc.limits import (
    MAX_CONCURRENT_CALLS,
    MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES,
    MAX_STREAMS_PER_CONNECTION,
)
from chain.rpc.node_service import NodeService
from chain.rpc.queries import query_handlers
from chain.rpc.reflection import undescribed
from chain.rpc.simulation import Simulator
from chain.rpc.tx_service import TxService

START_SECONDS = 30.0
STOP_SECONDS = 5.0
GRACE_SECONDS = 0.5
"""How long calls in progress may take when the server stops; streams are cut."""

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", MAX_RESPONSE_BYTES),
    ("grpc.max_concurrent_streams", MAX_STREAMS_PER_CONNECTION),
    ("grpc.max_metadata_size", 16 * 1024),
    # A dead peer is noticed within half a minute; a peer that pings more often than this is cut off.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    # Two servers must never share a port by accident.
    ("grpc.so_reuseport", 0),
)

log = logging.getLogger(__name__)


class RpcServer:
    """A running server; `stop` may be called from any thread."""

    def __init__(self, application: NodeApplication, address: str, comet_url: str, minimum_gas_price: str) -> None:
        """Use `start`."""
        self._application = application
        self._address = address
        self._minimum_gas_price = minimum_gas_price
        self._comet = Comet(comet_url)
        self._simulator = Simulator()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="grpc", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._feed: Feed
        self._health: health.aio.HealthServicer
        self._is_serving = False
        self.port = 0
        """The port that is listened on; useful where the address asked for port 0."""

    def begin(self) -> None:
        """Start the thread and wait until it listens. Raises: what kept it from listening."""
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            raise TimeoutError(f"the gRPC server does not listen after {START_SECONDS:.0f} s")
        if self._failure is not None:
            raise self._failure

    def _publish(self, block: CommittedBlock) -> None:
        """Wake followers; called on the thread that commits."""
        # The loop is gone if the server was stopped while the last block was being committed.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, block.height)

    def stop(self) -> None:
        """Refuse new calls, end streams, and return when the thread is gone."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.is_set():
                log.exception("the gRPC server failed")
            self._failure = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        recent = self._application.recent
        # Order: listen first, so that no block falls between the head and the first one told of.
        recent.listen(self._publish)
        self._feed = Feed(recent, self._comet, self._application.store.version)
        server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS)
        handlers = self._handlers()
        services = _by_service(handlers)
        for name, methods in services.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
        missing = undescribed(handlers)
        if missing:
            log.warning("no descriptor for %s: clients that need reflection cannot call them", ", ".join(missing))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*services, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        if self._feed.head:
            await self._announce()
        self.port = server.add_insecure_port(self._address)
        await server.start()
        self._started.set()
        await self._stopping.wait()
        recent.unlisten(self._publish)
        await self._health.enter_graceful_shutdown()
        await server.stop(GRACE_SECONDS)
        self._simulator.close()
        self._comet.close()

    def _handlers(self) -> Mapping[str, Handler]:
        return {
            **query_handlers(self._application),
            **TxService(self._application, self._comet, self._simulator).handlers(),
            **BlocksService(self._application, self._comet, self._minimum_gas_price).handlers(),
            **NodeService(self._application, self._feed, self._comet, self._simulator).handlers(),
        }

    def _take(self, height: int) -> None:
        self._feed.grow(height)
        if not self._is_serving:
            self._is_serving = True
            self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        self._is_serving = True
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)


def start(application: NodeApplication, address: str, comet_url: str, *, minimum_gas_price: str = "") -> RpcServer:
    """Serve an application at host:port until `stop`; the node's own CometBFT answers at `comet_url`.

    Raises: RuntimeError: the address is taken.
    """
    server = RpcServer(application, address, comet_url, minimum_gas_price)
    server.begin()
    return server


def _by_service(handlers: Mapping[str, Handler]) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = defaultdict(dict)
    for path, handler in handlers.items():
        service, _, method = path.partition("/")
        services[service][method] = handler
    return dict(services)
