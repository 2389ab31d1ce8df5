import dataclasses
import filecmp
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from inference.engine.engine import Engine
from inference.engine.rows import TokenChunk
from inference.models.convert import convert, head_cost, norm_bits, score_constants
from inference.models.format import Manifest, map_tensor, tensor_layouts
from inference.models.quantize import (
    Unconvertible,
    quantize_embedding,
    quantize_gain,
    quantize_linear,
    tied_embedding,
)
from inference.models.source import rotary_frequencies
from inference.numerics.constants import QUANT
from inference.shards.loader import load, read_header
from inference.shards.spec import ShardSpec
from tests.support.tiny_model import TinyShape, write_tiny_model


def test_converting_twice_gives_equal_trees(tiny_source: Path, tiny_directory: Path, tmp_path: Path) -> None:
    again = tmp_path / convert(tiny_source, tmp_path).model_root.hex()
    assert again.name == tiny_directory.name
    names = sorted(path.name for path in tiny_directory.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert filecmp.cmpfiles(tiny_directory, again, names, shallow=False) == (names, [], [])
    assert [path.name for path in tmp_path.iterdir()] == [again.name]  # nothing half-done stays behind


def test_converting_over_a_damaged_model_repairs_it(tiny_source: Path, tmp_path: Path) -> None:
    folder = tmp_path / convert(tiny_source, tmp_path).model_root.hex()
    before = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(b"")
    convert(tiny_source, tmp_path)
    assert (folder / "manifest.json").read_bytes() == before


def test_the_root_binds_every_file(tiny_directory: Path) -> None:
    manifest = Manifest.from_json((tiny_directory / "manifest.json").read_text())
    header = read_header(tiny_directory)
    assert list(manifest.tensors) == [layout.name for layout in tensor_layouts(header)]
    names = {digest.hex() for digest in manifest.tensors.values()}
    others = {"header.bin", "manifest.json", "tokenizer.json", "chat_template.jinja"}
    assert {path.name for path in tiny_directory.iterdir()} == names | others
    assert sum(header.weight_bytes) + header.head_bytes == sum(layout.size for layout in tensor_layouts(header))


def test_the_integers_compute_what_the_real_model_computes(tiny_source: Path, tiny_directory: Path) -> None:
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(tiny_source, dtype=torch.float32)
    text = "What the weights were rounded for is text, so text it is."
    ids = Tokenizer.from_file(str(tiny_source / "tokenizer.json")).encode(text).ids[:48]
    with torch.no_grad():
        real = model(torch.tensor([ids])).logits[0].double().numpy()
    shard = load(
        tiny_directory, ShardSpec(bytes.fromhex(tiny_directory.name), 0, 5), with_embedding=True, with_head=True
    )
    engine = Engine(shard)
    found = engine.logits(engine.forward(engine.open(48), TokenChunk(tuple(ids)))[-1]) / 65536.0
    error = np.sqrt(np.mean((found - real) ** 2)) / np.std(real)
    assert error < 0.05


def test_the_header_says_what_the_source_says(tiny_directory: Path) -> None:
    header = read_header(tiny_directory)
    assert (header.num_layers, header.hidden_size, header.vocab_size, header.max_positions) == (5, 128, 512, 512)
    assert (header.eos_ids, header.cut_points, header.tied) == ((257,), (1, 2, 3, 4), True)
    assert (header.layer_costs, header.head_cost) == ((1000,) * 5, head_cost(header))
    assert header.epsilon == round(1e-5 * 2**32)


def test_head_cost_of_smollm2_is_eight_layers(tiny_directory: Path) -> None:
    header = dataclasses.replace(
        read_header(tiny_directory),
        vocab_size=49152,
        hidden_size=576,
        num_heads=9,
        num_kv_heads=3,
        head_size=64,
        intermediate_size=1536,
    )
    assert head_cost(header) == 8000


@pytest.mark.parametrize(("hidden", "bits"), [(576, 26), (4096, 25), (64, 28)])
def test_norm_bits(hidden: int, bits: int) -> None:
    assert norm_bits(hidden) == bits
    assert hidden * (2**bits - 1) ** 2 < 2**62


@pytest.mark.parametrize("head_size", [16, 32, 64, 80, 96, 128, 256])
def test_score_constants_scale_dots_to_log2(head_size: int) -> None:
    drop, mantissa, shift = score_constants(head_size)
    assert 1 << 15 <= mantissa < 1 << 16
    assert (QUANT * QUANT * head_size) >> drop < 1 << 31
    scale = mantissa * 2.0 ** -(drop + 20 + 13 + shift)
    assert math.isclose(scale, math.log2(math.e) / math.sqrt(head_size) / QUANT**2 * 2.0 ** (12 - 32), rel_tol=1e-4)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 0.3, 20.0])
def test_a_linear_map_keeps_its_weights_within_half_a_step(scale: float) -> None:
    real = (np.random.Generator(np.random.PCG64(2)).standard_normal((40, 64)) * scale).astype(np.float32)
    real[7] = 0
    quantized = quantize_linear("x", real, 23)
    mantissa = quantized.parts["mw"].astype(np.float64)
    back = quantized.parts["w"].astype(float) * QUANT * np.ldexp(mantissa, -quantized.exponent)
    steps = np.abs(real).max(axis=1, keepdims=True) / 127
    assert (np.abs(back - real) <= 0.51 * steps * (1 + 2 / mantissa) + 1e-30).all()
    assert np.abs(quantized.parts["w"].astype(int)).max() <= 127


def test_an_embedding_and_a_tied_head_give_the_weights_back() -> None:
    real = (np.random.Generator(np.random.PCG64(3)).standard_normal((50, 64)) * 0.2).astype(np.float32)
    parts, shift = quantize_embedding(real)
    back = parts["w"] * np.ldexp(parts["me"].astype(np.float64), -shift - 16)
    assert np.abs(back - real).max() < 0.51 * np.abs(real).max() / 127
    head = quantize_linear("head", real, 23)
    parts, shift = tied_embedding(head)
    back = parts["w"] * np.ldexp(parts["me"].astype(np.float64), -shift - 16)
    assert np.abs(back - real).max() < 0.52 * np.abs(real).max() / 127


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_weights_that_have_no_integers_are_refused(value: float) -> None:
    real = np.ones((2, 64), dtype=np.float32)
    real[1, 3] = value
    with pytest.raises(Unconvertible):
        quantize_linear("x", real, 23)


def test_gains_are_rounded_to_nearest() -> None:
    assert quantize_gain(np.array([1.0, -0.5, 0.25003], dtype=np.float32), 10)["g"].tolist() == [[1024, -512, 256]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}, "model type qwen2"),
        ({"attention_bias": True}, "attention_bias"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "rotary scaling yarn"),
        ({"hidden_act": "gelu"}, "hidden_act"),
    ],
)
def test_other_architectures_are_refused_by_name(
    tiny_source: Path, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    source = Path(shutil.copytree(tiny_source, tmp_path / "source"))
    config = json.loads((source / "config.json").read_text()) | change
    (source / "config.json").write_text(json.dumps(config))
    with pytest.raises(Unconvertible, match=reason):
        convert(source, tmp_path / "out")
    assert list((tmp_path / "out").glob("*")) == []


def test_llama3_scaling_keeps_fast_and_slows_slow_frequencies() -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {
        "rope_theta": 500000.0,
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    config = LlamaConfig(hidden_size=512, num_attention_heads=8, head_dim=64, rope_parameters=rope)
    theirs, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    assert np.allclose(rotary_frequencies(config, 64), theirs.numpy(), rtol=1e-6)


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unconvertible, match="does not exist"):
        convert(tmp_path / "nothing", tmp_path)
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(Unconvertible, match=r"nor a \.gguf"):
        convert(tmp_path / "model.bin", tmp_path)


def test_an_untied_model_has_an_embedding_of_its_own(tmp_path: Path) -> None:
    source = write_tiny_model(tmp_path / "source", TinyShape(layers=1, tied=False))
    manifest = convert(source, tmp_path)
    folder = tmp_path / manifest.model_root.hex()
    layout = next(layout for layout in tensor_layouts(read_header(folder)) if layout.name == "embedding")
    parts = map_tensor(folder / manifest.tensors["embedding"].hex(), layout)
    assert (parts["w"].shape, parts["me"].shape) == ((512, 128), (512, 1))


def test_values_that_would_saturate_get_fewer_fraction_bits(tmp_path: Path) -> None:
    source = write_tiny_model(tmp_path / "source", TinyShape(layers=2, value_scale=4.0))
    manifest = convert(source, tmp_path)
    assert manifest.saturation == {"values": 0, "keys": 0, "residuals": 0}
    assert read_header(tmp_path / manifest.model_root.hex()).value_bits == manifest.conversion["value_bits"] < 10


def test_what_saturates_at_the_least_bits_is_counted(tmp_path: Path) -> None:
    source = write_tiny_model(tmp_path / "source", TinyShape(layers=2, value_scale=300.0))
    manifest = convert(source, tmp_path)
    assert manifest.conversion["value_bits"] == 4
    assert manifest.saturation["values"] > 0
