"""Finds the hours a question is about: of the business, or of what the question names, on the days it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from parley.house.clock import Span, spans
from parley.house.evidence import said
from parley.house.found import Found, strength
from parley.house.hours import TIME, day_rows
from parley.house.lexicon import Lexicon, stem
from parley.house.passages import Unit
from parley.house.question import Question, asked_days

_LEAST = 0.9


def find_hours(
    question: Question, units: Sequence[Unit], spread: Mapping[str, Mapping[str, float]], words: Lexicon
) -> Found | None:
    """The rows for the days asked; all rows where none is named."""
    if any(not found for found in spread.values()):
        return None
    best: tuple[float, Unit] | None = None
    for unit in units:
        score = _score(question, unit, spread, words)
        if score is not None and (best is None or score > best[0] + 1e-9):
            best = (score, unit)
    if best is None or best[0] < _LEAST:
        return None
    chosen = best[1]
    block = [unit for unit in units if _beside(unit, chosen, words)] or [chosen]
    if spread and all(strength(found, chosen.own) for found in spread.values()):
        block = [unit for unit in block if _same_thing(unit, chosen, words)]
    if question.days:
        block = [unit for unit in block if rows_for(unit, question.days, words)] or block
    breaks = [unit for unit in units if unit not in block and is_break(unit, chosen, words)]
    return Found("days", question, (*block[:7], *breaks[:2]), best[0], certain=True, days=question.days)


def _score(question: Question, unit: Unit, spread: Mapping[str, Mapping[str, float]], words: Lexicon) -> float | None:
    rows = day_rows(said(unit), words.language)
    if not rows and not (question.about_hours and not question.days and TIME.search(unit.text)):
        return None
    topic = unit.own | unit.head if question.days and not question.about_hours else unit.own | unit.head | unit.around
    if any(not strength(found, topic) for found in spread.values()):
        return None
    score = sum(strength(found, unit.own | unit.head) for found in spread.values())
    if question.about_hours:
        score += 1.0 if topic & words.open_words else 0.0
        score += 0.4 if unit.own & words.open_words else 0.0
    score += 0.5 if not question.days or rows_for(unit, question.days, words) else 0.0
    score -= 0.08 * len(subject(unit, words) - set(spread))
    score -= 0.6 if is_break(unit, None, words) else 0.0
    if unit.form in {"sentence", "answer"} and not question.keys:
        score -= 0.02 * min(20, len(unit.own - words.open_words))
    return score


def _same_thing(unit: Unit, chosen: Unit, words: Lexicon) -> bool:
    """Whether a row of hours names nothing that the chosen one does not: "Sat 10–2", not "Payroll, weekdays 9–4"."""
    if unit.form != "item":
        return True
    named = re.findall(r"[^\W\d_]+", unit.text.split(":")[0].lower())
    others = {stem(word, words.language) for word in named if word not in words.stop | words.days.keys()}
    others -= (
        words.open_words | words.light | {"am", "pm", "uhr"} | {stem(day, words.language) for day in words.day_groups}
    )
    return others <= chosen.own


def _beside(unit: Unit, chosen: Unit, words: Lexicon) -> bool:
    """Whether a unit is another row of the same hours."""
    return (
        (unit.section, unit.title) == (chosen.section, chosen.title)
        and bool(day_rows(said(unit), words.language))
        and (unit.form == chosen.form or not (subject(unit, words) or subject(chosen, words)))
        and (unit.paragraph == chosen.paragraph or not subject(unit, words))
        and not is_break(unit, None, words)
        and (unit.form not in {"sentence", "answer"} or unit is chosen or bool(unit.own & words.open_words))
    )


def is_break(unit: Unit, hours: Unit | None, words: Lexicon) -> bool:
    """Whether a unit takes a stretch of time out of the hours it stands beside: "We close for lunch from 1 to 2"."""
    if hours is not None and (unit.section, unit.title) != (hours.section, hours.title):
        return False
    opened, closed = stretches(said(unit), words)
    return bool(closed) and not opened


def stretches(text: str, words: Lexicon) -> tuple[list[Span], list[Span]]:
    """The stretches of time a text opens, and those it takes out again."""
    opened: list[Span] = []
    closed: list[Span] = []
    for clause in re.split(r"[,;.](?=\s)", text):
        (closed if words.patterns["break"].search(clause) else opened).extend(spans(clause))
    return opened, closed


def rows_for(unit: Unit, days: Sequence[int], words: Lexicon) -> bool:
    """Whether a unit says something for one of the days."""
    return any(row.days & set(days) for row in day_rows(said(unit), words.language))


def speaks_of(unit: Unit, days: Sequence[int], words: Lexicon) -> bool:
    """Whether a unit names one of the days, with a time or without."""
    return not set(days).isdisjoint(asked_days(said(unit).lower(), words, ""))


def subject(unit: Unit, words: Lexicon) -> frozenset[str]:
    """What a row of hours is about: the words of its label and heading that are neither days nor "open"."""
    said_words = re.findall(r"[^\W\d_]+", f"{unit.label} {unit.heading}".lower())
    named = {stem(word, words.language) for word in said_words if word not in words.stop and word not in words.days}
    return frozenset(named - words.open_words - words.light)
