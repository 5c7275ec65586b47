"""Dates of birth and ages. The date of a booking is nobody's secret: a date needs a birth's label beside it."""

from __future__ import annotations

import re

from parley.privacy.rules import Rule, RuleRecognizer

_MONTH = (
    r"(?:jan(?:uary|uar|\.)?|feb(?:ruary|ruar|\.)?|m(?:arch|ar\.?|ärz|rz\.?)|apr(?:il|\.)?|ma[yi]|june?|jun[i.]?|july?|jul[i.]?|"
    r"aug(?:ust|\.)?|sept?(?:ember|\.)?|o[ck]t(?:ober|\.)?|nov(?:ember|\.)?|de[cz](?:ember|\.)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?"
_YEAR = r"(?:19|20)\d{2}"
_ORDINAL = (
    r"(?:(?:twenty|thirty)[\s\-])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_FULL_DATE = (
    rf"(?:\b{_YEAR}[./\-]\s?\d{{1,2}}[./\-]\s?\d{{1,2}}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?Z?)?"
    rf"|\b\d{{1,2}}\s?[./\-]\s?\d{{1,2}}\s?[./\-]\s?(?:{_YEAR}|\d{{2}})"
    rf"|\b(?:the\s+)?{_DAY}\s?(?:of\s+)?[\s/\-]?{_MONTH}\b[\s,/\-]*(?:of\s+)?(?:{_YEAR}|'?\d{{2}})\b"
    rf"|\b{_MONTH}\b[\s/\-]*{_DAY}\s*[,/\-]?\s*(?:of\s+)?(?:{_YEAR})\b)(?![\d/])"
)
_ANY_DATE = (
    rf"(?:{_FULL_DATE}|\b(?:the\s+)?{_DAY}\s?(?:of\s+)?[\s\-]?{_MONTH}\b|\b{_MONTH}\b[\s\-]*(?:the\s+)?(?:{_DAY}\b|{_ORDINAL}\b)"
    rf"|\b{_ORDINAL}\s+(?:of\s+)?{_MONTH}\b|\b{_MONTH}\b[\s,/]*{_YEAR}\b|\b{_YEAR}\b)"
)
_SAID_DAY = (
    rf"(?:(?:the\s+)?{_ORDINAL}\s+(?:of\s+)?{_MONTH}|{_MONTH}\s+(?:the\s+)?(?:{_ORDINAL}|\d{{1,2}})|\d{{1,2}}\.?\s+{_MONTH}|"
    rf"(?:ersten|zweiten|dritten|vierten|fünften|sechsten|sieb(?:en)?ten|achten|neunten|zehnten|elften|zwölften|[a-zäöüß]+(?:zehnten|zigsten|ßigsten))\s+"
    rf"(?:{_MONTH}|ersten|zweiten|dritten|vierten|fünften|sechsten|siebten|achten|neunten|zehnten|elften|zwölften))"
)
_SAID_YEAR = (
    r"(?:(?:nineteen|twenty)(?:\s+(?:hundred|oh|and|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|one|two|three|four|five|six|seven|"
    r"eight|nine)|-\w+){1,3}|two\s+thousand(?:\s+(?:and\s+)?(?:\w+teen|ten|eleven|twelve|one|two|three|four|five|six|seven|eight|nine|twenty))?|"
    r"neunzehnhundert\w*|zweitausend\w*)"
)
_SAID_DATE = rf"\b{_SAID_DAY}\b(?:[\s,]+(?:{_SAID_YEAR}|(?:19|20)?\d{{2}})\b)?"
_BIRTH_BEFORE = re.compile(
    r"(?:\bborn\b|\bbirth\s?-?\s?(?:date|day|year)?\b|\bd\.?\s?o\.?\s?b\b\.?|\bgeboren\b|\bgeb\.|\bgeburts\w*|\bbirthday|\bbirthdate|"
    r"\bjahrgang\b|\bzur\s+welt\b|\bnacimiento\b|\bnaissance\b|(?:^|\s)\*\s?$)[^.!?\n]{0,38}$|(?:birth|geburts)[^!?]{0,16}[:=]\s*$",
    re.IGNORECASE,
)
_AFTER_BIRTH = rf"(?P<value>{_SAID_DATE}|{_ANY_DATE})(?=[\s,]*(?:\(?(?:dob|date\s+of\s+birth|geburtsdatum|geburtstag)\b|(?:in\s+[^.!?,\n]{{2,40}}\s)?(?:geboren(?:e|er|en)?|zur\s+welt)\b))"
_AGES = (
    r"(?:\bage[ds]?\b|\balter\b|\baltersangabe)\s*(?:is|of|ist|:|=|-|\()?\s*(?P<value>\d{1,3})\b(?!\s*(?:to|-|–|bis|\+|%|or|and)\s*\d*)",
    r"\b(?P<value>\d{1,3}[\s\-]*(?:years?[\s\-]*old|year[\s\-]old|y/?o\b|yrs?\.?\s+old|jahre\s+alt|-?jährige[rsn]?\b))",
    r"(?<=[A-Za-zäöü], )(?P<value>\d{2})(?=, )",
)


def date_recognizers() -> list[RuleRecognizer]:
    """Recognisers of births (any spelling of a date behind or before the label) and ages."""
    return [
        RuleRecognizer(
            "birth",
            [
                Rule("DATE_OF_BIRTH", re.compile(_ANY_DATE, re.I), 0.85, cue=_BIRTH_BEFORE),
                Rule("DATE_OF_BIRTH", re.compile(_SAID_DATE, re.I), 0.85, cue=_BIRTH_BEFORE),
                Rule("DATE_OF_BIRTH", re.compile(_AFTER_BIRTH, re.I), 0.85),
                Rule("DATE_OF_BIRTH", re.compile(_FULL_DATE, re.I), 0.35),
                *(
                    Rule("AGE", re.compile(pattern, re.I), 0.6 if index < 2 else 0.35)
                    for index, pattern in enumerate(_AGES)
                ),
            ],
        )
    ]
