"""A conversation by voice: four pumps, one floor.

*Hear* takes the line's frames through the detector and the transcriber, and is the session's clock; a reply *thinks*,
*speaks* and *plays* (`reply.py`). The floor alone decides; this module carries out its moves.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace

from anyio import CancelScope, create_task_group, sleep
from anyio.abc import TaskGroup

from parley.inference.speech import (
    FRAME_MS,
    Speaker,
    Transcriber,
    Vad,
    Voice,
)
from parley.voice import events, moves
from parley.voice.ear import Ear
from parley.voice.fixed import FixedSentences, fixed_sentences
from parley.voice.floor import Floor
from parley.voice.kept import KeptSpeech
from parley.voice.manners import Manners
from parley.voice.mouth import Mouth
from parley.voice.ports import CallerTurn, Digit, HungUp, Interrupt, Line, Outcome, ReplyEvent, Responder, Say, Typed
from parley.voice.reply import Reply, Stage
from parley.voice.timing import Timing
from parley.voice.voicing import Voicing, VoicingRule

_BREATHLESS = 1000 // FRAME_MS  # frames: a transcriber so far behind hears no faster than in real time
_STATES: dict[str, events.State] = {"thinking": "thinking", "speaking": "speaking", "leaving": "speaking"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is joined from. `speakers` in order of preference; `vad` belongs to this session alone,
    `kept` is shared by all."""

    line: Line
    responder: Responder
    transcriber: Transcriber
    speakers: Sequence[Speaker]
    vad: Vad
    kept: KeptSpeech | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How this session speaks and listens.

    `greeting` "" lets the caller speak first. `hints` are words to expect. `lead_in_ms` of audio before the detected
    start go to a transcriber that is fed speech only. `lead_ms`: audio the line is given ahead of its loudspeaker.
    """

    language: str = "en"
    voice: Voice = field(default_factory=Voice)
    greeting: str = ""
    hints: tuple[str, ...] = ()
    manners: Manners = field(default_factory=Manners)
    voicing: VoicingRule = field(default_factory=VoicingRule)
    sentences: FixedSentences | None = None
    lead_in_ms: int = 300
    lead_ms: int = 400


class Session:
    """`run` it once. Everything it has to tell goes to the line."""

    def __init__(
        self, parts: Parts, settings: Settings | None = None, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._parts = parts
        self._settings = settings = settings or Settings()
        self._clock = clock
        self._line = parts.line
        self._sentences = settings.sentences or fixed_sentences(settings.language)
        self._floor = Floor(settings.manners)
        self._voicing = Voicing(settings.voicing)
        self._ear = Ear(
            parts.transcriber,
            language=settings.language,
            hints=settings.hints,
            lead_in_ms=settings.lead_in_ms,
            tell=parts.line.tell,
            notify=self._step,
            now=lambda: self.now_ms,
        )
        self._quiet_at = 0
        self._now = 0
        self._state: events.State = "listening"
        self._reply: Reply | None = None
        self._guess: Reply | None = None
        self._filler: Reply | None = None
        self._unclosed: list[Reply] = []
        self._replies = self._turns = 0
        self._reason: events.Reason | None = None
        self._tasks: TaskGroup | None = None
        self._stage = Stage(
            line=parts.line,
            mouth=Mouth(parts.speakers, settings.voice, parts.kept),
            language=settings.language,
            notify=self._step,
            settle=parts.responder.settled,
            clock=clock,
            lead_ms=settings.lead_ms,
            tool_s=settings.manners.tool_ms / 1000,
        )

    @property
    def now_ms(self) -> int:
        """Audio received so far."""
        return self._now

    async def run(self) -> events.Reason:
        """Until the line hangs up or the floor ends the conversation. Raises nothing that a vendor, a caller or a
        responder can cause. All replies are closed and settled when it returns."""
        try:
            async with create_task_group() as tasks:
                self._tasks = tasks
                self._line.tell(events.Ready())
                tasks.start_soon(self._ear.run)
                if self._settings.greeting:
                    self._floor.greet(self._now)
                    self._say(self._settings.greeting)
                tasks.start_soon(self._hear_out, tasks.cancel_scope)
        finally:
            self._tasks = None
        reason = self._reason or "hung_up"
        self._line.tell(events.Ended(reason, self._now))
        return reason

    # Hear -----------------------------------------------------------------------------------------------------------

    async def _hear_out(self, all_tasks: CancelScope) -> None:
        """A task of its own: resumed fifty times a second, it must not go through all the calls around `run`."""
        await self._hear()
        for reply in self._unclosed:
            reply.hang_up()
        all_tasks.cancel()

    async def _hear(self) -> None:
        receive = self._line.receive
        while self._reason is None:
            item = await receive()
            if isinstance(item, bytes):
                self._frame(item)
                if self._ear.behind > _BREATHLESS:
                    await sleep(FRAME_MS / 1000)
                continue
            match item:
                case HungUp():
                    return
                case Digit(digit):
                    self._step(moves.Pressed(digit))
                case Typed(text) if text.strip():
                    self._step(moves.Wrote(text.strip()))
                case Interrupt():
                    self._step(moves.Stop())

    def _frame(self, frame: bytes) -> None:
        """20 ms of audio. Nothing in here awaits, and little allocates."""
        self._now = now = self._now + FRAME_MS
        voicing = self._voicing
        changed = voicing.step(self._parts.vad(frame))
        self._ear.feed(frame, voiced=voicing.speaking)
        if changed is not None:
            self._voice_changed(started=changed)
        reply = self._reply
        if reply is not None:
            if self._filler is not None:
                self._filler_sounds(self._filler)
            reply.frame()
            if reply.concluded and reply is self._reply:
                self._reply = None
        if now >= self._floor.deadline:
            self._tick()

    def _voice_changed(self, *, started: bool) -> None:
        if started:
            self._ear.transcript.speech()
            self._line.tell(events.SpeechStarted(self._now))
            self._step(moves.SpeechBegan())
        else:
            silent = self._voicing.silent_ms
            self._quiet_at = self._now - silent
            self._line.tell(events.SpeechStopped(self._quiet_at))
            self._step(moves.SpeechEnded(silent))

    def _tick(self) -> None:
        reply = self._reply
        if reply is not None and reply.audible and not reply.concluded:
            unplayed = self._line.unplayed_ms
            if unplayed > 0:
                self._step(moves.Sounding(unplayed))
        if self._now >= self._floor.deadline:
            self._step(moves.Tick())

    # Carry out ------------------------------------------------------------------------------------------------------

    def _step(self, news: moves.News) -> None:
        for move in self._floor.step(news, self._now):
            self._carry_out(move)
        state = _STATES.get(self._floor.state, "listening")
        if state != self._state and self._floor.state != "ended":
            self._state = state
            if self._filler is not None and not self._filler.audible:
                self._drop_filler()
            self._line.tell(events.AgentState(state))

    def _carry_out(self, move: moves.Move) -> None:
        match move:
            case moves.Flush():
                self._ear.flush()
            case moves.Answer(text, kind, unanswered):
                self._ear.transcript.take()
                self._answer(CallerTurn(self._next_turn(), text, kind, unanswered))
            case moves.Speculate(text, unanswered):
                self._speculate(CallerTurn(self._next_turn(), text, unanswered=unanswered, speculative=True))
            case moves.Commit() | moves.Discard():
                self._decide_guess(move)
            case moves.Ignore():
                self._ear.transcript.take()
            case moves.Speak(prompt):
                self._abort()
                self._say(getattr(self._sentences, prompt))
            case moves.End(reason):
                self._reason = reason
            case _:
                self._carry_out_on_reply(move)

    def _carry_out_on_reply(self, move: moves.Move) -> None:
        reply = self._reply
        if reply is None:
            return
        match move:
            case moves.Pause():
                self._drop_filler()
                reply.pause()
            case moves.Resume():
                reply.resume()
            case moves.Fill():
                self._fill()
            case moves.Yield():
                self._drop_filler()
                reply.stop()
                self._floor.asked = reply.heard
                self._reply = None
            case moves.Recover(attempt):
                self._recover(reply, attempt)
            case moves.GiveUp():
                self._abort()
                self._line.tell(events.Error("voice.no_speech", "The agent could not be made to speak."))
            case _:
                pass

    def _next_turn(self) -> int:
        self._turns += 1
        return self._turns

    def _answer(self, turn: CallerTurn) -> None:
        self._line.tell(events.TranscriptFinal(turn.text, turn.id, turn.kind))
        self._reply = self._begin(turn, self._timing(turn))

    def _timing(self, turn: CallerTurn) -> Timing:
        spoken = turn.kind == "speech"
        settled = self._ear.settled_at - self._quiet_at
        return Timing(
            self._clock(),
            decision_ms=self._now - self._quiet_at if spoken else None,
            transcript_ms=settled if spoken and settled >= 0 else None,
            speculative=turn.speculative,
        )

    def _speculate(self, turn: CallerTurn) -> None:
        self._guess = self._begin(turn, None, held=True)

    def _decide_guess(self, move: moves.Commit | moves.Discard) -> None:
        reply, self._guess = self._guess, None
        if reply is None or reply.turn is None:
            return
        if isinstance(move, moves.Discard):
            self._parts.responder.discard(reply.turn)
            reply.discard()
            return
        self._ear.transcript.take()
        self._line.tell(events.TranscriptFinal(move.text, reply.turn.id))
        self._reply = reply
        reply.timing = self._timing(reply.turn)
        self._parts.responder.commit(reply.turn)
        reply.release()

    def _begin(self, turn: CallerTurn, timing: Timing | None, *, held: bool = False) -> Reply:
        """Start the responder's reply, behind what is left of the one before."""
        self._replies += 1
        respond = self._parts.responder.reply
        reply = Reply(self._replies, turn, lambda: respond(turn), self._stage, timing=timing, held=held)
        self._start(reply, after=[earlier for earlier in self._unclosed if not earlier.closed.is_set()])
        return reply

    def _say(self, sentence: str) -> None:
        """One of the session's own sentences, which wait for nothing."""
        self._replies += 1
        self._reply = reply = Reply(self._replies, None, lambda: _spoken(sentence), self._stage)
        self._start(reply, after=[])

    def _start(self, reply: Reply, after: Sequence[Reply]) -> None:
        self._unclosed = [earlier for earlier in self._unclosed if not earlier.closed.is_set()]
        if self._tasks is not None:
            self._unclosed.append(reply)
            self._tasks.start_soon(reply.run, after)

    def _recover(self, reply: Reply, attempt: int) -> None:
        if self._stage.mouth.waiting:
            self._stage.mouth.retry()
        elif reply.audible or reply.acted or reply.turn is None:
            self._step(moves.Failed(lost=True))
        else:
            turn, timing = replace(reply.turn, attempt=attempt), reply.timing
            reply.abort()
            self._reply = self._begin(turn, timing)
            if self._filler is not None and self._filler.audible:
                self._reply.hold()

    def _fill(self) -> None:
        """Say that it takes a moment: no part of what history keeps. What is ready first is heard first."""
        self._replies += 1
        mouth = Mouth(self._parts.speakers, self._settings.voice, self._parts.kept)
        stage = replace(self._stage, mouth=mouth, notify=self._filler_told, settle=_forget)
        self._filler = Reply(self._replies, None, lambda: _spoken(self._sentences.filler), stage)
        self._start(self._filler, after=[])

    def _filler_told(self, news: moves.News) -> None:
        if isinstance(news, moves.Sounding) and self._reply is not None:
            self._reply.hold()

    def _filler_sounds(self, filler: Reply) -> None:
        filler.frame()
        starved = filler.audible and self._line.unplayed_ms <= 0
        if filler.concluded or starved:
            self._drop_filler()
            if self._reply is not None:
                self._reply.release()

    def _drop_filler(self) -> None:
        if self._filler is not None:
            self._filler.stop()
            self._filler = None

    def _abort(self) -> None:
        self._drop_filler()
        if self._reply is not None:
            self._reply.abort()
            self._reply = None


async def _forget(_: Outcome) -> None:
    """What history does with a filler."""


async def _spoken(sentence: str) -> AsyncGenerator[ReplyEvent, None]:
    yield Say(sentence, lasting=True)
