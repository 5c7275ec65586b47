"""What the tests of this room share: an installation over a wire-exact model server, and a look at every row."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.kit.db import driver_url
from tests.conftest import SECRET, Business, _business, _Opened, _with_state
from tests.wire.openai_server import OpenAIServer

# What a business writes down for itself, in the clear: that is its records' purpose.
RECORDS = frozenset({"reservations", "leads", "users"})


Dump = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def model_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
async def hosted(model_server: OpenAIServer, database_url: str, scratch: Path) -> AsyncIterator[Resources]:
    """An installation whose agents are answered by the model server."""
    settings = Settings.model_construct(
        data_dir=scratch,
        openai_api_key=SecretStr("sk-test"),
        openai_base_url=model_server.base_url,
        openai_model="gpt-5.4-mini",
    )
    async with open_resources(settings, database_url, SECRET) as here:
        yield here


@pytest.fixture(scope="module")
async def hosted_app(hosted: Resources) -> AsyncIterator[Any]:
    application = create_app(_Opened(hosted), [])
    async with application.router.lifespan_context(application) as state:
        yield _with_state(application, state)


@pytest.fixture
async def shop(hosted_app: Any, hosted: Resources) -> AsyncIterator[Business]:
    """A tenant of the hosted installation, its owner signed in."""
    async with _business(hosted_app, hosted) as made:
        yield made


@pytest.fixture
def everything(database_url: str) -> Iterator[Dump]:
    """`everything(tenant_id)`: every row of every table as text, by table, seen past row-level security.

    Of tables with tenants the tenant's rows: other tests share the database.
    """
    engine = create_engine(driver_url(database_url))

    def dump(tenant_id: str) -> dict[str, str]:
        with engine.connect() as connection:
            tables = connection.execute(text(_TABLES)).all()
            return {
                name: connection.execute(text(_rows(name, own)), {"t": tenant_id}).scalar_one() for name, own in tables
            }

    yield dump
    engine.dispose()


_TABLES = """
    SELECT c.relname, (SELECT max(CASE WHEN c.relname = 'tenants' THEN 'id' ELSE a.attname END) FROM pg_attribute a
                       WHERE a.attrelid = c.oid AND (a.attname = 'tenant_id' OR c.relname = 'tenants'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""


def _rows(table: str, own: str | None) -> str:
    where = f"WHERE {own} = :t" if own else "WHERE :t <> ''"
    return f"SELECT coalesce(string_agg(to_jsonb(r)::text, chr(10)), '') FROM {table} r {where}"  # noqa: S608


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """Every structured log line of a test, and the standard library's in `caplog`."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines:
        yield lines  # type: ignore[misc]


async def make_agent(business: Business, mode: str | None = "masked", **more: Any) -> str:
    privacy = {} if mode is None else {"privacy": {"mode": mode}}
    made = await business.owner.post("/agents", json={"name": "Desk", "type": "receptionist", **privacy, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def say(business: Business, message: str, **more: Any) -> dict[str, Any]:
    answer = await business.owner.post("/chat/message", json={"message": message, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def book(business: Business, agent: str, name: str, phone: str, **more: Any) -> str:
    """A whole booking dialogue with the house; returns the conversation's id."""
    lines = ["I want to book a table for 4 people next Friday at 7pm", f"My name is {name}", f"My number is {phone}"]
    talk: dict[str, Any] = dict(more)
    confirmed = False
    for line in lines:
        turn = await say(business, line, agent_id=agent, **talk)
        talk = {"conversation_id": turn["conversation_id"]}
        confirmed = confirmed or any(one["name"] == "book_table" and one["ok"] for one in turn["actions"])
    assert confirmed
    return str(talk["conversation_id"])


def tables_with(dump: dict[str, str], values: Iterable[str]) -> dict[str, list[str]]:
    """Which of `values` stand in which table, in any case."""
    found = {table: [one for one in values if one.lower() in rows.lower()] for table, rows in dump.items()}
    return {table: values for table, values in found.items() if values}
