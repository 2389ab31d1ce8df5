"""One worker's part in demands for withheld input: what it asks, what it answers, and what it makes of the boxes.

A box is readable by whoever demanded it, until its secret is published to show that the box is false.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Protocol

from chain.client.envelope import TxBody, TxRaw
from chain.client.registry import type_url
from chain.crypto import boxes
from chain.crypto.hashing import sha256, unit_id
from chain.modules.disputes import witness_rules as rules
from chain.modules.disputes.types import (
    DueDemand,
    MsgDemandWitness,
    MsgRefuteWitness,
    MsgSupplyWitness,
    WitnessPart,
)
from chain.store.codec import DecodeError, decode
from inference.journal import Journal, unpack_ids
from inference.keys import WorkerKeys
from inference.run import IDS_FILE
from inference.view import StepKind, UnitKey, WitnessStep

log = logging.getLogger("ostraka.witness")


class BoxMissing(Exception):
    """The node's blocks do not hold a box that was supplied; it is looked for again."""


class BlockReader(Protocol):
    """What is asked of the node."""

    async def block_txs(self, height: int) -> tuple[bytes, ...]:
        """Return the transactions of a block."""
        ...


class WitnessDesk:
    """Makes the messages of one worker's demands and answers; sends nothing."""

    def __init__(self, chain: bytes, keys: WorkerKeys, journal: Journal, reader: BlockReader) -> None:
        self._chain = chain
        self._keys = keys
        self._journal = journal
        self._reader = reader
        self._false: dict[tuple[int, WitnessPart], bytes] = {}

    @property
    def false_boxes(self) -> frozenset[tuple[int, WitnessPart]]:
        """Return the (demand, part) whose boxes hold something else."""
        return frozenset(self._false)

    def message(self, step: WitnessStep) -> object:
        """Return the message of a step; secrets are drawn and kept here, before anything is sent."""
        sender = self._keys.hot.bech32
        if step.kind == StepKind.DEMAND:
            secret = self._journal.demand_secret(unit_id(self._chain, *step.key), *step.key)
            return MsgDemandWitness(sender, *step.key, boxes.public_key(secret))
        if step.kind == StepKind.SUPPLY:
            box = boxes.seal(step.box_key, self._content(step.key, step.part))
            return MsgSupplyWitness(sender, step.demand_id, step.part, box)
        secret = self._journal.find_secret(step.key.job_id, step.key.attempt)
        return MsgRefuteWitness(sender, step.demand_id, step.part, secret, self._false[step.demand_id, step.part])

    def _content(self, key: UnitKey, part: WitnessPart) -> bytes:
        unit = unit_id(self._chain, *key)
        record = self._journal.run(unit)
        if part == WitnessPart.PROMPT:
            return rules.content_of(record.blind, record.prompt_ids)
        output = unpack_ids(self._journal.find_rows(unit, IDS_FILE)[: 4 * record.tokens])
        return rules.content_of(record.blind, output)

    async def read(self, due: DueDemand) -> bool:
        """Open the boxes of an answered demand, and keep the ids if both are right. Raises: BoxMissing."""
        demand, job = due.demand, due.job
        secret = await asyncio.to_thread(self._journal.find_secret, demand.job_id, demand.attempt)
        blind, ids = b"", list[int]()
        for part, digest, height in zip(rules.PARTS, demand.digests, demand.heights, strict=True):
            box = await self._box(demand.demand_id, part, digest, height)
            content = boxes.open_box(secret, box)
            if content is None or not await asyncio.to_thread(rules.is_right, job, part, content):
                log.warning("demand %d: the box of the %s holds something else", demand.demand_id, part.name.lower())
                self._false[demand.demand_id, part] = box
                continue
            blind, found = rules.read_content(content)
            ids += found
        if any(key[0] == demand.demand_id for key in self._false):
            return False
        await asyncio.to_thread(self._journal.keep_witness, demand.job_id, demand.attempt, blind, ids)
        log.info("job %d: its ids came on demand %d", demand.job_id, demand.demand_id)
        return True

    async def _box(self, demand_id: int, part: WitnessPart, digest: bytes, height: int) -> bytes:
        for message in supplied_in(await self._reader.block_txs(height)):
            if (message.demand_id, message.part) == (demand_id, part) and sha256(message.box) == digest:
                return message.box
        raise BoxMissing(f"demand {demand_id}: block {height} does not hold the box of the {part.name.lower()}")


def supplied_in(txs: Iterable[bytes]) -> Iterator[MsgSupplyWitness]:
    """Yield the boxes that transactions carry; what cannot be read carries none."""
    for tx in txs:
        try:
            body = decode(TxBody, decode(TxRaw, tx).body_bytes)
            for message in body.messages:
                if message.type_url == type_url(MsgSupplyWitness):
                    yield decode(MsgSupplyWitness, message.value)
        except DecodeError:  # the beacon of the block, or anybody's rubbish
            continue
