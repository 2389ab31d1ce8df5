"""The gateway's HTTP side before a real chain: whatever comes in is answered in OpenAI's shape, and it lives on."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from chain.modules.jobs import keeper as jobs
from inference.gateway import server
from inference.gateway.bearer import add_key
from inference.gateway.config import GatewayConfig
from inference.gateway.openai_api import MAX_BODY_BYTES
from inference.gateway.server import build_app
from inference.keys import write_secret
from tests.support.builders import CHAIN_ID
from tests.support.network import REQUESTER, Network, new_network
from tests.support.served_chain import Served
from tests.support.tiny_model import write_tiny_model

PATH = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("chain")) as made:
        yield made
        made.chain.check_invariants()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, network: Network) -> Iterator[GatewayConfig]:
    home = tmp_path_factory.mktemp("gateway")
    source = write_tiny_model(home / "source")
    canonical = home / "models" / network.root.hex()
    canonical.mkdir(parents=True)
    (source / "tokenizer.json").rename(canonical / "tokenizer.json")
    settings = json.loads((source / "tokenizer_config.json").read_text())
    (canonical / "chat_template.jinja").write_text(settings["chat_template"])
    write_secret(home / "account.key", REQUESTER.secret)
    served = Served(network.chain)
    try:
        yield GatewayConfig(home=home, node=served.grpc, chain_id=CHAIN_ID, models=home / "models")
    finally:
        served.close()


@pytest.fixture(scope="module")
def client(config: GatewayConfig) -> Iterator[TestClient]:
    key = add_key(config.home / "keys.json", "tests")
    with TestClient(build_app(config), headers={"authorization": f"Bearer {key}"}) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_changes(client: TestClient, network: Network) -> Iterator[None]:
    """Every request of this file is refused: no job is made, and the gateway still answers."""
    before = len(list(jobs.jobs_before(network.store, 1 << 63)))
    yield
    assert len(list(jobs.jobs_before(network.store, 1 << 63))) == before
    assert client.get("/v1/models").json()["data"][0]["id"] == "tiny"


def refusal(answer: Any) -> tuple[int, str, str]:
    """Status, code and sentence of an error; anything but OpenAI's error shape fails."""
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == ("invalid_request_error" if answer.status_code < 500 else "server_error")
    return answer.status_code, error["code"], error["message"]


def exchange(client: TestClient, events: list[dict[str, Any]]) -> int:
    """Hand the application what a server would, then nothing more; return the status of its answer."""
    headers = [(b"authorization", client.headers["authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": headers, "query_string": b""}
    sent: list[dict[str, Any]] = []
    waiting = iter(events)

    async def receive() -> dict[str, Any]:
        event = next(waiting, None)
        return event if event is not None else await asyncio.get_running_loop().create_future()

    async def send(event: Any) -> None:
        sent.append(event)

    assert client.portal is not None
    client.portal.call(client.app, scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe{}", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"model": ' + b"9" * 5_000 + b"}", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"null", "invalid_json"),
        (b"{}", "invalid_value"),
        (b'{"model": "tiny", "messages": [1]}', "invalid_value"),
        (b'{"' + b"x" * 100_000 + b'": 1}', "unknown_parameter"),
        (json.dumps({**ASK, "model": "m" * 257}).encode(), "invalid_value"),
        (json.dumps({**ASK, "temperature": float("nan")}).encode(), "invalid_value"),
        (json.dumps({**ASK, "temperature": float("inf")}).encode(), "invalid_value"),
        (json.dumps({**ASK, "temperature": 5e-324}).encode(), "invalid_value"),
        (json.dumps({**ASK, "top_p": [1]}).encode(), "unsupported_parameter"),
        (json.dumps({**ASK, "messages": [{"role": "user", "content": "\ud800"}]}).encode(), "invalid_json"),
        (json.dumps({**ASK, "model": "\ud800"}).encode(), "invalid_json"),
        (json.dumps({**ASK, "stop": "\ud800"}).encode(), "invalid_json"),
        (
            json.dumps({**ASK, "messages": [{"role": "user", "content": "hi" * 400}]}).encode(),
            "context_length_exceeded",
        ),
        (json.dumps({**ASK, "max_tokens": 65_536}).encode(), "context_length_exceeded"),
    ],
)
def test_a_body_that_is_no_request_is_a_400_with_a_short_sentence(client: TestClient, body: bytes, code: str) -> None:
    status, found, message = refusal(client.post(PATH, content=body))
    assert (status, found) == (400, code)
    assert 0 < len(message) < 500


def test_a_model_that_nobody_registered_is_a_404(client: TestClient) -> None:
    for name in ("gpt-9", "\x00", "a/../b"):
        assert refusal(client.post(PATH, json={**ASK, "model": name}))[:2] == (404, "unknown_model")


def test_a_value_that_cannot_be_covered_is_a_400_that_names_the_largest(client: TestClient) -> None:
    status, code, message = refusal(client.post(PATH, json={**ASK, "value": 10**12}))
    assert (status, code) == (400, "value_too_large")
    assert "the largest value that is accepted is " in message


def test_a_body_beyond_the_limit_is_a_413(client: TestClient) -> None:
    assert refusal(client.post(PATH, content=b" " * (MAX_BODY_BYTES + 1)))[:2] == (413, "body_too_large")


def test_a_body_that_does_not_arrive_is_a_408(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.01)
    assert exchange(client, [{"type": "http.request", "body": b"{", "more_body": True}]) == 408


def test_a_caller_that_leaves_before_the_body_is_whole_harms_nobody(client: TestClient) -> None:
    left: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert exchange(client, left) == server.CLIENT_GONE


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", PATH, 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/", 404, "not_found"),
        ("POST", "/v1/completions", 404, "not_found"),
        ("GET", "/v1/%2e%2e/keys.json", 404, "not_found"),
    ],
)
def test_a_wrong_method_or_path_says_what_is_served(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    found = refusal(client.request(method, path))
    assert found[:2] == (status, code)
    assert "POST /v1/chat/completions" in found[2]


@pytest.mark.parametrize("name", ["1", "chatcmpl-1", "99999999999999999999999", "-1", "\u0661", "x", "chatcmpl-"])
def test_a_job_that_is_not_ones_own_is_a_404(client: TestClient, name: str) -> None:
    assert refusal(client.get(f"/v1/jobs/{name}"))[:2] == (404, "unknown_job")


def test_a_job_is_told_of_to_keys_alone(client: TestClient) -> None:
    assert refusal(client.get("/v1/jobs/1", headers={"authorization": ""}))[:2] == (401, "invalid_api_key")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic dGVzdHM6", "Bearer " + "x" * 10_000])
def test_a_wrong_key_is_a_401_before_the_body_is_read(client: TestClient, header: str) -> None:
    answer = client.post(PATH, content=b"{", headers={"authorization": header})
    assert refusal(answer)[:2] == (401, "invalid_api_key")


def test_a_key_counts_as_soon_as_it_is_made_and_no_longer_than_it_is_there(
    client: TestClient, config: GatewayConfig
) -> None:
    path = config.home / "keys.json"
    before = path.read_text()
    headers = {"authorization": f"Bearer {add_key(path, 'late', 1)}"}
    assert client.get("/v1/models", headers=headers).status_code == 200
    assert refusal(client.post(PATH, json=ASK, headers=headers))[:2] == (429, "insufficient_quota")
    path.write_text("{")
    assert client.get("/v1/models", headers=headers).status_code == 200
    path.write_text(before)
    assert client.get("/v1/models", headers=headers).status_code == 401


def test_a_gateway_with_all_places_taken_is_a_429(config: GatewayConfig, client: TestClient) -> None:
    with TestClient(build_app(replace(config, max_concurrent=0)), headers=dict(client.headers)) as full:
        assert refusal(full.post(PATH, json=ASK))[:2] == (429, "rate_limit_exceeded")


def test_a_hundred_bad_requests_at_once_are_each_refused(client: TestClient) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.post(PATH, json={**ASK, "model": "gpt-9"}), range(100)))
    assert {refusal(answer)[:2] for answer in answers} == {(404, "unknown_model")}
