"""The OpenAI request and response shapes that the gateway speaks, and nothing it does not."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chain.modules.jobs.types import SamplerKind, SamplerSpec

MAX_BODY_BYTES = 1 << 20
"""Largest request body."""
MAX_MESSAGES = 256
MAX_STOP = 4
"""As OpenAI allows."""
MAX_TOP_K = 256
MAX_NAME = 256
"""Characters of a model's name, and of what a refusal repeats of a request."""
LOG2_E = math.log2(math.e)

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1, None),
    "top_p": (1, 1.0, None),
    "frequency_penalty": (0, 0.0, None),
    "presence_penalty": (0, 0.0, None),
    "logit_bias": ({}, None),
    "logprobs": (False, None),
    "top_logprobs": (0, None),
    "tools": ([], None),
    "tool_choice": ("none", "auto", None),
    "response_format": ({"type": "text"}, None),
    "modalities": (["text"], None),
    "store": (False, None),
    "service_tier": ("auto", "default", None),
    "parallel_tool_calls": (True, False, None),
}
"""Fields taken only at the value that changes nothing."""
IGNORED = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key"})
"""Fields about the caller; they do not change an answer."""
KNOWN = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "temperature",
        "top_k",
        "seed",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "value",
    }
)


class ApiError(Exception):
    """A refusal in OpenAI's error shape."""

    def __init__(self, status: int, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A validated chat completion request."""

    model: str
    messages: tuple[dict[str, Any], ...]
    is_stream: bool
    wants_usage: bool
    sampler: SamplerSpec
    seed: int | None
    max_tokens: int | None
    stop: tuple[str, ...]
    value: int | None
    """Declared value in uostr; None takes the gateway's own."""


def invalid(param: str, message: str) -> ApiError:
    """Return a 400 that names the field."""
    return ApiError(400, f"{param}: {message}", code="invalid_value", param=param)


def parse_chat_request(body: Any) -> ChatRequest:
    """Return the request. Raises: ApiError naming the field that is missing, malformed or not supported."""
    if not isinstance(body, dict):
        raise ApiError(400, "the body must be a JSON object", code="invalid_json")
    for name, value in body.items():
        if name in KNOWN or name in IGNORED:
            continue
        if name in NEUTRAL:
            if value not in NEUTRAL[name]:
                raise ApiError(
                    400,
                    f"{name} is not supported here: canonical execution offers temperature, top_k and seed",
                    code="unsupported_parameter",
                    param=name,
                )
            continue
        short = name[:MAX_NAME]
        raise ApiError(400, f"unknown field {short!r}; leave it out", code="unknown_parameter", param=short)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model", "a model name is needed; GET /v1/models lists them")
    if len(model) > MAX_NAME:
        raise invalid("model", f"names have at most {MAX_NAME} characters; GET /v1/models lists them")
    is_stream = body.get("stream") or False
    if not isinstance(is_stream, bool):
        raise invalid("stream", "must be true or false")
    options = body.get("stream_options") or {}
    if not isinstance(options, dict) or options.keys() - {"include_usage"}:
        raise invalid("stream_options", "only include_usage is known")
    return ChatRequest(
        model=model,
        messages=_messages(body.get("messages")),
        is_stream=is_stream,
        wants_usage=bool(options.get("include_usage", False)),
        sampler=_sampler(body),
        seed=_integer(body, "seed", -(1 << 63), (1 << 63) - 1),
        max_tokens=_max_tokens(body),
        stop=_stop(body.get("stop")),
        value=_integer(body, "value", 0, (1 << 63) - 1),
    )


def _messages(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list) or not value:
        raise invalid("messages", "a list with at least one message is needed")
    if len(value) > MAX_MESSAGES:
        raise invalid("messages", f"{len(value)} messages; at most {MAX_MESSAGES} are taken")
    messages = []
    for index, message in enumerate(value):
        if not isinstance(message, dict):
            raise invalid(f"messages[{index}]", "must be an object")
        role = message.get("role")
        if role == "developer":
            role = "system"
        if role not in ("system", "user", "assistant"):
            raise invalid(f"messages[{index}].role", "must be system, developer, user or assistant")
        messages.append({"role": role, "content": _content(message.get("content"), index)})
    return tuple(messages)


def _content(value: Any, index: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = []
        for part in value:
            if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
                raise invalid(f"messages[{index}].content", "only text parts are taken")
            parts.append(part["text"])
        return "".join(parts)
    raise invalid(f"messages[{index}].content", "must be text")


def _sampler(body: Mapping[str, Any]) -> SamplerSpec:
    temperature = body.get("temperature")
    if temperature is None:
        temperature = 0
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        raise invalid("temperature", "must be a number from 0 (greedy, the default) to 2")
    return sampler_spec(temperature, _integer(body, "top_k", 0, MAX_TOP_K) or 0)


def sampler_spec(temperature: float, top_k: int) -> SamplerSpec:
    """Return the integers that the chain takes for a temperature and a top-k. Raises: ApiError naming the field."""
    if not 0 <= temperature <= 2:
        raise invalid("temperature", "must be a number from 0 (greedy, the default) to 2")
    if temperature == 0:
        if top_k > 1:
            raise invalid("top_k", "has an effect only with a temperature above 0")
        return SamplerSpec()
    inverse = 4096 * LOG2_E / temperature
    if inverse >= (1 << 31) - 1:
        raise invalid("temperature", "is too close to 0; use 0 for greedy")
    return SamplerSpec(SamplerKind.TEMPERATURE, round(inverse), top_k)


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    newer = _integer(body, "max_completion_tokens", 1, 1 << 16)
    older = _integer(body, "max_tokens", 1, 1 << 16)
    if newer is not None and older is not None and newer != older:
        raise invalid("max_tokens", "differs from max_completion_tokens; send one of them")
    return newer if newer is not None else older


def _integer(body: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid(name, f"must be an integer from {low} to {high}")
    return value


def _stop(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    strings = [value] if isinstance(value, str) else value
    if not isinstance(strings, list) or len(strings) > MAX_STOP:
        raise invalid("stop", f"must be a string or at most {MAX_STOP} strings")
    if not all(isinstance(item, str) and 0 < len(item) <= 256 for item in strings):
        raise invalid("stop", "each string has 1 to 256 characters")
    return tuple(strings)


def chunk(job_id: int, model: str, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Return one `chat.completion.chunk`."""
    return {
        "id": f"chatcmpl-{job_id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}],
    }


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """Return the usage object."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def completion(job_id: int, model: str, text: str, finish: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a whole `chat.completion`."""
    return {
        "id": f"chatcmpl-{job_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": finish,
            }
        ],
        "usage": dict(counts),
        "ostraka": {"job_id": job_id, "state": "streamed"},
    }
