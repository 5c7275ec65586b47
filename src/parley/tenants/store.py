"""Rows of tenants, users, keys, tokens, tickets and credentials. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, RowMapping, Table, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.tenants.tables import api_keys, credentials, refresh_tokens, tenants, tickets, users


@dataclass(frozen=True, slots=True)
class Tenant:
    """A business on the platform. `knowledge_revision` grows with every change of what its agents may know,
    `prompts_revision` with every change of its prompts under experiment."""

    id: str
    name: str
    industry: str
    language: str
    timezone: str
    settings: dict[str, Any]
    knowledge_revision: int
    is_demo: bool
    created_at: datetime
    updated_at: datetime
    prompts_revision: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in. The password hash leaves this room never."""

    id: str
    tenant_id: str
    email: str
    role: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it may be shown: the key itself is shown once, at creation."""

    id: str
    tenant_id: str
    name: str
    prefix: str
    scopes: list[str]
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


Record = TypeVar("Record", Tenant, User, ApiKey)


def _as(kind: type[Record], row: RowMapping) -> Record:
    return kind(**{field.name: row[field.name] for field in fields(kind)})


async def _page(
    connection: AsyncConnection, kind: type[Record], table: Table, tenant_id: str, limit: int, cursor: str | None
) -> list[Record]:
    query = select(table).where(table.c.tenant_id == tenant_id)
    if cursor:
        query = query.where(table.c.id < cursor)
    rows = await connection.execute(query.order_by(table.c.id.desc()).limit(limit + 1))
    return [_as(kind, row) for row in rows.mappings()]


async def _delete(connection: AsyncConnection, table: Table, *conditions: ColumnElement[bool]) -> bool:
    return (await connection.execute(delete(table).where(*conditions))).rowcount > 0


# Tenants


async def add_tenant(connection: AsyncConnection, values: Mapping[str, Any]) -> Tenant:
    row = (await connection.execute(insert(tenants).values(**values).returning(tenants))).mappings().one()
    return _as(Tenant, row)


_TENANT = f"SELECT {', '.join(field.name for field in fields(Tenant))} FROM tenants WHERE id = %s"  # noqa: S608


async def get_tenant(connection: AsyncConnection, tenant_id: str) -> Tenant | None:
    rows = await fetch(connection, _TENANT, (tenant_id,))
    return Tenant(*rows[0]) if rows else None


async def change_tenant(connection: AsyncConnection, tenant_id: str, values: Mapping[str, Any]) -> Tenant | None:
    query = update(tenants).where(tenants.c.id == tenant_id).values(**values, updated_at=func.now()).returning(tenants)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _as(Tenant, row)


async def remove_tenant(connection: AsyncConnection, tenant_id: str) -> bool:
    return await _delete(connection, tenants, tenants.c.id == tenant_id)


async def bump_knowledge_revision(connection: AsyncConnection, tenant_id: str) -> int:
    """Every change of a tenant's knowledge passes here; the row lock puts such changes in order."""
    query = update(tenants).where(tenants.c.id == tenant_id).values(knowledge_revision=tenants.c.knowledge_revision + 1)
    return int((await connection.execute(query.returning(tenants.c.knowledge_revision))).scalar_one())


async def bump_prompts_revision(connection: AsyncConnection, tenant_id: str) -> None:
    """Every change of a tenant's prompts passes here: processes that hold them in memory see the number change."""
    query = update(tenants).where(tenants.c.id == tenant_id).values(prompts_revision=tenants.c.prompts_revision + 1)
    await connection.execute(query)


# Look-ups without a tenant (platform role only)


async def find_tenants(connection: AsyncConnection, cursor: str | None, limit: int) -> list[str]:
    rows = await connection.execute(
        text("SELECT tenant_id FROM find_tenants(:after, :most)"), {"after": cursor, "most": limit}
    )
    return list(rows.scalars())


async def find_first_tenant(connection: AsyncConnection) -> str | None:
    return (await connection.execute(text("SELECT tenant_id FROM find_first_tenant()"))).scalar_one_or_none()


async def find_owner(connection: AsyncConnection, kind: str, wanted: str) -> str | None:
    query = text("SELECT tenant_id FROM find_owner(:kind, :wanted)")
    return (await connection.execute(query, {"kind": kind, "wanted": wanted})).scalar_one_or_none()


async def find_user(connection: AsyncConnection, email: str) -> Row[Any] | None:
    query = text("SELECT tenant_id, id FROM find_user_by_email(:email)")
    return (await connection.execute(query, {"email": email})).one_or_none()


async def find_by_token(connection: AsyncConnection, kind: str, token_hash: str) -> Row[Any] | None:
    query = text("SELECT tenant_id, id FROM find_by_token(:kind, :hash)")
    return (await connection.execute(query, {"kind": kind, "hash": token_hash})).one_or_none()


# Users


async def add_user(connection: AsyncConnection, values: Mapping[str, Any]) -> User:
    row = (await connection.execute(insert(users).values(**values).returning(users))).mappings().one()
    return _as(User, row)


async def get_user(connection: AsyncConnection, tenant_id: str, user_id: str) -> User | None:
    query = select(users).where(users.c.tenant_id == tenant_id, users.c.id == user_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _as(User, row)


async def get_password_hash(connection: AsyncConnection, tenant_id: str, user_id: str) -> str:
    query = select(users.c.hashed_password).where(users.c.tenant_id == tenant_id, users.c.id == user_id)
    return str((await connection.execute(query)).scalar_one())


async def page_users(connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None) -> list[User]:
    return await _page(connection, User, users, tenant_id, limit, cursor)


async def change_user(
    connection: AsyncConnection, tenant_id: str, user_id: str, values: Mapping[str, Any]
) -> User | None:
    query = update(users).where(users.c.tenant_id == tenant_id, users.c.id == user_id).values(**values).returning(users)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _as(User, row)


async def remove_user(connection: AsyncConnection, tenant_id: str, user_id: str) -> bool:
    return await _delete(connection, users, users.c.tenant_id == tenant_id, users.c.id == user_id)


# Sessions: families of refresh tokens


async def add_refresh_token(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(insert(refresh_tokens).values(**values))


async def lock_refresh_token(connection: AsyncConnection, tenant_id: str, token_id: str) -> RowMapping | None:
    """The row, held until the transaction ends, so that two uses of one token cannot both be the first."""
    query = select(refresh_tokens).where(refresh_tokens.c.tenant_id == tenant_id, refresh_tokens.c.id == token_id)
    return (await connection.execute(query.with_for_update())).mappings().one_or_none()


async def mark_token_used(connection: AsyncConnection, tenant_id: str, token_id: str) -> None:
    condition = (refresh_tokens.c.tenant_id == tenant_id, refresh_tokens.c.id == token_id)
    await connection.execute(update(refresh_tokens).where(*condition).values(used_at=func.now()))


async def revoke_sessions(
    connection: AsyncConnection, tenant_id: str, *, family: str | None = None, user_id: str | None = None
) -> None:
    """Revoke one family, or every family of a user."""
    query = update(refresh_tokens).where(refresh_tokens.c.tenant_id == tenant_id, refresh_tokens.c.revoked_at.is_(None))
    query = (
        query.where(refresh_tokens.c.family == family) if family else query.where(refresh_tokens.c.user_id == user_id)
    )
    await connection.execute(query.values(revoked_at=func.now()))


async def session_user(connection: AsyncConnection, tenant_id: str, user_id: str, family: str) -> User | None:
    """The active user of a session that is not revoked."""
    alive = (
        select(refresh_tokens.c.id)
        .where(
            refresh_tokens.c.tenant_id == tenant_id,
            refresh_tokens.c.family == family,
            refresh_tokens.c.revoked_at.is_(None),
        )
        .exists()
    )
    query = select(users).where(users.c.tenant_id == tenant_id, users.c.id == user_id, users.c.is_active, alive)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _as(User, row)


# API keys and tickets


async def add_api_key(connection: AsyncConnection, values: Mapping[str, Any]) -> ApiKey:
    row = (await connection.execute(insert(api_keys).values(**values).returning(api_keys))).mappings().one()
    return _as(ApiKey, row)


async def page_api_keys(connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None) -> list[ApiKey]:
    return await _page(connection, ApiKey, api_keys, tenant_id, limit, cursor)


async def use_api_key(connection: AsyncConnection, tenant_id: str, key_id: str) -> ApiKey | None:
    """The key, its last use noted; None where it has expired."""
    alive = (api_keys.c.expires_at.is_(None)) | (api_keys.c.expires_at > func.now())
    query = update(api_keys).where(api_keys.c.tenant_id == tenant_id, api_keys.c.id == key_id, alive)
    row = (await connection.execute(query.values(last_used_at=func.now()).returning(api_keys))).mappings().one_or_none()
    return None if row is None else _as(ApiKey, row)


async def remove_api_key(connection: AsyncConnection, tenant_id: str, key_id: str) -> bool:
    return await _delete(connection, api_keys, api_keys.c.tenant_id == tenant_id, api_keys.c.id == key_id)


async def add_ticket(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(insert(tickets).values(**values))
    await connection.execute(
        delete(tickets).where(tickets.c.tenant_id == values["tenant_id"], tickets.c.expires_at < func.now())
    )


async def take_ticket(connection: AsyncConnection, tenant_id: str, token_hash: str) -> dict[str, Any] | None:
    """Use a ticket up: the second taker gets None, as does one who comes late."""
    query = delete(tickets).where(tickets.c.tenant_id == tenant_id, tickets.c.token_hash == token_hash)
    row = (
        await connection.execute(query.returning(tickets.c.principal, tickets.c.expires_at > func.now()))
    ).one_or_none()
    return dict(row[0]) if row is not None and row[1] else None


# Credentials


async def put_credential(connection: AsyncConnection, tenant_id: str, vendor: str, sealed: bytes) -> None:
    await remove_credential(connection, tenant_id, vendor)
    await connection.execute(insert(credentials).values(tenant_id=tenant_id, vendor=vendor, sealed=sealed))


async def get_credentials(connection: AsyncConnection, tenant_id: str) -> list[tuple[str, bytes]]:
    query = select(credentials.c.vendor, credentials.c.sealed).where(credentials.c.tenant_id == tenant_id)
    return [(row.vendor, row.sealed) for row in await connection.execute(query)]


async def remove_credential(connection: AsyncConnection, tenant_id: str, vendor: str) -> bool:
    return await _delete(connection, credentials, credentials.c.tenant_id == tenant_id, credentials.c.vendor == vendor)
