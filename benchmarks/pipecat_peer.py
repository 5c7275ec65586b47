"""Pipecat with vendors that answer at once, many sessions in one process. Runs in an environment of its own:

    <environment>/bin/python benchmarks/pipecat_peer.py RECORDING.wav SESSIONS SECONDS SETTLING

Each session is a pipeline of a transcriber, the context aggregators with Silero, a model, a speaker and an end that
notes the first sound; frames go in without a socket. All waits of the framework are 0, but for the pause of 200 ms by
which its detector knows that speech has stopped. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
import wave
from collections.abc import AsyncGenerator
from pathlib import Path

from loguru import logger  # type: ignore[import-not-found]
from pipecat.audio.vad.silero import SileroVADAnalyzer  # type: ignore[import-not-found]
from pipecat.audio.vad.vad_analyzer import VADParams  # type: ignore[import-not-found]
from pipecat.frames.frames import (  # type: ignore[import-not-found]
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline  # type: ignore[import-not-found]
from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # type: ignore[import-not-found]
from pipecat.processors.aggregators.llm_context import LLMContext  # type: ignore[import-not-found]
from pipecat.processors.aggregators.llm_response_universal import (  # type: ignore[import-not-found]
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor  # type: ignore[import-not-found]
from pipecat.services.stt_service import STTService  # type: ignore[import-not-found]
from pipecat.services.tts_service import TTSService  # type: ignore[import-not-found]
from pipecat.turns.user_stop.speech_timeout_user_turn_stop_strategy import (  # type: ignore[import-not-found]
    SpeechTimeoutUserTurnStopStrategy,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies  # type: ignore[import-not-found]
from pipecat.workers.runner import WorkerRunner  # type: ignore[import-not-found]

RATE, FRAME_S = 16_000, 0.02
WORDS, REPLY = "a table for two people please", "Certainly, we have a table for you."


class Ending(FrameProcessor):  # type: ignore[misc]
    """Notes how long after the detector's "stopped" the first sound comes."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies: list[float] = []
        self._due: float | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame) and self._due is not None:
            self.latencies.append((time.perf_counter() - self._due) * 1000)
            self._due = None
        await self.push_frame(frame, direction)

    def stops(self, at: float) -> None:
        self._due = at


class Transcriber(STTService):  # type: ignore[misc]
    def __init__(self, ending: Ending) -> None:
        super().__init__(ttfs_p99_latency=0.0)
        self._ending = ending

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:  # noqa: ARG002 - the port
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._ending.stops(time.perf_counter())
            await self.push_frame(TranscriptionFrame(WORDS, "caller", "now", finalized=True))


class Model(FrameProcessor):  # type: ignore[misc]
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            for said in (LLMFullResponseStartFrame(), LLMTextFrame(REPLY), LLMFullResponseEndFrame()):
                await self.push_frame(said)
        else:
            await self.push_frame(frame, direction)


class Speaker(TTSService):  # type: ignore[misc]
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:  # noqa: ARG002
        yield TTSStartedFrame(context_id=context_id)
        yield TTSAudioRawFrame(bytes(2 * RATE), RATE, 1, context_id=context_id)
        yield TTSStoppedFrame(context_id=context_id)


async def session(pcm: bytes, begins: float, seconds: float, ending: Ending) -> None:
    vad = SileroVADAnalyzer(params=VADParams(stop_secs=0.2, start_secs=0.06))
    strategies = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)])
    both = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=vad, user_turn_strategies=strategies)
    )
    stages = [Transcriber(ending), both.user(), Model(), Speaker(sample_rate=RATE), ending, both.assistant()]
    params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    worker = PipelineWorker(Pipeline(stages), params=params, idle_timeout_secs=None)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(max(0.0, begins - time.perf_counter()))
    size = int(RATE * FRAME_S) * 2
    frames = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    begun = time.perf_counter()
    for number in range(int(seconds / FRAME_S)):
        due = begun + number * FRAME_S
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        await worker.queue_frame(InputAudioRawFrame(frames[number % len(frames)], RATE, 1))
    await runner.cancel()
    await asyncio.gather(running, return_exceptions=True)


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(file: str, count: int, seconds: float, settling: float) -> None:
    logger.remove()
    with wave.open(file) as sound:
        pcm = (sound.readframes(sound.getnframes()) * 2)[: 3 * RATE * 2] + bytes(2 * RATE * 2)
    gc.collect()
    before = resident()
    now = time.perf_counter() + 2
    endings = [Ending() for _ in range(count)]
    tasks = [
        asyncio.create_task(session(pcm, now + 5 * number / count, seconds, ending))
        for number, ending in enumerate(endings)
    ]
    await asyncio.sleep(2 + settling)
    used, began = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds - settling - 1)
    cores = (time.process_time() - used) / (time.perf_counter() - began) / count
    memory = (resident() - before) / 1024 / count
    await asyncio.wait(tasks, timeout=3)
    latencies = [latency for ending in endings for latency in ending.latencies]
    print(json.dumps({"cores": cores, "kilobytes": memory, "latencies": latencies}), flush=True)
    os._exit(0)  # its tasks take their time to end


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
