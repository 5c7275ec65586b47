"""Both ends of a stretch: "between 800 and 1000", "up to 45", "mindestens drei", "from nine to eleven"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from parley.house.extractor_reading import Reading
from parley.house.extractor_talk import Statement
from parley.house.extractor_words import field_lexicon
from parley.understanding import Field, NumberMention, find_numbers

End = Literal["low", "high", ""]

_LOW = re.compile(
    r"(?:^|_)(?:min|minimum|least|lowest|lower|from|von|ab|start|begin\w*|mindestens)(?:$|_)", re.IGNORECASE
)
_HIGH = re.compile(
    r"(?:^|_)(?:max|maximum|most|highest|upper|limit|to|bis|until|end|höchstens|hoechstens|maximal)(?:$|_)|grenze$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\s*(?:dollars?|euros?|€|k|hundred|thousand)?\s*(?:and|to|or|und|bis|oder|-|–)\s*[$€]?\s*", re.IGNORECASE
)
_AT_MOST = re.compile(
    r"\b(?:up to|at (?:the )?most|max(?:imum)?(?: of)?|no more than|not more than|under|below|over|beyond|exceed|"
    r"less than|"
    r"bis(?: zu)?|höchstens|maximal|unter|nicht (?:mehr als|über)|keine)\b[\s$€]*(?:etwa |about |around )?$",
    re.IGNORECASE,
)
_NOT_OVER = re.compile(
    r"\b(?:not|don't|never|no|nicht|keine)\b[^,.;]*\b(?:over|beyond|exceed|more than|über|mehr als)\W*$", re.IGNORECASE
)
_AT_LEAST = re.compile(
    r"\b(?:at least|min(?:imum)?(?: of)?|no less than|more than|over|above|from|starting at|mindestens|ab|über|mehr "
    r"als|"
    r"wenigstens)\b[\s$€]*(?:etwa |about |around )?$",
    re.IGNORECASE,
)
_TOPS = re.compile(
    r"^\s*(?:dollars?|euros?|€|bucks)?\s*(?:tops|max(?:imum)?|at (?:the )?most|höchstens|maximal)\b", re.IGNORECASE
)


def end_of(one: Field) -> End:
    """Which end of a stretch a field is by the last part of its name."""
    name = one.path[-1] if one.path else one.name
    if _HIGH.search(name):
        return "high"
    return "low" if _LOW.search(name) else ""


def at_end(end: End, numbers: Sequence[NumberMention], place: int, text: str) -> bool:
    """Whether the number at `place` may be this end of a stretch; a number alone is its upper one."""
    if not end:
        return True
    number = numbers[place]
    after = numbers[place + 1] if place + 1 < len(numbers) else None
    before = numbers[place - 1] if place else None
    if after is not None and _BETWEEN.fullmatch(text[number.end : after.start]):
        return end == "low"
    if before is not None and _BETWEEN.fullmatch(text[before.end : number.start]):
        return end == "high"
    led = text[: number.start]
    most = (
        _NOT_OVER.search(led) or _TOPS.match(text[number.end :]) or (_AT_MOST.search(led) and not _AT_LEAST.search(led))
    )
    if end == "high":
        return bool(most) or not _AT_LEAST.search(led)
    return not most and _AT_LEAST.search(led) is not None


_HOURS = re.compile(
    r"\b(?:between|from|zwischen|von|ab)\s+(?P<low>[\w:.]+(?: ?uhr)?(?: (?:thirty|fifteen|am|pm|a\.m\.|p\.m\.))?)\s*"
    r"(?:and|to|till|until|und|bis|-|–)\s*(?P<high>[\w:.]+(?: (?:thirty|fifteen))?(?: ?(?:uhr|am|pm|a\.m\.|p\.m\.|"
    r"o'clock))?)",
    re.IGNORECASE,
)


def clock_at_end(reading: Reading, one: Statement, end: End) -> str | None:
    """The time at this end of "between nine and eleven", HH:MM; None without such a stretch."""
    match = _HOURS.search(one.text)
    if match is None or not end or _counts_things(one.text[match.end() :]):
        return None
    low, high = (_clock(reading, one, match, side) for side in ("low", "high"))
    if low and high and low >= "12:00" and low > high:
        low = f"{int(low[:2]) - 12:02}{low[2:]}"  # "between nine and eleven" is no evening and morning
    return low if end == "low" else high


_THINGS = re.compile(
    r"\s*(?:[€$%]|(?:dollars?|euros?|bucks|cents?|percent|prozent|thousand|hundred|grand|k|people|persons?|folks|leute)\b|"
    r"(?!\w*(?:days|mornings|afternoons|evenings|weekends|works|suits|always|sometimes|this|plus|is|was|as|us)\b)[a-z]{3,}s\b|"
    r"(?!\w*(?:tag|tags|mittag|mittags|woch|abend|abends|morgen|uhr|day|sonnabend)\b)(?=[A-ZÄÖÜ])(?-i:[A-ZÄÖÜ])[a-zäöüß]{2,})",
    re.IGNORECASE,
)


def _counts_things(after: str) -> bool:
    """Whether what stands behind two numbers is what they count: "between 8 and 10 people" is no time."""
    return bool(_THINGS.match(after)) or any(unit.match(after) for unit in field_lexicon().units.values())


def _clock(reading: Reading, one: Statement, match: re.Match[str], side: str) -> str | None:
    """HH:MM of one side; hours before seven that nobody calls morning are those of the afternoon."""
    written = re.match(r"(\d{1,2})(?:[:.](\d\d))?", match[side])
    numbers = find_numbers(match[side], reading.language)
    if not written and not numbers:
        return None
    hour = int(written[1]) if written else int(numbers[0].value)
    minute = int(written[2] or 0) if written else int(numbers[1].value) if len(numbers) > 1 else 0
    after = one.text[match.end() : match.end() + 20]
    marked = re.search(r"\b([ap])\.?m\b", f"{match[side]} {match['high']} {after}", re.IGNORECASE)
    later = marked[1].lower() == "p" if marked else hour < _EARLY or bool(_LATE.search(after))
    hour += 12 if later and hour < 12 and not re.search(r"morning|morgens|früh", after, re.IGNORECASE) else 0
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None


_EARLY = 7
_LATE = re.compile(r"evening|afternoon|abends|nachmittags", re.IGNORECASE)
