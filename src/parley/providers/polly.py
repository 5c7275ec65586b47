"""Amazon Polly: speech as raw PCM at 16 kHz, streamed, through aiobotocore (which signs the requests).

Words are not timed: their times would take a second, billed request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any
from xml.sax.saxutils import escape

from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderError,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.speech import SpeakerCapabilities, Speech, Voice
from parley.providers._breaths import breaths
from parley.providers._socket import Patience
from parley.providers._spelling import Spelling
from parley.providers._vendor_says import shown
from parley.providers._voices import Gender, KnownVoice, nearest

VENDOR = "aws"
NEURAL = "polly-neural"
_RATE = 16_000
_LONGEST = 3000  # billed characters of one request
_PIECE = 3200  # bytes
_GENDERS: tuple[Gender, ...] = ("f", "m")
# Of those that speak with the neural engine, women before a stroke.
VOICES = tuple(
    KnownVoice(name, name, gender, locale)
    for locale, names in {
        "en-US": "Joanna Ruth Danielle Kendra Kimberly Salli Ivy | Matthew Stephen Gregory Joey Justin Kevin",
        "en-GB": "Amy Emma | Brian Arthur",
        "en-AU": "Olivia",
        "en-IN": "Kajal",
        "en-IE": "Niamh",
        "en-NZ": "Aria",
        "en-ZA": "Ayanda",
        "de-DE": "Vicki | Daniel",
        "de-AT": "Hannah",
        "de-CH": "Sabrina",
        "es-ES": "Lucia | Sergio",
        "es-MX": "Mia | Andres",
        "es-US": "Lupe | Pedro",
        "fr-FR": "Lea | Remi",
        "fr-CA": "Gabrielle | Liam",
        "fr-BE": "Isabelle",
        "it-IT": "Bianca | Adriano",
        "pt-BR": "Camila Vitoria | Thiago",
        "pt-PT": "Ines",
        "nl-NL": "Laura",
        "nl-BE": "Lisa",
        "pl-PL": "Ola",
        "da-DK": "Sofie",
        "sv-SE": "Elin",
        "nb-NO": "Ida",
        "fi-FI": "Suvi",
        "tr-TR": "Burcu",
        "ja-JP": "Kazuha Tomoko | Takumi",
        "ko-KR": "Seoyeon",
    }.items()
    for gender, part in zip(_GENDERS, names.split("|"), strict=False)
    for name in part.split()
)
_LANGUAGES = frozenset(voice.locale[:2] for voice in VOICES)
_BUSY = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceQuotaExceededException"})
_KEY = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "InvalidClientTokenId",
        "AccessDeniedException",
        "ExpiredTokenException",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
    }
)


class Polly:
    """A `Speaker`. `model` is "polly-" and the engine: neural, generative, standard, long-form."""

    def __init__(
        self,
        model: str = NEURAL,
        *,
        key_id: str,
        secret: str,
        region: str = "",
        base_url: str = "",
        patience: Patience | None = None,
    ) -> None:
        if not key_id.strip() or not secret.strip():
            raise ProviderKeyRejected(f"No access key and secret are configured for {VENDOR}.", vendor=VENDOR)
        self._model = model
        self._engine = model.removeprefix("polly-")
        self._where = {
            "region_name": region or "us-east-1",
            "aws_access_key_id": key_id.strip(),
            "aws_secret_access_key": secret.strip(),
            "endpoint_url": base_url or None,
        }
        self._patience = patience or Patience()
        self._opening = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._client: Any = None

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{VENDOR}/{self._model}"

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """The languages of its known voices."""
        return SpeakerCapabilities(_LANGUAGES)

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """See `Speaker.speak`."""
        for part in breaths(text, _LONGEST):
            async with aclosing(self._speak(part, voice)) as pieces:
                async for piece in pieces:
                    yield piece

    async def aclose(self) -> None:
        """Close every connection."""
        self._client = None
        await self._opened.aclose()

    async def _speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        import aiohttp
        from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError  # type: ignore[import-untyped]

        client, spelling = await self._connected(), Spelling()
        try:
            async with AsyncExitStack() as answer:
                async with asyncio.timeout(self._patience.stall_s):
                    said = await client.synthesize_speech(**self._request(text, voice))
                    sound = await answer.enter_async_context(said["AudioStream"])
                while True:
                    async with asyncio.timeout(self._patience.stall_s):
                        data = await sound.read(_PIECE)
                    if not data:
                        break
                    if pcm := spelling.whole(data):
                        yield spelling.speech(pcm, _RATE)
        except TimeoutError:
            raise ProviderStalled(f"{VENDOR} says nothing.", vendor=VENDOR) from None
        except ClientError as error:
            raise _translated(error.response) from error
        except (aiohttp.ClientPayloadError, ResponseStreamingError) as error:
            raise ProviderCut(f"{VENDOR} broke off its speech.", vendor=VENDOR) from error
        except (aiohttp.ClientError, BotoCoreError, OSError) as error:
            raise ProviderUnavailable(f"{VENDOR} could not be reached.", vendor=VENDOR) from error
        if not spelling.spoken_ms:
            raise ProviderCut(f"{VENDOR} sent no speech.", vendor=VENDOR)

    async def _connected(self) -> Any:
        """The client: made once, its connections stay warm."""
        async with self._opening:
            if self._client is None:
                from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
                from aiobotocore.session import get_session  # type: ignore[import-untyped]

                config = AioConfig(connect_timeout=self._patience.connect_s, retries={"total_max_attempts": 1})
                made = get_session().create_client("polly", config=config, **self._where)
                self._client = await self._opened.enter_async_context(made)
            return self._client

    def _request(self, text: str, voice: Voice) -> dict[str, Any]:
        chosen = nearest(voice, VOICES)
        request = {
            "Text": text,
            "TextType": "text",
            "Engine": self._engine,
            "OutputFormat": "pcm",
            "SampleRate": str(_RATE),
            "VoiceId": chosen.id,
            "LanguageCode": chosen.locale,
        }
        if voice.speed != 1.0 and self._engine != "generative":
            percent = round(min(2.0, max(0.5, voice.speed)) * 100)
            spoken = f'<speak><prosody rate="{percent}%">{escape(text)}</prosody></speak>'
            request |= {"Text": spoken, "TextType": "ssml"}
        return request


def _translated(response: Any) -> ProviderError:
    """Throttling is a 400 here, without a wait."""
    error, status = response.get("Error", {}), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    code = str(error.get("Code", ""))
    if code in _BUSY or status == 429:
        return ProviderBusy(f"{VENDOR} is over its rate limit.", vendor=VENDOR)
    if code in _KEY or status in {401, 403}:
        return ProviderKeyRejected(f"{VENDOR} rejected the access key ({status}).", vendor=VENDOR)
    if status >= 500:
        return ProviderUnavailable(f"{VENDOR} failed with status {status}.", vendor=VENDOR)
    return ProviderRefused(f"{VENDOR} refused the request: {shown(str(error.get('Message', code)))}", vendor=VENDOR)
