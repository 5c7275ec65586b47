"""One person's calls: handed out, erased, and forgotten with time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from parley.app.retention import Retention
from parley.kit.db import metadata
from parley.kit.ids import new_id
from tests.calls.conftest import DRIVER, Phone
from tests.calls.test_report import ended, placed

pytestmark = pytest.mark.anyio

SAID = [{"role": "user", "content": "Quillon here, I'm on I-80. My other number is +1 608 555 0117."}]


async def everything(phone: Phone) -> str:
    """All rows of the tenant, but for what must stay: that the number is not called."""
    found: list[str] = []
    async with phone.resources.db.begin(phone.tenant) as connection:
        for table in sorted(set(metadata.tables) - {"suppressions"}):
            rows = await connection.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t"))  # noqa: S608
            found += rows.scalars().all()
    return "\n".join(found)


async def ask(at: Phone, verb: str, **subject: str) -> dict[str, Any]:
    answer = await at.client.post(f"/privacy/{verb}", json={**subject, "tenant_id": at.tenant})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def over(phone: Phone, **more: Any) -> str:
    answer = (await phone.initiate(**more)).json()
    there = phone.server.calls[answer["retell_call_id"]]
    await phone.report("call_ended", ended(there, transcript_object=SAID))
    await phone.work()
    return str(answer["id"])


async def test_a_person_is_found_by_number_and_erased(phone: Phone) -> None:
    own = await over(phone, driver_name="Quillon", key=new_id(), consent={"basis": "contract", "source": "Quillon"})
    other = await over(phone, driver_name="Somebody", phone_number="+16085550188")
    await phone.client.post(
        "/suppressions", json={"phone_number": DRIVER, "reason": "Quillon", "tenant_id": phone.tenant}
    )
    told = await ask(phone, "export", phone="+1 (608) 555-0117")
    assert {call["id"] for call in told["calls"]} == {own, other}, "his own, and the one that names his number"
    assert [one["phone_number"] for one in told["suppressions"]] == [DRIVER]
    receipt = await ask(phone, "erase", phone=DRIVER)
    assert (receipt["counts"]["call_records"], receipt["counts"]["suppressions"]) == (2, 1)
    left = await everything(phone)
    assert DRIVER not in left
    assert "555 0117" not in left
    call = await phone.get(own)
    assert (call["status"], call["driver_name"], call["phone_number"], call["raw_transcript"]) == (
        "completed",
        "",
        "",
        None,
    )
    assert "Quillon" not in str(call)
    kept = await phone.get(other)
    assert "[erased]" in kept["raw_transcript"]
    assert (kept["driver_name"], kept["phone_number"]) == ("Somebody", "+16085550188")
    assert (await phone.initiate()).json()["code"] == "call.suppressed", "who must not be called is not called again"
    assert set((await ask(phone, "erase", phone=DRIVER))["counts"].values()) == {0}
    assert not (await ask(phone, "export", phone=DRIVER))["calls"]


async def test_what_is_old_is_forgotten(phone: Phone) -> None:
    call_id = await over(phone)
    going_on, _ = await placed(phone)
    resources = phone.resources

    async def forget(**settings: int) -> None:
        retention = resources.retention
        later = Retention(
            resources.db, resources.businesses, resources.unwritten, retention._arms, resources.recordings, phone.clock
        )
        await later.forget(phone.tenant, settings)

    phone.clock.advance(timedelta(days=40))
    await forget(retention_days=4000)
    assert (await phone.get(call_id))["raw_transcript"]
    await forget(retention_days=30)
    call = await phone.get(call_id)
    assert call["raw_transcript"] is None
    assert "I-80" not in str((await phone.record(call_id)).lines)
    assert "evidence" not in (call["structured_data"] or {})
    assert call["phone_number"] == DRIVER
    await forget(record_retention_days=30)
    assert (await phone.client.get(f"/calls/{call_id}")).status_code == 404
    assert (await phone.get(going_on))["status"] == "initiated", "a call that goes on is not old"
