"""Finding personal data in a message, in English and German, spoken or written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from parley.privacy.entities import Entity, merge_overlaps

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

CERTAIN = 0.5  # from this score on a find stands by itself
SUSPECTED = 0.35  # … and from this one where the text identifies somebody anyway
_PART = 2000  # characters analysed at once
IDENTIFYING = 0.75  # the score that makes a text one that identifies somebody


_BOOKING = re.compile(
    r"\b(?:book(?:ed|ing)?|reserv\w+|table|appointments?|check-?(?:in|out)|tickets?|flights?|rooms?|tisch|zimmer|termin\w*|"
    r"gebucht|buch(?:e|en|ung)|anreise|abreise)\b",
    re.IGNORECASE,
)
# Ids as we give them (UUIDv7, RFC 9562): what digits and letters happen to follow in one is nobody's bank account.
_OUR_ID = re.compile(r"(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![\w-])")


def find_personal_data(text: str, *, language: str | None = None, known_names: Sequence[str] = ()) -> list[Entity]:
    """The personal data in `text`: non-overlapping entities in text order, offsets in characters.

    Both languages are always looked for, because callers switch; `language` ("en", "de") only chooses the spaCy model
    where one is installed. `known_names` are names of the conversation: they are found in any spelling of case.
    """
    if not text.strip():
        return []
    engine = analyzer(_model_for(language))
    found = [
        Entity(r.entity_type, start + r.start, start + r.end, r.score)
        for start, part in _parts(text)
        for r in engine.analyze(part, language="xx", score_threshold=SUSPECTED)
    ]
    ids = [match.span() for match in _OUR_ID.finditer(text)]
    found = [e for e in found if not any(begin <= e.start and e.end <= end for begin, end in ids)]
    found += _known(text, known_names)
    if _BOOKING.search(text):
        # What somebody books and when and where is the business of the conversation, not of the person.
        found = [e for e in found if e.score >= CERTAIN or e.type not in ("DATE_OF_BIRTH", "ADDRESS")]
    identifying = any(e.score >= IDENTIFYING and e.type not in ("URL", "DOMAIN_NAME", "AGE") for e in found)
    threshold = SUSPECTED if identifying else CERTAIN
    return merge_overlaps(_trimmed(e, text) for e in found if e.score >= threshold)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """A long text in parts that end with a line, a sentence or a word, so that the time grows with the length only."""
    start = 0
    while len(text) - start > _PART:
        window = text[start : start + _PART]
        cut = next((at + 1 for mark in ("\n", ". ", " ") if (at := window.rfind(mark)) > _PART // 2), _PART)
        yield start, window[:cut]
        start += cut
    yield start, text[start:]


def _trimmed(entity: Entity, text: str) -> Entity:
    """The entity without the space and the closing punctuation that a greedy pattern took along."""
    start, end = entity.start, entity.end
    while end - start > 1 and text[end - 1] in " \t\n.,;:":
        end -= 1
    while end - start > 1 and text[start] in " \t\n,;:":
        start += 1
    return Entity(entity.type, start, end, entity.score)


def _known(text: str, known_names: Sequence[str]) -> list[Entity]:
    spellings = {name.strip() for name in known_names} | {
        part for name in known_names for part in name.split() if len(part) > 2
    }
    return [
        Entity("PERSON", *match.span(), 0.95)
        for spelling in spellings
        if len(spelling) > 1
        for match in re.finditer(rf"(?<!\w){re.escape(spelling)}(?!\w)", text, re.IGNORECASE)
    ]


def _model_for(language: str | None) -> str | None:
    """The spaCy model installed for a language, if any."""
    return next((name for name in _installed_models() if name.startswith(f"{language or 'en'}_")), None)


@cache
def _installed_models() -> tuple[str, ...]:
    import spacy.util

    return tuple(spacy.util.get_installed_models())


@cache
def analyzer(model: str | None = None) -> AnalyzerEngine:
    """The Presidio engine over this room's recognisers, on a blank pipeline or an installed model; built once."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import CryptoRecognizer

    from parley.privacy.addresses import AddressRecognizer
    from parley.privacy.names import NameRecognizer
    from parley.privacy.pipeline import NoEnhancer, Pipeline, model_recognizers
    from parley.privacy.recognisers_dates import date_recognizers
    from parley.privacy.recognisers_network import network_recognizers
    from parley.privacy.recognisers_numbers import number_recognizers
    from parley.privacy.recognisers_records import record_recognizers
    from parley.privacy.rules import LANGUAGE
    from parley.privacy.spoken import SpokenRecognizer

    recognizers: list[Any] = [
        *network_recognizers(),
        *number_recognizers(),
        *record_recognizers(),
        *date_recognizers(),
        SpokenRecognizer(),
        AddressRecognizer(),
        NameRecognizer(),
        CryptoRecognizer(supported_language=LANGUAGE),
        *model_recognizers(model),
    ]
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
        nlp_engine=Pipeline(model),
        context_aware_enhancer=NoEnhancer(),
        supported_languages=[LANGUAGE],
    )
