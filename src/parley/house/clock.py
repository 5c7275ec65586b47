"""Times of day: what a question asks about, what a line of hours covers, and how its hours are said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_DAY = 24 * 60
_WORDS = {"noon": 12, "midday": 12, "12 noon": 12, "mittag": 12, "mittags": 12, "midnight": 24, "mitternacht": 24}
_MOMENT = (
    r"(?:12 noon|noon|midday|midnight|mittags?|mitternacht|"
    r"\d{1,2}(?:[:.]\d{2})?(?:\s?(?:[ap]\.?m\b\.?|uhr\b|h\b|o'clock))?)"
)
_SPAN = re.compile(
    rf"(?P<between>\b(?:between|zwischen)\s+)?(?:\b(?:from|von)\s+)?(?<![\d.,:])(?P<first>{_MOMENT})"
    rf"\s*(?P<link>-|–|—|to\b|until\b|till\b|bis\b|and\b|und\b)\s*(?P<last>{_MOMENT})(?!\s*[%€$£])(?![\d])",
    re.I,
)
_ALWAYS = re.compile(r"\b(?:24 ?hours|24/7|24 stunden|rund um die uhr|around the clock|day and night)\b", re.I)
_ASKED = re.compile(
    r"\b(?:at|by|around|till|until|before|after|um|gegen|ab|bis|vor|nach)?\s?"
    r"(?P<time>\d{1,2}[:.]\d{2}(?:\s?(?:[ap]\.?m\b\.?|uhr\b))?|"
    r"\d{1,2}\s?(?:[ap]\.?m\b\.?|uhr\b|o'clock)|"
    r"(?<=at )\d{1,2}(?![\d:.]|\s?[€$£%]|\s\w+ street)|(?<=um )\d{1,2}(?!\d)|\bnoon|\bmidday|midnight|mitternacht)"
    r"(?P<part>\s(?:in the (?:morning|afternoon|evening)|at night|tonight|"
    r"morgens|vormittags|nachmittags|abends|nachts))?",
    re.I,
)
_PARTS: tuple[tuple[re.Pattern[str], int, int], ...] = (
    (re.compile(r"\bmornings?\b|\bvormittags?\b|\bmorgens\b", re.I), 9, 11),
    (re.compile(r"\bafternoons?\b|nachmittags?\b", re.I), 14, 17),
    (re.compile(r"\bevenings?\b|\btonight\b|abends?\b", re.I), 18, 21),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes after midnight; `last` is above 1,440 where the span ends on the next day."""

    first: int
    last: int


def asked_time(lowered: str) -> tuple[Span, ...]:
    """What a question means by "at 9", as points or stretches of the day; several where it is ambiguous."""
    if match := _ASKED.search(lowered):
        return _meant(match.group("time"), (match.group("part") or "") + _part_of_day(lowered))
    for pattern, first, last in _PARTS:
        if pattern.search(lowered):
            return (Span(first * 60, last * 60),)
    return ()


def without_times(lowered: str) -> str:
    """The question without its times of day, which are no words to look for."""
    return _ASKED.sub(" ", lowered)


def _part_of_day(lowered: str) -> str:
    return " ".join(match.group() for pattern, _, _ in _PARTS if (match := pattern.search(lowered)))


def _meant(time: str, part: str) -> tuple[Span, ...]:
    minutes = _minutes(time)
    if minutes is None:
        return ()
    late = re.search(r"afternoon|evening|night|nachmittag|abend", part)
    if minutes < 12 * 60 and late:
        minutes += 12 * 60
    points = [minutes]
    told = part or re.search(r"[ap]\.?m|uhr|noon|midday|night|mitternacht", time)
    if not told and minutes < 12 * 60:
        points.append(minutes + 12 * 60)
    return tuple(Span(point, point) for point in points)


def _minutes(token: str, meridiem: str = "") -> int | None:
    token = token.strip().lower()
    if token in _WORDS:
        return _WORDS[token] * 60
    match = re.match(r"(\d{1,2})(?:[:.](\d{2}))?\s?([ap])?", token)
    if not match or int(match[1]) > 24 or int(match[2] or 0) > 59:
        return None
    hour, half = int(match[1]), match[3] or meridiem
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    return hour * 60 + int(match[2] or 0)


@lru_cache(maxsize=4096)
def spans(text: str) -> tuple[Span, ...]:
    """The stretches of time a line names: "8-12 and 2-6 pm" are two."""
    if _ALWAYS.search(text):
        return (Span(0, _DAY),)
    found = (_span(match) for match in _SPAN.finditer(text) if _is_span(match))
    return tuple(span for span in found if span)


def _is_span(match: re.Match[str]) -> bool:
    return match["link"].lower() not in {"and", "und"} or bool(match["between"])


def _span(match: re.Match[str]) -> Span | None:
    last_half = (re.search(r"([ap])\.?m", match["last"], re.I) or [None, ""])[1] or ""
    first_half = (re.search(r"([ap])\.?m", match["first"], re.I) or [None, ""])[1] or ""
    first, last = _minutes(match["first"], first_half.lower()), _minutes(match["last"], last_half.lower())
    if first is None or last is None:
        return None
    if last_half and not first_half and first + 12 * 60 < last:
        first += 12 * 60 if last_half.lower() == "p" else 0
    if last <= first:
        plain = not last_half and not first_half and "uhr" not in match.group().lower()
        last += 12 * 60 if plain and last + 12 * 60 > first and last <= 12 * 60 and first < 12 * 60 else _DAY
    return Span(first, last)


def covers(open_spans: Sequence[Span], asked: Iterable[Span], closed: Sequence[Span] = ()) -> bool | None:
    """Whether the hours hold what is asked; None where they hold a part of it only."""
    verdicts = [_held(open_spans, wanted, closed) for wanted in asked]
    if True in verdicts:
        return True
    return None if None in verdicts or not verdicts else False


def _held(open_spans: Sequence[Span], wanted: Span, closed: Sequence[Span]) -> bool | None:
    late = Span(wanted.first + _DAY, wanted.last + _DAY)
    if any(span.first <= wanted.first and wanted.last < span.last for span in closed):
        return False
    for span in open_spans:
        for asked in (wanted, late):
            if span.first <= asked.first and (asked.last < span.last or asked.last == span.last > asked.first):
                return True
            if asked.first < span.last and span.first < asked.last:
                return None
    return False


def spoken(value: str, first_word: str, link: str) -> str:
    """ "8 am - 12 and 2-6 pm" as "from 8 am to 12 and from 2 to 6 pm", in the figures of the document."""

    def said(match: re.Match[str]) -> str:
        if not _is_span(match):
            return match.group()
        return f"{first_word} {match['first'].strip()} {link} {match['last'].strip()}"

    return _SPAN.sub(said, value)
