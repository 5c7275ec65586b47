"""Who hears and speaks for an agent: its own choice, the tenant's keys, ours, and what this machine has always last."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import SecretStr

from parley.app.settings import Settings
from parley.app.speech_choice import read_wish
from parley.channels import SpeechName
from parley.inference.breaker import Breaker, ModelHealth
from parley.inference.errors import ProviderError
from parley.inference.fallback_speech import FallbackTranscriber, SparedSpeaker
from parley.inference.speech import Speaker, Transcriber, VadFactory
from parley.kit.errors import InvalidInput
from parley.providers.speech_catalog import (
    SPEAKERS,
    TRANSCRIBERS,
    SpeechAccess,
    SpeechKeys,
    default_speakers,
    default_transcribers,
    resolve_speaker,
    resolve_transcriber,
)
from parley.tenants import Businesses

_TRUST_SECONDS = 15.0
_CHAINS_KEPT = 300
_LOCAL = "local"
Made = TypeVar("Made")
_Chain = tuple[Transcriber, tuple[Speaker, ...]]


def speech_keys(settings: Settings) -> SpeechKeys:
    """How this installation reaches each vendor that hears or speaks."""
    google = settings.google_application_credentials
    rows = {
        "deepgram": SpeechAccess(_text(settings.deepgram_api_key), base_url=settings.deepgram_base_url or ""),
        "elevenlabs": SpeechAccess(_text(settings.elevenlabs_api_key), base_url=settings.elevenlabs_base_url or ""),
        "openai": SpeechAccess(_text(settings.openai_api_key), base_url=settings.openai_base_url or ""),
        "groq": SpeechAccess(_text(settings.groq_api_key), base_url=settings.groq_base_url or ""),
        "google": SpeechAccess(
            str(google.expanduser()) if google is not None else "", region=settings.google_speech_location
        ),
        "aws": SpeechAccess(
            _text(settings.aws_access_key_id),
            _text(settings.aws_secret_access_key),
            settings.aws_region or "",
        ),
    }
    return SpeechKeys({vendor: access for vendor, access in rows.items() if access.api_key})


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def own_access(values: Mapping[str, str], ours: SpeechAccess) -> SpeechAccess:
    """A tenant's own credentials for a vendor, which go to the vendor's own address: what the installation put in its
    place may be a server of its own, and is not shown a tenant's key. The region is ours where the tenant names none.
    """
    key = values.get("api_key") or values.get("service_account_json") or values.get("access_key_id") or ""
    region = values.get("region") or ours.region
    return SpeechAccess(key, values.get("secret_access_key", ""), region)


class HostedSpeech:
    """Chains of hosted and local speech, kept warm. See `channels.SpeechChoice`."""

    def __init__(
        self,
        settings: Settings,
        transcriber: Transcriber,
        speakers: tuple[Speaker, ...],
        vad: VadFactory,
        businesses: Businesses | None = None,
    ) -> None:
        self._keys = speech_keys(settings)
        self._first = (settings.stt_model, settings.tts_model)
        self._transcriber = transcriber
        self._speakers = speakers
        self._vad = vad
        self._businesses = businesses
        self._breaker = Breaker()
        self._own: OrderedDict[str, tuple[float, Mapping[str, dict[str, str]]]] = OrderedDict()
        self._chains: OrderedDict[tuple[object, ...], _Chain] = OrderedDict()

    async def for_agent(self, tenant_id: str, stt: SpeechName, tts: SpeechName) -> _Chain:
        """See `channels.SpeechChoice`."""
        own = await self._own_keys(tenant_id)
        keys = SpeechKeys(
            {
                **self._keys.access,
                **{vendor: own_access(values, self._keys.of(vendor)) for vendor, values in own.items()},
            }
        )
        hear = _wanted(stt) or led_by(self._first[0], default_transcribers(keys))
        speak = _wanted(tts) or led_by(self._first[1], default_speakers(keys))
        key = (tuple(hear), tuple(speak), *sorted(keys.access.items(), key=lambda row: row[0]))
        chain = self._chains.get(key)
        if chain is None:
            # A tenant's rejected key must not keep the others from the same vendor.
            breaker = Breaker() if own else self._breaker
            chain = self._chains[key] = (self._ears(hear, keys, breaker), self._mouths(speak, keys, breaker))
            if len(self._chains) > _CHAINS_KEPT:
                await _close(self._chains.popitem(last=False)[1])
        self._chains.move_to_end(key)
        return chain

    def health(self) -> list[ModelHealth]:
        """How each hosted transcriber and speaker of ours is doing."""
        names = [*default_transcribers(self._keys), *default_speakers(self._keys)]
        return [self._breaker.health(name) for name in names]

    async def aclose(self) -> None:
        """Close every connection of a hosted part; the local ones are their owner's."""
        for chain in self._chains.values():
            await _close(chain)

    def _ears(self, names: Sequence[str], keys: SpeechKeys, breaker: Breaker) -> Transcriber:
        hosted = [one for name in names if (one := _had(resolve_transcriber, name, keys)) is not None]
        if not hosted:
            return self._transcriber
        return FallbackTranscriber([*hosted, self._transcriber], breaker=breaker, vad=self._vad)

    def _mouths(self, names: Sequence[str], keys: SpeechKeys, breaker: Breaker) -> tuple[Speaker, ...]:
        hosted = [one for name in names if (one := _had(resolve_speaker, name, keys)) is not None]
        return (*(SparedSpeaker(one, breaker) for one in hosted), *self._speakers)

    async def _own_keys(self, tenant_id: str) -> Mapping[str, dict[str, str]]:
        """The tenant's own keys, looked up again every few seconds."""
        if self._businesses is None:
            return {}
        now = time.monotonic()
        known = self._own.get(tenant_id)
        if known is not None and known[0] > now:
            return known[1]
        stored = await self._businesses.credentials(tenant_id)
        own = {vendor: values for vendor, values in stored.items() if vendor in {*TRANSCRIBERS, *SPEAKERS}}
        self._own[tenant_id] = (now + _TRUST_SECONDS, own)
        self._own.move_to_end(tenant_id)
        if len(self._own) > _CHAINS_KEPT:
            self._own.popitem(last=False)
        return own


def _had(resolve: Callable[[str, SpeechKeys], Made], name: str, keys: SpeechKeys) -> Made | None:
    """What the name stands for; None where nobody of that name is configured."""
    try:
        return resolve(name, keys)
    except (InvalidInput, ProviderError):
        return None


def _wanted(choice: SpeechName) -> list[str]:
    """The names of an agent's choice, none where one saved before choices were checked cannot be read; "local" keeps
    hosted vendors out."""
    try:
        return list(read_wish(choice, "", speaks=True).names)
    except InvalidInput:
        return []


def led_by(first: str | None, names: Iterable[str]) -> list[str]:
    """The names, `first` before the others."""
    return [*([first] if first else []), *(name for name in names if name != first)]


async def _close(chain: _Chain) -> None:
    transcriber, speakers = chain
    links = transcriber.transcribers if isinstance(transcriber, FallbackTranscriber) else ()
    parts: list[Transcriber | Speaker] = [*links]
    parts += [one.speaker for one in speakers if isinstance(one, SparedSpeaker)]
    for part in parts:
        if not part.name.startswith(f"{_LOCAL}/") and (close := getattr(part, "aclose", None)) is not None:
            await close()
