"""Parley's own `/voice/stream` with vendors and an agent that answer at once, to be served by uvicorn.

The route, the line, the engine and Silero are the true ones; the transcriber, the model and the speaker are dummies,
and no database is asked, as nothing of the kind is in the peers either. `GET /use` tells what this process has used.
Run: python -m benchmarks.voice_stand_ins ours|bare PORT
"""

from __future__ import annotations

import asyncio
import base64
import gc
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import orjson
import psutil
import uvicorn
from fastapi import FastAPI, WebSocket

from parley.agents import Definition
from parley.app.serve import SOCKETS
from parley.channels import SpeechParts, voice_routes
from parley.conversations import Delta
from parley.inference.speech import (
    Final,
    Flushed,
    Heard,
    Partial,
    SpeakerCapabilities,
    Speech,
    TranscriberCapabilities,
    Voice,
)
from parley.providers.silero import SileroVad

WORDS = "a table for two people please"
REPLY = "Certainly, we have a table for you."
_SPOKEN = Speech(bytes(2 * 16_000))  # one second


class Hearing:
    """A partial per half a second of speech, a final at once when asked."""

    def __init__(self) -> None:
        self._frames = self._segment = 0
        self._reports: asyncio.Queue[Heard | None] = asyncio.Queue()

    def feed(self, frame: bytes) -> None:  # noqa: ARG002 - the port's signature
        self._frames += 1
        if self._frames % 25 == 0:
            self._reports.put_nowait(Partial(WORDS, self._segment))

    def finish(self, mark: int) -> None:
        if self._frames:
            self._reports.put_nowait(Final(WORDS, self._segment))
            self._frames = 0
            self._segment += 1
        self._reports.put_nowait(Flushed(mark))

    async def events(self) -> AsyncGenerator[Heard, None]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def aclose(self) -> None:
        self._reports.put_nowait(None)


class Transcriber:
    name = "dummy/transcriber"
    capabilities = TranscriberCapabilities()

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:  # noqa: ARG002
        return Hearing()


class Speaker:
    name = "dummy/speaker"
    capabilities = SpeakerCapabilities()

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:  # noqa: ARG002
        yield _SPOKEN


class Responder:
    async def foresee(self, _: Any) -> None:
        return None

    async def respond(self, ask: Any) -> AsyncGenerator[Delta, None]:  # noqa: ARG002
        yield Delta(REPLY)


class Nothing:
    """The rooms that no part of the measurement goes through."""

    async def judge(self, _: Any) -> Any:
        return SimpleNamespace(require=lambda _: None)

    async def tenant_for(self, *_: Any) -> str:
        return "tenant"

    async def first_active(self, _: str) -> Any:
        definition = Definition(language="en", prompts={"greeting": "Hello."})
        return SimpleNamespace(id="agent", tenant_id="tenant", name="Desk", type="receptionist", definition=definition)

    async def get(self, *_: Any) -> Any:
        return SimpleNamespace(name="Business")

    async def texts(self, *_: Any) -> tuple[str, ...]:
        return ()

    async def say(self, *_: Any) -> None:
        return None


@asynccontextmanager
async def _parts(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    nothing: Any = Nothing()
    speech = SpeechParts(Transcriber(), (Speaker(),), SileroVad())
    SileroVad()()  # the weights are loaded before anybody calls
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    names = ("access", "login", "agents", "businesses", "transcripts", "library", "asides")
    yield {"speech": speech, "responder": Responder(), **dict.fromkeys(names, nothing)}


ours = FastAPI(lifespan=_parts)
ours.include_router(voice_routes)
bare = FastAPI(lifespan=_parts)
_process = psutil.Process()


@bare.websocket("/bare")
async def bare_loop(socket: WebSocket) -> None:
    """What no engine can go below: JSON, base64 and Silero for every frame, and nothing else."""
    await socket.accept()
    vad = SileroVad()()
    await socket.send_text('{"event":"ready"}')
    while (message := await socket.receive())["type"] == "websocket.receive":
        event = orjson.loads(message["text"])
        if event["event"] == "end":
            break
        if event["event"] == "audio_chunk":
            vad(base64.b64decode(event["data"]))
    await socket.close()


@ours.get("/use")
@bare.get("/use")
async def use() -> dict[str, float]:
    """Processor seconds, bytes resident, and the clock they were read at."""
    return {"cpu": time.process_time(), "rss": _process.memory_info().rss, "at": time.perf_counter()}


if __name__ == "__main__":
    _app = {"ours": ours, "bare": bare}[sys.argv[1]]
    uvicorn.run(_app, port=int(sys.argv[2]), log_level="warning", **SOCKETS)
