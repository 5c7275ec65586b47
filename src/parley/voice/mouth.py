"""Speaking a phrase with the first speaker that does: again after a failure, then with the next one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from anyio import CancelScope

from parley.inference.errors import ProviderError, ProviderStalled
from parley.inference.speech import Speaker, Speech, Voice
from parley.voice.kept import KeptSpeech
from parley.voice.phrases import Phrase
from parley.voice.playback import Ledger


@dataclass(frozen=True, slots=True)
class Utterance:
    """A piece of audio and the phrase it belongs to."""

    phrase: Phrase
    speech: Speech


class Mouth:
    """The speakers of a session, in order of preference. One that failed twice is not asked again in this session.

    `waiting` is True while a speaker owes audio; `retry` then gives it up.
    """

    def __init__(self, speakers: Sequence[Speaker], voice: Voice, kept: KeptSpeech | None = None) -> None:
        if not speakers:
            raise ValueError("a session needs at least one speaker")
        self._speakers = tuple(speakers)
        self._voice = voice
        self._kept = kept
        self._first = 0
        self._scope: CancelScope | None = None
        self.waiting = False

    def retry(self) -> None:
        """The speaker stalls: cancel it, and ask again or ask the next."""
        if self._scope is not None:
            self._scope.cancel()

    async def speak(self, phrase: Phrase, *, lasting: bool = False) -> AsyncGenerator[Utterance, None]:
        """The audio of `phrase`; that of `lasting` words is kept, and asked for once. A speaker that fails in the
        middle is followed up from the word it had reached.
        Raises the last `ProviderError` when all have failed."""
        rest = phrase
        error: ProviderError | None = None
        kept = self._kept if lasting else None
        if kept is not None and (known := await kept.find(self._key(self._speakers[self._first], phrase))) is not None:
            yield Utterance(phrase, known)
            return
        for speaker in self._order():
            heard: list[Speech] = []
            spoken = Ledger()
            spoken.begin(rest)
            try:
                async with aclosing(self._pieces(speaker, rest)) as pieces:
                    async for piece in pieces:
                        spoken.add(piece)
                        if kept is not None:
                            heard.append(piece)
                        yield Utterance(rest, piece)
                if spoken.handed_ms > 0:
                    if kept is not None and rest is phrase:
                        await kept.keep(self._key(speaker, phrase), _joined(heard))
                    return
                error = ProviderStalled("The speaker returned no audio.", vendor=speaker.name)
            except ProviderError as failure:
                error = failure
            rest = _after(rest, spoken.heard(spoken.handed_ms)) if spoken.handed_ms else rest
            if not rest.text:
                return
        if error is not None:
            raise error

    async def _pieces(self, speaker: Speaker, phrase: Phrase) -> AsyncGenerator[Speech, None]:
        """What the speaker says; each wait for it can be given up by `retry`."""
        async with aclosing(speaker.speak(phrase.text, self._voice)) as pieces:
            while True:
                piece: Speech | None = None
                with CancelScope() as self._scope:
                    self.waiting = True
                    piece = await anext(pieces, None)
                self.waiting = False
                if self._scope.cancelled_caught:
                    raise ProviderStalled("The speaker says nothing.", vendor=speaker.name)
                if piece is None:
                    return
                if piece.pcm:
                    yield piece

    def _key(self, speaker: Speaker, phrase: Phrase) -> str:
        return KeptSpeech.key(speaker.name, self._voice, phrase.text)

    def _order(self) -> Iterator[Speaker]:
        """Every speaker twice, from the first that has not failed on; the last one always stays."""
        start = self._first
        for index in range(start, len(self._speakers)):
            self._first = index
            yield self._speakers[index]
            yield self._speakers[index]
        self._first = max(start, len(self._speakers) - 1)


def _joined(pieces: Sequence[Speech]) -> Speech:
    words = tuple(word for piece in pieces for word in piece.words)
    return Speech(b"".join(piece.pcm for piece in pieces), pieces[0].sample_rate, words)


def _after(phrase: Phrase, offset: int) -> Phrase:
    """The part of the phrase from `offset` in the reply on."""
    text = phrase.text[max(0, offset - phrase.start) :]
    rest = text.strip()
    start = phrase.end - len(text.lstrip())
    return Phrase(start, phrase.end, rest)
