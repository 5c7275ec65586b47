"""What every reader of a field needs: the talk matched to the fields, the clock, and how findings are weighed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parley.house.extractor_match import FieldWords, Matcher
from parley.house.extractor_talk import Statement
from parley.house.extractor_words import alike, folded
from parley.understanding import Finding, Value, detect_language, find_numbers, read_slots

_SPOKEN_SLOTS = {
    "party_size": (
        "party",
        "guests",
        "people",
        "persons",
        "passengers",
        "attendees",
        "adults",
        "personen",
        "gäste",
        "gästezahl",
        "personenzahl",
        "passagiere",
        "fahrgäste",
        "teilnehmer",
        "erwachsene",
    ),
    "nights": ("nights", "nächte"),
    "bedrooms": ("bedrooms", "schlafzimmer"),
    "bathrooms": ("bathrooms", "bäder"),
}
_NEGATED = re.compile(
    r"\b(?:no|non|not|never|don'?t|doesn'?t|isn'?t|aren'?t|without|except|neither|nor|kein\w*|nicht|ohne|instead of|"
    r"rather than|nie)\b[^,.;]{0,25}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the readers of fields need. `now` is the caller's local time. A sentence's slots are read once."""

    matcher: Matcher
    now: datetime
    language: str
    region: str
    _read: dict[tuple[str, str, str], Mapping[str, object]] = field(default_factory=dict)

    def slots(self, one: Statement, *, held: bool = False) -> Mapping[str, object]:
        """Slots of one sentence, with its question; the reader of slots knows words of taking back itself.

        `held`: of what is left of it after its last such word, where there is one.
        """
        text = one.held() if held else one.text
        if held and text == one.text:
            return {}
        language = detect_language(f"{one.question} {one.text}", self.language)
        asked = one.question if one.first else ""
        return self._slots_of(text, language, asked)

    def offered(self, one: Statement) -> Mapping[str, object]:
        """Slots of the agent's line before a sentence: what a yes agrees to."""
        if one.asker is None:
            return {}
        language = detect_language(one.asker.text, self.language)
        return self._slots_of(one.asker.text, language, "")

    def _slots_of(self, text: str, language: str, previous: str) -> Mapping[str, object]:
        key = (text, language, previous)
        if key not in self._read:
            reading = read_slots(text, now=self.now, language=language, previous=previous, default_region=self.region)
            self._read[key] = reading.slots
        return self._read[key]


def negated_before(before: str) -> bool:
    """Whether a text ends in a denial of what comes next."""
    return _NEGATED.search(before) is not None


def latest(found: list[tuple[float, Finding]], least: float) -> Finding | None:
    """Of findings with their scores, the last that is near the best; None where none has `least`."""
    good = [entry for entry in found if entry[0] >= least]
    if not good:
        return None
    most = max(score for score, _ in good)
    return next(finding for score, finding in reversed(good) if score >= most - 0.75)


def proven(value: Value | None, one: Statement, confidence: float) -> Finding:
    """A finding with the sentence as its proof. `confidence`: from 0 to 1."""
    return Finding(value, one.quote(), one.line.id, confidence)


def slot_of(reading: Reading, one: Statement, words: FieldWords) -> int | float | None:
    """How many guests, nights or rooms a sentence tells, of a field that is named so."""
    for slot, names in _SPOKEN_SLOTS.items():
        if any(folded(name) in map(folded, words.name) for name in (*names, slot)) or slot == words.field.name:
            if _ADULTS & {*words.name} and _CHILDREN.search(one.text):
                return None
            value = reading.slots(one, held=True).get(slot) or reading.slots(one).get(slot)
            told = find_numbers(one.held(), reading.language)
            if isinstance(value, int | float) and len(told) == 1 and told[0].value > 100:
                return told[0].value  # "a hundred and twenty" is no party of twenty
            return value if isinstance(value, int | float) else None
    return None


_ADULTS = frozenset({"adults", "erwachsene"})
_CHILDREN = re.compile(
    r"\b(?:kids?|child\w*|boys?|girls?|bab(?:y|ies)|toddlers?|kind\w*|junge\w*|mädchen)\b", re.IGNORECASE
)


def said(words: list[str], text: str) -> bool:
    """Whether a text has every one of the words, in any form."""
    spoken = [word.lower() for word in re.findall(r"[^\W\d_]+", text)]
    return all(any(alike(word, other) for other in spoken) for word in words)


def place_of(words: list[str], text: str) -> int:
    """Where the first of the words stands in a text, in any form; 0 where none does."""
    for match in re.finditer(r"[^\W\d_]+", text):
        if any(alike(word, match.group().lower()) for word in words):
            return match.start()
    return 0
