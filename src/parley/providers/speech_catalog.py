"""The one list of vendors that hear or speak: "vendor/model" to a transcriber or a speaker, made when it is asked for.

    keys = SpeechKeys({"deepgram": SpeechAccess("…")})
    transcriber = resolve_transcriber("deepgram/flux", keys)

The part before the first slash is the vendor; a bare vendor means its usual model. Nothing is sent anywhere here, and a
vendor that nobody chose is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

from parley.inference.errors import ProviderKeyRejected
from parley.inference.speech import Speaker, Transcriber
from parley.kit.errors import InvalidInput
from parley.providers.retired import is_gone

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
    """The usual model, and what makes one. Raises `ProviderKeyRejected` without a key."""

    model: str
    make: Callable[[str, SpeechAccess], Made]


def _deepgram(model: str, access: SpeechAccess) -> Transcriber:
    from parley.providers.deepgram import BASE_URL, Deepgram

    return Deepgram(model, api_key=access.api_key, base_url=access.base_url or BASE_URL)


def _elevenlabs(model: str, access: SpeechAccess) -> Speaker:
    from parley.providers.elevenlabs import BASE_URL, ElevenLabs

    return ElevenLabs(model, api_key=access.api_key, base_url=access.base_url or BASE_URL)


def _polly(model: str, access: SpeechAccess) -> Speaker:
    from parley.providers.polly import Polly

    return Polly(model, key_id=access.api_key, secret=access.secret, region=access.region, base_url=access.base_url)


def _google(model: str, access: SpeechAccess) -> Transcriber:
    from parley.providers.google_transcription import GoogleTranscriber

    return GoogleTranscriber(model, api_key=access.api_key, location=access.region, base_url=access.base_url)


def _upload(vendor: str) -> Callable[[str, SpeechAccess], Transcriber]:
    def make(model: str, access: SpeechAccess) -> Transcriber:
        from parley.providers.openai_transcription import UploadTranscriber

        return UploadTranscriber(vendor, model, base_url=access.base_url or _OPENAI[vendor], api_key=access.api_key)

    return make


def _openai_speech(vendor: str) -> Callable[[str, SpeechAccess], Speaker]:
    def make(model: str, access: SpeechAccess) -> Speaker:
        from parley.providers.openai_speech import OpenAISpeech

        return OpenAISpeech(vendor, model, base_url=access.base_url or _OPENAI[vendor], api_key=access.api_key)

    return make


_OPENAI = {"openai": "https://api.openai.com/v1", "groq": "https://api.groq.com/openai/v1"}
# In the order of the automatic chain: those that report words while the caller speaks first.
TRANSCRIBERS: dict[str, Row[Transcriber]] = {
    "deepgram": Row("flux", _deepgram),
    "google": Row("latest_long", _google),
    "groq": Row("whisper-large-v3-turbo", _upload("groq")),
    "openai": Row("gpt-transcribe", _upload("openai")),
}
# The first sound soonest first.
SPEAKERS: dict[str, Row[Speaker]] = {
    "elevenlabs": Row("eleven_flash_v2_5", _elevenlabs),
    "aws": Row("polly-neural", _polly),
    "openai": Row("gpt-4o-mini-tts", _openai_speech("openai")),
    "groq": Row("canopylabs/orpheus-v1-english", _openai_speech("groq")),
}


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
        raise InvalidInput(f"{what}: the vendor {vendor!r} is none of: {', '.join((*rows, 'local'))}.")
    access = keys.of(vendor)
    if not access.api_key:
        raise ProviderKeyRejected(f"No API key is configured for {vendor}.", vendor=vendor)
    return row, model or row.model, access
