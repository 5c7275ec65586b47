"""The voice engine alone, with parts that answer at once: processor, memory and added latency per live session.

Each session hears 3 s of speech and 2 s of pause, looped, in frames of 20 ms by the clock; the transcriber reports at
once, the model writes one sentence, the speaker speaks a second of it. The detector is a table, so that it costs
nothing. Beside it a bare loop: the same frames through the same line, and nothing else.
Run: python -m benchmarks.voice_engine [sessions…]
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import AsyncGenerator

import psutil

from benchmarks.measure import quantile, verdict
from parley.inference.speech import (
    FRAME_BYTES,
    FRAME_MS,
    Final,
    Flushed,
    Heard,
    Hearing,
    Partial,
    SpeakerCapabilities,
    Speech,
    TranscriberCapabilities,
    Voice,
)
from parley.voice import (
    SILENCE,
    Audio,
    CallerTurn,
    Clear,
    Event,
    FixedPause,
    HungUp,
    Incoming,
    Manners,
    Metrics,
    Outcome,
    Parts,
    Playout,
    ReplyEvent,
    Say,
    Session,
    Settings,
)

SPEECH, PAUSE = 150, 100  # frames
WARM_S, MEASURED_S = 5.0, 20.0
VOICED = b"\x01" * FRAME_BYTES
REPLY = "Certainly, we have a table for you."
SPOKEN = Speech(bytes(2 * 16_000))


class _Vad:
    def __call__(self, frame: bytes) -> float:
        return 1.0 if frame is VOICED else 0.0


class _Hearing:
    """A partial per half a second of speech, a final at once when asked."""

    def __init__(self) -> None:
        self._frames = self._segment = 0
        self._reports: asyncio.Queue[Heard | None] = asyncio.Queue()

    def feed(self, frame: bytes) -> None:  # noqa: ARG002 - the port's signature
        self._frames += 1
        if self._frames % 25 == 0:
            self._reports.put_nowait(Partial("a table for two people please", self._segment))

    def finish(self, mark: int) -> None:
        if self._frames:
            self._reports.put_nowait(Final("a table for two people please", self._segment))
            self._frames = 0
            self._segment += 1
        self._reports.put_nowait(Flushed(mark))

    async def events(self) -> AsyncGenerator[Heard, None]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def aclose(self) -> None:
        self._reports.put_nowait(None)


class _Transcriber:
    name = "dummy/transcriber"
    capabilities = TranscriberCapabilities()

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:  # noqa: ARG002
        return _Hearing()


class _Speaker:
    name = "dummy/speaker"
    capabilities = SpeakerCapabilities()

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:  # noqa: ARG002
        yield SPOKEN


class _Responder:
    async def reply(self, turn: CallerTurn) -> AsyncGenerator[ReplyEvent, None]:  # noqa: ARG002
        yield Say(REPLY)

    def commit(self, turn: CallerTurn) -> None: ...

    def discard(self, turn: CallerTurn) -> None: ...

    async def settled(self, outcome: Outcome) -> None: ...


class _Line:
    """Frames by the clock. `late` are seconds by which a frame was handed out too late."""

    def __init__(self, begins: float, ends: float, offset: int) -> None:
        self._begins, self._ends, self._number = begins, ends, 0
        self._offset = offset
        self._playout = Playout()
        self.turns: list[Metrics] = []
        self.late: list[float] = []

    async def receive(self) -> Incoming:
        self._number += 1
        due = self._begins + self._number * FRAME_MS / 1000
        now = time.perf_counter()
        if due > now:
            await asyncio.sleep(due - now)
        else:
            self.late.append(now - due)
        if due > self._ends:
            return HungUp()
        return VOICED if (self._number + self._offset) % (SPEECH + PAUSE) < SPEECH else SILENCE

    def tell(self, event: Event) -> None:
        if isinstance(event, Audio):
            self._playout.add(len(event.pcm) / 32, time.perf_counter())
        elif isinstance(event, Clear):
            self._playout.clear(time.perf_counter())
        elif isinstance(event, Metrics):
            self.turns.append(event)

    @property
    def unplayed_ms(self) -> float:
        return self._playout.unplayed_ms(time.perf_counter())


async def _bare(line: _Line) -> None:
    while not isinstance(await line.receive(), HungUp):
        pass


async def _engine(line: _Line) -> None:
    parts = Parts(line, _Responder(), _Transcriber(), [_Speaker()], _Vad())
    await Session(parts, Settings(manners=Manners(endpointing=FixedPause(400)))).run()


async def _measure(count: int, *, bare: bool) -> tuple[float, float, list[_Line]]:
    """Processor seconds per session-second, kilobytes per session, the lines."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    now = time.perf_counter()
    lines = [_Line(now + 0.02 * n / count, now + WARM_S + MEASURED_S, 250 * n // count) for n in range(count)]
    tasks = [asyncio.create_task(_bare(line) if bare else _engine(line)) for line in lines]
    await asyncio.sleep(WARM_S)
    used, begun = time.process_time(), time.perf_counter()
    await asyncio.sleep(MEASURED_S - 2)
    share = (time.process_time() - used) / (time.perf_counter() - begun) / count
    memory = (process.memory_info().rss - before) / 1024 / count
    await asyncio.gather(*tasks)
    return share, memory, lines


def main(counts: list[int]) -> None:
    gc.freeze()
    print(f"{'sessions':>8} {'core/session':>13} {'bare loop':>10} {'engine adds':>12} {'kB/session':>11}", end="")
    print(f" {'first audio p50':>16} {'p95 ms':>8} {'frame late p99 ms':>18}")
    for count in counts:
        bare, _, _ = asyncio.run(_measure(count, bare=True))
        share, memory, lines = asyncio.run(_measure(count, bare=False))
        added = [turn.first_audio_ms for line in lines for turn in line.turns if turn.first_audio_ms is not None]
        late = [1000 * seconds for line in lines for seconds in line.late] or [0.0]
        print(f"{count:8} {share:13.5f} {bare:10.5f} {share - bare:12.5f} {memory:11.0f}", end="")
        print(f" {quantile(added, 0.5):16.2f} {quantile(added, 0.95):8.2f} {quantile(late, 0.99):18.2f}", flush=True)
    verdict("processor per session", share * 1000, 2.0, "thousandths of a core")
    verdict("first audio after the decision, p95", quantile(added, 0.95), 10, "ms")


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or [1, 20, 100, 150])
