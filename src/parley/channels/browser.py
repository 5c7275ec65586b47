"""The line to a browser or any client of `WS /voice/stream`: JSON with base64 sound, or binary frames.

The only part that knows the wall clock. A backlog (a whole file sent at once) is handed out as fast as it is wanted
while the agent listens, and at the pace of speech while it speaks; where nothing comes for 200 ms, silence does, so
that a client which sends a file and then nothing is answered.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from fastapi import WebSocketDisconnect

from parley.channels.voice_wire import to_json
from parley.inference.speech import FRAME_MS, HEARD_RATE
from parley.kit.audio import check_rate, wav
from parley.kit.audio_stream import Decoder, Encoder, StreamEncoding
from parley.kit.errors import InvalidInput, VoiceAgentException
from parley.voice import (
    SILENCE,
    AgentState,
    Audio,
    Clear,
    Digit,
    Ended,
    Error,
    Event,
    Framer,
    HungUp,
    Incoming,
    Interrupt,
    Mark,
    Playout,
    SpeechStarted,
    Typed,
)

MOST_MESSAGE_BYTES = 4_000_000
_MOST_BACKLOG_FRAMES = 5 * 60 * 1000 // FRAME_MS
_MOST_OUTBOX = 2000
_QUIET_S = 0.2
_FRAME_S = FRAME_MS / 1000
_HASTE = 4  # times as fast as it was spoken: how a backlog of speech is heard
_ENCODINGS = ("wav", "pcm16", "mulaw", "alaw", "opus")
_LONG_BYTES = 65_536  # of sound: longer is decoded in a thread


@dataclass(frozen=True, slots=True)
class Format:
    """How one direction sounds. `encoding` None: a WAV or Ogg-Opus, or raw PCM16 at 16 kHz."""

    encoding: StreamEncoding | None
    sample_rate: int


def read_format(raw: Any, default: Format, name: str) -> Format:
    """`{"encoding", "sample_rate"}` of a start event. Raises `InvalidInput` naming the field."""
    if raw is None:
        return default
    if not isinstance(raw, Mapping):
        raise InvalidInput(f"{name} must be an object.")
    encoding = raw.get("encoding", default.encoding)
    if encoding is not None and encoding not in _ENCODINGS:
        raise InvalidInput(f"{name}.encoding must be one of {', '.join(_ENCODINGS)}.")
    rate = raw.get("sample_rate", 8000 if encoding in ("mulaw", "alaw") else default.sample_rate)
    if not isinstance(rate, int) or isinstance(rate, bool):
        raise InvalidInput(f"{name}.sample_rate must be a whole number.")
    return Format(encoding, check_rate(rate))


class Socket(Protocol):
    """What of a WebSocket is used."""

    async def receive(self) -> MutableMapping[str, Any]: ...
    async def send_text(self, data: str) -> None: ...
    async def send_bytes(self, data: bytes) -> None: ...


class BrowserLine:
    """A `voice.Line` over a WebSocket. `listen` and `send` run beside the session until either side ends."""

    def __init__(self, socket: Socket, heard: Format, spoken: Format, *, binary: bool) -> None:
        self._socket = socket
        self._decoder = Decoder(heard.encoding, heard.sample_rate, HEARD_RATE)
        self._framer = Framer()
        self._spoken = Encoder(spoken.encoding or "wav", spoken.sample_rate)
        self._nothing = wav(b"", spoken.sample_rate) if spoken.encoding in (None, "wav") else b""
        self._seq = 0
        self._binary = binary
        self._incoming: deque[Incoming] = deque()
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_OUTBOX)
        self._playout = Playout()
        self._next_at = time.monotonic()
        self._quiet = False
        self._listening = True
        self._spoken_to = False
        self._ended: Ended | None = None

    # The engine's side

    async def receive(self) -> Incoming:
        """The next frame or control; silence where the client sends none."""
        incoming = self._incoming
        if not incoming:
            if self._quiet:
                now = time.monotonic()
                self._next_at = max(self._next_at, now - _QUIET_S) + _FRAME_S
                await self._something(self._next_at - now)
            else:
                await self._something(_QUIET_S)
            if not incoming:
                if not self._quiet:
                    self._quiet, self._next_at = True, time.monotonic()
                return SILENCE
        self._quiet = False
        item = incoming[0]
        if isinstance(item, bytes):
            if not self._listening:
                await self._pace(_FRAME_S)
            elif len(incoming) > 1:
                await (self._pace(_FRAME_S / _HASTE) if self._spoken_to else asyncio.sleep(0))
        return incoming.popleft() if not isinstance(item, HungUp) else item

    async def _something(self, within_s: float) -> None:
        """Until something has come in, or the time is up. One timer serves many frames: it looks, when it goes off, at
        how long nothing has come."""
        self._waiter = waiter = self._loop.create_future()
        self._deadline = deadline = self._loop.time() + within_s
        if self._timer is None or self._timer.when() > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._time_is_up)
        try:
            await waiter
        finally:
            self._waiter = None

    def _time_is_up(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._time_is_up)
        else:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _pace(self, frame_s: float) -> None:
        """Hold a backlog back while the agent speaks: the caller did not say all of it in that moment. While it listens
        to speech the transcriber must keep up: words that are long in coming would seem to be no words."""
        now = time.monotonic()
        self._next_at = max(self._next_at + frame_s, now - _FRAME_S)
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)

    def tell(self, event: Event) -> None:
        """Queue an event for the client. One that does not keep up is hung up on."""
        if isinstance(event, AgentState):
            self._listening = event.state == "listening"
            self._spoken_to = self._spoken_to and not self._listening
            self._next_at = time.monotonic()
        elif isinstance(event, SpeechStarted):
            self._spoken_to = True
        if isinstance(event, Audio):
            self._playout.add(len(event.pcm) / 2 / event.sample_rate * 1000, time.monotonic())
        elif isinstance(event, Clear):
            self._playout.clear(time.monotonic())
            self._spoken.drop()
        elif isinstance(event, Mark):
            self._playout.mark(event.name)
        if isinstance(event, Ended):
            self._ended = event
        else:
            self._queue(event)

    def close(self) -> None:
        """Let the client know that it is over: the last event is held back until all of the call is on record."""
        if self._ended is not None:
            self._queue(self._ended)
        if self._timer is not None:
            self._timer.cancel()
        while self._outbox.full():  # a client that does not read must not keep the call open
            self._outbox.get_nowait()
        self._outbox.put_nowait(None)

    def _queue(self, event: Event) -> None:
        try:
            for packed in self._packed(event):
                self._outbox.put_nowait(packed)
        except asyncio.QueueFull:
            self._put(HungUp())

    @property
    def unplayed_ms(self) -> float:
        """How much of the audio handed over has not been heard yet."""
        return self._playout.unplayed_ms(time.monotonic())

    # The client's side

    async def listen(self) -> None:
        """Take what the client sends until it leaves. Bad messages are answered with an error event."""
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                break
            if message["type"] == "websocket.disconnect":
                break
            try:
                await self._take(message)
            except VoiceAgentException as error:
                self.tell(Error(error.code, error.detail))
        self._put(HungUp())

    async def send(self) -> None:
        """Send what the session tells until its end."""
        try:
            while (packed := await self._outbox.get()) is not None:
                if packed[:1] == b"{":
                    await self._socket.send_text(packed.decode())
                else:
                    await self._socket.send_bytes(packed)
        except (WebSocketDisconnect, RuntimeError):
            self._put(HungUp())

    async def _take(self, message: Mapping[str, Any]) -> None:
        data = message.get("bytes")
        if data is not None:
            await self.take_sound(data)
            return
        text = message.get("text") or ""
        if len(text) > MOST_MESSAGE_BYTES:
            raise InvalidInput(f"A message must be at most {MOST_MESSAGE_BYTES // 1_000_000} MB long.")
        await self.take_event(parse_event(text))

    async def take_event(self, event: Mapping[str, Any]) -> None:
        """One event of the client. Raises `InvalidInput` naming what is wrong."""
        match event.get("event"):
            case "audio_chunk":
                await self.take_sound(_base64(event.get("data")))
            case "text":
                self._put(Typed(_string(event, "text", 10_000)))
            case "dtmf":
                self._put(Digit(_string(event, "digit", 1)))
            case "interrupt":
                self._put(Interrupt())
            case "mark_played":
                self._playout.reached(_string(event, "name", 200), time.monotonic())
            case "end":
                self._put(HungUp())
            case "start":
                raise InvalidInput("The session has started already.")
            case other:
                raise InvalidInput(f"event {str(other)[:50]!r} is not known.")

    async def take_sound(self, data: bytes) -> None:
        """Bytes of sound. Raises `BadAudio` or `InvalidInput`."""
        if len(data) > MOST_MESSAGE_BYTES:
            raise InvalidInput(f"data must be at most {MOST_MESSAGE_BYTES // 1_000_000} MB long.")
        decode = self._decoder.push
        pcm = decode(data) if len(data) < _LONG_BYTES else await asyncio.to_thread(decode, data)
        frames = self._framer.push(pcm)
        if len(self._incoming) + len(frames) > _MOST_BACKLOG_FRAMES:
            raise InvalidInput("data comes faster than it can be heard; more than five minutes are waiting.")
        self._incoming.extend(frames)
        self._wake()

    def _put(self, item: Incoming) -> None:
        self._incoming.append(item)
        self._wake()

    def _packed(self, event: Event) -> list[bytes]:
        if not isinstance(event, Audio):
            shown = to_json(event)
            return [] if shown is None else [orjson.dumps(shown)]
        sounds = self._spoken.push(event.pcm, event.sample_rate, last=event.last)
        if self._binary:
            return sounds
        if event.last and not sounds:
            sounds = [self._nothing]
        if event.seq == 0:
            self._seq = 0
        packed = []
        for number, sound in enumerate(sounds, 1):
            head = {"event": "audio_response", "data": base64.b64encode(sound).decode(), "reply": event.reply}
            packed.append(orjson.dumps({**head, "seq": self._seq, "last": event.last and number == len(sounds)}))
            self._seq += 1
        return packed


def parse_event(text: str) -> Mapping[str, Any]:
    """A JSON object with an `event`. Raises `InvalidInput`."""
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("A message must be a JSON object.") from error
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise InvalidInput("A message must be a JSON object with an event.")
    return event


def _base64(data: Any) -> bytes:
    if not isinstance(data, str):
        raise InvalidInput("data must be base64 text.")
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise InvalidInput("data is not valid base64.") from error


def _string(event: Mapping[str, Any], name: str, longest: int) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise InvalidInput(f"{name} must be text of 1 to {longest} characters.")
    return value
