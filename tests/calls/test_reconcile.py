"""Calls nobody reported on, calls called off, and processes that died over a call."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from parley.calls.place import CLAIM
from parley.calls.progress import ASK_AGAIN
from parley.kit.ids import new_id
from tests.calls.conftest import WHO, Phone
from tests.calls.test_report import START, ended, placed, started
from tests.wire.retell_server import Failure

pytestmark = pytest.mark.anyio

CREATE = "/v2/create-phone-call"


class Killed(BaseException):
    """The process is gone at this very point."""


async def crash(phone: Phone, monkeypatch: pytest.MonkeyPatch, *, after_dialling: bool, number: str) -> str:
    """A call whose process died between the record and the carrier's answer; its id."""
    account = await phone.resources.calls.initiation._choice.account(phone.tenant, "retell")
    carrier = account.carrier
    really = carrier.place

    async def die(order: Any) -> str:
        if after_dialling:
            await really(order)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(carrier, "place", die)
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - the test client may wrap it
            await phone.initiate(phone_number=number)
    assert caught.group_contains(Killed) if isinstance(caught.value, BaseExceptionGroup) else caught.type is Killed
    listed = (await phone.client.get("/calls", params={"tenant_id": phone.tenant, "phone_number": number})).json()
    [call] = listed["calls"]
    assert (call["status"], call["retell_call_id"]) == ("initiated", None)
    return str(call["id"])


def dialled(phone: Phone, number: str) -> int:
    return sum(call["to_number"] == number for call in phone.server.calls.values())


@pytest.mark.parametrize("after_dialling", [False, True], ids=["before dialling", "after dialling"])
async def test_a_crash_between_record_and_placing_places_once(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, after_dialling: bool
) -> None:
    number = f"+1608556{phone.server.calls_dialled:04}"
    call_id = await crash(phone, monkeypatch, after_dialling=after_dialling, number=number)
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert dialled(phone, number) == int(after_dialling), "the process may still be at it"
    phone.clock.advance(CLAIM + timedelta(seconds=1))
    await asyncio.gather(*(phone.resources.calls.reconciliation.reconcile(phone.tenant, call_id) for _ in range(5)))
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert dialled(phone, number) == 1
    call = await phone.get(call_id)
    assert phone.server.calls[call["retell_call_id"]]["to_number"] == number
    assert call["status"] == "initiated"


async def test_what_could_not_be_placed_for_long_is_not_placed_any_more(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "+16085570001"
    call_id = await crash(phone, monkeypatch, after_dialling=False, number=number)
    phone.clock.advance(timedelta(hours=2))
    await phone.resources.calls.reconciliation.reconcile(phone.tenant, call_id)
    assert dialled(phone, number) == 0
    call = await phone.get(call_id)
    assert (call["status"], call["reason"]) == ("failed", "never_placed")


@pytest.mark.parametrize("after_dialling", [False, True], ids=["before dialling", "after dialling"])
async def test_a_call_that_is_cancelled_before_its_crash_is_found_out_is_not_placed(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, after_dialling: bool
) -> None:
    number = f"+1608558{phone.server.calls_dialled:04}"
    call_id = await crash(phone, monkeypatch, after_dialling=after_dialling, number=number)
    assert (await phone.client.post(f"/calls/{call_id}/cancel")).json()["status"] == "cancelled"
    phone.clock.advance(CLAIM + timedelta(seconds=1))
    for _ in range(2):
        await phone.resources.calls.reconciliation.watch()
        await phone.work()
    there = [call for call in phone.server.calls.values() if call["to_number"] == number]
    assert [call["call_status"] for call in there] == (["ended"] if after_dialling else [])
    assert (await phone.get(call_id))["status"] == "cancelled"
    assert (await phone.record(call_id)).check_at is None


async def test_a_call_that_is_cancelled_while_it_is_placed_is_stopped(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await phone.resources.calls.initiation._choice.account(phone.tenant, "retell")
    dialling, go_on = asyncio.Event(), asyncio.Event()
    really = account.carrier.place

    async def slowly(order: Any) -> str:
        dialling.set()
        await go_on.wait()
        return await really(order)

    monkeypatch.setattr(account.carrier, "place", slowly)
    placing = asyncio.create_task(phone.initiate())
    await dialling.wait()
    [waiting] = (await phone.client.get("/calls", params={"tenant_id": phone.tenant})).json()["calls"]
    assert (await phone.client.post(f"/calls/{waiting['id']}/cancel")).json()["status"] == "cancelled"
    go_on.set()
    answer = (await placing).json()
    assert answer["status"] == "cancelled"
    assert phone.server.calls[answer["retell_call_id"]]["call_status"] == "ended"


async def test_cancelling_works_in_every_state_and_twice(phone: Phone) -> None:
    call_id, there = await placed(phone)
    for _ in range(2):
        answer = await phone.client.post(f"/calls/{call_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert there["disconnection_reason"] == "manual_stopped"
    assert len([one for one in phone.server.requests("/v2/stop-call") if there["call_id"] in one.path]) == 1

    call_id, there = await placed(phone)
    await phone.report("call_started", started(there))
    await phone.work()
    cancelled = (await phone.client.post(f"/calls/{call_id}/cancel")).json()
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "cancelled")
    await phone.report("call_ended", ended(there, "manual_stopped"))
    await phone.work()
    after = await phone.get(call_id)
    assert after["status"] == "cancelled"
    assert "Des Moines" in after["raw_transcript"], "what had been said is added"

    call_id, there = await placed(phone)
    await phone.report("call_ended", ended(there))
    await phone.work()
    assert (await phone.client.post(f"/calls/{call_id}/cancel")).json()["status"] == "completed"
    unknown = await phone.client.post(f"/calls/{new_id()}/cancel")
    assert unknown.status_code == 404


async def test_a_carrier_that_cannot_be_told_to_stop_is_told_again(phone: Phone) -> None:
    call_id, there = await placed(phone)
    phone.server.fail("/v2/stop-call", *[Failure(500, headers={"x-should-retry": "false"})])
    answer = await phone.client.post(f"/calls/{call_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert there["call_status"] == "registered"
    phone.clock.advance(timedelta(minutes=1))
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert there["call_status"] == "ended"
    assert (await phone.record(call_id)).stop_wanted is False


async def test_a_call_without_an_end_event_is_settled(phone: Phone) -> None:
    call_id, there = await placed(phone)
    await phone.report("call_started", started(there))
    await phone.work()
    there |= {"call_status": "ongoing"}
    phone.clock.advance(ASK_AGAIN + timedelta(seconds=1))
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert (await phone.get(call_id))["status"] == "in_progress", "it is still going on"
    there |= ended(there)
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert (await phone.get(call_id))["status"] == "in_progress", "it was asked about a moment ago"
    phone.clock.advance(ASK_AGAIN + timedelta(seconds=1))
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    done = await phone.get(call_id)
    assert (done["status"], done["duration"]) == ("completed", 61)
    assert "Des Moines" in done["raw_transcript"]


async def test_a_call_the_carrier_has_lost_has_failed(phone: Phone) -> None:
    call_id, there = await placed(phone)
    del phone.server.calls[there["call_id"]]
    phone.clock.advance(ASK_AGAIN + timedelta(seconds=1))
    phone.server.fail("/v2/get-call", *[Failure(503, headers={"x-should-retry": "false"})])
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert (await phone.get(call_id))["status"] == "initiated", "a carrier that is down says nothing about the call"
    phone.clock.advance(ASK_AGAIN)
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    call = await phone.get(call_id)
    assert (call["status"], call["reason"]) == ("failed", "unknown_to_carrier")


async def test_a_report_whose_worker_died_is_not_lost(phone: Phone) -> None:
    """Its job is gone; what was reported is still there."""
    call_id, there = await placed(phone)
    await phone.report("call_ended", ended(there))
    from sqlalchemy import text

    async with phone.resources.db.begin(phone.tenant) as connection:
        await connection.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'calls.report'"))
    await phone.work()
    assert (await phone.get(call_id))["status"] == "initiated"
    phone.clock.advance(ASK_AGAIN + timedelta(seconds=1))
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert (await phone.get(call_id))["status"] == "completed"
    assert phone.server.requests(f"/v2/get-call/{there['call_id']}") == [], "it was told already"


async def test_an_announced_call_that_never_arrives_frees_its_line(phone: Phone) -> None:
    call = await phone.resources.calls.progress.announced(phone.tenant, phone.agent, 1, "retell", None, "+4930901820")
    phone.clock.advance(timedelta(minutes=4))
    await phone.resources.calls.reconciliation.watch()
    await phone.work()
    assert (await phone.get(call.id))["status"] == "failed"


async def test_who_dials_a_line_is_known(phone: Phone) -> None:
    """By the secret of the line; a call placed a moment ago may not have our record's id yet."""
    answering, secrets = phone.resources.calls.answering, phone.resources.calls.secrets
    call_id, there = await placed(phone)
    token = secrets.token(phone.agent)
    from parley.kit.errors import NotFound

    for wrong in (None, "", secrets.token(new_id()), token + "x"):
        with pytest.raises(NotFound):
            await answering.answer(wrong, there["call_id"])
    answered = await answering.answer(token, there["call_id"])
    assert (answered.id, answered.status) == (call_id, "in_progress")
    assert (await answering.answer(None, there["call_id"])).id == call_id

    phone.server.calls["call_early"] = {**there, "call_id": "call_early", "metadata": None, "direction": "inbound"}
    unheard = await answering.answer(token, "call_early")
    assert (unheard.direction, unheard.agent_config_id, unheard.status) == ("inbound", phone.agent, "in_progress")
    with pytest.raises(NotFound):
        await answering.answer(token, "call_made_up")
    await phone.report("call_ended", ended(there))
    await phone.work()
    for late in (token, None):
        with pytest.raises(NotFound):
            await answering.answer(late, there["call_id"])


async def test_a_conversation_on_the_call_is_its_transcript(phone: Phone) -> None:
    call_id, there = await placed(phone)
    said = {"message": "I'm on I-80 near Des Moines.", "agent_id": phone.agent, "tenant_id": phone.tenant}
    turn = (await phone.client.post("/chat/message", json=said)).json()
    await phone.resources.calls.progress.started(phone.tenant, call_id)
    await phone.resources.calls.progress.talks(phone.tenant, call_id, turn["conversation_id"])
    shown = (await phone.client.get(f"/calls/{call_id}/transcript")).json()
    assert [line["role"] for line in shown["messages"]] == ["user", "agent"]
    assert shown["messages"][0]["message_id"] is not None
    assert shown["raw"].startswith("User: I'm on I-80 near Des Moines.\nAgent: ")
    await phone.report("call_ended", ended(there, transcript_object=[{"role": "user", "content": "misheard"}]))
    await phone.work()
    done = await phone.get(call_id)
    assert done["raw_transcript"] == shown["raw"]
    talk = await phone.resources.transcripts.get(phone.tenant, turn["conversation_id"])
    assert talk.conversation.status == "ended"


async def test_the_line_keeps_an_ended_calls_time_from_its_start(phone: Phone) -> None:
    call_id, there = await placed(phone)
    await phone.report("call_ended", ended(there, end_timestamp=START + 200))
    await phone.work()
    assert (await phone.get(call_id))["duration"] == 1


async def test_publishing_an_agent(phone: Phone) -> None:
    """Made when its carrier is named, brought up to date on every change, and compared on demand."""
    resources = phone.resources
    before = len(phone.server.agents)
    await phone.work()
    assert len(phone.server.agents) == before, "a dispatch agent by itself is nobody's at Retell"
    await resources.agents.change(
        WHO, phone.tenant, phone.agent, {"voice_settings": {"carrier": "retell", "speed": 1.2}}
    )
    await phone.work()
    [made] = list(phone.server.agents.values())[before:]
    url = made[0]["response_engine"]["llm_websocket_url"]
    assert url == f"wss://parley.example/retell/llm/{resources.calls.secrets.token(phone.agent)}"
    assert made[0]["webhook_url"] == "https://parley.example/webhooks/retell"
    assert (made[0]["voice_speed"], made[0]["is_published"]) == (1.2, True)
    [found] = await resources.calls.lines.drift(phone.tenant)
    assert (found.agent_id, list(found.differences)) == (phone.agent, [])

    await resources.agents.change(WHO, phone.tenant, phone.agent, {"name": "Renamed"})
    [found] = await resources.calls.lines.drift(phone.tenant)
    assert any("agent_name" in one for one in found.differences)
    await phone.work()
    assert made[-1]["agent_name"] == "Renamed"
    assert made[-1]["is_published"]
    [found] = await resources.calls.lines.drift(phone.tenant)
    assert list(found.differences) == []
    call = await phone.call()
    assert phone.server.calls[call["retell_call_id"]]["agent_version"] == made[-1]["version"]


async def test_two_first_calls_at_once_make_one_agent(phone: Phone) -> None:
    before = len(phone.server.agents)
    await asyncio.gather(*(phone.call(phone_number=f"+1608559{n:04}") for n in range(4)))
    assert len(phone.server.agents) == before + 1
