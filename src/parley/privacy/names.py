"""People's names: behind a cue ("my name is"), a title, or by what the words of a run of capitals are known to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from typing_extensions import override

from parley.privacy.cues import cue
from parley.privacy.name_words import WORD, Word, is_function_word, kind_of, words_of
from parley.privacy.rules import LANGUAGE
from parley.privacy.words import cities, lines, proper_words

_TITLE = cue("title")
_TITLE_BEFORE = re.compile(
    rf"(?<!\w){_TITLE}(?:\.|\b)(?:[ -]?(?:{_TITLE}|med|phil|jur|rer|nat)\b\.?)*[ ]$", re.IGNORECASE
)
_NAME_IS = re.compile(rf"\b{cue('name_is')}\s*(?:[:=\-]|\bist\b|\bis\b)?\s*[\"“']?$", re.IGNORECASE)
_SAID_NAME_IS = re.compile(
    r"\b(?:name(?:'s)?\s+(?:is|ist)|in\s+the\s+name\s+of|ich\s+heiße|(?:auf\s+den|unter\s+dem)\s+namen|under\s+the\s+name(?:\s+of)?)\s+$",
    re.IGNORECASE,
)
_CUE = re.compile(rf"\b{cue('name_cue')}\s*[,:\-–!]?\s*$", re.IGNORECASE)
_HINT = re.compile(rf"\b{cue('name_hint')}\s+$", re.IGNORECASE)
_ACTS = re.compile(rf"\s+{cue('name_acts')}\b", re.IGNORECASE)
_AFTER = re.compile(rf"\s*{cue('name_after')}", re.IGNORECASE)
_ARTICLE = re.compile(
    r"\b(?:the|an?|this|that|my|your|our|der|die|das|eine?n?|kein|mein|dein|unser)\s+$", re.IGNORECASE
)
_IN = re.compile(r"\b(?:in|near|around|within|nach|located|area\s+of|im|nähe)\s+$", re.IGNORECASE)
_AT = re.compile(r"\b(?:at|bei|beim|im|visit|eat|to|zu|try)\s+(?:the\s+)?$", re.IGNORECASE)
_OPENING = re.compile(r"(?:^|[.!?:\n\"“(*\-•])\s*$")
_FIRM = re.compile(
    r"\b(?:restaurant|place|hotel|bar|café|cafe|bistro|lokal|shop|salon|firma|company)(?:'s)?\s+(?:name\s+)?(?:(?:is|was|will\s+be|heißt|ist)\s+)?(?:called|named|namens|is)?\s*$",
    re.IGNORECASE,
)
_PLACE_PREFIX = frozenset(
    "san santa los las la palo saint st fort port mount lake new north south east west upper lower bad sankt".split()
)
_JOINED = re.compile(r"\s*(?:,|&|/)\s*|\s*,?\s+(?:and|und|or|oder|sowie|with|mit)\s+", re.IGNORECASE)
_LINK = re.compile(r"[ ]|\.[ ]?|,[ ](?=[JS]r)")


class NameRecognizer(EntityRecognizer):
    """Names by cue, title, list and shape, with a score for how much speaks for them."""

    def __init__(self) -> None:
        super().__init__(["PERSON"], name="names", supported_language=LANGUAGE)

    @override
    def load(self) -> None:
        """Nothing to load: the lists are read on first use."""

    @override
    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Names in text order, doubtful ones with a score under 0.5."""
        words = words_of(text)
        found: list[RecognizerResult] = []
        index = 0
        while index < len(words):
            length, score = _name_at(text, words, index)
            if length:
                last = words[index + length - 1]
                end = last.end - (2 if last.text.endswith(("'s", "’s")) else 0)
                found.append(RecognizerResult("PERSON", words[index].start, end, score))
            index += max(1, length)
        _raise_joined(text, found)
        _raise_repeated(text, found)
        return found


def _raise_joined(text: str, found: list[RecognizerResult]) -> None:
    """ "Anna and Wei": beside a certain name, a doubtful one is a name as well."""
    for one, other in [*pairwise(found), *pairwise(reversed(found))]:
        first, second = sorted((one, other), key=lambda r: r.start)
        abbreviated = text[other.end : other.end + 1] == "." and text[other.end + 1 : other.end + 2] not in (
            "",
            " ",
            "\n",
        )
        if (
            one.score >= 0.6
            and 0.2 <= other.score < 0.5
            and not abbreviated
            and _JOINED.fullmatch(text, first.end, second.start)
        ):
            other.score = 0.6


def _raise_repeated(text: str, found: list[RecognizerResult]) -> None:
    """A word of a certain name is a name wherever it stands again: "Maria Stone … Stone said"."""
    certain = {word for r in found if r.score >= 0.7 for word in text[r.start : r.end].split() if len(word) > 2}
    for result in found:
        if result.score < 0.6 and certain.issuperset(text[result.start : result.end].split()):
            result.score = 0.6


def _name_at(text: str, words: list[Word], index: int) -> tuple[int, float]:
    """How many words from `index` on are a name, and how sure that is; (0, 0.0) where none begins."""
    word = words[index]
    before = text[max(0, word.start - 60) : word.start]
    if is_function_word(word.text.lower()):
        return 0, 0.0
    if word.kind == "P":
        return _behind_particle(text, words, index)
    if word.text[0].isupper() and _TITLE_BEFORE.search(before):
        return _run(text, words, index, anything=True), 0.9
    if _NAME_IS.search(before):
        length = _run(text, words, index, anything=True)
        if length and text[words[index + length - 1].end :][:1] != ":":
            return length, 0.85
    if not word.text[0].isupper() and _SAID_NAME_IS.search(before):
        return _said(text, words, index), 0.8
    length = _run(text, words, index)
    return (length, _Case(text, words[index : index + length], before).score()) if length else (0, 0.0)


def _behind_particle(text: str, words: list[Word], index: int) -> tuple[int, float]:
    """ "van der Berg": particles and the name they lead to; (0, 0.0) for "la", "da" or "zum" on their own."""
    particles = next((n for n, word in enumerate(words[index:]) if word.kind != "P"), 0)
    if not particles or index + particles >= len(words):
        return 0, 0.0
    between = text[words[index + particles - 1].end : words[index + particles].start]
    length, score = _name_at(text, words, index + particles) if between == " " else (0, 0.0)
    dutch = (
        words[index].text.lower() in ("van", "von", "de") and length == 1 and words[index + particles].text[0].isupper()
    )
    return (particles + length, max(score, 0.5)) if dutch else (0, 0.0)


def _said(text: str, words: list[Word], index: int) -> int:
    """Words in small letters behind "my name is": the first whatever it is, the next where it can be a name."""
    following = words[index + 1] if index + 1 < len(words) else None
    goes_on = following and text[words[index].end : following.start] == " " and _is_listed(following)
    return 2 if goes_on else 1


def _is_listed(word: Word) -> bool:
    return not is_function_word(word.text.lower()) and kind_of(word.text) in "FLlU"


def _run(text: str, words: list[Word], index: int, *, anything: bool = False) -> int:
    """The number of words, joined by a space (or a point behind an initial), that can make up a name."""
    length = 0
    surname_due = False
    for offset, word in enumerate(words[index : index + 6]):
        if offset and not _is_linked(text, words[index + offset - 1], word):
            break
        if word.kind == "P" and offset:
            continue
        if not _can_be_part(word, anything=anything or surname_due):
            break
        surname_due = word.kind == "F" and word.text[0].isupper()
        length = offset + 1
        if length == 4 or word.text.endswith(("'s", "’s")):
            break
    return length


def _is_linked(text: str, last: Word, word: Word) -> bool:
    between = text[last.end : word.start]
    return bool(_LINK.fullmatch(between + text[word.start : word.start + 2], 0, len(between))) and (
        not between.startswith(".") or last.kind == "I"
    )


def _can_be_part(word: Word, *, anything: bool) -> bool:
    if not word.able or is_function_word(word.text.lower()):
        return False
    if word.kind in "FfLlUI":
        return True
    ordinary = word.text.istitle() and word.lower not in lines("month_names") and word.lower not in lines("place_words")
    return anything and word.kind == "O" and ordinary


@dataclass(frozen=True, slots=True)
class _Case:
    """A run of words that may be a name, and what speaks for and against it."""

    text: str
    run: list[Word]
    before: str

    @property
    def after(self) -> str:
        return self.text[self.run[-1].end : self.run[-1].end + 24]

    @property
    def kinds(self) -> str:
        return "".join(word.kind for word in self.run if word.kind != "P")

    def is_cued(self) -> bool:
        return bool(_CUE.search(self.before)) or bool(_AFTER.match(self.after))

    def is_placed(self) -> bool:
        """Whether the words around make it a place, a dish or a firm: "Caesar salad", "in Fremont", "San Jose"."""
        following = WORD.match(self.after[1:]) if self.after.startswith(" ") else None
        preceding = re.search(r"([^\W\d_]+)[. ]{1,2}$", self.before)
        previous = preceding[1].lower() if preceding else ""
        return (
            bool(following and following.group().lower() in lines("place_words"))
            or previous in lines("place_words")
            or previous in _PLACE_PREFIX
            or bool(_FIRM.search(self.before))
            or (len(self.run) > 1 and self.run[0].lower in _PLACE_PREFIX)
            or (self.kinds[0] != "F" and bool(_IN.search(self.before)))
        )

    def score(self) -> float:
        cued, kinds = self.is_cued() and not _FIRM.search(self.before), self.kinds
        if not cued and self.is_placed():
            return 0.0
        if len(self.run) == 1:
            return self._score_alone(cued=cued)
        if "F" in kinds and len(kinds) > 1:
            return 0.85
        if kinds[0] in "fU" and "L" in kinds:
            return 0.75
        if kinds in ("LL", "Lf", "Ll", "LU", "LI", "LIL", "IL", "IU", "UL", "lL"):
            return 0.7 if cued or kinds[0] == "I" else 0.5
        if kinds[0] == "f" and kinds[-1] in "lfU":
            return 0.6 if cued or not _OPENING.search(self.before) else 0.4
        if set(kinds) == {"U"}:
            return 0.7 if cued else 0.5
        return 0.6 if cued and kinds[-1] != "I" else 0.3

    def _score_alone(self, *, cued: bool) -> float:
        word, kind = self.run[0], self.kinds
        if kind == "I" or (word.text.endswith(("'s", "’s")) and _AT.search(self.before)):
            return 0.0
        hinted = cued or bool(_HINT.search(self.before))
        if kind == "F":
            doubtful = word.lower in cities() or word.lower in proper_words() or bool(_IN.search(self.before))
            return 0.75 if cued else 0.4 if doubtful else 0.6
        if kind == "L":
            certain = not _OPENING.search(self.before) and word.lower not in cities()
            return 0.65 if cued else 0.5 if certain else 0.4
        if kind == "U":
            return 0.55 if cued else 0.4 if hinted else 0.2
        if cued and kind == "f":
            return 0.5
        acts = bool(_ACTS.match(self.after)) and not _ARTICLE.search(self.before)
        return 0.5 if acts and word.lower not in lines("month_names") else 0.36 if hinted else 0.3
