"""What the package knows about the built-in intents: example sentences and concepts, one data file per language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from parley.understanding.wording import spell_out_umlauts

LANGUAGES = ("en", "de")


@dataclass(frozen=True)
class BuiltinExamples:
    """Sentences with the intent of each, in the file's order, and named concepts to look for in a folded sentence."""

    sentences: tuple[str, ...]
    intents: tuple[str, ...]
    concepts: Mapping[str, re.Pattern[str]]


@lru_cache(maxsize=len(LANGUAGES))
def builtin_examples(language: str) -> BuiltinExamples:
    """The examples of `language`, "en" or "de"; read once per process."""
    import yaml

    text = files("parley.understanding").joinpath(f"data/intents_{language}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    pairs = [(line, intent) for intent, lines in data["examples"].items() for line in lines.strip().splitlines()]
    return BuiltinExamples(
        sentences=tuple(sentence for sentence, _ in pairs),
        intents=tuple(intent for _, intent in pairs),
        concepts={name: re.compile(spell_out_umlauts(pattern)) for name, pattern in data["concepts"].items()},
    )
