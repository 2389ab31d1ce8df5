"""The shards that this worker has mapped and verified, and the engines packed from them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from chain.modules.models.types import ModelHeader
from inference import hardware
from inference.compute import Compute, Machine
from inference.disputes.archive import Archive
from inference.disputes.model import ModelFiles
from inference.engine.engine import Engine, tested_kernels
from inference.faults import FaultyArchive, FaultyEngine, FaultyOperator
from inference.misconduct import parse_misconduct
from inference.numerics.selftest import KernelChoice
from inference.shards.loader import LoadedShard, load
from inference.shards.spec import ShardSpec

log = logging.getLogger("ostraka.shards")

MAX_ENGINES = 4
"""Packed shards kept; the least recently used one goes."""


class LoadedShards:
    """Mapped shards and the engines made of them.

    Mapping a shard verifies every tensor's hash and bounds, once; any range inside it is then packed for an engine
    without looking at the disk again. Mapped weights cost no memory of their own, packed ones do.
    """

    def __init__(self, models: Path, header: ModelHeader, compute: Compute, *, threads: int, fault: str = "") -> None:
        self._models = models
        self._header = header
        self._compute = compute
        self._threads = threads
        self._misconduct = parse_misconduct(fault)
        self._mapped: dict[ShardSpec, LoadedShard] = {}
        self._engines: OrderedDict[ShardSpec, Engine] = OrderedDict()
        self._tampered: dict[ShardSpec, Machine] = {}
        self._locks: dict[ShardSpec, asyncio.Lock] = {}
        self._kernels: KernelChoice | None = None
        self.ready: set[ShardSpec] = set()
        """Shards that have been found whole and whose kernels have passed the self-test."""

    def __iter__(self) -> Iterator[ShardSpec]:
        return iter(tuple(self._engines))

    async def engine(self, spec: ShardSpec) -> Engine:
        """Return the honest engine of a shard, mapping and packing it if need be. Raises: ShardError."""
        async with self._locks.setdefault(spec, asyncio.Lock()):
            found = self._engines.get(spec)
            if found is None:
                shard = await self._map(spec)
                found = await self._compute.call(lambda: self._pack(shard))
                self._engines[spec] = found
                while len(self._engines) > MAX_ENGINES:
                    old, _ = self._engines.popitem(last=False)
                    self._tampered.pop(old, None)
                self.ready.add(spec)
                hardware.return_memory()
                log.info("shard %s is packed", spec)
            self._engines.move_to_end(spec)
        return found

    async def machine(self, spec: ShardSpec) -> Machine:
        """Return the engine with which units are run. Raises: ShardError."""
        engine, wrong = await self.engine(spec), self._misconduct
        if not wrong.runs_falsely:
            return engine
        if spec not in self._tampered:
            machine: Machine = FaultyEngine(engine, row=wrong.row, token=wrong.token)
            if wrong.op is not None:
                machine = FaultyOperator(engine, ModelFiles(self._models / spec.model_root.hex()), wrong.op)
            self._tampered[spec] = machine
        return self._tampered[spec]

    async def checking_machine(self, spec: ShardSpec) -> Machine:
        """Return the engine with which units of others are checked. Raises: ShardError."""
        engine = await self.engine(spec)
        return FaultyEngine(engine, row=True) if self._misconduct.check else engine

    @property
    def archive(self) -> Callable[..., Archive]:
        """Return what regenerates this worker's own units."""
        wrong = self._misconduct.op
        return Archive if wrong is None else partial(FaultyArchive, fault=wrong)

    async def verify(self, spec: ShardSpec) -> None:
        """Map a shard and self-test the kernels on one layer, without packing all of it. Raises: ShardError."""
        async with self._locks.setdefault(spec, asyncio.Lock()):
            if spec in self.ready:
                return
            shard = await self._map(spec)
            if not any(_covers(other, spec) for other in self._engines):
                # What is packed later is proven then, weight by weight; the head would cost as much as eight layers.
                layer = replace(cut(shard, ShardSpec(spec.model_root, spec.start, spec.start + 1)), head=None)
                await self._compute.call(lambda: self._pack(layer))
                hardware.return_memory()
            self.ready.add(spec)

    def _pack(self, shard: LoadedShard) -> Engine:
        """On the compute thread: pack weights; the kernels are tested once in every process."""
        if self._kernels is None:
            self._kernels = tested_kernels(self._header)
        return Engine(shard, threads=self._threads, kernels=self._kernels)

    async def _map(self, spec: ShardSpec) -> LoadedShard:
        for known, shard in self._mapped.items():
            if _covers(known, spec):
                return cut(shard, spec)
        loaded = await asyncio.to_thread(
            load,
            self._models / spec.model_root.hex(),
            spec,
            with_embedding=spec.start == 0,
            with_head=spec.end == self._header.num_layers,
        )
        self._mapped[spec] = loaded
        log.info("shard %s is verified", spec)
        return loaded


def _covers(outer: ShardSpec, inner: ShardSpec) -> bool:
    return outer.model_root == inner.model_root and outer.start <= inner.start and inner.end <= outer.end


def cut(shard: LoadedShard, spec: ShardSpec) -> LoadedShard:
    """Return the part of a verified shard that `spec` names; embedding and head go to the ends of the model."""
    first = spec.start - shard.spec.start
    return LoadedShard(
        spec=spec,
        header=shard.header,
        layers=shard.layers[first : first + spec.end - spec.start],
        rope=shard.rope,
        embedding=shard.embedding if spec.start == 0 else None,
        head=shard.head if spec.end == shard.header.num_layers else None,
    )
