"""The rows of streams: one per call that waits for a stream, is held on one, or is handed over to a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls.tables import call_streams

_S = call_streams.c


async def expect_stream(
    connection: AsyncConnection, tenant_id: str, call_id: str, token_hash: str, expires_at: datetime
) -> bool:
    """Let a stream come by this token, in place of one expected before; False while a living process holds the call."""
    values = {"token_hash": token_hash, "expires_at": expires_at, "holder": None, "transfer_to": None}
    query = upsert(call_streams).values(call_id=call_id, tenant_id=tenant_id, **values)
    free = or_(_S.holder.is_(None), ~func.holder_lives(_S.holder))
    query = query.on_conflict_do_update(index_elements=[_S.call_id], set_=values, where=free)
    return (await connection.execute(query.returning(_S.call_id))).one_or_none() is not None


async def take_stream(
    connection: AsyncConnection, tenant_id: str, token_hash: str, now: datetime, holder: int
) -> str | None:
    """Use a token up; the call that came by it, held by `holder` from now on."""
    taken = and_(_S.tenant_id == tenant_id, _S.token_hash == token_hash, _S.expires_at > now)
    query = update(call_streams).where(taken).values(token_hash=None, holder=holder).returning(_S.call_id)
    call_id: str | None = (await connection.execute(query)).scalar_one_or_none()
    return call_id


async def drop_stream(connection: AsyncConnection, tenant_id: str, call_id: str, holder: int) -> None:
    """`holder` holds the call no longer."""
    query = delete(call_streams).where(_S.tenant_id == tenant_id, _S.call_id == call_id)
    await connection.execute(query.where(or_(_S.holder.is_(None), _S.holder == holder)))


async def hand_over(connection: AsyncConnection, tenant_id: str, call_id: str, holder: int, number: str) -> bool:
    """`holder` lets go of the call, which is to go on at `number`; False where it held it no longer."""
    held = and_(_S.tenant_id == tenant_id, _S.call_id == call_id, _S.holder == holder)
    query = update(call_streams).where(held).values(token_hash=None, holder=None, transfer_to=number)
    return (await connection.execute(query)).rowcount > 0


async def transfer_of(connection: AsyncConnection, tenant_id: str, call_id: str) -> str | None:
    """The number at which the call is to go on, if it was handed over."""
    own = and_(_S.tenant_id == tenant_id, _S.call_id == call_id)
    number: str | None = (await connection.execute(select(_S.transfer_to).where(own))).scalar_one_or_none()
    return number


async def is_held(connection: AsyncConnection, tenant_id: str, call_id: str) -> bool:
    """Whether a living process holds the call."""
    held = and_(_S.tenant_id == tenant_id, _S.call_id == call_id, func.holder_lives(_S.holder))
    return (await connection.execute(select(_S.call_id).where(held))).one_or_none() is not None
