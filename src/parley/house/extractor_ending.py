"""Fields about a talk as a whole: how it ended, what comes next, whether it was settled, how the caller sounded.

Nobody is asked for these. What the agent says at the end proves them as well as what the caller says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parley.house.extractor_match import terms
from parley.house.extractor_reading import Reading, negated_before
from parley.house.extractor_talk import sentences
from parley.house.extractor_words import alike, field_lexicon, folded
from parley.understanding import Field, Finding, Line

_ENDING = re.compile(
    r"outcome|result|disposition|resolution(?!_requested)|next_?step|final|follow_?up|ergebnis|ausgang|nächster|"
    r"naechster|abschluss|(?:call|conversation|ticket|case|issue|lead|booking|appointment|order|request|claim)_?status|"
    r"^status$",
    re.IGNORECASE,
)
_SETTLED = re.compile(
    r"resolved|settled|solved|completed|erledigt|gelöst|geloest|abgeschlossen|geklärt|geklaert", re.IGNORECASE
)
_MOOD = re.compile(r"sentiment|mood|tone$|emotion|stimmung|tonfall|laune|gemüt|attitude", re.IGNORECASE)


def about_ending(one: Field) -> bool:
    """Whether a field may be proven by what the agent says: how a talk ended, whether its matter was settled."""
    name = one.path[-1] if one.path else one.name
    return (one.kind == "enum" and bool(_ENDING.search(name))) or (
        one.kind == "boolean" and bool(_SETTLED.search(name))
    )


def read_ending(reading: Reading, one: Field) -> Finding | None:
    """The option that the talk ended with, the last one that was spoken of; None for a field of something else."""
    if not about_ending(one) or one.kind != "enum":
        return None
    names = {option: _names(option) for option in one.options}
    for line, sentence in _backwards(reading):
        for ending in field_lexicon().endings:
            said = ending.agent if line.speaker == "agent" else ending.caller
            if said is None or not said.search(sentence) or (line.speaker == "agent" and _offers(sentence)):
                continue
            picked = [option for option, own in names.items() if own & ending.names]
            if len(picked) == 1:
                return Finding(picked[0], sentence, line.id, 0.7)
    return None


def read_settled(reading: Reading, one: Field) -> Finding | None:
    """True where the agent says that it is done and the caller does not object; False where the caller does."""
    if one.kind != "boolean":
        return None
    settled = field_lexicon().settled
    if not about_ending(one):
        return _done(reading, one) if _DONE.search(one.name) else None
    for line, sentence in _backwards(reading):
        if line.speaker == "caller" and settled["denied"].search(sentence):
            return Finding(False, sentence, line.id, 0.65)
        if line.speaker != "agent" or not settled["agent"].search(sentence) or _offers(sentence):
            continue
        if settled["open"].search(sentence):
            return None  # "I've opened a ticket"
        if not settled["begun"].search(sentence):
            return Finding(True, sentence, line.id, 0.65)
    return None


_DONE = re.compile(
    r"(?:^|_)(?:blocked|cancell?ed|booked|confirmed|sent|scheduled|transferred|refunded|dispatched|updated|waived|"
    r"credited|"
    r"gesperrt|storniert|gebucht|bestätigt|verschickt|erstattet|gutgeschrieben|weitergeleitet)(?:$|_)",
    re.IGNORECASE,
)


_SAME = tuple(
    frozenset(words.split())
    for words in (
        "booked scheduled reserved confirmed gebucht reserviert eingetragen bestätigt",
        "sent emailed mailed texted shipped dispatched verschickt geschickt gesendet",
        "blocked locked frozen gesperrt",
        "cancelled canceled storniert gekündigt",
        "transferred forwarded connected escalated weitergeleitet verbunden",
        "refunded credited reimbursed erstattet gutgeschrieben",
        "updated changed corrected geändert aktualisiert",
        "waived removed erlassen",
    )
)
_WHOLLY = re.compile(r"\b(?:all set|done|sorted|taken care of|erledigt)\b", re.IGNORECASE)
_NOT_YET = re.compile(r"\b(?:once|when|after|if|as soon as|until|sobald|wenn|nachdem|falls|bis)\b", re.IGNORECASE)


def _done(reading: Reading, one: Field) -> Finding | None:
    """That the agent did it, in the agent's words: "I've blocked the card", not "I've noted your card number"."""
    name = terms(one.path[-1] if one.path else one.name)
    deeds = {word for word in name if _DONE.fullmatch(word)}
    deeds |= {other for words in _SAME if words & deeds for other in words}
    for line, sentence in _backwards(reading):
        told = line.speaker == "agent" and field_lexicon().settled["agent"].search(sentence) and not _offers(sentence)
        if not told or _NOT_YET.search(sentence):
            continue
        spoken = [word.lower() for word in re.findall(r"[^\W\d_]+", sentence)]
        wanted = name if _WHOLLY.search(sentence) else deeds
        if any(alike(word, other) for word in wanted for other in spoken):
            return Finding(True, sentence, line.id, 0.65)
    return None


def read_mood(reading: Reading, one: Field) -> Finding | None:
    """How the caller sounded last, by his words; None where he sounded like nothing, or for another field."""
    if one.kind != "enum" or not _MOOD.search(one.path[-1] if one.path else one.name):
        return None
    moods = field_lexicon().moods
    for line, sentence in _backwards(reading):
        if line.speaker != "caller":
            continue
        for mood in ("strong", "mild", "glad"):
            if _sounds(mood, moods.said[mood], sentence) and (option := _sounding(one, mood)):
                return Finding(option, sentence, line.id, 0.65)
    return None


def _sounds(mood: str, words: re.Pattern[str], sentence: str) -> bool:
    """Whether a word of a mood is said and not denied; "never been so upset" denies no displeasure."""
    led = [sentence[: match.start()] for match in words.finditer(sentence)]
    return any(not (negated_before(before) if mood == "glad" else _NOT.search(before)) for before in led)


_NOT = re.compile(r"(?:\b(?:not|nicht)|n't) (?:really |that |so |all that |wirklich |so )?$", re.IGNORECASE)


def _sounding(one: Field, mood: str) -> str | None:
    """The option for a mood; anger and displeasure stand for each other where there is only one of them."""
    order = {"strong": ("strong", "mild"), "mild": ("mild", "strong"), "glad": ("glad",)}[mood]
    options = field_lexicon().moods.options
    for each in order:
        for option in one.options:
            if _names(option) & options[each]:
                return option
    return None


def _names(option: str) -> set[str]:
    words = [folded(word) for word in re.findall(r"[^\W\d_]+", option)]
    return {*words, "".join(words)}


def _offers(sentence: str) -> bool:
    return sentence.rstrip().endswith("?") and _ASKS.match(sentence) is not None


_ASKS = re.compile(
    r"\W*(?:(?:and|so|okay|ok|und|also|well)\W+)?(?:shall|should|would|could|can|may|do|does|did|will|want|is|are|have|"
    r"what|when|where|how|who|which|möchten|soll\w*|darf|dürfen|kann|können|wollen|wie|was|wann|wo|haben|ist|sind)\b",
    re.IGNORECASE,
)


def _backwards(reading: Reading) -> Iterator[tuple[Line, str]]:
    for line in reversed(reading.matcher.talk.lines):
        for sentence in reversed(sentences(line.text)):
            yield line, sentence
