"""Personal data as a recogniser of speech writes it: "oh one seven one", "john dot smith at example dot com"."""

from __future__ import annotations

import re
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult

from parley.privacy.checksums import is_luhn
from parley.privacy.rules import LANGUAGE, NEAR, NOT_PERSONAL

_DIGITS = {
    **dict.fromkeys(("zero", "oh", "o", "null", "nought"), "0"),
    **dict.fromkeys(("one", "eins", "ein"), "1"),
    **dict.fromkeys(("two", "zwei", "zwo"), "2"),
    **dict.fromkeys(("three", "drei"), "3"),
    **dict.fromkeys(("four", "vier"), "4"),
    **dict.fromkeys(("five", "fünf", "fuenf"), "5"),
    **dict.fromkeys(("six", "sechs"), "6"),
    **dict.fromkeys(("seven", "sieben"), "7"),
    **dict.fromkeys(("eight", "acht"), "8"),
    **dict.fromkeys(("nine", "neun", "niner"), "9"),
}
_TEENS = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|zehn|elf|zwölf|dreizehn|vierzehn|fünfzehn|sechzehn|"
    "siebzehn|achtzehn|neunzehn"
)
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|zwanzig|dreißig|dreissig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig"
_UNIT = "|".join(sorted(_DIGITS, key=len, reverse=True))
_GERMAN_TWO = rf"(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und(?:{_TENS})"
_WORD = rf"(?:(?:double|triple|treble|doppel|zweimal|dreimal)[\s\-]+(?:{_UNIT})|{_GERMAN_TWO}|(?:{_TENS})(?:[\s\-](?:{_UNIT}))?|{_TEENS}|{_UNIT}|\d{{1,4}})"
_RUN = re.compile(
    rf"(?<![\w\-])(?:plus[\s,]+)?{_WORD}(?:(?:[\s,\-]|\.\s|\s(?:dash|hyphen|minus|strich|space|slash|schrägstrich)\s){{1,3}}{_WORD})+(?![\w])",
    re.IGNORECASE,
)
_ONE_WORD = re.compile(_WORD, re.IGNORECASE)
_LABEL = re.compile(
    r"(?:number|phone|call|cell|mobile|card|account|pin|code|ssn|social|zip|postal|policy|license|passport|birth|born|iban|id|"
    r"nummer|telefon|handy|karte|konto|postleitzahl|plz|geheimzahl|ausweis|geboren|geburt\w*)\b[^.!?]{0,30}$",
    re.IGNORECASE,
)
_DOT, _MARK = r"(?:dot|punkt|point)", r"(?:dot|punkt|point|underscore|unterstrich|dash|hyphen|minus|bindestrich|plus)"
_TLD = (
    r"(?:com|org|net|edu|gov|io|info|biz|de|at|ch|uk|co|us|eu|fr|es|it|nl|ca|au|in|dev|app|me|online|shop|email|name)"
)
_LOCAL = rf"[\w.+]+(?:\s+{_MARK}\s+[\w.]+)*"
_MAIL = re.compile(
    rf"\b(?P<value>(?:(?:[a-z]\s+){{2,24}}[a-z]\b|{_LOCAL})\s*(?:\s(?:at|ät|ett|at\s+sign|klammeraffe)\s|@\s?)\s*[\w\-]+"
    rf"(?:\s+{_MARK}\s+[\w\-]+)*?\s+{_DOT}\s+{_TLD}(?:\s+{_DOT}\s+{_TLD})?)\b|"
    rf"\b[\w.+\-]+\s*[(\[]\s*(?:at|ät)\s*[)\]]\s*[\w\-]+(?:\s*[(\[]\s*(?:dot|punkt)\s*[)\]]\s*[\w\-]+|\.[\w\-]+)+",
    re.IGNORECASE,
)
_SITE = re.compile(
    rf"\b(?:(?:www|w\s+w\s+w)\s+{_DOT}\s+)?[\w\-]+\s+{_DOT}\s+(?:com|org|net|de|at|ch|io|co\s+{_DOT}\s+uk)\b",
    re.IGNORECASE,
)
_SPELLED = re.compile(r"(?<![\w\-.])(?P<value>[A-Za-z](?:\s?[\-.]\s?[A-Za-z]|,?\s[A-Za-z](?![\w'])){3,20})(?![\w\-])")
_SPELL_CUE = re.compile(
    r"(?:spell\w*|name\w*|surname|buchstabier\w*|that'?s|geschrieben|schreibt\s+man\w*)\W[^.!?]{0,40}$", re.IGNORECASE
)


class SpokenRecognizer(EntityRecognizer):  # type: ignore[misc]  # presidio ships no types
    """Numbers said digit by digit, e-mail addresses and sites said aloud, names spelled letter by letter."""

    def __init__(self) -> None:
        super().__init__(
            ["CREDIT_CARD", "PHONE_NUMBER", "ID_NUMBER", "EMAIL_ADDRESS", "DOMAIN_NAME", "PERSON"],
            name="spoken",
            supported_language=LANGUAGE,
        )

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """Every spoken form in the text."""
        found = [RecognizerResult("EMAIL_ADDRESS", *_span(match), 0.9) for match in _MAIL.finditer(text)]
        found += [RecognizerResult("DOMAIN_NAME", *match.span(), 0.7) for match in _SITE.finditer(text)]
        found += [
            RecognizerResult("PERSON", *_span(match), 0.7)
            for match in _SPELLED.finditer(text)
            if _SPELL_CUE.search(text[max(0, match.start() - NEAR) : match.start()])
        ]
        return found + [result for match in _RUN.finditer(text) if (result := _number(match, text))]


def _span(match: re.Match[str]) -> tuple[int, int]:
    """The span of a spoken address without the words that only lead up to it ("my email is", "at")."""
    return match.span("value") if match["value"] else match.span()


def _number(match: re.Match[str], text: str) -> RecognizerResult | None:
    said = match.group()
    words = [word.group() for word in _ONE_WORD.finditer(said)]
    if sum(word[0].isalpha() for word in words) < 3:
        return None
    digits = "".join(map(_digits_said, words))
    before = text[max(0, match.start() - NEAR) : match.start()]
    least = 4 if _LABEL.search(before) else 6
    if len(digits) < least or NOT_PERSONAL.search(before):
        return None
    if 13 <= len(digits) <= 19:
        return RecognizerResult("CREDIT_CARD", *match.span(), 0.9 if is_luhn(digits) else 0.7)
    return RecognizerResult("PHONE_NUMBER" if len(digits) >= 7 else "ID_NUMBER", *match.span(), 0.75)


def _digits_said(word: str) -> str:
    parts = re.split(r"[\s\-]+", word.lower())
    if parts[0] in ("double", "doppel", "zweimal"):
        return _DIGITS[parts[1]] * 2
    if parts[0] in ("triple", "treble", "dreimal"):
        return _DIGITS[parts[1]] * 3
    if parts[0].isdigit():
        return parts[0]
    return _DIGITS.get(parts[0], "00") if len(parts) == 1 else "0" + _DIGITS[parts[1]]
