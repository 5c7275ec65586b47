"""Fields that are told freely: texts, names and numbers to reach, days and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from parley.house.extractor_codes import is_code, spelled_code
from parley.house.extractor_days import full_day, past_day
from parley.house.extractor_match import FieldWords
from parley.house.extractor_reading import Reading, latest, negated_before, place_of, proven, said
from parley.house.extractor_talk import Statement, Talk, polarity, unsure
from parley.understanding import Field, Finding, detect_language, find_numbers

_NOT_A_PERSON = frozenset(
    "company product business firm street city brand pet file user event firma produkt marke hotel restaurant".split()
)
_CALLED = re.compile(
    r"\b(?:(?:named|called|name(?:'s| is)|heißt)|[Mm](?:y|ein\w*) (?:dog|cat|horse|pet|puppy|company|business|"
    r"hund|katze|firma))"
    r" (?P<name>[A-ZÄÖÜ][\w'-]+(?: [A-ZÄÖÜ][\w'-]+){0,3})"
)
_INTRODUCES = re.compile(
    r"(?P<name>[A-ZÄÖÜ][\wäöüß-]+) (?:hier\b|am Apparat|speaking\b|here\b)|\b(?:[Hh]ier (?:ist|spricht)|"
    r"[Tt]his is) (?:Herr |Frau |Mr\.? |Mrs\.? )?"
    r"(?P<other>[A-ZÄÖÜ][\wäöüß-]+(?: [A-ZÄÖÜ][\wäöüß-]+)?)|"
    r"\b(?P<third>[A-ZÄÖÜ][\wäöüß-]+(?: [A-ZÄÖÜ][\wäöüß-]+)?) mein Name"
)
_OPENING = re.compile(
    r"\b(?:help you|can i (?:do|help)|may i help|what can i|how can i|for calling|was kann ich|wie kann ich|"
    r"womit kann|worum geht|what seems|what'?s (?:going|the (?:problem|issue|matter))|what happened|"
    r"was ist passiert)\b",
    re.IGNORECASE,
)
_ABOUT = frozenset(
    "reason problem issue complaint concern request summary description purpose grund anliegen schaden "
    "beschreibung incident symptom symptoms".split()
)
_LEAD = re.compile(
    r"^(?:(?:well|so|uh|um|oh|yeah|yes|yep|sure|ok(?:ay)?|ja|also|äh|na|hi|hello|guten tag|it'?s|its|it is|"
    r"that'?s|i think|i guess|i'?d say|i would say|probably|maybe|about|mostly|just|i'?d like|i would like|"
    r"i want|that would be|the name is|we have|i have|i'?ve got|there'?s|"
    r"das ist|es ist|ich hätte gern|ich möchte|etwa|ungefähr|einen|eine|ein|der|die|das|a|an|the|my|mein|"
    r"meine)\b[\s,]*)+",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^\W*(?:no(?:ne|pe|thing)?|nah|nein|nichts|keine?|not (?:really|that i know(?: of)?))\b(?:\W+(?:thanks|"
    r"thank you|danke|sir|ma'?am|nothing|not really|that'?s (?:all|it)|nicht nötig))*\W*$",
    re.IGNORECASE,
)


def read_texts(reading: Reading, one: Field) -> Finding | None:
    found = read_text(reading, one)
    if found is None or not isinstance(found.value, str):
        return found
    avoided = _AVOIDS.search(found.value) if _ALLERGY.search(f"{one.name} {one.description}") else None
    told = found.value[avoided.end() :] if avoided else found.value
    if (place := found.quote.casefold().find(told.casefold())) >= 0:
        told = found.quote[place : place + len(told)]  # a list keeps its words as they were said
    parts = [
        _LEAD.sub("", part.strip()).strip(" .")
        for part in re.split(
            r",|;|\band\b|\bund\b|\bsowie\b|\bor\b|"
            r"\boder\b",
            told,
        )
    ]
    return Finding([part for part in parts if part], found.quote, found.message_id, found.confidence)


_ALLERGY = re.compile(r"allerg|dietary|intoleran|unverträglich|diät", re.IGNORECASE)
_AVOIDS = re.compile(
    r"\b(?:allergic to|allergy to|(?:can'?t|cannot|doesn'?t|don'?t) (?:have|eat|do|tolerate)|intolerant to|avoid\w*|"
    r"allergisch (?:gegen|auf)|verträgt (?:keine?n?)|vertrage (?:keine?n?)|isst (?:keine?n?)|esse (?:keine?n?))\s+",
    re.IGNORECASE,
)


def read_date(reading: Reading, one: Field) -> Finding | None:
    return _when(reading, one, "date")


def read_time(reading: Reading, one: Field) -> Finding | None:
    return _when(reading, one, "time")


_END = re.compile(r"(?:^|_)(?:end|check_?out|return|departure|to|until|abreise)", re.IGNORECASE)


def _when(reading: Reading, one: Field, slot: str) -> Finding | None:
    """Where several fields want a date, only one that is asked or spoken of takes it."""
    rivals = [
        name
        for name, words in reading.matcher.words.items()
        if words.field.kind in (one.kind, "datetime") and name != one.name
    ]
    words = reading.matcher.words[one.name]
    ends = bool(_END.search(one.name))
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        slots, offer = reading.slots(statement), None
        value = slots.get("end_date") if ends and slot == "date" else slots.get(slot)
        if slot == "date" and _about_past(one):
            value = _past_day(statement, reading) or (value if str(value) <= reading.now.date().isoformat() else None)
        if slot == "date" and _BIRTH.search(f"{one.name} {one.description}"):
            value = _born(value, statement.text, reading)
        if not isinstance(value, str) and statement.first and polarity(statement.text) == "yes":
            value, offer = reading.offered(statement).get(slot), statement.asker  # "tomorrow at ten, does that work?"
        if not isinstance(value, str):
            continue
        score = min(reading.matcher.asked(one.name, statement), 2.0) + min(words.weight(statement.text), 2.0)
        if rivals:
            other = max(
                min(reading.matcher.asked(name, statement), 2.0)
                + min(reading.matcher.words[name].weight(statement.text), 2.0)
                for name in rivals
            )
            score += 0.5 if score > other else (-1.0 if score < other else 0.0)
        else:
            score += 1.0
        score += 1.0 if slot == "date" and {"date", "end_date"} <= slots.keys() and _stay(one, reading) else 0.0
        proof = proven(value, statement, min(0.95, 0.6 + 0.1 * score))
        found.append((score, replace(proof, quote=offer.text, message_id=offer.id) if offer is not None else proof))
    return latest(found, 0.9)


def _stay(one: Field, reading: Reading) -> bool:
    """Whether the schema asks for both ends of a stretch of days, of which this field is one."""
    return (
        any(_END.search(name) for name in reading.matcher.words)
        and reading.matcher.words[one.name].field.kind == "date"
    )


_BIRTH = re.compile(r"birth|born|\bdob\b|geburt|geboren", re.IGNORECASE)


def _born(day: object, text: str, reading: Reading) -> str | None:
    """The day in the year that is said; None without one: nobody was born on the next third of May."""
    language = detect_language(text, reading.language)
    if (whole := full_day(text, language, month_first=reading.region == "US")) is not None:
        return whole.isoformat() if whole <= reading.now.date() else None
    if not isinstance(day, str):
        return None
    if day[:4] in text:
        return day
    text = re.sub(r"\b(neunzehn|zweitausend)(?:hundert)?(?:und)?(?=[a-zäöüß])", r"\1 ", text, flags=re.IGNORECASE)
    numbers = [one.value for one in find_numbers(text, detect_language(text, reading.language))]
    years = [int(value) for value in numbers if 1900 <= value <= reading.now.year]
    tens = [1900 + int(second) for first, second in pairwise(numbers) if first == 19 and 10 <= second <= 99]
    tens += [2000 + int(second) for first, second in pairwise(numbers) if first in (20, 2000) and 0 < second <= 26]
    short = [1900 + int(value) for value in numbers[-1:] if 32 <= value <= 99]
    year = next(iter((*years, *tens, *short)), None)
    return f"{year}{day[4:]}" if year else None


def _about_past(one: Field) -> bool:
    return bool(
        re.search(
            r"\b(?:incident|happened|since|when did|occurred|purchase[d]?|bought|ordered|delivered|received|seit|"
            r"started|began|last (?:\w+ )?(?:visit|service|contact|time|order|appointment|purchase|inspection)|"
            r"loss|accident|gekauft|bestellt|geliefert|erhalten|unfall|schaden)",
            f"{one.name.replace('_', ' ')} {one.description}",
            re.IGNORECASE,
        )
    )


def _past_day(one: Statement, reading: Reading) -> str | None:
    return past_day(one.text, reading.now, detect_language(one.text, reading.language))


def read_moment(reading: Reading, one: Field) -> Finding | None:
    day, clock = _when(reading, one, "date"), _when(reading, one, "time")
    if day is None or day.value is None:
        return None
    value = f"{day.value}T{clock.value}" if clock is not None and clock.value else f"{day.value}T00:00"
    return Finding(value, day.quote, day.message_id, day.confidence) if clock is not None else None


def read_text(reading: Reading, one: Field) -> Finding | None:
    words = reading.matcher.words[one.name]
    about = {word.lower() for word in re.findall(r"[^\W\d_]+", f"{one.name.replace('_', ' ')} {one.format}")}
    slot = _slot_name(about)
    if slot is not None:
        return _slot(reading, slot)
    answer = reading.matcher.best(one.name)
    if is_code(one.name):
        return _code(reading, words, answer)
    if (way := _way(reading, about)) is not None:
        return way
    opening = bool(about & _ABOUT)
    if not answer and opening:
        answer = opened(reading.matcher.talk)
    if not answer and "name" in about:
        return _named(reading)
    if about & _FIRMS and (firm := _firm(reading)) is not None:
        return firm
    if answer:
        return _answer(answer)
    for statement in reversed(reading.matcher.talk.statements):
        if (
            words.name
            and len(words.name) <= 2
            and said(words.name, statement.text)
            and not statement.text.rstrip().endswith("?")
        ):
            if negated_before(statement.text[: place_of(words.name, statement.text)]):
                return None
            return proven(_clean(statement.held()), statement, 0.5)
    return None


def _code(reading: Reading, words: FieldWords, answer: tuple[Statement, ...]) -> Finding | None:
    """What is spelled in answer to the question, else behind the field's own words."""
    for statement in answer:
        if (code := spelled_code(statement.held())) is not None:
            return proven(code, statement, 0.85)
    if answer:
        brief = _clean(answer[0].held())
        return proven(brief, answer[0], 0.6) if len(brief.split()) == 1 and not _bare(answer[0].text) else None
    for statement in reversed(reading.matcher.talk.statements):
        if words.name and said(words.name, statement.text) and not statement.text.rstrip().endswith("?"):
            place = place_of(words.name, statement.text)
            if (code := spelled_code(statement.text[place:])) is not None and not negated_before(
                statement.text[:place]
            ):
                return proven(code, statement, 0.7)
    return None


_FROM = frozenset("origin pickup from departure collection start abholung abholort abfahrt startort".split())
_TO = frozenset("destination to dropoff arrival delivery ziel zielort".split())
_ROUTE = re.compile(
    r"\b(?:from|von|vom|ab) (?P<origin>(?:the |der |dem )?[\w'.-]+(?: [\w'.-]+){0,5}?),? "
    r"(?:to|over to|nach|zum|zur|bis) (?P<destination>(?:the |der |dem )?[\w'.-]+(?: (?!(?:on|at|by|for|tomorrow|today|"
    r"around|please|am|um|and|und|morgen|heute)\b)[\w'.-]+){0,4})",
    re.IGNORECASE,
)


def _way(reading: Reading, about: set[str]) -> Finding | None:
    """Where a way begins or ends: "from 18 Mercer Street to the airport". Times and days are no places."""
    ends = [name for name, words in (("origin", _FROM), ("destination", _TO)) if about & words]
    if len(ends) != 1 or about & {"date", "time", "day"}:
        return None
    for statement in reversed(reading.matcher.talk.statements):
        for match in _ROUTE.finditer(statement.text):
            place = match[ends[0]].strip(" .,")
            if re.search(r"[A-ZÄÖÜ]", place) or not {"date", "time"} & reading.slots(statement).keys():
                return proven(place, statement, 0.75)
    return None


_FIRMS = frozenset("company firm employer organization organisation business firma unternehmen arbeitgeber".split())
_FROM_FIRM = re.compile(
    r"\b(?:[Tt]his is|[Ii]'m|[Ii] am|[Mm]y name is|[Mm]y name's|[Hh]ier (?:ist|spricht)|[Ii]t's|[Ii]ch bin)"
    r" [A-ZÄÖÜ][\w'-]*(?: [A-ZÄÖÜ][\w'-]*){0,2},? (?:calling )?"
    r"(?:from|with|at|of|over at|von|vom|von der|aus) (?:the |der |dem )?"
    r"(?P<firm>[A-ZÄÖÜ][\w'&.-]*(?: (?:&|and|und|[A-ZÄÖÜ][\w'&.-]*))*)"
)


def _firm(reading: Reading) -> Finding | None:
    """Whom a caller says to call for: "this is Ann from Harbor Plumbing"."""
    for one in reading.matcher.talk.statements:
        if match := _FROM_FIRM.search(one.text):
            return proven(match["firm"].rstrip("."), one, 0.8)
    return None


def about_matter(one: Field) -> bool:
    """Whether a field is what the caller calls about."""
    return bool({word.lower() for word in re.findall(r"[^\W\d_]+", one.name.replace("_", " "))} & _ABOUT)


def opened(talk: Talk) -> tuple[Statement, ...]:
    """What the caller said to "how can I help?", or else first."""
    groups = list(_lines(talk))
    return next((group for group in groups if _OPENING.search(group[0].question)), ()) or next(iter(groups), ())


def _lines(talk: Talk) -> Iterator[tuple[Statement, ...]]:
    groups: dict[int, list[Statement]] = {}
    for one in talk.statements:
        groups.setdefault(one.line.number, []).append(one)
    yield from (tuple(group) for group in groups.values())


def _slot_name(about: set[str]) -> str | None:
    """The slot that a text field is by its name: a person's name, phone, email."""
    if about & {"email", "mail", "e-mail", "emailadresse", "mailadresse"}:
        return "email"
    if (
        about
        & {"phone", "telephone", "telefon", "telefonnummer", "mobile", "handynummer", "rückrufnummer", "phonenumber"}
        or {"callback", "number"} <= about
        or {"contact", "number"} <= about
    ):
        return "phone"
    if (
        (about & {"name", "fullname", "kundenname", "nachname", "vorname"} or about & {"caller", "kunde"} == about)
        and not about & _NOT_A_PERSON
        and not {"agent"} & about
    ):
        return "name"
    return None


def _named(reading: Reading) -> Finding | None:
    """A name of a thing or an animal: "my dog Bruno", "it's called Harbor Lights"."""
    for statement in reversed(reading.matcher.talk.statements):
        match = _CALLED.search(statement.text)
        if match:
            return proven(match["name"], statement, 0.7)
    return None


def _slot(reading: Reading, slot: str) -> Finding | None:
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        value = reading.slots(statement).get(slot)
        match = _INTRODUCES.search(statement.text) if slot == "name" else None
        if isinstance(value, str):
            # "Ich bin Krankenschwester": what one is called is asked for, or said with the word for it.
            sure = slot != "name" or _NAMES.search(f"{statement.question if statement.first else ''} {statement.text}")
            found.append((2.0 if sure else 0.2, proven(value, statement, 0.88 if sure else 0.6)))
        elif match:
            found.append((1.0, proven(match["name"] or match["other"] or match["third"], statement, 0.75)))
    return latest(found, 0.0)


_NAMES = re.compile(
    r"\b(?:names?|namens?|called|heiß\w*|who(?:'s| is| am i)|speaking (?:with|to)|mit wem|wer|nachname|vorname|"
    r"spell\w*|buchstabier\w*|this is|hier (?:ist|spricht))\b",
    re.IGNORECASE,
)


def _answer(answer: tuple[Statement, ...]) -> Finding | None:
    first = answer[0]
    whole = first.line.text
    if _NOTHING.match(whole):
        return proven(None, first, 0.85)
    if unsure(whole):
        return None
    told = [one for one in answer if len(_clean(one.held())) > 2 and not _bare(one.text) and not _asks(one.text)]
    # "No, we moved. It's 45 Birch Lane now.": what comes after the no is the answer.
    later = [one for one in told if polarity(one.text) != "no"]
    later = [one for one in later if not _INTRODUCTION.search(one.text)] or later
    said = next(iter(later or told), None)
    if said is None:
        return None
    return proven(_clean(said.held()), said, 0.75)


_INTRODUCTION = re.compile(
    r"\b(?:my name(?:'s| is)|mein name|this is [A-Z]|hier (?:ist|spricht)|guten tag|good (?:morning|afternoon))\b",
    re.IGNORECASE,
)


def _asks(text: str) -> bool:
    """Whether it is a question of the caller's own, which answers none."""
    return text.rstrip().endswith("?") and len(text.split()) > 2


def _bare(text: str) -> bool:
    return bool(polarity(text)) and len(text.split()) <= 2


def _clean(text: str) -> str:
    """An answer without its first small words and its full stop."""
    text = re.sub(r"\s+", " ", text).strip(" .!?,;")
    stripped = _LEAD.sub("", text).strip(" .,")
    kept = stripped if len(stripped) > 2 else text
    return kept[:1].upper() + kept[1:]
