"""Dates of birth and ages. The date of a booking is nobody's secret: a date needs a birth's label beside it."""

from __future__ import annotations

import re

from parley.privacy.cues import cue
from parley.privacy.rules import Rule, RuleRecognizer

_MONTH = (
    r"(?:jan(?:uary|uar|\.)?|feb(?:ruary|ruar|\.)?|m(?:arch|ar\.?|ärz|rz\.?)|apr(?:il|\.)?|ma[yi]|june?|jun[i.]?|july?|"
    r"jul[i.]?|aug(?:ust|\.)?|sept?(?:ember|\.)?|o[ck]t(?:ober|\.)?|nov(?:ember|\.)?|de[cz](?:ember|\.)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?"
_YEAR = r"(?:19|20)\d{2}"
_ORDINAL = (
    r"(?:(?:twenty|thirty)[\s\-])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_GERMAN_ORDINAL = (
    r"(?:ersten|zweiten|dritten|vierten|fünften|sechsten|sieb(?:en)?ten|achten|neunten|zehnten|elften|zwölften|"
    r"[a-zäöüß]+(?:zehnten|zigsten|ßigsten))"
)
_CLOCK = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?"
_FULL_DATE = (
    rf"(?:\b{_YEAR}[./\-]\s?\d{{1,2}}[./\-]\s?\d{{1,2}}{_CLOCK}"
    rf"|\b\d{{1,2}}\s?[./\-]\s?\d{{1,2}}\s?[./\-]\s?(?:{_YEAR}|\d{{2}})"
    rf"|\b(?:the\s+)?{_DAY}\s?(?:of\s+)?[\s/\-]?{_MONTH}\b[\s,/\-]*(?:of\s+)?(?:{_YEAR}|'?\d{{2}})\b"
    rf"|\b{_MONTH}\b[\s/\-]*{_DAY}\s*[,/\-]?\s*(?:of\s+)?{_YEAR}\b)(?![\d/])"
)
_ANY_DATE = (
    rf"(?:{_FULL_DATE}|\b(?:the\s+)?{_DAY}\s?(?:of\s+)?[\s\-]?{_MONTH}\b"
    rf"|\b{_MONTH}\b[\s\-]*(?:the\s+)?(?:{_DAY}\b|{_ORDINAL}\b)"
    rf"|\b{_ORDINAL}\s+(?:of\s+)?{_MONTH}\b|\b{_MONTH}\b[\s,/]*{_YEAR}\b|\b{_YEAR}\b)"
)
_SAID_DAY = (
    rf"(?:(?:the\s+)?{_ORDINAL}\s+(?:of\s+)?{_MONTH}|{_MONTH}\s+(?:the\s+)?(?:{_ORDINAL}|\d{{1,2}})"
    rf"|\d{{1,2}}\.?\s+{_MONTH}|{_GERMAN_ORDINAL}\s+(?:{_MONTH}|{_GERMAN_ORDINAL}))"
)
_SAID = rf"(?:{cue('said_unit')}|{cue('said_teen')}|{cue('said_ten')})"
_SAID_YEAR = (
    rf"(?:(?:nineteen|twenty)(?:[\s\-](?:hundred|and|{_SAID})){{1,3}}|two\s+thousand(?:\s+(?:and\s+)?{_SAID})?"
    r"|neunzehnhundert\w*|zweitausend\w*)"
)
_SAID_DATE = rf"\b{_SAID_DAY}\b(?:[\s,]+(?:{_SAID_YEAR}|(?:19|20)?\d{{2}})\b)?"
_BEFORE = re.compile(
    rf"(?:\b{cue('birth')}|(?:^|\s)\*\s?$)[^.!?\n]{{0,38}}$|(?:birth|geburts)[^!?]{{0,16}}[:=]\s*$", re.IGNORECASE
)
_WITH_LABEL_BEHIND = re.compile(
    rf"(?P<value>{_SAID_DATE}|{_ANY_DATE})(?=[\s,]*(?:\(?(?:dob|date\s+of\s+birth|geburtsdatum|geburtstag)\b"
    r"|(?:in\s+[^.!?,\n]{2,40}\s)?(?:geboren(?:e|er|en)?|zur\s+welt)\b))",
    re.IGNORECASE,
)
_AGE_BEHIND_LABEL = re.compile(
    r"\b(?:age[ds]?|alter|altersangabe)\b\s*(?:is|of|ist|:|=|-|\()?\s*(?P<value>\d{1,3})\b"
    r"(?!\s*(?:to|-|–|bis|\+|%|or|and)\s*\d*)",
    re.IGNORECASE,
)
_YEARS_OLD = re.compile(
    r"\b\d{1,3}[\s\-]*(?:years?[\s\-]*old|y/?o\b|yrs?\.?\s+old|jahre\s+alt|-?jährige[rsn]?\b)", re.IGNORECASE
)
_AGE_BEHIND_NAME = re.compile(r"(?<=[A-Za-zäöü], )(?P<value>\d{2})(?=, )")


def date_recognizers() -> list[RuleRecognizer]:
    """Recognisers of births (any spelling of a date beside the label) and ages; a bare full date is a suspicion."""
    return [
        RuleRecognizer(
            "birth",
            [
                Rule("DATE_OF_BIRTH", re.compile(_ANY_DATE, re.IGNORECASE), 0.85, cue=_BEFORE),
                Rule("DATE_OF_BIRTH", re.compile(_SAID_DATE, re.IGNORECASE), 0.85, cue=_BEFORE),
                Rule("DATE_OF_BIRTH", _WITH_LABEL_BEHIND, 0.85),
                Rule("DATE_OF_BIRTH", re.compile(_FULL_DATE, re.IGNORECASE), 0.35),
                Rule("AGE", _AGE_BEHIND_LABEL, 0.6),
                Rule("AGE", _YEARS_OLD, 0.6),
                Rule("AGE", _AGE_BEHIND_NAME, 0.35),
            ],
        )
    ]
