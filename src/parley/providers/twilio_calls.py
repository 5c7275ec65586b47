"""Telephone calls over Twilio, through the official SDK. What is said on them comes by a media stream of ours.

A call is placed once: Twilio's calls have no idempotency key. The answered call asks at our address what to do, with
our record's id, so that a call whose placing was not answered is known again. Source: twilio.com/docs "Call resource",
"Error and warning dictionary"; twilio 9.13.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from typing_extensions import override

from parley.inference.carrier import (
    AgentSpec,
    Carrier,
    CarrierCall,
    CarrierTraits,
    PlaceCall,
    PlacingUnknown,
    PublishedAgent,
)
from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.twilio_call import read_call
from parley.kit import guard

if TYPE_CHECKING:
    from twilio.rest import Client  # type: ignore[import-untyped]

T = TypeVar("T")

BASE_URL: Final = "https://api.twilio.com"
TRAITS: Final = CarrierTraits("twilio", dials=True, publishes_agents=False)
_VENDOR: Final = "twilio"
_READ_SECONDS: Final = 10.0
_PLACE_SECONDS: Final = 20.0
_RING_SECONDS: Final = 60
_EVENTS: Final = ["initiated", "ringing", "answered", "completed"]
_MOST_SAID: Final = 200
_CALL_GONE: Final = (20404, 21220)  # not found; not in a state in which it could be changed


class Twilio(Carrier):
    """A `Carrier` over one Twilio account. `public_url`: where Twilio reaches us."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        public_url: str,
        base_url: str | None = None,
        *,
        place_seconds: float = _PLACE_SECONDS,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        self._account = (account_sid, auth_token)
        self._public_url = public_url.rstrip("/")
        self._base_url = (base_url or BASE_URL).rstrip("/")
        self._place_seconds = place_seconds
        self._read_seconds = read_seconds
        self._made: Client | None = None

    @property
    @override
    def traits(self) -> CarrierTraits:
        return TRAITS

    @override
    async def place(self, call: PlaceCall) -> str:
        if not call.from_number:
            raise ProviderRefused("No number to call from is set: TWILIO_FROM_NUMBER.", vendor=_VENDOR)
        named = f"?call_id={quote(call.call_id)}"
        placed = self._client().calls.create_async(
            to=call.to_number,
            from_=call.from_number,
            url=f"{self._public_url}/twilio/voice{named}",
            status_callback=f"{self._public_url}/twilio/status{named}",
            status_callback_event=_EVENTS,
            timeout=_RING_SECONDS,
        )
        try:
            made = await self._asked(placed, self._place_seconds)
        except (ProviderStalled, ProviderUnavailable) as error:
            if error.code == "carrier.not_reached":
                raise
            raise PlacingUnknown(error.detail, vendor=_VENDOR) from error
        if not made.sid:
            raise PlacingUnknown("Twilio answered without a call id.", vendor=_VENDOR)
        return str(made.sid)

    @override
    async def stop(self, carrier_call_id: str) -> None:
        try:
            await self._asked(self._client().calls(carrier_call_id).update_async(status="completed"))
        except ProviderError as error:
            if error.code != "carrier.call_gone":
                raise

    @override
    async def look(self, carrier_call_id: str) -> CarrierCall | None:
        try:
            found = await self._asked(self._client().calls(carrier_call_id).fetch_async())
        except ProviderError as error:
            if error.code == "carrier.call_gone":
                return None
            raise
        names = ("sid", "status", "direction", "to", "start_time", "end_time", "duration")
        return read_call({name: getattr(found, name) for name in names})

    @override
    async def find(self, call_id: str) -> CarrierCall | None:
        """Twilio keeps no id of ours: a call whose placing was not answered makes itself known when it is answered."""
        return None

    @override
    async def publish_agent(self, spec: AgentSpec, existing: PublishedAgent | None) -> PublishedAgent:
        raise ProviderRefused("Twilio has no agents of its own.", vendor=_VENDOR)

    @override
    async def drift(self, spec: AgentSpec, existing: PublishedAgent) -> Sequence[str]:
        return ()

    @override
    async def assign_number(self, number: str, agent: PublishedAgent, inbound_webhook_url: str) -> None:
        raise ProviderRefused("Twilio has no agents of its own.", vendor=_VENDOR)

    @override
    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.http_client.close()

    def _client(self) -> Client:
        guard.require_no_transaction("a call to Twilio")
        if self._made is None:
            from twilio.rest import Client  # a second to import

            from parley.providers._twilio_http import TwilioHttp

            self._made = Client(*self._account, http_client=TwilioHttp(BASE_URL, self._base_url))
        return self._made

    async def _asked(self, request: Awaitable[Any], seconds: float | None = None) -> Any:
        """The answer. Raises `ProviderError`."""
        import aiohttp
        from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

        try:
            async with asyncio.timeout(seconds or self._read_seconds):
                return await request
        except TimeoutError as error:
            raise ProviderStalled("Twilio did not answer in time.", vendor=_VENDOR) from error
        except aiohttp.ClientConnectorError as error:
            raise ProviderUnavailable(
                "Twilio cannot be reached.", vendor=_VENDOR, code="carrier.not_reached"
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: an answer that is no JSON
            raise ProviderUnavailable("The connection to Twilio broke.", vendor=_VENDOR) from error
        except TwilioException as error:
            raise _of(error) from error


def _of(error: Any) -> ProviderError:
    status, code = getattr(error, "status", 502), getattr(error, "code", None)
    message = str(getattr(error, "msg", "") or getattr(error, "detail", "") or "")
    said = f": {message.strip().rstrip('.')[:_MOST_SAID]}" if message.strip() else ""
    if status == 401 or (status == 403 and code == 20003):
        return ProviderKeyRejected("Twilio does not accept the account's credentials.", vendor=_VENDOR)
    if status == 429:
        return ProviderBusy(f"Twilio's limit is reached{said}.", vendor=_VENDOR)
    if status == 404 or code in _CALL_GONE:
        return ProviderRefused(f"Twilio does not know the call{said}.", vendor=_VENDOR, code="carrier.call_gone")
    if status >= 500 or status == 408:
        return ProviderUnavailable(f"Twilio failed ({status}).", vendor=_VENDOR)
    return ProviderRefused(f"Twilio refused{said}.", vendor=_VENDOR)
