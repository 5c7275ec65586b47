"""Embeddings over any server that speaks OpenAI's `POST /embeddings`: OpenAI, vLLM, Ollama, llama.cpp and gateways.

The official SDK makes the request, asks for base64 and also reads floats from servers that ignore the wish. Retries are
off: an ingest job is retried by its queue, and a query has full text to fall back on. Source: OpenAI API reference,
"Create embeddings".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from parley.inference.errors import ProviderError, ProviderRefused, ProviderStalled
from parley.providers import _openai_errors as errors
from parley.providers._openai_clients import OpenAIClients

if TYPE_CHECKING:
    from openai.types import CreateEmbeddingResponse

# The vendor takes 2,048 texts and 300,000 tokens; less keeps the decoding of one answer, which happens on the event
# loop, to a few milliseconds.
_MAX_TEXTS = 64
_MAX_CHARACTERS = 100_000

_BLANK = "."  # what stands for a blank text: the vendor refuses empty input


class OpenAIEmbeddings:
    """An `Embedder`. With `clients` given, connections are shared and belong to whoever owns `clients`."""

    def __init__(
        self,
        vendor: str,
        model: str,
        *,
        base_url: str,
        api_key: str = "",
        dimensions: int = 384,
        languages: frozenset[str] = frozenset({"en", "de"}),
        timeout_s: float = 10.0,
        clients: OpenAIClients | None = None,
    ) -> None:
        """`timeout_s` bounds one request, connecting included; a long list of texts takes several requests.

        Raises `ProviderKeyRejected` for a key that no HTTP header can carry.
        """
        self.dimensions = dimensions
        self.languages = languages
        self._vendor = vendor
        self._model = model
        self._timeout_s = timeout_s
        self._clients = clients or OpenAIClients()
        self._owns_clients = clients is None
        self._client = self._clients.get(vendor, base_url, api_key)
        self._asks_dimensions = True

    @property
    def name(self) -> str:
        return f"{self._vendor}/{self._model}"

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimensions), in order. Raises `ProviderError`.

        A model that answers in another size raises `ProviderRefused` (provider.wrong_dimensions): a vector cut short
        by us would mean nothing unless the model was trained for it, and then the model takes `dimensions` itself.
        """
        parts = [await self._request(batch) for batch in _batches(texts)]
        return np.concatenate(parts) if parts else np.empty((0, self.dimensions), np.float32)

    def expect(self, text: str) -> None:
        """Nothing: see `Embedder.expect`."""

    async def aclose(self) -> None:
        """Close the connections, unless they are shared. Idempotent."""
        if self._owns_clients:
            await self._clients.aclose()

    async def _request(self, texts: list[str]) -> NDArray[np.float32]:
        from openai import APIError

        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._ask(texts)
            return self._vectors(answer, len(texts))
        except TimeoutError as error:
            detail = f"{self._vendor} sent no embeddings within {self._timeout_s:g} seconds."
            raise ProviderStalled(detail, vendor=self._vendor) from error
        except APIError as error:
            raise errors.from_sdk(error, self._vendor, self._model) from error
        except (ValueError, AttributeError, TypeError) as error:
            # What comes of a 200 without data, in another shape, or with broken base64.
            raise self._unreadable() from error

    async def _ask(self, texts: list[str]) -> CreateEmbeddingResponse:
        """Ask for our size; a model of one fixed size (ada-002, most local ones) may refuse the field with a 400."""
        from openai import BadRequestError, UnprocessableEntityError

        create = self._client.embeddings.create
        if self._asks_dimensions:
            try:
                return await create(model=self._model, input=texts, dimensions=self.dimensions)
            except (BadRequestError, UnprocessableEntityError) as error:
                # Servers disagree on `param` here, so the second try decides what the first one was refused for.
                if errors.refused_field(error) not in {None, "dimensions"}:
                    raise
        answer = await create(model=self._model, input=texts)
        self._asks_dimensions = False
        return answer

    def _vectors(self, answer: CreateEmbeddingResponse, count: int) -> NDArray[np.float32]:
        rows: dict[int, Any] = {item.index: item.embedding for item in answer.data}
        if len(answer.data) != count or set(rows) != set(range(count)):
            raise self._unreadable()
        sizes = {len(row) for row in rows.values()}
        if sizes != {self.dimensions}:
            detail = (
                f"{self.name} gives vectors of {', '.join(map(str, sorted(sizes)))} dimensions where {self.dimensions} "
                "are needed; choose a model of that size or one that takes `dimensions`."
            )
            raise ProviderRefused(detail, vendor=self._vendor, code="provider.wrong_dimensions")
        vectors = np.array([rows[index] for index in range(count)], np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise self._unreadable()
        unit: NDArray[np.float32] = vectors / lengths
        return unit

    def _unreadable(self) -> ProviderError:
        detail = f"{self._vendor} answered without one usable vector per text."
        return ProviderError(detail, vendor=self._vendor, code="provider.unreadable")


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in pieces within both bounds; one text over the bound goes alone, for the vendor to judge."""
    batch: list[str] = []
    characters = 0
    for text in map(_sendable, texts):
        if batch and (len(batch) == _MAX_TEXTS or characters + len(text) > _MAX_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


def _sendable(text: str) -> str:
    """JSON is UTF-8: half a surrogate pair, as a client may cut an emoji, has no place in it."""
    return text.encode("utf-8", "replace").decode("utf-8") if text.strip() else _BLANK
