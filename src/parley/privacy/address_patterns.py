"""The grammar of addresses, as regex sources: street lines, flats, codes, towns. Checked in `addresses`."""

from __future__ import annotations

from parley.privacy.cues import cue
from parley.privacy.rules import UPPER
from parley.privacy.words import lines

CAPITALISED = rf"(?:[{UPPER}][\w'’\-]{{0,40}}+|\d{{1,3}}(?:st|nd|rd|th))"
_OF = r"(?:of|the|de|del|della|di|da|do|dos|das|des|du|la|le|les|los|las|el|y|e|St\.?|and)"
_SMALL = (
    r"(?:of|the|de|del|della|di|da|do|dos|das|des|du|la|le|les|los|las|el|den|der|dem|am|an|im|in|auf|van|von|zum|zur|st\.?|y|e|a|and|sur|aan|op|ob)"
)  # fmt: skip
_NUMBER = r"(?:No\.?\s*|Nr\.?\s*|#\s?)?\d{1,5}(?:[ ]?[A-Za-z]\b|[A-Z])?(?:\s?[\-/–]\s?\d{1,4}[A-Za-z]?)?"
_NOT_A_TIME = r"(?![\w:]|[.,]\d)"
_SUFFIX = "|".join(sorted(lines("street_suffixes"), key=len, reverse=True))
_COMPASS = r"(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|Northeast|Northwest|Southeast|Southwest)\b\.?"
_NAME_WORD = rf"(?:{CAPITALISED}|{_SMALL}|[dl]['’]{CAPITALISED})"

UNIT = (
    rf"(?:(?i:{cue('unit')}\b\.?\s*(?:no\.?|nr\.?|number)?\s*#?[ ]?)[A-Za-z]?-?\d{{1,6}}[A-Za-z]?\b"
    r"|(?i:(?:apt|apartment|unit|flat)\b\.?[ ])[A-HJ-Z]\b|(?i:h\.?\s?no\.?)[ ]?\d+)"
)
STATE = (
    r"(?:A[LKZRSAPE]|C[AOT]|D[EC]|FL|GA|GU|HI|I[DLNA]|K[SY]|LA|M[EHDAINSOTP]|N[EVHJMYCD]|O[HKR]|P[WAR]|RI|S[CD]|T[NX]|"
    r"UT|V[TIA]|W[AVIY]|ON|QC|BC|AB|MB|SK|NS|NB|PE|NL|YT|NT|NU|NSW|VIC|QLD|TAS|ACT)"
)
CITY = rf"{CAPITALISED}\.?(?:[ ](?:{CAPITALISED}|{_SMALL}(?=[ ]{CAPITALISED}))){{0,3}}"

ENGLISH_LINE = (
    rf"\b\d{{1,6}}(?:[A-Za-z]\b|[\-/]\d{{1,5}})?,?(?:[ ]+|\n)(?:{_COMPASS}[ ]+)?"
    rf"(?:(?:{CAPITALISED}|{_OF}|[A-Z]\.)[ ]+){{1,4}}?(?i:{_SUFFIX})\b\.?(?:[ ]+{_COMPASS})?"
)
SHOUTED_LINE = rf"\b\d{{1,6}}[ ](?:[A-Z0-9]+[ ]){{1,3}}(?:{_SUFFIX.upper()})\b"
GERMANIC_LINE = (
    rf"\b(?:{CAPITALISED}[ ]){{0,2}}?[{UPPER}][\w'’.\-]{{0,40}}?"
    rf"(?:[\- ](?i:{cue('street_end')})|(?<=[a-zäöüßéø]){cue('street_end')}),?[ ]{_NUMBER}{_NOT_A_TIME}"
)
ROMANCE_NUMBER_FIRST = rf"\b\d{{1,5}}[ ]?(?:bis|ter|[A-D])?,?[ ](?i:{cue('street_start')})(?:[ ]{_NAME_WORD}){{1,5}}"
ROMANCE_NUMBER_LAST = (
    rf"(?<!\w)(?i:{cue('street_start')})(?:[ ](?:{_NAME_WORD}|\d{{1,2}}(?=[ ][A-Za-z]))){{1,5}}?,?[ ]"
    rf"(?:n[°º.]?[ ]?|s/n|{_NUMBER})\d{{0,5}}{_NOT_A_TIME}"
)
PREPOSITION_LINE = (
    rf"\b{cue('street_preposition')}[ ]{CAPITALISED}(?:[ ]{CAPITALISED})?,?[ ]\d{{1,3}}[ ]?[a-z]?\b"
    r"(?!\s?(?:Uhr|[.:]\d|[%€]|Personen|Leute|Gäste))"
)
UNIT_LINE = rf"{UNIT},?\s+(?:{CAPITALISED}[ ]){{1,3}}(?i:{_SUFFIX})\b"
LINE_BEFORE_UNIT = rf"\b\d{{1,6}}[ ](?:{CAPITALISED}[ ]){{0,3}}{CAPITALISED},?\s+{UNIT}"
LINE_BEFORE_CODE = (
    rf"\b(?:{CAPITALISED}[ ]){{0,2}}{CAPITALISED}[ ]\d{{1,4}}[ ]?[a-z]?,?\s+(?:[A-Z]{{1,2}}-)?\d{{4,5}}[ ]{CAPITALISED}"
)
LINE_IN_DOUBT = rf"\b(?:{CAPITALISED}[ ]){{1,3}}\d{{1,4}}[ ]?[a-z]?(?=\s*[,;|\n]|$)"
NUMBER_FIRST_IN_DOUBT = rf"(?<![\w.,])\d{{1,5}}[a-zA-Z]?[ ](?:{CAPITALISED}[ ]){{1,2}}{CAPITALISED}(?=\s*[,;|\n]|$)"
STREET_ONLY = (
    rf"\b(?:{CAPITALISED}[ ]){{1,3}}?(?:Street|Avenue|Boulevard|Lane|Drive|Road|Court|Terrace|Crescent|Parkway|Highway|"
    rf"Turnpike|Ave|Blvd|Rd|Ln)\b\.?(?:[ ]{_COMPASS})?"
    r"|\b[A-ZÄÖÜ][\wäöüß\-]{1,40}(?:stra(?:ß|ss)e|gasse|straat|gracht|gatan|vägen|gade)\b"
)

_SAID = rf"(?:{cue('said_unit')}|{cue('said_teen')}|{cue('said_ten')}|hundred)"
_SAID_NUMBER = rf"(?:\d{{1,5}}|{_SAID}(?:[ \-](?:and[ ])?{_SAID}){{0,4}})"
_NOT_IN_A_NAME = r"(?:the|a|of|on|in|from|to|for|at|down|up|people|minutes?|blocks?|miles?|stars?|and|or|by)"
SAID_STREET = (
    rf"(?i:\b{_SAID_NUMBER}[ ](?:(?!{_NOT_IN_A_NAME}\b)[a-z'’\-]+[ ]){{1,3}}"
    r"(?:street|avenue|road|lane|drive|boulevard|court|crescent|terrace|parkway|highway|st|ave|rd|blvd)\b)"
)
SAID_GERMAN_STREET = (
    r"(?i:\b[a-zäöüß]{1,40}[ \-]?(?:stra(?:ß|ss)e|gasse|allee)[ ](?:nummer[ ])?"
    rf"(?:\d{{1,4}}[ ]?[a-z]?\b(?!\s?uhr)|(?:[a-zäöüß]*und)?{_SAID}(?:zehn|hundert)?\b))"
)

CITY_STATE_ZIP = rf"\b(?:{CITY},?[ ]+)?{STATE}[ ,]+\d{{5}}(?:-\d{{4}})?\b"
REGION_ZIP = rf"\b(?:{CITY},[ ]+)?{CAPITALISED}(?:[ ]{CAPITALISED})?,?[ ]+\d{{5}}(?:-\d{{4}})?\b"
ZIP_CITY = rf"(?<![\w.,\-/])(?:(?:[A-Z]{{1,2}}|FIN|LT|LV)-)?\d{{4,5}}[ ]+{CITY}"
CODES = {
    "United Kingdom": (
        r"\b(?:GIR[ ]?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKS-UW]|[A-HK-Y]\d[ABEHMNPRV-Y])"
        r"[ ]?\d[ABD-HJLNP-UW-Z]{2})\b"
    ),
    "Canada": r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z][ \-]?\d[A-Z]\d\b",
    "Netherlands": r"\b[1-9]\d{3}[ ]?(?!AM\b|PM\b|EU\b)[A-Z]{2}\b",
    "United States": r"(?<![\w\-])\d{5}-\d{4}(?![\w\-])",
    "Brazil": r"(?<![\w\-.])\d{5}-\d{3}(?![\w\-])",
    "Poland": r"(?<![\w\-.])\d{2}-\d{3}(?![\w\-]|[.,]\d)",
    "Portugal": r"(?<![\w\-.])\d{4}-\d{3}(?![\w\-])",
    "prefixed": r"(?<![\w\-])(?:DE?|AT?|CH|FR?|BE?|NL|LUX?|L|SE?|DK|NO?|FI|FIN|IT?|E|HR|SI|LT|LV)-\d{4,5}(?![\w\-])",
    "Ireland": r"\b[AC-FHKNPRTV-Y]\d[\dW][ ]?[0-9AC-FHKNPRTV-Y]{4}\b",
}
CODE_IN_DOUBT = (
    r"(?<![\w.,€$£#/\-+])(?:\d{5,6}|\d{3}[ ]\d{2,3})(?![\w\-/]|[.,:]\d|\s?[€%])"
    r"|(?<=[,;|]\s)\d{4}(?=\s*(?:[,;|\n]|$))|(?<=[,;|])\d{4}(?=[,;|])"
)
CODE_VALUE = r"(?:[A-Z]{1,3}-)?(?=[A-Z]{0,3}\d)[A-Z0-9]{2,7}(?:[ \-][A-Z0-9]*\d[A-Z0-9]*)?\b"

_SPAN_WORD = rf"(?:{CAPITALISED}\.?|{_SMALL}|\d[\w\-/]*|[A-Z]\.)"
AFTER_ADDRESS = (
    rf"(?i:\b{cue('address')}(?:\s+(?:is|was|at|ist|lautet|in|unter|as|to|of|auf|line\s?\d?|der|die)\b|\s*[:=\-,])*)"
    rf"\s*(?:\n\s*)?(?P<value>(?:{CAPITALISED}|\d[\w\-/]*)(?:,?[ ]{_SPAN_WORD})*)"
)
AFTER_HOME = (
    rf"(?i:\b{cue('home')}(?:\s+(?:jetzt|now|here|hier|seit\s+\w+|back))?\s+(?:in|near|bei|from|to|of|aus|nach)\s+)"
    rf"(?P<value>{CITY}(?:,[ ]?(?!I\b){CITY}){{0,2}}(?:[ ]to[ ]{CITY})?)"
)
AFTER_PLACE = (
    rf"(?i:\b{cue('place')}(?:\s+(?:is|was|of|ist|war|the|der)\b|\s*[:=])*)\s*"
    rf"(?P<value>{CITY}(?:,[ ]?(?!I\b){CITY}){{0,2}})"
)
PLACE_IN_DOUBT = (
    rf"(?:\b(?:in|from|to|near|of|at|aus|nach|bei|von)[ ]|[,;|\t]\s?|^|[:\n]\s*)(?P<value>{CITY})(?=[\s,.;:!?)|]|$)"
)
COUNTY = rf"\b{CAPITALISED}(?:[ ]{CAPITALISED})?[ ]County\b|\b(?:County|Landkreis|Kreis)[ ]{CAPITALISED}\b"
TAIL = (
    rf"(?:,[ ]?|[ ]in[ ]|[ ]|\s?\n)(?P<town>{CITY})(?=[\s,.;:!?)]|$)(?:,?[ ]{STATE}\b)?(?:,?[ ]\d{{4,6}}\b)?"
    rf"(?:,[ ](?P<country>{CAPITALISED}(?:[ ]{CAPITALISED})?))?"
)
