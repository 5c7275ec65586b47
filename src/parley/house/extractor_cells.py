"""The cells of a row: what a few words say of one thing in a list, by the role that each column plays.

"two boxes of nails for 30 dollars" names a thing, counts it and prices it; "my sister Ann, 508 555 0177" names a
person, says who she is and how to reach her. What no column takes up is what the thing is called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from parley.house.extractor_choices import option_places
from parley.house.extractor_codes import is_code, spelled_code
from parley.house.extractor_heads import goods_head, proper_head
from parley.house.extractor_match import terms
from parley.house.extractor_reading import Reading, negated_before
from parley.house.extractor_senses import meant
from parley.house.extractor_talk import Statement
from parley.house.extractor_words import alike, field_lexicon
from parley.understanding import Field, NumberMention, Value, detect_language, find_numbers, find_times, fits

Role = Literal[
    "head", "count", "money", "age", "unit", "phone", "email", "date", "time", "option", "fact", "note", "dose",
    "relation", "since", "code", "origin", "destination", "none",
]  # fmt: skip

_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(words, re.IGNORECASE))  # type: ignore[misc]
    for role, words in (
        ("phone", r"phone|telefon|mobile|handy|rückruf|contact_?number"),
        ("email", r"e-?mail"),
        (
            "note",
            r"(?:^|_)(?:notes?|comments?|remarks?|special|wish\w*|modif\w*|instructions?|extras?|options?|wunsch|"
            r"sonderw\w*|hinweis\w*|anmerkung\w*|bemerkung\w*|zusatz\w*|kommentar)",
        ),
        ("dose", r"dos(?:e|age|is|ierung)|strength|stärke|wirkstärke"),
        ("relation", r"relation\w*|beziehung|verwandt\w*|(?:^|_)role$|(?:^|_)rolle$"),
        ("since", r"since|seit|how_?long|duration|dauer|onset"),
        ("origin", r"(?:^|_)(?:from|origin|von|start|abfahrt\w*|pickup)(?:$|_)"),
        ("destination", r"(?:^|_)(?:to|destination|nach|ziel\w*|dropoff)(?:$|_)"),
    )
)
_MONEY_NAME = re.compile(
    r"price|cost|amount|value|worth|total|fee|paid|preis|kosten|betrag|wert|summe|gebühr|dollar|euro|usd|eur", re.I
)
_COUNT_NAME = re.compile(r"quantity|qty|count|number|how_?many|amount|anzahl|menge|stück|stueck|zahl|pieces", re.I)
_AGE_NAME = re.compile(r"(?:^|_)(?:age|alter|jahre|years)(?:$|_)|years_old", re.I)
_PROPER = re.compile(
    r"people|persons?\b|contacts?|part(?:y|ies)|guests?|passengers?|participants?|attendees?|witness\w*|child\w*|"
    r"members?|drivers?|patients?|employees?|team|stops?\b|cit(?:y|ies)|towns?|locations?|destinations?|customers?|"
    r"compan\w*|firms?|leute|personen|kontakte?|gäste|gaeste|teilnehmer|zeugen?|kinder|mitglieder|fahrer|patienten|"
    r"stopps?|stationen|halte|städte|staedte|orte?\b|stadt|firmen?|kunden?|beteiligte|mitarbeiter|bewohner|insassen|"
    r"pets?\b|haustiere?|tiere|pupils?|students?|schüler\w*|residents?|travell?ers?|tenants?|mieter",
    re.IGNORECASE,
)
_DOSES = re.compile(
    r"\s*(?:mg|milli\w+|ml|mcg|micro\w+|µg|grams?|g\b|gramm|tablets?|pills?|units?|drops?|puffs?|tropfen|tabletten?|"
    r"einheiten|hub|hübe)",
    re.IGNORECASE,
)
_KIN = re.compile(
    r"\b(?:husband|wife|son|daughter|sister|brother|mother|mom|father|dad|partner|friend|neighbou?r|boss|manager|aunt|"
    r"uncle|cousin|grandmother|grandfather|roommate|colleague|assistant|girlfriend|boyfriend|landlord|"
    r"mann|frau|sohn|tochter|schwester|bruder|mutter|vater|partnerin|freund(?:in)?|nachbar(?:in)?|chef(?:in)?|tante|"
    r"onkel|oma|opa|kolleg(?:e|in)|vermieter(?:in)?|ehemann|ehefrau)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\b(?:(?:ever )?since|seit|for (?:about |around |the (?:last|past) )?(?=(?:\w+ ){1,2}(?:hours?|days?|weeks?|"
    r"months?|"
    r"years?)))\b\s*(?P<when>[^,.;]+)",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"[\s,(]*\b(?:but |and |aber |und |bitte |please )?(?P<note>(?:without|hold the|with(?:out)? (?:no|extra|the "
    r"sauce)|"
    r"no (?!problem|thanks|wait)\w+|extra|well[- ]done|medium[- ]rare|rare|on the side|to go|not too|less|ohne|mit "
    r"extra|"
    r"extra|gut durch|nicht zu|glutenfrei|vegan|scharf)\b[^;.]*)\W*$",
    re.IGNORECASE,
)
_NOTE_ALONE = re.compile(
    r"^\W*(?:(?:and|und|but|aber)\W+)?(?:please )?(?:make (?:it|that|them|those|these)|machen sie (?:die|das|den|sie)|"
    r"with(?=\W)|without|no|ohne|mit|bitte ohne|bitte mit|extra)\s+(?P<note>.+)$",
    re.IGNORECASE,
)
_ROUTE = re.compile(
    r"\b(?:from|von) (?P<origin>[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)*) (?:to|nach|bis) "
    r"(?P<destination>[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)*)"
)
_ARTICLE = re.compile(r"\b(?:an?|one|ein(?:e[nrms]?)?)\s+(?=[^\W\d_]{3,})", re.IGNORECASE)


def role_of(column: Field) -> Role:
    """What a column is for, by its type and its name; "none" where nothing can be told of it."""
    name = column.name
    if column.kind in ("date", "datetime"):
        return "date"
    if column.kind in ("time", "boolean", "enum"):
        return {"time": "time", "boolean": "fact", "enum": "option"}[column.kind]  # type: ignore[return-value]
    if column.kind in ("number", "integer"):
        if _AGE_NAME.search(name):
            return "age"
        if _COUNT_NAME.search(name) and (column.kind == "integer" or not _MONEY_NAME.search(name)):
            return "count"
        return "money" if _MONEY_NAME.search(f"{name} {column.description}") else "unit"
    if column.kind != "text":
        return "none"
    if column.format in ("phone", "email"):
        return "phone" if column.format == "phone" else "email"
    role = next((role for role, words in _ROLES if words.search(name)), None)
    return role or ("code" if is_code(name) else "head")


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns of one list by role; one text, or else one option, is what its things are called."""

    columns: Mapping[str, tuple[Field, Role]]
    head: str
    proper: bool

    @classmethod
    def of(cls, rows: Field) -> Roles:
        """`rows`: the list. Of several texts the first is the head, the others stay empty."""
        found = {one.name: (one, role_of(one)) for one in rows.columns}
        texts = [name for name, (_, role) in found.items() if role == "head"]
        options = [name for name, (_, role) in found.items() if role == "option"]
        head = next(iter((*texts, *options)), "")
        for name in texts[1:]:
            found[name] = (found[name][0], "none")
        about = f"{rows.name} {head} {rows.description} {found[head][0].description if head else ''}".replace("_", " ")
        of_people = any(role in ("age", "relation", "phone", "email") for _, role in found.values())
        return cls(found, head, bool(texts) and (of_people or bool(_PROPER.search(about))))


def read_cells(reading: Reading, roles: Roles, piece: str, one: Statement) -> dict[str, Value]:
    """Column → value of what a piece of a sentence says. The head is among them where the piece names a thing."""
    part = replace(one, text=piece, first=False)
    left = piece
    cells: dict[str, Value] = {}
    begins = 0  # what is counted stands behind its count
    language = detect_language(one.text, reading.language)
    numbers = _plain_numbers(piece, language)
    for name, (column, role) in roles.columns.items():
        value, spans = _cell(reading, column, role, part, numbers)
        if value is None or (fitted := fits(column, value)) is None:
            continue
        cells[name] = fitted
        begins = max([begins, *(end for _, end in spans)]) if role == "count" else begins
        for start, end in spans:
            left = left[:start] + "|" * (end - start) + left[end:]
    for number in numbers:
        left = left[: number.start] + "|" * (number.end - number.start) + left[number.end :]
    for time in find_times(piece, language):
        left = left[: time.start] + "|" * (time.end - time.start) + left[time.end :]
    if roles.head and roles.columns[roles.head][1] == "head":
        title = proper_head(left) if roles.proper else goods_head(left[begins:])
        if title and (fitted := fits(roles.columns[roles.head][0], title)) is not None:
            cells[roles.head] = fitted
    return cells


def _plain_numbers(piece: str, language: str) -> list[NumberMention]:
    times = [
        time for time in find_times(piece, language) if time.kind == "clock" and _clock(piece, time.start, time.end)
    ]
    return [
        number
        for number in find_numbers(piece, language)
        if not any(time.start <= number.start < time.end for time in times)
    ]


def _clock(text: str, start: int, end: int) -> bool:
    return bool(
        re.search(r"\b(?:at|by|um|gegen|ab|bis|until|till)\W*$", text[:start], re.IGNORECASE)
        or re.search(r":|uhr|[ap]\.?m|o'?clock|halb|past|quarter|viertel|noon|mittag", text[start:end], re.IGNORECASE)
    )


Found = tuple[Value | None, list[tuple[int, int]]]
_NOTHING: Found = (None, [])


def _cell(reading: Reading, column: Field, role: Role, part: Statement, numbers: Sequence[NumberMention]) -> Found:
    text = part.text
    if role in ("phone", "email"):
        value = reading.slots(part).get(role)
        return (str(value), [_digits_of(text)] if role == "phone" else _mail_of(text)) if value else _NOTHING
    if role in ("date", "time"):
        moment = reading.slots(part).get(role)
        clocked = any(_clock(text, one.start, one.end) for one in find_times(text, reading.language))
        return (str(moment), []) if moment and (role == "date" or clocked) else _NOTHING
    if role in ("count", "money", "age", "unit", "dose"):
        return _number(column, role, text, numbers)
    if role == "option":
        return _option(column, text)
    if role == "fact":
        words = terms(column.name)
        said = [
            one for one in re.finditer(r"[^\W\d_]+", text) if any(alike(word, one.group().lower()) for word in words)
        ]
        return (not negated_before(text[: said[0].start()]), []) if said else _NOTHING
    if role == "code":
        return spelled_code(text), []
    return _phrase(role, text)


def _phrase(role: Role, text: str) -> Found:
    """A cell that is a few words of the piece: a note, a relation, since when, an end of a way."""
    if role == "note" and (match := _NOTE_ALONE.match(text)):
        return _tidy(match.group().strip(" ,.")), [match.span()]
    pattern, group = _PHRASES.get(role, (None, 0))
    match = pattern.search(text) if pattern else None
    return (_tidy(match[group].strip(" ,.)")), [match.span()]) if match else _NOTHING


_PHRASES: Mapping[Role, tuple[re.Pattern[str], str | int]] = {
    "note": (_NOTE, "note"),
    "relation": (_KIN, 0),
    "since": (_SINCE, "when"),
    "origin": (_ROUTE, "origin"),
    "destination": (_ROUTE, "destination"),
}


def _tidy(text: str) -> str:
    return re.sub(r"^(?:and|und|but|aber|please|bitte)\s+|\W*(?:please|bitte)\W*$", "", text, flags=re.IGNORECASE)


def _number(column: Field, role: Role, text: str, numbers: Sequence[NumberMention]) -> Found:
    for number in numbers:
        before, after = text[: number.start], text[number.end :]
        if _is(column, role, number, before, after):
            measured = _measured(role, after)
            end = number.end + (measured.end() if measured else 0)
            value: Value = text[number.start : end].strip() if role == "dose" else number.value
            return value, [(number.start, end)]
    if role == "count" and (article := _ARTICLE.search(text)) and not negated_before(text[: article.start()]):
        return 1, [article.span()]
    return _NOTHING


def _measured(role: Role, after: str) -> re.Match[str] | None:
    """The unit behind a number, which is no part of what its thing is called."""
    if role == "dose":
        return _DOSES.match(after)
    if role == "unit":
        return next((found for unit in field_lexicon().units.values() if (found := unit.match(after))), None)
    return re.match(r"\s*(?:dollars?|bucks|euros?|€|usd|eur)\b", after, re.IGNORECASE) if role == "money" else None


def _is(column: Field, role: Role, number: NumberMention, before: str, after: str) -> bool:
    """Whether a number is what a column of this role holds."""
    if role == "dose":
        return _DOSES.match(after) is not None
    if number.ordinal or _DOSES.match(after):
        return False
    if role == "money":
        return number.money or bool(re.search(r"\b(?:for|für|worth|costs?|kostet|à|à)\W*$", before, re.IGNORECASE))
    if number.money:
        return False
    if role == "age":
        return bool(re.match(r"\s*(?:[- ]?years?[- ]old|jahre?(?: alt)?|months?|monate|\W*$)", after, re.IGNORECASE))
    if role == "unit":
        words = terms(column.name) + re.findall(r"[^\W\d_]+", column.name.replace("_", " ").lower())
        next_to = re.match(r"\s*([^\W\d_]+)", after)
        led = re.search(r"([^\W\d_]+)\W*$", before)
        if led and any(alike(word, led[1].lower()) for word in words):
            return True  # "grade 3"
        known = [unit for word in words if (unit := field_lexicon().units.get(word))]
        return any(unit.match(after) for unit in known) or bool(
            next_to and any(alike(word, next_to[1].lower()) for word in words)
        )
    measured = re.match(r"\s*(?:kg|kilo|pounds?|lbs|years?|jahre|minut|hours?|stunden|percent|prozent|%)", after, re.I)
    return bool(re.match(r"\s*(?:x\b|×|mal\b)?\s*[-\s]?[^\W\d_]{2,}", after)) and not measured


def _option(column: Field, text: str) -> Found:
    for option in column.options:
        for place in option_places(option, text):
            if not negated_before(text[:place]):
                end = re.compile(r"\w*").match(text, place + len(option))
                return option, [(place, end.end() if end else place + len(option))]
    return meant(column.options, text), []


def _digits_of(text: str) -> tuple[int, int]:
    match = re.search(r"[+(]?\d[\d\s()./-]{5,}\d", text)
    return match.span() if match else (len(text), len(text))


def _mail_of(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+@\S+|\S+ at \S+ dot \S+", text)]
