"""The line to a browser or any client of `WS /voice/stream`: JSON with base64 sound, or binary frames."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson
from typing_extensions import override

from parley.channels.line import LiveLine, Socket
from parley.channels.voice_wire import to_json
from parley.inference.speech import FRAME_MS, HEARD_RATE
from parley.kit.audio import check_rate, wav
from parley.kit.audio_stream import Decoder, Encoder, StreamEncoding
from parley.kit.errors import InvalidInput
from parley.voice import Audio, Clear, Digit, Event, Framer, Interrupt, Typed

MOST_MESSAGE_BYTES = 4_000_000
_MOST_BACKLOG_FRAMES = 5 * 60 * 1000 // FRAME_MS
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


class BrowserLine(LiveLine):
    """A `voice.Line` over a WebSocket. Of a file that is sent at once the caller says no more than time allows."""

    def __init__(self, socket: Socket, heard: Format, spoken: Format, *, binary: bool) -> None:
        super().__init__(socket)
        self._decoder = Decoder(heard.encoding, heard.sample_rate, HEARD_RATE)
        self._framer = Framer()
        self._spoken = Encoder(spoken.encoding or "wav", spoken.sample_rate)
        self._nothing = wav(b"", spoken.sample_rate) if spoken.encoding in (None, "wav") else b""
        self._seq = 0
        self._binary = binary

    @override
    async def take(self, message: MutableMapping[str, Any]) -> None:
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
                self.put(Typed(_string(event, "text", 10_000)))
            case "dtmf":
                self.put(Digit(_string(event, "digit", 1)))
            case "interrupt":
                self.put(Interrupt())
            case "mark_played":
                self._playout.reached(_string(event, "name", 200), time.monotonic())
            case "end":
                self.leave()
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
        if not self.extend(frames, _MOST_BACKLOG_FRAMES):
            raise InvalidInput("data comes faster than it can be heard; more than five minutes are waiting.")

    async def begun(self, conversation_id: str) -> None:
        """Name the conversation once it is on record: after a lost connection the client goes on with it."""
        self.post([orjson.dumps({"event": "conversation", "conversation_id": conversation_id}).decode()])

    @override
    def packed(self, event: Event) -> list[str | bytes]:
        if isinstance(event, Clear):
            self._spoken.drop()
        if not isinstance(event, Audio):
            shown = to_json(event)
            return [] if shown is None else [orjson.dumps(shown).decode()]
        sounds = self._spoken.push(event.pcm, event.sample_rate, last=event.last)
        if self._binary:
            return [*sounds]
        if event.last and not sounds:
            sounds = [self._nothing]
        if event.seq == 0:
            self._seq = 0
        packed: list[str | bytes] = []
        for number, sound in enumerate(sounds, 1):
            head = {"event": "audio_response", "data": base64.b64encode(sound).decode(), "reply": event.reply}
            told = {**head, "seq": self._seq, "last": event.last and number == len(sounds)}
            packed.append(orjson.dumps(told).decode())
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
        return binascii.a2b_base64(data, strict_mode=True)
    except ValueError as error:
        raise InvalidInput("data is not valid base64.") from error


def _string(event: Mapping[str, Any], name: str, longest: int) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise InvalidInput(f"{name} must be text of 1 to {longest} characters.")
    return value
