"""Shared clients of the `anthropic` SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from parley.providers._sdk_clients import SdkClients

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

API_VERSION = "2026-10-21"
"""The version whose wire the adapter speaks; named in each request, so that a newer SDK cannot change it."""


class AnthropicClients(SdkClients["AsyncAnthropic"]):
    """See `SdkClients`. A base URL may end in "/v1"; the SDK wants it without and adds it itself."""

    @override
    def get(self, vendor: str, base_url: str, api_key: str) -> AsyncAnthropic:
        return super().get(vendor, base_url.rstrip("/").removesuffix("/v1"), api_key)

    @override
    def _open(self, base_url: str, key: str) -> AsyncAnthropic:
        # Imported here because it costs a part of a second, paid when a model is configured, not in a turn.
        import httpx2
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        # Silence is judged per event by the adapter: a read timeout per socket read would be reset by any ping.
        timeout = httpx2.Timeout(None, connect=self._connect_s)
        limits = httpx2.Limits(
            max_connections=self._max_connections, max_keepalive_connections=100, keepalive_expiry=60.0
        )
        return AsyncAnthropic(
            base_url=base_url,
            api_key=key,
            max_retries=0,
            timeout=timeout,
            default_headers={"anthropic-version": API_VERSION},
            open_telemetry=False,  # the product's own spans tell of the request
            http_client=DefaultAsyncHttpxClient(base_url=base_url, timeout=timeout, limits=limits),
        )
