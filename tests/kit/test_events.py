"""Events are heard when the transaction that told them commits, and by those they concern."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit import events
from parley.kit.events import MISSED, Event, Listener, Subscription, publish
from tests.conftest import Business

pytestmark = pytest.mark.anyio


@pytest.fixture
async def listener(database_url: str) -> AsyncIterator[Listener]:
    made = Listener(database_url)
    await made.open()
    yield made
    await made.aclose()


async def heard(subscription: Subscription) -> Event:
    async with asyncio.timeout(10):
        return await anext(subscription)


async def test_an_event_is_heard_after_the_commit_and_not_after_a_rollback(
    listener: Listener, resources: Resources, business: Business
) -> None:
    async with listener.subscribe(business.id) as subscription:
        async with resources.db.begin(business.id) as connection:
            await publish(connection, Event(business.id, "thing.lost", {}))
            await connection.rollback()
        async with resources.db.begin(business.id) as connection:
            await publish(connection, Event(business.id, "thing.made", {"id": "1"}))
        assert await heard(subscription) == Event(business.id, "thing.made", {"id": "1"})


async def test_a_tenant_hears_its_own_events_only(
    listener: Listener, resources: Resources, business: Business, rival: Business
) -> None:
    async with listener.subscribe(business.id) as own, listener.subscribe() as everything:
        for tenant in (rival.id, business.id):
            async with resources.db.begin(tenant) as connection:
                await publish(connection, Event(tenant, "thing.made", {}))
        assert (await heard(own)).tenant_id == business.id
        ours = {rival.id, business.id}
        seen: list[str] = []
        while len(seen) < 2:
            event = await heard(everything)
            seen += [event.tenant_id] if event.tenant_id in ours else []
        assert seen == [rival.id, business.id]


async def test_after_a_lost_connection_the_reader_is_told_to_look_again(
    listener: Listener, database_url: str, business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_RETRY_SECONDS", 0)
    async with listener.subscribe(business.id) as subscription:
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'parley events'"
                " AND datname = current_database() ORDER BY backend_start DESC LIMIT 1"
            )
        assert (await heard(subscription)).name == MISSED
        async with resources.db.begin(business.id) as connection:
            await publish(connection, Event(business.id, "thing.made", {}))
        assert (await heard(subscription)).name == "thing.made"


async def test_a_reader_that_is_too_slow_loses_the_oldest_and_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST_WAITING", 2)
    subscription = Subscription("t")
    for number in range(3):
        subscription.give(Event("t", str(number), {}))
    assert [(await heard(subscription)).name for _ in range(3)] == [MISSED, "1", "2"]


async def test_opening_without_a_database_fails() -> None:
    made = Listener("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(psycopg.OperationalError):
        await made.open()
    await made.aclose()


async def test_the_app_role_may_listen(resources: Resources, business: Business) -> None:
    async with resources.db.begin(business.id) as connection:
        await connection.execute(text("LISTEN parley_events"))


async def test_who_asks_for_one_thing_hears_of_it_alone_and_once(
    listener: Listener, resources: Resources, business: Business
) -> None:
    both = {"call_id": "c", "conversation_id": "t"}
    async with (
        listener.subscribe(business.id, {"conversation_id": "t"}) as talk,
        listener.subscribe(business.id, both) as either,
        listener.subscribe(business.id) as everything,
    ):
        async with listener.subscribe(business.id, {"conversation_id": "t"}):
            pass  # one that leaves takes nobody else's news along
        told: list[dict[str, Any]] = [{"conversation_id": "u"}, {"call_id": "t"}, {**both}, {"conversation_id": "t"}]
        for data in [*told, {"count": 3}]:
            async with resources.db.begin(business.id) as connection:
                await publish(connection, Event(business.id, "thing.said", data))
        assert [(await heard(everything)).data for _ in range(5)] == [*told, {"count": 3}]
        for subscription in (talk, either):
            assert [(await heard(subscription)).data for _ in range(2)] == told[2:]
            assert not subscription._waiting
    assert not listener._to_one


async def test_a_subscription_to_one_thing_can_be_widened(
    listener: Listener, resources: Resources, business: Business
) -> None:
    async with listener.subscribe(business.id, {"call_id": "c"}) as subscription:
        listener.widen(subscription, {"conversation_id": "t"})
        async with resources.db.begin(business.id) as connection:
            for about in ({"conversation_id": "other"}, {"conversation_id": "t"}, {"call_id": "c"}):
                await publish(connection, Event(business.id, "thing.made", about))
        assert [(await heard(subscription)).data for _ in range(2)] == [{"conversation_id": "t"}, {"call_id": "c"}]
