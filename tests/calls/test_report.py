"""Webhooks: who may send one, and that twice, late, out of order and unknown change nothing."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.calls import CallRecord
from parley.calls.outcome import outcome_of
from parley.calls.record import LEGAL
from parley.inference.carrier import CarrierCall
from parley.inference.retell_call import SIGNATURE_HEADER, is_signed, read_call, sign
from parley.kit.ids import new_id
from tests.calls.conftest import DRIVER, KEY, NOON, WHO, Phone

pytestmark = pytest.mark.anyio

START = 1767225600000
LINES = [
    {"role": "agent", "content": "Hi Mo, where are you?", "words": [{"word": "Hi", "start": 0.5, "end": 0.7}]},
    {"role": "user", "content": "On I-80 near Des Moines."},
]


def started(call: dict[str, Any]) -> dict[str, Any]:
    known = {name: call[name] for name in ("call_id", "agent_id", "from_number", "to_number", "metadata", "direction")}
    return {**known, "call_type": "phone_call", "call_status": "ongoing", "start_timestamp": START}


def ended(call: dict[str, Any], reason: str = "user_hangup", **more: Any) -> dict[str, Any]:
    over = {"call_status": "ended", "end_timestamp": START + 61_400, "disconnection_reason": reason}
    return {**started(call), **over, "transcript_object": LINES, **more}


async def placed(phone: Phone) -> tuple[str, dict[str, Any]]:
    """Our id and Retell's call."""
    call = await phone.call()
    return call["id"], phone.server.calls[call["retell_call_id"]]


def test_the_signature_is_retells_own() -> None:
    """As `retell.lib` verifies it, which is what a client of theirs runs."""
    from retell.lib import verify

    now = round(__import__("time").time() * 1000)
    body = '{"event":"call_ended","name":"Jürgen"}'
    header = sign(body.encode(), KEY, now)
    assert verify(body, KEY, header)  # type: ignore[no-untyped-call]
    assert is_signed(body.encode(), KEY, header, now)
    assert not is_signed(body.encode(), "another", header, now)
    assert not is_signed(body.encode(), "", sign(body.encode(), "", now), now)


async def test_an_unsigned_webhook_is_refused_before_any_work(phone: Phone) -> None:
    call_id, call = await placed(phone)
    raw = json.dumps({"event": "call_started", "call": started(call)}).encode()
    now = round(NOON.timestamp() * 1000)
    good = sign(raw, KEY, now)
    wrong: list[str | None] = [
        None, "", "v=1,d=2", good.upper(), good + " ", sign(raw, "another key", now), sign(raw + b" ", KEY, now),
        sign(raw, KEY, now - 300_001), sign(raw, KEY, now + 300_001),
    ]  # fmt: skip
    for header in wrong:
        headers = {} if header is None else {SIGNATURE_HEADER: header}
        for path in ("", "/inbound", "/conversation", "/call-ended"):
            answer = await phone.client.post(f"/webhooks/retell{path}", content=raw, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "webhook.unsigned"), header
    await phone.work()
    assert (await phone.get(call_id))["status"] == "initiated"
    for moment in (now - 299_999, now + 299_999):
        headers = {SIGNATURE_HEADER: sign(raw, KEY, moment)}
        assert (await phone.client.post("/webhooks/retell", content=raw, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["", "/call-ended", "/conversation"])
async def test_a_call_from_ring_to_record(phone: Phone, path: str) -> None:
    call_id, call = await placed(phone)
    assert (await phone.report("call_started", started(call), path=path)).status_code == 200
    await phone.work()
    assert (await phone.get(call_id))["status"] == "in_progress"
    assert (await phone.report("call_ended", ended(call), path=path)).status_code == 200
    await phone.work()
    done = await phone.get(call_id)
    assert (done["status"], done["duration"], done["reason"]) == ("completed", 61, "user_hangup")
    assert done["raw_transcript"] == "Agent: Hi Mo, where are you?\nUser: On I-80 near Des Moines."
    assert done["completed_at"].startswith("2026-01-01T00:01:01")
    said = (await phone.client.get(f"/calls/{call_id}/transcript")).json()
    assert (said["call_id"], said["raw"]) == (call_id, done["raw_transcript"])
    assert [(line["role"], line["content"]) for line in said["messages"]] == [
        ("agent", "Hi Mo, where are you?"),
        ("user", "On I-80 near Des Moines."),
    ]
    assert said["messages"][0]["at"].startswith("2026-01-01T00:00:00.5")


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        ("ended", "agent_hangup", "completed"),
        ("ended", "voicemail_reached", "completed"),
        ("ended", "call_transfer", "completed"),
        ("ended", None, "completed"),
        ("ended", "manual_stopped", "cancelled"),
        ("ended", "error_llm_websocket_open", "failed"),
        ("ended", "dial_no_answer", "failed"),
        ("not_connected", "dial_busy", "failed"),
        ("error", "error_retell", "failed"),
    ],
)
def test_how_a_call_ended(status: Any, reason: str | None, outcome: str) -> None:
    assert outcome_of(CarrierCall("c", status, reason=reason)) == outcome


async def test_a_call_that_never_connected_has_failed_without_a_duration(phone: Phone) -> None:
    """No call_started comes of those."""
    call_id, call = await placed(phone)
    known = {name: call[name] for name in ("call_id", "agent_id", "metadata")}
    await phone.report("call_ended", {**known, "call_status": "not_connected", "disconnection_reason": "dial_busy"})
    await phone.work()
    failed = await phone.get(call_id)
    assert (failed["status"], failed["reason"], failed["duration"]) == ("failed", "dial_busy", None)


async def test_a_bare_end_is_enough(phone: Phone) -> None:
    call_id, call = await placed(phone)
    await phone.report("call_ended", {"call_id": call["call_id"]})
    await phone.work()
    assert (await phone.get(call_id))["status"] == "completed"


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(9)), seed=st.integers(0, 10**6))
async def test_in_whatever_order_they_come(phone: Phone, order: list[int], seed: int) -> None:
    """Every event three times, each copy altered a little; shuffled, worked off in between or at the end."""
    phone.clock._now = NOON
    call_id, call = await placed(phone)
    events: list[tuple[str, dict[str, Any]]] = [
        ("call_started", started(call)),
        ("call_ended", ended(call)),
        ("call_analyzed", ended(call, call_analysis={"call_successful": True})),
    ]
    drawn = random.Random(seed)
    seen: list[str] = []
    for number in order:
        event, told = events[number % 3]
        assert (await phone.report(event, told, event_timestamp=number // 3)).status_code == 200
        if drawn.random() < 0.3:
            await phone.work()
            seen.append((await phone.get(call_id))["status"])
    await phone.work()
    done = await phone.get(call_id)
    seen = ["initiated", *seen, done["status"]]
    steps = [(a, b) for a, b in pairwise(seen) if a != b]
    assert all(b in LEGAL[a] or (a, b) == ("initiated", "completed") for a, b in steps), steps  # type: ignore[index]
    assert (done["status"], done["duration"], done["reason"]) == ("completed", 61, "user_hangup")
    assert done["raw_transcript"].count("\n") == 1
    assert (await phone.record(call_id)).check_at is None


async def test_what_came_first_stays(phone: Phone) -> None:
    """A late start does not reopen a call, another end does not change how it ended."""
    call_id, call = await placed(phone)
    await phone.report("call_ended", ended(call, "error_asr"))
    await phone.work()
    await phone.report("call_ended", ended(call, "user_hangup"))
    await phone.report("call_started", started(call))
    await phone.work()
    assert (await phone.get(call_id))["status"] == "failed"
    assert (await phone.get(call_id))["reason"] == "error_asr"


async def test_calls_of_nobody_are_passed_over(phone: Phone) -> None:
    for event in ("call_started", "call_ended", "call_analyzed", "transcript_updated", "chat_started", "", 7):
        told = {"call_id": f"call_{new_id()}", "agent_id": "agent_x", "metadata": {"parley_call_id": new_id()}}
        answer = await phone.post(json.dumps({"event": event, "call": told}).encode())
        assert (answer.status_code, answer.json()) == (200, {})
    for body in (
        b"{}",
        b'{"event":"call_ended"}',
        b'{"event":"call_ended","call":[]}',
        b'{"event":"call_ended","call":{}}',
    ):
        assert (await phone.post(body)).status_code == 200
    for body in (b"", b"[]", b"{", b"null"):
        assert (await phone.post(body)).status_code == 422
    strange = {"call_id": "x" * 500, "metadata": 5, "start_timestamp": "soon", "transcript_object": {"a": 1}}
    assert (await phone.report("call_started", strange)).status_code == 200


async def test_text_postgresql_cannot_keep_is_left_out(phone: Phone) -> None:
    call_id, call = await placed(phone)
    lines = [{"role": "user", "content": "On\x00 I-80"}]
    assert (await phone.report("call_ended", ended(call, transcript_object=lines))).status_code == 200
    await phone.work()
    assert (await phone.get(call_id))["raw_transcript"] == "User: On I-80"


async def test_the_words_of_a_report_are_kept_until_it_is_applied(phone: Phone) -> None:
    _, call = await placed(phone)
    await phone.report("call_ended", ended(call))
    from parley.calls import store

    async def kept() -> list[Any]:
        async with phone.resources.db.begin(phone.tenant) as connection:
            return [event.payload for event in await store.events.page(connection, phone.tenant, 10, None)]

    assert "Des Moines" in str(await kept())
    await phone.work()
    assert await kept() == [None]


async def test_a_tenants_own_account_speaks_of_its_own_calls_alone(phone: Phone) -> None:
    call_id, call = await placed(phone)
    own = "key_of_the_tenants_own"
    url = "/tenants/{}/credentials/retell"
    await phone.client.put(url.format(phone.tenant), json={"api_key": own})
    rival = await phone.resources.businesses.create(WHO, {"name": "Rival"})
    theirs = "key_of_the_rival"
    await phone.client.put(url.format(rival.id), json={"api_key": theirs})
    choice = phone.resources.calls.initiation._choice
    choice._own.clear()  # type: ignore[attr-defined]
    assert (await phone.report("call_ended", ended(call), key=theirs)).status_code == 401
    guessed = {"call_id": "call_made_up", "metadata": {"parley_call_id": call_id}}
    assert (await phone.report("call_ended", guessed, key=theirs)).status_code == 401
    assert (await phone.report("call_ended", {"call_id": "call_unknown"}, key=theirs)).status_code == 401
    assert (await phone.post(b"[]", key=theirs)).status_code == 401
    assert (await phone.report("call_ended", ended(call), key=own)).status_code == 200
    await phone.work()
    assert (await phone.get(call_id))["status"] == "completed"


async def number_of(phone: Phone) -> str:
    number = f"+4930{random.randrange(10**7, 10**8)}"
    phone.server.numbers[number] = {"phone_number": number}
    body = {"number": number, "carrier": "retell", "agent_id": phone.agent, "tenant_id": phone.tenant}
    assert (await phone.client.post("/phone-numbers", json=body)).status_code == 201
    await phone.work()
    return number


async def test_a_call_that_comes_in_is_answered_by_the_numbers_agent(phone: Phone) -> None:
    number = await number_of(phone)
    announced = {"agent_id": "agent_of_the_number", "from_number": DRIVER, "to_number": number}
    raw = json.dumps({"event": "call_inbound", "call_inbound": announced}).encode()
    answer = (await phone.post(raw, path="/inbound")).json()["call_inbound"]
    assert answer["override_agent_id"] in phone.server.agents
    assert answer["dynamic_variables"]["caller_number"] == DRIVER
    call_id = answer["metadata"]["parley_call_id"]
    call = await phone.get(call_id)
    assert (call["direction"], call["status"], call["phone_number"], call["own_number"]) == (
        "inbound", "initiated", DRIVER, number,
    )  # fmt: skip
    assert call["agent_config_id"] == phone.agent
    told = {"call_id": f"call_in_{new_id()}", "agent_id": answer["override_agent_id"], "metadata": answer["metadata"]}
    told |= {"from_number": DRIVER, "to_number": number, "direction": "inbound"}
    await phone.report("call_started", started(told))
    await phone.work()
    assert (await phone.get(call_id))["status"] == "in_progress"
    assert (await phone.get(call_id))["retell_call_id"] == told["call_id"]
    await phone.report("call_ended", ended(told))
    await phone.work()
    assert (await phone.get(call_id))["status"] == "completed"
    listed = await phone.client.get("/calls", params={"tenant_id": phone.tenant, "direction": "inbound"})
    assert len(listed.json()["calls"]) == 1


async def test_a_call_that_was_not_announced_is_on_record_all_the_same(phone: Phone) -> None:
    number = await number_of(phone)
    told = {"call_id": f"call_in_{new_id()}", "agent_id": "agent_unknown", "metadata": None}
    told |= {"from_number": "anonymous", "to_number": number, "direction": "inbound"}
    await phone.report("call_ended", ended(told))
    await phone.report("call_started", started(told))
    await phone.work()
    listed = (await phone.client.get("/calls", params={"tenant_id": phone.tenant})).json()["calls"]
    assert [(call["status"], call["phone_number"], call["own_number"]) for call in listed] == [
        ("completed", "", number)
    ]


async def test_a_number_of_nobody_gets_no_agent(phone: Phone) -> None:
    raw = json.dumps({"event": "call_inbound", "call_inbound": {"to_number": "+4930111222", "agent_id": "x"}}).encode()
    assert (await phone.post(raw)).json() == {"call_inbound": {}}
    assert (await phone.post(b'{"event":"call_inbound"}')).json() == {"call_inbound": {}}


async def test_the_transcript_so_far_is_seen_and_an_older_one_does_not_shorten_it(phone: Phone) -> None:
    call_id, call = await placed(phone)
    await phone.report("call_started", started(call))
    await phone.report("transcript_updated", {**started(call), "transcript_object": LINES})
    await phone.report("transcript_updated", {**started(call), "transcript_object": LINES[:1]})
    await phone.work()
    said = (await phone.client.get(f"/calls/{call_id}/transcript")).json()
    assert len(said["messages"]) == 2
    assert (await phone.get(call_id))["status"] == "in_progress"


@pytest.mark.parametrize(("mode", "kept"), [("masked", True), ("metadata_only", False)])
async def test_words_are_kept_as_the_agent_keeps_them(phone: Phone, mode: str, kept: bool) -> None:
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"privacy": {"mode": mode}})
    call_id, call = await placed(phone)
    lines = [{"role": "user", "content": "My name is Quillon Abernatter, call me at +49 30 23125017."}]
    await phone.report("call_ended", ended(call, transcript_object=lines, transcript="My name is Quillon Abernatter"))
    await phone.work()
    shown = await phone.client.get(f"/calls/{call_id}/transcript")
    record: CallRecord = await phone.record(call_id)
    assert "Quillon" not in shown.text + str(record)
    assert "23125017" not in shown.text + str(record)
    assert bool(record.raw_transcript) is kept
    assert record.status == "completed"


async def test_asking_not_to_be_called_again_is_heard(phone: Phone) -> None:
    call_id, call = await placed(phone)
    lines = [{"role": "user", "content": "Take me off your list, please, and don't call me again."}]
    await phone.report("call_ended", ended(call, transcript_object=lines))
    await phone.work()
    listed = (await phone.client.get("/suppressions", params={"tenant_id": phone.tenant})).json()["suppressions"]
    assert [(one["phone_number"], one["source"], one["call_id"]) for one in listed] == [(DRIVER, "call", call_id)]
    assert (await phone.initiate()).json()["code"] == "call.suppressed"
    assert (await phone.client.delete(f"/suppressions/{listed[0]['id']}")).status_code == 204
    phone.clock.advance(timedelta(minutes=1))
    assert (await phone.initiate()).status_code == 201


def test_a_call_object_is_read_leniently() -> None:
    assert read_call({}) is None
    assert read_call({"call_id": 5}) is None
    told = read_call({"call_id": "c", "duration_ms": True, "start_timestamp": -1, "call_status": "strange"})
    assert told is not None
    assert (told.status, told.seconds, told.started_at) == ("ongoing", None, None)
    over = read_call({"call_id": "c", "disconnection_reason": "user_hangup", "duration_ms": 400})
    assert over is not None
    assert (over.status, over.seconds) == ("ended", 0.4)
