"""A recogniser made of rules: a pattern, an optional check and the words that speak for or against it.

Presidio's own `PatternRecognizer` knows neither a captured value behind its label nor a word that rules a match out
("order number 4111…"), hence this one; it plugs into the same registry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from typing_extensions import override

LANGUAGE = "xx"  # spaCy's code for "any": every recogniser reads English and German alike
NEAR = 48  # characters before a value in which its label stands

# What names a thing, not a person: the digits behind these words are an order's, a table's, a flight's.
NOT_PERSONAL = re.compile(
    r"(?:\b(?:order|booking|confirmation|reservation|ticket|invoice|receipt|tracking|flight|gate|table|room|item|"
    r"product|article|model|version|part|bus|train|track|channel|promo(?:tion)?|coupon|voucher|discount|gift|case|"
    r"error|isbn|sku|build|release|serial|batch|lot|bestell(?:ung)?s?|buchungs?|reservierungs?|rechnungs?|auftrags?|"
    r"sendungs?|tisch|zimmer|flug|artikel|gutschein|vorgangs?|ticket|beleg|serien|aktions)"
    r"[\s-]*(?:nummer|number|numbers|num|code|id|no\b\.?|nr\b\.?|ref(?:erence)?|#)?|"
    r"\b(?:ref(?:erence)?|referenz|aktenzeichen)(?:[\s-]*(?:nummer|number|code|id|no\b\.?|nr\b\.?))?)"
    r"[\s:#.(]*(?:(?:is|was|ist|war|lautet|of|für|for)\b)?[\s:#.(]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern`'s group `value` (or the whole match) is personal data of `type`.

    A score under 0.5 is a suspicion, kept only where the text holds certain personal data besides (see `find`).
    `check` sees the value; `cue` must, and `unless` must not, match the text up to `NEAR` characters before it.
    """

    type: str
    pattern: re.Pattern[str]
    score: float
    check: Callable[[str], bool] | None = None
    cue: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None


class RuleRecognizer(EntityRecognizer):
    """Presidio recogniser over a list of rules."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        super().__init__(sorted({rule.type for rule in rules}), name=name, supported_language=LANGUAGE)

    @override
    def load(self) -> None:
        """Nothing to load: the patterns are compiled at import."""

    @override
    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Every match of every rule; overlaps are settled by the caller."""
        return [result for rule in self._rules for result in _matches(rule, text)]


def _matches(rule: Rule, text: str) -> list[RecognizerResult]:
    group: str | int = "value" if "value" in rule.pattern.groupindex else 0
    results = []
    for match in rule.pattern.finditer(text):
        start, end = match.span(group)
        before = text[max(0, start - NEAR) : start]
        if (
            start < end
            and (rule.cue is None or rule.cue.search(before))
            and (rule.unless is None or not rule.unless.search(before))
            and (rule.check is None or rule.check(text[start:end]))
        ):
            results.append(RecognizerResult(rule.type, start, end, rule.score))
    return results


def labelled(labels: str, value: str) -> re.Pattern[str]:
    """A pattern for "<label> [number|code|…] [is|:|ist …] <value>"; `labels` and `value` are regex sources."""
    return re.compile(
        rf"(?i:(?<![A-Za-zÄÖÜäöüß])(?:{labels})(?:'s)?"
        r"(?:[\s\-_]*(?:number|numbers|num|no|nr|code|id|nummer|details|#)\b\.?)*(?![A-Za-zÄÖÜäöüß])"
        r"\s*(?:\([^()]{1,30}\)\s*)?[\"“”']?"
        r"(?:\s*(?:is|was|are|of|as|to|ist|war|lautet|lauten|von|mit|der|die|number|"
        r"nummer|ending\s+in|following|folgende)\b|\s*[:=#\-–—,(])*\s*[\"“”'`*(\[]*)"
        rf"(?P<value>{value})"
    )


# Capital letters of every Latin alphabet, for character classes.
UPPER = "".join(c for c in map(chr, range(0x41, 0x250)) if c.isupper())

# One written identifier: groups of letters and digits with a digit in it; further groups joined by a space need a digit
# each, so that the sentence going on is left alone.
IDENTIFIER = (
    r"(?:[A-Z]{1,4}[ ](?=\d))?(?=[A-Za-z\-./_]*\d)[A-Za-z0-9]+(?:[\-./_][A-Za-z0-9]+)*"
    r"(?:[ ](?=[A-Z]{0,4}\d)[A-Z0-9]+(?:[\-./][A-Za-z0-9]+)*)*(?:[ ][A-Z]\b(?![a-z']))?"
)
