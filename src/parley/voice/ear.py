"""Listening: frames to the transcriber, its words to the floor, from one hearing after the other if need be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import aclosing

from anyio import CancelScope

from parley.inference.errors import ProviderError
from parley.inference.speech import FRAME_MS, Final, Flushed, Hearing, Partial, Transcriber, TurnHint
from parley.voice import events, moves
from parley.voice.transcript import Transcript

_DEAF_AFTER_MS = 5000  # a transcriber that owes words for so long is opened anew
_FAILURES = 3  # of the transcriber in a row, until nobody listens any more
_UNHEARD = 1500  # frames kept for a transcriber that is still being opened


class Ear:
    """`feed` it every frame, `flush` it when the caller pauses, `run` it beside them. `settled_at` is when the last
    flush was answered, in audio received; `transcript` holds the unanswered words."""

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        language: str,
        hints: tuple[str, ...],
        lead_in_ms: int,
        tell: Callable[[events.Event], None],
        notify: Callable[[moves.News], None],
        now: Callable[[], int],
    ) -> None:
        self._transcriber = transcriber
        self._language = language
        self._hints = hints
        self._tell = tell
        self._notify = notify
        self._now = now
        self._lead_in: deque[bytes] = deque(maxlen=max(1, lead_in_ms // FRAME_MS))
        self._unheard: deque[bytes] = deque(maxlen=_UNHEARD)
        self._continuous = transcriber.capabilities.continuous
        self._hearing: Hearing | None = None
        self._listening: CancelScope | None = None
        self._failures = 0
        self._mark = 0
        self._owed_since: int | None = None
        self.settled_at = 0
        self.transcript = Transcript()

    def feed(self, frame: bytes, *, voiced: bool) -> None:
        """A transcriber that is not `continuous` gets speech only, with what came just before."""
        if not (voiced or self._continuous):
            self._lead_in.append(frame)
            return
        take = self._unheard.append if self._hearing is None else self._hearing.feed
        if self._lead_in:
            for earlier in self._lead_in:
                take(earlier)
            self._lead_in.clear()
        take(frame)

    @property
    def behind(self) -> int:
        """Frames that the transcriber has not read yet, where it tells."""
        return getattr(self._hearing, "behind", 0)

    def flush(self) -> None:
        """Ask for all words so far."""
        now = self._now()
        self._mark += 1
        if self._owed_since is None:
            self._owed_since = now
        elif now - self._owed_since >= _DEAF_AFTER_MS and self._listening is not None:
            self._owed_since = now
            self._listening.cancel()
            return
        if self._hearing is not None:
            self._hearing.finish(self._mark)

    async def run(self) -> None:
        """Until the transcriber refuses, or fails too often."""
        while self._failures < _FAILURES:
            self._failures += 1
            try:
                with CancelScope() as self._listening:
                    await self._listen()
            except ProviderError as error:
                self._tell(events.Error(error.code, error.detail))
                if not error.retryable:
                    break
            if self._owed_since is not None:
                self._owed_since = None
                self._notify(moves.Settled())
        self._notify(moves.Deafened())

    async def _listen(self) -> None:
        hearing = await self._transcriber.open(language=self._language, hints=self._hints)
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
        transcript, changed = self.transcript, False
        match event:
            case Partial():
                changed = transcript.partial(event)
            case Final():
                changed = transcript.final(event)
            case Flushed(mark) if mark == self._mark:
                self._owed_since = None
                self._failures = 0
                self.settled_at = self._now()
                transcript.settled()
                self._notify(moves.Settled())
            case TurnHint(kind):
                self._notify(moves.Hint(kind))
            case _:
                pass
        if changed:
            self._tell(events.TranscriptPartial(transcript.text))
            self._notify(moves.Words(transcript.text))
