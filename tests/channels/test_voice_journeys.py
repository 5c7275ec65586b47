"""Whole conversations by voice over the WebSocket, with recorded speech, entirely on this machine."""

from __future__ import annotations

import base64
import io
import json
import wave
from pathlib import Path
from typing import Any

import pytest

from parley.kit.audio import wav
from parley.kit.audio_stream import Decoder
from parley.kit.opus import OpusEncoder
from tests.channels.test_chat import furnish
from tests.channels.test_voice import address, call, chunk, of, until
from tests.conftest import Business

__all__ = ["address"]
pytestmark = pytest.mark.anyio
SPEECH = Path(__file__).parent.parent / "data" / "speech"
QUICK = {"voice_settings": {"speed": 4.0}}  # a reply is heard in the time that it takes to speak it
BOOKING = ("slt_book_for_four", "slt_tomorrow_at_seven", "slt_maria_lopez")


def recording(name: str) -> bytes:
    return (SPEECH / f"{name}.wav").read_bytes()


def samples(name: str) -> bytes:
    """The recording as PCM16 at 16 kHz."""
    return Decoder(None, 16_000, 16_000).push(recording(name))


def silence(seconds: float) -> bytes:
    return wav(bytes(int(32_000 * seconds)), 16_000)


async def booked(business: Business) -> dict[str, Any]:
    [kept] = (await business.owner.get("/reservations")).json()["reservations"]
    return dict(kept)


async def test_a_table_is_booked_by_the_minimal_client(business: Business, address: str) -> None:
    """It sends whole files, nothing between them, and reads transcript_partial and audio_response alone."""
    await furnish(business, **QUICK)
    partials, sounds = [], 0
    async with call(address, business) as line:
        for name in BOOKING:
            await line.send(chunk(recording(name)))
            while True:
                event = (await until(line, "transcript_partial", "audio_response"))[-1]
                if event["event"] == "transcript_partial":
                    partials.append(event["text"])
                    continue
                with wave.open(io.BytesIO(base64.b64decode(event["data"]))) as sound:
                    sounds += sound.getnframes()
                if event["last"]:
                    break
    assert "i would like to book a table for four people" in partials
    assert sounds > 2 * 16_000
    kept = await booked(business)
    assert (kept["party_size"], kept["name"].lower()) == (4, "maria lopez")
    assert kept["time"].startswith("19:00")
    assert "2125550134" in "".join(filter(str.isdigit, kept["phone"]))


async def test_a_table_is_booked_by_the_full_client(business: Business, address: str) -> None:
    """Opus in binary frames, every event read, the number given by the telephone's keys, a silence in between."""
    await furnish(business, **QUICK)
    opus = {"encoding": "opus", "sample_rate": 48_000}
    start = {"event": "start", "input": opus, "output": opus, "binary": True}
    seen: list[dict[str, Any]] = []

    async def answered(*names: str) -> list[dict[str, Any]]:
        """Events up to the first of `names`; sound is counted."""
        events: list[dict[str, Any]] = []
        while not events or events[-1]["event"] not in names:
            message = await line.recv()
            if isinstance(message, bytes):
                events.append({"event": "sound", "size": len(message)})
            else:
                events.append(json.loads(message))
        seen.extend(events)
        return events

    async def speaks(pcm: bytes) -> None:
        encoder = OpusEncoder(16_000)
        for packet in (*encoder.push(pcm + bytes(32_000)), *encoder.push(b"", last=True)):
            await line.send(packet)

    async with call(address, business) as line:
        await line.send(json.dumps(start))
        greeted = await answered("reply_heard")
        assert greeted[-1]["complete"]
        await speaks(samples("rms_book_for_two_noisy"))
        await answered("metrics")
        await speaks(bytes(32_000 * 9))  # handed on as fast as it comes: nine seconds pass at once
        prompted = await answered("reply_heard")
        assert prompted[-1]["text"] == "Are you still there?"
        await speaks(samples("slt_tomorrow_at_seven"))
        await answered("metrics")
        await line.send(json.dumps({"event": "text", "text": "My name is Maria Lopez"}))
        await answered("metrics")
        for digit in "2125550134#":
            await line.send(json.dumps({"event": "dtmf", "digit": digit}))
        await answered("metrics")
        await line.send(json.dumps({"event": "end"}))
        await answered("ended")
    finals = [(event["kind"], event["text"]) for event in of(seen, "transcript_final")]
    assert finals[0] == ("speech", "i want to book a table for two people")
    assert finals[-1] == ("digits", "2125550134")
    assert {"ready", "speech_started", "speech_stopped", "transcript_partial", "agent_state"} <= {
        event["event"] for event in seen
    }
    assert [event["name"] for event in of(seen, "action")][-1] == "book_table"
    assert len(of(seen, "sound")) > 100
    kept = await booked(business)
    assert (kept["party_size"], kept["name"]) == (2, "Maria Lopez")
    assert "2125550134" in "".join(filter(str.isdigit, kept["phone"]))
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    said = [message["content"] for message in logged["transcript"]["messages"]]
    assert said[0] == greeted[-1]["text"]
    assert "Are you still there?" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("awb_open_on_saturday", "when are you open on saturday"),
        ("kal_lasagna", "how much is the lasagna"),
        ("rms_dog_fast", "can i bring my dog"),
        ("rms_close_on_sunday_phone", "what time do you close on sunday"),
    ],
)
async def test_several_voices_fast_noisy_and_by_telephone(
    business: Business, address: str, name: str, words: str
) -> None:
    await furnish(business)
    async with call(address, business) as line:
        await line.send(chunk(recording(name)))
        events = await until(line, "audio_response")
    assert of(events, "transcript_final")[0]["text"] == words


async def test_silence_oversized_and_malformed_sound_end_nothing(business: Business, address: str) -> None:
    await furnish(business)
    async with call(address, business) as line:
        await line.send(chunk(silence(3)))
        await line.send(chunk(bytes(3_500_000)))
        assert "4 MB" in (await until(line, "error"))[-1]["detail"]
        await line.send(chunk(wav(b"\x01\x00" * 100, 4_000)))
        assert "sample_rate" in (await until(line, "error"))[-1]["detail"]
        await line.send(chunk(b"RIFF\x10\0\0\0WAVEfmt "[:14]))
        await line.send(chunk(recording("rms_dog_fast")))
        events = await until(line, "audio_response")
    assert [event["text"] for event in of(events, "transcript_final")] == ["can i bring my dog"]
