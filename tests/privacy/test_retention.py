"""What a tenant wants forgotten is forgotten every night, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from parley.app.resources import Resources
from parley.app.retention import Retention
from parley.kit.clock import SystemClock
from tests.conftest import Business
from tests.privacy.conftest import Dump, book, make_agent, say, tables_with

pytestmark = pytest.mark.anyio


class Later(SystemClock):
    """A clock that is some days ahead."""

    def __init__(self, days: int) -> None:
        self._days = days

    @override
    def now(self) -> datetime:
        return super().now() + timedelta(days=self._days)


def after(resources: Resources, days: int) -> Retention:
    return Retention(
        resources.db, resources.businesses, resources.unwritten, resources.arms, resources.recordings, Later(days)
    )


async def keep(business: Business, **settings: Any) -> None:
    answer = await business.owner.patch(f"/tenants/{business.id}", json={"settings": settings})
    assert answer.status_code == 200, answer.text


async def test_old_conversations_go_with_all_that_hangs_on_them(
    business: Business, rival: Business, resources: Resources, everything: Dump
) -> None:
    await keep(business, retention_days=30)
    agent = await make_agent(business)
    talk = await book(business, agent, "Quillon Abernatter", "+49 30 23125017")
    danger = await say(business, "Help, the kitchen is on fire!", agent_id=agent)
    other = await book(rival, await make_agent(rival), "Quillon Abernatter", "+49 30 23125017")
    before = everything(business.id)
    await after(resources, 29).run()
    assert everything(business.id) == before
    await after(resources, 31).run()
    left = everything(business.id)
    gone = ("conversations", "messages", "turns", "tool_runs", "vault_entries")
    assert [left[table] for table in gone] == [""] * len(gone)
    assert "kitchen" not in str(left)
    assert '"kind": "fire"' in left["incidents"]
    assert "Quillon Abernatter" in left["reservations"]
    assert set(tables_with(left, [talk, danger["conversation_id"]])) <= {"reservations", "incidents"}
    assert other in everything(rival.id)["messages"]


async def test_records_go_only_where_settings_say_so(
    business: Business, resources: Resources, everything: Dump
) -> None:
    await keep(business, record_retention_days=10)
    await book(business, await make_agent(business), "Quillon Abernatter", "+49 30 23125017")
    await after(resources, 11).run()
    assert "Quillon" in everything(business.id)["reservations"]  # its day has not long gone by
    await after(resources, 40).run()
    assert everything(business.id)["reservations"] == ""
    assert everything(business.id)["conversations"] != ""


async def test_many_conversations_go_in_bounded_steps(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parley.app.retention._AT_ONCE", 2)
    await keep(business, retention_days=1)
    agent = await make_agent(business)
    for number in range(5):
        await say(business, f"What costs dish {number}?", agent_id=agent)
    await after(resources, 2).forget(business.id, {"retention_days": 1})
    assert (await business.owner.get("/api/conversations")).json()["conversations"] == []


@pytest.mark.parametrize("days", [0, -1, 3651, "30", 1.5, True, None])
@pytest.mark.parametrize("name", ["retention_days", "record_retention_days"])
async def test_a_wrong_number_of_days_is_refused(business: Business, name: str, days: Any) -> None:
    answer = await business.owner.patch(f"/tenants/{business.id}", json={"settings": {name: days}})
    assert answer.status_code == 422
    assert f"settings.{name}" in answer.text


async def test_it_runs_every_night(resources: Resources) -> None:
    [job] = resources.retention.background()
    periodic = resources.jobs.app.periodic_registry.periodic_tasks
    assert [one.cron for (name, _), one in periodic.items() if name == job.name] == ["17 3 * * *"]
    await job.run(timestamp=0)
