"""Presidio's language pipeline: none at all, or a spaCy model where the machine has one."""

from __future__ import annotations

from typing import Any

import spacy
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
from spacy.tokens import Doc
from typing_extensions import override

from parley.privacy.rules import LANGUAGE

_OTHER_LABELS = ["ORG", "CARDINAL", "ORDINAL", "MONEY", "PERCENT", "QUANTITY", "MISC"]


class Pipeline(SpacyNlpEngine):
    """The installed spaCy model that is named, or an empty analysis where there is none.

    Without a model nothing is tokenised: no recogniser here reads tokens, and spaCy keeps every new word for ever and
    takes seconds over a long run of punctuation.
    """

    def __init__(self, model: str | None = None) -> None:
        super().__init__(
            models=[{"lang_code": LANGUAGE, "model_name": model or "blank"}],
            ner_model_configuration=NerModelConfiguration(labels_to_ignore=_OTHER_LABELS),
        )
        pipeline = spacy.load(model) if model else spacy.blank(LANGUAGE)
        self.nlp = {LANGUAGE: pipeline}  # type: ignore[assignment]
        nothing = Doc(pipeline.vocab, words=[])
        self._empty = NlpArtifacts([], nothing, [], [], self, LANGUAGE)
        self._reads = model is not None

    @override
    def load(self) -> None:
        """Presidio's own loading would download; the pipeline is complete from the start."""

    @override
    def is_loaded(self) -> bool:
        """Always."""
        return True

    @override
    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """What the model makes of the text."""
        return super().process_text(text, language) if self._reads else self._empty


class NoEnhancer(ContextAwareEnhancer):
    """Leaves the scores as they are: the rules read the words around a value themselves."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    @override
    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """The results as they came."""
        return raw_results


def model_recognizers(model: str | None) -> list[Any]:
    """The recogniser that reads people's names off the model, where there is one."""
    return [SpacyRecognizer(supported_language=LANGUAGE, supported_entities=["PERSON"])] if model else []
