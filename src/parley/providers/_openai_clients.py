"""Shared clients of the `openai` SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import override

from parley.providers._sdk_clients import SdkClients

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class OpenAIClients(SdkClients["AsyncOpenAI"]):
    """See `SdkClients`."""

    @override
    def _open(self, base_url: str, key: str) -> AsyncOpenAI:
        # Imported here because it costs a third of a second, paid when a model is configured, not in a turn.
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        # Silence is judged per event by the adapter: a read timeout per socket read would be reset by any comment line.
        timeout = httpx2.Timeout(None, connect=self._connect_s)
        limits = httpx2.Limits(
            max_connections=self._max_connections, max_keepalive_connections=100, keepalive_expiry=60.0
        )
        client = AsyncOpenAI(
            base_url=base_url,
            api_key=key,
            max_retries=0,
            timeout=timeout,
            http_client=DefaultAsyncHttpxClient(base_url=base_url, timeout=timeout, limits=limits),
        )
        _ = client.chat.completions  # the SDK imports its resources on first touch; not during the first turn
        return client


def groq_address(base_url: str) -> str:
    """Groq's own SDK is configured with the host alone; such an address is taken too."""
    return base_url.rstrip("/") + "/openai/v1" if urlsplit(base_url).path in {"", "/"} else base_url
