"""Signing in and out: short access tokens (JWT), rotating refresh tokens in families, tickets for sockets.

A refresh token works once. A second use means that somebody copied it, so its whole family is revoked (RFC 9700,
section 4.14.2). Access tokens name their family: a revoked family ends them too, at once in the process that revoked
it and within `_TRUST` in the others.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import jwt

from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotAuthenticated
from parley.kit.ids import new_id
from parley.kit.secrets import Keyring, digest, new_token
from parley.tenants import passwords, store
from parley.tenants.limits import AttemptLimit
from parley.tenants.principal import Principal, levels_of

_REFRESH_LIFE = timedelta(days=30)
_TICKET_LIFE = timedelta(seconds=60)
_TRUST = timedelta(seconds=5)
_REMEMBERED = 10_000
_WRONG = "The e-mail or the password is wrong."


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login gives; `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - the scheme's name


class Login:
    """Turns credentials into principals."""

    def __init__(self, db: Database, keyring: Keyring, clock: Clock, *, access_minutes: int = 30) -> None:
        self._db = db
        self._clock = clock
        self._key = keyring.derive("access-tokens")
        self._access_life = timedelta(minutes=access_minutes)
        self._by_email = AttemptLimit(clock, most=10, window=timedelta(minutes=5))
        self._by_address = AttemptLimit(clock, most=50, window=timedelta(minutes=5))
        self._seen: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    async def sign_in(self, email: str, password: str, address: str) -> TokenPair:
        """Answers alike, and takes as long, for an unknown e-mail and a wrong password."""
        email = email.strip().lower()
        self._by_email.check(email)
        self._by_address.check(address)
        async with self._db.begin_platform("login by e-mail") as connection:
            found = await store.find_user(connection, email)
        stored, user = None, None
        if found is not None:
            async with self._db.begin(found.tenant_id) as connection:
                stored = await store.get_password_hash(connection, found.tenant_id, found.id)
                user = await store.get_user(connection, found.tenant_id, found.id)
        right = await passwords.matches(password, stored)
        if not right or user is None or not user.is_active:
            self._by_email.count(email)
            self._by_address.count(address)
            raise NotAuthenticated(_WRONG, code="auth.wrong_credentials")
        self._by_email.forget(email)
        async with self._db.begin(user.tenant_id) as connection:
            return await self._issue(connection, user, family=new_id())

    async def refresh(self, token: str) -> TokenPair:
        """Trade a refresh token for a new pair. A token used before revokes its family."""
        async with self._db.begin_platform("refresh token") as connection:
            found = await store.find_by_token(connection, "refresh", digest(token))
        if found is None:
            raise NotAuthenticated("The refresh token is not valid.", code="auth.refresh_invalid")
        async with self._db.begin(found.tenant_id) as connection:
            row = await store.lock_refresh_token(connection, found.tenant_id, found.id)
            user = row and await store.get_user(connection, found.tenant_id, row["user_id"])
            reused = row is not None and row["used_at"] is not None
            if row is not None and reused:
                await store.revoke_sessions(connection, found.tenant_id, family=row["family"])
                self._seen.clear()
            alive = row is not None and row["revoked_at"] is None and row["expires_at"] > self._clock.now()
            if row is not None and user and user.is_active and alive and not reused:
                await store.mark_token_used(connection, found.tenant_id, found.id)
                return await self._issue(connection, user, family=row["family"])
        raise NotAuthenticated("The refresh token is not valid any more.", code="auth.refresh_invalid")

    async def sign_out(self, who: Principal) -> None:
        """Revoke the session of an access token. Nothing to do for keys."""
        if who.session:
            async with self._db.begin(who.tenant_id) as connection:
                await store.revoke_sessions(connection, who.tenant_id, family=who.session)
            self._seen.clear()

    def forget_sessions(self) -> None:
        """Look at the database again for every session and key (someone changed a user or a key)."""
        self._seen.clear()

    async def by_access_token(self, token: str) -> Principal:
        """The principal of a JWT of ours. Raises `NotAuthenticated`."""
        try:
            claims = jwt.decode(
                token, self._key, algorithms=["HS256"], options={"require": ["exp", "sub", "tid", "fam"]}
            )
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticated("The access token has expired; refresh it.", code="auth.expired") from error
        except jwt.InvalidTokenError as error:
            raise NotAuthenticated("The access token is not valid.", code="auth.invalid") from error
        return await self._remember(token, lambda: self._session_principal(claims))

    async def by_api_key(self, key: str) -> Principal:
        """The principal of an API key. Raises `NotAuthenticated`."""
        return await self._remember(key, lambda: self._key_principal(key))

    async def new_ticket(self, who: Principal) -> tuple[str, int]:
        """A single-use ticket for a WebSocket and its life in seconds."""
        ticket = new_token("tkt_")
        row = {
            "token_hash": digest(ticket),
            "tenant_id": who.tenant_id,
            "principal": {**asdict(who), "levels": sorted(who.levels)},
            "expires_at": self._clock.now() + _TICKET_LIFE,
        }
        async with self._db.begin(who.tenant_id) as connection:
            await store.add_ticket(connection, row)
        return ticket, int(_TICKET_LIFE.total_seconds())

    async def by_ticket(self, ticket: str) -> Principal:
        """Use a ticket up. Raises `NotAuthenticated`."""
        async with self._db.begin_platform("stream ticket") as connection:
            found = await store.find_by_token(connection, "ticket", digest(ticket))
        values = None
        if found is not None:
            async with self._db.begin(found.tenant_id) as connection:
                values = await store.take_ticket(connection, found.tenant_id, digest(ticket))
        if values is None:
            raise NotAuthenticated("The ticket is not valid (any more).", code="auth.ticket_invalid")
        return Principal(**{**values, "levels": frozenset(values["levels"])})

    async def _issue(self, connection: Any, user: store.User, *, family: str) -> TokenPair:
        now = self._clock.now()
        refresh = new_token("rt_")
        row = {"id": new_id(), "tenant_id": user.tenant_id, "user_id": user.id, "family": family}
        await store.add_refresh_token(
            connection, {**row, "token_hash": digest(refresh), "expires_at": now + _REFRESH_LIFE}
        )
        claims = {"sub": user.id, "tid": user.tenant_id, "fam": family, "iat": now, "exp": now + self._access_life}
        access = jwt.encode({**claims, "jti": new_id()}, self._key, algorithm="HS256")
        return TokenPair(access, refresh, int(self._access_life.total_seconds()))

    async def _session_principal(self, claims: dict[str, Any]) -> Principal:
        async with self._db.begin(claims["tid"]) as connection:
            user = await store.session_user(connection, claims["tid"], claims["sub"], claims["fam"])
        if user is None:
            raise NotAuthenticated("The session has ended; sign in again.", code="auth.session_ended")
        return Principal("user", user.id, user.tenant_id, user.role, levels_of(user.role), claims["fam"])  # type: ignore[arg-type]

    async def _key_principal(self, key: str) -> Principal:
        async with self._db.begin_platform("key look-up") as connection:
            found = await store.find_by_token(connection, "api_key", digest(key))
        row = None
        if found is not None:
            async with self._db.begin(found.tenant_id) as connection:
                row = await store.use_api_key(connection, found.tenant_id, found.id)
        if row is None:
            raise NotAuthenticated("The API key is not valid.", code="auth.key_invalid")
        return Principal("key", row.id, row.tenant_id, "operator", frozenset(row.scopes))

    async def _remember(self, token: str, find: Any) -> Principal:
        """Spare the database a look-up per request, for a few seconds per token."""
        name, now = digest(token), self._clock.now().timestamp()
        seen = self._seen.get(name)
        if seen is not None and seen[0] > now:
            return seen[1]
        principal: Principal = await find()
        self._seen[name] = (now + _TRUST.total_seconds(), principal)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return principal
