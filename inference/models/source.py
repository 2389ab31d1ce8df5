"""Read a Llama-family model as real numbers: a Hugging Face directory or a GGUF file."""

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.models.format import TOKENIZER_FILE
from inference.models.quantize import Real, Unconvertible

_ARCHITECTURES = ("llama", "mistral")


@dataclass(frozen=True, slots=True)
class RealModel:
    """A model before conversion."""

    name: str
    config: Any
    """transformers' configuration."""
    weight: Callable[[str], Real]
    """Return a weight by its Hugging Face name, as float32."""
    tokenizer: bytes
    """tokenizer.json, or empty."""
    template: bytes
    """The chat template, or empty."""
    eos_ids: tuple[int, ...]


def read_model(source: Path) -> RealModel:
    """Read a model directory or GGUF file. Raises: Unconvertible, OSError."""
    import torch
    import transformers

    if not source.exists():
        raise Unconvertible(f"{source} does not exist")
    if source.is_file() and source.suffix != ".gguf":
        raise Unconvertible(f"{source} is neither a model directory nor a .gguf file")
    folder, options = (source, {}) if source.is_dir() else (source.parent, {"gguf_file": source.name})
    _quiet(transformers)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
    state: Mapping[str, torch.Tensor] = model.state_dict()
    _supported(model.config)
    tokenizer, template, eos = _tokenizer(transformers, folder, options)
    declared = model.generation_config.eos_token_id if model.generation_config else None
    ids = {eos, *(declared if isinstance(declared, list) else [declared])} - {None}

    def weight(name: str) -> Real:
        if name not in state:
            raise Unconvertible(f"{source} has no tensor {name}")
        return state[name].numpy()

    eos_ids = tuple(sorted(int(i) for i in ids if i is not None))
    name = source.stem if source.is_file() else source.name
    return RealModel(name, model.config, weight, tokenizer, template, eos_ids)


def _quiet(transformers: Any) -> None:
    """Keep the library's own bars out of ours."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def _tokenizer(transformers: Any, folder: Path, options: dict[str, str]) -> tuple[bytes, bytes, int | None]:
    """Return tokenizer.json, the chat template and the end id; empty where the source has no tokenizer."""
    if not options and not (folder / TOKENIZER_FILE).exists():
        return b"", b"", None
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
    with tempfile.TemporaryDirectory() as place:
        tokenizer.save_pretrained(place)
        data = (Path(place) / TOKENIZER_FILE).read_bytes()
    template = tokenizer.chat_template or ""
    return data, template.encode(), tokenizer.eos_token_id


def _supported(config: Any) -> None:
    """Refuse what the architecture `llama` does not compute. Raises: Unconvertible."""
    if config.model_type not in _ARCHITECTURES:
        raise Unconvertible(f"model type {config.model_type} is not one of {', '.join(_ARCHITECTURES)}")
    for name, allowed in (("hidden_act", "silu"), ("attention_bias", False), ("mlp_bias", False)):
        value = getattr(config, name, allowed)
        if value != allowed:
            raise Unconvertible(f"{name} = {value} is not supported (only {allowed})")
    if getattr(config, "sliding_window", None):
        raise Unconvertible("sliding-window attention is not supported")
    if config.hidden_size % 64:
        raise Unconvertible(f"hidden size {config.hidden_size} is not a multiple of 64")


def rotary_frequencies(config: Any, head_size: int) -> npt.NDArray[np.float64]:
    """Return radians per position of each pair. Raises: Unconvertible for an unknown scaling."""
    rope = dict(config.rope_parameters or {})
    theta, kind = float(rope["rope_theta"]), rope.get("rope_type", "default")
    plain = [theta ** (-2.0 * pair / head_size) for pair in range(head_size // 2)]
    if kind == "default":
        return np.array(plain)
    if kind == "linear":
        return np.array(plain) / float(rope["factor"])
    if kind != "llama3":
        raise Unconvertible(f"rotary scaling {kind} is not supported (default, linear, llama3)")
    factor, low, high = float(rope["factor"]), float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    trained = float(rope["original_max_position_embeddings"])
    scaled = []
    for frequency in plain:
        turns = trained * frequency / (2.0 * math.pi)
        keep = min(max((turns - low) / (high - low), 0.0), 1.0)
        scaled.append(keep * frequency + (1.0 - keep) * frequency / factor)
    return np.array(scaled)
