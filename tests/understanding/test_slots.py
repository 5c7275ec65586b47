"""Reading slots: the project's own sentences, real dialogues where they are at hand, and properties of any input."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.slots import (
    CORE,
    DIALOGUES,
    FILES,
    is_right,
    read_case,
    read_sentences,
    read_turns,
    score_dialogues,
)
from parley.understanding.slots import SlotProblem, read_slots

NOW = datetime(2026, 11, 18, 10, 20)  # noqa: DTZ001 - a tenant's local time; a Wednesday


def _tuned(language: str) -> list[Any]:
    return [pytest.param(language, case, id=case["say"][:60]) for case in read_sentences(language).tuned]


@pytest.mark.parametrize(("language", "case"), _tuned("en") + _tuned("de"))
def test_sentence(language: str, case: dict[str, Any]) -> None:
    reading = read_case(case, read_sentences(language).defaults, language)
    assert is_right(case, reading), (dict(reading.slots), reading.problems)
    assert reading.language == language


@pytest.mark.parametrize("language", ["en", "de"])
def test_held_out_sentences_are_read_as_well(language: str) -> None:
    sentences = read_sentences(language)
    right = sum(is_right(case, read_case(case, sentences.defaults, language)) for case in sentences.held_out)
    assert right >= 0.95 * len(sentences.held_out)


@pytest.mark.parametrize("name", list(FILES))
def test_real_dialogues(name: str) -> None:
    path = DIALOGUES / FILES[name]
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the repository")
    scores, silent, false_alarms = score_dialogues(list(read_turns(path))[:2500])
    for slot in CORE:
        assert scores[slot].recall >= 0.98, (slot, scores[slot])
    assert false_alarms <= 0.01 * silent


def test_a_correction_names_what_it_replaces() -> None:
    reading = read_slots("no, make it eight", now=NOW, previous="A table for six people. Is that right?")
    assert reading.slots == {"party_size": 8}
    assert [(change.slot, change.value, change.replaced) for change in reading.corrections] == [("party_size", 8, 6)]


def test_a_correction_inside_the_sentence() -> None:
    reading = read_slots("Friday at 7, no wait, Saturday at 7", now=NOW)
    assert reading.slots["date"] == "2026-11-21"
    assert [(change.slot, change.replaced) for change in reading.corrections] == [("date", "2026-11-20")]


def test_a_number_that_could_be_either_is_left_open() -> None:
    reading = read_slots("actually six", now=NOW, previous="So a table for five tomorrow at seven?")
    assert not reading.slots
    assert [problem.reason for problem in reading.problems] == ["ambiguous"]


def test_problems_quote_the_caller() -> None:
    reading = read_slots("Could we come on the 31st of February?", now=NOW)
    assert reading.problems == (SlotProblem("date", "the 31st of February", "impossible"),)


def test_what_the_agent_offers_is_not_what_the_caller_says() -> None:
    previous = "I can offer a table for two tomorrow at 7:30 pm under Smith, phone 415-555-0132. Shall I book it?"
    assert not read_slots("yes please, that's great", now=NOW, previous=previous).slots


def test_wanted_limits_what_is_returned() -> None:
    reading = read_slots("a table for 0 people tomorrow at 7", now=NOW, wanted=frozenset({"date"}))
    assert dict(reading.slots) == {"date": "2026-11-19"}
    assert not reading.problems


def test_known_values_of_the_tenants_own_slots() -> None:
    known = {"dish": ["Pizza", "Pizza Margherita"], "city": ["Köln"], "none": []}
    reading = read_slots("eine pizza margherita nach köln bitte", now=NOW, language="de", known=known)
    assert reading.slots["dish"] == "Pizza Margherita"
    assert reading.slots["city"] == "Köln"
    assert "none" not in reading.slots


def test_a_pattern_of_the_tenants_own() -> None:
    known = {"ticket": re.compile(r"ticket (?:number )?(\d{4})", re.IGNORECASE), "plate": re.compile(r"[A-Z]{2}-\d+")}
    reading = read_slots("It's about Ticket number 4711", now=NOW, known=known)
    assert reading.slots["ticket"] == "4711"
    assert "plate" not in reading.slots


def test_the_agents_language_is_the_prior_of_a_wordless_answer() -> None:
    assert read_slots("18:30", now=NOW, language="en", previous="Um wie viel Uhr möchten Sie kommen?").language == "de"


def test_the_region_orders_day_and_month() -> None:
    assert read_slots("on 03/05", now=NOW, default_region="US").slots["date"] == "2027-03-05"
    assert read_slots("on 03/05", now=NOW, default_region="GB").slots["date"] == "2027-05-03"


def test_the_morning_is_over_when_the_day_is_today() -> None:
    late = datetime(2026, 11, 18, 15, 0)  # noqa: DTZ001
    assert read_slots("a viewing today at 10", now=late).slots["time"] == "22:00"
    reading = read_slots("today at 9 am", now=late)
    assert "time" not in reading.slots
    assert [(problem.slot, problem.reason) for problem in reading.problems] == [("time", "past")]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80), st.sampled_from(["en", "de", "fr"]))
def test_any_text_is_read_without_an_error(message: str, previous: str, language: str) -> None:
    first = read_slots(message, now=NOW, previous=previous, language=language)
    assert first == read_slots(message, now=NOW, previous=previous, language=language)


_WORDS = st.sampled_from(
    "half past quarter to seven 7 30 31 february third the of and me my wife two kids people at for from until next "
    "friday week tomorrow today a in morgen um halb viertel dreiviertel zu viert am 3 . : / - 2027 @ dot punkt double "
    "oh my name is S not or statt no wait night nights bed $ change".split()
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=12), st.sampled_from(["en", "de"]), st.sampled_from([" ", ""]))
def test_any_mixture_of_its_own_words_is_read_without_an_error(words: list[str], language: str, gap: str) -> None:
    reading = read_slots(gap.join(words), now=NOW, language=language, previous=" ".join(reversed(words)))
    for slot in ("date", "end_date"):
        assert datetime.fromisoformat(str(reading.slots.get(slot, "2026-11-18"))) >= datetime(2026, 11, 18)  # noqa: DTZ001
    if "time" in reading.slots:
        datetime.strptime(str(reading.slots["time"]), "%H:%M")  # noqa: DTZ007
    assert 0 < int(reading.slots.get("party_size", 1)) <= 500


@pytest.mark.parametrize(
    "junk",
    [
        "1 ",
        "my wife, ",
        "friday ",
        "7 or ",
        "from 7 to ",
        "S-",
        "a@",
        "at 7 ",
        "half ",
        "today ",
        "1.",
        "is ",
        "2 kids and ",
    ],
)
def test_long_junk_takes_time_in_proportion(junk: str) -> None:
    def seconds(characters: int) -> float:
        message = (junk * characters)[:characters]
        best = float("inf")
        for _ in range(2):
            start = time.perf_counter()
            read_slots(message, now=NOW, previous=message)
            best = min(best, time.perf_counter() - start)
        return best

    # Four times the text: quadratic growth would take sixteen times as long. The floor absorbs a noisy machine.
    assert seconds(6_000) < 10 * max(seconds(1_500), 0.01)
