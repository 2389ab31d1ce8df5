"""The shards that this worker has mapped, verified and packed for its engine."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from chain.modules.models.types import ModelHeader
from inference.compute import Compute, Machine
from inference.engine.engine import Engine
from inference.faults import FaultyEngine
from inference.shards.loader import load
from inference.shards.spec import ShardSpec

log = logging.getLogger("ostraka.shards")

MAX_ENGINES = 6
"""Packed shards kept; the least recently used one goes."""


class LoadedShards:
    """Engines by shard. Loading verifies every tensor's hash and bounds and self-tests the kernels."""

    def __init__(self, models: Path, header: ModelHeader, compute: Compute, *, threads: int, fault: str = "") -> None:
        self._models = models
        self._header = header
        self._compute = compute
        self._threads = threads
        self._fault = fault
        self._engines: OrderedDict[ShardSpec, Engine] = OrderedDict()
        self._tampered: dict[ShardSpec, Machine] = {}
        self._loading: dict[ShardSpec, asyncio.Lock] = {}
        self.verified: set[ShardSpec] = set()
        """Shards that have been found whole, whether or not they are packed now."""

    def __iter__(self) -> Iterator[ShardSpec]:
        return iter(tuple(self._engines))

    async def engine(self, spec: ShardSpec) -> Engine:
        """Return the honest engine of a shard, loading it if need be. Raises: ShardError."""
        async with self._loading.setdefault(spec, asyncio.Lock()):
            found = self._engines.get(spec)
            if found is None:
                found = await self._load(spec)
                self._engines[spec] = found
                self.verified.add(spec)
                while len(self._engines) > MAX_ENGINES:
                    old, _ = self._engines.popitem(last=False)
                    self._tampered.pop(old, None)
            self._engines.move_to_end(spec)
        return found

    async def machine(self, spec: ShardSpec) -> Machine:
        """Return the engine with which units are run. Raises: ShardError."""
        engine = await self.engine(spec)
        if not self._fault:
            return engine
        return self._tampered.setdefault(spec, FaultyEngine(engine, self._fault))

    async def verify(self, spec: ShardSpec) -> None:
        """Load a shard, and keep no more than the fact that it is whole. Raises: ShardError."""
        if spec not in self.verified:
            await self._load(spec)
            self.verified.add(spec)

    async def _load(self, spec: ShardSpec) -> Engine:
        loaded = await asyncio.to_thread(
            load,
            self._models / spec.model_root.hex(),
            spec,
            with_embedding=spec.start == 0,
            with_head=spec.end == self._header.num_layers,
        )
        engine = await self._compute.call(lambda: Engine(loaded, threads=self._threads))
        log.info("shard %s is loaded", spec)
        return engine
