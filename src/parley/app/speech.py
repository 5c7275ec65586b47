"""Which local speech this machine has: the best that is on disk, else what the packages carry. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from parley.app.settings import Settings
from parley.channels import Admission, SpeechParts
from parley.inference.speech import Speaker, Transcriber
from parley.providers import piper, whisper
from parley.providers.espeak import Espeak
from parley.providers.piper import Piper
from parley.providers.silero import SileroVad
from parley.providers.sphinx import Sphinx
from parley.providers.whisper import Whisper
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


def findings(settings: Settings, cache: Path) -> Iterator[tuple[str, bool, str]]:
    """For `parley doctor`: part, whether it works, what it is."""
    speech = local_speech(settings, cache)
    languages = ", ".join(sorted(speech.transcriber.capabilities.languages)) or "any language"
    hint = "" if isinstance(speech.transcriber, Whisper) else "; others need faster-whisper with weights, or a vendor"
    yield "transcriber", True, f"{speech.transcriber.name}: {languages}{hint}"
    for speaker in speech.speakers:
        languages = ", ".join(sorted(speaker.capabilities.languages)) or "any language"
        yield "speaker", True, f"{speaker.name}: {languages}"
    if settings.whisper_weights is not None and not isinstance(speech.transcriber, Whisper):
        missing = "holds no model.bin" if whisper.installed() else "is set, but faster-whisper is not installed"
        yield "transcriber", False, f"WHISPER_WEIGHTS {missing}."
    if settings.piper_voices is not None and len(speech.speakers) == 1:
        yield "speaker", False, "PIPER_VOICES is set, but no voice, or no piper command, was found."
