"""Numbers known by their shape alone: telephones, payment cards, and long numbers that can only identify something."""

from __future__ import annotations

import re

from parley.privacy.checksums import digits_of, is_luhn
from parley.privacy.cues import cue
from parley.privacy.rules import IDENTIFIER, NOT_PERSONAL, Rule, RuleRecognizer, labelled

_START = r"(?<![\w.,€$£@#/\-])"
_END = r"(?!\w|[.,:]\d|\s?(?:€|%|EUR|USD))"
_EXTENSION = r"(?:[ ]{0,2}(?:x|ext\.?|extension|#|Durchwahl|DW|Apparat)[ .:]{0,2}\d{1,6})?"
# A run of digits in any of the ways people group them; `_is_phone` decides what it is.
_GROUPED = re.compile(
    rf"{_START}(?:\(?(?:\+|00)\d{{1,3}}\)?[\s.\-/]{{0,2}})?(?:\(\d{{1,5}}\)[\s.\-/]{{0,2}})?\d{{1,12}}"
    rf"(?:[ .\-/]{{1,2}}\d{{2,12}}|[ ]?\(\d\)[ ]?\d+){{0,5}}{_EXTENSION}{_END}",
    re.IGNORECASE,
)
_BEHIND_LABEL = r"\+?\(?\d[\d\s().\-/]{3,22}\d(?:\s*(?:x|ext\.?|extension|#|DW)\s*\d{1,6})?(?!\w)"
_CARD = re.compile(r"(?<![\w.\-])\d(?:[ \-.]?\d){11,18}(?!\w)")
_LONG = re.compile(rf"{_START}\d(?:[ \-./]?\d){{5,24}}{_END}")
_MIXED = re.compile(r"(?<![\w@./\-])(?=[A-Z0-9\-]*\d)(?=[A-Z0-9\-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*(?![\w@])")

_DATE_OR_AMOUNT = re.compile(
    r"(?:\d{1,2}[./\- ]{1,2}\d{1,2}[./\- ]{1,2}\d{4}"  # 11/03/2025
    r"|\d{1,2}[./\-]\s?\d{1,2}[./\-]\s?\d{2}"  # 11.03.25
    r"|\d{4}[./\-]\d{1,2}[./\-]\d{1,2}"  # 2025-03-11
    r"|(?:19|20)\d{2}\s?[\-/]\s?\d{2,4}"  # 2024/25
    r"|\d{1,2}[./]\d{1,2}\.?\s?-\s?\d{1,2}[./]\d{1,2}\.?(?:\d{4})?"  # 3.5.-7.5.
    r"|\d{1,2}[.:\-]\d{2}\s?-\s?\d{1,2}[.:]\d{2}"  # 17.00-18.30
    r"|\d{1,2}[./\- ]\d{4}"  # 03/2025
    r"|\d{1,3}(?:[. ]000)+)"  # 12.000
    r"(?:[ .]\d{1,2}(?:[.:]\d{2})?)?"
)
_TIME_SPAN = re.compile(r"\d{1,2}(?:[.: ]\d{2})?(?:\s*-\s*\d{1,2}(?:[.:]\d{2})?)?")
_PHONE_SHAPES = re.compile(
    r"\(?\d{3}\)?[ .\-/]{1,2}\d{3}[ .\-/]\d{4}|\d{3}[.\-]\d{4}|1[ .\-]\d{3}[ .\-]\d{3}[ .\-]\d{4}|\d{10}"
    r"|0\d[\d ().\-/]{4,}\d|\d{2}(?: \d{2}){3,4}|\d{3,4}[ .\-/]\d{3,4}(?:[ .\-/]\d{2,4})?|\d{2,5}[/\-]\d{5,9}"
    r"|\d{3}[ .\-]\d{2}[ .\-]\d{2}[ .\-]\d{2,3}|\d{2,4}[ .\-]\d{3,4}[ .\-]\d{3,5}|\d{4,5} \d{5,6}"
)


def _is_phone(value: str) -> bool:
    bare = re.split(r"\s*(?:x|ext|#|D|A)", value, maxsplit=1)[0].strip()
    if not 7 <= len(digits_of(bare)) <= 15 or _DATE_OR_AMOUNT.fullmatch(bare):
        return False
    return bare.startswith(("+", "(", "00")) or bare != value.strip() or bool(_PHONE_SHAPES.fullmatch(bare))


def _is_labelled_phone(value: str) -> bool:
    bare = value.strip()
    return 5 <= len(digits_of(bare)) <= 16 and not (_DATE_OR_AMOUNT.fullmatch(bare) or _TIME_SPAN.fullmatch(bare))


def _is_identifying(value: str) -> bool:
    """A long run of digits that is no date and no round number: nobody says it but to identify something."""
    digits = digits_of(value)
    return len(digits) >= 6 and not _DATE_OR_AMOUNT.fullmatch(value) and not re.fullmatch(r"0+|[1-9]\d?0{4,}", digits)


def _is_mixed(value: str) -> bool:
    return len(digits_of(value)) >= 4 and len(value) >= 7


def _is_card(value: str) -> bool:
    return 12 <= len(digits_of(value)) <= 19 and is_luhn(value)


def number_recognizers() -> list[RuleRecognizer]:
    """Recognisers of telephone and card numbers and of other identifiers that show no kind."""
    return [
        RuleRecognizer(
            "phone",
            [
                Rule("CREDIT_CARD", _CARD, 0.95, check=_is_card, unless=NOT_PERSONAL),
                Rule("PHONE_NUMBER", _GROUPED, 0.75, check=_is_phone, unless=NOT_PERSONAL),
                Rule("PHONE_NUMBER", labelled(cue("phone"), _BEHIND_LABEL), 0.8, check=_is_labelled_phone),
                Rule("DEVICE_ID", labelled(cue("device"), IDENTIFIER), 0.7, check=_is_identifying),
                Rule("ID_NUMBER", _LONG, 0.6, check=_is_identifying, unless=NOT_PERSONAL),
                Rule("ID_NUMBER", _MIXED, 0.55, check=_is_mixed, unless=NOT_PERSONAL),
            ],
        ),
    ]
