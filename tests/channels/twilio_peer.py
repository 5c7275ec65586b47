"""Twilio as it behaves on the wire: a signed webhook, then Media Streams in text frames, with a loudspeaker that plays
in real time and gives marks back when they were played, or at once when it is cleared."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import websockets
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from parley.kit.audio import encode
from parley.kit.audio_stream import Decoder
from tests.patience import PATIENCE

CALLER = "+16085550117"


def ulaw(recording: bytes) -> bytes:
    """A WAV as the telephone carries it."""
    return encode(Decoder(None, 8_000, 8_000).push(recording), "mulaw", 8_000)


@dataclass
class Account:
    """One Twilio account that calls webhooks at `base`."""

    base: str
    token: str
    sid: str = "AC00000000000000000000000000000001"

    def form(self, call_sid: str, to: str, **more: str) -> dict[str, str]:
        return {
            "AccountSid": self.sid, "ApiVersion": "2010-04-01", "CallSid": call_sid, "CallStatus": "ringing",
            "Called": to, "Caller": CALLER, "Direction": "inbound", "From": CALLER, "FromCity": "MADISON",
            "FromState": "", "To": to, **more,
        }  # fmt: skip

    async def post(self, url: str, form: Mapping[str, str], *, signature: str | None = None) -> httpx.Response:
        signed = RequestValidator(self.token).compute_signature(url, dict(form))
        given = (signature if signature is not None else signed).encode("latin-1")
        headers = httpx.Headers([(b"X-Twilio-Signature", given)])
        async with httpx.AsyncClient(timeout=15) as client:
            return await client.post(url, data=dict(form), headers=headers)

    async def ask(self, call_sid: str, to: str, *, path: str = "/twilio/voice", **more: str) -> ET.Element:
        """The TwiML for a call."""
        answer = await self.post(f"{self.base}{path}", self.form(call_sid, to, **more))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        return ET.fromstring(answer.text)  # noqa: S314 - our own server's


def stream_of(twiml: ET.Element) -> tuple[str, str]:
    """Where to open the stream, and the token."""
    stream = twiml.find("Connect/Stream")
    assert stream is not None, ET.tostring(twiml)
    parameter = stream.find("Parameter")
    assert parameter is not None
    assert parameter.get("name") == "token"
    return stream.get("url", ""), parameter.get("value", "")


def redirect_of(twiml: ET.Element) -> str:
    """Where Twilio asks again when the stream has ended."""
    redirect = twiml.find("Redirect")
    assert redirect is not None
    assert redirect.text
    return redirect.text


@dataclass
class Stream:
    """An open media stream."""

    socket: Any
    sid: str
    call_sid: str
    heard: bytearray = field(default_factory=bytearray)
    events: list[dict[str, Any]] = field(default_factory=list)
    cleared: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _marks: list[tuple[str, asyncio.TimerHandle]] = field(default_factory=list)
    _done_at: float = 0.0
    _sequence: int = 0
    reading: asyncio.Task[None] | None = None

    async def send(self, event: str, **more: Any) -> None:
        self._sequence += 1
        body = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.sid, **more}
        await self.socket.send(json.dumps(body))

    async def begin(self, token: str, **start: Any) -> None:
        await self.socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await self.send(
            "start",
            start={
                "streamSid": self.sid, "accountSid": "AC1", "callSid": self.call_sid, "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token}, **start,
            },
        )  # fmt: skip
        self.reading = asyncio.create_task(self._read())

    async def say(self, sound: bytes) -> None:
        """Frames of 20 ms."""
        for number, at in enumerate(range(0, len(sound), 160), 1):
            frame = base64.b64encode(sound[at : at + 160].ljust(160, b"\xff")).decode()
            media = {"track": "inbound", "chunk": str(number), "timestamp": str(number * 20), "payload": frame}
            await self.send("media", media=media)

    async def press(self, digit: str) -> None:
        await self.send("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    async def hang_up(self) -> None:
        await self.send("stop", stop={"accountSid": "AC1", "callSid": self.call_sid})
        await self.socket.close()

    async def until(self, name: str, count: int = 1, within: float = PATIENCE) -> None:
        """Until `count` messages of a kind have come."""
        async with asyncio.timeout(within):
            while sum(one["event"] == name for one in self.events) < count:
                self._news.clear()
                await self._news.wait()

    def of(self, name: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["event"] == name]

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for message in self.socket:
                assert isinstance(message, str), "31950: a binary frame"
                event = json.loads(message)
                assert event["streamSid"] == self.sid
                self.events.append(event)
                if event["event"] == "media":
                    sound = base64.b64decode(event["media"]["payload"])
                    self.heard += sound
                    self._done_at = max(self._done_at, loop.time()) + len(sound) / 8000
                elif event["event"] == "mark":
                    name = event["mark"]["name"]
                    self._marks.append((name, loop.call_at(self._done_at, self._give_back, name)))
                elif event["event"] == "clear":
                    self.cleared += 1
                    self._done_at = loop.time()
                    for name, timer in self._marks:
                        timer.cancel()
                        self._give_back(name)
                self._news.set()
        except websockets.ConnectionClosed:
            return

    def _give_back(self, name: str) -> None:
        self._marks = [one for one in self._marks if one[0] != name]
        self._back.append(asyncio.ensure_future(self._give(name)))

    async def _give(self, name: str) -> None:
        try:
            await self.send("mark", mark={"name": name})
        except websockets.ConnectionClosed:
            return

    _back: list[asyncio.Future[None]] = field(default_factory=list)


@asynccontextmanager
async def stream(url: str, token: str, call_sid: str, sid: str = "MZ1", **start: Any) -> AsyncIterator[Stream]:
    """A stream that has begun."""
    async with websockets.connect(url, max_size=None) as socket:
        opened = Stream(socket, sid, call_sid)
        await opened.begin(token, **start)
        try:
            yield opened
        finally:
            if opened.reading is not None:
                opened.reading.cancel()
