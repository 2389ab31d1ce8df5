"""The trace of one unit: every boundary row of its layers, and at the last stage checksums and tokens.

A recorder takes the rows of each layer in chunks of any size; only the order of positions matters, so chunking, batch
and cached prefixes leave no mark. It keeps 32 bytes per layer and position, which is also what the answers to the first
rounds of a dispute are made of.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from chain.crypto import hashing
from chain.crypto.merkle import DIGEST, Kind, ListRoot, leaf, lr, lr_joined
from chain.modules.models.types import ModelHeader
from inference.engine.rows import RowChunk
from inference.proofs.commit import ChainRoots, prompt_root, token_leaf
from inference.proofs.rows import row_digests, section_root


@dataclass(frozen=True, slots=True)
class UnitTrace:
    """A finished unit over all positions of its job."""

    positions: int
    """N = P + T - 1."""
    sections: tuple[bytes, ...]
    """s_0..s_{m-1}: H_a..H_{b-1}, at the last stage then C and tokens_root; bare."""
    input_section: bytes
    """H_{a-1}, bare; empty at stage 0."""
    is_last: bool
    digests: Mapping[int, bytes]
    """Row digests of each boundary, N · 32 bytes; key: layer, a-1 for the input."""
    checksums: bytes
    """Leaves of C, T · 32 bytes; empty but at the last stage."""
    tokens: tuple[int, ...]
    """Output ids; empty but at the last stage."""

    @property
    def body_root(self) -> bytes:
        """Root of all sections but the last, bare."""
        return lr(Kind.SEC, self.sections[:-1])

    @property
    def out_root(self) -> bytes:
        """The last section, bare."""
        return self.sections[-1]

    def chain_roots(self, blind: bytes, stage_zero_input: bytes = b"") -> ChainRoots:
        """Return the forms on the chain; `stage_zero_input` is H(03 | prompt_root | tokens_root). Raises: ValueError.

        Content roots are keyed with the job's blind, or a guess could be confirmed from its hash. Stage 0's in_root and
        the last stage's out_root are made of salted leaves already.
        """
        if bool(stage_zero_input) == bool(self.input_section):
            raise ValueError("in_root comes from the tokens at stage 0, and from rows at every other stage")
        return ChainRoots(
            in_root=stage_zero_input or hashing.blinded(blind, self.input_section),
            body_root=hashing.blinded(blind, self.body_root),
            out_root=self.out_root if self.is_last else hashing.blinded(blind, self.out_root),
        )


class TraceRecorder:
    """Collects one unit's trace while it runs."""

    def __init__(self, header: ModelHeader, start: int, end: int, blind: bytes) -> None:
        """Prepare for layers [start, end). Raises: ValueError for a range or trace version it does not know."""
        if header.trace_version != 1 or header.trace_stride > 1:
            raise ValueError(f"trace version {header.trace_version} with stride {header.trace_stride} is not known")
        if not 0 <= start < end <= header.num_layers:
            raise ValueError(f"layers {start}..{end} are not in 0..{header.num_layers}")
        self.start = start
        self.end = end
        self.is_last = end == header.num_layers
        self.tokens: list[int] = []
        self._blind = blind
        self._width = header.hidden_size
        self._digests = {layer: bytearray() for layer in range(max(start - 1, 0), end)}
        self._checksums = bytearray()
        self._token_leaves = ListRoot(Kind.TOKS)
        self._outputs = threading.Lock()
        """A requester may end an answer while a step samples: one thread signs what another one records."""

    def positions(self, layer: int) -> int:
        """Return how many rows of a boundary are recorded; `start - 1` is the input."""
        return len(self._digests[layer]) // DIGEST

    def add_rows(self, layer: int, position: int, rows: RowChunk) -> None:
        """Record the rows after `layer` of consecutive positions. Raises: ValueError if `position` is not the next."""
        self.add_packed(layer, position, rows.to_bytes())

    def add_packed(self, layer: int, position: int, packed: bytes) -> None:
        """Record the bytes of rows: received, or about to be sent. Raises: ValueError."""
        digests = self._digests.get(layer)
        if digests is None:
            raise ValueError(f"layer {layer} is no boundary of {self.start}..{self.end}")
        if position * DIGEST != len(digests):
            raise ValueError(f"position {position} of layer {layer} is not the next one, {len(digests) // DIGEST}")
        digests += row_digests(packed, self._width)

    def add_output(self, best: int, total: int, token: int) -> None:
        """Record the largest logit and the sum of all logits of the next output, and its token (last stage).

        Raises: ValueError at another stage; OverflowError if a number does not fit its field.
        """
        if not self.is_last:
            raise ValueError("only the last stage has outputs")
        body = best.to_bytes(4, "little", signed=True) + total.to_bytes(8, "little", signed=True)
        with self._outputs:
            self._checksums += leaf(Kind.CHK, body)
            self._token_leaves.append(token_leaf(self._blind, True, len(self.tokens), token))
            self.tokens.append(token)

    def input_root(self, count: int) -> bytes:
        """Return the on-chain form of the first `count` input rows: what the upstream's receipt must say."""
        return hashing.blinded(self._blind, section_root(self._digests[self.start - 1], count))

    def output_root(self, count: int) -> bytes:
        """Return the root of a receipt: of the first `count` rows sent, or tokens at the last stage.

        Raises: ValueError if they are not recorded yet.
        """
        if not self.is_last:
            return hashing.blinded(self._blind, section_root(self._digests[self.end - 1], count))
        with self._outputs:
            if count == len(self.tokens):
                return self._token_leaves.root()
        if not 0 <= count < len(self.tokens):
            raise ValueError(f"{count} tokens of {len(self.tokens)} are not there")
        return lr(Kind.TOKS, [token_leaf(self._blind, True, at, token) for at, token in enumerate(self.tokens[:count])])

    def finish(self, positions: int, outputs: int) -> UnitTrace:
        """Return the trace of the first `positions` = P + T - 1 rows and `outputs` = T tokens; later work is dropped.

        Raises: ValueError if a row or an output is missing.
        """
        missing = [layer for layer, digests in self._digests.items() if len(digests) < positions * DIGEST]
        if missing or positions < 1 or (self.is_last and len(self.tokens) < outputs):
            raise ValueError(f"the unit is not complete at {positions} positions and {outputs} outputs")
        cut = {layer: bytes(digests[: positions * DIGEST]) for layer, digests in self._digests.items()}
        roots = {layer: lr_joined(Kind.HSEC, digests) for layer, digests in cut.items()}
        sections = [roots[layer] for layer in range(self.start, self.end)]
        checksums = bytes(self._checksums[: outputs * DIGEST]) if self.is_last else b""
        if self.is_last:
            sections += [lr_joined(Kind.CHKS, checksums), self.output_root(outputs)]
        return UnitTrace(
            positions=positions,
            sections=tuple(sections),
            input_section=roots[self.start - 1] if self.start else b"",
            is_last=self.is_last,
            digests=cut,
            checksums=checksums,
            tokens=tuple(self.tokens[:outputs]),
        )


def input_of_stage_zero(blind: bytes, prompt: list[int], answer_root: bytes) -> bytes:
    """Return in_root of stage 0 from the prompt's ids and tokens_root."""
    return hashing.stage_zero_input(prompt_root(blind, prompt), answer_root)
