"""Days and times in the ways businesses write them."""

from __future__ import annotations

import pytest

from parley.house.hours import day_rows


@pytest.mark.parametrize(
    ("language", "text", "day", "expected"),
    [
        ("en", "Mon–Sat 11–22, Sunday closed", 6, "closed"),
        ("en", "Mon–Sat 11–22, Sunday closed", 2, "11–22"),
        ("en", "We are open from 9 am to 6 pm Monday to Friday and 10 am to 4 pm on Saturday", 5, "10 am to 4 pm"),
        ("en", "Weekdays 8:00-17:00; weekends 10:00-14:00", 6, "10:00-14:00"),
        ("en", "Friday to Monday: 18:00–23:00", 6, "18:00–23:00"),
        ("en", "Daily 7am - 11pm", 3, "7am - 11pm"),
        ("en", "Tue, Thu and Sat: 10:00-12:00", 3, "10:00-12:00"),
        ("de", "Di–Sa 11:30–14:30 und 17:30–22:00 Uhr", 4, "11:30–14:30 und 17:30–22:00 Uhr"),
        ("de", "Montag Ruhetag", 0, "Ruhetag"),
        ("de", "Mo.–Fr. 9–18 Uhr, Sa. 10–14 Uhr", 5, "10–14 Uhr"),
        ("de", "täglich von 8 bis 20 Uhr", 6, "8 bis 20 Uhr"),
    ],
)
def test_the_row_of_a_day(language: str, text: str, day: int, expected: str) -> None:
    assert [row.value for row in day_rows(text, language) if day in row.days] == [expected]


@pytest.mark.parametrize(
    ("language", "text"), [("de", "So gefällt es uns: Do ut des."), ("en", "Sat nav and sun cream")]
)
def test_words_that_look_like_days_are_none(language: str, text: str) -> None:
    assert day_rows(text, language) == ()
