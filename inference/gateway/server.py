"""The HTTP side: `/v1/models`, `/v1/chat/completions`, `/health`."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chain.client.client import ChainClient
from chain.client.failures import ClientError
from chain.client.signing import Key
from chain.errors import Code
from chain.modules.jobs.types import QueryParamsRequest, QueryParamsResponse
from chain.modules.models.types import Model, QueryModelsRequest, QueryModelsResponse
from inference.gateway.bearer import BearerKeys, Caller
from inference.gateway.chat import ChatError, ChatTokenizer, StopStrings, StreamDecoder
from inference.gateway.config import GatewayConfig
from inference.gateway.open_job import OpenJob, RequestError
from inference.gateway.openai_api import (
    MAX_BODY_BYTES,
    ApiError,
    ChatRequest,
    chunk,
    completion,
    parse_chat_request,
    usage,
)
from inference.gateway.outcome import Asked, outcome
from inference.gateway.requester import Requester
from inference.keys import read_secret

LOG = logging.getLogger("gateway")
STATUS_OF_CODE = {
    Code.UNKNOWN_MODEL: 404,
    Code.CONTEXT_TOO_LONG: 400,
    Code.VALUE_TOO_LARGE: 400,
    Code.ESCROW_TOO_SMALL: 400,
    Code.SAMPLER_INVALID: 400,
    Code.INVALID_REQUEST: 400,
    Code.MODEL_FROZEN: 409,
    Code.INSUFFICIENT_FUNDS: 503,
    Code.NO_LIVE_PLAN: 503,
    Code.CHECK_CAPACITY: 503,
    Code.INTERNAL: 502,
}
"""HTTP status of a chain's refusal; everything else is a 502."""
BODY_SECONDS = 30.0
"""How long a request's body may take to arrive."""
MAX_JOB_DIGITS = 20
"""Of a job's number."""
CLIENT_GONE = 499
"""Status, for the log alone, of a request whose caller left."""
SSE_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


@dataclass(slots=True)
class Gateway:
    """Everything the handlers share."""

    config: GatewayConfig
    client: ChainClient
    requester: Requester
    keys: BearerKeys
    tokenizers: dict[bytes, ChatTokenizer] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    """Of the jobs that the requester still follows."""
    active: int = 0

    def remember(self, job: OpenJob, asked: Asked) -> None:
        """Keep what turns a job's later answer into text, as long as the job is followed."""
        self.asked = {old: kept for old, kept in self.asked.items() if self.requester.following.find(old) is not None}
        self.asked[job.job_id] = asked
        if asked.stops:
            job.new_ending = asked.new_ending

    async def most_positions(self, model: Model) -> int:
        """Return how many positions a job may have: the model's, or the chain's if that takes fewer."""
        answer = await self.client.query("ostraka.jobs.v1.Query/Params", QueryParamsRequest(), QueryParamsResponse)
        return min(model.header.max_positions, answer.params.max_tokens)

    def tokenizer(self, model: Model) -> ChatTokenizer:
        """Return the tokenizer of a model. Raises: ApiError if its files are not here."""
        found = self.tokenizers.get(model.model_root)
        if found is None:
            directory = self.config.models / model.model_root.hex()
            if not (directory / "tokenizer.json").exists():
                raise ApiError(404, f"this gateway has no tokenizer for {model.name!r}", code="model_not_found")
            found = self.tokenizers[model.model_root] = ChatTokenizer(directory)
        return found


Handler = Callable[[Gateway, Request], Awaitable[Response]]


def build_app(config: GatewayConfig) -> Starlette:
    """Return the ASGI application; it connects to the node when it starts."""
    state: dict[str, Gateway] = {}

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        key = Key.secp256k1(read_secret(config.home / "account.key"))
        async with (
            ChainClient(config.node) as client,
            Requester(client, key, config.chain_id, gas_price=config.gas_price) as requester,
        ):
            state["gateway"] = Gateway(config, client, requester, BearerKeys.load(config.home / "keys.json"))
            yield

    def endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                return await handler(state["gateway"], request)
            except ApiError as error:
                return JSONResponse(error.body(), error.status)
            except RequestError as error:
                api = api_error(error)
                return JSONResponse(api.body(), api.status)
            except ClientError as error:
                LOG.warning("the node failed: %s", error)
                failure = ApiError(503, f"the chain does not answer: {error}", code="chain_unavailable")
                return JSONResponse(failure.body(), failure.status)
            except ClientDisconnect:
                return Response(status_code=CLIENT_GONE)
            except Exception:
                # The border of one request: whatever breaks costs that request alone and shows in the log.
                LOG.exception("%s %s failed", request.method, request.url.path)
                failure = ApiError(500, "the gateway failed; its log says why", code="internal_error")
                return JSONResponse(failure.body(), failure.status)

        return guarded

    return Starlette(
        routes=[
            Route("/health", endpoint(health)),
            Route("/v1/models", endpoint(models)),
            Route("/v1/chat/completions", endpoint(chat_completions), methods=["POST"]),
            Route("/v1/jobs/{name}", endpoint(job_outcome)),
        ],
        exception_handlers={HTTPException: _no_such_route},
        lifespan=lifespan,
    )


def _no_such_route(request: Request, error: Exception) -> Response:
    """Answer a wrong path or method in OpenAI's error shape."""
    assert isinstance(error, HTTPException)
    served = "GET /health, GET /v1/models, POST /v1/chat/completions and GET /v1/jobs/{id} are served"
    if error.status_code == 405:
        api = ApiError(405, f"{request.method[:16]} is not taken here; {served}", code="method_not_allowed")
    else:
        api = ApiError(error.status_code, f"there is nothing here; {served}", code="not_found")
    return JSONResponse(api.body(), api.status, headers=error.headers)


def api_error(error: RequestError) -> ApiError:
    """Return the HTTP form of the network's refusal."""
    return ApiError(STATUS_OF_CODE.get(error.code, 502), error.message, code=error.code.name.lower())


def authorised(gateway: Gateway, request: Request) -> Caller:
    """Return the caller. Raises: ApiError 401."""
    gateway.keys.refresh()
    caller = gateway.keys.caller(request.headers.get("authorization"))
    if caller is None:
        raise ApiError(401, "send `Authorization: Bearer <key>` with a key of this gateway", code="invalid_api_key")
    return caller


async def health(gateway: Gateway, _: Request) -> Response:
    """Tell whether the gateway follows the chain."""
    return JSONResponse(
        {"status": "ok" if gateway.requester.height else "starting", "height": gateway.requester.height}
    )


async def models(gateway: Gateway, request: Request) -> Response:
    """List the registered models."""
    authorised(gateway, request)
    answer = await gateway.client.query("ostraka.models.v1.Query/Models", QueryModelsRequest(), QueryModelsResponse)
    data = [
        {"id": model.name, "object": "model", "created": 0, "owned_by": "ostraka", "root": model.model_root.hex()}
        for model in answer.models
        if not model.is_frozen
    ]
    return JSONResponse({"object": "list", "data": data})


async def job_outcome(gateway: Gateway, request: Request) -> Response:
    """Tell what one of the caller's jobs has come to: its state and the answer that stands."""
    caller = authorised(gateway, request)
    number = request.path_params["name"].removeprefix("chatcmpl-")
    is_number = number.isascii() and number.isdigit() and len(number) <= MAX_JOB_DIGITS
    job = gateway.requester.following.find(int(number)) if is_number else None
    asked = gateway.asked.get(job.job_id) if job is not None else None
    if job is None or asked is None or asked.caller != caller.name:
        message = "no such job of yours is followed here; `ostraka job show` asks the chain"
        raise ApiError(404, message, code="unknown_job")
    await gateway.requester.following.look(job)
    record = job.record
    if record is None:
        raise ApiError(404, "the chain has closed and forgotten this job", code="unknown_job")
    return JSONResponse(await asyncio.to_thread(outcome, asked, job, record))


async def chat_completions(gateway: Gateway, request: Request) -> Response:
    """Answer one conversation, whole or as server-sent events; a caller that leaves cancels the job."""
    caller = authorised(gateway, request)
    chat = parse_chat_request(await _json_body(request))
    model = await gateway.requester.model(chat.model)
    tokenizer = gateway.tokenizer(model)
    try:
        prompt = await asyncio.to_thread(tokenizer.prompt, chat.messages)
    except ChatError as error:
        raise ApiError(400, str(error), code="invalid_messages", param="messages") from None
    limit = _limit(gateway, await gateway.most_positions(model), len(prompt), chat, caller)
    if gateway.active >= gateway.config.max_concurrent:
        raise ApiError(429, "the gateway is busy; try again in some seconds", code="rate_limit_exceeded")
    gateway.active += 1
    try:
        job = await gateway.requester.request(
            model,
            prompt,
            max_tokens=limit,
            sampler=chat.sampler,
            seed=None if chat.seed is None else (chat.seed % (1 << 64)).to_bytes(32, "little"),
            value=gateway.config.value if chat.value is None else chat.value,
        )
    except BaseException:
        gateway.active -= 1
        raise
    gateway.remember(job, Asked(caller.name, chat.model, tokenizer, tuple(chat.stop), frozenset(model.header.eos_ids)))
    answer = _Answer(
        gateway, caller, job, StreamDecoder(tokenizer), StopStrings(chat.stop), chat,
        frozenset(model.header.eos_ids), limit,
    )  # fmt: skip
    if chat.is_stream:
        return _Stream(answer)
    return await _whole_unless_gone(answer, request)


async def _whole_unless_gone(answer: "_Answer", request: Request) -> Response:
    """Return the answer in one piece, or stop working on it when its caller is gone."""
    work = asyncio.ensure_future(answer.whole())
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        return await work if work.done() else Response(status_code=CLIENT_GONE)
    finally:
        work.cancel()
        gone.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)
        await answer.close()


async def _gone(request: Request) -> None:
    """Return when the caller has closed the connection; the body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _json_body(request: Request) -> Any:
    """Return the body's JSON value. Raises: ApiError; ClientDisconnect."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise ApiError(413, f"the body exceeds {MAX_BODY_BYTES} bytes; send less", code="body_too_large")
    except TimeoutError:
        message = f"the body did not arrive within {BODY_SECONDS:.0f} s; send it again"
        raise ApiError(408, message, code="body_too_slow") from None
    try:
        value = json.loads(bytes(body))
        if b"\\ud" in body.lower():
            # Escapes can spell half a surrogate pair, which no other part takes for text.
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is not JSON; send one object in UTF-8", code="invalid_json") from None


def _limit(gateway: Gateway, most: int, prompt_tokens: int, chat: ChatRequest, caller: Caller) -> int:
    """Return the limit on output tokens. Raises: ApiError if prompt and limit do not fit the model or the quota."""
    room = most - prompt_tokens + 1
    asked = chat.max_tokens or min(gateway.config.default_max_tokens, max(room, 1))
    if prompt_tokens == 0 or asked > room:
        raise ApiError(
            400,
            f"{prompt_tokens} prompt tokens and up to {asked} more do not fit the context of "
            f"{most} positions; shorten the messages or lower max_tokens",
            code="context_length_exceeded",
            param="messages",
        )
    left = gateway.keys.remaining(caller)
    if left is not None and prompt_tokens + asked > left:
        raise ApiError(429, f"{caller.name} has {left} tokens left today", code="insufficient_quota")
    return asked


@dataclass(slots=True)
class _Answer:
    """One job's tokens on their way to one caller."""

    gateway: Gateway
    caller: Caller
    job: OpenJob
    decoder: StreamDecoder
    stops: StopStrings
    chat: ChatRequest
    eos_ids: frozenset[int]
    limit: int
    is_over: bool = False
    """The job came to its end, failed, or was told to stop."""

    async def texts(self) -> AsyncIterator[str]:
        """Yield pieces of text; stop strings end the answer and are never shown."""
        try:
            async for token in self.job.tokens():
                if token in self.eos_ids:
                    continue
                if piece := self.stops.push(self.decoder.push(token)):
                    yield piece
                if self.stops.is_found:
                    return
        except (RequestError, ClientError):
            self.is_over = True
            raise
        self.is_over = True
        if tail := self.stops.push(self.decoder.flush()) + self.stops.flush():
            yield tail

    async def close(self) -> None:
        """Give the place back, count the tokens, and cancel what is still being worked on."""
        self.gateway.active -= 1
        self.gateway.keys.use(self.caller, len(self.job.prompt) + len(self.job.ids))
        if not self.is_over:
            self.is_over = True
            try:
                await self.job.cancel(max(1, len(self.job.ids)), is_unwanted=not self.stops.is_found)
            except (ClientError, RequestError) as error:
                LOG.warning("job %d cannot be cancelled: %s", self.job.job_id, error)

    @property
    def finish_reason(self) -> str:
        """OpenAI's word for how the answer ended."""
        ids = self.job.ids
        is_cut = bool(ids) and ids[-1] not in self.eos_ids and len(ids) >= self.limit
        return "length" if is_cut and not self.stops.is_found else "stop"

    def counts(self) -> dict[str, int]:
        """Return the usage so far."""
        return usage(len(self.job.prompt), len(self.job.ids))

    async def whole(self) -> Response:
        """Return the answer in one piece."""
        text = "".join([piece async for piece in self.texts()])
        return JSONResponse(completion(self.job.job_id, self.chat.model, text, self.finish_reason, self.counts()))

    async def events(self) -> AsyncIterator[bytes]:
        """Yield server-sent events."""
        job_id, model = self.job.job_id, self.chat.model
        try:
            yield _event(chunk(job_id, model, {"role": "assistant", "content": ""}))
            async for piece in self.texts():
                yield _event(chunk(job_id, model, {"content": piece}))
            yield _event(chunk(job_id, model, {}, self.finish_reason))
            if self.chat.wants_usage:
                yield _event({**chunk(job_id, model, {}), "choices": [], "usage": self.counts()})
            yield b"data: [DONE]\n\n"
        except RequestError as error:
            LOG.warning("job %d: %s", job_id, error.message)
            yield _event(api_error(error).body())
        except ClientError as error:
            LOG.warning("job %d: the node failed: %s", job_id, error)
            yield _event(ApiError(503, f"the chain does not answer: {error}", code="chain_unavailable").body())


class _Stream(StreamingResponse):
    """An answer as server-sent events; however it ends, also before it begins, the answer is closed."""

    def __init__(self, answer: _Answer) -> None:
        super().__init__(answer.events(), media_type="text/event-stream", headers=SSE_HEADERS)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(self._answer.close())


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"
