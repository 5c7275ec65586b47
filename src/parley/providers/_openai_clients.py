"""One `AsyncOpenAI` per (base URL, key): its connection pool stays warm for every model and tenant behind that key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.inference.errors import ProviderKeyRejected

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# Servers without a key (Ollama, llama.cpp) ignore the header, the SDK insists on a value.
_NO_KEY = "no-key"


class OpenAIClients:
    """Hands out shared SDK clients and closes them together.

    A client belongs to the event loop it is first used on, so one `OpenAIClients` lives as long as one loop's lifespan.
    """

    def __init__(self, *, connect_s: float = 2.0, max_connections: int = 1000) -> None:
        self._connect_s = connect_s
        self._max_connections = max_connections
        self._clients: dict[tuple[str, str], AsyncOpenAI] = {}

    def get(self, vendor: str, base_url: str, api_key: str) -> AsyncOpenAI:
        """The client for this address and key. Raises `ProviderKeyRejected` for a key no HTTP header can carry."""
        key = api_key.strip() or _NO_KEY
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ProviderKeyRejected(f"The {vendor} API key contains characters a key never has.", vendor=vendor)
        client = self._clients.get((base_url, key))
        if client is None:
            client = self._clients[base_url, key] = self._open(base_url, key)
        return client

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

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
