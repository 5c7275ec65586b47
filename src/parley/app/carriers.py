"""Which carrier a call goes over: the agent's choice, a tenant's own account, ours, and in `parley dev` the simulated
line where there is no account."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from parley.app.settings import Settings
from parley.calls import RETELL, SIMULATED, TWILIO, CallInitiationError, CarrierAccount
from parley.inference.carrier import Carrier
from parley.tenants import Businesses

_TRUST_SECONDS = 15.0
_KEPT = 500
_KEY: Final = {RETELL: "api_key", TWILIO: "auth_token"}


class Carriers:
    """See `calls.CarrierChoice`. Accounts are kept: each has connections of its own."""

    def __init__(self, settings: Settings, businesses: Businesses, *, simulates: bool) -> None:
        self._settings = settings
        self._businesses = businesses
        self._simulates = simulates
        self._simulated: Carrier | None = None
        self._accounts: OrderedDict[tuple[str, ...], Carrier] = OrderedDict()
        self._own: OrderedDict[str, tuple[float, Mapping[str, Mapping[str, str]]]] = OrderedDict()

    def simulate_with(self, line: Carrier) -> None:
        """The simulated line, which is made after what it talks to."""
        self._simulated = line

    async def default(self, tenant_id: str) -> str | None:
        """See `calls.CarrierChoice.default`."""
        own = await self._stored(tenant_id)
        for carrier in (RETELL, TWILIO):
            if self._ours(carrier) or carrier in own:
                return carrier
        return SIMULATED if self._simulates else None

    async def account(self, tenant_id: str, carrier: str) -> CarrierAccount:
        """See `calls.CarrierChoice.account`."""
        if carrier == SIMULATED and self._simulated is not None:
            return CarrierAccount(self._simulated)
        if carrier not in _KEY:
            raise CallInitiationError(f"No calls are placed over the carrier {carrier[:40]!r}.", code="call.no_carrier")
        own = (await self._stored(tenant_id)).get(carrier)
        if own:
            tenant = await self._businesses.get(tenant_id)
            number = tenant.settings.get(f"{carrier}_from_number")
            return CarrierAccount(self._carrier(carrier, own), number if isinstance(number, str) else None)
        ours = self._ours(carrier)
        if not ours:
            names = "RETELL_API_KEY is" if carrier == RETELL else "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are"
            raise CallInitiationError(
                f"{names} not set and the tenant has no credentials for {carrier}.", code="call.no_carrier"
            )
        settings = self._settings
        number = settings.retell_from_number if carrier == RETELL else settings.twilio_from_number
        return CarrierAccount(self._carrier(carrier, ours), number)

    async def signing_keys(self, tenant_id: str | None, carrier: str = RETELL) -> list[str]:
        """See `calls.CarrierChoice.signing_keys`."""
        if tenant_id is not None:
            key = (await self._stored(tenant_id)).get(carrier, {}).get(_KEY[carrier])
        elif carrier == TWILIO:
            key = _plain(self._settings.twilio_auth_token)  # webhooks need no account's id
        else:
            key = self._ours(carrier).get(_KEY[carrier])
        return [key] if key else []

    async def aclose(self) -> None:
        """Close every connection."""
        for account in self._accounts.values():
            await account.aclose()
        if self._simulated is not None:
            await self._simulated.aclose()

    def _ours(self, carrier: str) -> Mapping[str, str]:
        """This installation's own account; empty where there is none."""
        settings = self._settings
        if carrier == RETELL:
            key = _plain(settings.retell_api_key)
            return {"api_key": key} if key else {}
        sid, token = settings.twilio_account_sid, _plain(settings.twilio_auth_token)
        return {"account_sid": sid, "auth_token": token} if sid and token else {}

    def _carrier(self, carrier: str, account: Mapping[str, str]) -> Carrier:
        key = (carrier, *(account[name] for name in sorted(account)))
        known = self._accounts.get(key)
        if known is None:
            known = self._accounts[key] = self._made(carrier, account)
        return known

    def _made(self, carrier: str, account: Mapping[str, str]) -> Carrier:
        settings = self._settings
        if carrier == RETELL:
            from parley.providers.retell import Retell

            return Retell(account["api_key"], settings.retell_base_url)
        if settings.public_url is None:
            raise CallInitiationError(
                "PUBLIC_URL is not set: a carrier could not reach this installation.", code="call.no_public_url"
            )
        from parley.providers.twilio_calls import Twilio

        return Twilio(account["account_sid"], account["auth_token"], settings.public_url, settings.twilio_base_url)

    async def _stored(self, tenant_id: str) -> Mapping[str, Mapping[str, str]]:
        """The tenant's own credentials by vendor, looked up again every few seconds."""
        now = time.monotonic()
        known = self._own.get(tenant_id)
        if known is not None and known[0] > now:
            return known[1]
        stored = await self._businesses.credentials(tenant_id)
        own = {carrier: stored[carrier] for carrier in _KEY if stored.get(carrier, {}).get(_KEY[carrier])}
        self._own[tenant_id] = (now + _TRUST_SECONDS, own)
        self._own.move_to_end(tenant_id)
        if len(self._own) > _KEPT:
            self._own.popitem(last=False)
        return own


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
