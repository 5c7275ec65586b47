"""Fields that are told freely: texts, lists of them, codes."""

from __future__ import annotations

import re

from parley.house.extractor_addresses import about_address, read_address
from parley.house.extractor_codes import code_behind, is_code, spelled_code
from parley.house.extractor_heads import proper_head
from parley.house.extractor_match import FieldWords
from parley.house.extractor_names import ABOUT_IT, named_car, named_firm, named_thing, read_slot, slot_name, way_end
from parley.house.extractor_reading import Reading, negated_before, place_of, proven, said
from parley.house.extractor_talk import Statement, Talk, polarity, unsure
from parley.house.extractor_words import field_lexicon
from parley.understanding import Field, Finding, detect_language, find_numbers

_OPENING = re.compile(
    r"\b(?:help you|can i (?:do|help)|may i help|what can i|how can i|for calling|was kann ich|wie kann ich|"
    r"womit kann|worum geht|darf es sein|what would you like|what seems|what'?s (?:going|the (?:problem|issue|"
    r"matter))|what happened|"
    r"was ist passiert)\b",
    re.IGNORECASE,
)
_ABOUT = frozenset(
    "reason problem issue complaint concern request summary description purpose grund anliegen schaden "
    "beschreibung happened hergang schilderung anlass incident symptom symptoms beschwerden symptome".split()
)
_LEAD = re.compile(
    r"^(?:(?:only|nur|bei der|bei|well|so|uh|um|oh|yeah|yes|yep|sure|ok(?:ay)?|ja|also|äh|na|hi|hello|guten tag|"
    r"it'?s|its|it is|"
    r"that'?s|i think|i guess|i'?d say|i would say|probably|maybe|about|mostly|just|i'?d like|i would like|"
    r"i want|that would be|the name is|we have|i have|i'?ve got|there'?s|"
    r"das ist|es ist|ich hätte gern|ich möchte|etwa|ungefähr|einen|eine|ein|der|die|das|a|an|the|my|mein|"
    r"meine)\b[\s,]*)+",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^\W*(?:no(?:ne|pe|thing)?|nah|nein|(?:gar |überhaupt )?(?:nichts|keine?)|not (?:really|that i know(?: of)?)|"
    r"whatever(?: you \w+)?|(?:it'?s )?up to you|surprise me|(?:it )?doesn'?t matter|no preference|(?:ist mir )?egal|"
    r"i don'?t (?:care|mind))\b(?:\W+(?:at all|whatsoever|thanks|"
    r"thank you|danke|sir|ma'?am|nothing|not really|that'?s (?:all|it)|nicht nötig))*\W*$",
    re.IGNORECASE,
)


def read_texts(reading: Reading, one: Field) -> Finding | None:
    if _SYMPTOMS.search(one.path[-1] if one.path else one.name) and (ailing := _symptoms(reading)) is not None:
        return ailing
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
    kept = [part for part in parts if part and len(part.split()) <= _LONG_ITEM and not _CLAUSE.match(part)]
    return Finding(kept, found.quote, found.message_id, found.confidence) if kept else None


_SYMPTOMS = re.compile(r"symptom|beschwerden|ailment|leiden", re.IGNORECASE)


def _symptoms(reading: Reading) -> Finding | None:
    """All that the caller says to suffer from."""
    found: dict[str, Statement] = {}
    for statement in reading.matcher.talk.statements:
        for match in field_lexicon().symptoms.finditer(statement.text):
            if not negated_before(statement.text[: match.start()]) and statement.polarity != "no":
                found.setdefault(match.group(), statement)
    if not found:
        return None
    first = next(iter(found.values()))
    return proven([*found], first, 0.75)


_CLAUSE = re.compile(
    r"(?:i|i'm|i've|i'd|we|we're|you|he|she|they|to|my name|ich|wir|sie|er|es|there|that|this)\b|\S+'s [A-Z]",
    re.IGNORECASE,
)
_LONG_ITEM = 6  # words: what is longer is a sentence, no thing of a list


_ALLERGY = re.compile(r"allerg|dietary|intoleran|unverträglich|diät", re.IGNORECASE)
_AVOIDS = re.compile(
    r"\b(?:allergic to|allergy to|(?:can'?t|cannot|doesn'?t|don'?t) (?:have|eat|do|tolerate)|intolerant to|avoid\w*|"
    r"allergisch (?:gegen|auf)|verträgt (?:keine?n?)|vertrage (?:keine?n?)|isst (?:keine?n?)|esse (?:keine?n?))\s+",
    re.IGNORECASE,
)


def read_text(reading: Reading, one: Field) -> Finding | None:
    words = reading.matcher.words[one.name]
    about = {word.lower() for word in re.findall(r"[^\W\d_]+", f"{one.name.replace('_', ' ')} {one.format}")}
    if (slot := slot_name(about)) is not None:
        return read_slot(reading, one, slot, about)
    if (car := named_car(reading, one, about)) is not None:
        return car
    answer = _asked_for(reading, one)
    if about & _MAKES and len(answer[0].line.text.split() if answer else ()) > _NAMED:
        return None  # no make or model is as long as that
    if is_code(one.name) or _NUMBERED.search(one.description):
        return _code(reading, words, answer)
    if about_address(one) and (address := read_address(reading, one, answer)) is not None:
        return address
    if (way := way_end(reading, about)) is not None:
        return way
    if not answer and about & _ABOUT:
        answer = opened(reading.matcher.talk)
    if about & _FLOORS:
        return _floor(reading, answer) or (_answer(answer) if answer else None)
    if not answer and "name" in about:
        return named_thing(reading, about)
    if (firm := named_firm(reading, about)) is not None:
        return firm
    if about & _FIRMS:
        return _firm(answer)
    found = _answer(answer) if answer else _told_unasked(reading, words)
    return None if found is not None and about & _PLACES and _NO_PLACE.match(str(found.value)) else found


_FIRMS = frozenset(
    "provider insurer insurance krankenkasse versicherung versicherer anbieter bank pharmacy apotheke employer "
    "arbeitgeber "
    "competitor wettbewerber carrier supplier lieferant".split()
)


def _firm(answer: tuple[Statement, ...]) -> Finding | None:
    """The name of a firm in an answer; what names none is no answer."""
    for statement in answer:
        if name := proper_head(statement.held()):
            return proven(name, statement, 0.75)
    return None


_MAKES = frozenset({"make", "model", "marke", "modell"})
_NAMED = 5
_FLOORS = frozenset("floor etage stockwerk stock storey geschoss".split())
_FLOOR = re.compile(
    r"\b(?:(?:\d+(?:st|nd|rd|th|\.)?|(?:(?:twen|thir)ty[- ])?(?:first|second|third|(?:four|fif|six|seven|eigh|nin|ten|"
    r"eleven|twelf|\w{3,5}teen|twentie|thirtie)th)|ground|top|lower|upper|main|(?:ers|zwei|drit|vier|fünf|sechs|sieb|ach|neun|zehn|elf|zwölf|\w+zehn|"
    r"ober|letz|unter)s?te[nmrs]?) (?:floor|stock(?:werk)?|etage|og|obergeschoss)|"
    r"ground floor|erdgeschoss|basement|keller|dachgeschoss|top floor)\b",
    re.IGNORECASE,
)


def _floor(reading: Reading, answer: tuple[Statement, ...]) -> Finding | None:
    for statement in (*answer, *reversed(reading.matcher.talk.statements)):
        if match := _FLOOR.search(statement.text):
            return proven(match.group(), statement, 0.8)
    return None


_NUMBERED = re.compile(r"^(?:the )?(?:[\w']+ ){0,3}\w*(?:number|nummer)\b(?! of)", re.IGNORECASE)


def _asked_for(reading: Reading, one: Field) -> tuple[Statement, ...]:
    """The answer to the field's question. What an opening brings belongs to a field that the opening names."""
    answer = reading.matcher.best(one.name)
    if not answer or (ABOUT_IT & {*one.name.lower().split("_")} and _REACHED.search(answer[0].line.text)):
        return ()  # "your number?" asks for no phone's model
    if asks_for_matter(answer[0].question) or "?" not in answer[0].question:
        named = any(said([word], answer[0].question) for word in reading.matcher.words[one.name].name)
        return answer if named or about_matter(one) else ()
    if reading.matcher.worded(one.name, answer[0]):
        return answer
    if _only_numbers(reading, answer[0].line.text) or _COUNTS.search(answer[0].question):
        return ()
    return answer if reading.matcher.near(one.name, answer[0]) >= _NEAR else ()


_REACHED = re.compile(r"\S@\S|\d(?:[\s()./-]{0,3}\d){6}")
_COUNTS = re.compile(
    r"\b(?:how (?:many|much|old|long|far|often)|what time|when|who|wie (?:viele?|alt|lange|oft|weit)|wann|um wie "
    r"viel uhr|wer)"
    r"\b[^.?!]*\?\s*$",
    re.IGNORECASE,
)


def _only_numbers(reading: Reading, text: str) -> bool:
    """Whether an answer is a number or an amount and nothing else: it names nothing."""
    left = text
    for number in find_numbers(text, detect_language(text, reading.language)):
        left = left[: number.start] + " " * (number.end - number.start) + left[number.end :]
    return left != text and len(re.findall(r"[^\W\d_]{5,}", _LEAD.sub("", left))) <= 1


_NEAR = 0.42  # cosine of a question that shares no word with a field that is told freely
_PLACES = frozenset(
    "city town address street neighborhood neighbourhood district area location origin destination pickup dropoff "
    "place stadt ort adresse straße stadtteil viertel wohnort ziel start".split()
)
_NO_PLACE = re.compile(
    r"\W*(?:[\d\W]+$|(?:i|i'?ve|i'?m|we|we'?re|we'?ve|it'?s? (?!in\b|at\b|near\b)|they|ich|wir|about|around \d|three|"
    r"two|one|four|"
    r"five|yes|no|not|nothing|maybe|just|only)\b)",
    re.IGNORECASE,
)


def _told_unasked(reading: Reading, words: FieldWords) -> Finding | None:
    """The caller's last sentence that tells what the field is, by its name; "my company pays for it" tells nothing."""
    for statement in reversed(reading.matcher.talk.statements):
        text = statement.text
        if words.name and len(words.name) <= 2 and said(words.name, text) and not text.rstrip().endswith("?"):
            if negated_before(text[: place_of(words.name, text)]):
                return None
            if _TELLS_NOTHING.search(text):
                continue
            return proven(_clean(statement.held()), statement, 0.5)
    return None


_TELLS_NOTHING = re.compile(
    r"^\W*(?:what an?|was für)\b|\b(?:is|are|was|were) \w+ing\b|\b(?:you are|are you|you're)\b",
    re.IGNORECASE,
)


def _code(reading: Reading, words: FieldWords, answer: tuple[Statement, ...]) -> Finding | None:
    """What is spelled in answer to the question, else behind the field's own words."""
    for statement in answer:
        if (code := spelled_code(statement.held())) is not None:
            return proven(code, statement, 0.85)
    if answer and reading.matcher.asked(words.field.name, answer[0]) >= _CLEARLY:
        brief = _clean(answer[0].held())
        if len(brief.split()) == 1 and not _bare(answer[0].text):
            return proven(brief, answer[0], 0.6)
    for statement in reversed(reading.matcher.talk.statements):
        if (code := code_behind((*words.name, *words.described), statement.text)) is not None:
            return proven(code, statement, 0.7)
    return None


_CLEARLY = 1.0


def asks_for_matter(question: str) -> bool:
    """Whether a question opens a talk: "how can I help?"."""
    return _OPENING.search(question) is not None


def about_matter(one: Field) -> bool:
    """Whether a field is what the caller calls about."""
    return bool({word.lower() for word in re.findall(r"[^\W\d_]+", one.name.replace("_", " "))} & _ABOUT)


def opened(talk: Talk) -> tuple[Statement, ...]:
    """What the caller said to "how can I help?", or else first."""
    groups = talk.answers_by_line
    return next((group for group in groups if _OPENING.search(group[0].question)), ()) or next(iter(groups), ())


def _answer(answer: tuple[Statement, ...]) -> Finding | None:
    first = answer[0]
    whole = first.line.text
    if _NOTHING.match(whole):
        return proven(None, first, 0.85)
    if unsure(whole):
        return None
    told = [one for one in answer if len(_clean(one.held())) > 2 and not _bare(one.text) and not _asks(one.text)]
    told = [one for one in told if not _PAUSES.match(one.text)]
    # "No, we moved. It's 45 Birch Lane now.": what comes after the no is the answer.
    later = [one for one in told if polarity(one.text) != "no"]
    later = [one for one in later if not _introduces(one.text)]
    told = [one for one in told if not _introduces(one.text)]
    began = asks_for_matter(first.question) or "?" not in first.question
    wished = [one for one in later or told if began and _WISHES.search(one.text)]
    said = next(iter(wished or later or told), None)
    if said is None:
        return None
    return proven(_clean(said.held()), said, 0.75)


_PAUSES = re.compile(
    r"^\W*(?:(?:uh|um|oh|ok(?:ay)?|well|sure|yes|yeah|äh|ja|ach|also)\W+)*"
    r"(?:(?:hang on|hold on|wait|(?:just )?give me|just|bear with me)?(?: for)? ?(?:a|one) (?:moment|second|sec|"
    r"minute)|hang on|hold on|wait|bear with me|(?:just )?let me (?:look|check|see|think|find (?:it|that|out)|"
    r"(?:get|grab|find) my \w+)|(?:einen |kleinen )?(?:moment|augenblick)|(?:eine )?sekunde|"
    r"ich (?:schaue?|gucke?|sehe?) (?:\w+ )?nach|"
    r"warten sie|lassen sie mich (?:\w+ )?(?:nachsehen|schauen|überlegen))"
    r"(?:[,;]? (?:please|bitte|kurz|mal|while|for a|let me|i'll|i need|i have|ich|that up|here)\b"
    r"[^.!?]{0,40})?[.!?…,]*\s*$",
    re.IGNORECASE,
)
"""Sentences that only ask for time: "hang on a second", "let me look"."""
_WISHES = re.compile(
    r"\b(?:need|want|would like|'d like|wonder\w*|call\w* (?:about|because)|trying|looking|problem|won't|isn't|doesn't|"
    r"broke\w*|möchte|brauche|bräuchte|hätte|wollte|würde|müsste|wegen|kaputt|geht um|bei (?:uns|mir))\b",
    re.IGNORECASE,
)
_INTRODUCTION = re.compile(
    r"^\W*(?:hi|hello|hey|hallo|tag|morgen|moin|grüß (?:gott|dich))\b(?:\W+\w+){0,3}\W*$|"
    r"\b(?:my name(?:'s| is)|mein name|this is [A-Z]|hier (?:ist|spricht)|guten (?:tag|morgen|abend)|"
    r"good (?:morning|afternoon|evening)|[A-ZÄÖÜ]\w+ hier)\b",
    re.IGNORECASE,
)


def _introduces(text: str) -> bool:
    """Whether a sentence only greets and says who speaks."""
    found = _INTRODUCTION.search(text)
    return found is not None and (len(text.split()) <= _BRIEF or (found.start() < _EARLY and not _WISHES.search(text)))


_BRIEF = 8
_EARLY = 16  # characters: an introduction that begins a sentence is all of it, unless a wish follows


def _asks(text: str) -> bool:
    """Whether it is a question of the caller's own, which answers none."""
    return text.rstrip().endswith("?") and len(text.split()) > 2


def _bare(text: str) -> bool:
    return bool(polarity(text)) and len(text.split()) <= 2


_WHO = re.compile(
    r"^(?:\W*(?:hi|hello|hey|hallo|guten (?:tag|morgen|abend)|good (?:morning|afternoon|evening)|moin)\b[\s,.!]*)?"
    r"(?:(?:my name(?:'s| is)|this is|it'?s|i'?m|i am|here is|hier ist|hier spricht|mein name ist) "
    r"(?-i:(?:Frau |Herr |Mr\.? |Mrs\.? |Ms\.? )?[A-ZÄÖÜ][\w'-]+(?: [A-ZÄÖÜ][\w'-]+)*)(?:,| and| und|\.|$)\s*)?",
    re.IGNORECASE,
)


def _clean(text: str) -> str:
    """An answer without its first small words and its full stop."""
    whole = re.sub(r"\s+", " ", text).strip(" .!?,;")
    text = _WHO.sub("", whole) or whole  # "It's Waco" is all there is
    stripped = _LEAD.sub("", text).strip(" .,")
    kept = stripped if len(stripped) > 2 else text
    return kept[:1].upper() + kept[1:]
