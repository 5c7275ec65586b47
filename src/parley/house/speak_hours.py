"""Says hours: whether it is open when asked, from when to when, on which days it is closed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parley.house.clock import Span, covers, spans, spoken
from parley.house.evidence import said
from parley.house.found import Found
from parley.house.hours import DayRow, day_rows
from parley.house.lexicon import Lexicon
from parley.house.opening import is_break, stretches, subject
from parley.house.passages import Unit
from parley.house.wording import Wording

_ONLY_TIMES = re.compile(r"[\d\s:.,–—\-&/apmhUuhrto'clkbisundvoabnefmiday()]+")
_OPEN_FIRST = re.compile(r"^(?:we are |we're |wir haben )?(?:open|geöffnet)\s*:?\s*", re.I)

Rows = Sequence[tuple[Unit, DayRow]]


def say_hours(found: Found, words: Lexicon, wording: Wording) -> str:
    """The hours found, "" where the units are better quoted."""
    question = found.question
    shown = [unit for unit in found.units if not is_break(unit, None, words)] or list(found.units)
    breaks = [unit for unit in found.units if unit not in shown]
    rows = [(unit, row) for unit in shown for row in day_rows(said(unit), words.language)]
    quoted = shown[0].form in {"sentence", "answer"} and bool(question.keys)
    if not rows or quoted:
        return ""
    wanted = [(unit, row) for unit, row in rows if row.days & set(found.days)]
    about_us = question.about_hours and not question.keys and not subject(shown[0], words)
    if found.days and not wanted:
        return wording.say(
            "days_missing", days=wording.join([words.day_names[day] for day in found.days]), rows=_told(rows, wording)
        )
    verdict = _verdict(found, wanted or rows, breaks, words) if question.asks_whether else None
    if about_us and found.days and len(found.days) <= 2:
        told = " ".join(_on_day(day, row, words, wording) for day in found.days for _, row in wanted if day in row.days)
    elif about_us and not found.days:
        told = wording.say("open_rows", rows=_told(rows, wording))
    else:
        told = _named(shown[0], _told(wanted or rows, wording), wording, words.language)
    if verdict is None:
        return told
    pause = next((unit.text for unit in breaks if not verdict and _in_break(found, unit, words)), "")
    if pause:
        return f"{wording.data['no']} {pause}"
    return wording.say("yes_and" if verdict else "no_but", told=_uncapitalised(told, wording))


def _verdict(found: Found, rows: Rows, breaks: Sequence[Unit], words: Lexicon) -> bool | None:
    """Whether it is open when asked; None where that depends on the day or cannot be told."""
    question = found.question
    if not question.times:
        shut = {row.closed for _, row in rows}
        return None if len(shut) != 1 or not found.days else not shut.pop()
    opened: dict[str, tuple[list[Span], bool]] = {}
    for _, row in rows:
        at, _ = opened.setdefault(row.name, ([], row.closed))
        at.extend(spans(row.value))
    if any(not at and not closed for at, closed in opened.values()):
        return None
    taken = [span for unit in breaks if _same_days(found, unit, words) for span in stretches(said(unit), words)[1]]
    verdicts = {covers(at, question.times, taken) for at, closed in opened.values() if found.days or not closed}
    return verdicts.pop() if len(verdicts) == 1 else None


def _same_days(found: Found, unit: Unit, words: Lexicon) -> bool:
    rows = day_rows(said(unit), words.language)
    return not rows or not found.days or any(row.days & set(found.days) for row in rows)


def _in_break(found: Found, unit: Unit, words: Lexicon) -> bool:
    taken = stretches(said(unit), words)[1]
    return covers(taken, found.question.times) is True and _same_days(found, unit, words)


def _told(rows: Rows, wording: Wording) -> str:
    return wording.join(
        list(dict.fromkeys(f"{row.name} {_value(row, wording)}" for _, row in rows)), always_commas=True
    )


def _value(row: DayRow, wording: Wording) -> str:
    wordy = row.closed and len(row.value.split()) > 1
    return str(wording.data["closed"]) if wordy else _spoken(row.value, wording)


def _spoken(value: str, wording: Wording) -> str:
    return spoken(value, wording.data["from"], wording.data["to"])


def _on_day(day: int, row: DayRow, words: Lexicon, wording: Wording) -> str:
    name = words.day_names[day]
    if row.closed:
        return wording.say("closed_on", day=name)
    value = _OPEN_FIRST.sub("", row.value)
    if _ONLY_TIMES.fullmatch(value):
        return wording.say("open_on", day=name, value=_spoken(value, wording))
    text = f"{row.name}: {_spoken(row.value, wording)}"
    return text if text.endswith((".", "!")) else f"{text}."


def _named(unit: Unit, rows: str, wording: Wording, language: str) -> str:
    topic = unit.heading or unit.title
    if unit.form == "pair" and not day_rows(f"{unit.label}: 9:00", language):
        topic = f"{unit.heading}, {unit.label}" if unit.record else unit.label
    return wording.say("rows_of", subject=topic, rows=rows) if topic else f"{rows[:1].upper()}{rows[1:]}."


def _uncapitalised(sentence: str, wording: Wording) -> str:
    first = sentence.split(" ")[0]
    return f"{first.lower()}{sentence[len(first) :]}" if first in wording.data["lower_openings"] else sentence
