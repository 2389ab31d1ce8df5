"""Convert a Llama-family model to canonical integers: `python -m inference.models.convert SOURCE DESTINATION`.

The result `<DESTINATION>/<model_root hex>/` is reproducible byte for byte. The conversion may use real numbers, its
output may not: from here on the integers *are* the model.
"""

import argparse
import dataclasses
import math
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from chain.crypto.hashing import sha256
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader
from chain.store.codec import encode
from inference.models.calibrate import POSITIONS, TOKENS, TOKENS_PER_COLUMN, calibration_ids, saturation
from inference.models.fitting import GAIN_EXPONENT_EXTRA, Fitting, RealLayer
from inference.models.format import (
    CONVERTER_VERSION,
    HEADER_FILE,
    MANIFEST_FILE,
    TEMPLATE_FILE,
    TOKENIZER_FILE,
    Manifest,
    Parts,
    TensorLayout,
    head_layouts,
    layer_layouts,
    model_root,
    tensor_digest,
    tensor_layouts,
    write_tensor,
)
from inference.models.quantize import (
    Real,
    Unconvertible,
    gain_bits,
    quantize_embedding,
    quantize_gain,
    quantize_linear,
    rotary_table,
    tied_embedding,
)
from inference.models.source import RealModel, read_model, rotary_frequencies
from inference.numerics.constants import MAX_POSITIONS, NUMERIC_VERSION, QUANT, TRACE_VERSION
from inference.numerics.tables import EXP2_HASH, SIGMOID_HASH
from inference.shards.loader import EmbeddingWeights, ShardError, load
from inference.shards.spec import ShardSpec

VALUE_BITS = 10
"""FV: fraction bits of cached values (±32) unless they saturate on the calibration text."""
LEAST_VALUE_BITS = 4
"""FV goes no lower (±2048); what saturates then is only counted."""
LAYER_COST = 1000
"""Work units per position of a layer; the head is priced by its multiplications relative to it."""
Progress = Callable[[str, int, int], None]
"""Called with a description, steps done and steps in all."""


def _no_progress(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


def convert(source: Path, destination: Path, progress: Progress = _no_progress) -> Manifest:
    """Convert `source` (directory or GGUF) into `destination/<model_root hex>/`. Raises: Unconvertible, OSError."""
    progress("reading the model", 0, 1)
    model = read_model(source)
    destination.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=destination, prefix=".converting-"))
    try:
        manifest = _write_model(model, work, progress)
        final = destination / manifest.model_root.hex()
        final.mkdir(exist_ok=True)
        for file in sorted(work.iterdir()):  # an earlier conversion is repaired under the eyes of its readers
            file.replace(final / file.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return manifest


def _write_model(model: RealModel, folder: Path, progress: Progress) -> Manifest:
    config = model.config
    header = _header_frame(model)
    bits = gain_bits([model.weight("model.norm.weight")])
    total = header.num_layers + 2
    digests: dict[str, bytes] = {}
    scales: list[LayerScales] = []

    def store(layout: TensorLayout, parts: Parts) -> None:
        digest = tensor_digest(layout, parts)
        digests[layout.name] = digest
        write_tensor(folder / digest.hex(), layout, parts)

    tied = header.tied
    gf, head, *_, rope = head_layouts(header)
    embedding_weight = model.weight("model.embed_tokens.weight")
    if tied:
        embedding, shift = tied_embedding(quantize_linear("head", embedding_weight, bits + GAIN_EXPONENT_EXTRA))
    else:
        embedding, shift = quantize_embedding(embedding_weight)
        store(head_layouts(header)[2], embedding)
    table = rotary_table(header.max_positions, rotary_frequencies(config, header.head_size))
    store(rope, table)
    header = dataclasses.replace(header, gain_bits=bits, embedding_shift=shift)
    widest = max(header.hidden_size, header.num_heads * header.head_size, header.intermediate_size)
    ids = calibration_ids(model.tokenizer, header.vocab_size, min(TOKENS, TOKENS_PER_COLUMN * widest))
    fitting = Fitting(header, EmbeddingWeights(embedding["w"], embedding["me"].reshape(-1)), table["cs"], ids)
    for layer in range(header.num_layers):
        progress("converting layers", layer, total)
        fitted = fitting.layer(f"layers.{layer}.", _real_layer(model, layer))
        parts = (*(linear.parts for linear in fitted.linears), *fitted.gains)
        for layout, stored in zip(layer_layouts(header, layer), parts, strict=True):
            store(layout, stored)
        scales.append(LayerScales(*(linear.scale for linear in fitted.linears)))
    progress("converting the head", header.num_layers, total)
    final = quantize_gain(model.weight("model.norm.weight"), bits)
    store(gf, final)
    quantized = fitting.head(embedding_weight if tied else model.weight("lm_head.weight"), final["g"].reshape(-1))
    store(head, quantized.parts | {"me": embedding["me"]} if tied else quantized.parts)

    (folder / TOKENIZER_FILE).write_bytes(model.tokenizer)
    (folder / TEMPLATE_FILE).write_bytes(model.template)
    progress("calibrating", header.num_layers + 1, total)
    header = _complete(header, tuple(scales), quantized.scale)
    digests = {layout.name: digests[layout.name] for layout in tensor_layouts(header)}
    manifest = _calibrate(header, model.name, digests, folder, ids)
    progress("done", total, total)
    return manifest


def _calibrate(
    header: ModelHeader, name: str, digests: dict[str, bytes], folder: Path, text: tuple[int, ...]
) -> Manifest:
    """Write header and manifest with the most fraction bits at which no cached value saturates on the fixed text.

    The model is loaded as a worker loads it, so a model that breaks a bound never leaves the converter.
    Raises: Unconvertible.
    """
    ids = text[: min(header.max_positions, POSITIONS)]
    for value_bits in range(VALUE_BITS, LEAST_VALUE_BITS - 1, -1):
        header = dataclasses.replace(header, value_bits=value_bits)
        root = model_root(header, [digests[layout.name] for layout in tensor_layouts(header)])
        conversion = {
            "numeric_version": NUMERIC_VERSION,
            "converter_version": CONVERTER_VERSION,
            "fitted_positions": len(text),
            "calibration_positions": len(ids),
            "value_bits": value_bits,
        }
        manifest = Manifest(root, name, digests, {}, conversion)
        (folder / HEADER_FILE).write_bytes(encode(header))
        (folder / MANIFEST_FILE).write_text(manifest.to_json())
        try:
            shard = load(folder, ShardSpec(root, 0, header.num_layers), with_embedding=True, with_head=True)
        except ShardError as error:
            raise Unconvertible(str(error)) from None
        manifest = dataclasses.replace(manifest, saturation=saturation(shard, ids))
        if not manifest.saturation["values"]:
            break
    (folder / MANIFEST_FILE).write_text(manifest.to_json())
    return manifest


def _real_layer(model: RealModel, layer: int) -> RealLayer:
    def stacked(*names: str) -> Real:
        return np.concatenate([model.weight(f"model.layers.{layer}.{name}.weight") for name in names])

    return RealLayer(
        qkv=stacked("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        o=stacked("self_attn.o_proj"),
        gate_up=stacked("mlp.gate_proj", "mlp.up_proj"),
        down=stacked("mlp.down_proj"),
        g1=stacked("input_layernorm"),
        g2=stacked("post_attention_layernorm"),
    )


def norm_bits(hidden: int) -> int:
    """Return B: bits kept of a value before it is squared, so that n squares stay below 2^62."""
    return (62 - (hidden - 1).bit_length()) // 2


def score_constants(head_size: int) -> tuple[int, int, int]:
    """Return (D, CC, S3): scores are log2 with 12 fraction bits, scaled by log2(e)/√d."""
    dot_shift = max(0, (head_size - 1).bit_length() - 3)
    factor = math.log2(math.e) / math.sqrt(head_size) / (QUANT * QUANT) * 2.0**-20
    fraction, exponent = math.frexp(factor)  # factor = fraction · 2^exponent, ½ ≤ fraction < 1
    mantissa = round(math.ldexp(fraction, 16))
    shift = 16 - exponent - dot_shift - 33
    if mantissa == 1 << 16:
        mantissa, shift = 1 << 15, shift - 1
    return dot_shift, mantissa, shift


def _header_frame(model: RealModel) -> ModelHeader:
    """Return the header with everything that does not depend on the weights."""
    config = model.config
    heads = int(config.num_attention_heads)
    kv_heads = int(getattr(config, "num_key_value_heads", None) or heads)
    head_size = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    if heads % kv_heads or head_size % 2:
        raise Unconvertible(f"{heads} heads of {head_size} over {kv_heads} key heads are not supported")
    dot_shift, mantissa, shift = score_constants(head_size)
    layers = int(config.num_hidden_layers)
    zero = LinearScale(0, 0)
    return ModelHeader(
        numeric_version=NUMERIC_VERSION,
        trace_version=TRACE_VERSION,
        architecture="llama",
        num_layers=layers,
        hidden_size=int(config.hidden_size),
        num_heads=heads,
        num_kv_heads=kv_heads,
        head_size=head_size,
        intermediate_size=int(config.intermediate_size),
        vocab_size=int(config.vocab_size),
        max_positions=min(int(config.max_position_embeddings), MAX_POSITIONS),
        tied=bool(config.tie_word_embeddings),
        epsilon=round(math.ldexp(float(config.rms_norm_eps), 32)),
        norm_bits=norm_bits(int(config.hidden_size)),
        score_mantissa=mantissa,
        score_shift=shift,
        dot_shift=dot_shift,
        value_bits=VALUE_BITS,
        gain_bits=0,
        embedding_shift=0,
        layers=(),
        head=zero,
        exp2_hash=EXP2_HASH,
        sigmoid_hash=SIGMOID_HASH,
        tokenizer_hash=sha256(model.tokenizer),
        eos_ids=model.eos_ids,
        cut_points=tuple(range(1, layers)),
        layer_costs=(LAYER_COST,) * layers,
        head_cost=0,
        trace_stride=1,
        weight_bytes=(),
        head_bytes=0,
    )


def head_cost(header: ModelHeader) -> int:
    """Return c_head: the head's multiplications in units of a layer's, times LAYER_COST, rounded, at least 1."""
    n, d, inner = header.hidden_size, header.head_size, header.intermediate_size
    attention = n * d * (header.num_heads + 2 * header.num_kv_heads) + header.num_heads * d * n
    layer = attention + 3 * n * inner
    return max(1, (2 * LAYER_COST * header.vocab_size * n + layer) // (2 * layer))


def _complete(header: ModelHeader, scales: tuple[LayerScales, ...], head: LinearScale) -> ModelHeader:
    resident = tuple(sum(layout.size for layout in layer_layouts(header, layer)) for layer in range(header.num_layers))
    return dataclasses.replace(
        header,
        layers=scales,
        head=head,
        head_cost=head_cost(header),
        weight_bytes=resident,
        head_bytes=sum(layout.size for layout in head_layouts(header)),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the converter as a command; return the exit status."""
    from rich.progress import Progress as Bar

    parser = argparse.ArgumentParser(description="Convert a Llama-family model to canonical integers.")
    parser.add_argument("source", type=Path, help="Hugging Face directory or GGUF file")
    parser.add_argument("destination", type=Path, help="folder that receives <model_root>/")
    options = parser.parse_args(arguments)
    try:
        with Bar() as bar:
            task = bar.add_task("starting", total=None)
            manifest = convert(
                options.source,
                options.destination,
                lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
            )
    except (Unconvertible, OSError) as error:
        print(f"cannot convert: {error}", file=sys.stderr)
        return 1
    print(manifest.model_root.hex())
    for name, count in manifest.saturation.items():
        print(f"saturated {name}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
