"""Speech from OpenAI's `/audio/speech`, raw and streamed, and from Groq's (Orpheus), as WAV.

Orpheus takes 200 characters at a time: a longer phrase is asked for piece by piece, cut where one would draw breath.
Neither times its words.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from parley.inference.errors import ProviderCut, ProviderKeyRejected, ProviderStalled, ProviderUnavailable
from parley.inference.speech import SpeakerCapabilities, Speech, Voice
from parley.kit.audio import BadAudio, wav_head
from parley.providers._breaths import breaths
from parley.providers._openai_clients import OpenAIClients
from parley.providers._openai_errors import from_sdk
from parley.providers._socket import Patience
from parley.providers._spelling import Spelling
from parley.providers._voices import KnownVoice, nearest

_PCM_RATE = 24_000
_LONGEST = 4096
_ORPHEUS_LONGEST = 200
_TAGS = re.compile(r"[\[\]]")  # Orpheus acts what stands in brackets


@dataclass(frozen=True, slots=True)
class SpokenBy:
    """What a model is like. `wav`: it sends a WAV, else raw 24 kHz. `longest`: characters per request."""

    voices: tuple[KnownVoice, ...]
    languages: frozenset[str] = frozenset()
    longest: int = _LONGEST
    wav: bool = False
    has_speed: bool = True


_NEW = (
    KnownVoice("marin", "marin", "f"),
    KnownVoice("cedar", "cedar", "m"),
    KnownVoice("ballad", "ballad", "m"),
    KnownVoice("verse", "verse", "m"),
)
_OLD = (
    *(KnownVoice(name, name, "f") for name in ("coral", "nova", "sage", "shimmer")),
    *(KnownVoice(name, name, "m") for name in ("ash", "echo", "fable", "onyx")),
    KnownVoice("alloy", "alloy"),
)


def _orpheus(locale: str, women: str, men: str) -> SpokenBy:
    voices = [KnownVoice(name, name, "f", locale) for name in women.split()]
    voices += [KnownVoice(name, name, "m", locale) for name in men.split()]
    return SpokenBy(tuple(voices), frozenset({locale[:2]}), _ORPHEUS_LONGEST, wav=True, has_speed=False)


def spoken_by(vendor: str, model: str) -> SpokenBy:
    """What is known of a model."""
    if vendor == "groq":
        if "arabic" in model:
            return _orpheus("ar-SA", "lulwa noura aisha", "abdullah fahad sultan")
        return _orpheus("en-US", "hannah diana autumn", "daniel austin troy")
    return SpokenBy(_OLD if model.startswith("tts-1") else (*_NEW, *_OLD))


class OpenAISpeech:
    """A `Speaker`."""

    def __init__(
        self,
        vendor: str,
        model: str,
        *,
        base_url: str,
        api_key: str,
        clients: OpenAIClients | None = None,
        patience: Patience | None = None,
    ) -> None:
        if not api_key.strip():
            raise ProviderKeyRejected(f"No API key is configured for {vendor}.", vendor=vendor)
        self._vendor = vendor
        self._model = model
        self._like = spoken_by(vendor, model)
        self._where = (vendor, base_url, api_key)
        self._patience = patience or Patience(stall_s=5.0)
        self._clients = clients or OpenAIClients(connect_s=self._patience.connect_s)

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{self._vendor}/{self._model}"

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """Words are not timed."""
        return SpeakerCapabilities(self._like.languages)

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """See `Speaker.speak`."""
        if self._like.wav:
            text = _TAGS.sub(" ", text)
        for part in breaths(text, self._like.longest):
            async with aclosing(self._speak(part, voice)) as pieces:
                async for piece in pieces:
                    yield piece

    async def aclose(self) -> None:
        """Close every connection."""
        await self._clients.aclose()

    async def _speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        import httpx2
        from openai import APIError

        spelling, head, rate = Spelling(), b"", 0 if self._like.wav else _PCM_RATE
        options: dict[str, Any] = {"response_format": "wav" if self._like.wav else "pcm"}
        if self._like.has_speed:
            options["speed"] = round(min(4.0, max(0.25, voice.speed)), 2)
        chosen = nearest(voice, self._like.voices).id
        request = self._clients.get(*self._where).audio.speech.with_streaming_response.create(
            model=self._model, voice=chosen, input=text, **options
        )
        try:
            async with asyncio.timeout(self._patience.stall_s) as limit, request as response:
                async for data in response.iter_bytes():
                    limit.reschedule(None)
                    if not rate:
                        head += data
                        found = wav_head(head)
                        if found is None:
                            continue
                        # Its sizes are those of a file that was not written yet.
                        rate, data = found.sample_rate, head[found.start :]
                    pcm = spelling.whole(data)
                    if pcm:
                        yield spelling.speech(pcm, rate)
                    limit.reschedule(asyncio.get_running_loop().time() + self._patience.stall_s)
        except TimeoutError:
            raise ProviderStalled(f"{self._vendor} says nothing.", vendor=self._vendor) from None
        except APIError as error:
            raise from_sdk(error, self._vendor, self._model) from error
        except httpx2.RemoteProtocolError as error:
            raise ProviderCut(f"{self._vendor} broke off its speech.", vendor=self._vendor) from error
        except httpx2.HTTPError as error:
            raise ProviderUnavailable(f"{self._vendor} could not be reached.", vendor=self._vendor) from error
        except BadAudio as error:
            raise ProviderUnavailable(f"{self._vendor} sent what is no speech.", vendor=self._vendor) from error
        if not spelling.spoken_ms:
            raise ProviderCut(f"{self._vendor} sent no speech.", vendor=self._vendor)
