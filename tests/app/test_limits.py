"""Limits of a tenant over HTTP, what a month may cost, a worker that is gone, and traces for those who want them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import text

from parley.app.budget import Budget, ModelsWithinBudget
from parley.app.http import create_app
from parley.app.models import Models
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from tests.conftest import SECRET, Business, _business, _Opened, _with_state

pytestmark = pytest.mark.anyio


@pytest.fixture
async def strict(database_url: str, settings: Settings, resources: Resources) -> AsyncIterator[Business]:
    """A business on a server that takes a hundred and twenty requests a minute, and one turn at a time."""
    tight = settings.model_copy(update={"tenant_requests_per_minute": 120, "tenant_concurrent_turns": 1})
    async with open_resources(tight, database_url, SECRET) as here:
        application = create_app(_Opened(here), [])
        async with (
            application.router.lifespan_context(application) as state,
            _business(_with_state(application, state), here) as business,
        ):
            yield business


async def test_too_many_requests_are_told_when_to_come_back(strict: Business) -> None:
    answers = [await strict.owner.get("/auth/me") for _ in range(15)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].json()["code"] == "rate_limited"
    assert (await strict.owner.get("/health")).status_code == 200, "what is open needs no quota"


async def test_too_many_turns_at_a_time_are_refused_and_the_first_is_answered(strict: Business) -> None:
    assert (await strict.owner.post("/agents", json={"name": "Host", "type": "receptionist"})).status_code == 201
    asked = [strict.owner.post("/chat/message", json={"message": "Hello!"}) for _ in range(4)]
    codes = sorted(answer.status_code for answer in await asyncio.gather(*asked))
    assert codes[0] == 200
    assert codes[-1] == 429


async def test_when_the_month_is_spent_the_house_answers(resources: Resources, business: Business) -> None:
    limited = {"settings": {"monthly_cost_limit": 1.5}}
    assert (await business.owner.patch(f"/tenants/{business.id}", json=limited)).status_code == 200
    await business.owner.post("/agents", json={"name": "Host", "type": "receptionist"})
    said = (await business.owner.post("/chat/message", json={"message": "Hello!"})).json()
    clock = _Hands()

    async def spend(dollars: float) -> None:
        async with resources.db.begin(business.id) as connection:
            cost = text("UPDATE turns SET cost_micros = :cost WHERE conversation_id = :id")
            await connection.execute(cost, {"cost": int(dollars * 1e6), "id": said["conversation_id"]})

    await spend(1.49)
    chosen: list[Any] = []

    class Choices:
        """What would be asked, without a vendor."""

        async def for_agent(self, _: str, choice: Any) -> None:
            chosen.append(choice)

        async def hosted(self, _: str, choice: Any) -> str:
            return str(choice)

    budget = Budget(resources.businesses, resources.insights, clock)
    models = ModelsWithinBudget(cast("Models", Choices()), budget)
    await models.for_agent(business.id, "openai/gpt-5.4-mini")
    await spend(1.5)
    await models.for_agent(business.id, "openai/gpt-5.4-mini")
    assert str(await models.hosted(business.id, "openai/gpt-5.4-mini")) == "openai/gpt-5.4-mini", "within the minute"
    clock.time += 61
    await models.for_agent(business.id, "openai/gpt-5.4-mini")
    assert chosen == ["openai/gpt-5.4-mini", "openai/gpt-5.4-mini", "house/responder"]
    assert await models.hosted(business.id, "openai/gpt-5.4-mini") is None


class _Hands:
    """A clock that is set."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC).timestamp()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)


@pytest.mark.parametrize("limit", [-1, "much", True])
async def test_a_limit_that_is_none_is_refused(business: Business, limit: Any) -> None:
    answer = await business.owner.patch(f"/tenants/{business.id}", json={"settings": {"monthly_cost_limit": limit}})
    assert answer.status_code == 422
    assert "monthly_cost_limit" in answer.text


async def test_jobs_that_nobody_does_make_health_degraded_and_metrics_say_how_long(
    resources: Resources, anyone: httpx.AsyncClient
) -> None:
    async with resources.db.begin("nobody") as connection:
        job = await resources.jobs.enqueue(connection, "nobody.does.this")
    aged = "UPDATE procrastinate_events SET at = now() - interval '5 minutes' WHERE job_id = :id"
    async with resources.db.begin("nobody") as connection:
        await connection.execute(text(aged), {"id": int(job or 0)})
    try:
        told = (await anyone.get("/health")).json()
        assert told["status"] == "degraded"
        assert "is a worker running?" in told["checks"]["jobs"]
        assert (await anyone.get("/ready")).status_code == 200, "this process serves all the same"
        shown = (await anyone.get("/metrics")).text
        seconds = next(line for line in shown.splitlines() if line.startswith("parley_jobs_overdue_seconds "))
        assert float(seconds.split()[1]) >= 300
    finally:
        async with resources.db.begin("nobody") as connection:
            await connection.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": int(job or 0)})


async def test_a_turn_is_exported_as_a_span_without_words(
    database_url: str, settings: Settings, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[bytes] = []

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length"))
        received.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    collector = await asyncio.start_server(collect, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{collector.sockets[0].getsockname()[1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    traced = settings.model_copy(update={"otel_exporter_otlp_endpoint": endpoint})
    async with collector, open_resources(traced, database_url, SECRET) as here:
        application = create_app(_Opened(here), [])
        async with (
            application.router.lifespan_context(application) as state,
            _business(_with_state(application, state), here) as business,
        ):
            await business.owner.post("/agents", json={"name": "Host", "type": "receptionist"})
            said = (await business.owner.post("/chat/message", json={"message": "My xylophone is ill"})).json()
    sent = [ExportTraceServiceRequest.FromString(body) for body in received]
    spans = [
        span
        for one in sent
        for resource in one.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    [span] = [one for one in spans if one.name == "turn"]
    attributes = {one.key: one.value for one in span.attributes}
    assert attributes["parley.conversation_id"].string_value == said["conversation_id"]
    assert attributes["parley.total_ms"].double_value > 0
    assert b"xylophone" not in b"".join(received)
