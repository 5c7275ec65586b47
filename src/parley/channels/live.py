"""A live call over any line: what the agent, its business and this machine bring to a session of the voice engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from parley.agents import Agent, defaults
from parley.channels.admission import Admission
from parley.channels.spoken import Spoken
from parley.conversations import Asides, Ask, Responder, Transcripts
from parley.inference.speech import Speaker, Transcriber, VadFactory, Voice
from parley.knowledge import Library
from parley.voice import KeptSpeech, Line, Manners, Parts, SemanticPause, Session, Settings

_HINT_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class SpeechParts:
    """What hears and speaks, made by the wiring."""

    transcriber: Transcriber
    speakers: tuple[Speaker, ...]
    vad: VadFactory
    kept: KeptSpeech | None = None
    admission: Admission = field(default_factory=Admission)

    async def aclose(self) -> None:
        """End what speakers and transcribers have running."""
        for part in (self.transcriber, *self.speakers):
            if (close := getattr(part, "aclose", None)) is not None:
                await close()

    def speakers_of(self, language: str) -> tuple[Speaker, ...]:
        """Those that know the language; all where none does."""
        known = [one for one in self.speakers if language in (one.capabilities.languages or {language})]
        return tuple(known) or self.speakers


class Rooms(Protocol):
    """What a call needs of the wiring; `request.state` and the wiring's own record both have it."""

    @property
    def speech(self) -> SpeechParts: ...
    @property
    def responder(self) -> Responder: ...
    @property
    def transcripts(self) -> Transcripts: ...
    @property
    def asides(self) -> Asides: ...
    @property
    def library(self) -> Library: ...


async def hold_call(
    rooms: Rooms,
    agent: Agent,
    business: str,
    line: Line,
    *,
    conversation_id: str | None = None,
    greets: bool = True,
    channel: str = "voice",
) -> None:
    """Speak with the caller on `line` until one of them hangs up; the conversation is over and on record then.

    `greets`: the agent speaks first. Raises nothing that a caller or a vendor can cause.
    """
    speech = rooms.speech
    arm = await rooms.responder.foresee(Ask(agent.tenant_id, "", agent.id, conversation_id, channel=channel))
    language = agent.definition.language or "en"
    spoken = Spoken(
        rooms.responder,
        rooms.transcripts,
        rooms.asides,
        agent.tenant_id,
        agent.id,
        conversation_id=conversation_id,
        channel=channel,
        prompt_id=None if arm is None else arm.prompt_id,
    )
    settings = Settings(
        language=language,
        voice=Voice((arm and arm.voice) or agent.definition.voice or "", language, _speed(agent)),
        greeting=_greeting(agent, language, business) if greets else "",
        hints=(agent.name, business, *await rooms.library.texts(agent.tenant_id, _HINT_CHARACTERS)),
        manners=Manners(language=language, endpointing=SemanticPause(language)),
    )
    parts = Parts(line, spoken, speech.transcriber, speech.speakers_of(language), speech.vad(), speech.kept)
    await Session(parts, settings).run()
    if spoken.conversation_id is not None:
        await rooms.transcripts.end(agent.tenant_id, spoken.conversation_id)


def _greeting(agent: Agent, language: str, business: str) -> str:
    greeting = agent.definition.prompts.get("greeting") or defaults(agent.type, language).greeting
    return greeting.replace("{business}", business)


def _speed(agent: Agent) -> float:
    speed = agent.definition.voice_settings.get("speed", 1.0)
    return float(speed) if isinstance(speed, int | float) and 0.25 <= speed <= 4 else 1.0
