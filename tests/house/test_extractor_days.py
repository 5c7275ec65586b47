"""Days that lie behind, and numbers that name something."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from parley.house.extractor_codes import is_code, spelled_code
from parley.house.extractor_days import full_day, past_day

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("America/New_York"))  # a Friday


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("Yesterday around five", "en", "2026-11-19"),
        ("Last Friday.", "en", "2026-11-13"),
        ("On Monday", "en", "2026-11-16"),
        ("two weeks ago", "en", "2026-11-06"),
        ("a couple days ago", "en", "2026-11-18"),
        ("on the 3rd of October", "en", "2026-10-03"),
        ("December 24th", "en", "2025-12-24"),
        ("vor drei Tagen", "de", "2026-11-17"),
        ("letzten Montag", "de", "2026-11-16"),
        ("am 12. September", "de", "2026-09-12"),
        ("in 2031, on March 3rd", "en", None),
        ("It's been broken for a while", "en", None),
    ],
)
def test_a_day_that_lies_behind(text: str, language: str, day: str | None) -> None:
    assert past_day(text, NOW, language) == day


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("March third, 1988.", "en", "1988-03-03"),
        ("the third of May nineteen ninety", "en", "1990-05-03"),
        ("05/12/88", "en", "1988-05-12"),
        ("3.5.1990", "de", "1990-05-03"),
        ("Am dritten Mai neunzehnhundertachtundachtzig", "de", "1988-05-03"),
        ("March third", "en", None),
        ("the 31st of February 2001", "en", None),
    ],
)
def test_a_day_with_its_year(text: str, language: str, day: str | None) -> None:
    found = full_day(text, language)
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("7 7 0 dash 31 9 2.", "770-3192"),
        ("It's HX 448 209.", "HX448209"),
        ("It's B as in boy, 44821.", "B44821"),
        ("four double seven one, I think", "4771"),
        ("fünf fünf eins null neun zwei", "551092"),
        ("Sure, it's INV-2291.", "INV-2291"),
        ("I have two of them", None),
        ("I don't have it on me", None),
    ],
)
def test_a_code_as_it_is_spelled(text: str, code: str | None) -> None:
    assert spelled_code(text) == code


def test_which_fields_hold_codes() -> None:
    assert [is_code(name) for name in ("order_id", "kundennummer", "claim.reference", "notes", "identity")] == [
        True, True, True, False, False,
    ]  # fmt: skip
