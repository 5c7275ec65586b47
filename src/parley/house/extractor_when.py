"""Days and times of any field: when something begins, ends, happened, or when somebody was born."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from parley.house.extractor_days import coming_day, full_day, past_day
from parley.house.extractor_freely import asks_for_matter
from parley.house.extractor_ranges import clock_at_end, end_of
from parley.house.extractor_reading import Reading, latest, proven
from parley.house.extractor_talk import Statement, polarity
from parley.understanding import Field, Finding, detect_language, find_numbers, find_times


def read_date(reading: Reading, one: Field) -> Finding | None:
    return _when(reading, one, "date")


def read_time(reading: Reading, one: Field) -> Finding | None:
    return _when(reading, one, "time")


_END = re.compile(
    r"(?:^|_)(?:(?:end(?:s|e|ing|_?date|datum)?|to)(?=$|_)|check_?out|return|departure|until|abreise)", re.IGNORECASE
)


def _when(reading: Reading, one: Field, slot: str) -> Finding | None:
    """Where several fields want a date, only one that is asked or spoken of takes it."""
    rivals = [
        name
        for name, words in reading.matcher.words.items()
        if words.field.kind in (one.kind, "datetime") and name != one.name
    ]
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        offer = None
        value: object = _day_of(reading, one, statement) if slot == "date" else _clock(reading, one, statement)
        if value is None and _may_agree(one, statement):
            value, offer = reading.offered(statement).get(slot), statement.asker  # "tomorrow at ten, does that work?"
        if not isinstance(value, str) or (_BIRTH.search(statement.question) and not _is_birth(one)):
            continue
        score = _score(reading, one, statement, slot, rivals) + (1.0 if offer is not None else 0.0)
        proof = proven(value, statement, min(0.95, 0.6 + 0.1 * score))
        found.append((score, replace(proof, quote=offer.text, message_id=offer.id) if offer is not None else proof))
    return latest(found, 0.9)


def _may_agree(one: Field, statement: Statement) -> bool:
    """Whether a sentence agrees to what the agent offered, of a field that can be offered."""
    lies_ahead = not _about_past(one) and not _is_birth(one)
    return statement.first and lies_ahead and polarity(statement.text) == "yes"


def _day_of(reading: Reading, one: Field, statement: Statement) -> str | None:
    """The day that a sentence tells, as far as it may be this field's."""
    slots = reading.slots(statement)
    ends = bool(_END.search(one.name))
    value = slots.get("end_date" if ends else "date")
    if value is None and ends and not _begins(reading):
        value = slots.get("date")
    if not {"date", "end_date"} <= slots.keys():
        language = detect_language(statement.text, reading.language)
        value = coming_day(statement.text, reading.now, language, month_first=_month_first(reading)) or value
    if _about_past(one):
        behind = value if str(value) <= reading.now.date().isoformat() else None
        value = _past_day(statement, reading, one) or behind
    if _is_birth(one):
        value = _born(value, statement.text, reading)
    return value if isinstance(value, str) else None


def _score(reading: Reading, one: Field, statement: Statement, slot: str, rivals: Sequence[str]) -> float:
    """How likely the day or time of a sentence is this field's."""
    matcher = reading.matcher
    asked = matcher.asked(one.name, statement)
    score = min(asked, 2.0) + min(matcher.words[one.name].weight(statement.text), 2.0)
    if slot == "time" and clock_at_end(reading, statement, end_of(one)) is not None:
        score += 1.0
    if slot == "date" and {"date", "end_date"} <= reading.slots(statement).keys() and _stay(one, reading):
        score += 1.0
    if rivals:
        other = max(
            min(matcher.asked(name, statement), 2.0) + min(matcher.words[name].weight(statement.text), 2.0)
            for name in rivals
        )
        return score + (0.5 if score > other else (-1.0 if score < other else 0.0))
    if slot != "date":
        return score + 1.0
    likely = _is_any_day(one) or _WHEN.search(statement.question) or matcher.may_ask(one.name, statement, _NEAR)
    score += 1.0 if likely else 0.4
    if asked < _NEAR and not _likely(one, statement) and matcher.asked_of_others(one.name, statement) >= _ELSEWHERE:
        score -= 0.7
    return score + _likely(one, statement)


_TAKEN = re.compile(
    r"\b(?:works?|fine|good|great|perfect|okay|ok|suits?|then|it is|passt|gut|nehme?n?|geht|gerne?|ginge|ist recht|"
    r"kommen|"
    r"bringe?n?|come)\b",
    re.IGNORECASE,
)


def _likely(one: Field, statement: Statement) -> float:
    """How much more a schema's only day is meant: told of what happened at the start, or settled upon."""
    if _about_past(one):
        return 0.6 if asks_for_matter(statement.question) or not statement.question else 0.0
    return 0.0 if _is_birth(one) or not _TAKEN.search(statement.text) else 0.5


_STARTS = re.compile(r"(?:^|_)(?:start|begin|from|arrival|beginn|anfang|ab)(?:_|$)|start_?time", re.IGNORECASE)
_UNTIL = re.compile(
    r"\b(?:until|till?|through|out by|done by|over by|ends?|ending|finish\w*|bis|ende\w*)\b|-(?=\s*\d)", re.IGNORECASE
)


def _clock(reading: Reading, one: Field, statement: Statement) -> str | None:
    """The time of a sentence that is this field's: an end of a stretch, or the one there is."""
    value = clock_at_end(reading, statement, end_of(one)) or reading.slots(statement).get("time")
    value = value or _plain_clock(statement, reading)
    if isinstance(value, str) and "19:00" <= value < "24:00" and not _EVENING.search(statement.text):
        dining = any(_DINING.search(name) for name in reading.matcher.words)
        value = value if dining else f"{int(value[:2]) - 12:02}{value[2:]}"  # "morgen um neun" is when offices open
    if isinstance(value, str) and _STARTS.search(one.name):
        return _first_clock(statement, reading) or value
    return value if isinstance(value, str) else None


_EVENING = re.compile(
    r"\bp\.?m\b|evening|night|tonight|abend|nacht|dinner|\b(?:19|2[0-3])\b|neunzehn|zwanzig|einundzwanzig|"
    r"zweiundzwanzig|"
    r"last train|late",
    re.IGNORECASE,
)
_DINING = re.compile(r"party|guest|table|gäste|gaeste|personen|tisch|reserv|event|dinner|arriv|ankunft", re.IGNORECASE)


def _plain_clock(one: Statement, reading: Reading) -> str | None:
    """A time that lies behind: "since about 6:20 this morning"."""
    text = one.held()
    for time in find_times(text, detect_language(text, reading.language)):
        match = re.match(r"(\d{1,2})(?::(\d\d))?", time.written) if time.kind == "clock" else None
        if match is None or not _CLOCKED.search(text[max(0, time.start - 8) : time.end + 16]):
            continue
        hour, minute = int(match[1]), int(match[2] or 0)
        if _LATER.search(text[time.start : time.end + 24]) and hour < 12:
            hour += 12
        return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None
    return None


_CLOCKED = re.compile(
    r":\d\d|\b[ap]\.?m\b|\buhr\b|o'clock|this morning|last night|heute (?:früh|morgen)", re.IGNORECASE
)
_LATER = re.compile(r"\bp\.?m\b|afternoon|evening|last night|tonight|abends?|nachmittags?", re.IGNORECASE)


def _first_clock(one: Statement, reading: Reading) -> str | None:
    """The time before "until" and its like: when something begins."""
    before = _UNTIL.split(one.text)[0]
    if before == one.text:
        return None
    slots = reading.slots(replace(one, text=before))
    found = slots.get("time")
    return found if isinstance(found, str) else None


def _begins(reading: Reading) -> bool:
    """Whether the schema asks for the day on which something begins too."""
    kinds = ("date", "datetime")
    return any(words.field.kind in kinds and not _END.search(name) for name, words in reading.matcher.words.items())


def _is_birth(one: Field) -> bool:
    return _BIRTH.search(f"{one.name} {one.description}") is not None


_BEHIND = re.compile(
    r"\b(?:yesterday|today|last|ago|since|this morning|gestern|vorgestern|heute|letzte\w*|vergangene\w*|vor|seit|"
    r"\d{4})\b",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\b(?:when|what (?:day|date)|which day|wann|welche[rnms]? tag)\b", re.IGNORECASE)
_ELSEWHERE = 1.0
_NEAR = 0.2  # cosine of a question and a field that a date may belong to
_ANY_DAY = re.compile(
    r"(?:^|_|\b)(?:date|datum|day|tag|when|wann|termin\w*|appointment|preferred|requested|desired|wunsch\w*|"
    r"scheduled?|visit|"
    r"event|booking|reservation|check_?in|check_?out|arrival|departure|anreise|abreise|start|end)(?:$|_|\b)",
    re.IGNORECASE,
)


def _is_any_day(one: Field) -> bool:
    """Whether a field may be meant by whatever day is spoken of: "date", "preferred day"; not "purchase date"."""
    return bool(_ANY_DAY.search(one.path[-1] if one.path else one.name)) and not _about_past(one)


def _stay(one: Field, reading: Reading) -> bool:
    """Whether the schema asks for both ends of a stretch of days, of which this field is one."""
    return (
        any(_END.search(name) for name in reading.matcher.words)
        and reading.matcher.words[one.name].field.kind == "date"
    )


_BIRTH = re.compile(
    r"(?:birth|geburtstags?)(?![ _-]?(?:days?[ _-])?(?:party|parties|event|feier|celebration|dinner|cake|torte))|born|"
    r"\bdob\b|geburtsdatum|geburtsort|geboren",
    re.IGNORECASE,
)


def _month_first(reading: Reading) -> bool:
    """Whether 3/5 is the fifth of March."""
    return reading.region == "US"


def _born(day: object, text: str, reading: Reading) -> str | None:
    """The day in the year that is said; None without one: nobody was born on the next third of May."""
    language = detect_language(text, reading.language)
    if (whole := full_day(text, language, month_first=_month_first(reading))) is not None:
        if whole > reading.now.date() and str(whole.year) not in text:
            whole = whole.replace(year=whole.year - 100)  # "3/5/28"
        return whole.isoformat() if whole <= reading.now.date() else None
    if not isinstance(day, str):
        return None
    if day[:4] in text:
        return day
    text = re.sub(r"\b(neunzehn|zweitausend)(?:hundert)?(?:und)?(?=[a-zäöüß])", r"\1 ", text, flags=re.IGNORECASE)
    numbers = [one.value for one in find_numbers(text, detect_language(text, reading.language))]
    years = [int(value) for value in numbers if 1900 <= value <= reading.now.year]
    tens = [1900 + int(second) for first, second in pairwise(numbers) if first == 19 and 10 <= second <= 99]
    this = reading.now.year % 100
    tens += [2000 + int(second) for first, second in pairwise(numbers) if first in (20, 2000) and 0 < second <= this]
    short = [1900 + int(value) for value in numbers[-1:] if 32 <= value <= 99]
    year = next(iter((*years, *tens, *short)), None)
    return f"{year}{day[4:]}" if year else None


_STILL_TO_BE = re.compile(
    r"\b(?:should|shall|will|to|can|could|must) be \w+|\b\w+ (?:werden )?(?:soll|sollen|wird|werden)\b|"
    r"\bweight loss\b",
    re.IGNORECASE,
)


def _about_past(one: Field) -> bool:
    told = _STILL_TO_BE.sub(" ", f"{one.name.replace('_', ' ')} {one.description}")
    return bool(
        re.search(
            r"\b(?:incident|happened|since\b|when did|occurred|purchase[d]?|bought|ordered|delivered|received|seit\b|"
            r"started|began|last (?:\w+ )?(?:visit|service|contact|time|order|appointment|purchase|inspection)|"
            r"loss\b|lost\b|stolen|accident|verloren|gestohlen|gekauft|bestellt|geliefert|erhalten|unfall|schaden)",
            told,
            re.IGNORECASE,
        )
    )


_HAPPENED = re.compile(
    r"\b(?:was|were|had|got|hit|broke|stole|lost|fell|happened|crashed|slipped|rear-ended|came|went|wurde|wurden|"
    r"hatte|ist|"
    r"sind|habe?n?)\b|\w+ed\b",
    re.IGNORECASE,
)


def _past_day(one: Statement, reading: Reading, field: Field) -> str | None:
    """A bare "Monday" lies behind only where the question is about the field."""
    matcher = reading.matcher
    told = (
        _BEHIND.search(one.text) or matcher.asked(field.name, one) >= 0.3 or matcher.words[field.name].weight(one.text)
    )
    began = asks_for_matter(one.question) and _HAPPENED.search(one.text)
    if not told and not began and not matcher.may_ask(field.name, one, _NEAR):
        return None
    language = detect_language(one.text, reading.language)
    return past_day(one.text, reading.now, language, month_first=_month_first(reading))


def read_moment(reading: Reading, one: Field) -> Finding | None:
    day, clock = _when(reading, one, "date"), _when(reading, one, "time")
    if day is None or day.value is None:
        return None
    value = f"{day.value}T{clock.value}" if clock is not None and clock.value else f"{day.value}T00:00"
    return Finding(value, day.quote, day.message_id, day.confidence) if clock is not None else None
