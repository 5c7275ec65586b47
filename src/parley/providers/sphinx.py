"""The local transcriber: pocketsphinx with a language model of the agent's own world. English only.

Decoding is C code in a thread, a tenth of real time; frames wait in a bounded queue meanwhile. A hearing holds one
decoder, which serves the next hearing with the same model when this one closes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np

from parley.inference.errors import ProviderRefused, ProviderStalled
from parley.inference.speech import FRAME_BYTES, FRAME_MS, Final, Flushed, Heard, Partial, TranscriberCapabilities
from parley.providers.sphinx_model import LanguageModel, build

_MOST_WAITING = 60_000 // FRAME_MS  # a minute of speech
_PARTIAL_EVERY = 300 // FRAME_MS  # frames
_DECODERS_KEPT = 4
_TUNED_BY = 1200 // FRAME_MS  # frames, lead-in included
_LEAST_LOUD = 300 // FRAME_MS
_LOUD = 0.05  # of the loudest frame
_CLOSE_MICROPHONE = "40,3,-1,0,0,0,0,0,0,0,0,0,0"  # the model's own


class Sphinx:
    """A `Transcriber`. Hints are sentences or words; the more they are what callers will say, the better it hears."""

    def __init__(self, cache_dir: Path) -> None:
        self._folder = cache_dir / "sphinx"
        self._spare: deque[tuple[LanguageModel, Any]] = deque(maxlen=_DECODERS_KEPT)

    @property
    def name(self) -> str:
        """The catalog name."""
        return "local/pocketsphinx"

    @property
    def capabilities(self) -> TranscriberCapabilities:
        """English, with words while the caller speaks."""
        return TranscriberCapabilities(languages=frozenset({"en"}), partials=True)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> SphinxHearing:
        """See `Transcriber.open`."""
        if language != "en":
            raise ProviderRefused(
                "The local transcriber understands English only: configure a vendor for other languages.",
                vendor="local",
            )
        model = await asyncio.to_thread(build, hints, self._folder)
        decoder = self._take(model) or await asyncio.to_thread(_decoder, model)
        return SphinxHearing(decoder, lambda: self._spare.append((model, decoder)))

    def _take(self, model: LanguageModel) -> Any:
        for spare in list(self._spare):
            if spare[0] == model:
                self._spare.remove(spare)
                return spare[1]
        return None


def _decoder(model: LanguageModel) -> Any:
    import pocketsphinx

    return pocketsphinx.Decoder(
        hmm=pocketsphinx.get_model_path("en-us/en-us"),
        lm=str(model.lm),
        dict=str(model.dictionary),
        samprate=16_000,
        loglevel="FATAL",
    )


class SphinxHearing:
    """One session's ear."""

    def __init__(self, decoder: Any, give_back: Any) -> None:
        self._decoder = decoder
        self._give_back = give_back
        self._waiting: deque[bytes | int] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._overrun = False
        self._segment = 0
        self._mean = _CLOSE_MICROPHONE

    @property
    def behind(self) -> int:
        """Frames that wait for the decoder."""
        return len(self._waiting)

    def feed(self, frame: bytes) -> None:
        """Take one frame."""
        if len(self._waiting) >= _MOST_WAITING:
            self._overrun = True
        else:
            self._waiting.append(frame)
        self._news.set()

    def finish(self, mark: int) -> None:
        """The caller paused."""
        self._waiting.append(mark)
        self._news.set()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, in order."""
        open_utterance, since_partial, said = False, 0, ""
        begun: list[bytes] = []  # of an utterance that is still too short to tell how this line sounds
        while not self._closed:
            if self._overrun:
                raise ProviderStalled("The local transcriber cannot keep up.", vendor="local")
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
                continue
            if isinstance(self._waiting[0], int):
                mark = self._waiting.popleft()
                if begun:
                    await asyncio.to_thread(self._decode, b"".join(begun), begin=True)
                    begun, open_utterance = [], True
                if open_utterance:
                    text = await asyncio.to_thread(self._end)
                    yield Final(text, self._segment, language="en")
                    self._segment += 1
                    open_utterance, said = False, ""
                yield Flushed(int(mark))
                continue
            frames = [*begun, *self._next_frames()]
            if not open_utterance and len(frames) < _TUNED_BY:
                begun = frames
                continue
            begun = []
            since_partial += len(frames)
            text = await asyncio.to_thread(self._decode, b"".join(frames), begin=not open_utterance)
            open_utterance = True
            if since_partial >= _PARTIAL_EVERY and text and text != said:
                since_partial, said = 0, text
                yield Partial(text, self._segment)
        self._release(open_utterance=open_utterance)

    def _next_frames(self) -> list[bytes]:
        frames: list[bytes] = []
        while self._waiting and len(frames) < _PARTIAL_EVERY:
            first = self._waiting[0]
            if isinstance(first, int):
                break
            frames.append(first)
            self._waiting.popleft()
        return frames

    def _decode(self, pcm: bytes, *, begin: bool) -> str:
        if begin:
            self._tune(pcm)
            self._decoder.start_utt()
        self._decoder.process_raw(pcm, False, False)
        found = self._decoder.hyp()
        return str(found.hypstr) if found is not None else ""

    def _tune(self, pcm: bytes) -> None:
        """Tell the decoder how speech sounds on this line: the mean of its cepstra, taken from the loud frames.

        Its own running mean begins with that of a close microphone and needs seconds to arrive at a telephone's, during
        which it hears nothing right. Too little speech leaves the mean as the last utterance had it.
        """
        frames = np.frombuffer(pcm, np.int16)[: len(pcm) // FRAME_BYTES * FRAME_BYTES // 2].reshape(
            -1, FRAME_BYTES // 2
        )
        energy = np.sqrt((frames.astype(np.float32) ** 2).mean(axis=1))
        loud = frames[energy > _LOUD * energy.max(initial=0.0)]
        if len(loud) >= _LEAST_LOUD:
            self._decoder.start_utt()
            self._decoder.process_raw(loud.tobytes(), True, True)
            self._decoder.end_utt()
            self._mean = self._decoder.get_cmn(False)
        self._decoder.set_cmn(self._mean)

    def _end(self) -> str:
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return str(found.hypstr).strip() if found is not None else ""

    def _release(self, *, open_utterance: bool) -> None:
        if open_utterance:
            self._decoder.end_utt()
        self._give_back()

    async def aclose(self) -> None:
        """End `events`."""
        self._closed = True
        self._news.set()
