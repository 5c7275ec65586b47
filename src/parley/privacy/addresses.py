"""Postal addresses, whole or in part: street lines, flats, postal codes, "city, state ZIP", a home town."""

from __future__ import annotations

import re
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from typing_extensions import override

from parley.privacy import address_patterns as grammar
from parley.privacy import places
from parley.privacy.cues import cue
from parley.privacy.rules import LANGUAGE, NOT_PERSONAL, Rule, RuleRecognizer, labelled
from parley.privacy.words import common_words

_JOINT = re.compile(r"\s{0,2},?\s{0,2}(?:\bin\s|-\s)?")
_TAIL = re.compile(grammar.TAIL)
_STREET = 0.7  # the score from which a part is sure enough to take in the town behind it


class AddressRecognizer(EntityRecognizer):
    """Joins the parts of an address that stand side by side ("12 High Street, Flat 3, Leeds LS1 4AB") into one span."""

    def __init__(self) -> None:
        self._parts = RuleRecognizer("address parts", _part_rules())
        super().__init__(["ADDRESS"], name="address", supported_language=LANGUAGE)

    @override
    def load(self) -> None:
        """Nothing to load: the lists are read on first use."""

    @override
    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Address spans; parts on their own keep their own score."""
        parts = sorted(self._parts.analyze(text, entities, nlp_artifacts), key=lambda r: (r.start, -r.end))
        joined: list[RecognizerResult] = []
        for part in parts:
            last = joined[-1] if joined else None
            if last and (part.start <= last.end or _JOINT.fullmatch(text, last.end, part.start)):
                last.end, last.score = max(last.end, part.end), max(last.score, part.score)
            else:
                joined.append(part)
        for address in joined:
            if address.score >= _STREET:
                _take_in_town(address, text)
        return joined


def _take_in_town(address: RecognizerResult, text: str) -> None:
    """Extends a street line by the town, the state and the country written behind it."""
    for _ in range(3):
        tail = _TAIL.match(text, address.end)
        if not tail:
            return
        separated = text[address.end] in ",\n" or text.startswith(" in ", address.end)
        town = tail["town"].lower()
        if not places.is_listed_place(town) and not (separated and common_words().isdisjoint(town.split())):
            return
        address.end = tail.end()


def _part_rules() -> list[Rule]:
    return [*_line_rules(), *_code_rules(), *_place_rules()]


def _line_rules() -> list[Rule]:
    certain = (
        grammar.ENGLISH_LINE,
        grammar.SHOUTED_LINE,
        grammar.GERMANIC_LINE,
        grammar.ROMANCE_NUMBER_FIRST,
        grammar.ROMANCE_NUMBER_LAST,
        grammar.UNIT_LINE,
        grammar.LINE_BEFORE_UNIT,
        grammar.LINE_BEFORE_CODE,
        grammar.SAID_STREET,
        grammar.SAID_GERMAN_STREET,
    )
    doubtful = (grammar.LINE_IN_DOUBT, grammar.NUMBER_FIRST_IN_DOUBT)
    return [
        *(Rule("ADDRESS", re.compile(source), 0.85) for source in certain),
        Rule("ADDRESS", re.compile(grammar.PREPOSITION_LINE), 0.7),
        Rule("ADDRESS", re.compile(grammar.STREET_ONLY), 0.55),
        Rule("ADDRESS", re.compile(grammar.UNIT), 0.55, unless=NOT_PERSONAL),
        Rule("ADDRESS", labelled(cue("building"), r"\d{1,5}[A-Za-z]?\b(?![.:,]\d)"), 0.6),
        *(
            Rule("ADDRESS", re.compile(source), 0.36, check=places.is_street_name, unless=NOT_PERSONAL)
            for source in doubtful
        ),
    ]


def _code_rules() -> list[Rule]:
    return [
        Rule("ADDRESS", re.compile(grammar.CITY_STATE_ZIP), 0.85),
        Rule("ADDRESS", re.compile(grammar.REGION_ZIP), 0.75, check=places.is_region_and_code),
        Rule("ADDRESS", re.compile(grammar.ZIP_CITY), 0.7, check=places.is_code_and_town, unless=NOT_PERSONAL),
        *(Rule("ADDRESS", re.compile(source), 0.6, unless=NOT_PERSONAL) for source in grammar.CODES.values()),
        Rule("ADDRESS", labelled(cue("postal_code"), grammar.CODE_VALUE), 0.85),
        Rule("ADDRESS", re.compile(grammar.CODE_IN_DOUBT), 0.36, unless=NOT_PERSONAL),
    ]


def _place_rules() -> list[Rule]:
    return [
        Rule("ADDRESS", re.compile(grammar.AFTER_ADDRESS), 0.75, check=places.is_address_like),
        Rule("ADDRESS", re.compile(grammar.AFTER_HOME), 0.55, check=places.is_home_town),
        Rule("ADDRESS", re.compile(grammar.AFTER_PLACE), 0.45, check=places.is_place),
        Rule("ADDRESS", re.compile(grammar.PLACE_IN_DOUBT), 0.36, check=places.is_place_alone),
        Rule("ADDRESS", re.compile(grammar.COUNTY), 0.6),
    ]
