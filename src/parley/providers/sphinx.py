"""The local transcriber: pocketsphinx with a language model of the agent's own world. English only.

Decoding is C code in a thread, a sixth of real time; frames wait in a bounded queue meanwhile. A hearing borrows a
decoder while its caller speaks: there are as many, at 35 MB each, as callers who speak at once, not as sessions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley.inference.errors import ProviderRefused, ProviderStalled
from parley.inference.speech import FRAME_BYTES, FRAME_MS, Final, Flushed, Heard, Partial, TranscriberCapabilities
from parley.providers.sphinx_model import LanguageModel, build

_MOST_WAITING = 60_000 // FRAME_MS  # a minute of speech
_PARTIAL_EVERY = 300 // FRAME_MS  # frames
_DECODERS_KEPT = 6
_TUNED_BY = 1200 // FRAME_MS  # frames, lead-in included
_LEAST_LOUD = 300 // FRAME_MS
_LOUD = 0.05  # of the loudest frame
_CLOSE_MICROPHONE = "40,3,-1,0,0,0,0,0,0,0,0,0,0"  # the model's own
# What a telephone's band, mirrored, does to the cepstra's mean: over several voices of a synthesiser, that is, the
# commonest of what one line's first words tell with chance.
_TELEPHONE = np.array([57.0, 9.2, -6.0, 8.2, -0.7, -42.2, 3.8, -39.6, -34.7, -5.5, -38.5, 3.3, -22.5])
_TRUST = 30  # frames that the telephone's mean weighs
_LEAST_BY_TELEPHONE = 5  # frames
_NARROW = 1e-6  # of the energy above 4.4 kHz: less comes by telephone
_ABOVE = 4400 * FRAME_MS // 1000  # the first place of a frame's spectrum above 4.4 kHz
_MIRRORED = 0.2


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

        async def borrow() -> Any:
            return self._spare_for(model) or await asyncio.to_thread(self._decoder, model, hints)

        def give_back(decoder: Any) -> None:
            self._spare.append((model, decoder))

        give_back(await borrow())  # so that the first words need not wait for one
        return SphinxHearing(borrow, give_back)

    def _spare_for(self, model: LanguageModel) -> Any:
        for spare in list(self._spare):
            if spare[0] == model:
                self._spare.remove(spare)
                return spare[1]
        return None

    def _decoder(self, model: LanguageModel, hints: tuple[str, ...]) -> Any:
        if not model.lm.exists() or not model.dictionary.exists():  # it made room for others since the call began
            build(hints, self._folder)
        return _decoder(model)


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

    def __init__(self, borrow: Callable[[], Awaitable[Any]], give_back: Callable[[Any], None]) -> None:
        self._borrow = borrow
        self._give_back = give_back
        self._decoder: Any = None  # while the caller speaks
        self._waiting: deque[bytes | int] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._overrun = False
        self._segment = 0
        self._mean = _CLOSE_MICROPHONE
        self._narrow = False

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
        since_partial, said = 0, ""
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
                    await self._hear(b"".join(begun))
                    begun = []
                if self._decoder is not None:
                    yield Final(await self._end(), self._segment, language="en")
                    self._segment += 1
                    said = ""
                yield Flushed(int(mark))
                continue
            frames = [*begun, *self._next_frames()]
            if self._decoder is None and len(frames) < _TUNED_BY:
                begun = frames
                continue
            begun = []
            since_partial += len(frames)
            text = await self._hear(b"".join(frames))
            if since_partial >= _PARTIAL_EVERY and text and text != said:
                since_partial, said = 0, text
                yield Partial(text, self._segment)
        if self._decoder is not None:
            await self._end()

    def _next_frames(self) -> list[bytes]:
        frames: list[bytes] = []
        while self._waiting and len(frames) < _PARTIAL_EVERY:
            first = self._waiting[0]
            if isinstance(first, int):
                break
            frames.append(first)
            self._waiting.popleft()
        return frames

    async def _hear(self, pcm: bytes) -> str:
        begin = self._decoder is None
        if begin:
            self._decoder = await self._borrow()
        return await asyncio.to_thread(self._decode, pcm, begin=begin)

    async def _end(self) -> str:
        decoder, self._decoder = self._decoder, None
        text = await asyncio.to_thread(_last_words, decoder)
        self._give_back(decoder)
        return text

    def _decode(self, pcm: bytes, *, begin: bool) -> str:
        if begin:
            self._tune(pcm)
            self._decoder.start_utt()
        self._decoder.process_raw(_mirrored(pcm) if self._narrow else pcm, False, False)
        found = self._decoder.hyp()
        return str(found.hypstr) if found is not None else ""

    def _tune(self, pcm: bytes) -> None:
        """Tell the decoder how speech sounds on this line: the mean of its cepstra, taken from the loud frames.

        Its own running mean begins with that of a close microphone and needs seconds to arrive at a telephone's, during
        which it hears nothing right. Too little speech leaves the mean as the last utterance had it; by telephone it is
        weighed with the mean of telephones (maximum a posteriori).
        """
        frames = np.frombuffer(pcm[: len(pcm) // FRAME_BYTES * FRAME_BYTES], np.int16).reshape(-1, FRAME_BYTES // 2)
        energy = np.sqrt((frames.astype(np.float32) ** 2).mean(axis=1))
        loud = frames[energy > _LOUD * energy.max(initial=0.0)]
        if len(loud) >= _LEAST_BY_TELEPHONE:
            self._narrow = _by_telephone(loud)
        if len(loud) >= (_LEAST_BY_TELEPHONE if self._narrow else _LEAST_LOUD):
            self._decoder.reinit_feat()  # else it weighs what it heard before with five seconds
            self._decoder.start_utt()
            self._decoder.process_raw(_mirrored(loud.tobytes()) if self._narrow else loud.tobytes(), True, True)
            self._decoder.end_utt()
            self._mean = self._decoder.get_cmn(False)
            if self._narrow:
                self._mean = _weighed(self._mean, len(loud))
        self._decoder.set_cmn(self._mean)

    async def aclose(self) -> None:
        """End `events`."""
        self._closed = True
        self._news.set()


def _last_words(decoder: Any) -> str:
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr).strip() if found is not None else ""


def _by_telephone(frames: NDArray[np.int16]) -> bool:
    power = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1)) ** 2
    return bool(power[:, _ABOVE:].sum() < _NARROW * power.sum())


def _mirrored(pcm: bytes) -> bytes:
    """Sound of a telephone's band with its upper half mirrored at 4 kHz, softly: the acoustic model was made from sound
    up to 6.8 kHz and takes an empty band for a closed mouth (spectral folding: Makhoul, Berouti 1979)."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float32)
    samples[::2] *= 1 + _MIRRORED
    samples[1::2] *= 1 - _MIRRORED
    return samples.clip(-32_768, 32_767).astype(np.int16).tobytes()


def _weighed(mean: str, frames: int) -> str:
    found = np.array([float(number) for number in mean.split(",")])
    share = frames / (frames + _TRUST)
    weighed = share * found + (1 - share) * _TELEPHONE
    weighed[0] = found[0]  # how loud it is, any line has for itself
    return ",".join(f"{number:.2f}" for number in weighed)
