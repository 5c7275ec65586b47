"""The one list of vendors that hear or speak: "vendor/model" to a transcriber or a speaker, made when it is asked for.

    keys = SpeechKeys({"deepgram": SpeechAccess("…")})
    transcriber = resolve_transcriber("deepgram/flux", keys)

The part before the first slash is the vendor; a bare vendor means its usual model. Nothing is sent anywhere here, and a
vendor that nobody chose is not imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

from parley.inference.errors import ProviderKeyRejected
from parley.inference.speech import Speaker, Transcriber
from parley.kit.errors import InvalidInput
from parley.providers._openai_clients import groq_address
from parley.providers._voices import KnownVoice
from parley.providers.retired import hint, is_gone

Made = TypeVar("Made", Transcriber, Speaker)


@dataclass(frozen=True, slots=True)
class SpeechAccess:
    """How one vendor is reached; "" means the vendor's default. `api_key` of google is a service account's key, as a
    file's path or as JSON; `secret` and `region` are AWS's and Google's."""

    api_key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    region: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class SpeechKeys:
    """Access by vendor name. A vendor that is missing here is not configured."""

    access: Mapping[str, SpeechAccess] = field(default_factory=dict)

    def of(self, vendor: str) -> SpeechAccess:
        """The vendor's access; an empty one where nothing is configured."""
        return self.access.get(vendor, SpeechAccess())


@dataclass(frozen=True, slots=True)
class Row(Generic[Made]):
    """The usual model, and what makes one; raises `ProviderKeyRejected` without a key. `known`: the ids of the models
    that there are, as a pattern. `voices`: the names of a model's voices; `own_voice`: what else may be one."""

    model: str
    make: Callable[[str, SpeechAccess], Made]
    known: str
    voices: Callable[[str], Sequence[KnownVoice]] = lambda _: ()
    own_voice: str = ""


def _deepgram(model: str, access: SpeechAccess) -> Transcriber:
    from parley.providers.deepgram import BASE_URL, Deepgram

    address = re.sub(r"^http", "ws", access.base_url)  # a socket's address may be written as a web address
    return Deepgram(model, api_key=access.api_key, base_url=address or BASE_URL)


def _elevenlabs(model: str, access: SpeechAccess) -> Speaker:
    from parley.providers.elevenlabs import BASE_URL, ElevenLabs

    return ElevenLabs(model, api_key=access.api_key, base_url=access.base_url or BASE_URL)


def _polly(model: str, access: SpeechAccess) -> Speaker:
    from parley.providers.polly import Polly

    return Polly(model, key_id=access.api_key, secret=access.secret, region=access.region, base_url=access.base_url)


def _google(model: str, access: SpeechAccess) -> Transcriber:
    from parley.providers.google_transcription import GoogleTranscriber

    return GoogleTranscriber(model, api_key=access.api_key, location=access.region, base_url=access.base_url)


def _google_speech(model: str, access: SpeechAccess) -> Speaker:
    from parley.providers.google_speech import GoogleSpeech

    return GoogleSpeech(model, api_key=access.api_key, location=access.region, base_url=access.base_url)


def _upload(vendor: str) -> Callable[[str, SpeechAccess], Transcriber]:
    def make(model: str, access: SpeechAccess) -> Transcriber:
        from parley.providers.openai_transcription import UploadTranscriber

        return UploadTranscriber(vendor, model, base_url=_compatible(vendor, access), api_key=access.api_key)

    return make


def _openai_speech(vendor: str) -> Callable[[str, SpeechAccess], Speaker]:
    def make(model: str, access: SpeechAccess) -> Speaker:
        from parley.providers.openai_speech import OpenAISpeech

        return OpenAISpeech(vendor, model, base_url=_compatible(vendor, access), api_key=access.api_key)

    return make


def _compatible(vendor: str, access: SpeechAccess) -> str:
    """The address with its version, which for Groq may be left out, as its own SDK has it."""
    return groq_address(access.base_url) if vendor == "groq" and access.base_url else access.base_url or _OPENAI[vendor]


def _elevenlabs_voices(_: str) -> Sequence[KnownVoice]:
    from parley.providers.elevenlabs import VOICES

    return VOICES


def _google_voices(_: str) -> Sequence[KnownVoice]:
    from parley.providers.google_speech import VOICES

    return VOICES


def _polly_voices(_: str) -> Sequence[KnownVoice]:
    from parley.providers.polly import VOICES

    return VOICES


def _openai_voices(vendor: str) -> Callable[[str], Sequence[KnownVoice]]:
    def voices(model: str) -> Sequence[KnownVoice]:
        from parley.providers.openai_speech import spoken_by

        return spoken_by(vendor, model).voices

    return voices


_DATED = r"(-\d{4}-\d{2}-\d{2})?"
_OPENAI = {"openai": "https://api.openai.com/v1", "groq": "https://api.groq.com/openai/v1"}
# In the order of the automatic chain: those that report words while the caller speaks first. The models are those of
# the vendors' pages (2026-11-20).
TRANSCRIBERS: dict[str, Row[Transcriber]] = {
    "deepgram": Row("flux", _deepgram, r"flux(-general-(en|multi))?|(nova(-[23])?|enhanced|base)(-[a-z]+)*"),
    "google": Row("latest_long", _google, r"chirp(_[23])?|telephony(_short)?|(latest_)?(long|short)|medical_\w+"),
    "groq": Row("whisper-large-v3-turbo", _upload("groq"), r"whisper-large-v3(-turbo)?"),
    "openai": Row(
        "gpt-transcribe", _upload("openai"), rf"(gpt-transcribe|whisper-1|gpt-4o(-mini)?-transcribe){_DATED}"
    ),
}
# The first sound soonest first.
SPEAKERS: dict[str, Row[Speaker]] = {
    "elevenlabs": Row(
        "eleven_flash_v2_5",
        _elevenlabs,
        r"eleven_((flash|turbo)_v2(_5)?|multilingual_v2|v3(_conversational)?|v4(_turbo)?)",
        _elevenlabs_voices,
        r"[A-Za-z0-9]{20}",
    ),
    "google": Row(
        "chirp3-hd", _google_speech, r"chirp3-hd|gemini-[\w.-]+-tts", _google_voices, r"[a-z]{2,3}-[A-Z]{2}-.+"
    ),
    "aws": Row("polly-neural", _polly, r"polly-(standard|neural|long-form|generative)", _polly_voices),
    "openai": Row(
        "gpt-4o-mini-tts", _openai_speech("openai"), rf"(gpt-4o-mini-tts|tts-1(-hd)?){_DATED}", _openai_voices("openai")
    ),
    "groq": Row(
        "canopylabs/orpheus-v1-english",
        _openai_speech("groq"),
        r"canopylabs/orpheus-(v1-english|arabic-saudi)",
        _openai_voices("groq"),
    ),
}
LOCAL = "local"


def check_transcriber(name: str, keys: SpeechKeys, where: str) -> None:
    """Raises `InvalidInput` naming `where` for a name that can never hear: a vendor nobody knows, a model that it does
    not have or has no more. A key may be added later; a server of one's own may have models of its own."""
    _check(name, TRANSCRIBERS, keys, where)


def check_speaker(name: str, keys: SpeechKeys, where: str) -> None:
    """As `check_transcriber`, for speakers."""
    _check(name, SPEAKERS, keys, where)


def check_voice(voice: str, name: str, keys: SpeechKeys, where: str) -> None:
    """Raises `InvalidInput` naming `where` where the speaker `name` has no such voice."""
    vendor, _, model = name.strip().partition("/")
    row = SPEAKERS.get(vendor)
    if row is None or keys.of(vendor).base_url:
        return
    known = row.voices(model or row.model)
    names = [one.name for one in known]
    called = {text.casefold() for one in known for text in (one.name, one.id)}
    if known and voice.casefold() not in called and not (row.own_voice and re.fullmatch(row.own_voice, voice)):
        raise InvalidInput(f"{where}: {vendor} has no voice {voice[:60]!r}; it has {', '.join(names)}.")


def _check(name: str, rows: Mapping[str, Row[Made]], keys: SpeechKeys, where: str) -> None:
    vendor, _, model = name.strip().partition("/")
    if vendor == LOCAL:
        return
    row = rows.get(vendor)
    if row is None:
        raise InvalidInput(f"{where}: the vendor {vendor[:60]!r} is none of: {', '.join((*rows, LOCAL))}.")
    if model and is_gone(vendor, model, datetime.now(UTC).date()):
        raise InvalidInput(f"{where}: {hint(name)}")
    if model and not re.fullmatch(row.known, model) and not keys.of(vendor).base_url:
        raise InvalidInput(f"{where}: {vendor} has no model {model[:60]!r}; its usual one is {row.model}.")


def resolve_transcriber(name: str, keys: SpeechKeys) -> Transcriber:
    """The transcriber behind a catalog name. Raises `InvalidInput` naming `stt` for an unknown vendor,
    `ProviderKeyRejected` where no key is configured."""
    row, model, access = _find(name, TRANSCRIBERS, keys, "stt")
    return row.make(model, access)


def resolve_speaker(name: str, keys: SpeechKeys) -> Speaker:
    """The speaker behind a catalog name; as `resolve_transcriber`, naming `tts`."""
    row, model, access = _find(name, SPEAKERS, keys, "tts")
    return row.make(model, access)


def default_transcribers(keys: SpeechKeys) -> list[str]:
    """Catalog names of the configured vendors, best first. The caller appends what this machine has."""
    return list(_configured(TRANSCRIBERS, keys))


def default_speakers(keys: SpeechKeys) -> list[str]:
    """As `default_transcribers`, for speakers."""
    return list(_configured(SPEAKERS, keys))


def _configured(rows: Mapping[str, Row[Made]], keys: SpeechKeys) -> Iterator[str]:
    today = datetime.now(UTC).date()
    for vendor, row in rows.items():
        access = keys.of(vendor)
        # A server of one's own behind OpenAI's key may well know no sound: it is asked where it is named.
        own = vendor == "openai" and bool(access.base_url)
        if access.api_key and not own and not is_gone(vendor, row.model, today):
            yield f"{vendor}/{row.model}"


def _find(name: str, rows: Mapping[str, Row[Made]], keys: SpeechKeys, what: str) -> tuple[Row[Made], str, SpeechAccess]:
    vendor, _, model = name.strip().partition("/")
    row = rows.get(vendor)
    if row is None:
        raise InvalidInput(f"{what}: the vendor {vendor!r} is none of: {', '.join((*rows, LOCAL))}.")
    access = keys.of(vendor)
    if not access.api_key:
        raise ProviderKeyRejected(f"No API key is configured for {vendor}.", vendor=vendor)
    return row, model or row.model, access
