"""Traces, their forms on the chain, seals and checks."""

import dataclasses
import sys
import threading

import numpy as np
import pytest

from chain.crypto import hashing
from chain.crypto.merkle import Kind, ListRoot, leaf, lr
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader
from inference.engine.rows import RowChunk
from inference.proofs import check, commit
from inference.proofs.rows import row_digests
from inference.proofs.trace import TraceRecorder, UnitTrace, input_of_stage_zero

WIDTH, LAYERS, PROMPT, OUTPUTS = 128, 5, 33, 9
POSITIONS = PROMPT + OUTPUTS - 1
BLIND, UNIT, SALT, OPERATOR = b"b" * 32, b"u" * 32, b"s" * 32, b"o" * 20
SCALE = LinearScale(20, 20)
HEADER = ModelHeader(
    numeric_version=1, trace_version=1, architecture="llama", num_layers=LAYERS, hidden_size=WIDTH, num_heads=2,
    num_kv_heads=1, head_size=64, intermediate_size=128, vocab_size=100, max_positions=64, tied=True, epsilon=1,
    norm_bits=26, score_mantissa=1 << 15, score_shift=20, dot_shift=3, value_bits=10, gain_bits=10, embedding_shift=8,
    layers=(LayerScales(SCALE, SCALE, SCALE, SCALE),) * LAYERS, head=SCALE, exp2_hash=bytes(32),
    sigmoid_hash=bytes(32), tokenizer_hash=bytes(32), eos_ids=(2,), cut_points=(1, 2, 3, 4), layer_costs=(1,) * LAYERS,
    head_cost=1, trace_stride=1, weight_bytes=(1,) * LAYERS, head_bytes=1,
)  # fmt: skip
IDS = [3 * at % 100 for at in range(PROMPT)]


def _rows(layer: int) -> RowChunk:
    random = np.random.default_rng(layer)
    values = random.integers(-32767, 32768, (POSITIONS + 3, WIDTH), np.int16)
    values[:, ::64] = 30000
    return RowChunk(random.integers(0, 26, (POSITIONS + 3, WIDTH // 64), np.uint8), values)


def _recorded(start: int, end: int, chunks: list[int], extra: int = 0) -> TraceRecorder:
    recorder = TraceRecorder(HEADER, start, end, BLIND)
    first = 0
    for chunk in chunks:
        for layer in range(max(start - 1, 0), end):
            recorder.add_rows(layer, first, _rows(layer)[first : first + chunk])
        first += chunk
    if end == LAYERS:
        for at in range(OUTPUTS + extra):
            recorder.add_output(-5 * at, -(1 << 45) + at, at + 40)
    return recorder


def _section(layer: int, count: int = POSITIONS) -> bytes:
    joined = row_digests(_rows(layer)[:count].to_bytes(), WIDTH)
    return lr(Kind.HSEC, [joined[at : at + 32] for at in range(0, len(joined), 32)])


def _answer_root(count: int = OUTPUTS) -> bytes:
    salts = [hashing.sha256(hashing.tag("salt"), BLIND, b"\1", hashing.u32(at))[:16] for at in range(count)]
    leaves = [leaf(Kind.TOK, salts[at] + hashing.u32(at) + hashing.u32(at + 40)) for at in range(count)]
    return lr(Kind.TOKS, leaves)


def test_a_middle_stage_commits_to_its_boundaries() -> None:
    trace = _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    assert trace.sections == (_section(2), _section(3))
    assert trace.input_section == _section(1)
    assert trace.body_root == lr(Kind.SEC, [_section(2)])
    assert trace.chain_roots(BLIND) == commit.ChainRoots(
        hashing.sha256(b"\x05", BLIND, _section(1)),
        hashing.sha256(b"\x05", BLIND, trace.body_root),
        hashing.sha256(b"\x05", BLIND, _section(3)),
    )


def test_the_first_stage_takes_its_input_from_the_tokens() -> None:
    trace = _recorded(0, 2, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    source = input_of_stage_zero(BLIND, IDS, _answer_root())
    assert source == hashing.sha256(b"\x03", commit.prompt_root(BLIND, IDS), _answer_root())
    assert trace.chain_roots(BLIND, source).in_root == source
    with pytest.raises(ValueError, match="in_root"):
        trace.chain_roots(BLIND)
    with pytest.raises(ValueError, match="in_root"):
        _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS).chain_roots(BLIND, source)


def test_the_last_stage_adds_checksums_and_tokens() -> None:
    trace = _recorded(4, 5, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    bodies = [
        (-5 * at).to_bytes(4, "little", signed=True) + (-(1 << 45) + at).to_bytes(8, "little", signed=True)
        for at in range(OUTPUTS)
    ]
    checksums = lr(Kind.CHKS, [leaf(Kind.CHK, body) for body in bodies])
    assert trace.sections == (_section(4), checksums, _answer_root())
    assert trace.chain_roots(BLIND).out_root == _answer_root() == commit.tokens_root(BLIND, range(40, 40 + OUTPUTS))
    assert trace.tokens == tuple(range(40, 40 + OUTPUTS))


@pytest.mark.parametrize("chunks", [[1] * POSITIONS, [5, 1, 17, POSITIONS - 23], [POSITIONS], [POSITIONS, 3]])
@pytest.mark.parametrize("stage", [(0, 2), (2, 4), (4, 5), (0, 5)])
def test_chunking_and_dropped_work_leave_no_mark(chunks: list[int], stage: tuple[int, int]) -> None:
    trace = _recorded(*stage, chunks, extra=2).finish(POSITIONS, OUTPUTS)
    assert trace == _recorded(*stage, [POSITIONS]).finish(POSITIONS, OUTPUTS)


def test_neighbours_see_the_same_root_after_every_count() -> None:
    upper, lower = _recorded(0, 2, [POSITIONS]), _recorded(2, 4, [POSITIONS])
    for count in (1, 16, 17, 32, POSITIONS):
        assert upper.output_root(count) == lower.input_root(count) == hashing.blinded(BLIND, _section(1, count))
    last = _recorded(4, 5, [POSITIONS])
    for count in (0, 1, OUTPUTS):
        assert last.output_root(count) == _answer_root(count)


def test_a_root_of_the_tokens_so_far_is_right_while_others_are_recorded() -> None:
    """A requester may end an answer in the middle of a step: one thread signs while another one samples."""
    outputs, source = 1_500, ListRoot(Kind.TOKS)
    expected = [source.root()]
    for at in range(outputs):
        source.append(commit.token_leaf(BLIND, True, at, at))
        expected.append(source.root())
    recorder = TraceRecorder(HEADER, 4, 5, BLIND)
    found: list[tuple[int, bytes]] = []
    sampling = threading.Thread(target=lambda: [recorder.add_output(0, 0, at) for at in range(outputs)])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        sampling.start()
        while sampling.is_alive():
            count = len(recorder.tokens)
            found.append((count, recorder.output_root(count)))
        sampling.join()
    finally:
        sys.setswitchinterval(interval)
    assert [root for _, root in found] == [expected[count] for count, _ in found]


def test_rows_out_of_order_are_refused() -> None:
    recorder = TraceRecorder(HEADER, 0, 2, BLIND)
    rows = _rows(0)
    recorder.add_rows(0, 0, rows[:2])
    assert recorder.positions(0) == 2
    for layer, position in ((0, 0), (0, 3), (1, 1), (2, 0), (-1, 0)):
        with pytest.raises(ValueError, match="layer"):
            recorder.add_rows(layer, position, rows[:1])
    with pytest.raises(ValueError, match="only the last"):
        recorder.add_output(0, 0, 0)
    with pytest.raises(ValueError, match="not there"):
        recorder.output_root(1)


def test_an_incomplete_unit_has_no_trace() -> None:
    for stage in ((0, 2), (4, 5)):
        with pytest.raises(ValueError, match="not complete"):
            _recorded(*stage, [POSITIONS - 1]).finish(POSITIONS, OUTPUTS)
    with pytest.raises(ValueError, match="not complete"):
        _recorded(4, 5, [POSITIONS]).finish(POSITIONS, OUTPUTS + 1)


def test_unknown_trace_versions_and_ranges_are_refused() -> None:
    for change in ({"trace_version": 2}, {"trace_stride": 2}):
        with pytest.raises(ValueError, match="trace version"):
            TraceRecorder(dataclasses.replace(HEADER, **change), 0, 2, BLIND)  # type: ignore[arg-type]
    for start, end in ((2, 2), (-1, 2), (4, 6)):
        with pytest.raises(ValueError, match="layers"):
            TraceRecorder(HEADER, start, end, BLIND)


def test_a_witness_is_recognised_by_its_roots() -> None:
    root, digest = commit.prompt_root(BLIND, IDS), hashing.blind_hash(BLIND)
    assert commit.is_witness(BLIND, digest, IDS, root)
    assert not commit.is_witness(b"c" * 32, digest, IDS, root)
    assert not commit.is_witness(BLIND[:-1], digest, IDS, root)
    assert not commit.is_witness(BLIND, digest, [*IDS[:-1], 99], root)
    assert not commit.is_witness(BLIND, digest, [*IDS[:-1], 1 << 32], root)


def _opening(trace: UnitTrace, **change: bytes) -> check.Opening:
    roots = trace.chain_roots(BLIND)
    sealed = commit.asserter_seal(OPERATOR, UNIT, SALT, roots)
    return check.Opening(OPERATOR, UNIT, sealed, SALT, dataclasses.replace(roots, **change))


def test_an_equal_unit_is_confirmed() -> None:
    trace = _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    verdict = check.judge(trace.chain_roots(BLIND), _opening(trace))
    assert verdict == check.Verdict(True, True, True, True)
    assert verdict.is_equal
    assert not verdict.is_false
    assert check.find_difference(trace, trace) is None


def test_a_changed_row_is_found_and_makes_the_unit_false() -> None:
    own = _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    recorder = TraceRecorder(HEADER, 2, 4, BLIND)
    for layer in (1, 2, 3):
        rows = _rows(layer)
        if layer == 2:
            rows.values[7, 3] += 1 if rows.values[7, 3] < 32767 else -1
        recorder.add_rows(layer, 0, rows[:POSITIONS])
    other = recorder.finish(POSITIONS, OUTPUTS)
    verdict = check.judge(own.chain_roots(BLIND), _opening(other))
    assert verdict == check.Verdict(True, True, False, True)
    assert verdict.is_false
    assert check.find_difference(own, other) == (2, 7)


def test_an_opening_that_was_not_sealed_proves_nothing() -> None:
    trace = _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    verdict = check.judge(trace.chain_roots(BLIND), _opening(trace, out_root=bytes(32)))
    assert verdict == check.Verdict(False, True, True, False)
    assert not verdict.is_equal
    assert not verdict.is_false


def test_another_input_is_not_the_asserters_fault() -> None:
    trace = _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS)
    own = dataclasses.replace(trace.chain_roots(BLIND), in_root=bytes(32), out_root=bytes(32))
    verdict = check.judge(own, _opening(trace))
    assert not verdict.is_equal
    assert not verdict.is_false


def test_seals_bind_their_author_unit_and_salt() -> None:
    roots = _recorded(2, 4, [POSITIONS]).finish(POSITIONS, OUTPUTS).chain_roots(BLIND)
    root = hashing.trace_root(UNIT, roots.in_root, roots.body_root, roots.out_root)
    assert commit.asserter_seal(OPERATOR, UNIT, SALT, roots) == hashing.seal(OPERATOR, UNIT, SALT, root)
    assert commit.checker_seal(OPERATOR, UNIT, SALT, roots) == hashing.check_seal(
        OPERATOR, UNIT, SALT, roots.body_root, roots.out_root
    )
    seals = {
        commit.checker_seal(a, u, s, roots) for a in (OPERATOR, b"p" * 20) for u in (UNIT, SALT) for s in (UNIT, SALT)
    }
    assert len(seals) == 8
    for operator, salt in ((OPERATOR, b""), (b"o", SALT)):
        with pytest.raises(ValueError, match="bytes"):
            commit.asserter_seal(operator, UNIT, salt, roots)
