"""Analytics over HTTP."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, BeforeValidator

from parley.insights.measure import Insights, Interval, Scope
from parley.kit.errors import InvalidInput
from parley.kit.web import ERRORS
from parley.tenants import AccessHere, MayRead, TenantFilter

router = APIRouter(prefix="/analytics", tags=["analytics"], responses=ERRORS)

Channel = Literal["text", "voice", "phone", "training", "import", "simulation"]
Rate = float | None
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}")


async def _insights(request: Request) -> Insights:
    insights: Insights = request.state.insights
    return insights


InsightsHere = Annotated[Insights, Depends(_insights)]


class Quantiles(BaseModel):
    """Milliseconds; null where nothing was measured."""

    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class Speed(BaseModel):
    """Over the newest 50,000 turns of the window."""

    turns: int
    first_token_ms: Quantiles
    total_ms: Quantiles


class Tokens(BaseModel):
    prompt: int
    completion: int
    total: int


class Overview(BaseModel):
    """Rates are 0..1, null where there is nothing to divide by. `containment_rate`: of the conversations with a turn,
    those that needed no person. `satisfaction`: mean of 1 to 5. `average_duration`: seconds. `cost`: US dollars, of
    models whose price is known."""

    conversations: int
    open_conversations: int
    turns: int
    containment_rate: Rate
    escalation_rate: Rate
    emergencies: int
    bookings: int
    leads: int
    cache_hit_rate: Rate
    satisfaction: float | None
    rated: int
    task_completion_rate: Rate
    average_duration: float | None
    average_turns: float | None
    latency: Speed
    tokens: Tokens
    cost: float


class AgentOverview(Overview):
    agent_id: str
    name: str


class Point(BaseModel):
    at: datetime
    conversations: int
    turns: int
    escalations: int
    bookings: int
    leads: int
    satisfaction: float | None
    tokens: int
    cost: float


class Timeseries(BaseModel):
    """Oldest first, in the tenant's own days; steps in which nothing happened are left out."""

    interval: Interval
    timezone: str
    points: list[Point]


class IntentShare(BaseModel):
    intent: str
    turns: int
    conversations: int
    share: Rate
    cache_hit_rate: Rate
    escalation_rate: Rate


class Intents(BaseModel):
    intents: list[IntentShare]


class StepSpeed(Quantiles):
    step: str
    turns: int


class Latency(Speed):
    steps: list[StepSpeed]


class Spent(BaseModel):
    turns: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


class DayUsage(Spent):
    day: date
    model: str


class UsageOut(BaseModel):
    timezone: str
    usage: list[DayUsage]
    total: Spent


def _written(value: object) -> object:
    """A number would be taken for seconds since 1970."""
    if isinstance(value, str) and not _WRITTEN.match(value):
        raise ValueError("must be a date or a time such as 2027-01-31 or 2027-01-31T08:00:00Z")
    return value


Moment = Annotated[datetime | date, BeforeValidator(_written)]


async def window_of(
    who: MayRead,
    access: AccessHere,
    tenant_id: TenantFilter = None,
    channel: Channel | None = None,
    since: Annotated[
        Moment | None, Query(alias="from", description="The first moment that counts: a date or a time.")
    ] = None,
    until: Annotated[Moment | None, Query(alias="to", description="The first moment that does not.")] = None,
) -> Scope:
    """The filters of every question. An unknown tenant has no conversations."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    return Scope(tenant or "", _moment(since, "from"), _moment(until, "to"), None, channel)


WindowHere = Annotated[Scope, Depends(window_of)]


async def scope_of(
    window: WindowHere, agent_id: Annotated[str | None, Query(description="Only this agent's conversations.")] = None
) -> Scope:
    """The window, and perhaps one agent."""
    return replace(window, agent_id=agent_id)


ScopeHere = Annotated[Scope, Depends(scope_of)]


def _moment(given: datetime | date | None, name: str) -> datetime | None:
    if given is None:
        return None
    moment = given if isinstance(given, datetime) else datetime(given.year, given.month, given.day)  # noqa: DTZ001
    if not 1970 <= moment.year <= 9998:
        raise InvalidInput(f"{name} must lie between 1970 and 9998.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@router.get("/overview", response_model=Overview)
async def overview(scope: ScopeHere, insights: InsightsHere) -> Any:
    """Conversations, outcomes, speed, tokens and cost."""
    return await insights.overview(scope)


@router.get("/timeseries", response_model=Timeseries)
async def timeseries(scope: ScopeHere, insights: InsightsHere, interval: Interval = "day") -> Any:
    """How it went over time."""
    return await insights.timeseries(scope, interval)


@router.get("/intents", response_model=Intents)
async def intents(scope: ScopeHere, insights: InsightsHere) -> Any:
    """What callers wanted."""
    return {"intents": await insights.intents(scope)}


@router.get("/latency", response_model=Latency)
async def latency(scope: ScopeHere, insights: InsightsHere) -> Any:
    """How fast answers came, and where the time went."""
    return await insights.latency(scope)


@router.get("/usage", response_model=UsageOut)
async def usage(scope: ScopeHere, insights: InsightsHere) -> Any:
    """Tokens and cost per day and model."""
    return await insights.usage(scope)


@router.get("/agents/{agent_id}", response_model=AgentOverview)
async def agent_overview(
    agent_id: str, who: MayRead, window: WindowHere, insights: InsightsHere, access: AccessHere
) -> Any:
    """The overview of one agent."""
    tenant = await access.owner_of(who, "agents", agent_id)
    return await insights.of_agent(replace(window, tenant_id=tenant, agent_id=agent_id))
