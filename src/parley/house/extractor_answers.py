"""Fields of any schema: by type and description, from the answers to the questions that ask for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from parley.house.extractor_match import FieldWords, Matcher, alike
from parley.house.extractor_talk import Statement, polarity, unsure
from parley.understanding import Field, Finding, Value, detect_language, find_numbers, read_slots

_NOT_A_PERSON = frozenset("company product business firm street city brand pet file user event firma produkt marke hotel restaurant".split())
_SPOKEN_SLOTS = {
    "party_size": ("party", "guests", "people", "personen", "gäste", "gästezahl", "personenzahl"),
    "nights": ("nights", "nächte"), "bedrooms": ("bedrooms", "schlafzimmer"), "bathrooms": ("bathrooms", "bäder"),
}  # fmt: skip
_NEGATED = re.compile(r"\b(?:no|not|never|don'?t|doesn'?t|isn'?t|aren'?t|without|except|neither|nor|kein\w*|nicht|ohne|instead of|rather than|nie)\b[^,.;]{0,25}$", re.IGNORECASE)
_ENDS_NO = re.compile(r"\b(?:so|also)\W+(?:no|nein)\W*$", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:not|never|don'?t|doesn'?t|didn'?t|isn'?t|can'?t|won'?t|haven'?t|hasn'?t|no longer|expired|nicht|kein\w*|nie)\b", re.IGNORECASE)
_WHETHER = re.compile(r"^\W*(?:(?:and|so|ok(?:ay)?|und|also)\W+)?(?:do|does|did|is|are|was|were|have|has|had|can|could|will|would|should|any|may|need|brauchen|haben|hat|ist|sind|war|möchten|wollen|können|gibt|soll|darf|wird)\b", re.IGNORECASE)
_OPENING = re.compile(r"\b(?:help you|can i (?:do|help)|may i help|what can i|how can i|for calling|was kann ich|wie kann ich|womit kann|worum geht|what seems|what'?s (?:going|the (?:problem|issue|matter))|what happened|was ist passiert)\b", re.IGNORECASE)
_ABOUT = frozenset("reason problem issue complaint concern request summary description purpose grund anliegen schaden beschreibung incident symptom symptoms".split())
_LEAD = re.compile(
    r"^(?:(?:well|so|uh|um|oh|yeah|yes|yep|sure|ok(?:ay)?|ja|also|äh|na|hi|hello|guten tag|it'?s|its|it is|that'?s|i think|i guess|i'?d say|i would say|probably|maybe|about|mostly|just|i'?d like|i would like|i want|that would be|the name is|we have|i have|i'?ve got|there'?s|"
    r"das ist|es ist|ich hätte gern|ich möchte|etwa|ungefähr|einen|eine|ein|der|die|das|a|an|the|my|mein|meine)\b[\s,]*)+",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"^\W*(?:no(?:ne|pe|thing)?|nah|nein|nichts|keine?|not (?:really|that i know(?: of)?))\b(?:\W+(?:thanks|thank you|danke|sir|ma'?am|nothing|not really|that'?s (?:all|it)|nicht nötig))*\W*$", re.IGNORECASE)
_DAYS_AGO = ((re.compile(r"\b(?:day before yesterday|vorgestern)\b", re.IGNORECASE), 2), (re.compile(r"\b(?:yesterday|last night|gestern)\b", re.IGNORECASE), 1),
             (re.compile(r"\b(?:this morning|today|heute)\b", re.IGNORECASE), 0))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the readers of fields need. `now` is the caller's local time."""

    matcher: Matcher
    now: datetime
    language: str
    region: str

    def slots(self, one: Statement) -> Mapping[str, object]:
        """Slots of one sentence, with its question."""
        language = detect_language(f"{one.question} {one.text}", self.language)
        return read_slots(
            one.held(), now=self.now, language=language, previous=one.question if one.first else "", default_region=self.region
        ).slots


def read_field(reading: Reading, one: Field) -> Finding | None:
    """The value of a field, or None where nobody spoke of it."""
    return _READERS[one.kind](reading, one)


def _latest(found: list[tuple[float, Finding]], least: float) -> Finding | None:
    good = [entry for entry in found if entry[0] >= least]
    if not good:
        return None
    most = max(score for score, _ in good)
    return next(finding for score, finding in reversed(good) if score >= most - 0.75)


def _proven(value: Value | None, one: Statement, confidence: float) -> Finding:
    return Finding(value, one.quote(), one.line.id, confidence)


def _number(reading: Reading, one: Field) -> Finding | None:
    words = reading.matcher.words[one.name]
    about_money = any(term in ("budget", "price", "cost", "amount", "salary", "rent", "dollars", "euro", "preis", "miete", "gehalt", "copay", "deposit", "fee", "betrag", "pay") for term in (*words.name, *words.described))
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        slot = _slot_of(reading, statement, words)
        text = statement.held()
        asked = min(reading.matcher.asked(one.name, statement), 3.0)
        if slot is not None:
            found.append((3.0 + asked, _proven(slot, statement, 0.9)))
            continue
        for number in find_numbers(text, detect_language(text, reading.language)):
            near = f"{text[max(0, number.start - 28) : number.start]} {text[number.end : number.end + 28]}"
            beside = words.weight(near)
            score = asked + min(beside, 3.0)
            score += (1.0 if number.money else -1.5) if about_money and (number.money or beside < 1) else 0.0
            if number.money and not about_money:
                score -= 2.0
            value = int(number.value) if number.value == int(number.value) else number.value
            if one.kind == "integer" and not isinstance(value, int):
                continue
            if (one.least is not None and value < one.least) or (one.most is not None and value > one.most):
                continue
            found.append((score, _proven(value, statement, min(0.95, 0.5 + 0.12 * score))))
    return _latest(found, 1.6 if about_money else 1.2)


def _slot_of(reading: Reading, one: Statement, words: FieldWords) -> int | float | None:
    for slot, names in _SPOKEN_SLOTS.items():
        if any(name in words.name for name in (*names, slot)) or slot == words.field.name:
            value = reading.slots(one).get(slot)
            return value if isinstance(value, int | float) else None
    return None


def _boolean(reading: Reading, one: Field) -> Finding | None:
    words = reading.matcher.words[one.name]
    answer = reading.matcher.best(one.name)
    if answer and (found := _whether(answer, one)) is not None:
        return found
    found_by_word: Finding | None = None
    for statement in reading.matcher.talk.statements:
        if words.name and _said(words.name, statement.text):
            place = _place(words.name, statement.text)
            denied = bool(_NEGATED.search(statement.text[:place])) or bool(_ENDS_NO.search(statement.text))
            if statement.text.rstrip().endswith("?") or unsure(statement.text):
                continue
            found_by_word = _proven(not denied, statement, 0.6)
    return found_by_word


def _whether(answer: tuple[Statement, ...], one: Field) -> Finding | None:
    first, whole = answer[0], answer[0].line.text
    negative = bool(re.search(r"\b(?:not|no longer|never|without|nicht|ohne|kein\w*)\b", one.description or one.name, re.IGNORECASE))
    said = polarity(whole)
    if unsure(whole) and not said:
        return None
    if any(_ENDS_NO.search(statement.text) for statement in answer):
        said = "no"
    if said:
        asks_negative = bool(re.search(r"\b(?:no|without|kein\w*)\b", first.question, re.IGNORECASE)) and negative
        value = (said == "yes") != (negative and not asks_negative)
        return _proven(value, first, 0.9)
    questions = [part for part in re.split(r"(?<=[.!?])\s+", first.question) if part.rstrip().endswith("?")]
    if questions and _WHETHER.match(questions[-1]):
        return _proven((not _DENIES.search(whole)) != negative, first, 0.65)
    return None


def _said(words: list[str], text: str) -> bool:
    spoken = [word.lower() for word in re.findall(r"[^\W\d_]+", text)]
    return all(any(alike(word, other) for other in spoken) for word in words)


def _place(words: list[str], text: str) -> int:
    for match in re.finditer(r"[^\W\d_]+", text):
        if any(alike(word, match.group().lower()) for word in words):
            return match.start()
    return 0


def _option_places(option: str, text: str) -> Iterator[int]:
    parts = [part for part in re.findall(r"[^\W_]+", option.lower()) if len(part) > 1] or [option.lower()]
    spoken = [(match.start(), match.group().lower()) for match in re.finditer(r"[^\W_]+", text)]
    for at, (start, _) in enumerate(spoken):
        window = [word for _, word in spoken[at : at + len(parts)]]
        if len(window) == len(parts) and all(_same_option(part, word) for part, word in zip(parts, window, strict=True)):
            yield start


def _same_option(part: str, word: str) -> bool:
    if part == word:
        return True
    return len(part) >= 4 and len(word) >= 4 and (word.startswith(part) or part.startswith(word) or (len(part) >= 6 and part[:-2] == word[: len(part) - 2]))


def _enum(reading: Reading, one: Field) -> Finding | None:
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        asked = min(reading.matcher.asked(one.name, statement), 2.5)
        text = statement.held()
        for option in sorted(one.options, key=len, reverse=True):
            for place in _option_places(option, text):
                if _NEGATED.search(text[:place]):
                    continue
                found.append((1.0 + asked + len(option.split()) * 0.2, _proven(option, statement, min(0.95, 0.65 + 0.12 * asked))))
    best = _latest(found, 1.0)
    if best is not None:
        return best
    answer = reading.matcher.best(one.name, 1.0)
    if not answer:
        return None
    yes_no = {"yes": next((each for each in one.options if each.lower() in ("yes", "ja", "true")), None), "no": next((each for each in one.options if each.lower() in ("no", "nein", "none", "false", "keine", "not needed")), None)}
    said = polarity(answer[0].line.text)
    picked = yes_no.get(said) if said else None
    return _proven(picked, answer[0], 0.75) if picked else None


def _enums(reading: Reading, one: Field) -> Finding | None:
    picked: dict[str, Statement] = {}
    answer = {statement.line.number for statement in reading.matcher.best(one.name, 0.9)}
    for statement in reading.matcher.talk.statements:
        if answer and statement.line.number not in answer:
            continue
        for option in one.options:
            for place in _option_places(option, statement.text):
                if not _NEGATED.search(statement.text[:place]):
                    picked.setdefault(option, statement)
    if not picked:
        return None
    values = [option for option in one.options if option in picked]
    lines = {statement.line.number for statement in picked.values()}
    first = min(picked.values(), key=lambda statement: statement.place)
    quote = first.line.text if len(lines) == 1 else first.quote()
    return Finding(values, quote, first.line.id, 0.8)


def _texts(reading: Reading, one: Field) -> Finding | None:
    found = _text(reading, one)
    if found is None or not isinstance(found.value, str):
        return found
    parts = [_LEAD.sub("", part.strip()).strip(" .") for part in re.split(r",|;|\band\b|\bund\b|\bsowie\b", found.value)]
    return Finding([part for part in parts if part], found.quote, found.message_id, found.confidence)


def _date(reading: Reading, one: Field) -> Finding | None:
    return _when(reading, one, "date")


def _time(reading: Reading, one: Field) -> Finding | None:
    return _when(reading, one, "time")


def _when(reading: Reading, one: Field, slot: str) -> Finding | None:
    """Where several fields want a date, only one that is asked or spoken of takes it."""
    rivals = [name for name, words in reading.matcher.words.items() if words.field.kind in (one.kind, "datetime") and name != one.name]
    words = reading.matcher.words[one.name]
    ends = bool(re.search(r"(?:^|_)(?:end|check_?out|return|departure|to|until|abreise)", one.name, re.IGNORECASE))
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        slots = reading.slots(statement)
        value = slots.get("end_date") if ends and slot == "date" else slots.get(slot)
        if value is None and slot == "date":
            value = _past_day(statement.text, reading.now) if _about_past(one) else None
        if not isinstance(value, str):
            continue
        score = min(reading.matcher.asked(one.name, statement), 2.0) + min(words.weight(statement.text), 2.0)
        if rivals:
            other = max(min(reading.matcher.asked(name, statement), 2.0) + min(reading.matcher.words[name].weight(statement.text), 2.0) for name in rivals)
            score += 0.5 if score > other else (-1.0 if score < other else 0.0)
        else:
            score += 1.0
        found.append((score, _proven(value, statement, min(0.95, 0.6 + 0.1 * score))))
    return _latest(found, 0.9)


def _about_past(one: Field) -> bool:
    return bool(re.search(r"\b(?:incident|happened|since|when did|occurred|purchase[d]?|seit|started|began|last|loss|accident)", f"{one.name.replace('_', ' ')} {one.description}", re.IGNORECASE))


def _past_day(text: str, now: datetime) -> str | None:
    for pattern, days in _DAYS_AGO:
        if pattern.search(text):
            return (now.date() - timedelta(days=days)).isoformat()
    return None


def _moment(reading: Reading, one: Field) -> Finding | None:
    day, clock = _when(reading, one, "date"), _when(reading, one, "time")
    if day is None or day.value is None:
        return None
    value = f"{day.value}T{clock.value}" if clock is not None and clock.value else f"{day.value}T00:00"
    return Finding(value, day.quote, day.message_id, day.confidence) if clock is not None else None


def _text(reading: Reading, one: Field) -> Finding | None:
    words = reading.matcher.words[one.name]
    about = {word.lower() for word in re.findall(r"[^\W\d_]+", f"{one.name.replace('_', ' ')} {one.format}")}
    slot = _slot_name(one, about)
    if slot is not None:
        return _slot(reading, slot)
    answer = reading.matcher.best(one.name)
    opening = bool(about & _ABOUT)
    if not answer and opening:
        answer = next((group for group in _lines(reading) if group and _OPENING.search(group[0].question)), ())
    if answer:
        return _answer(answer)
    for statement in reversed(reading.matcher.talk.statements):
        if words.name and len(words.name) <= 2 and _said(words.name, statement.text) and not statement.text.rstrip().endswith("?"):
            if _NEGATED.search(statement.text[: _place(words.name, statement.text)]):
                return None
            return _proven(_clean(statement.held()), statement, 0.5)
    return None


def _lines(reading: Reading) -> Iterator[tuple[Statement, ...]]:
    groups: dict[int, list[Statement]] = {}
    for one in reading.matcher.talk.statements:
        groups.setdefault(one.line.number, []).append(one)
    yield from (tuple(group) for group in groups.values())


def _slot_name(one: Field, about: set[str]) -> str | None:
    """The slot that a text field is by its name: a person's name, phone, email."""
    if about & {"email", "mail", "e-mail", "emailadresse", "mailadresse"}:
        return "email"
    if about & {"phone", "telephone", "telefon", "telefonnummer", "mobile", "handynummer", "rückrufnummer", "phonenumber"} or {"callback", "number"} <= about or {"contact", "number"} <= about:
        return "phone"
    if (about & {"name", "fullname", "kundenname", "nachname", "vorname"} or about & {"caller", "kunde"} == about) and not about & _NOT_A_PERSON and not {"agent"} & about:
        return "name"
    return None


def _slot(reading: Reading, slot: str) -> Finding | None:
    found: Finding | None = None
    for statement in reading.matcher.talk.statements:
        value = reading.slots(statement).get(slot)
        if isinstance(value, str):
            found = _proven(value, statement, 0.88)
    return found


def _answer(answer: tuple[Statement, ...]) -> Finding | None:
    first = answer[0]
    whole = first.line.text
    if _NOTHING.match(whole):
        return _proven(None, first, 0.85)
    if unsure(whole):
        return None
    said = next((one for one in answer if len(_clean(one.held())) > 2 and not _bare(one.text)), None)
    if said is None:
        return None
    return _proven(_clean(said.held()), said, 0.75)


def _bare(text: str) -> bool:
    return bool(polarity(text)) and len(text.split()) <= 2


def _clean(text: str) -> str:
    """An answer without its first small words and its full stop."""
    text = re.sub(r"\s+", " ", text).strip(" .!?,;")
    stripped = _LEAD.sub("", text).strip(" .,")
    kept = stripped if len(stripped) > 2 else text
    return kept[:1].upper() + kept[1:]


_READERS: Mapping[str, Callable[[Reading, Field], Finding | None]] = {
    "text": _text, "number": _number, "integer": _number, "boolean": _boolean, "enum": _enum, "enums": _enums, "texts": _texts,
    "date": _date, "time": _time, "datetime": _moment,
}  # fmt: skip
