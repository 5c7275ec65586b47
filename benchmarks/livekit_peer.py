"""LiveKit Agents with vendors that answer at once, many sessions in one process. Runs in an environment of its own:

    <environment>/bin/python benchmarks/livekit_peer.py RECORDING.wav SESSIONS SECONDS SETTLING

Each session is an `AgentSession` with the Silero plugin, a transcriber, a model and a speaker that answer at once, an
input that is fed without a room and an output that notes the first sound. All waits of the framework are 0, but for the
200 ms by which its detector knows that speech has stopped. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import time
import wave
from pathlib import Path
from typing import Any

from livekit import rtc  # type: ignore[import-not-found]
from livekit.agents import Agent, AgentSession, llm, stt, tts  # type: ignore[import-not-found]
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS  # type: ignore[import-not-found]
from livekit.agents.voice import io  # type: ignore[import-not-found]
from livekit.plugins import silero  # type: ignore[import-not-found]

RATE, FRAME_S = 16_000, 0.02
WORDS, REPLY = "a table for two people please", "Certainly, we have a table for you."


class Transcriber(stt.STT):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.streams: list[Stream] = []

    async def _recognize_impl(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> Any:
        self.streams.append(Stream(stt=self, conn_options=conn_options))
        return self.streams[-1]

    def answer(self) -> None:
        for stream in self.streams[-1:]:
            stream.answer()


class Stream(stt.RecognizeStream):  # type: ignore[misc]
    def answer(self) -> None:
        said = [stt.SpeechData(language="en", text=WORDS)]
        self._event_ch.send_nowait(stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=said))

    async def _run(self) -> None:
        async for _ in self._input_ch:
            pass


class Model(llm.LLM):  # type: ignore[misc]
    def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = None, **_: Any) -> Any:
        options = conn_options or DEFAULT_API_CONNECT_OPTIONS
        return Written(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=options)


class Written(llm.LLMStream):  # type: ignore[misc]
    async def _run(self) -> None:
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=REPLY)))


class Speaker(tts.TTS):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)

    def synthesize(self, text: str, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> Any:
        return Spoken(tts=self, input_text=text, conn_options=conn_options)


class Spoken(tts.ChunkedStream):  # type: ignore[misc]
    async def _run(self, output_emitter: Any) -> None:
        output_emitter.initialize(request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        output_emitter.push(bytes(2 * RATE))
        output_emitter.flush()


class Input(io.AudioInput):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(label="fed")
        self._frames: asyncio.Queue[Any] = asyncio.Queue()

    def feed(self, pcm: bytes) -> None:
        self._frames.put_nowait(rtc.AudioFrame(pcm, RATE, 1, len(pcm) // 2))

    async def __anext__(self) -> Any:
        return await self._frames.get()


class Output(io.AudioOutput):  # type: ignore[misc]
    """Notes how long after the detector's "stopped" the first sound comes; has played it at once."""

    def __init__(self) -> None:
        super().__init__(label="noted", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.latencies: list[float] = []
        self.stopped: float | None = None
        self._length = 0.0

    async def capture_frame(self, frame: Any) -> None:
        await super().capture_frame(frame)
        self._length += frame.duration
        if self.stopped is not None:
            self.latencies.append((time.perf_counter() - self.stopped) * 1000)
            self.stopped = None

    def flush(self) -> None:
        super().flush()
        self._played()

    def clear_buffer(self) -> None:
        self._played()

    def _played(self) -> None:
        if self._length:
            length, self._length = self._length, 0.0
            self.on_playback_finished(playback_position=length, interrupted=False)


async def session(pcm: bytes, begins: float, seconds: float, vad: Any, output: Output) -> None:
    transcriber = Transcriber()
    handling = {
        "turn_detection": "vad",
        "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
        "interruption": {"enabled": True},
    }
    live = AgentSession(stt=transcriber, vad=vad, llm=Model(), tts=Speaker(), turn_handling=handling)

    def changed(event: Any) -> None:
        if event.old_state == "speaking":
            output.stopped = time.perf_counter()
            transcriber.answer()

    live.on("user_state_changed", changed)
    live.input.audio = source = Input()
    live.output.audio = output
    await live.start(Agent(instructions="You take reservations."))
    await asyncio.sleep(max(0.0, begins - time.perf_counter()))
    size = int(RATE * FRAME_S) * 2
    frames = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    begun = time.perf_counter()
    for number in range(int(seconds / FRAME_S)):
        if (wait := begun + number * FRAME_S - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        source.feed(frames[number % len(frames)])


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(file: str, count: int, seconds: float, settling: float) -> None:
    logging.disable(logging.CRITICAL)
    with wave.open(file) as sound:
        pcm = (sound.readframes(sound.getnframes()) * 2)[: 3 * RATE * 2] + bytes(2 * RATE * 2)
    vad = silero.VAD.load(min_silence_duration=0.2, min_speech_duration=0.06)
    gc.collect()
    before = resident()
    now = time.perf_counter() + 2
    outputs = [Output() for _ in range(count)]
    tasks = [
        asyncio.create_task(session(pcm, now + 5 * number / count, seconds, vad, output))
        for number, output in enumerate(outputs)
    ]
    await asyncio.sleep(2 + settling)
    used, began = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds - settling - 1)
    cores = (time.process_time() - used) / (time.perf_counter() - began) / count
    memory = (resident() - before) / 1024 / count
    await asyncio.wait(tasks, timeout=8)
    for task in tasks:
        if task.done() and task.exception() is not None:
            raise task.exception() or RuntimeError
    latencies = [latency for output in outputs for latency in output.latencies]
    print(json.dumps({"cores": cores, "kilobytes": memory, "latencies": latencies}), flush=True)
    os._exit(0)  # its tasks take their time to end


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
