"""The stock `openai` package talks to the gateway."""

import asyncio

import httpx
import openai
import pytest

from chain.client.client import ChainClient
from chain.modules.jobs.types import (
    Job,
    JobStatus,
    QueryJobRequest,
    QueryJobResponse,
    QueryJobsRequest,
    QueryJobsResponse,
)
from localnet.layout import Localnet

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one short sentence."}]

LONG = [
    {"role": "user", "content": "Write a very long story about a lighthouse keeper, with every detail of his days."}
]


@pytest.fixture
def client(network: Localnet) -> openai.OpenAI:
    assert network.gateway is not None
    return openai.OpenAI(base_url=network.gateway.url, api_key=network.gateway.api_key, timeout=120, max_retries=0)


def test_models_are_listed(client: openai.OpenAI, network: Localnet) -> None:
    assert [model.id for model in client.models.list()] == [network.model]


def test_an_answer_streams_and_names_its_job(client: openai.OpenAI, network: Localnet) -> None:
    stream = client.chat.completions.create(
        model=network.model,
        messages=QUESTION,  # type: ignore[arg-type]
        max_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
    )
    text, ids, finish, tokens = "", set(), None, 0
    for event in stream:
        ids.add(event.id)
        if event.usage is not None:
            tokens = event.usage.completion_tokens
        for choice in event.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    assert "Paris" in text
    assert finish == "stop"
    assert 0 < tokens <= 24
    assert len(ids) == 1
    assert ids.pop().startswith("chatcmpl-")


def test_the_same_seed_gives_the_same_answer(client: openai.OpenAI, network: Localnet) -> None:
    answers = [
        client.chat.completions.create(
            model=network.model,
            messages=QUESTION,  # type: ignore[arg-type]
            max_tokens=8,
            temperature=0.9,
            seed=7,
        )
        .choices[0]
        .message.content
        for _ in range(2)
    ]
    assert answers[0] == answers[1]


def test_a_stop_string_ends_the_answer_and_is_not_shown(client: openai.OpenAI, network: Localnet) -> None:
    answer = client.chat.completions.create(
        model=network.model,
        messages=QUESTION,  # type: ignore[arg-type]
        max_tokens=24,
        stop=["Paris"],
    )
    assert "Paris" not in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_caller_that_leaves_cancels_the_job_and_the_gateway_goes_on(network: Localnet, is_stream: bool) -> None:
    gateway = network.gateway
    assert gateway is not None
    limit = 500
    body = {"model": network.model, "messages": LONG, "max_tokens": limit, "stream": is_stream}
    before = asyncio.run(newest_job(network))
    with httpx.Client(headers={"authorization": f"Bearer {gateway.api_key}"}, timeout=120) as http:
        if is_stream:
            with http.stream("POST", f"{gateway.url}/chat/completions", json=body) as answer:
                assert next(line for line in answer.iter_lines() if '"content": "' in line)
        else:
            with pytest.raises(httpx.ReadTimeout):
                http.post(f"{gateway.url}/chat/completions", json=body, timeout=httpx.Timeout(120, read=5))
        job = asyncio.run(ended_job(network, before + 1))
        assert 0 < job.output_tokens < limit
        assert http.get(gateway.url.removesuffix("/v1") + "/health").json()["status"] == "ok"


async def newest_job(network: Localnet) -> int:
    """The number of the job that was asked for last, or 0."""
    async with ChainClient(network.grpc) as chain:
        answer = await chain.query("ostraka.jobs.v1.Query/Jobs", QueryJobsRequest(0, 1), QueryJobsResponse)
        return answer.jobs[0].job_id if answer.jobs else 0


async def ended_job(network: Localnet, job_id: int) -> Job:
    """The job once its results are on the chain."""
    async with ChainClient(network.grpc) as chain:
        async with asyncio.timeout(120):
            async for _ in chain.follow(without_events=True):
                answer = await chain.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)
                if answer.job.status not in (JobStatus.WAITING, JobStatus.RUNNING):
                    return answer.job
    raise AssertionError("unreachable: blocks never end")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"top_p": 0.5}, "top_p"),
        ({"max_tokens": 60_000}, "context"),
        ({"extra_body": {"wibble": 1}}, "wibble"),
        ({"extra_body": {"value": 10**15}}, "largest"),
    ],
)
def test_what_cannot_be_done_is_a_400_that_says_what_to_do(
    client: openai.OpenAI, network: Localnet, options: dict[str, object], word: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=network.model, messages=QUESTION, **options)  # type: ignore[call-overload]
    assert word in str(caught.value)


def test_an_unknown_model_is_a_404(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="gpt-9"):
        client.chat.completions.create(model="gpt-9", messages=QUESTION)  # type: ignore[arg-type]


def test_a_wrong_key_is_a_401(network: Localnet) -> None:
    assert network.gateway is not None
    stranger = openai.OpenAI(base_url=network.gateway.url, api_key="sk-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()
