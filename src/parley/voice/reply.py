"""One reply from its first word to its last sample: think → speak → play, a task each, joined by small streams.

It is silenced (`pause`, `stop`) by cancelling scopes and clearing the line; nothing here waits for whoever listens.
Text that was written and not heard stays, so that a reply silenced by mistake goes on from the word where it stopped.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from anyio import CancelScope, Event, create_memory_object_stream, create_task_group, current_time, move_on_after
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from parley.inference.errors import ProviderError
from parley.inference.speech import Speech
from parley.kit import log
from parley.voice import events, moves
from parley.voice.mouth import Mouth, Utterance
from parley.voice.phrases import Phrase, Phrases
from parley.voice.playback import Ledger
from parley.voice.ports import CallerTurn, Goodbye, Line, Outcome, ReplyEvent, Say, ToolEnded, ToolStarted
from parley.voice.timing import Timing

_PHRASES = 2  # written and waiting for the speaker
_PIECES = 4  # spoken and waiting for the line
_SETTLE_S = 10.0  # by the clock: for history to be written, when the caller is gone


@dataclass(frozen=True, slots=True)
class Stage:
    """What all replies of a session share. `lead_ms`: how much unplayed audio the line is given ahead."""

    line: Line
    mouth: Mouth
    language: str
    notify: Callable[[moves.News], None]
    settle: Callable[[Outcome], Awaitable[None]]
    clock: Callable[[], float]
    lead_ms: int = 400
    slice_ms: int = 100
    tool_s: float = 20.0


class Reply:
    """`closed` is set when nothing of it is left: its generator is closed and history is written."""

    def __init__(
        self,
        number: int,
        turn: CallerTurn | None,
        source: Callable[[], AsyncGenerator[ReplyEvent, None]],
        stage: Stage,
        *,
        timing: Timing | None = None,
        held: bool = False,
    ) -> None:
        self.number = number
        self.turn = turn
        self.timing = timing
        self.text = ""
        self.closed = Event()
        self.acted = False
        self.parting = False
        self._source = source
        self._stage = stage
        self._told = not held
        self._open = not held
        self._scope = CancelScope()
        self._thinking = CancelScope()
        self._sounding: CancelScope | None = None
        self._over = Event()
        self._resumed = Event()
        self._paused = False
        self._wake: Event | None = None
        self._ledger = Ledger()
        self._written, self._phrases = create_memory_object_stream[Phrase](_PHRASES)
        self._rest: list[Phrase] = []
        self._lasting = True  # all of it so far
        self._taken = 0  # offset up to which the speaker took the text
        self._handed = False
        self._seq = self._marks = 0
        self._heard: int | None = None
        self._complete = self._discarded = self._failed = False
        self._first_text: float | None = None
        self._first_audio: float | None = None

    # From the session -----------------------------------------------------------------------------------------------

    async def run(self, after: Sequence[Reply]) -> None:
        """Everything, once those before have left nothing behind."""
        try:
            with self._scope:
                for earlier in after:
                    await earlier.closed.wait()
                await checkpoint()  # a reply that was stopped before it began asks nobody anything
                async with create_task_group() as tasks:
                    tasks.start_soon(self._think)
                    tasks.start_soon(self._sound)
        finally:
            await self._close()

    @property
    def audible(self) -> bool:
        """Whether any of it was handed to the line."""
        return self._ledger.handed_ms > 0

    @property
    def concluded(self) -> bool:
        """Whether what was heard of it is certain."""
        return self._heard is not None or self._discarded

    @property
    def heard(self) -> str:
        """What the caller heard of it, once that is certain."""
        return self.text[: self._heard or 0]

    def frame(self) -> None:
        """Another 20 ms have passed: the line may want more audio, or have played the last of it."""
        if self._handed:
            if not self.concluded and self._stage.line.unplayed_ms <= 0:
                self._finish()
        elif self._wake is not None and self._open and self._stage.line.unplayed_ms < self._stage.lead_ms:
            self._wake.set()
            self._wake = None

    def release(self) -> None:
        """It may be heard: the turn it answers is one."""
        self._open = True
        if not self._told:
            self._told = True
            if self.text:
                self._stage.line.tell(events.ReplyDelta(self.text, self.number))
            if self.parting:
                self._stage.notify(moves.Parting())
        self._wake_up()

    def hold(self) -> None:
        """Something else is to be heard before it; `release` ends that."""
        self._open = False

    def pause(self) -> None:
        """Be silent at once. What was not heard is kept."""
        if self.concluded:
            return
        self._open = False
        if not self.audible:
            return
        played = self._clear()
        self._ledger.cut(played)
        cut = self._ledger.heard(played)
        again = Phrases(self._stage.language, start=cut)
        self._rest = [*again.push(self.text[cut : self._taken]), *again.flush()]
        self._handed = False
        self._paused = True
        if self._sounding is not None:
            self._sounding.cancel()

    def resume(self) -> None:
        """Go on from the first word that was not heard."""
        self._open = True
        self._wake_up()
        if self._paused:
            self._paused = False
            self._resumed.set()
            self._resumed = Event()

    def stop(self) -> None:
        """The caller has the floor: no more sound, no more text. A tool that runs is left to finish."""
        self._conclude()
        self._scope.cancel()

    def abort(self) -> None:
        """It comes to nothing: `stop`, and no tool is waited for."""
        self.stop()
        self._thinking.shield = False

    def discard(self) -> None:
        """It never was."""
        self._discarded = True
        self._scope.cancel()

    def hang_up(self) -> None:
        """Nobody listens any more: a tool that runs has a last while to finish."""
        self._conclude()
        self._thinking.deadline = current_time() + self._stage.tool_s

    # Think ----------------------------------------------------------------------------------------------------------

    async def _think(self) -> None:
        phrases = Phrases(self._stage.language)
        async with self._written:
            try:
                with self._thinking:
                    async with aclosing(self._source()) as written:
                        async for event in written:
                            await self._take(event, phrases)
            except ProviderError as error:
                self._fail(error.code, error.detail)
            except Exception:  # noqa: BLE001 - a defect of a responder must not end the call
                log.get("voice").exception("voice.reply_failed")
                self._fail("internal", "The reply could not be written.")
            for phrase in phrases.flush():
                await self._written.send(phrase)

    async def _take(self, event: ReplyEvent, phrases: Phrases) -> None:
        stage = self._stage
        match event:
            case Say(text, lasting) if not self.concluded:
                self._lasting &= lasting
                if self._first_text is None:
                    self._first_text = stage.clock()
                self.text += text
                if self._told:
                    stage.line.tell(events.ReplyDelta(text, self.number))
                stage.notify(moves.Progress())
                for phrase in phrases.push(text):
                    await self._written.send(phrase)
            case ToolStarted():
                self.acted = True  # asked for again, it could do the same thing twice
                self._thinking.shield = True
                stage.notify(moves.ToolBegan())
            case ToolEnded(name, arguments, result, ok):
                stage.line.tell(events.Action(name, arguments, result, ok))
                stage.notify(moves.ToolDone())
                self._thinking.shield = False
                if self.concluded:
                    await checkpoint()  # interrupted meanwhile: no other tool begins
            case Goodbye():
                self.parting = True
                if self._told:
                    stage.notify(moves.Parting())

    def _fail(self, code: str, detail: str) -> None:
        """Tell it; what was written already is still spoken, and the floor learns of the failure after that."""
        self._stage.line.tell(events.Error(code, detail))
        self._failed = True
        if self._thinking.shield:
            self._thinking.shield = False
            self._stage.notify(moves.ToolDone())
        if not self.text:
            self._stage.notify(moves.Failed(lost=self.acted))

    # Speak ----------------------------------------------------------------------------------------------------------

    async def _sound(self) -> None:
        """Speak and play until it was heard; once more from where it stopped, when it was silenced by mistake."""
        while True:
            with CancelScope() as self._sounding:
                send, receive = create_memory_object_stream[Utterance](_PIECES)
                async with create_task_group() as tasks:
                    tasks.start_soon(self._speak, send)
                    tasks.start_soon(self._play, receive)
                await self._over.wait()
                return
            if self._paused:
                await self._resumed.wait()

    async def _speak(self, out: MemoryObjectSendStream[Utterance]) -> None:
        async with out:
            try:
                while self._rest:
                    await self._utter(self._rest[0], out)
                    del self._rest[:1]
                async for phrase in self._phrases:
                    self._taken = phrase.end
                    await self._utter(phrase, out)
            except ProviderError as error:
                self._stage.line.tell(events.Error(error.code, error.detail))
                self._failed = True
                self._stage.notify(moves.Failed(lost=True))

    async def _utter(self, phrase: Phrase, out: MemoryObjectSendStream[Utterance]) -> None:
        async with aclosing(self._stage.mouth.speak(phrase, lasting=self._lasting)) as spoken:
            async for utterance in spoken:
                self._stage.notify(moves.Progress())
                await out.send(utterance)

    # Play -----------------------------------------------------------------------------------------------------------

    async def _play(self, spoken: MemoryObjectReceiveStream[Utterance]) -> None:
        current: Phrase | None = None
        rate = 0
        async with spoken:
            async for utterance in spoken:
                if utterance.phrase is not current:
                    self._end_phrase(current)
                    current = utterance.phrase
                    await self._room()
                    self._ledger.begin(current)
                rate = utterance.speech.sample_rate
                await self._hand(utterance.speech)
        self._end_phrase(current)
        while not self._open:
            await self._woken()
        if rate:
            self._stage.line.tell(events.Audio(b"", rate, self.number, self._seq, last=True))
        self._handed = True

    async def _hand(self, speech: Speech) -> None:
        """Audio to the line, in slices, no further ahead than it needs."""
        stage = self._stage
        step = max(1, speech.sample_rate * stage.slice_ms // 1000) * 2
        words = speech.words
        for start in range(0, len(speech.pcm), step):
            await self._room()
            piece = Speech(speech.pcm[start : start + step], speech.sample_rate, words)
            words = ()
            self._ledger.add(piece)
            if self._first_audio is None:
                self._first_audio = stage.clock()
            stage.line.tell(events.Audio(piece.pcm, piece.sample_rate, self.number, self._seq))
            self._seq += 1
            stage.notify(moves.Sounding(stage.line.unplayed_ms))

    async def _room(self) -> None:
        while not self._open or self._stage.line.unplayed_ms >= self._stage.lead_ms:
            await self._woken()

    async def _woken(self) -> None:
        if self._wake is None:
            self._wake = Event()
        await self._wake.wait()

    def _wake_up(self) -> None:
        if self._wake is not None:
            self._wake.set()
            self._wake = None

    def _end_phrase(self, phrase: Phrase | None) -> None:
        if phrase is not None:
            self._ledger.end()
            self._marks += 1
            self._stage.line.tell(events.Mark(f"{self.number}.{self._marks}"))

    # The end --------------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        self._complete = not self._failed
        self._conclude()
        self._over.set()
        self._stage.notify(moves.Failed(lost=True) if self._failed else moves.Finished(self.heard))

    def _clear(self) -> float:
        """Drop what is unplayed; returns how much of this reply was played, in milliseconds."""
        played = max(0.0, self._ledger.handed_ms - self._stage.line.unplayed_ms)
        if self.audible:
            self._stage.line.tell(events.Clear())
        return played

    def _conclude(self) -> None:
        """From here on it is certain what was heard."""
        if self.concluded:
            return
        self._open = False  # a task that has not met its cancellation yet hands over nothing more
        if self._complete:
            self._heard, played = len(self.text), self._ledger.handed_ms
        else:
            played = self._clear()
            self._heard = self._ledger.heard(played)
        if self.turn is not None or self.text:
            self._stage.line.tell(events.Heard(self.heard.strip(), self.number, self._complete))
        if self.turn is not None and self.timing is not None:
            took = self.timing.metrics(
                self.turn,
                first_text=self._first_text,
                first_audio=self._first_audio,
                heard_ms=played,
                spoken_ms=self._ledger.handed_ms,
                interrupted=not self._complete,
            )
            self._stage.line.tell(took)

    async def _close(self) -> None:
        self._conclude()
        self._written.close()
        self._phrases.close()
        try:
            if not self._discarded and (self.turn is not None or self.text):
                outcome = Outcome(self.turn, self.heard.strip(), self.text.strip(), self._complete)
                with move_on_after(_SETTLE_S, shield=True):
                    await self._stage.settle(outcome)
        except Exception:  # noqa: BLE001 - history that cannot be written must not end the call
            log.get("voice").exception("voice.settle_failed")
        finally:
            self.closed.set()
