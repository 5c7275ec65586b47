"""The small Protocols a vendor file implements. One file per vendor capability; wrappers implement them too."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from parley.inference.chat import ChatEvent, ChatRequest


@runtime_checkable
class ChatModel(Protocol):
    """Streams one reply. `name` is the catalog name, "vendor/model"."""

    @property
    def name(self) -> str: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Yield deltas and complete tool calls, then exactly one `Finished`. Raises `ProviderError`.

        Closing the iterator early (`aclose`) cancels the request at the vendor.
        """
        ...

    async def aclose(self) -> None:
        """Release connections. Idempotent."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors. `languages` are the ISO 639-1 codes in which its distances mean something."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def languages(self) -> frozenset[str]: ...

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length, shape (len(texts), dimensions), in order. Never blocks the event loop."""
        ...

    def expect(self, text: str) -> None:
        """This text may be embedded in a moment: a model in this process may begin now, on another processor.

        A vendor's does nothing: what the text may show of a person is not masked yet.
        """
        ...
