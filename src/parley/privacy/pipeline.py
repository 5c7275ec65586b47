"""Presidio's language pipeline: a blank tokenizer, or a spaCy model where the machine has one."""

from __future__ import annotations

from typing import Any

import spacy
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
from typing_extensions import override

from parley.privacy.rules import LANGUAGE


class BlankPipeline(SpacyNlpEngine):
    """spaCy without a model (nothing is downloaded), or with the installed one that is named."""

    def __init__(self, model: str | None = None) -> None:
        super().__init__(
            models=[{"lang_code": LANGUAGE, "model_name": model or "blank"}],
            ner_model_configuration=NerModelConfiguration(
                labels_to_ignore=["ORG", "CARDINAL", "ORDINAL", "MONEY", "PERCENT", "QUANTITY", "MISC"]
            ),
        )
        self.nlp = {LANGUAGE: spacy.load(model) if model else spacy.blank(LANGUAGE)}  # type: ignore[assignment]

    @override
    def load(self) -> None:
        """Presidio's own loading would download; the pipeline is complete from the start."""

    @override
    def is_loaded(self) -> bool:
        """Always."""
        return True


def model_recognizers(model: str | None) -> list[Any]:
    """The recogniser that reads people's names off the model, where there is one."""
    return [SpacyRecognizer(supported_language=LANGUAGE, supported_entities=["PERSON"])] if model else []
