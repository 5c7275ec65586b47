"""The telephone's line alone: frames, marks, what is cleared, and a far end that does not read."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import MutableMapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.channels.twilio_line import TwilioLine, read_event, read_start
from parley.kit.audio import decode
from parley.kit.errors import InvalidInput
from parley.voice import Audio, Clear, Error, HungUp, Mark

pytestmark = pytest.mark.anyio


class Deaf:
    """A socket whose far end reads nothing, or everything."""

    def __init__(self, *, reads: bool) -> None:
        self.sent: list[dict[str, Any]] = []
        self._reads = reads

    async def receive(self) -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send_text(self, data: str) -> None:
        if not self._reads:
            await asyncio.Event().wait()
        self.sent.append(json.loads(data))

    async def send_bytes(self, data: bytes) -> None:
        raise AssertionError("31950")


def tone(ms: int, rate: int) -> bytes:
    time = np.arange(rate * ms // 1000) / rate
    return (np.sin(2 * np.pi * 440 * time) * 12_000).astype(np.int16).tobytes()


async def told(*events: Any) -> list[dict[str, Any]]:
    socket = Deaf(reads=True)
    line = TwilioLine(socket, "MZ1")
    for event in events:
        line.tell(event)
    line.close()
    await line.send()
    return socket.sent


def sound_of(sent: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(one["media"]["payload"]) for one in sent if one["event"] == "media")


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 48_000])
async def test_any_speaker_is_heard_in_whole_frames(rate: int) -> None:
    whole = tone(1010, rate)
    step = rate // 10 * 2
    pieces = [Audio(whole[at : at + step], rate, 1, at // step) for at in range(0, len(whole), step)]
    sent = await told(*pieces, Mark("1.1"), Audio(b"", rate, 1, 99, last=True))
    assert {len(base64.b64decode(one["media"]["payload"])) for one in sent if one["event"] == "media"} == {160}
    heard = np.frombuffer(decode(sound_of(sent), "mulaw"), np.int16)
    assert abs(len(heard) - 8 * 1010) <= 320
    spectrum = np.abs(np.fft.rfft(heard[800:7200].astype(float)))
    assert abs(np.argmax(spectrum) * 8000 / 6400 - 440) < 2
    assert [one for one in sent if one["event"] == "mark"] == [
        {"event": "mark", "streamSid": "MZ1", "mark": {"name": "1.1"}}
    ]


async def test_after_a_clear_nothing_of_the_old_reply_is_sent() -> None:
    sent = await told(Audio(tone(105, 16_000), 16_000, 1, 0), Clear(), Audio(bytes(3200), 16_000, 2, 0, last=True))
    cleared = [one["event"] for one in sent].index("clear")
    assert sent[cleared] == {"event": "clear", "streamSid": "MZ1"}
    after = np.frombuffer(decode(sound_of(sent[cleared:]), "mulaw"), np.int16)
    assert np.abs(after).max() <= 8


async def test_marks_correct_the_reckoning_and_cleared_ones_do_not() -> None:
    line = TwilioLine(Deaf(reads=True), "MZ1")
    line.tell(Audio(bytes(32_000), 16_000, 1, 0))
    line.tell(Mark("1.1"))
    assert line.unplayed_ms > 900
    await line.take({"type": "websocket.receive", "text": json.dumps({"event": "mark", "mark": {"name": "1.1"}})})
    assert line.unplayed_ms == 0
    line.tell(Audio(bytes(32_000), 16_000, 1, 1))
    line.tell(Mark("1.2"))
    line.tell(Clear())
    line.tell(Audio(bytes(32_000), 16_000, 2, 0))
    await line.take({"type": "websocket.receive", "text": json.dumps({"event": "mark", "mark": {"name": "1.2"}})})
    assert line.unplayed_ms > 900
    line.close()


async def test_a_far_end_that_does_not_read_is_hung_up_on() -> None:
    line = TwilioLine(Deaf(reads=False), "MZ1")
    sending = asyncio.create_task(line.send())
    for number in range(200):
        line.tell(Audio(bytes(3200), 16_000, 1, number))
    assert await line.receive() == HungUp()
    assert line._outbox.qsize() <= line.most_outbox
    line.close()
    sending.cancel()


async def test_sound_that_comes_faster_than_it_can_be_heard_ends_the_call() -> None:
    line = TwilioLine(Deaf(reads=True), "MZ1")
    second = base64.b64encode(b"\xff" * 8000).decode()
    message = {"type": "websocket.receive", "text": json.dumps({"event": "media", "media": {"payload": second}})}
    for _ in range(29):
        await line.take(message)
    with pytest.raises(InvalidInput, match="faster"):
        await asyncio.gather(*(line.take(message) for _ in range(3)))
    assert len(line._incoming) <= 1501
    assert line._incoming[-1] == HungUp()
    line.close()


async def test_our_own_voice_is_not_heard_and_errors_are_not_sent() -> None:
    line = TwilioLine(socket := Deaf(reads=True), "MZ1")
    media = {"track": "outbound", "payload": base64.b64encode(b"\x00" * 1600).decode()}
    await line.take({"type": "websocket.receive", "text": json.dumps({"event": "media", "media": media})})
    assert not line._incoming
    line.tell(Error("voice.x", "y"))
    line.close()
    await line.send()
    assert socket.sent == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
KNOWN = st.sampled_from(["media", "dtmf", "mark", "stop", "start", "connected", "x"])


@given(st.dictionaries(st.sampled_from(["event", "media", "dtmf", "mark", "start", "streamSid"]), JSON | KNOWN))
def test_no_message_crashes_the_line(event: dict[str, Any]) -> None:
    async def take() -> None:
        line = TwilioLine(Deaf(reads=True), "MZ1")
        try:
            await line.take({"type": "websocket.receive", "text": json.dumps(event)})
        except InvalidInput:
            return
        finally:
            line.close()

    asyncio.run(take())
    try:
        read_start(read_event(json.dumps(event)))
    except InvalidInput:
        return
