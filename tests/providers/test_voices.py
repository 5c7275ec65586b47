from __future__ import annotations

import pytest

from parley.inference.speech import Voice
from parley.providers._voices import KnownVoice, nearest

VOICES = (
    KnownVoice("Joanna", "Joanna", "f", "en-US"),
    KnownVoice("Matthew", "Matthew", "m", "en-US"),
    KnownVoice("Amy", "Amy", "f", "en-GB"),
    KnownVoice("Vicki", "Vicki", "f", "de-DE"),
    KnownVoice("Daniel", "Daniel", "m", "de-DE"),
)


@pytest.mark.parametrize(
    ("name", "language", "chosen"),
    [
        ("", "en", "Joanna"),
        ("matthew", "en", "Matthew"),
        ("en-US-Neural2-A", "en", "Joanna"),
        ("en-GB-Wavenet-B", "en", "Amy"),
        ("onyx", "en", "Matthew"),
        ("Joanna", "de", "Vicki"),
        ("George", "de", "Daniel"),
        ("en-US-Neural2-A", "de", "Vicki"),
        ("no such voice 🙂", "fr", "Joanna"),
    ],
)
def test_the_nearest_voice_by_language(name: str, language: str, chosen: str) -> None:
    assert nearest(Voice(name, language), VOICES).name == chosen
