"""Bounds of a model's numbers: the chain and the loader refuse the same rows."""

import dataclasses
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chain.errors import Code, Rejected
from chain.modules.disputes import bounds
from chain.modules.disputes.game.shape import num_tensors, tail_tensor, tensor_rows
from inference.disputes.bounds import find_broken_row, row_opening
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from inference.models.format import MANIFEST_FILE, Manifest, model_root, tensor_digest, tensor_layouts, write_tensor
from inference.shards.loader import OutOfBounds, load
from inference.shards.spec import ShardSpec
from tests.support.tiny_model import TinyShape, write_tiny_model


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=2)), work / "models")
    return work / "models" / manifest.model_root.hex()


def test_every_row_of_a_model_keeps_every_bound_and_opens_under_its_root(directory: Path) -> None:
    model = ModelFiles(directory)
    root = model_root(model.header, list(model.roots[1:]))
    for tensor in range(1, num_tensors(model.header)):
        for row, body in enumerate(model.rows(tensor)):
            assert bounds.find_broken_bound(model.header, tensor, row, body) is None
            if row in (0, tensor_rows(model.header, tensor) - 1):
                opening = row_opening(model, tensor, row)
                assert bounds.require_leaf(model.header, root, tensor, row, opening) == body


def _weight(row: bytearray) -> None:
    row[3] = 0x80


def _mantissa_zero(row: bytearray) -> None:
    row[-4:] = struct.pack("<HH", 0, 0)


def _mantissa_large(row: bytearray) -> None:
    row[-2:] = struct.pack("<H", 1 << 15)


def _norm(row: bytearray) -> None:
    row[:-4] = b"\x7f" * (len(row) - 4)
    row[-4:] = struct.pack("<HH", (1 << 15) - 1, (1 << 15) - 1)


def _gain(row: bytearray) -> None:
    row[:2] = struct.pack("<h", -(1 << 14))


def _table(row: bytearray) -> None:
    row[4:8] = struct.pack("<i", -(1 << 15) - 1)


CHANGES: list[tuple[str, Callable[[bytearray], None], str]] = [
    ("layers.0.qkv", _weight, "-128"),
    ("layers.1.down", _weight, "-128"),
    ("head", _weight, "-128"),
    ("layers.0.o", _mantissa_zero, "mantissa"),
    ("layers.1.gate_up", _mantissa_large, "mantissa"),
    ("layers.0.down", _norm, "L1"),
    ("layers.1.g1", _gain, "gain"),
    ("gf", _gain, "gain"),
    ("rope", _table, "cosine or sine"),
]


@pytest.mark.parametrize(("name", "change", "reason"), CHANGES)
def test_a_row_that_breaks_a_bound_is_named_by_the_chain_and_refused_by_the_loader(
    directory: Path, tmp_path: Path, name: str, change: Callable[[bytearray], None], reason: str
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(directory, copy)
    model = ModelFiles(directory)
    names = [layout.name for layout in tensor_layouts(model.header)]
    tensor, layout = 1 + names.index(name), tensor_layouts(model.header)[names.index(name)]
    at = 5 if tensor_rows(model.header, tensor) > 5 else 0
    changed = bytearray(model.row(tensor, at))
    change(changed)
    found = bounds.find_broken_bound(model.header, tensor, at, bytes(changed))
    assert found is not None
    assert reason in found
    parts, offset = {}, 0
    for part in layout.parts:
        values = np.concatenate([np.frombuffer(row, np.uint8) for row in model.rows(tensor)])
        rows = values.reshape(layout.rows, -1).copy()
        rows[at] = np.frombuffer(bytes(changed), np.uint8)
        width = part.columns * np.dtype(part.dtype).itemsize
        parts[part.name] = rows[:, offset : offset + width].copy().view(part.dtype)
        offset += width
    digest = tensor_digest(layout, parts)
    write_tensor(copy / digest.hex(), layout, parts)
    manifest = Manifest.from_json((copy / MANIFEST_FILE).read_text())
    tensors = manifest.tensors | {name: digest}
    root = model_root(model.header, [tensors[other] for other in names])
    (copy / MANIFEST_FILE).write_text(dataclasses.replace(manifest, model_root=root, tensors=tensors).to_json())
    with pytest.raises(OutOfBounds, match=reason):
        load(copy, ShardSpec(root, 0, 2), with_embedding=True, with_head=True)
    claim = find_broken_row(ModelFiles(copy), "worker")
    assert claim is not None
    assert (claim.sender, claim.model_root, claim.tensor, claim.row) == ("worker", root, tensor, at)
    assert bounds.require_leaf(model.header, root, tensor, at, claim.opening) == bytes(changed)


def test_a_model_that_keeps_its_bounds_gives_no_claim(directory: Path) -> None:
    assert find_broken_row(ModelFiles(directory), "worker") is None


def test_rows_of_another_length_are_no_rows(directory: Path) -> None:
    model = ModelFiles(directory)
    for tensor in range(1, num_tensors(model.header)):
        body = model.row(tensor, 0)
        for wrong in (body[:-1], body + b"\0", b""):
            assert "bytes, not" in str(bounds.find_broken_bound(model.header, tensor, 0, wrong))


def test_an_opening_of_another_row_or_root_is_refused(directory: Path) -> None:
    model = ModelFiles(directory)
    root = model_root(model.header, list(model.roots[1:]))
    opening, last = row_opening(model, 1, 3), tail_tensor(model.header, "rope")
    for tensor, row, shown, of in (
        (0, 0, opening, root),
        (last + 1, 0, opening, root),
        (1, 4, opening, root),
        (1, 1 << 40, opening, root),
        (2, 3, opening, root),
        (1, 3, opening, bytes(32)),
        (1, 3, dataclasses.replace(opening, bodies=()), root),
        (1, 3, dataclasses.replace(opening, bodies=opening.bodies * 2), root),
        (1, 3, dataclasses.replace(opening, bodies=(bytes(25_000),)), root),
        (1, 3, dataclasses.replace(opening, siblings=opening.siblings[:-1]), root),
        (1, 3, dataclasses.replace(opening, siblings=opening.siblings + bytes(32)), root),
        (1, 3, dataclasses.replace(opening, siblings=bytes(30_000)), root),
    ):
        with pytest.raises(Rejected) as refused:
            bounds.require_leaf(model.header, of, tensor, row, shown)
        assert refused.value.code == Code.EVIDENCE_INVALID
