"""Sign-in, tenants, users, API keys, credentials and the audit log over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Body as FromBody
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StrictBool,
    StringConstraints,
)

from parley.kit.errors import NotAllowed
from parley.kit.web import ERRORS, WRITTEN_OUT, Body, Pages, Read, given, list_model, page_of
from parley.tenants.access import AccessHere, MayManage, MayPlatform, MayRead, SignedIn
from parley.tenants.businesses import Businesses
from parley.tenants.login import Login
from parley.tenants.principal import Role, Scope
from parley.tenants.store import ApiKey

router = APIRouter(responses=ERRORS)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
TenantFilter = Annotated[str | None, Query(description="Left out: your own tenant.")]
CredentialFields = dict[str, Annotated[str, StringConstraints(max_length=20_000)]]


async def _login(request: Request) -> Login:
    login: Login = request.state.login
    return login


async def _businesses(request: Request) -> Businesses:
    businesses: Businesses = request.state.businesses
    return businesses


LoginHere = Annotated[Login, Depends(_login)]
BusinessesHere = Annotated[Businesses, Depends(_businesses)]


class LoginIn(Body):
    email: Annotated[str, StringConstraints(max_length=320)]
    password: Annotated[str, StringConstraints(max_length=1000)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "anna@example.com", "password": "correct horse"}]}
    )


class RefreshIn(Body):
    refresh_token: Annotated[str, StringConstraints(max_length=200)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "rt_4rJ…"}]})


class TokensOut(Read):
    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


class MeOut(BaseModel):
    id: str
    kind: str
    tenant_id: str
    role: str
    scopes: list[str]


class TicketOut(BaseModel):
    ticket: str
    expires_in: int


class TenantIn(Body):
    name: Name
    industry: Annotated[str, StringConstraints(max_length=100)] = ""
    language: Language = "en"
    timezone: Annotated[str, StringConstraints(max_length=64)] = "UTC"
    settings: dict[str, Any] = Field(default_factory=dict)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Tony's Restaurant", "industry": "hospitality", "language": "en"}]}
    )


class TenantPatch(Body):
    name: Name | None = None
    industry: Annotated[str, StringConstraints(max_length=100)] | None = None
    language: Language | None = None
    timezone: Annotated[str, StringConstraints(max_length=64)] | None = None
    settings: dict[str, Any] | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Tony's Trattoria", "timezone": "Europe/Berlin"}]}
    )


class TenantOut(Read):
    id: str
    name: str
    industry: str
    language: str
    timezone: str
    settings: dict[str, Any]
    knowledge_revision: int
    created_at: datetime
    updated_at: datetime


class UserIn(Body):
    email: EmailStr
    password: Annotated[str, StringConstraints(max_length=1000)]
    role: Role = "operator"
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ben@example.com", "password": "correct horse", "role": "operator"}]}
    )


class UserPatch(Body):
    role: Role | None = None
    is_active: StrictBool | None = None
    password: Annotated[str, StringConstraints(max_length=1000)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "operator", "is_active": True}]})


class UserOut(Read):
    id: str
    tenant_id: str
    email: str
    role: str
    is_active: bool
    created_at: datetime


class ApiKeyIn(Body):
    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1)]
    expires_at: Annotated[AwareDatetime | None, WRITTEN_OUT] = None
    tenant_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Website", "scopes": ["chat"]}]})


class ApiKeyOut(Read):
    id: str
    tenant_id: str
    name: str
    prefix: str
    scopes: list[str]
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewApiKeyOut(ApiKeyOut):
    key: str = Field(description="Shown this once.")


class AuditOut(Read):
    id: str
    tenant_id: str
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    created_at: datetime


@router.post("/auth/login", response_model=TokensOut, tags=["auth"])
async def sign_in(body: LoginIn, login: LoginHere, request: Request) -> Any:
    return await login.sign_in(body.email, body.password, request.client.host if request.client else "")


@router.post("/auth/refresh", response_model=TokensOut, tags=["auth"])
async def refresh(body: RefreshIn, login: LoginHere) -> Any:
    return await login.refresh(body.refresh_token)


@router.post("/auth/logout", status_code=204, tags=["auth"])
async def sign_out(who: SignedIn, login: LoginHere) -> None:
    await login.sign_out(who)


@router.get("/auth/me", tags=["auth"])
async def me(who: SignedIn) -> MeOut:
    return MeOut(id=who.id, kind=who.kind, tenant_id=who.tenant_id, role=who.role, scopes=sorted(who.levels))


@router.post("/auth/ticket", tags=["auth"])
async def ticket(who: SignedIn, login: LoginHere) -> TicketOut:
    """A single-use ticket for `?ticket=` of a WebSocket, good for 60 s."""
    text, seconds = await login.new_ticket(who)
    return TicketOut(ticket=text, expires_in=seconds)


@router.get("/tenants", response_model=list_model("tenants", TenantOut), tags=["tenants"])
async def list_tenants(who: MayRead, businesses: BusinessesHere, paging: Pages) -> Any:
    if who.is_platform:
        page = page_of(await businesses.page(paging.limit, paging.cursor), paging.limit)
        return {"tenants": page.items, "next_cursor": page.next_cursor}
    return {"tenants": [await businesses.get(who.tenant_id)], "next_cursor": None}


@router.post("/tenants", response_model=TenantOut, status_code=201, tags=["tenants"])
async def create_tenant(body: TenantIn, who: MayPlatform, businesses: BusinessesHere) -> Any:
    return await businesses.create(who, body.model_dump())


@router.get("/tenants/{tenant_id}", response_model=TenantOut, tags=["tenants"])
async def get_tenant(tenant_id: str, who: MayRead, businesses: BusinessesHere, access: AccessHere) -> Any:
    return await businesses.get(access.reach(who, tenant_id))


@router.patch("/tenants/{tenant_id}", response_model=TenantOut, tags=["tenants"])
async def change_tenant(
    tenant_id: str, body: TenantPatch, who: MayManage, businesses: BusinessesHere, access: AccessHere
) -> Any:
    return await businesses.change(who, access.reach(who, tenant_id), given(body))


@router.delete("/tenants/{tenant_id}", status_code=204, tags=["tenants"])
async def delete_tenant(tenant_id: str, who: MayManage, businesses: BusinessesHere, access: AccessHere) -> None:
    reached = access.reach(who, tenant_id)
    if not who.is_platform:
        raise NotAllowed("Only a platform administrator deletes a tenant.")
    await businesses.delete(reached)


@router.put("/tenants/{tenant_id}/credentials/{vendor}", status_code=204, tags=["tenants"])
async def put_credential(
    tenant_id: str,
    vendor: str,
    body: Annotated[CredentialFields, FromBody(examples=[{"api_key": "sk-…"}])],
    who: MayManage,
    businesses: BusinessesHere,
    access: AccessHere,
) -> None:
    """A tenant's own vendor keys: encrypted at rest, never returned."""
    await businesses.put_credential(who, access.reach(who, tenant_id), vendor, body)


@router.delete("/tenants/{tenant_id}/credentials/{vendor}", status_code=204, tags=["tenants"])
async def delete_credential(
    tenant_id: str, vendor: str, who: MayManage, businesses: BusinessesHere, access: AccessHere
) -> None:
    await businesses.delete_credential(who, access.reach(who, tenant_id), vendor)


@router.get("/users", response_model=list_model("users", UserOut), tags=["users"])
async def list_users(
    who: MayManage, businesses: BusinessesHere, access: AccessHere, paging: Pages, tenant_id: TenantFilter = None
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"users": [], "next_cursor": None}
    page = page_of(await businesses.page_users(tenant, paging.limit, paging.cursor), paging.limit)
    return {"users": page.items, "next_cursor": page.next_cursor}


@router.post("/users", response_model=UserOut, status_code=201, tags=["users"])
async def create_user(body: UserIn, who: MayManage, businesses: BusinessesHere, access: AccessHere) -> Any:
    tenant = await access.tenant_for(who, body.tenant_id)
    return await businesses.add_user(who, tenant, body.email, body.password, body.role)


@router.patch("/users/{user_id}", response_model=UserOut, tags=["users"])
async def change_user(
    user_id: str, body: UserPatch, who: MayManage, businesses: BusinessesHere, access: AccessHere
) -> Any:
    tenant = await access.owner_of(who, "users", user_id)
    return await businesses.change_user(who, tenant, user_id, given(body))


@router.delete("/users/{user_id}", status_code=204, tags=["users"])
async def delete_user(user_id: str, who: MayManage, businesses: BusinessesHere, access: AccessHere) -> None:
    await businesses.delete_user(who, await access.owner_of(who, "users", user_id), user_id)


@router.get("/api-keys", response_model=list_model("api_keys", ApiKeyOut), tags=["users"])
async def list_api_keys(
    who: MayManage, businesses: BusinessesHere, access: AccessHere, paging: Pages, tenant_id: TenantFilter = None
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"api_keys": [], "next_cursor": None}
    page = page_of(await businesses.page_api_keys(tenant, paging.limit, paging.cursor), paging.limit)
    return {"api_keys": page.items, "next_cursor": page.next_cursor}


@router.post("/api-keys", status_code=201, tags=["users"])
async def create_api_key(
    body: ApiKeyIn, who: MayManage, businesses: BusinessesHere, access: AccessHere
) -> NewApiKeyOut:
    tenant = await access.tenant_for(who, body.tenant_id)
    shown, key = await businesses.add_api_key(who, tenant, body.name, list(body.scopes), body.expires_at)
    return NewApiKeyOut(**_fields(shown), key=key)


@router.delete("/api-keys/{key_id}", status_code=204, tags=["users"])
async def delete_api_key(key_id: str, who: MayManage, businesses: BusinessesHere, access: AccessHere) -> None:
    await businesses.delete_api_key(who, await access.owner_of(who, "api_keys", key_id), key_id)


@router.get("/audit", response_model=list_model("audit", AuditOut), tags=["users"])
async def list_audit(
    who: MayManage, businesses: BusinessesHere, access: AccessHere, paging: Pages, tenant_id: TenantFilter = None
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"audit": [], "next_cursor": None}
    page = page_of(await businesses.audit_page(tenant, paging.limit, paging.cursor), paging.limit)
    return {"audit": page.items, "next_cursor": page.next_cursor}


def _fields(key: ApiKey) -> dict[str, Any]:
    return ApiKeyOut.model_validate(key).model_dump()
