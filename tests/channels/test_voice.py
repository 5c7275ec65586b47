"""Speech in, an answer from the business's knowledge out, entirely on this machine."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from parley.app.resources import Resources
from parley.inference.speech import Voice
from parley.kit.opus import OpusDecoder, OpusEncoder
from tests.channels.test_chat import furnish
from tests.conftest import Business
from tests.patience import PATIENCE
from tests.serving import on_a_port

pytestmark = pytest.mark.anyio

SOUNDS = Path(__file__).parent / "sounds"
QUESTION = (SOUNDS / "when_do_you_close_on_sunday.wav").read_bytes()


@pytest.fixture
async def address(app: Any) -> AsyncIterator[str]:
    """The true app on a port: sockets of the client and the server are real."""
    async with on_a_port(app) as port:
        yield f"ws://127.0.0.1:{port}/voice/stream"


def bearer(business: Business) -> dict[str, str]:
    return {"Authorization": business.owner.headers["authorization"]}


@asynccontextmanager
async def call(address: str, business: Business | None = None, query: str = "") -> AsyncIterator[Any]:
    headers = bearer(business) if business else {}
    async with websockets.connect(address + query, additional_headers=headers, max_size=None) as line:
        yield line


async def until(line: Any, *names: str) -> list[dict[str, Any]]:
    """Events up to the first of `names`, that one included."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while not seen or seen[-1]["event"] not in names:
            seen.append(json.loads(await line.recv()))
    return seen


def chunk(data: bytes) -> str:
    return json.dumps({"event": "audio_chunk", "data": base64.b64encode(data).decode()})


def of(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == name]


async def spoken_reply(line: Any) -> list[dict[str, Any]]:
    """Events up to the last piece of the first reply."""
    events: list[dict[str, Any]] = []
    while not (events and events[-1]["event"] == "audio_response" and events[-1]["last"]):
        events += await until(line, "audio_response")
    return events


async def test_the_minimal_client_is_answered(business: Business, address: str) -> None:
    """It sends a whole file, then nothing, and reads only transcripts and sound."""
    await furnish(business)
    async with call(address, business) as line:
        await line.send(chunk(QUESTION))
        events = await spoken_reply(line)
    assert of(events, "transcript_final")[0]["text"] == "what time do you close on sunday"
    assert "21:00" in "".join(event["text"] for event in of(events, "reply_delta"))
    assert of(events, "transcript_partial")
    with wave.open(io.BytesIO(base64.b64decode(of(events, "audio_response")[0]["data"]))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16_000)
        assert sound.getnframes() > 1000


async def test_slices_and_g711_are_heard_too(business: Business, address: str) -> None:
    await furnish(business)
    import numpy as np
    import soxr

    from parley.kit.audio import encode

    with wave.open(io.BytesIO(QUESTION)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    narrow = encode(soxr.resample(samples, 16_000, 8_000).astype(np.int16).tobytes(), "mulaw", 8_000)
    start = {"event": "start", "input": {"encoding": "mulaw"}, "output": {"encoding": "mulaw", "sample_rate": 8000}}
    async with call(address, business) as line:
        await line.send(json.dumps(start))
        await until(line, "ready")
        await line.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        events = await until(line, "transcript_final")
        for at in range(0, len(narrow), 160):
            await line.send(chunk(narrow[at : at + 160]))
        events += await until(line, "ended", "metrics")
    assert of(events, "transcript_final")[0]["kind"] == "text"


@pytest.mark.parametrize("binary", [True, False])
async def test_opus_is_heard_and_spoken(business: Business, address: str, binary: bool) -> None:
    await furnish(business)
    with wave.open(io.BytesIO(QUESTION)) as file:
        asked = OpusEncoder(16_000).push(file.readframes(file.getnframes()))
    opus = {"encoding": "opus", "sample_rate": 48_000}
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start", "input": opus, "output": opus, "binary": binary}))
        assert (await until(line, "ready"))[-1]["event"] == "ready"
        await line.send(json.dumps({"event": "interrupt"}))  # the greeting
        await line.send(b"\xff" * 40 if binary else chunk(b"\xff" * 40))
        assert "Opus" in (await until(line, "error"))[-1]["detail"]
        for packet in asked:
            await line.send(packet if binary else chunk(packet))
        events, packets = await reply_in_packets(line)
    assert of(events, "transcript_final")[0]["text"] == "what time do you close on sunday"
    decoder = OpusDecoder()
    heard = b"".join(decoder.push(packet) for packet in packets)
    assert len(heard) == len(packets) * 2 * 960
    assert len(heard) / 2 / 48_000 > 1


async def reply_in_packets(line: Any) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Events and raw sound of the first answer, up to its metrics."""
    events: list[dict[str, Any]] = []
    packets: list[bytes] = []
    async with asyncio.timeout(PATIENCE):
        while not of(events, "metrics"):
            message = await line.recv()
            if isinstance(message, bytes):
                packets.append(message)
                continue
            events.append(json.loads(message))
            if events[-1]["event"] == "clear":
                packets.clear()
            if events[-1]["event"] == "audio_response" and events[-1]["data"]:
                packets.append(base64.b64decode(events[-1]["data"]))
    return events, packets


async def test_what_was_said_is_in_the_log(business: Business, address: str) -> None:
    await furnish(business)
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "ready")
        await line.send(json.dumps({"event": "text", "text": "How much is the tiramisu?"}))
        [told] = of(await until(line, "metrics"), "conversation")
        await line.send(json.dumps({"event": "end"}))
        assert (await until(line, "ended"))[-1]["reason"] == "hung_up"
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    assert logged["id"] == told["conversation_id"]
    assert (logged["channel"], logged["status"]) == ("voice", "ended")
    assert "7.50" in logged["transcript"]["messages"][-1]["content"]


async def test_who_loses_the_line_goes_on_with_the_same_conversation(business: Business, address: str) -> None:
    """A phone that changes networks says nothing; a page that is closed does."""
    await furnish(business)
    async with call(address, business) as line:
        await line.send(chunk(QUESTION))
        [begun] = of(await spoken_reply(line), "conversation")
        line.transport.abort()
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start", "conversation_id": begun["conversation_id"]}))
        await line.send(chunk(QUESTION))
        assert of(await spoken_reply(line), "conversation") in ([], [begun])
        path = f"/api/conversations/{begun['conversation_id']}"
        assert (await business.owner.get(path)).json()["conversation"]["status"] == "open"
    async with asyncio.timeout(PATIENCE):
        while (log := (await business.owner.get(path)).json()["conversation"])["status"] != "ended":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    said = [line["content"] for line in log["transcript"]["messages"] if line["role"] == "user"]
    assert len(said) == 2
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start", "conversation_id": begun["conversation_id"]}))
        assert (await until(line, "error"))[-1]["code"] == "conversation.ended"


async def test_the_greeting_is_kept_as_it_was_heard(business: Business, address: str) -> None:
    await furnish(business, prompts={"greeting": "Good evening, this is Tony's. What can I do for you?"})
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        assert (await until(line, "reply_heard"))[-1]["complete"]
        await line.send(json.dumps({"event": "text", "text": "How much is the tiramisu?"}))
        await until(line, "metrics")
        await line.send(json.dumps({"event": "end"}))
        await until(line, "ended")
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "mark")  # its first phrase is on its way
        await line.send(json.dumps({"event": "end"}))
        heard = of(await until(line, "ended"), "reply_heard")[0]["text"]
    abandoned, whole = (await business.owner.get("/api/conversations")).json()["conversations"]
    said = [(message["role"], message["content"]) for message in whole["transcript"]["messages"]]
    assert said[:2] == [
        ("assistant", "Good evening, this is Tony's. What can I do for you?"),
        ("user", "How much is the tiramisu?"),
    ]
    assert 0 < len(heard) < len(said[0][1])
    assert abandoned["transcript"]["messages"] == [{"role": "assistant", "content": heard}]
    assert (abandoned["status"], abandoned["channel"], abandoned["turn_count"]) == ("ended", "voice", 0)


async def test_an_interrupted_reply_is_kept_as_far_as_it_was_heard(business: Business, address: str) -> None:
    await furnish(business)
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "ready")
        await line.send(json.dumps({"event": "text", "text": "When are you open?"}))
        await until(line, "audio_response")
        await line.send(json.dumps({"event": "interrupt"}))
        events = await until(line, "reply_heard")
        await line.send(json.dumps({"event": "end"}))
        await until(line, "ended")
    assert of(events, "clear")
    heard = events[-1]
    assert heard["complete"] is False
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    assert logged["transcript"]["messages"][-1]["content"] in (heard["text"], "When are you open?")


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("not json", "JSON"),
        ('{"event": "audio_chunk"}', "data"),
        ('{"event": "audio_chunk", "data": "%%%"}', "base64"),
        ('{"event": "dance"}', "dance"),
        ('{"event": "dtmf", "digit": "12"}', "digit"),
        ('{"event": "start"}', "started"),
        (chunk(b"RIFF\0\0\0\0AVI fmt rubbish"), "WAV"),
    ],
)
async def test_a_bad_message_gets_an_error_and_the_session_goes_on(
    business: Business, address: str, message: str, named: str
) -> None:
    await furnish(business)
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "ready")
        await line.send(message)
        assert named in (await until(line, "error"))[-1]["detail"]
        await line.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        assert await until(line, "metrics")


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ({"event": "start"}, 4401),
        ({"event": "start", "token": "nonsense"}, 4401),
    ],
)
async def test_a_stranger_is_refused(address: str, start: dict[str, Any], code: int) -> None:
    async with call(address) as line:
        await line.send(json.dumps(start))
        assert (await until(line, "error"))[0]["code"].startswith("auth.")
        await line.wait_closed()
    assert line.close_code == code


async def test_a_ticket_opens_once_and_unknown_agents_do_not(business: Business, rival: Business, address: str) -> None:
    await furnish(business)
    foreign = await furnish(rival)
    ticket = (await business.owner.post("/auth/ticket")).json()["ticket"]
    async with call(address, query=f"?ticket={ticket}") as line:
        await line.send(json.dumps({"event": "start"}))
        assert (await until(line, "ready", "error"))[-1]["event"] == "ready"
    async with call(address, query=f"?ticket={ticket}") as line:
        await line.send(json.dumps({"event": "start"}))
        assert (await until(line, "error"))[0]["code"] == "auth.ticket_invalid"
    async with call(address, query=f"?ticket={ticket}") as line:  # nor is anything waited for
        assert (await until(line, "error"))[0]["code"] == "auth.ticket_invalid"
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start", "agent_id": foreign}))
        await until(line, "error")
        await line.wait_closed()
    assert line.close_code == 4404


async def test_a_first_message_of_the_wrong_shape_gets_an_error(business: Business, address: str) -> None:
    await furnish(business)
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "audio_chunk", "bytes": "RIFF"}))
        assert "data" in (await until(line, "error"))[-1]["detail"]
        await line.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        assert await until(line, "metrics")


async def test_german_without_a_vendor_says_so_and_ends(business: Business, address: str) -> None:
    await furnish(business, language="de")
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        events = await until(line, "ended")
    assert events[-1]["reason"] == "no_transcriber"
    assert of(events, "audio_response")


async def test_a_tool_that_is_interrupted_ends_and_runs_once(
    business: Business, resources: Resources, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(business)
    begun, may_end = asyncio.Event(), asyncio.Event()
    book, runs = resources.reservations.book, []

    async def slow(*given: Any, **more: Any) -> Any:
        begun.set()
        await may_end.wait()
        runs.append(await book(*given, **more))
        return runs[-1]

    monkeypatch.setattr(resources.reservations, "book", slow)
    wish = "A table for 4 people tomorrow at 7 pm please, my name is Maria Lopez, my number is 212 555 0134"
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "ready")
        await line.send(json.dumps({"event": "text", "text": wish}))
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
        await line.send(json.dumps({"event": "interrupt"}))
        await until(line, "reply_heard")
        await line.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        may_end.set()
        events = await until(line, "metrics")
        while "terrace" not in "".join(event["text"] for event in of(events, "reply_delta")):
            events += await until(line, "metrics")
        await line.send(json.dumps({"event": "end"}))
        await until(line, "ended")
    assert len(runs) == 1
    assert [event["name"] for event in of(events, "action")] == ["check_availability", "book_table"]
    [kept] = (await business.owner.get("/reservations")).json()["reservations"]
    assert (kept["name"], kept["party_size"]) == ("Maria Lopez", 4)
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    messages = (await business.owner.get(f"/conversations/{logged['id']}/messages")).json()["messages"]
    first = messages[0]["id"]
    turn = (await business.owner.get(f"/conversations/{logged['id']}/turns/{first}")).json()
    assert [action["name"] for action in turn["trace"]["actions"]] == ["check_availability", "book_table"]


async def test_a_remembered_answer_is_synthesised_once(
    business: Business, resources: Resources, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(business)
    [speaker], asked = resources.speech.speakers, []
    speak = type(speaker).speak

    def counted(self: Any, text: str, voice: Voice) -> Any:
        asked.append(text)
        return speak(self, text, voice)

    monkeypatch.setattr(type(speaker), "speak", counted)
    texts = []
    for _ in range(4):
        async with call(address, business) as line:
            await line.send(json.dumps({"event": "start"}))
            await until(line, "ready")
            await line.send(json.dumps({"event": "text", "text": "How much is the tiramisu?"}))
            texts.append("".join(event["text"] for event in of(await until(line, "metrics"), "reply_delta")))
    assert all("7.50" in text for text in texts)
    # The first answer was not remembered yet, the second is kept, the others sound without anybody speaking.
    assert len([text for text in asked if "7.50" in text]) == 2


async def test_one_session_too_many_is_refused_and_the_others_go_on(
    business: Business, resources: Resources, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(business)
    monkeypatch.setattr(resources.speech.admission, "most", 2)
    async with call(address, business) as first, call(address, business) as second:
        for line in (first, second):
            await line.send(json.dumps({"event": "start"}))
            await until(line, "ready")
        async with call(address, business) as third:
            await third.send(json.dumps({"event": "start"}))
            assert (await until(third, "error"))[0]["code"] == "voice.all_lines_busy"
            await third.wait_closed()
        assert third.close_code == 4429
        await first.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        assert await until(first, "metrics")
        await first.send(json.dumps({"event": "end"}))
        await until(first, "ended")
        await first.wait_closed()
        async with call(address, business) as fourth:
            await fourth.send(json.dumps({"event": "start"}))
            assert (await until(fourth, "ready", "error"))[-1]["event"] == "ready"
            await fourth.send(json.dumps({"event": "end"}))
            await until(fourth, "ended")
        await second.send(json.dumps({"event": "end"}))
        await until(second, "ended")
    async with asyncio.timeout(PATIENCE):
        while resources.speech.admission.live:  # noqa: ASYNC110 - the server counts on its side
            await asyncio.sleep(0.01)
