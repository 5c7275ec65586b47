from __future__ import annotations

import time

import pytest
from openai import AsyncOpenAI, NotFoundError

from tests.wire.openai_server import OpenAIServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_is_up_in_a_moment() -> None:
    begun = time.monotonic()
    with OpenAIServer() as server:
        assert server.base_url.endswith("/v1")
    assert time.monotonic() - begun < 0.5


async def test_embeddings_are_the_same_as_floats_and_as_base64() -> None:
    with OpenAIServer() as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client:
            packed = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], dimensions=16)
            plain = await client.embeddings.create(
                model="text-embedding-3-small", input=["a", "b"], dimensions=16, encoding_format="float"
            )
    assert [request.body.get("encoding_format") for request in server.requests] == ["base64", "float"]
    for one, other in zip(packed.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert sum(value * value for value in other.embedding) == pytest.approx(1.0)
    assert packed.data[0].embedding != packed.data[1].embedding


async def test_models_are_listed_and_an_unknown_path_is_not_found() -> None:
    with OpenAIServer(models=["gpt-5.4-mini"]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client:
            assert [model.id async for model in client.models.list()] == ["gpt-5.4-mini"]
            with pytest.raises(NotFoundError):
                await client.files.list()
