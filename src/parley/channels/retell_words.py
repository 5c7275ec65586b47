"""The sentences that a telephone line says of its own accord."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class LineWords:
    """Each is one utterance. `repeat`: asking again, in order, as often as there are ways."""

    apology: str
    moment: str
    still_there: str
    silence: str
    repeat: tuple[str, ...]
    bad_line: str


@cache
def line_words(language: str) -> LineWords:
    """The sentences for an ISO 639-1 code; English where there are none."""
    table = yaml.safe_load(files(__package__).joinpath("retell_words.yaml").read_text("utf-8"))
    words = table.get(language[:2].lower(), table["en"])
    return LineWords(**{**words, "repeat": tuple(words["repeat"])})
