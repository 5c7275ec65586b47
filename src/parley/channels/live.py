"""A live call over any line: what the agent, its business and this machine bring to a session of the voice engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from parley.agents import Agent
from parley.channels.admission import Admission
from parley.channels.greeting import first_words
from parley.channels.line import LiveLine
from parley.channels.recorded import RecordedLine
from parley.channels.spoken import Caller, Spoken
from parley.conversations import Asides, Ask, Responder, Transcripts
from parley.inference.speech import Speaker, Transcriber, VadFactory, Voice
from parley.knowledge import Library
from parley.recordings import Recordings, announcement, records
from parley.voice import KeptSpeech, Line, Manners, Parts, Reason, SemanticPause, Session, Settings

_HINT_CHARACTERS = 200_000
_NOBODY = {"driver_name": "", "load_number": ""}
_SOMEBODY = Caller()

SpeechName = str | Mapping[str, Any] | None
"""An agent's `stt` or `tts`: "vendor/model", or {provider, model, fallback} (a speaker's with voice), or nothing."""


class SpeechChoice(Protocol):
    """Who hears and who speaks for an agent, hosted ones included. Never an error: what cannot be had is left out."""

    async def for_agent(
        self, tenant_id: str, stt: SpeechName, tts: SpeechName
    ) -> tuple[Transcriber, tuple[Speaker, ...]]: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SpeechParts:
    """What hears and speaks, made by the wiring. `choice` knows better, agent by agent, where there is one."""

    transcriber: Transcriber
    speakers: tuple[Speaker, ...]
    vad: VadFactory
    kept: KeptSpeech | None = None
    admission: Admission = field(default_factory=Admission)
    choice: SpeechChoice | None = None

    async def for_agent(self, agent: Agent) -> SpeechParts:
        """The same parts with what hears and speaks for this agent."""
        if self.choice is None:
            return self
        chosen = agent.definition
        transcriber, speakers = await self.choice.for_agent(agent.tenant_id, chosen.stt, chosen.tts)
        return replace(self, transcriber=transcriber, speakers=speakers)

    async def aclose(self) -> None:
        """End what speakers and transcribers have running."""
        if self.choice is not None:
            await self.choice.aclose()
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
    @property
    def recordings(self) -> Recordings: ...


@dataclass(frozen=True, slots=True)
class Talked:
    """How a session ended, and the conversation it was; None where nobody said a word. `hands_over`: a person is to
    take the call over now, as the caller was told."""

    conversation_id: str | None
    reason: Reason
    hands_over: bool = False


async def hold_call(
    rooms: Rooms,
    agent: Agent,
    business: str,
    line: LiveLine,
    *,
    caller: Caller = _SOMEBODY,
    conversation_id: str | None = None,
    greets: bool = True,
) -> None:
    """Speak with the caller on `line` until one of them hangs up; the conversation is over and on record then.

    Where the line was lost it stays open: the caller may come back to it, and who does not is waited for no longer than
    somebody who types (`conversations.Outcomes`). `greets`: the agent speaks first. Raises nothing that a caller or a
    vendor can cause.
    """
    greeting = first_words(agent, business, language_of(agent), _NOBODY) if greets else ""
    talked = await converse(rooms, agent, business, line, caller, greeting, conversation_id)
    if talked.conversation_id is not None and not (talked.reason == "hung_up" and line.lost):
        await rooms.transcripts.end(agent.tenant_id, talked.conversation_id)


async def converse(
    rooms: Rooms,
    agent: Agent,
    business: str,
    line: Line,
    caller: Caller,
    greeting: str,
    conversation_id: str | None = None,
) -> Talked:
    """`hold_call`, but the conversation stays open: the caller may come back on another line.

    `greeting` "": the caller speaks first. Where the agent records, the announcement comes before it.
    """
    speech = await rooms.speech.for_agent(agent)
    arm = await rooms.responder.foresee(Ask(agent.tenant_id, "", agent.id, conversation_id, channel=caller.channel))
    language = language_of(agent)
    recorded = None
    if records(agent, caller.channel):
        notice = announcement(agent, language)
        greeting = f"{notice} {greeting}".strip()
        line = recorded = RecordedLine(line, notice)
    spoken = Spoken(
        rooms.responder,
        rooms.transcripts,
        rooms.asides,
        agent.tenant_id,
        agent.id,
        conversation_id=conversation_id,
        caller=caller,
        prompt_id=None if arm is None else arm.prompt_id,
        noted=None if recorded is None else recorded.note,
    )
    settings = Settings(
        language=language,
        voice=Voice((arm and arm.voice) or _voice(agent), language, _speed(agent)),
        greeting=greeting,
        hints=(agent.name, business, *await rooms.library.texts(agent.tenant_id, _HINT_CHARACTERS)),
        manners=Manners(language=language, endpointing=SemanticPause(language)),
    )
    winding: asyncio.Task[None] | None = None
    if recorded is not None:
        reel = rooms.recordings.reel(agent.tenant_id, recorded.tape)
        winding = asyncio.create_task(recorded.wind(rooms.recordings, reel, lambda: spoken.conversation_id))
    parts = Parts(line, spoken, speech.transcriber, speech.speakers_of(language), speech.vad(), speech.kept)
    try:
        reason = await Session(parts, settings).run()
    finally:
        if recorded is not None and winding is not None:
            recorded.stop()
            await winding
    return Talked(spoken.conversation_id, reason, spoken.hands_over and reason == "goodbye")


def language_of(agent: Agent) -> str:
    """The language a session is held in."""
    return agent.definition.language or "en"


def _voice(agent: Agent) -> str:
    """The voice that the agent's choice of a speaker names, else the agent's own."""
    tts = agent.definition.tts
    chosen = tts.get("voice") if isinstance(tts, dict) else None
    return chosen if isinstance(chosen, str) and chosen else agent.definition.voice or ""


def _speed(agent: Agent) -> float:
    speed = agent.definition.voice_settings.get("speed", 1.0)
    return float(speed) if isinstance(speed, int | float) and 0.25 <= speed <= 4 else 1.0
