"""One person's data over all rooms: handed out whole, or erased with a receipt. Each room knows its own tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from parley import calls, conversations, frontdesk, outbox, training
from parley.conversations import Involved, Unwritten, phone_unit
from parley.experiments import Arms, UnitKind
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.ids import new_id
from parley.kit.web import ERRORS, Body
from parley.privacy import Subject, SubjectKind, VaultFind, Vaults, subject_of
from parley.recordings import Recordings
from parley.tenants import AccessHere, MayManage, Principal, get_tenant, record_audit, region_of

_PATIENCE = 10.0
_POLL = 0.05

router = APIRouter(prefix="/privacy", tags=["privacy"], responses=ERRORS)


@dataclass(frozen=True, slots=True)
class _Known:
    """A person, and where the conversations and the vaults know them."""

    subject: Subject
    involved: Involved
    sealed: list[VaultFind]


class Persons:
    """The verbs on one person's data."""

    def __init__(
        self,
        db: Database,
        vaults: Vaults,
        unwritten: Unwritten,
        arms: Arms,
        recordings: Recordings,
        clock: Clock,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        self._db = db
        self._arms = arms
        self._recordings = recordings
        self._patience = patience
        self._vaults = vaults
        self._unwritten = unwritten
        self._clock = clock

    async def export(self, who: Principal, tenant_id: str, kind: SubjectKind, value: str) -> dict[str, Any]:
        """Everything there is about the person, real values in it."""
        async with self._db.begin(tenant_id) as connection:
            known = await self._find(connection, tenant_id, kind, value)
            involved = known.involved
            maskings = {
                one: await self._vaults.open(connection, tenant_id, one, "masked")
                for one in (*involved.own, *involved.mentioned)
            }
            talks = await conversations.export_person(connection, tenant_id, known.subject, involved, maskings)
            records = await frontdesk.export_person(connection, tenant_id, known.subject, involved.own)
            records |= await calls.export_person(connection, tenant_id, known.subject, involved.own)
            records["sessions"] = await training.export_person(connection, tenant_id, known.subject, involved.own)
            records |= await self._recordings.export_person(connection, tenant_id, involved.own)
            fingerprint = self._vaults.fingerprint(tenant_id, known.subject)
            detail = {"kind": kind, "subject": fingerprint}
            await record_audit(connection, who, tenant_id, "person.exported", **detail)
        return {"at": self._clock.now(), "subject": {kind: known.subject.value}, **talks, **records}

    async def erase(self, who: Principal, tenant_id: str, kind: SubjectKind, value: str) -> dict[str, Any]:
        """Delete or empty all of it in one transaction. Erasing again finds nothing and changes nothing.

        Turns of theirs that are under way are waited for, so that what they learn goes too; one that takes longer than
        `patience` seconds finds its conversation gone and writes nothing more.
        """
        async with self._still(tenant_id, kind, value) as (connection, known):
            involved = known.involved
            elsewhere = [one for one in known.sealed if one.conversation_id not in involved.own]
            entries = await self._vaults.count(connection, tenant_id, involved.own)
            entries += await self._vaults.forget(connection, tenant_id, elsewhere)
            heard = involved.own | involved.mentioned
            counts = {
                **await self._recordings.erase_person(connection, tenant_id, heard),
                **await frontdesk.erase_person(connection, tenant_id, known.subject, involved.own),
                **await calls.erase_person(connection, tenant_id, known.subject, involved.own),
                **await conversations.erase_person(connection, tenant_id, known.subject, involved),
                "vault_entries": entries,
                "webhook_deliveries": await outbox.erase_person(
                    connection, tenant_id, known.subject.value, involved.own
                ),
                "experiment_assignments": await self._forget_arm(connection, tenant_id, known.subject),
            }
            receipt_id = new_id()
            detail = {"kind": kind, "subject": self._vaults.fingerprint(tenant_id, known.subject), "counts": counts}
            await record_audit(connection, who, tenant_id, "person.erased", receipt_id, **detail)
        self._unwritten.forget(involved.own)
        return {"id": receipt_id, "counts": counts, "at": self._clock.now()}

    async def _forget_arm(self, connection: AsyncConnection, tenant_id: str, subject: Subject) -> int:
        """Which prompt under experiment answers the person is kept under a digest of who they are."""
        unit: tuple[UnitKind, str] | None = ("user", subject.value)
        if subject.kind == "phone":
            unit = phone_unit(subject.value)
        return await self._arms.forget_units(connection, tenant_id, [unit] if unit is not None else [])

    @asynccontextmanager
    async def _still(
        self, tenant_id: str, kind: SubjectKind, value: str
    ) -> AsyncIterator[tuple[AsyncConnection, _Known]]:
        """A transaction in which all that is known of the person is locked, none of it in the middle of a turn."""
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            async with self._db.begin(tenant_id) as connection:
                known, busy = await self._lock(connection, tenant_id, kind, value)
                if not busy or asyncio.get_running_loop().time() >= deadline:
                    yield connection, known
                    return
            await asyncio.sleep(_POLL)

    async def _lock(
        self, connection: AsyncConnection, tenant_id: str, kind: SubjectKind, value: str
    ) -> tuple[_Known, bool]:
        """What is known once nothing of it can change any more, and whether a turn is under way in it."""
        known = await self._find(connection, tenant_id, kind, value)
        while True:
            busy = await conversations.lock_person(connection, tenant_id, known.involved)
            again = await self._find(connection, tenant_id, kind, value)
            if again.involved.own | again.involved.mentioned <= known.involved.own | known.involved.mentioned:
                return again, busy
            known = again

    async def _find(self, connection: AsyncConnection, tenant_id: str, kind: SubjectKind, value: str) -> _Known:
        tenant = await get_tenant(connection, tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        subject = subject_of(kind, value, region_of(tenant))
        sealed = await self._vaults.find(connection, tenant_id, subject)
        linked = await frontdesk.conversations_of(connection, tenant_id, subject)
        linked |= await calls.conversations_of(connection, tenant_id, subject)
        placeholders = [(one.conversation_id, one.placeholder) for one in sealed]
        involved = await conversations.find_person(connection, tenant_id, subject, linked, placeholders)
        return _Known(subject, involved, sealed)


async def _persons(request: Request) -> Persons:
    persons: Persons = request.state.persons
    return persons


PersonsHere = Annotated[Persons, Depends(_persons)]
Given = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]


class PersonIn(Body):
    """Exactly one of phone, email and user_id."""

    phone: Given | None = None
    email: Given | None = None
    user_id: Given | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "+49 30 901820"}]})

    @model_validator(mode="after")
    def _one(self) -> PersonIn:
        if len(self.named()) != 1:
            raise ValueError("exactly one of phone, email and user_id is needed")
        return self

    def named(self) -> list[tuple[SubjectKind, str]]:
        """What is given."""
        given: list[tuple[SubjectKind, str | None]] = [
            ("phone", self.phone), ("email", self.email), ("user_id", self.user_id),
        ]  # fmt: skip
        return [(kind, value) for kind, value in given if value is not None]


class ExportOut(BaseModel):
    """Everything about one person: their conversations whole, of others' the lines that name them, their records."""

    at: datetime
    subject: dict[str, str]
    conversations: list[dict[str, Any]]
    mentions: list[dict[str, Any]]
    leads: list[dict[str, Any]]
    reservations: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    suppressions: list[dict[str, Any]]
    recordings: list[dict[str, Any]]


class ReceiptOut(BaseModel):
    """How many rows of which table were deleted or emptied. Kept in the audit log under `id`, without the person."""

    id: str
    counts: dict[str, int]
    at: datetime


@router.post("/export", response_model=ExportOut)
async def export_person(body: PersonIn, who: MayManage, persons: PersonsHere, access: AccessHere) -> Any:
    """One person's data over all tables, found by telephone number, e-mail address or user_id."""
    [(kind, value)] = body.named()
    return await persons.export(who, await access.tenant_for(who, body.tenant_id), kind, value)


@router.post("/erase", response_model=ReceiptOut)
async def erase_person(body: PersonIn, who: MayManage, persons: PersonsHere, access: AccessHere) -> Any:
    """Erase one person's data from all tables. It cannot be undone."""
    [(kind, value)] = body.named()
    return await persons.erase(who, await access.tenant_for(who, body.tenant_id), kind, value)
