"""Times of day as questions and opening hours write them."""

from __future__ import annotations

import pytest

from parley.house.clock import Span, asked_time, covers, spans, spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7:30 am - 5 pm", [(7.5, 17)]),
        ("8-12 und 14-18 Uhr", [(8, 12), (14, 18)]),
        ("9-5", [(9, 17)]),
        ("10-2 pm", [(10, 14)]),
        ("18:00–02:00", [(18, 26)]),
        ("12 noon to 9 pm", [(12, 21)]),
        ("between 13:00 and 14:00", [(13, 14)]),
        ("around the clock", [(0, 24)]),
        ("cake and coffee 4.50", []),
    ],
)
def test_the_stretches_a_line_names(text: str, expected: list[tuple[float, float]]) -> None:
    assert [(span.first / 60, span.last / 60) for span in spans(text)] == expected


@pytest.mark.parametrize(
    ("question", "hours"),
    [
        ("are you open at 6 in the evening", [18]),
        ("open at 10 on saturday?", [10, 22]),
        ("habt ihr um 15 uhr offen", [15]),
        ("um 8 abends", [20]),
        ("how much is the soup", []),
    ],
)
def test_the_time_a_question_names(question: str, hours: list[int]) -> None:
    assert [span.first // 60 for span in asked_time(question)] == hours


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(10, True), (18, False), (13, False), (8, None)],
)
def test_whether_hours_cover_a_time(asked: int, expected: bool | None) -> None:
    wanted = Span(asked * 60, asked * 60) if expected is not None else Span(asked * 60, asked * 60 + 120)
    assert covers([Span(540, 1020)], [wanted], [Span(780, 840)]) is expected


def test_figures_are_said_as_written() -> None:
    assert spoken("8-12 and 14-18", "from", "to") == "from 8 to 12 and from 14 to 18"
