"""From an HTTP request to a principal and the tenant it acts for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.requests import HTTPConnection

from parley.kit.db import Database
from parley.kit.errors import NotAllowed, NotAuthenticated, NotFound
from parley.kit.loopback import is_loopback
from parley.tenants import store
from parley.tenants.login import Login
from parley.tenants.principal import Level, Principal, levels_of
from parley.tenants.quota import Quota

_bearer = HTTPBearer(auto_error=False, description="An access token of POST /auth/login.")
_api_key = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key of POST /api-keys.")


class Access:
    """Judges requests. `open_mode`: one without credentials acts as the platform administrator.

    A web page elsewhere must not drive an open server through the visitor's browser, so in open mode `Host` and
    `Origin` must be loopback names (unless `any_host`), against DNS rebinding and cross-site requests.
    """

    def __init__(
        self, db: Database, login: Login, quota: Quota, *, open_mode: bool = False, any_host: bool = False
    ) -> None:
        self._db = db
        self._login = login
        self._quota = quota
        self._open = open_mode
        self._any_host = any_host
        self._first_tenant: str | None = None

    async def judge(self, connection: HTTPConnection) -> Principal:
        """The principal of an HTTP request or a socket's handshake, which counts as one request of its tenant's.

        Raises `NotAuthenticated`, `NotAllowed`, `TooMany`.
        """
        who = await self._principal(connection)
        self._quota.take(who.tenant_id)
        return who

    async def _principal(self, connection: HTTPConnection) -> Principal:
        authorization = connection.headers.get("authorization", "")
        kind, _, token = authorization.partition(" ")
        if kind.lower() == "bearer" and token:
            return await self._login.by_access_token(token.strip())
        if key := connection.headers.get("x-api-key"):
            return await self._login.by_api_key(key)
        if authorization:
            raise NotAuthenticated("Authorization must be 'Bearer <token>'.", code="auth.invalid")
        if not self._open:
            raise NotAuthenticated("Sign in (Authorization: Bearer …) or send X-API-Key.")
        self._check_origin(connection)
        return await self._administrator()

    def _check_origin(self, connection: HTTPConnection) -> None:
        if self._any_host:
            return
        if not is_loopback(connection.headers.get("host", "")):
            raise NotAllowed("This open server answers to loopback host names only.", code="auth.host")
        origin = connection.headers.get("origin")
        if origin is not None and not is_loopback(re.sub(r"^https?://", "", origin, flags=re.IGNORECASE)):
            raise NotAllowed("This open server takes no requests from other web pages.", code="auth.origin")

    async def _administrator(self) -> Principal:
        if self._first_tenant is None or not await self._exists(self._first_tenant):
            async with self._db.begin_platform("the open administrator's tenant") as connection:
                self._first_tenant = await store.find_first_tenant(connection)
        return Principal("open", "open", self._first_tenant or "", "admin", levels_of("admin"))

    async def _exists(self, tenant_id: str) -> bool:
        async with self._db.begin(tenant_id) as connection:
            return await store.get_tenant(connection, tenant_id) is not None

    async def tenant_for(self, who: Principal, named: str | None) -> str:
        """The tenant a request acts for: the one it names, else the caller's own.

        Naming another tenant is refused (403); for the platform administrator an unknown one is 404.
        """
        if named is None or named == who.tenant_id:
            if not who.tenant_id:
                raise NotFound("tenant")
            return who.tenant_id
        if not who.is_platform:
            raise NotAllowed("tenant_id names another tenant.", code="auth.other_tenant")
        if not await self._exists(named):
            raise NotFound("tenant")
        return named

    async def tenant_for_filter(self, who: Principal, named: str | None) -> str | None:
        """The tenant of a list's filter. One that is unknown to this caller gives None: an empty list."""
        if named is None or named == who.tenant_id:
            return who.tenant_id or None
        return named if who.is_platform and await self._exists(named) else None

    @staticmethod
    def reach(who: Principal, tenant_id: str) -> str:
        """A tenant named in a path: another's reads like one that does not exist."""
        if tenant_id != who.tenant_id and not who.is_platform:
            raise NotFound("tenant")
        return tenant_id

    async def owner_of(self, who: Principal, kind: str, wanted: str) -> str:
        """The tenant in which to look for `wanted`: the caller's own, or for the administrator whose it is."""
        if not who.is_platform:
            return who.tenant_id
        async with self._db.begin_platform("the administrator reaches any tenant's things") as connection:
            owner = await store.find_owner(connection, kind, wanted)
        if owner is None:
            raise NotFound(re.sub(r"ies$", "y", kind).removesuffix("s").replace("_", " "))
        return owner


def access_of(connection: HTTPConnection) -> Access:
    """The app's one `Access`."""
    access: Access = connection.state.access
    return access


def needs(level: Level) -> Callable[..., Awaitable[Principal]]:
    """A dependency: a caller who has `level`."""

    async def judged(
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
        __: Annotated[str | None, Security(_api_key)] = None,
    ) -> Principal:
        who = await access_of(request).judge(request)
        who.require(level)
        return who

    return judged


async def signed_in(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    __: Annotated[str | None, Security(_api_key)] = None,
) -> Principal:
    """A dependency: anyone with valid credentials."""
    return await access_of(request).judge(request)


async def _access(connection: HTTPConnection) -> Access:
    return access_of(connection)


AccessHere = Annotated[Access, Depends(_access)]
SignedIn = Annotated[Principal, Depends(signed_in)]
MayTrain = Annotated[Principal, Depends(needs("train"))]
MayChat = Annotated[Principal, Depends(needs("chat"))]
MayRead = Annotated[Principal, Depends(needs("read"))]
MayWrite = Annotated[Principal, Depends(needs("write"))]
MayManage = Annotated[Principal, Depends(needs("manage"))]
MayPlatform = Annotated[Principal, Depends(needs("platform"))]
