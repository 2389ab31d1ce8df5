import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from chain.modules.models.types import LinearScale, ModelHeader
from chain.store.codec import encode
from inference.models.format import Manifest, layer_layouts, model_root, tensor_digest, tensor_layouts, write_tensor
from inference.shards.loader import FileMissing, OutOfBounds, WrongHash, load, read_header
from inference.shards.spec import ShardSpec


def spec(directory: Path, start: int = 0, end: int = 5) -> ShardSpec:
    return ShardSpec(bytes.fromhex(directory.name), start, end)


def manifest(directory: Path) -> Manifest:
    return Manifest.from_json((directory / "manifest.json").read_text())


@pytest.fixture
def copy(tiny_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_directory, tmp_path / tiny_directory.name))


def rewritten(copy: Path, header: ModelHeader, tensors: dict[str, bytes]) -> ShardSpec:
    """Make the directory agree with a changed header or tensors; return the spec of the new root."""
    root = model_root(header, [tensors[layout.name] for layout in tensor_layouts(header)])
    (copy / "header.bin").write_bytes(encode(header))
    old = manifest(copy)
    (copy / "manifest.json").write_text(dataclasses.replace(old, model_root=root, tensors=tensors).to_json())
    return ShardSpec(root, 0, 1)


def test_a_middle_shard_maps_its_layers_only(tiny_directory: Path) -> None:
    shard = load(tiny_directory, spec(tiny_directory, 2, 4), with_embedding=False, with_head=False)
    assert (len(shard.layers), shard.embedding, shard.head) == (2, None, None)
    whole = load(tiny_directory, spec(tiny_directory), with_embedding=True, with_head=True)
    assert np.array_equal(shard.layers[0].qkv.weight, whole.layers[2].qkv.weight)


def test_a_changed_weight_is_refused(copy: Path) -> None:
    path = copy / manifest(copy).tensors["layers.1.o"].hex()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(WrongHash, match=r"layers\.1\.o"):
        load(copy, spec(copy), with_embedding=False, with_head=False)
    load(copy, spec(copy, 2, 5), with_embedding=True, with_head=True)  # not its layer


def test_a_missing_or_short_file_is_refused(copy: Path) -> None:
    path = copy / manifest(copy).tensors["head"].hex()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileMissing, match="head"):
        load(copy, spec(copy), with_embedding=True, with_head=False)
    path.unlink()
    with pytest.raises(FileMissing, match="head"):
        load(copy, spec(copy), with_embedding=False, with_head=True)


def test_another_models_directory_is_refused(tiny_directory: Path) -> None:
    with pytest.raises(WrongHash, match="is not model 0000"):
        load(tiny_directory, ShardSpec(bytes(32), 0, 5), with_embedding=False, with_head=False)


def test_a_changed_header_is_refused(copy: Path) -> None:
    header = read_header(copy)
    (copy / "header.bin").write_bytes(encode(dataclasses.replace(header, epsilon=header.epsilon + 1)))
    with pytest.raises(WrongHash, match="is not model"):
        load(copy, spec(copy), with_embedding=False, with_head=False)


def test_a_damaged_header_or_manifest_is_refused(copy: Path) -> None:
    (copy / "manifest.json").write_text('{"model_root": 5}')
    with pytest.raises(WrongHash, match=r"manifest\.json"):
        load(copy, spec(copy), with_embedding=False, with_head=False)
    (copy / "header.bin").write_bytes(b"\xff\xff")
    with pytest.raises(WrongHash, match="not a model header"):
        load(copy, spec(copy), with_embedding=False, with_head=False)
    (copy / "header.bin").unlink()
    with pytest.raises(FileMissing, match=r"header\.bin"):
        load(copy, spec(copy), with_embedding=False, with_head=False)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (4, 6)])
def test_layers_outside_the_model_are_refused(tiny_directory: Path, start: int, end: int) -> None:
    with pytest.raises(OutOfBounds, match="layers"):
        load(tiny_directory, spec(tiny_directory, start, end), with_embedding=False, with_head=False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"numeric_version": 2}, "numeric version"),
        ({"score_mantissa": 1 << 16}, "score mantissa"),
        ({"dot_shift": 0}, "dot shift"),
        ({"norm_bits": 31}, "norm bits"),
        ({"exp2_hash": bytes(32)}, "tables"),
        ({"num_kv_heads": 3}, "heads"),
    ],
)
def test_a_committed_header_that_breaks_a_bound_is_refused(
    copy: Path, change: dict[str, int | bytes], reason: str
) -> None:
    header = dataclasses.replace(read_header(copy), **change)  # type: ignore[arg-type]
    with pytest.raises(OutOfBounds, match=reason):
        load(copy, rewritten(copy, header, manifest(copy).tensors), with_embedding=False, with_head=False)


def test_committed_shifts_that_let_a_product_overflow_are_refused(copy: Path) -> None:
    header = read_header(copy)
    for scale, reason in (
        (LinearScale(0, 30), "reaches 2"),
        (LinearScale(40, 0), "shifts"),
        (LinearScale(40, 30), "shifts"),
    ):
        layers = (dataclasses.replace(header.layers[0], o=scale), *header.layers[1:])
        changed = dataclasses.replace(header, layers=layers)
        with pytest.raises(OutOfBounds, match=rf"layers\.0\.o.*{reason}"):
            load(copy, rewritten(copy, changed, manifest(copy).tensors), with_embedding=False, with_head=False)


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [("w", -128, "-128"), ("mw", 1 << 15, "mantissa"), ("mw", 0, "mantissa")],
)
def test_a_committed_weight_that_breaks_a_bound_is_refused(copy: Path, part: str, value: int, reason: str) -> None:
    from inference.models.format import map_tensor

    header, tensors = read_header(copy), manifest(copy).tensors
    layout = layer_layouts(header, 0)[3]
    parts = {name: values.copy() for name, values in map_tensor(copy / tensors[layout.name].hex(), layout).items()}
    parts[part][3, 0] = value
    digest = tensor_digest(layout, parts)
    write_tensor(copy / digest.hex(), layout, parts)
    with pytest.raises(OutOfBounds, match=rf"layers\.0\.down.*{reason}"):
        load(copy, rewritten(copy, header, tensors | {layout.name: digest}), with_embedding=False, with_head=False)


def test_a_committed_gain_that_is_too_large_is_refused(copy: Path) -> None:
    header, tensors = read_header(copy), manifest(copy).tensors
    layout = layer_layouts(header, 0)[4]
    parts = {"g": np.full((1, 128), -(1 << 14), dtype=np.int16)}
    digest = tensor_digest(layout, parts)
    write_tensor(copy / digest.hex(), layout, parts)
    with pytest.raises(OutOfBounds, match=r"layers\.0\.g1"):
        load(copy, rewritten(copy, header, tensors | {layout.name: digest}), with_embedding=False, with_head=False)
