"""The facts of a call: there when it is completed, read again on demand and when what is wanted changes."""

from __future__ import annotations

from typing import Any

import pytest

from parley.calls import Status
from parley.calls.outcome import task_completed
from tests.calls.conftest import WHO, Phone
from tests.calls.test_report import ended, placed, started

pytestmark = pytest.mark.anyio

TALK = [
    {"role": "agent", "content": "Hi Mo, can you give me a status update on load 7891-B?"},
    {"role": "user", "content": "I'm driving, on I-80 near Des Moines."},
    {"role": "agent", "content": "When will you get there?"},
    {"role": "user", "content": "Tomorrow at 8 in the morning. There are 12 pallets."},
]


async def completed(phone: Phone, talk: list[dict[str, Any]] = TALK) -> dict[str, Any]:
    call_id, there = await placed(phone)
    await phone.report("call_ended", ended(there, transcript_object=talk))
    await phone.work()
    call = await phone.get(call_id)
    assert call["status"] == "completed"
    return call


async def test_a_completed_call_has_its_facts_and_what_proves_them(phone: Phone) -> None:
    data = (await completed(phone))["structured_data"]
    fields = {"call_outcome", "driver_status", "current_location", "eta", "delay_reason", "unloading_status"}
    assert fields | {"pod_reminder_acknowledged", "evidence"} <= set(data)
    assert "Des Moines" in data["current_location"]
    assert data["evidence"]["current_location"]["quote"] in TALK[1]["content"]


async def test_a_call_on_which_nothing_was_said_has_none(phone: Phone) -> None:
    call = await completed(phone, [])
    assert (call["raw_transcript"], call["structured_data"]) == (None, None)


async def test_facts_are_read_again_where_others_are_wanted(phone: Phone) -> None:
    call = await completed(phone)
    schema = {"type": "object", "properties": {"pallets": {"type": "integer"}}}
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"extraction_schema": schema})
    await phone.work()
    data = (await phone.get(call["id"]))["structured_data"]
    assert set(data) == {"pallets", "evidence"}
    assert data["pallets"] == 12
    again = await phone.client.post(f"/calls/{call['id']}/extract")
    assert (again.status_code, again.json()["structured_data"]) == (200, data)


async def test_a_schema_that_is_none_does_not_keep_a_call_from_ending(phone: Phone) -> None:
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"extraction_schema": {"no": "schema"}})
    call = await completed(phone)
    assert "Des Moines" in call["raw_transcript"]
    answer = await phone.client.post(f"/calls/{call['id']}/extract")
    if call["structured_data"] is None:
        assert (answer.status_code, answer.json()["type"]) == (400, "DataExtractionError")


async def test_a_slow_or_broken_reader_does_not_hold_the_record_up(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parley.inference.errors import ProviderUnavailable

    finder: Any = phone.resources.talk_facts
    really, failures = type(finder).find, [ProviderUnavailable("down", vendor="x")]

    async def find(self: Any, *arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await really(self, *arguments)

    monkeypatch.setattr(type(finder), "find", find)
    call_id, there = await placed(phone)
    await phone.report("call_ended", ended(there, transcript_object=TALK))
    await phone.work()
    call = await phone.get(call_id)
    assert call["status"] == "completed"
    assert "Des Moines" in call["structured_data"]["current_location"], "the facts follow"
    failures.append(ProviderUnavailable("down", vendor="x"))
    answer = await phone.client.post(f"/calls/{call_id}/extract")
    assert (answer.status_code, answer.json()["type"]) == (502, "DataExtractionError")


async def test_a_calls_conversation_knows_what_the_call_came_to(phone: Phone) -> None:
    """Not what its last turn looked like: by the record."""
    mailbox = [{"role": "user", "content": "Please leave your message after the tone."}]
    for said, over, wanted in (
        ("I'm driving, on I-80 near Des Moines, there at 8 am.", {}, True),
        ("Please leave your message after the tone.", {}, False),
        ("I'm driving.", {"disconnection_reason": "error_llm_websocket_open"}, False),
    ):
        call_id, there = await placed(phone)
        ask = {"message": said, "agent_id": phone.agent, "tenant_id": phone.tenant}
        talk = (await phone.client.post("/chat/message", json=ask)).json()["conversation_id"]
        await phone.resources.calls.progress.started(phone.tenant, call_id)
        await phone.resources.calls.progress.talks(phone.tenant, call_id, talk)
        await phone.report("call_ended", {**ended(there, transcript_object=mailbox), **over})
        await phone.work()
        log = (await phone.client.get(f"/api/conversations/{talk}")).json()["conversation"]
        assert log["task_completed"] is wanted, (await phone.get(call_id))["structured_data"]


@pytest.mark.parametrize(
    ("status", "facts", "completed"),
    [
        ("completed", {"call_outcome": "In-Transit Update"}, True),
        ("completed", {"call_outcome": "Emergency Escalation"}, True),
        ("completed", {"call_outcome": "voicemail "}, False),
        ("completed", {"call_outcome": "Callback Requested"}, False),
        ("completed", {"call_outcome": None}, None),
        ("completed", {"pallets": 12}, None),
        ("completed", None, None),
        ("failed", None, False),
        ("cancelled", {"call_outcome": "In-Transit Update"}, None),
    ],
)
def test_what_a_call_came_to(status: Status, facts: dict[str, Any] | None, completed: bool | None) -> None:
    assert task_completed(status, facts) is completed


async def test_webhooks_are_told_of_calls_with_what_happens_to_them(phone: Phone) -> None:
    wanted = {"url": "https://hooks.example.com/x", "events": ["call.*"], "tenant_id": phone.tenant}
    assert (await phone.client.post("/webhook-subscriptions", json=wanted)).status_code == 201
    call_id, there = await placed(phone)
    for _ in range(2):  # whatever is told twice is passed on once
        await phone.report("call_started", started(there))
        await phone.report("call_ended", ended(there, transcript_object=TALK))
        await phone.report("call_analyzed", ended(there, transcript_object=TALK))
        await phone.work()
    cancelled = await phone.call()
    await phone.client.post(f"/calls/{cancelled['id']}/cancel")
    asked = {"tenant_id": phone.tenant}
    found = (await phone.client.get("/webhook-deliveries", params=asked)).json()["webhook_deliveries"][::-1]
    told = [(one["event"], one["payload"]["data"]) for one in found]
    assert [(event, data["id"], data["status"]) for event, data in told] == [
        ("call.started", call_id, "in_progress"),
        ("call.ended", call_id, "completed"),
        ("call.analyzed", call_id, "completed"),
        ("call.ended", cancelled["id"], "cancelled"),
    ]
    assert told[1][1] == await phone.get(call_id)
