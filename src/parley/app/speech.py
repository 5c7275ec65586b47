"""What hears and speaks here: hosted vendors with a key, then the best on disk, else what the packages carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from parley.app.hosted_speech import HostedSpeech, led_by, speech_keys
from parley.app.settings import Settings
from parley.channels import Admission, SpeechParts
from parley.inference.errors import ProviderError
from parley.inference.speech import Speaker, Transcriber
from parley.kit.errors import InvalidInput
from parley.providers import piper, whisper
from parley.providers.espeak import Espeak
from parley.providers.piper import Piper
from parley.providers.retired import hint
from parley.providers.silero import SileroVad
from parley.providers.speech_catalog import (
    check_speaker,
    check_transcriber,
    default_speakers,
    default_transcribers,
    resolve_speaker,
    resolve_transcriber,
)
from parley.providers.sphinx import Sphinx
from parley.providers.whisper import Whisper
from parley.tenants import Businesses
from parley.voice import KeptSpeech

_HUB = Path("~/.cache/huggingface/hub")


def local_speech(settings: Settings, cache: Path) -> SpeechParts:
    """What hears and speaks. The last speaker is always espeak-ng."""
    return SpeechParts(
        transcriber=local_transcriber(settings, cache),
        speakers=(*_piper(settings), Espeak()),
        vad=SileroVad(),
        kept=KeptSpeech(cache / "speech"),
        admission=Admission(settings.max_sessions),
    )


def open_speech(settings: Settings, cache: Path, businesses: Businesses) -> SpeechParts:
    """What hears and speaks: hosted vendors where a key is set, an agent's choice and a tenant's keys before ours, and
    this machine's own last."""
    local = local_speech(settings, cache)
    return replace(local, choice=HostedSpeech(settings, local.transcriber, local.speakers, local.vad, businesses))


def local_transcriber(settings: Settings, cache: Path) -> Transcriber:
    """faster-whisper where its package and weights are on disk, else pocketsphinx, which hears English only."""
    if whisper.installed():
        folders = [settings.whisper_weights] if settings.whisper_weights else [settings.data_dir / "models", *_hub()]
        if (weights := whisper.find_weights(folders)) is not None:
            return Whisper(weights)
    return Sphinx(cache)


def _hub() -> Iterator[Path]:
    """Where faster-whisper keeps the weights that it fetched."""
    yield from _HUB.expanduser().glob("models--*faster*whisper*")


def _piper(settings: Settings) -> Iterator[Speaker]:
    command = piper.find_command()
    voices = piper.find_voices([settings.piper_voices or settings.data_dir / "voices"])
    if command is not None and voices:
        yield Piper(command, voices)


def _hosted(settings: Settings) -> Iterator[tuple[str, bool, str]]:
    """The configured vendors, in the order in which they are asked; a choice that leads nowhere is pointed out."""
    keys = speech_keys(settings)
    hearing = led_by(settings.stt_model, default_transcribers(keys))
    speaking = led_by(settings.tts_model, default_speakers(keys))
    for part, names in (("transcriber", hearing), ("speaker", speaking)):
        for name in names:
            try:
                if part == "transcriber":
                    check_transcriber(name, keys, "STT_MODEL")
                    resolve_transcriber(name, keys)
                else:
                    check_speaker(name, keys, "TTS_MODEL")
                    resolve_speaker(name, keys)
            except (InvalidInput, ProviderError) as error:
                yield part, False, f"{name}: {error.detail}"
            else:
                yield part, True, f"{name}: {hint(name) or 'configured'}"


def findings(settings: Settings, cache: Path) -> Iterator[tuple[str, bool, str]]:
    """For `parley doctor`: part, whether it works, what it is. No vendor is asked: that would cost money."""
    yield from _hosted(settings)
    speech = local_speech(settings, cache)
    languages = ", ".join(sorted(speech.transcriber.capabilities.languages)) or "any language"
    note = "" if isinstance(speech.transcriber, Whisper) else "; others need faster-whisper with weights, or a vendor"
    yield "transcriber", True, f"{speech.transcriber.name}: {languages}{note}"
    for speaker in speech.speakers:
        languages = ", ".join(sorted(speaker.capabilities.languages)) or "any language"
        yield "speaker", True, f"{speaker.name}: {languages}"
    if settings.whisper_weights is not None and not isinstance(speech.transcriber, Whisper):
        missing = "holds no model.bin" if whisper.installed() else "is set, but faster-whisper is not installed"
        yield "transcriber", False, f"WHISPER_WEIGHTS {missing}."
    if settings.piper_voices is not None and len(speech.speakers) == 1:
        yield "speaker", False, "PIPER_VOICES is set, but no voice, or no piper command, was found."
