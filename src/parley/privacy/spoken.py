"""Personal data as a recogniser of speech writes it: "oh one seven one", "john dot smith at example dot com"."""

from __future__ import annotations

import re
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from typing_extensions import override

from parley.privacy.checksums import is_luhn
from parley.privacy.cues import cue
from parley.privacy.rules import LANGUAGE, NEAR, NOT_PERSONAL

_UNITS = (
    ("zero", "oh", "o", "null", "nought"),
    ("one", "eins", "ein"),
    ("two", "zwei", "zwo"),
    ("three", "drei"),
    ("four", "vier"),
    ("five", "fünf", "fuenf"),
    ("six", "sechs"),
    ("seven", "sieben"),
    ("eight", "acht"),
    ("nine", "neun", "niner"),
)
_DIGITS = {word: str(digit) for digit, words in enumerate(_UNITS) for word in words}
_TIMES = {"double": 2, "doppel": 2, "zweimal": 2, "triple": 3, "treble": 3, "dreimal": 3}
_UNIT, _TEEN, _TEN = cue("said_unit"), cue("said_teen"), cue("said_ten")
_WORD = (
    rf"(?:(?:{'|'.join(_TIMES)})[\s\-]+{_UNIT}|(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und{_TEN}"
    rf"|{_TEN}(?:[\s\-]{_UNIT})?|{_TEEN}|{_UNIT}|\d{{1,4}})"
)
_GAP = r"(?:[\s,\-]|\.\s|\s(?:dash|hyphen|minus|strich|space|slash|schrägstrich)\s){1,3}"
_RUN = re.compile(rf"(?<![\w\-])(?:plus[\s,]+)?{_WORD}(?:{_GAP}{_WORD})+(?!\w)", re.IGNORECASE)
_ONE_WORD = re.compile(_WORD, re.IGNORECASE)
_LABEL = re.compile(rf"{cue('spoken_label')}\b[^.!?]{{0,30}}$", re.IGNORECASE)

_DOT = r"(?:dot|punkt|point)"
_MARK = r"(?:dot|punkt|point|underscore|unterstrich|dash|hyphen|minus|bindestrich|plus)"
_TLD = (
    r"(?:com|org|net|edu|gov|io|info|biz|de|at|ch|uk|co|us|eu|fr|es|it|nl|ca|au|in|dev|app|me|online|shop|email|name)"
)
_MAIL = re.compile(
    rf"(?<![\w.+])(?:(?:[a-z]\s+){{2,24}}[a-z]\b|[\w.+]{{1,64}}+(?:\s+{_MARK}\s+[\w.]{{1,64}}+){{0,4}})"
    rf"\s*(?:\s(?:at|ät|ett|at\s+sign|klammeraffe)\s|@\s?)\s*"
    rf"[\w\-]{{1,64}}(?:\s+{_MARK}\s+[\w\-]{{1,64}}){{0,4}}?\s+{_DOT}\s+{_TLD}(?:\s+{_DOT}\s+{_TLD})?\b"
    r"|(?<![\w.+\-])[\w.+\-]{1,64}+\s*[(\[]\s*(?:at|ät)\s*[)\]]\s*[\w\-]+(?:\s*[(\[]\s*(?:dot|punkt)\s*[)\]]\s*[\w\-]+|\.[\w\-]+)+",
    re.IGNORECASE,
)
_SITE = re.compile(
    rf"\b(?:(?:www|w\s+w\s+w)\s+{_DOT}\s+)?(?<![\w\-])[\w\-]{{1,64}}+\s+{_DOT}\s+(?:com|org|net|de|at|ch|io|co\s+{_DOT}\s+uk)\b",
    re.IGNORECASE,
)
_SPELLED = re.compile(r"(?<![\w\-.])[A-Za-z](?:\s?[\-.]\s?[A-Za-z]|,?\s[A-Za-z](?![\w'])){3,20}(?![\w\-])")
_SPELL_CUE = re.compile(
    r"(?:spell\w*|name\w*|surname|buchstabier\w*|that'?s|geschrieben|schreibt\s+man\w*)\W[^.!?]{0,40}$", re.IGNORECASE
)


class SpokenRecognizer(EntityRecognizer):
    """Numbers said digit by digit, e-mail addresses and sites said aloud, names spelled letter by letter."""

    def __init__(self) -> None:
        kinds = ["CREDIT_CARD", "PHONE_NUMBER", "ID_NUMBER", "EMAIL_ADDRESS", "DOMAIN_NAME", "PERSON"]
        super().__init__(kinds, name="spoken", supported_language=LANGUAGE)

    @override
    def load(self) -> None:
        """Nothing to load."""

    @override
    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Every spoken form in the text."""
        found = [RecognizerResult("EMAIL_ADDRESS", *match.span(), 0.9) for match in _MAIL.finditer(text)]
        found += [RecognizerResult("DOMAIN_NAME", *match.span(), 0.7) for match in _SITE.finditer(text)]
        found += [
            RecognizerResult("PERSON", *match.span(), 0.7)
            for match in _SPELLED.finditer(text)
            if _SPELL_CUE.search(text[max(0, match.start() - NEAR) : match.start()])
        ]
        return found + [result for match in _RUN.finditer(text) if (result := _number(match, text))]


def _number(match: re.Match[str], text: str) -> RecognizerResult | None:
    """What a run of said digits is by its length: "seven thirty" is a time, six digits or more are not."""
    words = [word.group() for word in _ONE_WORD.finditer(match.group())]
    before = text[max(0, match.start() - NEAR) : match.start()]
    if sum(word[0].isalpha() for word in words) < 3 or NOT_PERSONAL.search(before):
        return None
    digits = "".join(map(_digits_said, words))
    if len(digits) < (4 if _LABEL.search(before) else 6):
        return None
    if 13 <= len(digits) <= 19:
        return RecognizerResult("CREDIT_CARD", *match.span(), 0.9 if is_luhn(digits) else 0.7)
    return RecognizerResult("PHONE_NUMBER" if len(digits) >= 7 else "ID_NUMBER", *match.span(), 0.75)


def _digits_said(said: str) -> str:
    """The digits of one said word: "double four" is 44, "oh" 0. Of a ten only the count of digits matters here."""
    first, *rest = re.split(r"[\s\-]+", said.lower())
    if first in _TIMES:
        return _DIGITS[rest[0]] * _TIMES[first]
    return first if first.isdigit() else _DIGITS.get(first, "00")


def said_digits(text: str) -> str:
    """The digits of a number said digit by digit: "oh one seven, double four" is 01744."""
    return "".join(_digits_said(word.group()) for word in _ONE_WORD.finditer(text))
