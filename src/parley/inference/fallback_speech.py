"""Several transcribers behind one port: when one breaks off in the middle of a call the next one hears on.

- The sound that has not been reported for good is kept, and fed to whoever hears next: no word is lost. What is
  reported for good is cut off by its words' times, or else when a pause is answered: no word is heard twice.
- One that worked and broke is opened again once before the next one is asked; one that is busy, stalls or refuses
  is not.
- Only those that know the language are asked, in order; one that is known to be down is passed over, but for the last.
- Segments are numbered through; a pause that was not answered is told again.

Speakers need no wrapper of this kind (`voice.mouth` follows a broken phrase up where it broke), only `SparedSpeaker`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import numpy as np

from parley.inference.breaker import Breaker
from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderError,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.speech import (
    FRAME_MS,
    Final,
    Flushed,
    Heard,
    Hearing,
    Partial,
    Speaker,
    SpeakerCapabilities,
    Speech,
    Transcriber,
    TranscriberCapabilities,
    VadFactory,
    Voice,
)

_KEPT = 30_000 // FRAME_MS  # frames
_LEAD_IN = 400 // FRAME_MS
_QUIET = 0.08  # of the loudest frame kept
_SPEECH = 0.5
_HANGOVER = 300 // FRAME_MS


class FallbackTranscriber:
    """A `Transcriber` over others. Share one `breaker` among the chains that use the same keys.

    `vad` tells speech from silence for a transcriber that wants speech only, where the first one wants every frame.
    """

    def __init__(
        self, transcribers: Sequence[Transcriber], *, breaker: Breaker | None = None, vad: VadFactory | None = None
    ) -> None:
        if not transcribers:
            raise ValueError("a chain needs at least one transcriber")
        self.transcribers = tuple(transcribers)
        self._breaker = breaker or Breaker()
        self._vad = vad

    @property
    def name(self) -> str:
        """The name of the first, which the others stand in for."""
        return self.transcribers[0].name

    @property
    def capabilities(self) -> TranscriberCapabilities:
        """Those of the first; the languages of all."""
        known = [one.capabilities.languages for one in self.transcribers]
        languages = frozenset[str]() if not all(known) else frozenset[str]().union(*known)
        return replace(self.transcribers[0].capabilities, languages=languages)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:
        """See `Transcriber.open`. Opens the first that can be."""
        short = language[:2].lower()
        able = [one for one in self.transcribers if short in (one.capabilities.languages or {short})]
        if not able:
            raise ProviderRefused(f"No configured transcriber knows {short!r}.", vendor=self.name.partition("/")[0])
        vad = self._vad if self.capabilities.continuous else None
        hearing = _ChainHearing(able, self._breaker, language, hints, vad)
        await hearing.open_next(None)
        return hearing


@dataclass(slots=True)
class _Link:
    """Who hears now. `fed` counts its frames, `reported` whether it said anything."""

    place: int
    hearing: Hearing
    gate: _Gate | None
    fed: int = 0
    reported: bool = False


class _ChainHearing:
    """One session's ear: `_kept` holds frames and marks that are not reported for good, the oldest first."""

    def __init__(
        self,
        transcribers: Sequence[Transcriber],
        breaker: Breaker,
        language: str,
        hints: tuple[str, ...],
        vad: VadFactory | None,
    ) -> None:
        self._transcribers = transcribers
        self._breaker = breaker
        self._language = language
        self._hints = hints
        self._vad = vad
        self._kept: deque[bytes | int] = deque()
        self._frames = 0  # of the kept
        self._link: _Link | None = None
        self._base = 0  # of the link's segments
        self._next = 0  # segment that is free
        self._open: list[int] = []  # segments whose sound is still kept
        self._retried = False
        self._closed = False

    # The frame path --------------------------------------------------------------------------------------------------

    def feed(self, frame: bytes) -> None:
        """Take one frame."""
        self._kept.append(frame)
        self._frames += 1
        if self._frames > _KEPT:
            self._drop_frame()
        if self._link is not None:
            self._pass(self._link, frame)

    def finish(self, mark: int) -> None:
        """The caller paused."""
        self._kept.append(mark)
        if self._link is not None:
            self._link.hearing.finish(mark)

    # Listening -------------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, by whoever hears, in order. Raises the last one's error when all have failed."""
        while (link := self._link) is not None:
            try:
                async with aclosing(link.hearing.events()) as reported:
                    async for event in reported:
                        link.reported = True
                        yield self._take(event)
                if self._link is None:  # closed
                    return
                raise ProviderCut("The transcriber ended in the middle.", vendor=self._name(link.place))
            except ProviderError as error:
                self._link = None
                await link.hearing.aclose()
                await self.open_next(link, error)
            # Words of sound that is heard again would count twice.
            for segment in self._open:
                yield Final("", segment)
            self._open.clear()

    async def open_next(self, broken: _Link | None, error: ProviderError | None = None) -> None:
        """Open whoever hears next, and feed it what is kept. Raises `ProviderError` when there is none."""
        place = 0
        if broken is not None and error is not None:
            again = broken.reported and not self._retried and _worth_reopening(error)
            self._retried = again
            place = broken.place if again else broken.place + 1
            if not again:
                self._breaker.failed(self._transcribers[broken.place].name, error)
        last = len(self._transcribers) - 1
        for at in range(place, last + 1):
            transcriber = self._transcribers[at]
            if at < last and not self._breaker.allows(transcriber.name):
                continue
            try:
                hearing = await transcriber.open(language=self._language, hints=self._hints)
            except ProviderError as failure:
                self._breaker.failed(transcriber.name, failure)
                error = failure
                continue
            if self._closed:
                await hearing.aclose()
                return
            self._begin(at, hearing)
            return
        if error is None:
            error = ProviderUnavailable("No transcriber can be asked.", vendor=self._name(last))
        raise error

    async def aclose(self) -> None:
        """End `events`."""
        self._closed = True
        link, self._link = self._link, None
        if link is not None:
            if link.reported:
                self._breaker.succeeded(self._transcribers[link.place].name)
            await link.hearing.aclose()

    def _begin(self, place: int, hearing: Hearing) -> None:
        wants_all = self._transcribers[place].capabilities.continuous
        link = _Link(place, hearing, None if self._vad is None or wants_all else _Gate(self._vad))
        self._base = self._next
        self._trim_silence()
        for kept in self._kept:
            if isinstance(kept, bytes):
                self._pass(link, kept)
            else:
                hearing.finish(kept)
        self._link = link

    def _pass(self, link: _Link, frame: bytes) -> None:
        if link.gate is None:
            link.fed += 1
            link.hearing.feed(frame)
            return
        for wanted in link.gate(frame):
            link.hearing.feed(wanted)

    # What is reported ------------------------------------------------------------------------------------------------

    def _take(self, event: Heard) -> Heard:
        match event:
            case Flushed(mark):
                self._retried = False
                self._settle(mark)
            case Final():
                event = replace(event, segment=self._base + event.segment)
                self._next = max(self._next, event.segment + 1)
                if event.words and self._link is not None and self._link.gate is None:
                    self._cut_until(event.words[-1].end_ms)
                elif event.segment not in self._open:
                    self._open.append(event.segment)
            case Partial():
                event = replace(event, segment=self._base + event.segment)
            case _:
                pass
        return event

    def _settle(self, mark: int) -> None:
        """All sound before the mark has been reported."""
        if mark not in self._kept:
            return
        while self._kept and (first := self._kept.popleft()) != mark:
            self._frames -= isinstance(first, bytes)
        self._open.clear()

    def _cut_until(self, end_ms: float) -> None:
        """Sound up to `end_ms` of the link's time has been reported. Marks stay: they are answered in their turn."""
        assert self._link is not None  # noqa: S101 - it reports
        keep = self._link.fed - int(end_ms // FRAME_MS)
        while self._frames > max(0, keep):
            self._drop_frame()

    def _drop_frame(self) -> None:
        for place, kept in enumerate(self._kept):
            if isinstance(kept, bytes):
                del self._kept[place]
                self._frames -= 1
                return

    def _trim_silence(self) -> None:
        """Whoever hears next need not hear the silence before the words."""
        frames = [kept for kept in self._kept if isinstance(kept, bytes)]
        if not frames:
            return
        samples = np.frombuffer(b"".join(frames), np.int16).reshape(len(frames), -1).astype(np.float32)
        loudness = np.sqrt((samples**2).mean(axis=1))
        loud = np.flatnonzero(loudness > max(1.0, _QUIET * float(loudness.max())))
        first = int(loud[0]) if len(loud) else len(frames)
        for _ in range(max(0, first - _LEAD_IN)):
            self._drop_frame()

    def _name(self, place: int) -> str:
        return self._transcribers[place].name.partition("/")[0]


class _Gate:
    """Lets speech through, with a little before and after it."""

    def __init__(self, vad: VadFactory) -> None:
        self._vad = vad()
        self._before: deque[bytes] = deque(maxlen=_LEAD_IN)
        self._left = 0

    def __call__(self, frame: bytes) -> Sequence[bytes]:
        if self._vad(frame) >= _SPEECH:
            self._left = _HANGOVER
        if not self._left:
            self._before.append(frame)
            return ()
        self._left -= 1
        passed = (*self._before, frame)
        self._before.clear()
        return passed


def _worth_reopening(error: ProviderError) -> bool:
    return error.retryable and not isinstance(error, ProviderStalled | ProviderBusy)


class SparedSpeaker:
    """A `Speaker` that is not asked while it is known to be down: a session goes on to the next one at once."""

    def __init__(self, speaker: Speaker, breaker: Breaker) -> None:
        self.speaker = speaker
        self._breaker = breaker

    @property
    def name(self) -> str:
        """The speaker's own."""
        return self.speaker.name

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """The speaker's own."""
        return self.speaker.capabilities

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """See `Speaker.speak`. Raises `ProviderUnavailable` at once while the speaker is spared."""
        if not self._breaker.allows(self.name):
            raise ProviderUnavailable(f"{self.name} is down.", vendor=self.name.partition("/")[0])
        try:
            async with aclosing(self.speaker.speak(text, voice)) as pieces:
                async for piece in pieces:
                    yield piece
        except ProviderError as error:
            self._breaker.failed(self.name, error)
            raise
        self._breaker.succeeded(self.name)
