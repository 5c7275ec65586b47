"""Whether a value that a model gives holds: its quote must stand in the transcript, be the right side's, support it.

Each type has its own test of support. What the house reads in the quoted line, with the question before it, decides
where it reads anything: "no" to "is the load secure?" supports no True.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from parley.house.extractor_choices import option_places, whether
from parley.house.extractor_ending import about_ending
from parley.house.extractor_harm import injury_status, load_secure, safety_status
from parley.house.extractor_reading import negated_before
from parley.house.extractor_status import driver_status, is_late
from parley.house.extractor_talk import Talk, polarity
from parley.house.extractor_topics import TOPICS
from parley.understanding import (
    Field,
    Finding,
    Line,
    Row,
    Value,
    detect_language,
    find_numbers,
    fits,
    nested,
    plain_place,
    read_slots,
)

BY_AGENT = frozenset({"call_outcome", "escalation_status"})
_MARKS = str.maketrans("’‘“”´`", "''\"\"''")
_WORD = re.compile(r"[^\W_]+")
_DENIES = re.compile(
    r"\b(?:no|not|never|nobody|don'?t|doesn'?t|didn'?t|isn'?t|aren'?t|wasn'?t|can'?t|won'?t|haven'?t|nope|"
    r"kein\w*|nicht|nein|nie|niemand)\b",
    re.IGNORECASE,
)
_SMALL = frozenset(
    "the a an of in on at to and or is are was by for with near about around from reported driver confirmed "
    "they that der die das und in am im auf bei zu ist "
    "injuries injury status waiting just so".split()
)
_SHARED = 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says of one field."""

    value: object
    quote: str


@dataclass(frozen=True)
class _Transcript:
    """Lines, and what is quoted of them: each made plain, and each quote looked up, once."""

    lines: Sequence[Line]
    now: datetime
    region: str
    _known: dict[tuple[str, bool], list[Line]] = field(default_factory=dict)

    @cached_property
    def plain(self) -> list[str]:
        return [_plain(line.text) for line in self.lines]

    def quoted(self, quote: str, *, either: bool) -> list[Line]:
        """The likeliest lines that hold a quote, see `_quoted`."""
        if (quote, either) not in self._known:
            self._known[quote, either] = _quoted(_plain(quote), self, either=either)[:_MOST_TRIED]
        return self._known[quote, either]


_MOST_TRIED = 20  # lines that hold the same words


def check(one: Field, claim: Claim, lines: Sequence[Line], *, now: datetime, region: str = "US") -> Finding | None:
    """The claim as a finding, or None where it does not hold. Of a list of objects what holds of each."""
    spoken = _Transcript(lines, now, region)
    return _check_rows(one, claim, spoken) if one.kind == "rows" else _check(one, claim, spoken)


def _check(one: Field, claim: Claim, spoken: _Transcript) -> Finding | None:
    value = fits(one, claim.value)
    if value is None:
        return None
    for line in spoken.quoted(claim.quote, either=_by_agent(one)):
        text = _within(claim.quote, line.text)
        if (
            about_ending(one)
            and line.speaker == "agent"
            and _is_asked(text, line.text)
            and not _agreed(line, spoken.lines)
        ):
            continue  # "shall I book you in?" books nothing
        if _supports(one, value, text, _around(line, spoken.lines), spoken.now, spoken.region):
            return Finding(value, text, line.id, 0.85)
    return None


def _by_agent(one: Field) -> bool:
    return one.name in BY_AGENT or about_ending(one)


def _check_rows(one: Field, claim: Claim, spoken: _Transcript) -> Finding | None:
    """The rows of which anything holds, each cell by its own type; a row's quote proves all of it."""
    given = claim.value if isinstance(claim.value, list) else []
    rows: list[Row] = []
    parts: dict[str, Finding] = {}
    for each in given[:_MOST_ROWS]:
        told = each.get("value") if isinstance(each, Mapping) else None
        if not isinstance(told, Mapping) or not isinstance(each, Mapping):
            continue
        quote = str(each.get("quote") or claim.quote)
        held = {column.name: _check(column, Claim(_cell(told, column), quote), spoken) for column in one.columns}
        if any(held.values()):
            paths = {column.name: column.path for column in one.columns if column.path}
            parts |= {f"[{len(rows)}].{name}": found for name, found in held.items() if found}
            rows.append(nested({name: found.value if found else None for name, found in held.items()}, paths))
    if not rows or fits(one, rows) is None:
        return None
    first = next(iter(parts.values()))
    return Finding(rows, first.quote, first.message_id, first.confidence, parts)


def _cell(row: Mapping[str, object], column: Field) -> object:
    """What a model gives for a column, in its place or under its whole name."""
    value: object = row
    for part in column.path or (column.name,):
        value = value.get(part) if isinstance(value, Mapping) else None
    return row.get(column.name) if value is None else value


_MOST_ROWS = 50


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_MARKS)).strip(" \"'.…").casefold()


def _quoted(wanted: str, spoken: _Transcript, *, either: bool) -> list[Line]:
    """The lines that hold the quote, the likeliest first: said alone, by the caller, last.

    An agent's line counts where the caller then agreed to it, or where `either` side may prove the field.
    """
    if not wanted:
        return []
    whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    holding = [
        (line, plain == wanted)
        for line, plain in zip(spoken.lines, spoken.plain, strict=True)
        if wanted in plain and whole.search(plain)
    ]
    holding = [each for each in holding if either or each[0].speaker == "caller" or _agreed(each[0], spoken.lines)]
    holding.sort(key=lambda each: (not each[1], each[0].speaker != "caller", -each[0].number))
    return [line for line, _ in holding]


def _agreed(line: Line, lines: Sequence[Line]) -> bool:
    return any(one.speaker == "caller" and polarity(one.text) == "yes" for one in lines[line.number + 1 :][:1])


def _is_asked(quote: str, text: str) -> bool:
    """Whether the sentence that a quote stands in is a question."""
    end = text.casefold().find(quote.casefold()) + len(quote.rstrip(" .?!"))
    ends = re.search(r"[.?!]", text[max(end, 0) :])
    return ends is not None and ends.group() == "?"


def _within(quote: str, text: str) -> str:
    """The quote as the transcript has it, letter by letter, where it can be found so; else the whole line."""
    pattern = r"\s+".join(re.escape(word) for word in quote.strip().split())
    match = re.search(pattern, text, re.IGNORECASE)
    return match.group() if match else text


def _around(line: Line, lines: Sequence[Line]) -> list[Line]:
    """The agent's question and the line, renumbered: what the line says as an answer."""
    before = next((one for one in reversed(lines[: line.number]) if one.speaker == "agent"), None)
    pair = [one for one in (before, line) if one is not None]
    return [Line(number, one.speaker, one.text, one.id) for number, one in enumerate(pair)]


def _supports(one: Field, value: Value, quote: str, near: list[Line], now: datetime, region: str) -> bool:
    if _by_agent(one):
        return True
    talk = Talk(near, TOPICS)
    if one.name in _DISPATCH_READERS:
        read = _DISPATCH_READERS[one.name](talk)
        if read is not None:
            return _same_class(one.name, read, value)
    if isinstance(value, bool):
        return _boolean(one, value, talk, quote)
    if isinstance(value, int | float):
        return any(abs(found.value - value) < 1e-9 for found in find_numbers(quote, detect_language(quote)))
    if one.kind in ("date", "time", "datetime"):
        return _moment(one, str(value), quote, near, now, region)
    if isinstance(value, list):
        if one.kind == "numbers":
            said = {found.value for found in find_numbers(quote, detect_language(quote))}
            return all(each in said for each in value)
        return all(_words_in(str(each), quote) for each in value)
    if one.options:
        return _option(value, quote)
    return _words_in(value, quote)


def _status(talk: Talk) -> Value | None:
    found = driver_status(talk, delayed=None, under_way=None)
    return found.value if found else None


def _value(found: Finding | None) -> Value | None:
    return found.value if found else None


_DISPATCH_READERS: Mapping[str, Callable[[Talk], Value | None]] = {
    "driver_status": _status,
    "safety_status": lambda talk: _value(safety_status(talk, 0)),
    "injury_status": lambda talk: _value(injury_status(talk, 0)),
    "load_secure": lambda talk: _value(load_secure(talk, 0)),
}


def _same_class(name: str, read: Value, value: Value) -> bool:
    if name == "driver_status":
        return read == value or {read, value} in ({"Arrived", "Unloading"}, {"Driving", "Delayed"})
    if name in ("safety_status", "injury_status"):
        return _good(str(read)) == _good(str(value))
    return read == value


def _good(text: str) -> bool:
    """Whether a safety or injury status is good news."""
    low = text.lower()
    if re.search(r"\b(?:not|un)\s?safe|danger|trapped|stuck|nicht sicher", low):
        return False
    return bool(
        re.search(r"\bno\b|\bnone\b|not injured|unhurt|unharmed|uninjured|safe|okay|\bok\b|fine|keine|sicher", low)
    )


def _boolean(one: Field, value: bool, talk: Talk, quote: str) -> bool:
    statements = talk.statements
    if statements:
        read = whether(statements, one)
        if read is not None:
            return read.value == value
    return bool(_DENIES.search(quote)) != value


def _moment(one: Field, value: str, quote: str, near: list[Line], now: datetime, region: str) -> bool:
    if value[:16] in quote:
        return True
    question = near[0].text if len(near) > 1 else ""
    slots = read_slots(quote, now=now, previous=question, default_region=region).slots
    if one.kind == "date":
        said = {slots.get("date"), slots.get("end_date")} - {None}
        return (
            value in said
            if said
            else bool(re.search(r"\d|yesterday|today|last|ago|gestern|heute", quote, re.IGNORECASE))
        )
    if one.kind == "time":
        said_time = slots.get("time")
        if not isinstance(said_time, str):
            return False
        return said_time == value[:5] or (
            int(said_time[:2]) % 12 == int(value[:2]) % 12 and said_time[3:] == value[3:5]
        )
    return slots.get("date") == value[:10]


def _option(value: str, quote: str) -> bool:
    """The option is named and not denied; one that is not named at all must not stand in a denial."""
    places = list(option_places(value, quote))
    if places:
        return any(not negated_before(quote[:place]) for place in places)
    if value == "Delayed":
        return is_late(quote) or not _DENIES.search(quote)
    return not _DENIES.search(quote)


def _words_in(value: str, quote: str) -> bool:
    """Every number of the value and at least half of its telling words are in the quote, and not denied there."""
    said, words = list(_stems(plain_place(quote))), [word for word in _stems(plain_place(value)) if word not in _SMALL]
    if not words:
        return False
    language = detect_language(quote)
    numbers = {f"{found.value:g}" for found in find_numbers(quote, language)} | {
        word for word in said if word.isdecimal()
    }
    for word in words:
        if word.isdecimal() and word.lstrip("0") and word.lstrip("0") not in {one.lstrip("0") for one in numbers}:
            return False
    telling = [word for word in words if not word.isdecimal()]
    if telling and sum(any(_alike(word, other) for other in said) for word in telling) / len(telling) < _SHARED:
        return False
    denied = bool(_DENIES.search(value))
    first = next((place for place in _places(telling or words, quote)), None)
    return denied or first is None or not negated_before(quote[:first])


def _stems(text: str) -> Iterator[str]:
    yield from (match.group().casefold() for match in _WORD.finditer(text))


def _alike(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) >= 4 and word[:4] == other[:4])


def _places(words: Sequence[str], quote: str) -> Iterator[int]:
    for match in _WORD.finditer(quote):
        if any(_alike(word, match.group().casefold()) for word in words):
            yield match.start()


def merge(checked: Finding | None, house: Finding | None, *, claimed: bool) -> Finding | None:
    """The model's finding where it held; else the house's, unless the model made no claim and the house is not sure."""
    if checked is not None:
        sure = 0.97 if house is not None and house.value == checked.value else checked.confidence
        return replace(checked, confidence=sure)
    if claimed or (house is not None and house.confidence >= _HOUSE_SURE):
        return house
    return None


_HOUSE_SURE = 0.85


def claims_of(answer: Mapping[str, object], fields: Sequence[Field]) -> dict[str, Claim]:
    """Claims out of a model's JSON: {field: {"value", "quote"}}, of a list of objects [{"value", "quote"}].

    A bare value has no quote and cannot hold.
    """
    found: dict[str, Claim] = {}
    for one in fields:
        given = answer.get(one.name)
        if one.kind == "rows":
            listed = given.get("value") if isinstance(given, Mapping) else given
            if isinstance(listed, list):
                found[one.name] = Claim(listed, str(given.get("quote") or "") if isinstance(given, Mapping) else "")
        elif isinstance(given, Mapping) and given.get("value") is not None:
            found[one.name] = Claim(given["value"], str(given.get("quote") or ""))
        elif given is not None and not isinstance(given, Mapping):
            found[one.name] = Claim(given, "")
    return found
