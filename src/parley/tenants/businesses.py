"""Tenants themselves: making, changing and deleting a business, its people, keys and vendor credentials."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError

from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotAllowed, NotFound
from parley.kit.ids import new_id
from parley.kit.secrets import Keyring, digest, new_token
from parley.tenants import audit, passwords, store
from parley.tenants.login import Login
from parley.tenants.principal import Principal

CREDENTIAL_FIELDS: dict[str, frozenset[str]] = {
    "openai": frozenset({"api_key"}),
    "groq": frozenset({"api_key"}),
    "anthropic": frozenset({"api_key"}),
    "deepgram": frozenset({"api_key"}),
    "elevenlabs": frozenset({"api_key"}),
    "google": frozenset({"service_account_json"}),
    "aws": frozenset({"access_key_id", "secret_access_key", "region"}),
    "retell": frozenset({"api_key"}),
    "twilio": frozenset({"account_sid", "auth_token"}),
}

RETENTION_SETTINGS = frozenset({"retention_days", "record_retention_days", "recording_retention_days"})
LONGEST_RETENTION = 3650

_PLATFORM_ONLY = "Only a platform administrator may give or take the role 'admin'."


class Businesses:
    """The verbs on tenants and what belongs to them. `checks`: what rooms above want of a tenant's settings."""

    def __init__(
        self, db: Database, keyring: Keyring, login: Login, *checks: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._login = login
        self._checks = checks

    async def create(self, who: Principal, values: Mapping[str, Any], *, is_demo: bool = False) -> store.Tenant:
        """A new tenant. Raises `InvalidInput` for an unknown timezone or a wrong setting."""
        check_timezone(values.get("timezone"))
        self._check_settings(values.get("settings"))
        row = {"id": new_id(), "is_demo": is_demo, **values}
        async with self._db.begin(row["id"]) as connection:
            tenant = await store.add_tenant(connection, row)
            await audit.record(connection, who, tenant.id, "tenant.created", tenant.id)
        return tenant

    async def get(self, tenant_id: str) -> store.Tenant:
        """The tenant, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            tenant = await store.get_tenant(connection, tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        return tenant

    async def page(self, limit: int, cursor: str | None) -> list[store.Tenant]:
        """The newest `limit` + 1 tenants before `cursor`, for the platform administrator."""
        async with self._db.begin_platform("list of tenants") as connection:
            ids = await store.find_tenants(connection, cursor, limit + 1)
        return [await self.get(tenant_id) for tenant_id in ids]

    async def change(self, who: Principal, tenant_id: str, values: Mapping[str, Any]) -> store.Tenant:
        """Set the given fields."""
        check_timezone(values.get("timezone"))
        self._check_settings(values.get("settings"))
        async with self._db.begin(tenant_id) as connection:
            tenant = await store.change_tenant(connection, tenant_id, values)
            if tenant is None:
                raise NotFound("tenant")
            await audit.record(connection, who, tenant_id, "tenant.changed", tenant_id, fields=sorted(values))
        return tenant

    async def delete(self, tenant_id: str) -> None:
        """Remove the tenant and everything that is theirs."""
        async with self._db.begin(tenant_id) as connection:
            if not await store.remove_tenant(connection, tenant_id):
                raise NotFound("tenant")
        self._login.forget_sessions()

    async def add_user(self, who: Principal, tenant_id: str, email: str, password: str, role: str) -> store.User:
        """A person who may sign in. An e-mail belongs to one account on the whole platform."""
        if role == "admin" and not who.is_platform:
            raise NotAllowed(_PLATFORM_ONLY)
        row = {"id": new_id(), "tenant_id": tenant_id, "email": email.strip().lower(), "role": role}
        row["hashed_password"] = await passwords.hashed(password)
        try:
            async with self._db.begin(tenant_id) as connection:
                user = await store.add_user(connection, row)
                await audit.record(connection, who, tenant_id, "user.created", user.id, role=role)
        except IntegrityError as error:
            raise Conflict("email is already in use.", code="user.email_taken") from error
        return user

    async def page_users(self, tenant_id: str, limit: int, cursor: str | None) -> list[store.User]:
        async with self._db.begin(tenant_id) as connection:
            return await store.page_users(connection, tenant_id, limit, cursor)

    async def change_user(self, who: Principal, tenant_id: str, user_id: str, values: dict[str, Any]) -> store.User:
        """Change role, activity or password. A new password or a deactivation ends the user's sessions."""
        changed = sorted(values)
        if password := values.pop("password", None):
            values["hashed_password"] = await passwords.hashed(password)
        async with self._db.begin(tenant_id) as connection:
            before = await store.get_user(connection, tenant_id, user_id)
            if before is None:
                raise NotFound("user")
            if "admin" in (before.role, values.get("role")) and not who.is_platform:
                raise NotAllowed(_PLATFORM_ONLY)
            user = await store.change_user(connection, tenant_id, user_id, values) if values else before
            if "hashed_password" in values or values.get("is_active") is False:
                await store.revoke_sessions(connection, tenant_id, user_id=user_id)
            await audit.record(connection, who, tenant_id, "user.changed", user_id, fields=changed)
        self._login.forget_sessions()
        return user or before

    async def delete_user(self, who: Principal, tenant_id: str, user_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            user = await store.get_user(connection, tenant_id, user_id)
            if user is None:
                raise NotFound("user")
            if user.role == "admin" and not who.is_platform:
                raise NotAllowed(_PLATFORM_ONLY)
            await store.remove_user(connection, tenant_id, user_id)
            await audit.record(connection, who, tenant_id, "user.deleted", user_id)
        self._login.forget_sessions()

    async def add_api_key(
        self, who: Principal, tenant_id: str, name: str, scopes: list[str], expires_at: datetime | None
    ) -> tuple[store.ApiKey, str]:
        """A new key and its text, which is not stored and cannot be shown again."""
        if beyond := set(scopes) - who.levels:
            raise NotAllowed(f"scopes: you do not have {', '.join(sorted(beyond))} yourself.")
        key = new_token("pk_")
        row = {"id": new_id(), "tenant_id": tenant_id, "name": name, "prefix": key[:9], "key_hash": digest(key)}
        async with self._db.begin(tenant_id) as connection:
            shown = await store.add_api_key(
                connection, {**row, "scopes": sorted(set(scopes)), "created_by": who.id, "expires_at": expires_at}
            )
            await audit.record(connection, who, tenant_id, "api_key.created", shown.id, scopes=shown.scopes)
        return shown, key

    async def page_api_keys(self, tenant_id: str, limit: int, cursor: str | None) -> list[store.ApiKey]:
        async with self._db.begin(tenant_id) as connection:
            return await store.page_api_keys(connection, tenant_id, limit, cursor)

    async def delete_api_key(self, who: Principal, tenant_id: str, key_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            if not await store.remove_api_key(connection, tenant_id, key_id):
                raise NotFound("API key")
            await audit.record(connection, who, tenant_id, "api_key.deleted", key_id)
        self._login.forget_sessions()

    async def put_credential(self, who: Principal, tenant_id: str, vendor: str, values: dict[str, str]) -> None:
        """Store a tenant's own vendor keys, sealed. Raises `InvalidInput` naming what is missing."""
        expected = CREDENTIAL_FIELDS.get(vendor)
        if expected is None:
            raise InvalidInput(f"vendor must be one of {', '.join(sorted(CREDENTIAL_FIELDS))}.")
        if set(values) != expected or not all(values.values()):
            raise InvalidInput(f"credentials of {vendor} are exactly: {', '.join(sorted(expected))}, none empty.")
        sealed = self._keyring.seal(json.dumps(values))
        async with self._db.begin(tenant_id) as connection:
            if await store.get_tenant(connection, tenant_id) is None:
                raise NotFound("tenant")
            await store.put_credential(connection, tenant_id, vendor, sealed)
            await audit.record(connection, who, tenant_id, "credential.stored", vendor)

    async def delete_credential(self, who: Principal, tenant_id: str, vendor: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            if not await store.remove_credential(connection, tenant_id, vendor):
                raise NotFound("credential")
            await audit.record(connection, who, tenant_id, "credential.deleted", vendor)

    async def credentials(self, tenant_id: str) -> dict[str, dict[str, str]]:
        """The tenant's own vendor keys in clear, for adapters only."""
        async with self._db.begin(tenant_id) as connection:
            rows = await store.get_credentials(connection, tenant_id)
        return {vendor: json.loads(self._keyring.open(sealed)) for vendor, sealed in rows}

    def _check_settings(self, settings: Mapping[str, Any] | None) -> None:
        check_settings(settings)
        for check in self._checks:
            check(settings or {})

    async def audit_page(self, tenant_id: str, limit: int, cursor: str | None) -> list[audit.AuditEntry]:
        async with self._db.begin(tenant_id) as connection:
            return await audit.entries(connection, tenant_id, limit, cursor)


def check_timezone(name: str | None) -> None:
    """Raise `InvalidInput` unless `name` is None or an IANA timezone."""
    if name is not None and name not in available_timezones():
        raise InvalidInput("timezone must be an IANA name such as Europe/Berlin.")


def check_settings(settings: Mapping[str, Any] | None) -> None:
    """Raise `InvalidInput` for a setting whose meaning is fixed and whose value is wrong; others are free."""
    limit = (settings or {}).get("monthly_cost_limit")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= 1e9):
        raise InvalidInput("settings.monthly_cost_limit must be a number of US dollars, 0 or more.")
    for name in RETENTION_SETTINGS & (settings or {}).keys():
        days = (settings or {})[name]
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= LONGEST_RETENTION:
            raise InvalidInput(f"settings.{name} must be a whole number of days from 1 to {LONGEST_RETENTION:,}.")
