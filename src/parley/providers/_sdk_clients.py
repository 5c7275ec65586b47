"""One SDK client per (base URL, key): its connection pool stays warm for every model and tenant behind that key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from parley.inference.errors import ProviderKeyRejected

# Servers without a key (Ollama, llama.cpp) ignore the header, the SDKs insist on a value.
_NO_KEY = "no-key"


class _Closable(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)


class SdkClients(ABC, Generic[C]):
    """Hands out shared SDK clients and closes them together.

    A client belongs to the event loop it is first used on, so these live as long as one loop's lifespan.
    """

    def __init__(self, *, connect_s: float = 2.0, max_connections: int = 1000) -> None:
        self._connect_s = connect_s
        self._max_connections = max_connections
        self._clients: dict[tuple[str, str], C] = {}

    def get(self, vendor: str, base_url: str, api_key: str) -> C:
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

    @abstractmethod
    def _open(self, base_url: str, key: str) -> C:
        """A new client without retries of its own and without a read timeout: the adapters judge silence per event."""
