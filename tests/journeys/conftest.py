"""Journeys drive the true application over HTTP, with the house responder or a model on a wire-exact server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from tests.conftest import SECRET, Business, _business, _Opened, _with_state
from tests.wire.openai_server import OpenAIServer

KEY = "sk-the-house-key"
MODEL = "gpt-test"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DESK = {
    "opening_hours": {day: ["12:00-23:00"] for day in WEEK if day != "monday"},
    "tables": [{"name": "Window", "seats": 4}, {"name": "Round", "seats": 6}],
    "slot_minutes": 30,
    "stay_minutes": 120,
    "max_party": 8,
}


def coming(weekday: str) -> date:
    """The next such day, at least three days ahead, so that today's hour plays no part."""
    day = date.today() + timedelta(days=3)  # noqa: DTZ011 - tests and tenants share the machine's day
    return day + timedelta(days=(WEEK.index(weekday) - day.weekday()) % 7)


@dataclass
class Talk:
    """A conversation with one agent, as a client has it."""

    business: Business
    agent_id: str
    conversation_id: str | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, message: str) -> dict[str, Any]:
        """Say one line; returns the answer."""
        body = {"message": message, "agent_id": self.agent_id, "conversation_id": self.conversation_id}
        answer = await self.business.owner.post("/chat/message", json={k: v for k, v in body.items() if v})
        assert answer.status_code == 200, answer.text
        self.replies.append(answer.json())
        self.conversation_id = self.replies[-1]["conversation_id"]
        return self.replies[-1]

    async def stream(self, message: str) -> list[tuple[str, dict[str, Any]]]:
        """Say one line; returns the events in order."""
        body = {"message": message, "agent_id": self.agent_id, "conversation_id": self.conversation_id}
        answer = await self.business.owner.post("/chat/stream", json={k: v for k, v in body.items() if v})
        assert answer.status_code == 200, answer.text
        blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
        events = [
            (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: ")))
            for lines in blocks
            if lines[0].startswith("event: ")
        ]
        self.conversation_id = events[-1][1]["conversation_id"]
        return events

    async def trace(self) -> dict[str, Any]:
        """The trace of the last turn."""
        last = self.replies[-1]
        answer = await self.business.owner.get(f"/conversations/{last['conversation_id']}/turns/{last['message_id']}")
        assert answer.status_code == 200, answer.text
        trace: dict[str, Any] = answer.json()
        return trace


async def talk(business: Business, kind: str = "receptionist", **agent: Any) -> Talk:
    """A new agent to talk to."""
    made = await business.owner.post("/agents", json={"name": "Front Desk", "type": kind, **agent})
    assert made.status_code == 201, made.text
    return Talk(business, made.json()["id"])


async def open_desk(business: Business, **settings: Any) -> None:
    """Say when the business is open and what it seats."""
    answer = await business.owner.put("/frontdesk/settings", json={**DESK, **settings})
    assert answer.status_code == 200, answer.text


async def rows(business: Business, what: str, **filters: Any) -> list[dict[str, Any]]:
    """What is on record."""
    answer = await business.owner.get(f"/{what}", params=filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()[what]
    return found


async def teach(business: Business, title: str, content: str, source: str = "faq") -> None:
    """Give the business a document."""
    answer = await business.owner.post("/knowledge/ingest", json={"source": source, "title": title, "content": content})
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="session")
def openai_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def server(openai_server: OpenAIServer, hosted_resources: Resources) -> Iterator[OpenAIServer]:
    """The vendor, with nothing asked yet and no failure remembered."""
    openai_server.requests.clear()
    openai_server._queue.clear()
    openai_server.api_key = None
    hosted_resources.models._breaker._records.clear()
    yield openai_server
    left = len(openai_server._queue)
    openai_server._queue.clear()
    assert left == 0, f"{left} replies were never asked for"


@pytest.fixture(scope="session")
async def hosted_resources(database_url: str, scratch: Path, openai_server: OpenAIServer) -> AsyncIterator[Resources]:
    settings = Settings.model_construct(
        data_dir=scratch,
        openai_base_url=openai_server.base_url,
        openai_api_key=SecretStr(KEY),
        openai_model=MODEL,
    )
    async with open_resources(settings, database_url, SECRET) as here:
        yield here


@pytest.fixture(scope="session")
async def hosted_app(hosted_resources: Resources) -> AsyncIterator[Any]:
    application = create_app(_Opened(hosted_resources), ["http://localhost:3000"])
    async with application.router.lifespan_context(application) as state:
        yield _with_state(application, state)


@pytest.fixture
async def hosted(hosted_app: Any, hosted_resources: Resources) -> AsyncIterator[Business]:
    """A business whose agents are answered for by a hosted model."""
    async with _business(hosted_app, hosted_resources) as made:
        yield made


@pytest.fixture
async def restaurant(app: Any, resources: Resources) -> AsyncIterator[Business]:
    """A business with tables and hours, answered for by the house."""
    async with _furnished(app, resources) as made:
        yield made


@asynccontextmanager
async def _furnished(app: Any, resources: Resources) -> AsyncIterator[Business]:
    async with _business(app, resources) as made:
        await open_desk(made)
        yield made
