"""Times as they are spoken of: where in a text a clock time, a day or a stretch of time stands, and its plain writing.

"four thirty" is written "4:30", "halb vier" "3:30", "two hours" "2 hours"; what is in digits stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from parley.understanding.scan import Scan, scan_text
from parley.understanding.times import read_clock

TimeKind = Literal["clock", "day", "span"]

_ANY_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_DAYS = re.compile(
    r"\b(?:(?:the )?day after tomorrow|tomorrow(?: (?:morning|afternoon|evening|night))?|tonight|today|"
    r"this (?:morning|afternoon|evening)|"
    r"(?:next |this |on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|afternoon|evening|night))?|"
    r"übermorgen(?: (?:früh|abend|mittag|nachmittag|vormittag))?|morgen (?:früh|abend|mittag|nachmittag|"
    r"vormittag|nacht)|"
    r"heute(?: (?:früh|abend|mittag|nachmittag|vormittag|nacht|morgen))?|(?:(?:am|nächsten|kommenden) )?(?:mon|"
    r"diens|mitt|donners|frei|sams|sonn)(?:tag|woch)(?:abend|morgen|nachmittag|vormittag)?|"
    r"(?:early |late )?(?:in the (?:morning|afternoon|evening)|at night)|(?:first thing )?in the morning|(?:am |"
    r"gegen |heut )(?:abend|nachmittag|vormittag|mittag)|"
    r"end of (?:the )?day|(?:before|after|by|around) (?:lunch|dinner|supper|breakfast|daylight|dark|sun(?:rise|up|down|"
    r"set)|midday)|vor (?:dem )?mittag(?:essen)?|evening time|morgen)\b",
    re.IGNORECASE,
)
_DAYPART = re.compile(
    r"\s*(?:in the )?(?:morning|afternoon|evening|at night|tonight|abends|morgens|nachmittags|vormittags|mittags|"
    r"früh)\b",
    re.IGNORECASE,
)
_NOON = re.compile(r"\b(?:noon|midday|midnight|mittags?|mitternacht|lunch ?time)\b", re.IGNORECASE)
_DIGITAL = re.compile(
    r"\b(?:[01]?\d|2[0-4])(?::[0-5]\d| ?uhr(?: ?[0-5]?\d\b)?|h[0-5]\d)(?: ?[ap]\.?m\b\.?)?|\b(?:0?\d|"
    r"1[0-2])(?:[:. ][0-5]\d)? ?[ap]\.?m\b\.?"
    r"|\b(?:[01]\d|2[0-3])[0-5]\d(?: ?hours)?\b(?! ?(?:miles|pounds|km|dollars|feet))",
    re.IGNORECASE,
)
_UNIT = r"(?:hours?|hrs?|minutes?|mins?|stunden?|minuten?|std\.?|days?|tagen?)"
_COUNT = (
    r"(?:\d+(?:[.,]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|"
    r"twenty(?:[- ]five)?|"
    r"thirty|forty(?:[- ]five)?|fifty|sixty|ninety|half|a few|couple(?: of)?|a couple(?: of)?|ein(?:e|er|en|em)?|"
    r"zwei|drei|"
    r"vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|fünfzehn|zwanzig|dreißig|vierzig|fünfundvierzig|halbe[nr]?|"
    r"anderthalb|"
    r"eineinhalb|paar|ein paar)"
)
_SPAN = re.compile(
    rf"\b(?:an hour (?:ten|fifteen|(?:twenty|thirty|forty|fifty)(?:[- ]five)?)\b(?! (?:miles|percent))|"
    rf"half an? hour|(?:in |für )?(?:einer )?(?:dreiviertel|"
    rf"halben?|viertel)\s?stunde|"
    rf"(?:{_COUNT}(?: and (?:a )?half|einhalb)? ?(?:to {_COUNT} |or {_COUNT} |"
    rf"bis {_COUNT} )?{_UNIT}(?: and (?:a )?(?:half|quarter|{_COUNT} {_UNIT}))?(?: {_COUNT} (?:minutes?|mins?|"
    rf"minuten))?)|hour and (?:a )?(?:half|quarter))\b",
    re.IGNORECASE,
)
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "twenty-five": 25,
    "twenty five": 25,
    "thirty": 30,
    "forty": 40,
    "forty-five": 45,
    "forty five": 45,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "sieben": 7,
    "acht": 8,
    "neun": 9,
    "zehn": 10,
    "zwölf": 12,
    "fünfzehn": 15,
    "zwanzig": 20,
    "dreißig": 30,
    "vierzig": 40,
    "fünfundvierzig": 45,
}
_WORDS = re.compile(r"\b(?:" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_MERIDIEM = re.compile(r"\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TimeMention:
    """A stretch `start`..`end` of the text; `written` is it in digits. `sure`: certainly a time, even without a cue."""

    kind: TimeKind
    start: int
    end: int
    written: str
    sure: bool = True


@lru_cache(maxsize=64)  # every number of a sentence asks for the sentence's times
def find_times(text: str, language: str) -> tuple[TimeMention, ...]:
    """Every mention in order, none inside another."""
    found: list[TimeMention] = []
    taken: list[tuple[int, int]] = []
    for mention in (*_spans(text), *_digital(text), *_military(text), *_spoken(text, language), *_days(text)):
        if not mention.sure and text[: mention.start][-1:].isalpha():
            continue  # of a road: "A9 kurz vor Ingolstadt"
        if all(mention.end <= start or mention.start >= end for start, end in taken):
            found.append(mention)
            taken.append((mention.start, mention.end))
    return tuple(sorted(found, key=lambda one: one.start))


def _spans(text: str) -> Iterator[TimeMention]:
    for match in _SPAN.finditer(text):
        yield TimeMention("span", match.start(), match.end(), in_digits(match.group()))


def _digital(text: str) -> Iterator[TimeMention]:
    for pattern in (_DIGITAL, _NOON):
        for match in pattern.finditer(text):
            bare = match.group().isdecimal()
            yield TimeMention("clock", match.start(), match.end(), match.group(), sure=not bare)


_HUNDRED = re.compile(
    r"\b(?P<zero>(?:oh|zero)[ -])?(?P<hour>one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty(?:[ -](?:one|two|three))?)[ -]hundred"
    r"(?P<hours> hours)?\b(?! (?:miles|pounds|dollars|feet|bucks|and))",
    re.IGNORECASE,
)
_HOURS = {
    word: at
    for at, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three".split()
    )
}


def _military(text: str) -> Iterator[TimeMention]:
    """ "oh six hundred", "fourteen hundred hours"."""
    for match in _HUNDRED.finditer(text):
        hour = _HOURS[match["hour"].lower().replace(" ", "-")]
        if match["zero"] or match["hours"] or hour > 12:
            yield TimeMention("clock", match.start(), match.end(), f"{hour:02d}:00")


def _days(text: str) -> Iterator[TimeMention]:
    for match in _DAYS.finditer(text):
        if match.group().lower() == "morgen" and re.search(
            r"\b(?:guten|am|jeden|gut'n)\s+$", text[: match.start()], re.IGNORECASE
        ):
            continue
        yield TimeMention("day", match.start(), match.end(), match.group())


def _spoken(text: str, language: str) -> Iterator[TimeMention]:
    scan = scan_text(text, language, _ANY_DAY, "US")
    at = 0
    while at < len(scan.tokens):
        clock = read_clock(scan, at)
        if clock is None:
            at += 1
            continue
        first = clock.start
        while first > 0 and scan.low(first - 1) in ("half", "quarter", "halb", "viertel", "dreiviertel"):
            first -= 1
        yield _spoken_mention(text, scan, clock.hour, clock.minute, first, clock.end, sure=clock.sure)
        at = max(clock.end, at + 1)


def _spoken_mention(text: str, scan: Scan, hour: int, minute: int, first: int, end: int, *, sure: bool) -> TimeMention:
    begin, stop = scan.tokens[first].start, scan.tokens[end - 1].end
    said = text[begin:stop]
    if not any(token.spelled for token in scan.tokens[first:end]) and not re.search(
        "half|quarter|past|halb|viertel|vor|nach|to", said, re.IGNORECASE
    ):
        return TimeMention("clock", begin, stop, said, sure)
    meridiem = _MERIDIEM.search(said)
    plain = hour - 12 if meridiem and hour > 12 else hour
    if re.search(r"\buhr\b", said, re.IGNORECASE):
        written = f"{hour}:{minute:02d} Uhr" if minute else f"{hour} Uhr"
    else:
        written = f"{plain}:{minute:02d}" if minute else f"{plain}"
        if re.search(r"o'?\s?clock", said, re.IGNORECASE):
            written = written if minute else f"{plain} o'clock"
    if meridiem:
        written += f" {meridiem[1].upper()}M"
    tail = _DAYPART.search(said)
    if tail is not None and not meridiem:
        written += tail.group().rstrip()
    return TimeMention("clock", begin, stop, written, sure)


def in_digits(text: str) -> str:
    """Small number words of a stretch of time in digits: "two hours" → "2 hours"."""
    return _WORDS.sub(lambda match: str(_NUMBERS[match.group().lower()]), text)
