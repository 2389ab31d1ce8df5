"""A testing aid: a unit in which one tile of one operator is wrong and everything after it follows from that.

Nothing but the faulted step can be refuted then, so a dispute must end there. No part of honest operation.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chain.modules.disputes.game.shape import Item, ItemKind, OpKind, UnitShape
from chain.modules.disputes.referee.arithmetic import LINEAR_LIMIT, RESIDUAL_LIMIT
from inference.disputes.archive import Archive, Inputs
from inference.disputes.model import ModelFiles


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong tile."""

    item: Item
    op: int
    tile: int
    place: int = 0
    """Which value of the tile, modulo their number."""


class MadeUnit(Archive):
    """A unit that was computed operator by operator, with the faults that it was given."""

    def __init__(
        self,
        model: ModelFiles,
        shape: UnitShape,
        inputs: Inputs,
        fault: Fault | None,
        given: Sequence[bytes] = (),
        also: Sequence[Fault] = (),
    ) -> None:
        """`given` are the rows before the first layer; at stage 0 ids are fed instead. `also` are faults of others."""
        self._made: dict[int, list[bytes]] = {shape.start - 1: list(given)} if shape.start else {}
        self._made |= {layer: [] for layer in range(shape.start, shape.end)}
        self._checks: list[bytes] = []
        self._tokens: list[int] = []
        super().__init__(model, shape, inputs, self._made, self._checks, self._tokens)
        groups = 2 * shape.header.num_kv_heads
        self._grown: dict[int, list[list[bytes]]] = {
            layer: [[] for _ in range(groups)] for layer in range(shape.start, shape.end)
        }
        self._caches = dict(self._grown)
        self._faults = {(one.item, one.op, one.tile): one for one in (fault, *also) if one is not None}
        self._leader: MadeUnit | None = None
        self._led_below = 0

    def altered(self, item: Item, op: int, tile: int, body: bytes) -> bytes:
        """Return the fault in its place."""
        fault = self._faults.get((item, op, tile))
        if fault is None:
            return body
        return alter(self.shape.op(item, op).kind, body, fault.place, self.shape.header.vocab_size)

    def copy_until(self, other: "MadeUnit", position: int) -> None:
        """Take the first positions over from a unit that is equal there."""
        for layer, trees in self._grown.items():
            self._made[layer][:] = other._made[layer][:position]
            for tree, rows in enumerate(trees):
                rows[:] = other._grown[layer][tree][:position]
        outputs = max(0, position - self.shape.prompt_tokens + 1)
        self._checks[:] = other._checks[:outputs]
        self._tokens[:] = other._tokens[:outputs]

    def follow(self, other: "MadeUnit", layer: int) -> None:
        """Take the layers below `layer` over from a unit that computes them from the same rows, as long as both are fed
        the same ids."""
        self._leader, self._led_below = other, layer

    def make(self, *, is_free: bool) -> None:
        """Compute the rest; `is_free`: a last stage feeds its own tokens (a run), else the inputs' (a check)."""
        shape = self.shape
        if is_free and shape.is_last:
            self.inputs = replace(self.inputs, tokens=tuple(self._tokens))
        leader, first = self._leader, len(self._made[shape.start])
        for position in range(first, shape.positions):
            if leader is not None and self._fed(position) != leader._fed(position):
                leader = None
            for layer in range(shape.start, shape.end):
                if leader is not None and layer < self._led_below:
                    self._take_layer(leader, layer, position)
                else:
                    self._make_layer(layer, position)
            output = position - shape.prompt_tokens + 1
            if shape.is_last and output >= 0:
                self._checks.append(self._made_item(Item(ItemKind.CHECKSUM, shape.header.num_layers, 0, output)))
                token = self._made_item(Item(ItemKind.TOKEN, shape.header.num_layers, 0, output))
                self._tokens.append(int.from_bytes(token[-4:], "little"))
                if is_free:
                    self.inputs = replace(self.inputs, tokens=tuple(self._tokens))
        self._programs.clear()

    def _fed(self, position: int) -> int:
        prompt = self.inputs.prompt
        return prompt[position] if position < len(prompt) else self.inputs.tokens[position - len(prompt)]

    def _take_layer(self, other: "MadeUnit", layer: int, position: int) -> None:
        for rows, others in zip(self._grown[layer], other._grown[layer], strict=True):
            rows.append(others[position])
        self._made[layer].append(other._made[layer][position])

    def _make_layer(self, layer: int, position: int) -> None:
        groups = self.shape.header.num_kv_heads
        for tree, rows in enumerate(self._grown[layer]):
            kind = ItemKind.KEY if tree < groups else ItemKind.VALUE
            rows.append(self._made_item(Item(kind, layer, tree % groups, position)))
        self._made[layer].append(self._made_item(Item(ItemKind.ROW, layer, 0, position)))

    def _made_item(self, item: Item) -> bytes:
        return b"".join(self._run(item, self.shape.num_ops(item) + 1)[-1])


def alter(kind: OpKind, body: bytes, place: int, vocabulary: int) -> bytes:
    """Return another record of the same form."""
    if kind == OpKind.MAXIMUM:
        (value,) = struct.unpack("<q", body)
        return struct.pack("<q", min(value + value // 2 + 1, RESIDUAL_LIMIT))
    if kind == OpKind.SQUARES:
        total, peak = struct.unpack("<qq", body)
        return struct.pack("<qq", 2 * total + 1000, peak)
    if kind in (OpKind.NORM, OpKind.PLAIN, OpKind.QUERY, OpKind.KEY_OUT):
        return _other_small(body, 4, place)
    if kind == OpKind.VALUE_OUT:
        return _other_small(body, 0, place)
    if kind in (OpKind.LINEAR, OpKind.MIXED, OpKind.SWIGLU):
        return _shifted(body, "i", 0, place, LINEAR_LIMIT)
    if kind == OpKind.SCORES:
        maximum, *scores = struct.unpack(f"<{len(body) // 4}i", body)
        scores[place % len(scores)] -= 9000
        return struct.pack(f"<{len(body) // 4}i", maximum, *scores)
    if kind == OpKind.WEIGHTED:
        total, *sums = struct.unpack(f"<{len(body) // 8}q", body)
        at = place % len(sums)
        sums[at] += -total * 300 if sums[at] > 0 else total * 300
        return struct.pack(f"<{len(body) // 8}q", total, *sums)
    if kind == OpKind.ADDED:
        return _shifted(body, "q", 0, place, RESIDUAL_LIMIT)
    if kind == OpKind.BEST:
        value, index, total = struct.unpack("<iIq", body)
        return struct.pack("<iIq", value, (index + 1) % vocabulary, total + 1)
    if kind == OpKind.WEIGHT_SUM:
        (total,) = struct.unpack("<q", body)
        return struct.pack("<q", total * 2 // 3)
    if kind == OpKind.RANKING:
        pairs = [struct.unpack_from("<iI", body, at) for at in range(0, len(body), 8)]
        pairs[0] = (pairs[0][0] + (1 << 20), pairs[0][1])
        return b"".join(struct.pack("<iI", *pair) for pair in pairs)
    if kind == OpKind.CHECKSUM_OUT:
        best, total = struct.unpack("<iq", body)
        return struct.pack("<iq", best, total + 1)
    if kind == OpKind.TOKEN_OUT:
        token = (int.from_bytes(body[-4:], "little") + 1) % vocabulary
        return body[:-4] + token.to_bytes(4, "little")
    blocks = len(body) // 129  # ROW_OUT: u8 shift and 64 · i16 per block
    return _other_small(body, blocks, place)


def _other_small(body: bytes, offset: int, place: int) -> bytes:
    """Change one i16 and keep its magnitude in range: large ones change sign."""
    count = (len(body) - offset) // 2
    at = offset + 2 * (place % count)
    (value,) = struct.unpack_from("<h", body, at)
    changed = -value if abs(value) > 2000 and value != -32768 else value + 1500
    return body[:at] + struct.pack("<h", changed) + body[at + 2 :]


def _shifted(body: bytes, letter: str, offset: int, place: int, limit: int) -> bytes:
    size = struct.calcsize(f"<{letter}")
    at = offset + size * (place % ((len(body) - offset) // size))
    (value,) = struct.unpack_from(f"<{letter}", body, at)
    step = (1 << 20) + abs(value)
    changed = value + step if value + step <= limit else value - step
    return body[:at] + struct.pack(f"<{letter}", changed) + body[at + size :]
