"""The sentences that a session says of its own accord."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class FixedSentences:
    """Each is one utterance; an agent may word them differently."""

    still_there: str
    apology: str
    silence: str
    too_long: str
    no_transcriber: str
    filler: str


@cache
def fixed_sentences(language: str) -> FixedSentences:
    """The sentences for an ISO 639-1 code; English where there are none."""
    table = yaml.safe_load(files(__package__).joinpath("fixed.yaml").read_text("utf-8"))
    return FixedSentences(**table.get(language[:2].lower(), table["en"]))
