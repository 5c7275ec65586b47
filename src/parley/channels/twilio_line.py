"""The line to a telephone over Twilio Media Streams: JSON text frames with base64 μ-law at 8 kHz, both ways.

Source: twilio.com/docs/voice/media-streams/websocket-messages. A frame is 20 ms, 160 bytes. `mark` comes back when
all before it was played, and after `clear` at once: the names of what was cleared are unknown by then.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import orjson
from typing_extensions import override

from parley.channels.line import LiveLine, Socket
from parley.inference.speech import FRAME_MS, HEARD_RATE
from parley.kit import log
from parley.kit.audio_stream import Decoder, Encoder
from parley.kit.errors import InvalidInput, VoiceAgentException
from parley.voice import Audio, Clear, Digit, Event, Framer, HungUp, Mark

MOST_MESSAGE_CHARACTERS: Final = 65_536
RATE: Final = 8_000
_FRAME_BYTES: Final = RATE * FRAME_MS // 1000
_SILENCE: Final = b"\xff"
_MOST_BACKLOG_FRAMES: Final = 30_000 // FRAME_MS
_MOST_BAD_MESSAGES: Final = 50
_KEYS: Final = frozenset("0123456789*#ABCD")
_log = log.get("twilio")


@dataclass(frozen=True, slots=True)
class StreamStart:
    """What Twilio says of a stream when it begins. `token` and `returns` (nobody took the call over) are parameters of
    our own."""

    stream_sid: str
    call_sid: str
    token: str
    returns: bool = False


def read_event(text: str | None) -> Mapping[str, Any]:
    """A message as a JSON object. Raises `InvalidInput`."""
    if text is None or len(text) > MOST_MESSAGE_CHARACTERS:
        raise InvalidInput("A message must be JSON text of at most 64 kB.")
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("A message must be JSON.") from error
    if not isinstance(event, dict):
        raise InvalidInput("A message must be a JSON object.")
    return event


def read_start(event: Mapping[str, Any]) -> StreamStart:
    """The `start` message. Raises `InvalidInput` naming what is wrong."""
    start = _object(event, "start")
    sound, given = _object(start, "mediaFormat"), _object(start, "customParameters")
    if (sound.get("encoding"), str(sound.get("sampleRate")), str(sound.get("channels", 1))) != (
        "audio/x-mulaw",
        str(RATE),
        "1",
    ):
        raise InvalidInput("start.mediaFormat must be audio/x-mulaw at 8000 Hz with one channel.")
    return StreamStart(
        _text(start, "streamSid"), _text(start, "callSid"), _text(given, "token"), given.get("returns") == "true"
    )


class TwilioLine(LiveLine):
    """A `voice.Line` over one media stream. `stopped`: Twilio said that the caller's part is over; a stream that ends
    without that has broken."""

    most_outbox: ClassVar[int] = 15_000 // FRAME_MS
    catch_up: ClassVar[int] = 4  # frames come in real time: what is late came late

    def __init__(self, socket: Socket, stream_sid: str) -> None:
        super().__init__(socket)
        self._sid = stream_sid
        self._decoder = Decoder("mulaw", RATE, HEARD_RATE)
        self._framer = Framer()
        self._spoken = Encoder("mulaw", RATE)
        self._rest = b""
        self._bad = 0
        self._awaited: str | None = None
        self._played = asyncio.Event()
        self.stopped = False

    async def heard_out(self, longest: float) -> None:
        """Wait, `longest` seconds at most, until the far end has played all it was given."""
        if self._awaited is not None:
            try:
                await asyncio.wait_for(self._played.wait(), longest)
            except TimeoutError:
                return

    @override
    async def take(self, message: MutableMapping[str, Any]) -> None:
        event = read_event(message.get("text"))
        if event.get("streamSid", self._sid) != self._sid:
            raise InvalidInput("streamSid names another stream.")
        match event.get("event"):
            case "media":
                self._take_media(_object(event, "media"))
            case "dtmf":
                digit = _text(_object(event, "dtmf"), "digit").upper()
                if digit not in _KEYS:
                    raise InvalidInput("dtmf.digit must be one key of a telephone.")
                self.put(Digit(digit))
            case "mark":
                self._take_mark(_text(_object(event, "mark"), "name"))
            case "stop":
                self.stopped = True
                self.put(HungUp())
            case _:
                _log.info("twilio.passed_over", event_name=str(event.get("event"))[:50])

    def _take_media(self, media: Mapping[str, Any]) -> None:
        if media.get("track", "inbound") != "inbound":
            return  # our own voice
        try:
            sound = base64.b64decode(_text(media, "payload", MOST_MESSAGE_CHARACTERS), validate=True)
        except ValueError as error:
            raise InvalidInput("media.payload is not valid base64.") from error
        frames = self._framer.push(self._decoder.push(sound))
        if not self.extend(frames, _MOST_BACKLOG_FRAMES):
            self.put(HungUp())
            raise InvalidInput("media comes faster than it can be heard.")

    def _take_mark(self, name: str) -> None:
        self._playout.reached(name, time.monotonic())
        if name == self._awaited:
            self._awaited = None
            self._played.set()

    @override
    def complain(self, error: VoiceAgentException) -> None:
        """Twilio is told nothing: it could do nothing about it. A far end that talks nonsense is hung up on."""
        self._bad += 1
        if self._bad in (1, _MOST_BAD_MESSAGES):
            _log.warning("twilio.bad_message", stream_sid=self._sid, why=error.detail, count=self._bad)
        if self._bad >= _MOST_BAD_MESSAGES:
            self.put(HungUp())

    @override
    def packed(self, event: Event) -> Sequence[str | bytes]:
        if isinstance(event, Audio):
            return self._frames(event)
        if isinstance(event, Mark):
            self._awaited = event.name
            self._played.clear()
            return [self._message("mark", {"mark": {"name": event.name}})]
        if isinstance(event, Clear):
            self._spoken.drop()
            self._rest, self._awaited = b"", None
            return [self._message("clear", {})]
        return []

    def _frames(self, event: Audio) -> list[str | bytes]:
        """Whole frames; the last one of a reply is filled up with silence."""
        sound = self._rest + b"".join(self._spoken.push(event.pcm, event.sample_rate, last=event.last))
        if event.last:
            sound += _SILENCE * (-len(sound) % _FRAME_BYTES)
        whole = len(sound) - len(sound) % _FRAME_BYTES
        self._rest = sound[whole:]
        return [self._media(sound[at : at + _FRAME_BYTES]) for at in range(0, whole, _FRAME_BYTES)]

    def _media(self, sound: bytes) -> str:
        return self._message("media", {"media": {"payload": base64.b64encode(sound).decode()}})

    def _message(self, name: str, more: Mapping[str, Any]) -> str:
        return orjson.dumps({"event": name, "streamSid": self._sid, **more}).decode()


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} must be an object.")
    return value


def _text(event: Mapping[str, Any], name: str, longest: int = 500) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise InvalidInput(f"{name} must be text of 1 to {longest} characters.")
    return value
