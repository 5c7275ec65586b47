"""Practice sessions over HTTP; the talk itself goes over `WS /chat/{session_id}`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StrictBool, StringConstraints

from parley.conversations import Spoken
from parley.kit.web import ERRORS, Body, Pages, list_model, page_of
from parley.tenants import Access, AccessHere, MayRead, MayTrain, Principal, TenantFilter
from parley.training.rehearse import Rehearsals
from parley.training.store import Session

router = APIRouter(tags=["training"], responses=ERRORS)
_MOST_EXPORTED = 500


async def _rehearsals(request: Request) -> Rehearsals:
    rehearsals: Rehearsals = request.state.rehearsals
    return rehearsals


RehearsalsHere = Annotated[Rehearsals, Depends(_rehearsals)]


class SessionIn(Body):
    """`scenario_id`: a scenario's id or name. `user_id`: whatever names the trainee to you."""

    scenario_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    coaching: StrictBool = True
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scenario_id": "customer_service", "user_id": "trainee-7"}]}
    )


class PracticeLine(BaseModel):
    """`role`: user is the trainee, assistant the customer."""

    message_id: str
    role: str
    content: str
    timestamp: datetime


class SessionOut(BaseModel):
    id: str
    session_id: str
    tenant_id: str
    scenario_id: str
    scenario_version: int
    user_id: str
    status: str
    created_at: datetime
    deadline_at: datetime | None
    completed_at: datetime | None
    data: dict[str, Any]
    score: dict[str, Any] | None


class SessionWhole(SessionOut):
    messages: list[PracticeLine]


class Progress(BaseModel):
    """Oldest first: the percent reached in each completed session."""

    sessions: int
    passed: int
    best: float | None
    latest: float | None
    percents: list[float]


@router.post("/api/sessions", response_model=SessionWhole, status_code=201)
async def begin_session(body: SessionIn, who: MayTrain, rehearsals: RehearsalsHere, access: AccessHere) -> Any:
    """Begin to practise: connect to `WS /chat/{session_id}` with the id."""
    tenant = await _tenant_of_scenario(access, who, body)
    return _whole(*await rehearsals.begin(who, tenant, body.scenario_id, body.user_id, coaching=body.coaching))


@router.get("/api/sessions", response_model=list_model("sessions", SessionOut))
async def list_sessions(
    who: MayTrain,
    rehearsals: RehearsalsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    scenario_id: str | None = None,
    user_id: str | None = None,
    status: Annotated[str | None, Query(description="active, completed or abandoned.")] = None,
) -> Any:
    """Sessions, newest first; a trainee's own only."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"sessions": [], "next_cursor": None}
    filters = {"scenario_id": scenario_id, "user_id": user_id, "status": status}
    wanted = {name: value for name, value in filters.items() if value is not None}
    page = page_of(await rehearsals.page(who, tenant, paging.limit, paging.cursor, wanted), paging.limit)
    return {"sessions": [shown(one) for one in page.items], "next_cursor": page.next_cursor}


@router.get("/api/sessions/export.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export_sessions(
    who: MayRead, rehearsals: RehearsalsHere, access: AccessHere, tenant_id: TenantFilter = None
) -> Response:
    """Every session with its result, newest first."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    made = io.StringIO()
    rows = csv.writer(made)
    columns = ("id", "scenario_id", "user_id", "status", "created_at", "completed_at")
    rows.writerow([*columns, "percent", "passed", "blocked_by"])
    cursor: str | None = None
    while tenant is not None:
        page = page_of(await rehearsals.page(who, tenant, _MOST_EXPORTED, cursor, {}), _MOST_EXPORTED)
        for one in page.items:
            score = one.score or {}
            cells = [_cell(getattr(one, name)) for name in columns]
            rows.writerow([*cells, score.get("percent"), score.get("passed"), " ".join(score.get("blocked_by", ()))])
        cursor = page.next_cursor
        if cursor is None:
            break
    return Response(made.getvalue(), media_type="text/csv; charset=utf-8")


@router.get("/api/sessions/progress", response_model=Progress)
async def progress(
    who: MayTrain,
    rehearsals: RehearsalsHere,
    access: AccessHere,
    user_id: Annotated[str | None, Query(max_length=200, description="One trainee. Left out: everybody.")] = None,
    scenario_id: str | None = None,
    tenant_id: TenantFilter = None,
) -> Any:
    """How a trainee comes on, over their newest 500 completed sessions."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    named = {"user_id": user_id, "scenario_id": scenario_id, "status": "completed"}
    wanted = {name: value for name, value in named.items() if value is not None}
    found = await rehearsals.page(who, tenant, _MOST_EXPORTED, None, wanted) if tenant else []
    scores = [one.score for one in reversed(found[:_MOST_EXPORTED]) if one.score]
    percents = [float(score["percent"]) for score in scores]
    return {
        "sessions": len(scores),
        "passed": sum(bool(score["passed"]) for score in scores),
        "best": max(percents, default=None),
        "latest": percents[-1] if percents else None,
        "percents": percents,
    }


@router.get("/api/sessions/{session_id}", response_model=SessionWhole)
async def get_session(session_id: str, who: MayTrain, rehearsals: RehearsalsHere, access: AccessHere) -> Any:
    """A session with its messages and, when it is over, its score."""
    tenant = await access.owner_of(who, "sessions", session_id)
    return await _with_lines(rehearsals, await rehearsals.get(who, tenant, session_id))


@router.post("/api/sessions/{session_id}/complete", response_model=SessionWhole)
async def complete_session(session_id: str, who: MayTrain, rehearsals: RehearsalsHere, access: AccessHere) -> Any:
    """End the session and judge it: each item of the rubric with the words that earned or lost its points."""
    tenant = await access.owner_of(who, "sessions", session_id)
    await rehearsals.get(who, tenant, session_id)
    return await _with_lines(rehearsals, await rehearsals.complete(tenant, session_id))


@router.post("/api/sessions/{session_id}/abandon", response_model=SessionWhole)
async def abandon_session(session_id: str, who: MayTrain, rehearsals: RehearsalsHere, access: AccessHere) -> Any:
    """Leave the session unjudged."""
    tenant = await access.owner_of(who, "sessions", session_id)
    await rehearsals.get(who, tenant, session_id)
    return await _with_lines(rehearsals, await rehearsals.abandon(tenant, session_id))


async def _with_lines(rehearsals: Rehearsals, session: Session) -> dict[str, Any]:
    return _whole(session, await rehearsals.lines(session.tenant_id, session.id))


def _whole(session: Session, lines: Sequence[Spoken]) -> dict[str, Any]:
    messages = [
        {
            "message_id": line.id,
            "role": "user" if line.role == "user" else "assistant",
            "content": line.content,
            "timestamp": line.at,
        }
        for line in lines
    ]
    return {**shown(session), "messages": messages}


def shown(session: Session) -> dict[str, Any]:
    """A session as the API shows it."""
    data = {name: value for name, value in session.data.items() if name != "receipts"}
    names = ("tenant_id", "scenario_id", "scenario_version", "user_id", "status", "created_at", "deadline_at")
    return {
        "id": session.id,
        "session_id": session.id,
        **{name: getattr(session, name) for name in names},
        "completed_at": session.completed_at,
        "data": data,
        "score": session.score,
    }


async def _tenant_of_scenario(access: Access, who: Principal, body: SessionIn) -> str:
    """The administrator may begin a session in the tenant of the scenario."""
    if who.is_platform and body.tenant_id is None and len(body.scenario_id) == 36:
        return await access.owner_of(who, "scenarios", body.scenario_id)
    return await access.tenant_for(who, body.tenant_id)


def _cell(value: Any) -> str:
    """What a spreadsheet would take for a formula is kept from being one."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
