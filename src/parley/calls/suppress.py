"""Who must not be called: the do-not-call list, and hearing that somebody wants to be on it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls import store
from parley.calls.numbers import e164
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.ids import new_id
from parley.tenants import Principal, record_audit

HEARD: Final = "The person asked not to be called again."

# Never again, not: not now. "Don't call me back, I call you" and "don't call while I drive" are no opt-outs.
_OPT_OUTS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:do not|don'?t|never|not to)(?: you)?(?: ever| please)? (?:call|phone|ring|contact)"
        r"(?: me| us| this number| here)?(?: ever)? (?:again|any ?more|any longer)\b",
        r"\bnever (?:ever )?(?:call|phone|ring|contact) (?:me|us|here|this number)\b",
        r"\b(?:stop|quit) (?:calling|phoning|ringing|contacting)\b(?! (?:him|her|them)\b)",
        r"\b(?:take|get|remove|delete|strike) (?:me|us|my (?:phone )?number|this number)"
        r" (?:off|from|out of) (?:of )?(?:your|the|this|that)?\s*(?:\w+ ){0,2}(?:list|database|system|records)\b",
        r"\b(?:remove|delete) my (?:phone )?number\b",
        r"\bput (?:me|us|my number|this number) on (?:your|the) (?:do[- ]not[- ]call|no[- ]call|dnc)\b",
        r"\b(?:want|like|wish) to opt out\b|\bopt me out\b|\bi(?:'m| am)? opt(?:ing)? out\b",
        r"\brufen sie (?:mich|uns|hier|diese nummer|bitte|nie|\s)+(?:nicht|nie|niemals) (?:mehr|wieder) an\b",
        r"\bruf(?:t|en sie)? (?:mich |uns |hier |bitte )*(?:nicht mehr|nie(?:mals)? (?:mehr|wieder)|nicht (?:noch )?"
        r"(?:ein)?mal wieder) an\b",
        r"\b(?:nicht|nie|niemals) (?:mehr|wieder) (?:von ihnen )?(?:angerufen werden|anrufen|anzurufen|kontaktieren)\b",
        r"\bh(?:ö|oe)r(?:en sie|t)? (?:bitte )?(?:endlich )?auf,? (?:mich |hier |uns )?(?:ständig |immer )?anzurufen\b",
        r"\bkeine (?:weiteren )?(?:anrufe|werbeanrufe) mehr\b|\bwill keine (?:weiteren )?anrufe\b",
        r"\b(?:nehmen|streichen|l(?:ö|oe)schen|entfernen) sie (?:bitte )?(?:mich|uns|\w+ (?:telefon|handy)?nummer)"
        r"(?: bitte)? (?:aus|von) (?:ihre[rmn]?|der|dieser|den) ",
        r"\b(?:l(?:ö|oe)schen|entfernen) sie (?:bitte )?(?:meine|unsere|diese) (?:telefon|handy)?nummer\b",
    )
)


def wants_no_calls(text: str) -> bool:
    """Whether somebody says that they do not want to be called any more, in English or German."""
    plain = " ".join(text.replace("’", "'").split())
    return any(pattern.search(plain) for pattern in _OPT_OUTS)


def opted_out(lines: Iterable[str]) -> bool:
    """Whether one of a caller's lines says so."""
    return any(wants_no_calls(line) for line in lines)


class Suppressions:
    """The numbers that are not called. Adding one twice keeps the first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(
        self, who: Principal, tenant_id: str, phone_number: str, reason: str
    ) -> tuple[store.Suppression, bool]:
        """The entry, and whether it is new."""
        number = e164(phone_number)
        async with self._db.begin(tenant_id) as connection:
            made = await suppress(connection, tenant_id, number, "manual", reason)
            if made is not None:
                await record_audit(connection, who, tenant_id, "suppression.created", made.id)
                return made, True
            known = await store.suppressions.by(connection, tenant_id, phone_number=number)
        if known is None:
            raise NotFound("suppression")
        return known, False

    async def page(
        self, tenant_id: str, limit: int, cursor: str | None, **filters: str | None
    ) -> list[store.Suppression]:
        """The newest `limit` + 1 before `cursor`; filters that are None do not filter."""
        async with self._db.begin(tenant_id) as connection:
            return await store.suppressions.page(connection, tenant_id, limit, cursor, **filters)

    async def remove(self, who: Principal, tenant_id: str, suppression_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            if not await store.suppressions.remove(connection, tenant_id, suppression_id):
                raise NotFound("suppression")
            await record_audit(connection, who, tenant_id, "suppression.deleted", suppression_id)


async def suppress(
    connection: AsyncConnection, tenant_id: str, number: str, source: str, reason: str, call_id: str | None = None
) -> store.Suppression | None:
    """Put a number on the list, on the caller's transaction; None where it is on it."""
    row = {"id": new_id(), "tenant_id": tenant_id, "phone_number": number, "source": source, "reason": reason}
    return await store.suppressions.add(connection, {**row, "call_id": call_id})


async def is_suppressed(connection: AsyncConnection, tenant_id: str, number: str) -> bool:
    return await store.suppressions.by(connection, tenant_id, phone_number=number) is not None
