"""The SDK's asynchronous HTTP client, at another address than the SDK has built in."""

from __future__ import annotations

from typing import Any

from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]


class TwilioHttp(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Asks at `there` what the SDK asks at `here`: the SDK takes no base address. Made inside the event loop."""

    def __init__(self, here: str, there: str) -> None:
        super().__init__()
        self._here, self._there = here, there

    async def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        """See `AsyncTwilioHttpClient.request`."""
        return await super().request(method, url.replace(self._here, self._there, 1), *args, **more)
