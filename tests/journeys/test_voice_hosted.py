"""A talk over `/voice/stream` with nothing but hosted vendors: Deepgram hears, an OpenAI-compatible model answers,
ElevenLabs speaks, each on a wire-exact server; and all three break in the middle of a call.

The caller's sound says which words it is (`inference.scripted_speech.Tape`), so the detector of speech goes by
loudness; everything else is the application as it is served.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import websockets
from pydantic import SecretStr

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.inference.scripted_speech import EnergyVad, Tape
from parley.voice import Manners
from tests.conftest import SECRET, Business, _business, _Opened, _with_state
from tests.patience import PATIENCE
from tests.serving import on_a_port
from tests.wire import openai_replies as gpt
from tests.wire.deepgram_server import DeepgramServer
from tests.wire.elevenlabs_server import ElevenLabsSocket
from tests.wire.openai_audio_server import OpenAIAudioServer
from tests.wire.openai_server import OpenAIServer
from tests.wire.sockets import Trouble, Visit

pytestmark = pytest.mark.anyio

TAPE = Tape()
SILENCE = bytes(640)
# On a busy machine nobody is told that it takes a moment.
PATIENT: dict[str, Any] = {
    "filler_ms": 20_000,
    "stall_ms": 20_000,
    "transcript_wait_ms": 6_000,
    "still_there_ms": 60_000,
}
LASTS = 800  # samples: half a word of ElevenLabs'
ASKED = "what time do you close on sunday"
ANSWER = "On Sunday we close at nine in the evening."


@dataclass
class Vendors:
    """The servers, and where the application is."""

    deepgram: DeepgramServer
    elevenlabs: ElevenLabsSocket
    groq: OpenAIAudioServer
    openai: OpenAIServer
    vllm: OpenAIServer
    address: str


@pytest.fixture(scope="module")
async def here(database_url: str, scratch: Path) -> AsyncIterator[tuple[Vendors, Resources, Any]]:
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("parley.app.speech.SileroVad", lambda: EnergyVad)
        patch.setattr("parley.channels.live.Manners", partial(Manners, **PATIENT))
        ears, mouth = DeepgramServer(TAPE, api_key="dg-ours"), ElevenLabsSocket(TAPE, api_key="el-ours")
        groq = OpenAIAudioServer(TAPE, flavour="groq", api_key="gsk-ours")
        for server in (ears, mouth, groq):
            await stack.enter_async_context(server.open())
        openai, vllm = (stack.enter_context(server) for server in (OpenAIServer(), OpenAIServer(flavour="local")))
        settings = Settings.model_construct(
            data_dir=scratch / "hosted-voice",
            deepgram_api_key=SecretStr("dg-ours"),
            deepgram_base_url=ears.url,
            elevenlabs_api_key=SecretStr("el-ours"),
            elevenlabs_base_url=mouth.url.replace("ws", "http"),
            groq_api_key=SecretStr("gsk-ours"),
            groq_base_url=groq.url,  # the host alone
            openai_api_key=SecretStr("sk-ours"),
            openai_base_url=openai.base_url,
            vllm_base_url=vllm.base_url,
            vllm_model="qwen",
        )
        opened = await stack.enter_async_context(open_resources(settings, database_url, SECRET))
        application = create_app(_Opened(opened), ["http://localhost:3000"])
        state = await stack.enter_async_context(application.router.lifespan_context(application))
        served = _with_state(application, state)
        port = await stack.enter_async_context(on_a_port(served))
        address = f"ws://127.0.0.1:{port}/voice/stream"
        yield Vendors(ears, mouth, groq, openai, vllm, address), opened, served


@pytest.fixture
def vendors(here: tuple[Vendors, Resources, Any]) -> Vendors:
    """Nothing asked yet, and no failure remembered."""
    found, resources, _ = here
    resources.models._breaker._records.clear()
    choice: Any = resources.speech.choice
    choice._breaker._records.clear()
    for visited in (found.deepgram, found.elevenlabs):
        visited.visits.clear()
        visited.troubles.clear()
    found.elevenlabs.faults.clear()
    found.groq.asked.clear()
    for server in (found.openai, found.vllm):
        server.requests.clear()
        server._queue.clear()
    return found


@pytest.fixture
async def business(here: tuple[Vendors, Resources, Any]) -> AsyncIterator[Business]:
    _, resources, served = here
    async with _business(served, resources) as made:
        yield made


class Call:
    """A caller on `/voice/stream`: speaks in frames of 20 ms, hears what comes back."""

    def __init__(self, line: Any) -> None:
        self.line = line
        self.events: list[dict[str, Any]] = []

    async def say(self, text: str) -> None:
        frames = [*[SILENCE] * 10, *TAPE.frames(text, word_ms=200, gap_ms=40), *[SILENCE] * 60]
        for number in range(0, len(frames), 5):
            sound = b"".join(frames[number : number + 5])
            await self.line.send(json.dumps({"event": "audio_chunk", "data": base64.b64encode(sound).decode()}))
            await asyncio.sleep(0.02)

    async def until(self, name: str, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        """Events from here up to the first of this name."""
        start = len(self.events)
        async with asyncio.timeout(seconds):
            while len(self.events) == start or self.events[-1]["event"] != name:
                self.events.append(json.loads(await self.line.recv()))
        return self.events[start:]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]


@asynccontextmanager
async def call(vendors: Vendors, business: Business, agent: str) -> AsyncIterator[Call]:
    headers = {"Authorization": business.owner.headers["authorization"]}
    async with websockets.connect(vendors.address, additional_headers=headers, max_size=None) as line:
        start = {"event": "start", "agent_id": agent, "input": {"encoding": "pcm16", "sample_rate": 16_000}}
        await line.send(json.dumps(start))
        yield Call(line)
        await line.send(json.dumps({"event": "end"}))
        async with asyncio.timeout(PATIENCE):
            while json.loads(await line.recv())["event"] != "ended":
                pass


def heard(events: list[dict[str, Any]]) -> list[str]:
    """The words in the sound that came; what was made to another rate holds none that last."""
    pcm = b""
    for event in events:
        if event["event"] == "audio_response":
            with wave.open(io.BytesIO(base64.b64decode(event["data"]))) as sound:
                pcm += sound.readframes(sound.getnframes())
    return [word for word, samples in TAPE.read(pcm) if samples > LASTS]


def in_the_middle_of(word: str) -> Callable[[Visit], bool]:
    """When a visit has heard the beginning of the word."""
    return lambda visit: any(said == word for said, _ in TAPE.read(bytes(visit.sound))[-1:])


async def agent_of(business: Business, **choice: Any) -> str:
    flow = {"start": "free", "nodes": {"free": {}}}
    body = {"name": "Lucia", "type": "receptionist", "prompts": {"greeting": "Good evening."}, "language": "en"}
    made = await business.owner.post("/agents", json={**body, "conversation_flow": flow, **choice})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def lines(business: Business) -> list[tuple[str, str]]:
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    return [(one["role"], one["content"]) for one in logged["transcript"]["messages"]]


async def test_a_talk_over_hosted_ears_model_and_voice(vendors: Vendors, business: Business) -> None:
    agent = await agent_of(
        business, stt="deepgram/flux", llm="openai", tts={"provider": "elevenlabs", "voice": "George"}
    )
    vendors.openai.queue(gpt.streamed(ANSWER))
    async with call(vendors, business, agent) as caller:
        assert heard(await caller.until("reply_heard")) == ["Good", "evening."]
        await caller.say(ASKED)
        answered = await caller.until("metrics")
    assert [event["text"] for event in caller.of("transcript_final")] == [ASKED]
    assert caller.of("transcript_partial")
    assert heard(answered) == ANSWER.split(), "every word once"
    assert await lines(business) == [("assistant", "Good evening."), ("user", ASKED), ("assistant", ANSWER)]
    [visit] = vendors.deepgram.visits
    assert (visit.path, visit.asked("model")) == ("/v2/listen", ["flux-general-en"])
    assert "Lucia" in visit.asked("keyterm")
    assert visit.headers["authorization"] == "Token dg-ours"
    spoken = [one for one in vendors.elevenlabs.visits if one.texts]
    assert {one.path.split("/")[3] for one in spoken} == {"JBFqnCBsd6RMkjVDRZzb"}
    [request] = [one for one in vendors.openai.requests if one.path.endswith("/chat/completions")]
    assert ASKED in request.body["messages"][-1]["content"]
    assert not vendors.groq.asked
    assert caller.of("error") == []


async def test_when_ears_model_and_voice_break_the_next_ones_go_on(vendors: Vendors, business: Business) -> None:
    agent = await agent_of(
        business,
        stt={"provider": "deepgram", "model": "flux", "fallback": ["groq"]},
        llm={"model": "openai", "fallback": ["vllm"]},
        tts={"provider": "elevenlabs", "fallback": ["groq"]},
    )
    async with call(vendors, business, agent) as caller:
        await caller.until("reply_heard")
        # The first question: all is well until the model breaks off behind a sentence.
        vendors.openai.queue(gpt.cut_after("We are open on Sunday. The kitchen clo"))
        vendors.vllm.queue(gpt.streamed("The kitchen closes at nine."))
        await caller.say("are you open")
        first = await caller.until("metrics")
        # The second: Deepgram goes in the middle of the words, ElevenLabs of the answer, for good.
        [ear] = vendors.deepgram.visits
        vendors.deepgram.troubles.extend([Trouble(503)] * 3)
        ear.cut_when = in_the_middle_of("you")
        vendors.openai.queue(gpt.streamed(ANSWER))
        vendors.elevenlabs.faults.extend([("cut", 1), ("cut", 0)])
        vendors.elevenlabs.troubles.extend([Trouble(503)] * 4)
        await caller.say(ASKED)
        second = await caller.until("metrics")
    assert heard(first) == "We are open on Sunday. The kitchen closes at nine.".split()
    finals = [event["text"] for event in caller.of("transcript_final")]
    assert finals == ["are you open", ASKED], "no word lost, none twice"
    uploads = [asked for asked in vendors.groq.asked if asked.path == "/openai/v1/audio/transcriptions"]
    speeches = [asked.json["input"] for asked in vendors.groq.asked if asked.path == "/openai/v1/audio/speech"]
    assert uploads, "Groq heard on"
    begun = heard(second)
    assert begun == ["On", "Sunday"], "ElevenLabs broke off at the beginning of the third word"
    assert speeches == ["we close at nine in the evening."], "Groq spoke the rest, that word again"
    assert "".join(event["text"] for event in second if event["event"] == "reply_delta").strip() == ANSWER
    assert (await lines(business))[-2:] == [("user", ASKED), ("assistant", ANSWER)]
    assert [one.path for one in vendors.vllm.requests] == ["/v1/chat/completions"]
