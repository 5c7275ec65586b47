"""A conversation by voice: four pumps, one floor.

*Hear* takes the line's frames through the detector and the transcriber, and is the session's clock; a reply *thinks*,
*speaks* and *plays* (`reply.py`). The floor alone decides; this module carries out its moves.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from anyio import CancelScope, create_task_group
from anyio.abc import TaskGroup

from parley.inference.errors import ProviderError
from parley.inference.speech import (
    FRAME_MS,
    Final,
    Flushed,
    Hearing,
    Partial,
    Speaker,
    Transcriber,
    TurnHint,
    Vad,
    Voice,
)
from parley.voice import events, moves
from parley.voice.fixed import FixedSentences, fixed_sentences
from parley.voice.floor import Floor
from parley.voice.manners import Manners
from parley.voice.mouth import Mouth
from parley.voice.ports import CallerTurn, Digit, HungUp, Interrupt, Line, ReplyEvent, Responder, Say, Typed
from parley.voice.reply import Reply, Stage, Timing
from parley.voice.transcript import Transcript
from parley.voice.voicing import Voicing, VoicingRule

_DEAF_AFTER_MS = 5000  # a transcriber that owes words for so long is opened anew
_FAILURES = 3  # of the transcriber in a row, until nobody listens any more
_UNHEARD = 1500  # frames kept for a transcriber that is still being opened
_STATES: dict[str, events.State] = {"thinking": "thinking", "speaking": "speaking", "leaving": "speaking"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is joined from. `speakers` in order of preference; `vad` belongs to this session alone."""

    line: Line
    responder: Responder
    transcriber: Transcriber
    speakers: Sequence[Speaker]
    vad: Vad


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
        self._transcript = Transcript()
        self._lead_in: deque[bytes] = deque(maxlen=max(1, settings.lead_in_ms // FRAME_MS))
        self._continuous = parts.transcriber.capabilities.continuous
        self._hearing: Hearing | None = None
        self._listening: CancelScope | None = None
        self._unheard: deque[bytes] = deque(maxlen=_UNHEARD)
        self._failures = 0
        self._mark = 0
        self._owed_since: int | None = None
        self._settled_at = self._quiet_at = 0
        self._now = 0
        self._state: events.State = "listening"
        self._reply: Reply | None = None
        self._guess: Reply | None = None
        self._unclosed: list[Reply] = []
        self._replies = self._turns = 0
        self._reason: events.Reason | None = None
        self._tasks: TaskGroup | None = None
        self._stage = Stage(
            line=parts.line,
            mouth=Mouth(parts.speakers, settings.voice),
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
                tasks.start_soon(self._understand)
                if self._settings.greeting:
                    self._floor.greet(self._now)
                    self._say(self._settings.greeting)
                await self._hear()
                for reply in self._unclosed:
                    reply.hang_up()
                tasks.cancel_scope.cancel()
        finally:
            self._tasks = None
        reason = self._reason or "hung_up"
        self._line.tell(events.Ended(reason, self._now))
        return reason

    # Hear -----------------------------------------------------------------------------------------------------------

    async def _hear(self) -> None:
        receive = self._line.receive
        while self._reason is None:
            item = await receive()
            if isinstance(item, bytes):
                self._frame(item)
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
        if self._continuous or voicing.speaking:
            feed = self._unheard.append if self._hearing is None else self._hearing.feed
            if self._lead_in:
                for earlier in self._lead_in:
                    feed(earlier)
                self._lead_in.clear()
            feed(frame)
        else:
            self._lead_in.append(frame)
        if changed is not None:
            self._voice_changed(started=changed)
        reply = self._reply
        if reply is not None:
            reply.frame()
            if reply.concluded and reply is self._reply:
                self._reply = None
        if now >= self._floor.deadline:
            self._tick()

    def _voice_changed(self, *, started: bool) -> None:
        if started:
            self._transcript.speech()
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

    # Understand -----------------------------------------------------------------------------------------------------

    async def _understand(self) -> None:
        """The transcriber's side of *hear*: words for the floor, from one hearing after the other if need be."""
        while self._failures < _FAILURES:
            self._failures += 1
            try:
                with CancelScope() as self._listening:
                    await self._listen()
            except ProviderError as error:
                self._line.tell(events.Error(error.code, error.detail))
                if not error.retryable:
                    break
            if self._owed_since is not None:
                self._owed_since = None
                self._step(moves.Settled())
        self._step(moves.Deafened())

    async def _listen(self) -> None:
        settings = self._settings
        hearing = await self._parts.transcriber.open(language=settings.language, hints=settings.hints)
        try:
            for frame in self._unheard:
                hearing.feed(frame)
            self._unheard.clear()
            if self._owed_since is not None:
                hearing.finish(self._mark)
            self._hearing = hearing
            async with aclosing(hearing.events()) as reported:
                async for event in reported:
                    self._reported(event)
        finally:
            self._hearing = None
            await hearing.aclose()

    def _reported(self, event: Partial | Final | Flushed | TurnHint) -> None:
        match event:
            case Partial():
                changed = self._transcript.partial(event)
            case Final():
                changed = self._transcript.final(event)
            case Flushed(mark):
                changed = False
                if mark == self._mark:
                    self._owed_since = None
                    self._failures = 0
                    self._settled_at = self._now
                    self._transcript.settled()
                    self._step(moves.Settled())
            case TurnHint(kind):
                changed = False
                self._step(moves.Hint(kind))
        if changed:
            self._line.tell(events.TranscriptPartial(self._transcript.text))
            self._step(moves.Words(self._transcript.text))

    # Carry out ------------------------------------------------------------------------------------------------------

    def _step(self, news: moves.News) -> None:
        for move in self._floor.step(news, self._now):
            self._carry_out(move)
        state = _STATES.get(self._floor.state, "listening")
        if state != self._state and self._floor.state != "ended":
            self._state = state
            self._line.tell(events.AgentState(state))

    def _carry_out(self, move: moves.Move) -> None:
        match move:
            case moves.Flush():
                self._flush()
            case moves.Answer(text, kind, unanswered):
                self._transcript.take()
                self._answer(CallerTurn(self._next_turn(), text, kind, unanswered))
            case moves.Speculate(text, unanswered):
                self._speculate(CallerTurn(self._next_turn(), text, unanswered=unanswered, speculative=True))
            case moves.Commit() | moves.Discard():
                self._decide_guess(move)
            case moves.Ignore():
                self._transcript.take()
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
                reply.pause()
            case moves.Resume():
                reply.resume()
            case moves.Yield():
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

    def _flush(self) -> None:
        self._mark += 1
        if self._owed_since is None:
            self._owed_since = self._now
        elif self._now - self._owed_since >= _DEAF_AFTER_MS and self._listening is not None:
            self._owed_since = self._now
            self._listening.cancel()
            return
        if self._hearing is not None:
            self._hearing.finish(self._mark)

    def _next_turn(self) -> int:
        self._turns += 1
        return self._turns

    def _answer(self, turn: CallerTurn) -> None:
        self._line.tell(events.TranscriptFinal(turn.text, turn.id, turn.kind))
        self._reply = self._begin(turn, self._timing(turn))

    def _timing(self, turn: CallerTurn) -> Timing:
        spoken = turn.kind == "speech"
        settled = self._settled_at - self._quiet_at
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
        self._transcript.take()
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

    def _abort(self) -> None:
        if self._reply is not None:
            self._reply.abort()
            self._reply = None


async def _spoken(sentence: str) -> AsyncGenerator[ReplyEvent, None]:
    yield Say(sentence)
