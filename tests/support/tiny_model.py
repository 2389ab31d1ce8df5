"""A tiny random Llama with a byte tokenizer: every shape of the real thing, converted in a second."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True, slots=True)
class TinyShape:
    """Sizes of a tiny model."""

    layers: int = 5
    hidden: int = 128
    heads: int = 4
    kv_heads: int = 2
    inner: int = 192
    vocabulary: int = 512
    positions: int = 512
    tied: bool = True
    head_size: int = 32
    value_scale: float = 0.1
    """Spread of the value projection; large ones leave the range of cached values."""


def write_tiny_model(folder: Path, shape: TinyShape | None = None, seed: int = 7) -> Path:
    """Write a Hugging Face directory; equal arguments give equal weights everywhere."""
    shape = shape or TinyShape()
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(seed))

    def normal(scale: float, *size: int) -> npt.NDArray[np.float32]:
        return (random.standard_normal(size) * scale).astype(np.float32)

    n, d, inner = shape.hidden, shape.head_size, shape.inner
    weights = {"model.embed_tokens.weight": normal(0.4, shape.vocabulary, n)}
    for layer in range(shape.layers):
        at = f"model.layers.{layer}."
        weights |= {
            at + "self_attn.q_proj.weight": normal(0.1, shape.heads * d, n),
            at + "self_attn.k_proj.weight": normal(0.1, shape.kv_heads * d, n),
            at + "self_attn.v_proj.weight": normal(shape.value_scale, shape.kv_heads * d, n),
            at + "self_attn.o_proj.weight": normal(0.1, n, shape.heads * d),
            at + "mlp.gate_proj.weight": normal(0.15, inner, n),
            at + "mlp.up_proj.weight": normal(0.15, inner, n),
            at + "mlp.down_proj.weight": normal(0.1, n, inner),
            at + "input_layernorm.weight": 1 + normal(0.3, n),
            at + "post_attention_layernorm.weight": 1 + normal(0.3, n),
        }
    weights["model.norm.weight"] = 1 + normal(0.3, n)
    if not shape.tied:
        weights["lm_head.weight"] = normal(0.3, shape.vocabulary, n)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": n,
        "intermediate_size": inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": d,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": shape.tied,
        "bos_token_id": 256,
        "eos_token_id": 257,
        "dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config))
    _write_tokenizer(folder, shape.vocabulary)
    return folder


def _write_tokenizer(folder: Path, vocabulary: int) -> None:
    """Write a byte-level tokenizer in which every id of the vocabulary has a text."""
    names = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<|im_start|>", "<|im_end|>"]
    fillers = [f"~{index}" for index in range(256 + len(specials), vocabulary)]
    ids = {name: index for index, name in enumerate([*names, *specials, *fillers])}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in specials])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": specials[0],
                "eos_token": specials[1],
                "chat_template": CHAT_TEMPLATE,
            }
        )
    )
