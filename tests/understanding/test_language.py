"""English or German."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.understanding.language import detect_language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a table for two please", "en"),
        ("einen Tisch für zwei bitte", "de"),
        ("yes", "en"),
        ("ja gerne", "de"),
        ("12 am", "en"),
        ("am 12.", "de"),
        ("Reservierung", "de"),
        ("reservation", "en"),
        ("kann ich morgen um acht kommen", "de"),
        ("can I come tomorrow at eight", "en"),
        ("tschüss", "de"),
        ("bye", "en"),
    ],
)
def test_languages(text: str, expected: str) -> None:
    assert detect_language(text, "de" if expected == "en" else "en") == expected


@pytest.mark.parametrize("text", ["", "7:30", "Peter Schmidt", "ok", "pizza"])
def test_no_evidence_keeps_the_language_spoken_so_far(text: str) -> None:
    assert detect_language(text, "de") == "de"
    assert detect_language(text, "en") == "en"


@given(st.text(max_size=200))
def test_always_one_of_two(text: str) -> None:
    assert detect_language(text) in ("en", "de")
