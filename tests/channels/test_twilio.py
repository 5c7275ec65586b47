"""A call over Twilio: the signed webhook, the one-time token, sound both ways, and what is on record after."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import websockets
from sqlalchemy import text

from parley.app.resources import Resources
from tests.channels.test_chat import furnish
from tests.channels.test_voice import address
from tests.channels.twilio_peer import CALLER, Account, redirect_of, stream, stream_of, ulaw
from tests.conftest import Business
from tests.patience import PATIENCE

__all__ = ["address"]
pytestmark = pytest.mark.anyio

SPEECH = Path(__file__).parent.parent / "data" / "speech"
QUESTION = ulaw((SPEECH / "rms_close_on_sunday_phone.wav").read_bytes())
TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass
class Line:
    """A number of a business at Twilio, and an agent who answers it."""

    business: Business
    account: Account
    number: str
    agent: str

    async def dial(self, call_sid: str) -> tuple[str, str, str]:
        """Where to open the stream, its token, and where to ask again."""
        twiml = await self.account.ask(call_sid, self.number)
        return *stream_of(twiml), redirect_of(twiml)

    async def call(self) -> dict[str, Any]:
        """The one call on record."""
        [found] = (await self.business.owner.get("/calls")).json()["calls"]
        return dict(found)

    async def over(self) -> dict[str, Any]:
        """The call, once it is over."""
        async with asyncio.timeout(PATIENCE):
            while (found := await self.call())["status"] in ("initiated", "in_progress"):  # noqa: ASYNC110 - as clients do
                await asyncio.sleep(0.05)
        return found

    async def conversation(self) -> dict[str, Any]:
        [logged] = (await self.business.owner.get("/api/conversations")).json()["conversations"]
        return dict(logged)

    async def lines(self) -> list[tuple[str, str]]:
        said = (await self.conversation())["transcript"]["messages"]
        return [(one["role"], one["content"]) for one in said]


def sid() -> str:
    return f"CA{uuid4().hex}"


@pytest.fixture
async def line(business: Business, address: str) -> Line:
    greeting = {"greeting": "Good evening, this is Tony's. What can I do for you?"}
    agent = await furnish(business, prompts=greeting)
    return await made(business, address, agent)


async def made(business: Business, address: str, agent: str, token: str = TOKEN) -> Line:
    base = address.replace("ws://", "http://").removesuffix("/voice/stream")
    number = f"+4930{uuid4().int % 10**8:08}"
    keys = {"account_sid": "AC00000000000000000000000000000001", "auth_token": token}
    stored = await business.owner.put(f"/tenants/{business.id}/credentials/twilio", json=keys)
    assert stored.status_code == 204, stored.text
    body = {"number": number, "carrier": "twilio", "agent_id": agent}
    assert (await business.owner.post("/phone-numbers", json=body)).status_code == 201
    return Line(business, Account(base, token), number, agent)


async def test_a_caller_is_greeted_answered_and_on_record(line: Line) -> None:
    call = sid()
    url, token, again = await line.dial(call)
    assert url == line.account.base.replace("http", "ws") + "/twilio/media"
    ringing = await line.call()
    assert (ringing["status"], ringing["direction"], ringing["carrier"]) == ("initiated", "inbound", "twilio")
    async with stream(url, token, call) as phone:
        await phone.until("mark")
        greeted = len(phone.heard)
        assert greeted > 8000  # more than a second
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.say(QUESTION)
        await phone.until("mark", len(phone.of("mark")) + 1)
        assert (await line.call())["status"] == "in_progress"
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.hang_up()
    assert {len(one["media"]["payload"]) for one in phone.of("media")} == {216}  # 160 bytes
    ended = await line.over()
    assert (ended["status"], ended["phone_number"]) == ("completed", CALLER)
    assert ended["retell_call_id"] == call
    assert ended["duration"] >= 1
    said = await line.lines()
    assert said[0] == ("assistant", "Good evening, this is Tony's. What can I do for you?")
    assert said[1] == ("user", "what time do you close on sunday")
    assert "21:00" in said[2][1]
    logged = await line.conversation()
    assert (logged["channel"], logged["status"], logged["user_id"]) == ("phone", "ended", CALLER)
    assert "Agent: Good evening" in ended["raw_transcript"]
    assert "21:00" in ended["raw_transcript"]
    over = await line.account.ask(call, line.number, path=again.removeprefix(line.account.base))
    assert [one.tag for one in over] == ["Hangup"]


async def played(phone: Any) -> None:
    """Until the loudspeaker has been silent for a moment and no mark is out."""
    clock = asyncio.get_running_loop().time
    while phone._marks or phone._done_at > clock() - 0.3:  # noqa: ASYNC110 - sound takes its time
        await asyncio.sleep(0.05)


async def test_what_is_not_signed_does_nothing(line: Line, rival: Business, address: str) -> None:
    theirs = await made(rival, address, await furnish(rival), token="fedcba9876543210fedcba9876543210")
    url, form = f"{line.account.base}/twilio/voice", line.account.form(sid(), line.number)
    answers = [
        await line.account.post(url, form, signature=""),
        await line.account.post(url, form, signature="A" * 27 + "="),
        await line.account.post(url, form, signature="é" * 28),
        await theirs.account.post(url, form),  # another tenant's key
        await line.account.post(f"{url}?call_id=x", form, signature=_signed(line, url, form)),
        await line.account.post(url, {**form, "From": "+16085550999"}, signature=_signed(line, url, form)),
        await line.account.post(url, {**form, "To": "+4930000000"}),  # nobody's number
    ]
    assert [one.status_code for one in answers] == [401] * len(answers)
    assert {one.json()["code"] for one in answers} == {"webhook.unsigned"}
    assert (await line.business.owner.get("/calls")).json()["calls"] == []
    large = await line.account.post(url, {**form, "Padding": "x" * 70_000})
    assert large.status_code == 413


def _signed(line: Line, url: str, form: dict[str, str]) -> str:
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

    return str(RequestValidator(line.account.token).compute_signature(url, form))


async def refused(url: str, token: str, call: str, **start: Any) -> int:
    """The code a stream is closed with before it is held."""
    async with stream(url, token, call, **start) as phone:
        await asyncio.wait_for(phone.socket.wait_closed(), 10)
        assert phone.events == []
    return int(phone.socket.close_code)


async def test_a_token_is_used_once_and_for_its_own_call(line: Line, resources: Resources) -> None:
    call = sid()
    url, first, _ = await line.dial(call)
    url, token, _ = await line.dial(call)  # Twilio asked again: the first token is void
    assert await refused(url, first, call) == 1008
    assert await refused(url, token + "x", call) == 1008
    assert await refused(url, "st_nonsense", call) == 1008
    narrow = {"encoding": "audio/x-alaw", "sampleRate": 8000, "channels": 1}
    assert await refused(url, token, call, mediaFormat=narrow) == 1008
    async with stream(url, token, call) as phone:
        await phone.until("media")
        assert await refused(url, token, call) == 1008
        held = await line.account.ask(call, line.number)  # while it is held nobody gets another token
        assert [one.tag for one in held] == ["Hangup"]
        await phone.hang_up()
    await line.over()
    other = sid()
    url, token, _ = await line.dial(other)
    assert await refused(url, token, call) == 1008
    url, token, _ = await line.dial(other)
    async with resources.db.begin(line.business.id) as connection:
        await connection.execute(text("UPDATE call_streams SET expires_at = now() - interval '1 second'"))
    assert await refused(url, token, other) == 1008


@pytest.mark.parametrize("message", ["not json", '"text"', '{"event": "media"}', "x" * 70_000, b"\x00\x01"])
async def test_nonsense_before_the_start_is_refused(line: Line, message: str | bytes) -> None:
    url, _, _ = await line.dial(sid())
    async with websockets.connect(url) as socket:
        for _ in range(3):
            await socket.send(message)
        await asyncio.wait_for(socket.wait_closed(), 5)
    assert socket.close_code == 1008


async def test_malformed_frames_are_passed_over_and_too_many_end_the_stream(line: Line) -> None:
    call = sid()
    url, token, _ = await line.dial(call)
    bad: list[str | bytes] = [
        "not json",
        "[]",
        b"\x00",
        json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": "%%%"}}),
        json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": 5}}),
        json.dumps({"event": "media", "streamSid": "MZ2", "media": {"payload": "AAAA"}}),
        json.dumps({"event": "dtmf", "streamSid": "MZ1", "dtmf": {"digit": "55"}}),
        json.dumps({"event": "mark", "streamSid": "MZ1"}),
        json.dumps({"event": "media", "media": {"payload": "A" * 70_000}}),
    ]
    async with stream(url, token, call) as phone:
        await phone.until("media")
        for one in [*bad, json.dumps({"event": "new", "streamSid": "MZ1"})]:
            await phone.socket.send(one)
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.say(QUESTION)
        marks = len(phone.of("mark"))
        await phone.until("mark", marks + 1)
        for _ in range(50):
            await phone.socket.send("nonsense")
        await asyncio.wait_for(phone.socket.wait_closed(), 10)
    assert ("user", "what time do you close on sunday") in await line.lines()


async def test_the_caller_hangs_up_in_the_middle_of_a_sentence(line: Line) -> None:
    call = sid()
    url, token, _ = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("media", 60)  # 1.2 s of it
        await phone.hang_up()
    ended = await line.over()
    assert (ended["status"], ended["duration"]) == ("completed", 1)
    [(role, words)] = await line.lines()
    greeting = "Good evening, this is Tony's. What can I do for you?"
    assert role == "assistant"
    assert 0 < len(words) < len(greeting)
    assert greeting.startswith(words)


async def test_a_caller_who_speaks_clears_what_is_not_played(line: Line) -> None:
    call = sid()
    url, token, _ = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("media", 30)
        await phone.say(QUESTION)
        await phone.until("clear")
        await phone.until("mark", len(phone.of("mark")) + 1)
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.hang_up()
    await line.over()
    said = await line.lines()
    greeting = "Good evening, this is Tony's. What can I do for you?"
    assert len(said[0][1]) < len(greeting)
    assert said[1] == ("user", "what time do you close on sunday")
    assert "21:00" in said[2][1]


async def test_keys_reach_the_flow(line: Line) -> None:
    call = sid()
    url, token, _ = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
        for digit in "2125550134#":
            await phone.press(digit)
        await phone.until("mark", len(phone.of("mark")) + 1)
        await phone.hang_up()
    await line.over()
    assert ("user", "2125550134") in await line.lines()


async def asked_again(line: Line, call: str, url: str) -> Any:
    """What Twilio is told when the stream has ended, once the server has noticed that too."""
    async with asyncio.timeout(PATIENCE):
        while True:
            twiml = await line.account.ask(call, line.number, path=url.removeprefix(line.account.base))
            if twiml.find("Connect") is not None:
                return twiml
            await asyncio.sleep(0.05)


async def test_a_stream_that_breaks_is_taken_up_again(line: Line) -> None:
    """No `stop`: the caller is still there, and Twilio asks what to do next."""
    call = sid()
    url, token, again = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
    twiml = await asked_again(line, call, again)
    assert (await line.call())["status"] == "in_progress"
    url, token = stream_of(twiml)
    async with stream(url, token, call, sid="MZ2") as phone:
        await phone.say(QUESTION)
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.hang_up()
    assert (await line.over())["status"] == "completed"
    said = await line.lines()
    assert [role for role, _ in said] == ["assistant", "user", "assistant"]
    assert "21:00" in said[2][1]


async def test_a_full_server_and_an_idle_agent_reject_the_call(
    line: Line, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(resources.speech.admission, "most", 0)
        [reject] = await line.account.ask(sid(), line.number)
    assert (reject.tag, reject.get("reason")) == ("Reject", "busy")
    await line.business.owner.patch(f"/agents/{line.agent}", json={"is_active": False})
    [reject] = await line.account.ask(sid(), line.number)
    assert (reject.tag, reject.get("reason")) == ("Reject", "rejected")


async def test_a_caller_who_gives_up_while_it_rings(line: Line) -> None:
    call = sid()
    await line.dial(call)
    form = line.account.form(call, line.number, CallStatus="no-answer", CallDuration="0")
    url = f"{line.account.base}/twilio/status"
    assert (await line.account.post(url, form, signature="")).status_code == 401
    assert (await line.account.post(url, form)).status_code == 204
    assert ((await line.call())["status"], (await line.call())["reason"]) == ("failed", "no-answer")
    stopped = {**form, "StreamEvent": "stream-error", "StreamError": "31902"}
    assert (await line.account.post(url, stopped)).status_code == 204


async def test_the_carrier_may_be_faster_than_the_last_words(line: Line) -> None:
    """`completed` arrives while the call is still held here: its end is written with all that was said."""
    call = sid()
    url, token, _ = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("media", 60)
        form = line.account.form(call, line.number, CallStatus="completed", CallDuration="7")
        assert (await line.account.post(f"{line.account.base}/twilio/status", form)).status_code == 204
        assert (await line.call())["status"] == "in_progress"
        await phone.hang_up()
    assert (await line.over())["raw_transcript"].startswith("Agent: Good evening")


PERSON = "+16085550142"


@pytest.fixture
async def staffed(business: Business, address: str) -> Line:
    """A line whose agent knows a person who can be reached."""
    agent = await furnish(
        business,
        prompts={"greeting": "Good evening."},
        voice_settings={"transfer_number": "+1 608 555-0142"},
        conversation_flow={"start": "person", "nodes": {"person": {"type": "handoff"}}},
    )
    return await made(business, address, agent)


async def asks_for_a_person(line: Line, call: str) -> str:
    """The caller speaks, hears that a person takes over, and the stream ends; where Twilio asks what comes next."""
    url, token, again = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
        heard = len(phone.heard)
        await phone.say(QUESTION)
        await asyncio.wait_for(phone.socket.wait_closed(), PATIENCE)
        assert phone.socket.close_code == 1000
        assert len(phone.heard) > heard + 8000, "the words that say so come first"
        assert not phone._marks, "and are heard to their end"
    return again.removeprefix(line.account.base)


async def test_a_caller_who_wants_a_person_is_connected_after_the_words(staffed: Line) -> None:
    call = sid()
    again = await asks_for_a_person(staffed, call)
    assert (await staffed.call())["status"] == "in_progress"
    for _ in range(2):  # a webhook may come twice
        twiml = await staffed.account.ask(call, staffed.number, path=again, CallStatus="in-progress")
        [dial] = twiml
        assert (dial.tag, dial.get("method"), dial.get("callerId")) == ("Dial", "POST", None)
        assert [(one.tag, one.text) for one in dial] == [("Number", PERSON)]
    after = (dial.get("action") or "").removeprefix(staffed.account.base)
    over = await staffed.account.ask(
        call, staffed.number, path=after, CallStatus="in-progress", DialCallStatus="completed", DialCallDuration="61"
    )
    assert [one.tag for one in over] == ["Hangup"]
    ended = await staffed.over()
    assert ended["status"] == "completed"
    assert (await staffed.conversation())["status"] == "ended"
    said = await staffed.lines()
    assert said[1] == ("user", "what time do you close on sunday")
    assert "colleague" in said[2][1]


@pytest.mark.parametrize("became", ["no-answer"])
async def test_where_nobody_is_there_the_agent_goes_on(staffed: Line, became: str) -> None:
    call = sid()
    again = await asks_for_a_person(staffed, call)
    [dial] = await staffed.account.ask(call, staffed.number, path=again, CallStatus="in-progress")
    after = (dial.get("action") or "").removeprefix(staffed.account.base)
    twiml = await staffed.account.ask(call, staffed.number, path=after, CallStatus="in-progress", DialCallStatus=became)
    stream_tag = twiml.find("Connect/Stream")
    assert stream_tag is not None
    given = {one.get("name"): one.get("value") for one in stream_tag}
    assert given["returns"] == "true"
    async with stream(stream_tag.get("url", ""), given["token"] or "", call, customParameters=given) as phone:
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.hang_up()
    assert (await staffed.over())["status"] == "completed"
    assert (await staffed.lines())[-1] == (
        "assistant",
        "I'm sorry, nobody can take your call right now. Can I help you otherwise, or take a message?",
    )


async def test_who_hangs_up_while_a_person_is_called_has_hung_up(staffed: Line) -> None:
    call = sid()
    again = await asks_for_a_person(staffed, call)
    await staffed.account.ask(call, staffed.number, path=again, CallStatus="in-progress")
    form = staffed.account.form(call, staffed.number, CallStatus="completed")
    assert (await staffed.account.post(f"{staffed.account.base}/twilio/status", form)).status_code == 204
    assert (await staffed.over())["status"] == "completed"
    late = await staffed.account.ask(call, staffed.number, path=again, CallStatus="in-progress")
    assert [one.tag for one in late] == ["Hangup"]


@pytest.mark.parametrize("number", ["nobody", 5, "555-0142", "+1 608"])
async def test_a_number_that_cannot_be_dialled_is_refused(business: Business, number: Any) -> None:
    made = await business.owner.post("/agents", json={"name": "Desk", "voice_settings": {"transfer_number": number}})
    assert made.status_code == 422
    assert made.json()["detail"].startswith("voice_settings.transfer_number")


async def test_without_a_number_nobody_is_dialled(business: Business, address: str) -> None:
    agent = await furnish(
        business,
        prompts={"greeting": "Good evening."},
        conversation_flow={"start": "person", "nodes": {"person": {"type": "handoff"}}},
    )
    line = await made(business, address, agent)
    call = sid()
    url, token, _ = await line.dial(call)
    async with stream(url, token, call) as phone:
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.say(QUESTION)
        await phone.until("mark", len(phone.of("mark")) + 1)
        await asyncio.wait_for(played(phone), PATIENCE)
        assert phone.socket.close_code is None, "the talk goes on"
        await phone.hang_up()
    assert (await line.over())["status"] == "completed"
