"""Which carrier a call goes over: the agent's choice, a tenant's own account, ours, and in `parley dev` the simulated
line where there is no account."""

from __future__ import annotations

import time
from collections import OrderedDict

from parley.app.settings import Settings
from parley.calls import RETELL, SIMULATED, CallInitiationError, CarrierAccount
from parley.inference.carrier import Carrier
from parley.tenants import Businesses

_TRUST_SECONDS = 15.0
_KEPT = 500


class Carriers:
    """See `calls.CarrierChoice`. Accounts are kept: each has connections of its own."""

    def __init__(self, settings: Settings, businesses: Businesses, *, simulates: bool) -> None:
        self._settings = settings
        self._businesses = businesses
        self._simulates = simulates
        self._simulated: Carrier | None = None
        self._retell: OrderedDict[str, Carrier] = OrderedDict()
        self._own: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def simulate_with(self, line: Carrier) -> None:
        """The simulated line, which is made after what it talks to."""
        self._simulated = line

    async def default(self, tenant_id: str) -> str | None:
        """See `calls.CarrierChoice.default`."""
        if self._our_key or await self._own_key(tenant_id):
            return RETELL
        return SIMULATED if self._simulates else None

    async def account(self, tenant_id: str, carrier: str) -> CarrierAccount:
        """See `calls.CarrierChoice.account`."""
        if carrier == SIMULATED and self._simulated is not None:
            return CarrierAccount(self._simulated)
        if carrier != RETELL:
            raise CallInitiationError(f"No calls are placed over the carrier {carrier[:40]!r}.", code="call.no_carrier")
        own = await self._own_key(tenant_id)
        if own:
            tenant = await self._businesses.get(tenant_id)
            number = tenant.settings.get("retell_from_number")
            return CarrierAccount(self._account(own), number if isinstance(number, str) else None)
        if not self._our_key:
            raise CallInitiationError(
                "RETELL_API_KEY is not set and the tenant has no credentials for retell.", code="call.no_carrier"
            )
        return CarrierAccount(self._account(self._our_key), self._settings.retell_from_number)

    async def signing_keys(self, tenant_id: str | None) -> list[str]:
        """See `calls.CarrierChoice.signing_keys`."""
        key = self._our_key if tenant_id is None else await self._own_key(tenant_id)
        return [key] if key else []

    async def aclose(self) -> None:
        """Close every connection."""
        for account in self._retell.values():
            await account.aclose()
        if self._simulated is not None:
            await self._simulated.aclose()

    @property
    def _our_key(self) -> str:
        key = self._settings.retell_api_key
        return key.get_secret_value() if key is not None else ""

    def _account(self, key: str) -> Carrier:
        known = self._retell.get(key)
        if known is None:
            from parley.providers.retell import Retell

            known = self._retell[key] = Retell(key, self._settings.retell_base_url)
        return known

    async def _own_key(self, tenant_id: str) -> str:
        """The tenant's own key, looked up again every few seconds; empty where it has none."""
        now = time.monotonic()
        known = self._own.get(tenant_id)
        if known is not None and known[0] > now:
            return known[1]
        stored = await self._businesses.credentials(tenant_id)
        key = stored.get(RETELL, {}).get("api_key", "")
        self._own[tenant_id] = (now + _TRUST_SECONDS, key)
        self._own.move_to_end(tenant_id)
        if len(self._own) > _KEPT:
            self._own.popitem(last=False)
        return key
