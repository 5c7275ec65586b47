"""Transcription by upload: one WAV per stretch of speech, to OpenAI's or Groq's `/audio/transcriptions`.

The voice engine's detector cuts the stretches; there are no words before a pause. Groq bills at least ten seconds per
request, so a stretch is never cut shorter than the caller does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from parley.inference.errors import ProviderError, ProviderKeyRejected, ProviderStalled, ProviderUnavailable
from parley.inference.speech import (
    FRAME_BYTES,
    FRAME_MS,
    HEARD_RATE,
    Final,
    Flushed,
    Heard,
    TranscriberCapabilities,
)
from parley.inference.vocabulary import terms
from parley.kit.audio import wav
from parley.providers._openai_clients import OpenAIClients
from parley.providers._openai_errors import from_sdk
from parley.providers._socket import Patience
from parley.providers._vendor_says import as_list, as_object, as_text

if TYPE_CHECKING:
    from openai import AsyncOpenAI

UPLOADS = Patience(stall_s=6.0)
_LONGEST = 28_000 // FRAME_MS  # Whisper hears 30 s at once
_SHORTEST = 100 // FRAME_MS
_MOST_WAITING = 120_000 // FRAME_MS
_NO_SPEECH, _UNLIKELY = 0.6, -1.0  # the thresholds of the model's authors
_PROMPT_CHARACTERS = 400  # of 224 tokens
_KEYWORDS = 60


class UploadTranscriber:
    """A `Transcriber`, not continuous and without partial words."""

    def __init__(
        self,
        vendor: str,
        model: str,
        *,
        base_url: str,
        api_key: str,
        clients: OpenAIClients | None = None,
        patience: Patience = UPLOADS,
    ) -> None:
        if not api_key.strip():
            raise ProviderKeyRejected(f"No API key is configured for {vendor}.", vendor=vendor)
        self.vendor = vendor
        self.model = model
        self.patience = patience
        self._where = (vendor, base_url, api_key)
        self._clients = clients or OpenAIClients(connect_s=patience.connect_s)

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{self.vendor}/{self.model}"

    @property
    def capabilities(self) -> TranscriberCapabilities:
        """Any language."""
        return TranscriberCapabilities(partials=False)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> UploadHearing:
        """See `Transcriber.open`. Nothing is sent before the first pause."""
        client = self._clients.get(*self._where)
        expected = await asyncio.to_thread(terms, hints, most=_KEYWORDS, characters=_PROMPT_CHARACTERS)
        return UploadHearing(self, client, language[:2].lower(), expected)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._clients.aclose()


class UploadHearing:
    """One session's ear."""

    def __init__(self, owner: UploadTranscriber, client: AsyncOpenAI, language: str, expected: tuple[str, ...]) -> None:
        self._owner = owner
        self._client = client
        self._language = language
        self._expected = expected
        self._pcm = bytearray()  # of the stretch that is open
        self._waiting: deque[bytes | int] = deque()  # stretches, and marks behind them
        self._frames = 0
        self._news = asyncio.Event()
        self._closed = False
        self._segment = 0

    def feed(self, frame: bytes) -> None:
        """Take one frame."""
        self._frames += 1
        self._pcm += frame
        if len(self._pcm) >= _LONGEST * FRAME_BYTES:
            self._cut()

    def finish(self, mark: int) -> None:
        """The caller paused."""
        self._cut()
        self._waiting.append(mark)
        self._news.set()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, in order."""
        while not self._closed:
            if self._frames > _MOST_WAITING:
                raise ProviderStalled(f"{self._owner.vendor} cannot keep up.", vendor=self._owner.vendor)
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
                continue
            first = self._waiting[0]
            if isinstance(first, int):
                yield Flushed(first)
            else:
                text = await self._words(first)
                self._frames -= len(first) // FRAME_BYTES
                if text:
                    yield Final(text, self._segment, language=self._language)
                    self._segment += 1
            self._waiting.popleft()

    async def aclose(self) -> None:
        """End `events`."""
        self._closed = True
        self._news.set()

    def _cut(self) -> None:
        if len(self._pcm) >= _SHORTEST * FRAME_BYTES:
            self._waiting.append(bytes(self._pcm))
            self._news.set()
        else:
            self._frames -= len(self._pcm) // FRAME_BYTES
        self._pcm.clear()

    async def _words(self, pcm: bytes) -> str:
        import httpx2
        from openai import APIError

        owner = self._owner
        try:
            async with asyncio.timeout(owner.patience.stall_s):
                answer = await self._client.audio.transcriptions.create(
                    model=owner.model, file=("speech.wav", wav(pcm, HEARD_RATE), "audio/wav"), **self._options()
                )
        except TimeoutError:
            raise ProviderStalled(f"{owner.vendor} owes the caller's words.", vendor=owner.vendor) from None
        except APIError as error:
            raise self._failure(error) from error
        except httpx2.HTTPError as error:
            raise ProviderUnavailable(f"{owner.vendor} could not be reached.", vendor=owner.vendor) from error
        return _spoken(answer if isinstance(answer, dict) else answer.model_dump())

    def _failure(self, error: Any) -> ProviderError:
        return from_sdk(error, self._owner.vendor, self._owner.model)

    def _options(self) -> dict[str, Any]:
        """Whisper takes its words as a prompt and tells how sure it is; the vendor's newer models take keywords."""
        options: dict[str, Any] = {"language": self._language}
        if "whisper" in self._owner.model:
            options |= {"response_format": "verbose_json", "temperature": 0.0}
        else:
            options["response_format"] = "json"
        if self._expected:
            if self._owner.model.startswith("gpt-transcribe"):
                options["keywords"] = list(self._expected)
            else:
                options["prompt"] = ", ".join(self._expected)
        return options


def _spoken(answer: dict[str, Any]) -> str:
    """The words; without those that Whisper makes up for silence ("Thank you.")."""
    segments = [as_object(row) for row in as_list(answer.get("segments"))]
    if not segments:
        return as_text(answer.get("text")).strip()
    heard = [
        as_text(row.get("text")).strip()
        for row in segments
        if not (row.get("no_speech_prob", 0.0) > _NO_SPEECH and row.get("avg_logprob", 0.0) < _UNLIKELY)
    ]
    return " ".join(filter(None, heard))
