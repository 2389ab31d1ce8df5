"""What the gateway takes, and how it refuses the rest."""

from typing import Any

import pytest

from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.gateway.openai_api import ApiError, ChatRequest, parse_chat_request

MINIMAL: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_minimal_request_is_greedy_and_whole() -> None:
    assert parse_chat_request(MINIMAL) == ChatRequest(
        model="m",
        messages=({"role": "user", "content": "Hi"},),
        is_stream=False,
        wants_usage=False,
        sampler=SamplerSpec(),
        seed=None,
        max_tokens=None,
        stop=(),
        value=None,
    )


def test_temperature_one_becomes_the_documented_integer() -> None:
    request = parse_chat_request({**MINIMAL, "temperature": 1, "top_k": 40})
    assert request.sampler == SamplerSpec(SamplerKind.TEMPERATURE, 5909, 40)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("top_p", 0.9, "unsupported_parameter"),
        ("frequency_penalty", 0.5, "unsupported_parameter"),
        ("logprobs", True, "unsupported_parameter"),
        ("n", 2, "unsupported_parameter"),
        ("tools", [{"type": "function"}], "unsupported_parameter"),
        ("wibble", 1, "unknown_parameter"),
        ("model", "", "invalid_value"),
        ("messages", [], "invalid_value"),
        ("messages", [{"role": "user", "content": "x"}] * 257, "invalid_value"),
        ("messages", [{"role": "robot", "content": "x"}], "invalid_value"),
        ("messages", [{"role": "user", "content": [{"type": "image_url"}]}], "invalid_value"),
        ("messages", "hello", "invalid_value"),
        ("temperature", 3, "invalid_value"),
        ("temperature", "hot", "invalid_value"),
        ("temperature", 1e-9, "invalid_value"),
        ("top_k", 5, "invalid_value"),
        ("top_k", 257, "invalid_value"),
        ("seed", 1.5, "invalid_value"),
        ("seed", True, "invalid_value"),
        ("max_tokens", 0, "invalid_value"),
        ("stop", ["a"] * 5, "invalid_value"),
        ("stop", [""], "invalid_value"),
        ("stream", "yes", "invalid_value"),
        ("stream_options", {"include_obfuscation": True}, "invalid_value"),
        ("value", -1, "invalid_value"),
    ],
)
def test_a_field_that_cannot_be_honoured_is_a_400_that_names_it(field: str, value: Any, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_chat_request({**MINIMAL, field: value})
    assert (caught.value.status, caught.value.code) == (400, code)
    assert field in caught.value.message


def test_neutral_values_of_unsupported_fields_are_taken() -> None:
    body = {**MINIMAL, "top_p": 1, "n": 1, "presence_penalty": 0, "tools": [], "user": "somebody", "logprobs": False}
    assert parse_chat_request(body) == parse_chat_request(MINIMAL)


def test_contradicting_limits_are_refused() -> None:
    with pytest.raises(ApiError, match="max_completion_tokens"):
        parse_chat_request({**MINIMAL, "max_tokens": 5, "max_completion_tokens": 6})


def test_text_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    request = parse_chat_request({**MINIMAL, "messages": [{"role": "developer", "content": parts}]})
    assert request.messages == ({"role": "system", "content": "ab"},)
