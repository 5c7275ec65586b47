"""`parley load`: many callers at once on any Parley's `/voice/stream`, in real time; what each of them got.

Every caller plays the same recording with a pause behind it, again and again, in frames of 20 ms. Latency is measured
from the frame with which the server could take the turn (it tells how long it waited on purpose) to the first sound of
the answer, here, at the caller.
"""

from __future__ import annotations

import asyncio
import base64
import io
import math
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Frame, Opcode

from parley.kit.audio import BadAudio, Resampler, check_rate, wav_head

RATE, FRAME_MS, PAUSE_MS = 16_000, 20, 2000
_FRAME = RATE * FRAME_MS // 1000 * 2
_LATE_S = 0.02


@dataclass(frozen=True, slots=True)
class Load:
    """What to put on whom. Callers begin spread over one round of the recording."""

    url: str
    sessions: int
    seconds: float
    pcm: bytes
    agent: str | None = None
    tenant: str | None = None
    token: str | None = None
    binary: bool = False


@dataclass(slots=True)
class Caller:
    """What one caller got. Latencies in milliseconds."""

    refused: str = ""
    errors: list[str] = field(default_factory=list)
    turns: int = 0
    latencies: list[float] = field(default_factory=list)
    first_audio: list[float] = field(default_factory=list)
    late_frames: int = 0
    frames: int = 0
    audio_bytes: int = 0
    # While a turn is under way.
    _sent: list[float] = field(default_factory=list)
    _stopped_ms: float = 0.0
    _awaits: bool = False
    _heard_at: float = 0.0

    def speaks(self) -> None:
        """The next frame is on its way."""
        self.frames += 1
        self._sent.append(time.perf_counter())

    def take(self, message: str | bytes) -> None:
        """One message of the server."""
        now = time.perf_counter()
        if isinstance(message, bytes):
            self._sound(len(message), now)
            return
        if message.startswith('{"event":"audio_response"'):  # most of what comes; nothing of it is needed but its size
            self._sound(len(message) * 3 // 4, now)
            return
        event = orjson.loads(message)
        match event["event"]:
            case "speech_stopped":
                self._stopped_ms = event["at_ms"]
            case "transcript_final":
                self.turns += 1
                self._awaits, self._heard_at = True, 0.0
            case "metrics":
                self._count(event)
            case "error":
                self.errors.append(str(event.get("code")))

    def _sound(self, size: int, now: float) -> None:
        self.audio_bytes += size
        if self._awaits:
            self._awaits, self._heard_at = False, now

    def _count(self, metrics: dict[str, Any]) -> None:
        if metrics.get("first_audio_ms") is None or metrics.get("decision_ms") is None or not self._heard_at:
            return
        self.first_audio.append(metrics["first_audio_ms"])
        frame = math.ceil((self._stopped_ms + metrics["decision_ms"]) / FRAME_MS) - 1
        if 0 <= frame < len(self._sent):
            self.latencies.append((self._heard_at - self._sent[frame]) * 1000)


async def put_on(load: Load) -> list[Caller]:
    """Call, speak for `load.seconds`, hang up."""
    pcm = load.pcm + bytes(RATE * PAUSE_MS // 1000 * 2)
    pcm += bytes(-len(pcm) % _FRAME)
    frames = [pcm[at : at + _FRAME] for at in range(0, len(pcm), _FRAME)]
    messages = [_ready_made(frame if load.binary else _message(frame), binary=load.binary) for frame in frames]
    callers = [Caller() for _ in range(load.sessions)]
    spread = len(frames) * FRAME_MS / 1000
    async with asyncio.TaskGroup() as tasks:
        for number, caller in enumerate(callers):
            tasks.create_task(_call(load, caller, messages, spread * number / load.sessions))
    return callers


def _message(frame: bytes) -> bytes:
    return orjson.dumps({"event": "audio_chunk", "data": base64.b64encode(frame).decode()})


def _ready_made(payload: bytes, *, binary: bool) -> bytes:
    """The message as it goes over the wire: made once for all callers, who would otherwise be busier than the server
    that they are to keep busy."""
    return Frame(Opcode.BINARY if binary else Opcode.TEXT, payload).serialize(mask=True)


async def _call(load: Load, caller: Caller, messages: Sequence[bytes], begins: float) -> None:
    await asyncio.sleep(begins)
    start = {
        "event": "start",
        "agent_id": load.agent,
        "tenant_id": load.tenant,
        "token": load.token,
        "input": {"encoding": "pcm16", "sample_rate": RATE},
        "output": {"encoding": "pcm16", "sample_rate": RATE},
        "binary": load.binary,
    }
    given = {name: value for name, value in start.items() if value is not None}
    try:
        async with connect(load.url, max_size=None, compression=None, open_timeout=60) as line:
            await line.send(orjson.dumps(given).decode())
            await _ready(line)
            listening = asyncio.create_task(_listen(line, caller))
            try:
                await _speak(line, caller, messages, load.seconds, listening)
                await line.send('{"event":"end"}')
                async with asyncio.timeout(15):
                    await listening
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    except ConnectionClosed as closed:
        caller.refused = str(closed.rcvd.code) if closed.rcvd else "lost"
    except (OSError, InvalidHandshake, TimeoutError) as error:
        caller.refused = type(error).__name__


async def _ready(line: ClientConnection) -> None:
    async for message in line:
        if isinstance(message, str) and orjson.loads(message)["event"] == "ready":
            return
    await line.recv()  # it was closed: says why


async def _listen(line: ClientConnection, caller: Caller) -> None:
    async for message in line:
        caller.take(message)


async def _speak(
    line: ClientConnection, caller: Caller, messages: Sequence[bytes], seconds: float, listening: asyncio.Task[None]
) -> None:
    begun = time.perf_counter()
    for number in range(int(seconds * 1000 / FRAME_MS)):
        due = begun + number * FRAME_MS / 1000
        now = time.perf_counter()
        if due > now:
            await asyncio.sleep(due - now)
        elif now - due > _LATE_S:
            caller.late_frames += 1
        if listening.done():
            return
        caller.speaks()
        line.transport.write(messages[number % len(messages)])


def read_recording(file: Path | None) -> bytes:
    """PCM16 mono at 16 kHz of a WAV; without one, a question that the local speaker says."""
    if file is None:
        return asyncio.run(_spoken_question())
    data = file.read_bytes()
    head = wav_head(data)
    if head is None or head.encoding != "pcm16" or head.channels != 1:
        raise BadAudio("--file must be a WAV of 16-bit PCM with one channel.")
    with wave.open(io.BytesIO(data)) as sound:
        pcm = sound.readframes(sound.getnframes())
    return Resampler(check_rate(head.sample_rate), RATE).push(pcm, last=True)


async def _spoken_question() -> bytes:
    from parley.inference.speech import Voice
    from parley.providers.espeak import Espeak

    speaker = Espeak()
    try:
        pieces = [piece async for piece in speaker.speak("Hello, when are you open on Sunday, please?", Voice())]
    finally:
        await speaker.aclose()
    pcm = b"".join(piece.pcm for piece in pieces)
    return Resampler(pieces[0].sample_rate, RATE).push(pcm, last=True)


def report(out: Console, load: Load, callers: Sequence[Caller]) -> bool:
    """Print what the callers got; False where somebody got nothing for another reason than that all lines were busy."""
    taken = [caller for caller in callers if not caller.refused]
    busy = sum(caller.refused == "4429" for caller in callers)
    lost = [caller.refused for caller in callers if caller.refused not in ("", "4429")]
    errors = sorted({code for caller in callers for code in caller.errors})
    latencies = sorted(latency for caller in taken for latency in caller.latencies)
    first = sorted(ms for caller in taken for ms in caller.first_audio)
    frames, late = sum(caller.frames for caller in taken), sum(caller.late_frames for caller in taken)
    out.print(f"{load.sessions} sessions: {len(taken)} held, {busy} refused as one too many (4429), {len(lost)} lost.")
    out.print(f"{sum(caller.turns for caller in taken)} turns, {len(latencies)} answered with sound.")
    if latencies:
        out.print(f"From the frame that ended the turn to the first sound here: {_spread(latencies)}.")
        out.print(f"From the decision to the first sound, at the server: {_spread(first)}.")
    if late:
        out.print(f"This machine sent {100 * late / max(1, frames):.1f} % of the frames late: it is the bottleneck.")
    if lost or errors:
        out.print(f"Errors: {', '.join(sorted({*lost, *errors}))}.", style="red")
    return not lost


def _spread(values: Sequence[float]) -> str:
    def at(share: float) -> float:
        return values[min(len(values) - 1, int(share * len(values)))]

    return f"p50 {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, p99 {at(0.99):.1f} ms"
