"""What an agent understands of a line, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parley.agents.learn import Learning
from parley.agents.reading import Line, Read, Reader
from parley.agents.routes import AgentsHere
from parley.kit.web import ERRORS, WRITTEN_OUT, Body
from parley.tenants import AccessHere, Businesses, MayChat, MayRead, Tenant

router = APIRouter(tags=["understanding"], responses=ERRORS)

MOST_IN_BATCH = 500


async def _reader(request: Request) -> Reader:
    reader: Reader = request.state.reader
    return reader


async def _learning(request: Request) -> Learning:
    learning: Learning = request.state.learning
    return learning


async def _businesses(request: Request) -> Businesses:
    businesses: Businesses = request.state.businesses
    return businesses


ReaderHere = Annotated[Reader, Depends(_reader)]
LearningHere = Annotated[Learning, Depends(_learning)]
BusinessesHere = Annotated[Businesses, Depends(_businesses)]


class LineIn(Body):
    """`previous`: what the agent said last. `now` without offset is the tenant's local time; left out: the present."""

    message: Annotated[str, StringConstraints(max_length=10_000)]
    previous: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    now: Annotated[datetime | None, WRITTEN_OUT] = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "a table for the four of us tomorrow at half past seven",
                    "previous": "How can I help you?",
                    "now": "2026-11-20T10:00:00",
                }
            ]
        }
    )


class BatchIn(Body):
    messages: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_IN_BATCH)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"messages": [{"message": "Are you open on Sunday?"}, {"message": "Thanks"}]}]}
    )


class ProblemOut(BaseModel):
    """Something said that gives no value. reason: impossible, past, ambiguous or implausible."""

    slot: str
    text: str
    reason: str


class UnderstandingOut(BaseModel):
    intent: str
    confidence: float
    language: str
    emergency: bool
    slots: dict[str, Any]
    problems: list[ProblemOut]
    emergency_kind: str | None = None


class BatchOut(BaseModel):
    results: list[UnderstandingOut]


class TrainingOut(BaseModel):
    """ready: the intents as saved are in use; training or failed: the last ready ones, or the built-in ones, are."""

    status: Literal["training", "ready", "failed"]
    intents: int
    examples: int
    error: str | None = None
    seconds: float | None = None
    updated_at: datetime


@router.get("/agents/{agent_id}/understanding")
async def training_status(
    agent_id: str, who: MayRead, agents: AgentsHere, learning: LearningHere, access: AccessHere
) -> TrainingOut:
    """How far the training of the agent's own intents is."""
    tenant_id = await access.owner_of(who, "agents", agent_id)
    agent = await agents.get(tenant_id, agent_id)
    intents = len(agent.definition.understanding.intents)
    learnt = await learning.status(tenant_id, agent_id)
    if learnt is None:
        return TrainingOut(status="ready", intents=intents, examples=0, updated_at=agent.updated_at)
    return TrainingOut(
        status=learnt.status,
        intents=intents,
        examples=learnt.examples,
        error=learnt.error,
        seconds=learnt.seconds,
        updated_at=learnt.updated_at,
    )


@router.post("/agents/{agent_id}/understand")
async def understand_line(
    agent_id: str,
    body: LineIn,
    who: MayChat,
    agents: AgentsHere,
    reader: ReaderHere,
    businesses: BusinessesHere,
    access: AccessHere,
) -> UnderstandingOut:
    """What one line means to this agent."""
    tenant = await businesses.get(await access.owner_of(who, "agents", agent_id))
    agent = await agents.get(tenant.id, agent_id)
    return _shown(await reader.read(tenant, agent, _line(body, tenant)))


@router.post("/agents/{agent_id}/understand/batch")
async def understand_lines(
    agent_id: str,
    body: BatchIn,
    who: MayChat,
    agents: AgentsHere,
    reader: ReaderHere,
    businesses: BusinessesHere,
    access: AccessHere,
) -> BatchOut:
    """What many lines mean, each read by itself, in order."""
    tenant = await businesses.get(await access.owner_of(who, "agents", agent_id))
    agent = await agents.get(tenant.id, agent_id)
    readings = await reader.read_many(tenant, agent, [_line(line, tenant) for line in body.messages])
    return BatchOut(results=[_shown(reading) for reading in readings])


def _line(body: LineIn, tenant: Tenant) -> Line:
    zone = ZoneInfo(tenant.timezone)
    now = body.now or datetime.now(UTC)
    local = now.replace(tzinfo=zone) if now.tzinfo is None else now.astimezone(zone)
    return Line(body.message, local, body.previous or "")


def _shown(reading: Read) -> UnderstandingOut:
    meaning = reading.meaning
    return UnderstandingOut(
        intent=meaning.intent,
        confidence=round(meaning.confidence, 4),
        language=meaning.language,
        emergency=meaning.emergency,
        slots=dict(meaning.slots),
        problems=[ProblemOut(slot=one.slot, text=one.text, reason=one.reason) for one in meaning.problems],
        emergency_kind=meaning.danger.kind or None if meaning.emergency else None,
    )
