"""Which English words can be heard: CMUdict, as pocketsphinx carries it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


@cache
def pronunciations() -> dict[str, list[str]]:
    """Word to the lines of its pronunciations."""
    import pocketsphinx

    found: dict[str, list[str]] = {}
    for line in Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8").splitlines():
        name, _, _ = line.partition(" ")
        found.setdefault(name.partition("(")[0], []).append(line)
    return found


def pronounceable(word: str) -> bool:
    """Whether a word is one that can be heard."""
    return WORD.fullmatch(word) is not None and word in pronunciations()
