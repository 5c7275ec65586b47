"""Numbers by which banks, states, insurers and employers know a person."""

from __future__ import annotations

import re
from collections.abc import Callable

from parley.privacy.checksums import (
    digits_of,
    is_german_tax_id,
    is_iban,
    is_nhs_number,
    is_spanish_id,
    is_us_ssn,
)
from parley.privacy.cues import cue
from parley.privacy.rules import IDENTIFIER, NOT_PERSONAL, Rule, RuleRecognizer, labelled
from parley.privacy.words import common_words

_IBAN = re.compile(r"(?<![\w])[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]{4}){2,7}(?:[ \-]?[A-Z0-9]{1,4})?(?![\w])", re.I)
_BIC_COUNTRY = (
    r"(?:DE|AT|CH|GB|US|FR|ES|IT|NL|BE|LU|IE|PT|PL|CZ|SK|HU|SE|DK|NO|FI|GR|RO|BG|HR|SI|LT|LV|EE|CY|MT|IS|LI|CA|AU|NZ|JP|CN|HK|SG|IN|TR|"
    r"BR|MX|ZA|AE|SA|IL|KR|RU|UA)"
)
_BIC = re.compile(rf"\b[A-Z]{{4}}{_BIC_COUNTRY}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?\b")
_WALLET = re.compile(
    r"\b(?:(?:bc1|ltc1|tb1)[a-z0-9]{25,62}|[13LM][a-km-zA-HJ-NP-Z1-9]{25,34}|0x[0-9a-fA-F]{40}|r[1-9A-HJ-NP-Za-km-z]{24,34}|4[0-9AB][1-9A-HJ-NP-Za-km-z]{93})\b"
)
_NINO = re.compile(
    r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ \-]?\d{2}[ \-]?\d{2}[ \-]?\d{2}[ \-]?[A-D]\b", re.I
)
_INSEE = re.compile(
    r"(?<!\d)[12][ .]?\d{2}[ .]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .]?(?:\d{2}|2[AB])[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d{2})?(?!\d)"
)
_CODICE = re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b", re.I)
_GERMAN_PENSION = re.compile(
    r"(?<!\w)\d{2}[ ]?(?:0[1-9]|[12]\d|3[01]|[5-9]\d)(?:0[1-9]|1[0-2])\d{2}[ ]?[A-Z][ ]?\d{2}[ ]?\d(?!\w)"
)
_UK_PLATE = re.compile(r"\b[A-Z]{2}\d{2}[ ]?[A-Z]{3}\b")
_GERMAN_PLATE = re.compile(r"(?<![\w\-])[A-ZÄÖÜ]{1,3}[\-:][ ]?[A-Z]{1,2}[ \-]?\d{1,4}[EH]?(?![\w\-])")


def _has(digits: int) -> Callable[[str], bool]:
    return lambda value: len(digits_of(value)) >= digits


def _is_plate(value: str) -> bool:
    return 4 <= len(value) <= 18 and bool(re.search(r"\d", value)) and bool(re.search(r"[A-Z]", value))


def _is_vin(value: str) -> bool:
    return bool(re.search(r"\d", value)) and bool(re.search(r"[A-Z]", value))


def record_recognizers() -> list[RuleRecognizer]:
    """Recognisers of account, card, policy, licence, vehicle and national numbers, by shape, check digit or label."""
    return [
        RuleRecognizer(
            "money",
            [
                Rule("IBAN_CODE", _IBAN, 1.0, check=is_iban),
                Rule("IBAN_CODE", _IBAN, 0.6, check=lambda v: len(digits_of(v)) >= 8, unless=NOT_PERSONAL),
                Rule("SWIFT_CODE", _BIC, 0.6, check=lambda v: any(c.isdigit() for c in v)),
                Rule("SWIFT_CODE", _BIC, 0.4, check=lambda v: v.lower() not in common_words()),
                Rule(
                    "SWIFT_CODE",
                    labelled(r"bic|swift(?:[\s/\-]*bic)?", r"[A-Za-z]{6}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?\b"),
                    0.85,
                ),
                Rule("CRYPTO", _WALLET, 0.9, check=_has(3)),
                Rule("CREDIT_CARD", labelled(cue("card"), IDENTIFIER), 0.8, check=_has(12)),
                Rule("ACCOUNT_NUMBER", labelled(cue("account"), IDENTIFIER), 0.8, check=_has(4)),
            ],
        ),
        RuleRecognizer(
            "records",
            [
                Rule("POLICY_NUMBER", labelled(cue("policy"), IDENTIFIER), 0.8, check=_has(4)),
                Rule("NATIONAL_ID", labelled(cue("patient"), IDENTIFIER), 0.78, check=_has(4)),
            ],
        ),
        RuleRecognizer(
            "national",
            [
                Rule("US_SSN", re.compile(r"(?<![\w\-.])\d{3}[\- .]\d{2}[\- .]\d{4}(?![\w\-])"), 0.9, check=is_us_ssn),
                Rule("NATIONAL_ID", re.compile(r"(?<![\w\-.])\d{3}[\- ]\d{2}[\- ]\d{4}(?![\w\-])"), 0.6),
                Rule("NATIONAL_ID", _NINO, 0.9),
                Rule(
                    "NATIONAL_ID",
                    re.compile(r"(?<![\w\-])\d{3}[ \-]?\d{3}[ \-]?\d{4}(?![\w\-])"),
                    0.6,
                    check=is_nhs_number,
                    unless=NOT_PERSONAL,
                ),
                Rule(
                    "NATIONAL_ID",
                    re.compile(r"(?<![\w\-])\d{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}(?![\w\-])"),
                    0.85,
                    check=is_german_tax_id,
                    unless=NOT_PERSONAL,
                ),
                Rule(
                    "NATIONAL_ID", re.compile(r"\b(?:[XYZxyz][ \-]?)?\d{7,8}[ \-]?[A-Za-z]\b"), 0.9, check=is_spanish_id
                ),
                Rule("NATIONAL_ID", _INSEE, 0.8, unless=NOT_PERSONAL),
                Rule("NATIONAL_ID", _CODICE, 0.95),
                Rule("NATIONAL_ID", _GERMAN_PENSION, 0.9),
                Rule("NATIONAL_ID", re.compile(r"(?<![\w\-.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"), 0.9),
                Rule("NATIONAL_ID", re.compile(r"(?<![\w\-.])756\.\d{4}\.\d{4}\.\d{2}(?!\w)"), 0.95),
                Rule("NATIONAL_ID", labelled(cue("national"), IDENTIFIER), 0.8, check=_has(4)),
                Rule("PASSPORT", labelled(cue("passport"), IDENTIFIER), 0.85, check=_has(4)),
                Rule("DRIVER_LICENSE", labelled(cue("licence"), IDENTIFIER), 0.8, check=_has(4)),
            ],
        ),
        RuleRecognizer(
            "vehicle",
            [
                Rule(
                    "VEHICLE_ID",
                    labelled(cue("plate"), rf"(?:[A-ZÄÖÜ]{{1,3}}[ \-][A-Z]{{1,2}}[ \-]?\d{{1,4}}[EH]?\b|{IDENTIFIER})"),
                    0.75,
                    check=_is_plate,
                ),
                Rule("VEHICLE_ID", re.compile(r"\b[A-HJ-NPR-Z0-9]{17}\b"), 0.85, check=_is_vin),
                Rule("VEHICLE_ID", _UK_PLATE, 0.6),
                Rule("VEHICLE_ID", _GERMAN_PLATE, 0.55, unless=NOT_PERSONAL),
            ],
        ),
    ]
