"""A whole canonical model run by the referee's operators: plain integers, one position at a time, tile by tile.

Slow by design (0.05 s per token of the tiny model, 10 s of SmolLM2) and independent of the engine: it reads the hashed
leaves of a model directory and knows nothing but the referee. The tests hold the engine against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chain.crypto.hashing import token_salt, u32
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes.referee import attention, linear, logits, norms, residual
from chain.modules.disputes.referee.arithmetic import BLOCK, LINEAR_LIMIT, TILE
from chain.modules.disputes.referee.records import (
    Activations,
    Best,
    Maximum,
    Ranking,
    Row,
    Scores,
    Squares,
    Weighted,
    decode_gains,
    decode_rope_row,
    decode_row_tile,
    decode_weight_row,
)
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from chain.modules.models.types import LinearScale, ModelHeader
from chain.store.codec import decode
from inference.models.format import (
    HEADER_FILE,
    MANIFEST_FILE,
    Manifest,
    TensorLayout,
    head_layouts,
    layer_layouts,
    map_tensor,
    rows_of,
)

GREEDY = SamplerSpec()


@dataclass
class Run:
    """What a run leaves behind; index: layer, then position, or output."""

    rows: list[list[bytes]]
    """Packed boundary row of each layer and position."""
    logits: list[tuple[int, ...]] = field(default_factory=list)
    bests: list[Best] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def section(self, layer: int) -> bytes:
        """Return H_l, straight from the definition."""
        return lr(Kind.HSEC, [_row_digest(row) for row in self.rows[layer]])

    def checksums(self) -> bytes:
        """Return C."""
        return lr(Kind.CHKS, [leaf(Kind.CHK, logits.checksum(best)) for best in self.bests])

    def tokens_root(self, blind: bytes) -> bytes:
        """Return the root of the salted output tokens."""
        bodies = [token_salt(blind, True, j) + u32(j) + u32(token) for j, token in enumerate(self.tokens)]
        return lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in bodies])


def _row_digest(row: bytes) -> bytes:
    tile = 2 * TILE + TILE // BLOCK
    return lr(Kind.ROW, [leaf(Kind.ROWT, row[at : at + tile]) for at in range(0, len(row), tile)])


@dataclass
class _Layer:
    qkv: list[bytes]
    o: list[bytes]
    gate_up: list[bytes]
    down: list[bytes]
    g1: tuple[int, ...]
    g2: tuple[int, ...]
    keys: list[list[Activations]]
    """Per K/V head, by position."""
    values: list[list[tuple[int, ...]]]


class RefereeModel:
    """One model with the caches of one sequence."""

    def __init__(self, folder: Path) -> None:
        self.header = header = decode(ModelHeader, (folder / HEADER_FILE).read_bytes())
        digests = Manifest.from_json((folder / MANIFEST_FILE).read_text()).tensors
        self._digests, self._folder = digests, folder
        self.saturated = 0  # outputs of linear maps that met their limit, over all runs
        self.layers = [self._layer(index) for index in range(header.num_layers)]
        leaves = {layout.name: self._leaves(layout) for layout in head_layouts(header)}
        self.gf = self._gains(leaves["gf"])
        self.head = leaves["head"]
        self.embedding = self.head if header.tied else leaves["embedding"]
        self.rope = leaves["rope"]

    def _leaves(self, layout: TensorLayout) -> list[bytes]:
        path = self._folder / self._digests[layout.name].hex()
        rows = list(rows_of(layout, map_tensor(path, layout)))
        assert lr(Kind.WT, [leaf(Kind.WROW, row) for row in rows]) == self._digests[layout.name]
        return rows

    def _gains(self, tiles: Sequence[bytes]) -> tuple[int, ...]:
        return tuple(gain for tile in tiles for gain in decode_gains(tile, len(tile) // 2))

    def _layer(self, index: int) -> _Layer:
        qkv, o, gate_up, down, g1, g2 = (self._leaves(layout) for layout in layer_layouts(self.header, index))
        heads = range(self.header.num_kv_heads)
        return _Layer(
            qkv,
            o,
            gate_up,
            down,
            self._gains(g1),
            self._gains(g2),
            [[] for _ in heads],
            [[] for _ in heads],
        )

    # One position

    def _tiles(self, x: Sequence[int]) -> list[Sequence[int]]:
        return [x[at : at + TILE] for at in range(0, len(x), TILE)]

    def _norm(self, x: Sequence[int], gains: Sequence[int]) -> Activations:
        header, peak, sums = self.header, self._peak(x), None
        pairs = list(zip(self._tiles(x), self._tiles(gains), strict=True))
        for tile, gain in pairs:
            sums = norms.squares(tile, gain, peak, header.norm_bits, sums)
            assert Squares.decode(sums.encode()) == sums
        assert sums is not None
        return norms.joined(
            [norms.norm_tile(tile, gain, peak, sums, len(x), header.epsilon, header.norm_bits) for tile, gain in pairs]
        )

    def _peak(self, x: Sequence[int]) -> Maximum:
        peak = None
        for tile in self._tiles(x):
            peak = norms.maximum(tile, peak)
        assert peak is not None
        return Maximum.decode(peak.encode())

    def _plain(self, x: Sequence[int]) -> Activations:
        peak = self._peak(x)
        return norms.joined([norms.plain_tile(tile, peak) for tile in self._tiles(x)])

    def _linear(self, row: Activations, weights: Sequence[bytes], scale: LinearScale) -> tuple[int, ...]:
        columns, is_tied = len(row.values), weights is self.head and self.header.tied
        packed, out = Row.of(row), []
        for leaf_body in weights:
            weight = decode_weight_row(leaf_body, columns, is_tied)
            out.append(linear.element(packed, weight, scale.s1, scale.s2))
        self.saturated += sum(abs(value) == LINEAR_LIMIT for value in out)
        return tuple(out)

    def _attend(self, layer: _Layer, query: Activations, group: int) -> tuple[int, ...]:
        keys, values = layer.keys[group], layer.values[group]
        blocks: list[Scores] = []
        for at in range(0, len(keys), BLOCK):
            before = blocks[-1] if blocks else None
            blocks.append(attention.scores(query, keys[at : at + BLOCK], self.header, before))
        sums = None
        for at, block in enumerate(blocks):
            part = values[at * BLOCK : (at + 1) * BLOCK]
            sums = attention.weighted(block, blocks[-1].maximum, part, sums)
        assert sums is not None
        assert Weighted.decode(sums.encode(), len(sums.sums)) == sums
        return attention.head_output(sums, self.header.value_bits)

    def _forward(self, layer: _Layer, index: int, x: Sequence[int], position: int) -> tuple[bytes, tuple[int, ...]]:
        header, scales = self.header, self.header.layers[index]
        d, heads, groups = header.head_size, header.num_heads, header.num_kv_heads
        turn = decode_rope_row(self.rope[position], d)
        qkv = self._linear(self._norm(x, layer.g1), layer.qkv, scales.qkv)
        parts = [qkv[at : at + d] for at in range(0, len(qkv), d)]
        for group in range(groups):
            layer.keys[group].append(attention.rotated_head(parts[heads + group], *turn))
            layer.values[group].append(attention.value_row(parts[heads + groups + group], header.value_bits))
        mixed = [
            value
            for head in range(heads)
            for value in self._attend(layer, attention.rotated_head(parts[head], *turn), head // (heads // groups))
        ]
        residuals = residual.added(x, self._linear(self._plain(mixed), layer.o, scales.o))
        wide = self._linear(self._norm(residuals, layer.g2), layer.gate_up, scales.gate_up)
        half = header.intermediate_size
        product = residual.swiglu(wide[:half], wide[half:])
        change = self._linear(self._plain(product), layer.down, scales.down)
        tiles = [
            residual.row_tile(one, two) for one, two in zip(self._tiles(residuals), self._tiles(change), strict=True)
        ]
        sizes = [len(tile) for tile in self._tiles(residuals)]
        after = [decode_row_tile(tile, size) for tile, size in zip(tiles, sizes, strict=True)]
        return b"".join(tiles), tuple(value for tile in after for value in tile)

    def step(self, run: Run, token: int, position: int) -> tuple[int, ...]:
        """Run one token through all layers; return the residuals after the last."""
        header = self.header
        found = decode_weight_row(self.embedding[token], header.hidden_size, header.tied)
        mantissa = found.embedding_mantissa if header.tied else found.mantissa
        x = residual.embedded(found.weights, mantissa, header.embedding_shift)
        for index, layer in enumerate(self.layers):
            row, x = self._forward(layer, index, x, position)
            run.rows[index].append(row)
        return x

    def choose(self, run: Run, x: Sequence[int], sampler: SamplerSpec, seed: bytes) -> int:
        """Append logits, checksum and token of the next output; return the token."""
        output = len(run.tokens)
        scores = self._linear(self._norm(x, self.gf), self.head, self.header.head)
        size = linear.tile_size(len(scores))
        tiles = [(at, scores[at : at + size]) for at in range(0, len(scores), size)]
        best = None
        for first, tile in tiles:
            best = logits.best(tile, first, best)
        assert best is not None
        assert Best.decode(best.encode()) == best
        run.logits.append(scores)
        run.bests.append(best)
        run.tokens.append(_sample(tiles, best, sampler, seed, output))
        return run.tokens[-1]

    def generate(self, prompt: Sequence[int], outputs: int, sampler: SamplerSpec = GREEDY, seed: bytes = b"") -> Run:
        """Run a prompt and `outputs` tokens, whatever they are; the last token is not fed."""
        for layer in self.layers:
            for keys, values in zip(layer.keys, layer.values, strict=True):
                keys.clear()
                values.clear()
        run = Run([[] for _ in self.layers])
        token = -1
        for position in range(len(prompt) + outputs - 1):
            x = self.step(run, prompt[position] if position < len(prompt) else token, position)
            if position >= len(prompt) - 1:
                token = self.choose(run, x, sampler, seed)
        return run


def _sample(
    tiles: Sequence[tuple[int, Sequence[int]]], best: Best, sampler: SamplerSpec, seed: bytes, output: int
) -> int:
    if sampler.kind == SamplerKind.GREEDY:
        return best.index
    if sampler.top_k:
        kept: Ranking | None = None
        for first, tile in tiles:
            kept = logits.ranking(tile, first, kept)
        assert kept is not None
        return logits.drawn_from_ranking(kept, sampler.top_k, sampler.inverse_temperature, seed, output)
    running = [0]
    for _, tile in tiles:
        running.append(logits.weight_sum(tile, best.value, sampler.inverse_temperature, running[-1]))
    point = logits.threshold(seed, output, running[-1])
    at = logits.drawn_tile(running[1:], point)
    first, tile = tiles[at]
    return logits.drawn_in_tile(tile, first, best.value, sampler.inverse_temperature, running[at], point)
