"""Which local speech is used follows from what is on disk, and `parley doctor` says it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from parley.app.settings import Settings
from parley.app.speech import findings, local_speech
from parley.providers import whisper
from tests.providers.test_piper import put_voice

STAND_INS = Path(__file__).parent.parent / "providers" / "stand_ins"


def told(settings: Settings, cache: Path) -> str:
    return "\n".join(f"{part} {'ok' if well else '!!'} {text}" for part, well, text in findings(settings, cache))


def test_a_bare_machine_hears_english_and_speaks_everything(tmp_path: Path) -> None:
    settings = Settings.model_construct(data_dir=tmp_path)
    speech = local_speech(settings, tmp_path)
    assert speech.transcriber.name == "local/pocketsphinx"
    assert [speaker.name for speaker in speech.speakers] == ["local/espeak-ng"]
    assert "transcriber ok local/pocketsphinx: en;" in told(settings, tmp_path)


def test_what_is_on_disk_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(STAND_INS), prepend=":")
    monkeypatch.syspath_prepend(str(STAND_INS))
    put_voice(tmp_path / "voices", "thorsten", "de")
    weights = tmp_path / "models" / "faster-whisper-base"
    weights.mkdir(parents=True)
    (weights / "model.bin").write_bytes(b"")
    settings = Settings.model_construct(data_dir=tmp_path)
    speech = local_speech(settings, tmp_path)
    assert speech.transcriber.name == "local/whisper-faster-whisper-base"
    assert [speaker.name for speaker in speech.speakers_of("de")] == ["local/piper", "local/espeak-ng"]
    assert [speaker.name for speaker in speech.speakers_of("en")] == ["local/espeak-ng"]
    assert "speaker ok local/piper: de" in told(settings, tmp_path)
    assert "transcriber ok local/whisper-faster-whisper-base: any language" in told(settings, tmp_path)
    sys.modules.pop(whisper.PACKAGE, None)


def test_a_setting_that_leads_nowhere_is_pointed_out(tmp_path: Path) -> None:
    settings = Settings.model_construct(data_dir=tmp_path, whisper_weights=tmp_path, piper_voices=tmp_path)
    assert "transcriber !! WHISPER_WEIGHTS" in told(settings, tmp_path)
    assert "speaker !! PIPER_VOICES" in told(settings, tmp_path)
