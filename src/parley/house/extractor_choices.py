"""Fields with few answers: yes or no, one of several options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parley.house.extractor_ending import read_ending, read_mood, read_settled
from parley.house.extractor_freely import about_matter, opened
from parley.house.extractor_match import FIRST, FieldWords
from parley.house.extractor_reading import Reading, latest, negated_before, place_of, proven, said
from parley.house.extractor_senses import all_meant, meant, without_phrases
from parley.house.extractor_talk import Statement, polarity, unsure
from parley.understanding import Field, Finding

_YES_OPTIONS = frozenset({"yes", "ja", "true"})
_NO_OPTIONS = frozenset({"no", "nein", "none", "false", "keine", "not needed"})
_ENDS_NO = re.compile(r"\b(?:so|also)\W+(?:no|nein)\W*$", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|non|never|don'?t|doesn'?t|didn'?t|isn'?t|can'?t|won'?t|haven'?t|hasn'?t|no longer|expired|nicht|"
    r"wouldn'?t|couldn'?t|shouldn'?t|wasn'?t|weren'?t|aren'?t|hadn'?t|barely|hardly|neither|nobody|none|ran out|run "
    r"out|"
    r"quit|used to|got rid of|gave (?:it |them |that )?(?:up|away)|threw (?:it|them|that)|"
    r"abgelaufen|kaum|niemand|kein\w*|nie|(?:that|it) would(?: have to)? be my \w+|my (?:\w+ )?(?:wife|husband|partner|"
    r"boss|manager|landlord) (?:decides|does|handles|would)|(?:das )?(?:entscheidet|macht) mein\w*)\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|und|also)\W+)?(?:do|does|did|is|are|was|were|have|has|had|can|could|will|would|"
    r"should|any|may|need|brauchen|haben|hat|ist|sind|war|möchten|wollen|können|gibt|soll|darf|wird)\b",
    re.IGNORECASE,
)


def read_boolean(reading: Reading, one: Field) -> Finding | None:
    """Yes or no: by the answer to the field's question, by what the agent did, by what the caller says of himself."""
    words = reading.matcher.words[one.name]
    answer = reading.matcher.best(one.name)
    if answer and (picked := _alternative(words, answer)) is not None:
        return picked
    if answer and not reading.matcher.worded(one.name, answer[0]) and not polarity(answer[0].line.text):
        answer = ()  # by its meaning alone a question is near enough for a yes or a no, not for less
    if answer and (found := whether(answer, one)) is not None:
        if reading.matcher.reversed(one.name, answer[0]) and isinstance(found.value, bool):
            return Finding(not found.value, found.quote, found.message_id, found.confidence)
        return found
    if (settled := read_settled(reading, one)) is not None:
        return settled
    if (familiar := _familiar(reading, one)) is not None:
        return familiar
    found_by_word: Finding | None = None
    for statement in reading.matcher.talk.statements:
        if words.name and said(words.name, statement.text):
            place = place_of(words.name, statement.text)
            denied = (
                bool(negated_before(statement.text[:place]))
                or statement.polarity == "no"
                or bool(_ENDS_NO.search(statement.text))
            )
            if statement.text.rstrip().endswith("?") or unsure(statement.text):
                continue
            found_by_word = proven(not denied, statement, 0.6)
    return found_by_word


_KNOWN = re.compile(
    r"\bi'?m (?:already )?a (?:regular|patient|customer|client|member)\b(?! (?:at|of) another)|\b(?:existing|"
    r"long-?time|"
    r"returning) (?:patient|customer|client)|\b(?:been|was|come|coming|going) (?:to you|here|with you|in)\b.{0,15}\b"
    r"(?:before|years?|last|often)|\bstamm(?:kunde|gast|patient)\w*|\b(?:schon|bereits) (?:mal |öfter |länger )?"
    r"(?:bei ihnen|patient|kunde|da gewesen)",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"\b(?:first time|never been|new (?:here|patient|customer|client|to (?:the area|town|you))|zum ersten mal|noch nie|"
    r"neu (?:hier|bei ihnen|in der stadt)|neupatient\w*|neukunde)\b",
    re.IGNORECASE,
)


def _familiar(reading: Reading, one: Field) -> Finding | None:
    """Whether a caller is new, of a field that asks for that, by what he says of himself."""
    if not FIRST.search(f"{one.name} {one.description}"):
        return None
    for statement in reading.matcher.talk.statements:
        for pattern, value in ((_NEW, True), (_KNOWN, False)):
            if pattern.search(statement.text) and not statement.text.rstrip().endswith("?"):
                return proven(value, statement, 0.75)
    return None


def _alternative(words: FieldWords, answer: Sequence[Statement]) -> Finding | None:
    """By the answer to "inside or out on the terrace?": whether it names what the field is about."""
    first = answer[0]
    asked = re.split(r"(?<=[.!?])\s+", first.question.strip())[-1]
    ways = re.split(r"\b(?:or|oder)\b", asked, flags=re.IGNORECASE)
    if len(ways) != 2 or polarity(first.line.text):
        return None
    weights = [words.weight(way) for way in ways]
    if not any(weights) or all(weights):
        return None
    shared = [len(_telling(way) & _telling(first.line.text)) for way in ways]
    if shared[0] == shared[1]:
        shared = [int(bool(_ONCE.search(way)) and bool(_ONCE.search(first.line.text))) for way in ways]
    if shared[0] == shared[1]:
        return None
    return proven((shared[0] > shared[1]) == (weights[0] > weights[1]), first, 0.8)


_ONCE = re.compile(r"\b(?:one[- ]time|once|one[- ]off|single|einmal\w*)\b", re.IGNORECASE)


def _telling(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[^\W\d_]{4,}", text)} - {"would", "like", "with", "that", "eine"}


def whether(answer: Sequence[Statement], one: Field) -> Finding | None:
    """Yes or no by the sentences of one answer, or None where they say neither."""
    first, whole = answer[0], answer[0].line.text
    if _OPEN.search(_last_question(first.question)):
        return None  # "what's the trouble?" is answered neither with yes nor with no
    negative = bool(_NEGATIVE.search(_CLAUSE.split(one.description or one.name)[0]))
    said = polarity(whole)
    if not said and _HARM.search(first.question) and _WELL.search(whole) and not _DENIES.search(whole):
        said = "no"  # "is anyone hurt?" "We're all fine."
    if unsure(whole) and not said:
        return None
    if any(_ENDS_NO.search(statement.text) for statement in answer):
        said = "no"
    if _ONLY.search(first.question) and _OTHERS.search(f"{one.name} {one.description}"):
        negative = not negative  # "is it just your house?" of others that are affected
    if said:
        asks_negative = bool(re.search(r"\b(?:no|without|kein\w*)\b", first.question, re.IGNORECASE)) and negative
        value = (said == "yes") != (negative and not asks_negative)
        return proven(value, first, 0.9)
    questions = [part for part in re.split(r"(?<=[.!?])\s+", first.question) if part.rstrip().endswith("?")]
    if not questions or not _WHETHER.match(questions[-1]):
        return None
    if _OFFERS.search(questions[-1]) and not _DENIES.search(first.text):
        return None  # "one time or monthly?" is not answered with yes
    if _OFFERED.search(questions[-1]) and _ALREADY.search(whole):
        return proven(negative, first, 0.6)  # "would you like a tour?" "We already had one, thanks."
    if _DENIES.search(first.text) or not _DENIES.search(whole):
        return proven((not _DENIES.search(whole)) != negative, first, 0.65)
    # "Twice already. Didn't help." has happened; "It's complicated. I don't know where." says neither.
    return proven(not negative, first, 0.6) if _HAPPENED.search(first.text) else None


_NEGATIVE = re.compile(r"\b(?:not|no(?![- ](?:show|smok))|never|without|nicht|ohne|kein\w*)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[.,;:(]|\b(?:and|or|else|otherwise|und|oder|sonst)\b", re.IGNORECASE)
"""Where a description has said what is asked: "has a dog or not", "true if insured, false if not"."""
_HARM = re.compile(r"\b(?:hurt|injur\w*|sick|ill|verletzt\w*|krank)\b", re.IGNORECASE)
_WELL = re.compile(
    r"\b(?:fine|ok(?:ay)?|all good|all right|unhurt|unharmed|safe|healthy|gut|wohlauf|unverletzt|gesund)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|great|thanks|sure|und|also|gut|danke)\W+)*(?:what|when|where|who|whom|which|why|"
    r"how(?! about)|"
    r"was (?:ist|sind|kann|können|für|haben|hat|möchten|brauchen|darf|machen|soll|fehlt)|wann|wo|wohin|woher|wer|"
    r"welche\w*|warum|wieso|wie(?! wäre))\b|\b(?:may|can|could|might) (?:i|you|we) (?:ask|tell|say|"
    r"give|have|get)\b.{0,20}\b(?:what|when|where|who|which|why|how)\b",
    re.IGNORECASE,
)


def _last_question(text: str) -> str:
    parts = [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part.rstrip().endswith("?")]
    return parts[-1] if parts else ""


_OFFERS = re.compile(r"\w (?:or|oder) \w", re.IGNORECASE)
_OFFERED = re.compile(
    r"\b(?:would you like|do you want|shall|should (?:i|we)|may (?:i|we)|möchten sie|soll\w*|wollen sie)\b", re.I
)
_ALREADY = re.compile(r"\b(?:already|schon|bereits)\b", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:just|only|nur|bloß|allein)\b", re.IGNORECASE)
_OTHERS = re.compile(r"neighb|others?\b|whole|wider|several|nachbar|andere|mehrere", re.IGNORECASE)
_HAPPENED = re.compile(
    r"\b(?:already|once|twice|(?:\w+) times|often|always|every (?:day|time|week)|did|have|has|had|was|were|"
    r"schon|bereits|(?:ein|zwei|drei|mehr)mal|mehrmals|immer|hab\w*)\b",
    re.IGNORECASE,
)


def option_places(option: str, text: str) -> Iterator[int]:
    """Where a text names an option of an enum."""
    yield from (place for place, _ in _named(option, text))


def _named(option: str, text: str) -> Iterator[tuple[int, bool]]:
    """(place, whether word for word) of an option in a text."""
    parts = [part for part in re.findall(r"[^\W_]+", option.lower()) if len(part) > 1] or [option.lower()]
    text = without_phrases(option, text)
    spoken = [(match.start(), match.group().lower()) for match in re.finditer(r"[^\W_]+", text)]
    for at, (start, _) in enumerate(spoken):
        window = [word for _, word in spoken[at : at + len(parts)]]
        if window == parts:
            yield start, True
        elif len(window) == len(parts) and all(map(_same_option, parts, window)):
            yield start, False


def _same_option(part: str, word: str) -> bool:
    if part == word:
        return True
    if len(part) < 4 or len(word) < 4:
        return False
    short, long = sorted((part, word), key=len)
    return (long.startswith(short) and 5 * len(short) >= 3 * len(long)) or (
        len(part) >= 6 and part[:-2] == word[: len(part) - 2]
    )


def read_enum(reading: Reading, one: Field) -> Finding | None:
    """The option that is named, best in answer to its question."""
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        asked = min(reading.matcher.asked(one.name, statement), 2.5)
        text = _GREETS.sub("", statement.held())
        for option in one.options:
            for place, exact in _named(option, text):
                if asked < _ASKED and (_PASSING.search(text[:place]) or option.lower() in _ANY_OPTION):
                    continue
                if not negated_before(text[:place]):
                    score = (2.0 if exact else (1.0 if len(option) > 4 else 0.5)) + asked + 0.4 * len(option.split())
                    if asked >= 1 and statement.first and len(text.split()) <= len(option.split()) + 1:
                        score += 1.5  # the answer, and nothing else
                    found.append((score, proven(option, statement, min(0.95, 0.65 + 0.12 * asked))))
    named = latest(found, 1.0) or _yes_or_no(reading, one)
    if (told := read_mood(reading, one) or read_ending(reading, one)) is not None and (
        named is None or named.confidence < 0.8
    ):
        return told
    return named or _meant(reading, one) or _anywhere(reading, one)


_ASKED = 0.75
_ANY_OPTION = _YES_OPTIONS | _NO_OPTIONS | frozenset("other any normal unknown sonstiges andere egal".split())
_PASSING = re.compile(r"\b(?:this|last|yesterday|every|each|good|guten|gestern|diesen|heute)\s*$", re.IGNORECASE)
_GREETS = re.compile(r"\b(?:good (?:morning|afternoon|evening|day)|guten (?:morgen|abend|tag))\b", re.IGNORECASE)
_SORT = re.compile(
    r"role$|rolle$|type|kind|event|categor|topic|service|occasion|anlass|thema|kategorie|art$|trade|gewerk|intent|"
    r"fault|"
    r"purpose|looking|suche|anliegen|issue|problem|reason|grund|request(?!ed)|matter|sparte|claim|auftrag|fehler|"
    r"störung",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(
    r"urgen|priorit|severity|dringlich|fulfil|delivery_method|liefer|payment|zahlung|financ|finanz|mood|looking|intent|"
    r"suche|_to$|art$|cause|grund$|ursache|wunschzeit|preferred_(?:time|window|slot)|time_of_day|tageszeit|daypart|"
    r"window$",
    re.IGNORECASE,
)


_URGENCY = re.compile(r"urgen|priorit|severity|dringlich", re.IGNORECASE)


def about_sort(one: Field) -> bool:
    """Whether an enum says what a talk is about: it is read out of how the caller begins."""
    return about_matter(one) or _SORT.search(one.name) is not None


def _anywhere(reading: Reading, one: Field) -> Finding | None:
    """What is said without being asked of fields that people speak of by themselves: how urgent, how to pay."""
    if not _ANYWHERE.search(one.path[-1] if one.path else one.name):
        return None
    for statement in reversed(reading.matcher.talk.statements):
        own = reading.matcher.asked(one.name, statement)
        others = (reading.matcher.asked(name, statement) for name in reading.matcher.words if name != one.name)
        volunteered = _URGENCY.search(one.name) is not None
        if (not volunteered and max(others, default=0.0) > max(own, 1.0)) or unsure(statement.text):
            continue
        if (picked := meant(one.options, statement.held())) is not None:
            return proven(picked, statement, 0.6)
    return None


def _meant(reading: Reading, one: Field) -> Finding | None:
    begun = opened(reading.matcher.talk) if about_sort(one) else ()
    for answer in (reading.matcher.best(one.name, 1.0), begun):
        if answer and not unsure(answer[0].line.text) and (picked := meant(one.options, answer[0].line.text)):
            return Finding(picked, answer[0].line.text, answer[0].line.id, 0.7)
    return None


def _yes_or_no(reading: Reading, one: Field) -> Finding | None:
    """The option that a bare yes or no means, where there is one."""
    answer = reading.matcher.best(one.name, 1.0)
    said_so = polarity(answer[0].line.text) if answer else ""
    meant = {"yes": _YES_OPTIONS, "no": _NO_OPTIONS}.get(said_so, frozenset())
    picked = next((option for option in one.options if option.lower() in meant), None)
    return proven(picked, answer[0], 0.75) if picked else None


def read_enums(reading: Reading, one: Field) -> Finding | None:
    """Every option that is named or meant: in the answer to the field's question, where it was asked."""
    picked: dict[str, Statement] = {}
    answer = {statement.line.number for statement in reading.matcher.best(one.name, 0.9)}
    begun = {statement.line.number for statement in opened(reading.matcher.talk)}
    for statement in reading.matcher.talk.statements:
        if answer and statement.line.number not in answer:
            continue
        for option in one.options:
            for place in option_places(option, statement.text):
                if not negated_before(statement.text[:place]):
                    picked.setdefault(option, statement)
        if answer or statement.line.number in begun:
            for option in all_meant(one.options, statement.text):
                picked.setdefault(option, statement)
    if not picked:
        return None
    values = [option for option in one.options if option in picked]
    lines = {statement.line.number for statement in picked.values()}
    first = min(picked.values(), key=lambda statement: statement.place)
    quote = first.line.text if len(lines) == 1 else first.quote()
    return Finding(values, quote, first.line.id, 0.8)
