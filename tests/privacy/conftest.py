"""What the tests of this room share: an installation over a wire-exact model server, and a look at all of its database."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
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
def everything(database_url: str) -> Any:
    """`everything()`: every row of every table as text, by table, seen past row-level security."""
    engine = create_engine(driver_url(database_url))

    def dump() -> dict[str, str]:
        with engine.connect() as connection:
            tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
            rows = {
                table: connection.execute(
                    text(f"SELECT coalesce(string_agg(to_jsonb(t)::text, chr(10)), '') FROM \"{table}\" t")
                )
                for table in tables.all()
            }
            return {table: str(row.scalar_one()) for table, row in rows.items()}

    yield dump
    engine.dispose()


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


def tables_with(dump: dict[str, str], values: Any) -> dict[str, list[str]]:
    """Which of `values` stand in which table, in any case."""
    found = {table: [one for one in values if one.lower() in rows.lower()] for table, rows in dump.items()}
    return {table: values for table, values in found.items() if values}
