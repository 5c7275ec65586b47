"""The adapter through the real SDK against a small server that speaks the wire of `POST /embeddings`."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.ports import Embedder
from parley.providers._openai_clients import OpenAIClients
from parley.providers.openai_embeddings import _MAX_CHARACTERS, _MAX_TEXTS, OpenAIEmbeddings, _batches

Answer = tuple[int, dict[str, str], Any]  # status, headers, body: JSON value or raw text


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Server:
    """HTTP/1.1 with keep-alive; `answer` decides on each request's JSON body. None as an answer: never answers."""

    answer: Callable[[dict[str, Any]], Answer | None]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    base_url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request_line, *lines = head.decode().strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                self.requests.append(body)
                self.headers.append(headers)
                assert request_line == "POST /v1/embeddings HTTP/1.1"
                answer = self.answer(body)
                if answer is None:
                    await reader.read()  # until the client gives up
                    return
                writer.write(_encoded(*answer))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def _encoded(status: int, headers: dict[str, str], body: Any) -> bytes:
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = {"content-type": kind, "content-length": str(len(content)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content


@asynccontextmanager
async def embeddings(
    answer: Callable[[dict[str, Any]], Answer | None], **options: Any
) -> AsyncIterator[tuple[OpenAIEmbeddings, Server]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    embedder = OpenAIEmbeddings("openai", "text-embedding-3-small", base_url=server.base_url, **options)
    try:
        yield embedder, server
    finally:
        await embedder.aclose()
        listening.close()


def meaning(text: str, size: int) -> NDArray[np.float32]:
    """A vector that only this text has, of length 3."""
    vector = np.random.default_rng(list(text.encode())).normal(size=size).astype(np.float32)
    return vector / np.linalg.norm(vector) * np.float32(3)


def answered(
    request: dict[str, Any], *, size: int | None = None, floats: bool = False, backwards: bool = False
) -> Answer:
    data = []
    for index, text in enumerate(request["input"]):
        vector = meaning(text, size or request.get("dimensions", 1536))
        encoded = request.get("encoding_format") == "base64" and not floats
        value = base64.b64encode(vector.tobytes()).decode() if encoded else vector.tolist()
        data.append({"object": "embedding", "index": index, "embedding": value})
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    listed = data[::-1] if backwards else data
    return 200, {}, {"object": "list", "data": listed, "model": request["model"], "usage": usage}


def refusal(status: int, code: str | None = None, param: str | None = None, **headers: str) -> Answer:
    error = {"message": "That did not work.", "type": "invalid_request_error", "param": param, "code": code}
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, {"error": error}


@pytest.mark.parametrize("floats", [False, True], ids=["base64", "float"])
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "out of order"])
async def test_both_encodings_give_unit_vectors_in_order(floats: bool, backwards: bool) -> None:
    texts = ["a table for two", "Öffnungszeiten?", "東京 😀"]
    async with embeddings(lambda r: answered(r, floats=floats, backwards=backwards), api_key="sk-1") as (ours, server):
        vectors = await ours.embed(texts)
    expected = np.array([meaning(text, 384) / 3 for text in texts])
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, expected, atol=1e-6)
    (request,) = server.requests
    assert (request["model"], request["dimensions"], request["input"]) == ("text-embedding-3-small", 384, texts)
    assert server.headers[0]["authorization"] == "Bearer sk-1"


async def test_is_an_embedder() -> None:
    async with embeddings(answered, languages=frozenset({"de"})) as (ours, _):
        assert isinstance(ours, Embedder)
        assert (ours.name, ours.dimensions) == ("openai/text-embedding-3-small", 384)
        assert ours.languages == frozenset({"de"})


async def test_a_long_list_takes_several_requests() -> None:
    texts = [f"text {number}" for number in range(_MAX_TEXTS * 2 + 3)]
    async with embeddings(answered) as (ours, server):
        vectors = await ours.embed(texts)
    assert [len(request["input"]) for request in server.requests] == [_MAX_TEXTS, _MAX_TEXTS, 3]
    assert np.allclose(vectors, np.array([meaning(text, 384) / 3 for text in texts]), atol=1e-6)


async def test_no_texts_make_no_request_and_blank_ones_are_never_sent_empty() -> None:
    async with embeddings(answered) as (ours, server):
        assert (await ours.embed([])).shape == (0, 384)
        assert server.requests == []
        assert (await ours.embed(["", " \n", "\ud800"])).shape == (3, 384)
    assert server.requests[0]["input"] == [".", ".", "?"]


@pytest.mark.parametrize("refused", [refusal(400), refusal(400, param="dimensions"), refusal(422)])
async def test_a_model_of_one_size_is_asked_without_dimensions_from_then_on(refused: Answer) -> None:
    async with embeddings(lambda r: refused if "dimensions" in r else answered(r, size=384)) as (ours, server):
        await ours.embed(["one"])
        await ours.embed(["two"])
    assert [request.get("dimensions") for request in server.requests] == [384, None, None]


async def test_a_refusal_for_another_reason_keeps_asking_for_the_size() -> None:
    async with embeddings(lambda r: refusal(400) if "bad" in r["input"] else answered(r)) as (ours, server):
        with pytest.raises(ProviderRefused):
            await ours.embed(["bad"])
        assert (await ours.embed(["good"])).shape == (1, 384)
    assert server.requests[-1]["dimensions"] == 384


@pytest.mark.parametrize("size", [383, 768, 1536])
async def test_another_size_is_refused_and_not_cut(size: int) -> None:
    async with embeddings(lambda r: answered(r, size=size)) as (ours, _):
        with pytest.raises(ProviderRefused, match=rf"vectors of {size} dimensions where 384") as caught:
            await ours.embed(["hello"])
    assert (caught.value.code, caught.value.retryable) == ("provider.wrong_dimensions", False)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(401, "invalid_api_key"), ProviderKeyRejected, "provider.key_rejected"),
        (refusal(404, "model_not_found"), ProviderModelUnknown, "provider.model_unknown"),
        (refusal(400, param="input"), ProviderRefused, "provider.refused"),
        (refusal(500), ProviderUnavailable, "provider.unavailable"),
        (refusal(429, "insufficient_quota"), ProviderBusy, "provider.quota_exhausted"),
    ],
)
async def test_errors_are_translated_after_one_request(answer: Answer, error: type[ProviderError], code: str) -> None:
    async with embeddings(lambda _: answer) as (ours, server):
        with pytest.raises(error) as caught:
            await ours.embed(["hello"])
    assert (caught.value.code, caught.value.vendor, len(server.requests)) == (code, "openai", 1)


async def test_a_rate_limit_says_when_to_come_back() -> None:
    async with embeddings(lambda _: refusal(429, "rate_limit_exceeded", retry_after="7")) as (ours, _):
        with pytest.raises(ProviderBusy) as caught:
            await ours.embed(["hello"])
    assert (caught.value.retry_after, caught.value.retryable) == (7.0, True)


def _with_data(data: Any) -> Answer:
    return 200, {}, {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}


def _item(index: int, embedding: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": embedding}


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, "<html>a proxy's login page</html>"),
        (200, {}, {"unrelated": True}),
        _with_data([]),
        _with_data([_item(0, [1.0] * 384)]),
        _with_data([_item(0, [1.0] * 384), _item(0, [1.0] * 384)]),
        _with_data([_item(0, [1.0] * 384), _item(2, [1.0] * 384)]),
        _with_data([_item(0, [1.0] * 384), _item(1, [0.0] * 384)]),
        _with_data([_item(0, [1.0] * 384), _item(1, [float("nan")] * 384)]),
        _with_data([_item(0, [1.0] * 384), _item(1, None)]),
        _with_data([_item(0, [1.0] * 384), _item(1, "not base64!")]),
    ],
    ids=["html", "other json", "no data", "too few", "twice", "index", "zeros", "nan", "null", "broken base64"],
)
async def test_an_unusable_answer_is_an_error_and_never_a_wrong_vector(answer: Answer) -> None:
    async with embeddings(lambda _: answer) as (ours, _):
        with pytest.raises(ProviderError) as caught:
            await ours.embed(["one", "two"])
    assert caught.value.code == "provider.unreadable"


async def test_silence_ends_at_the_timeout() -> None:
    async with embeddings(lambda _: None, timeout_s=0.1) as (ours, _):
        with pytest.raises(ProviderStalled, match=r"within 0\.1 seconds"):
            await ours.embed(["hello"])


async def test_nobody_listening_is_unavailable() -> None:
    async with embeddings(answered) as (_, server):
        gone = server.base_url
    alone = OpenAIEmbeddings("openai", "m", base_url=gone)
    with pytest.raises(ProviderUnavailable):
        await alone.embed(["hello"])
    await alone.aclose()


async def test_shared_clients_stay_open() -> None:
    clients = OpenAIClients()
    async with embeddings(answered, clients=clients) as (ours, _):
        await ours.aclose()
        assert (await ours.embed(["still there"])).shape == (1, 384)
    await clients.aclose()


@given(st.lists(st.integers(0, 150), max_size=80))
def test_batches_keep_order_and_bounds(thousands: list[int]) -> None:
    texts = ["x" * (number * 1_000) for number in thousands]
    batches = list(_batches(texts))
    assert [text for batch in batches for text in batch] == [text or "." for text in texts]
    assert all(batch and len(batch) <= _MAX_TEXTS for batch in batches)
    assert all(len(batch) == 1 or sum(map(len, batch)) <= _MAX_CHARACTERS for batch in batches)
