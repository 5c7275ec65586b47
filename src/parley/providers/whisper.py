"""faster-whisper: the better local transcriber, for any language, where the package and converted weights are on disk.

Nothing is fetched. Whisper hears whole stretches: the last words are read when the caller pauses, partial ones
meanwhile, as often as the machine keeps up. Decoding is C++ in threads, at most as many at a time as there are workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from parley.inference.errors import ProviderStalled, ProviderUnavailable
from parley.inference.speech import (
    FRAME_BYTES,
    FRAME_MS,
    Final,
    Flushed,
    Heard,
    Partial,
    TranscriberCapabilities,
)

PACKAGE = "faster_whisper"
_WEIGHTS = "model.bin"
_PARTIAL_EVERY = 800 // FRAME_MS  # frames
_LONGEST_PARTIAL = 12_000 // FRAME_MS  # of a longer stretch no partial words are read
_LONGEST = 28_000 // FRAME_MS  # Whisper hears 30 s at once
_MOST_WAITING = 120_000 // FRAME_MS
_WORKERS = 2
_NO_SPEECH, _UNLIKELY = 0.6, -1.0  # the thresholds of the model's authors
_PROMPT_CHARACTERS = 400
_SIZES = ("large-v3-turbo", "large-v3", "medium", "small", "base", "tiny")


class Model(Protocol):
    """What of `faster_whisper.WhisperModel` is used."""

    def transcribe(self, audio: NDArray[np.float32], **options: Any) -> tuple[Iterable[Any], Any]: ...


def installed() -> bool:
    """Whether the package is there."""
    return find_spec(PACKAGE) is not None


def find_weights(folders: Iterable[Path]) -> Path | None:
    """The best converted model in these folders and below: a folder that holds `model.bin`."""
    found = [file.parent for folder in folders for file in folder.expanduser().glob(f"**/{_WEIGHTS}")]
    if not found:
        return None
    return min(found, key=lambda folder: (_size(folder), str(folder)))


def _size(folder: Path) -> int:
    """The place in `_SIZES` of the size that a folder, or one above it, is named for."""
    names = "/".join(folder.parts[-4:]).lower()
    return next((place for place, size in enumerate(_SIZES) if size in names), len(_SIZES))


class Whisper:
    """A `Transcriber`. The weights are loaded when it is first opened."""

    def __init__(self, weights: Path, *, device: str = "auto", workers: int = _WORKERS) -> None:
        self._weights = weights
        self._device = device
        self._workers = workers
        self._model: Model | None = None
        self._loading = asyncio.Lock()
        self._free = asyncio.Semaphore(workers)

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"local/whisper-{self._weights.name}"

    @property
    def capabilities(self) -> TranscriberCapabilities:
        """Any language."""
        return TranscriberCapabilities(partials=True)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> WhisperHearing:
        """See `Transcriber.open`."""
        async with self._loading:
            if self._model is None:
                self._model = await asyncio.to_thread(self._load)
        prompt = ", ".join(hint for hint in hints if len(hint) <= 80)[:_PROMPT_CHARACTERS]
        return WhisperHearing(self._model, self._free, language[:2].lower(), prompt)

    def _load(self) -> Model:
        try:
            from faster_whisper import WhisperModel  # type: ignore[import-not-found,unused-ignore]

            model: Model = WhisperModel(
                str(self._weights), device=self._device, compute_type="default", num_workers=self._workers
            )
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise ProviderUnavailable("faster-whisper could not load its weights.", vendor="whisper") from error
        return model


class WhisperHearing:
    """One session's ear."""

    def __init__(self, model: Model, free: asyncio.Semaphore, language: str, prompt: str) -> None:
        self._model = model
        self._free = free
        self._language = language
        self._prompt = prompt
        self._pcm = bytearray()  # of the stretch that is open
        self._marks: list[tuple[int, int]] = []  # where in it a pause was marked
        self._news = asyncio.Event()
        self._closed = False
        self._segment = 0
        self._read = 0  # frames of the stretch at the last partial

    def feed(self, frame: bytes) -> None:
        """Take one frame."""
        self._pcm += frame
        self._news.set()

    def finish(self, mark: int) -> None:
        """The caller paused."""
        self._marks.append((len(self._pcm), mark))
        self._news.set()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, in order."""
        said = ""
        while not self._closed:
            frames = len(self._pcm) // FRAME_BYTES
            if frames > _MOST_WAITING:
                raise ProviderStalled("The local transcriber cannot keep up.", vendor="whisper")
            if self._marks:
                until, mark = self._marks.pop(0)
                if until:
                    yield await self._final(until)
                    said = ""
                yield Flushed(mark)
            elif frames >= _LONGEST:
                yield await self._final(_LONGEST * FRAME_BYTES)
                said = ""
            elif frames - self._read >= _PARTIAL_EVERY and frames <= _LONGEST_PARTIAL:
                self._read = frames
                text = await self._words(bytes(self._pcm))
                if text and text != said and not self._marks:
                    said = text
                    yield Partial(text, self._segment)
            else:
                self._news.clear()
                await self._news.wait()

    async def _final(self, until: int) -> Final:
        """The words of the stretch up to `until`; the rest opens the next one."""
        pcm = bytes(self._pcm[:until])
        del self._pcm[:until]
        self._marks = [(place - until, mark) for place, mark in self._marks]
        self._read = 0
        text = await self._words(pcm)
        self._segment += 1
        return Final(text, self._segment - 1, language=self._language)

    async def _words(self, pcm: bytes) -> str:
        async with self._free:
            try:
                return await asyncio.to_thread(self._transcribe, pcm)
            except (RuntimeError, ValueError) as error:
                raise ProviderUnavailable("faster-whisper failed.", vendor="whisper") from error

    def _transcribe(self, pcm: bytes) -> str:
        audio = np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32_768)
        segments, _ = self._model.transcribe(
            audio,
            language=self._language,
            beam_size=2,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            initial_prompt=self._prompt or None,
        )
        heard = [one for one in segments if not (one.no_speech_prob > _NO_SPEECH and one.avg_logprob < _UNLIKELY)]
        return " ".join(one.text.strip() for one in heard).strip()

    async def aclose(self) -> None:
        """End `events`."""
        self._closed = True
        self._news.set()
