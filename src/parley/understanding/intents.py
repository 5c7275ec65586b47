"""Built-in intents, English and German, with no training by the tenant.

The wording and the concepts of a message decide, together with its embedding where the embedder knows the language.
Which intents are considered depends on the agent's type; an intent that the type does not have is read as its nearest
relative ("can I see the flat" put to a restaurant asks for a booking).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from parley.understanding.builtin_examples import LANGUAGES, builtin_examples
from parley.understanding.fewshot import FewShot, fit_few
from parley.understanding.mash import is_mash
from parley.understanding.wording import fold, words

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts in, unit vectors out, shape (len(texts), dimensions)."""

UNKNOWN = "unknown"
SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "affirm", "deny"})

_EVERYWHERE = SMALL_TALK | {"faq", "pricing", "lead_capture", "escalation", "emergency", UNKNOWN}
_FRONT_DESK = _EVERYWHERE | {"booking", "change_booking", "cancel_booking"}
AGENT_INTENTS: Mapping[str, frozenset[str]] = {
    "receptionist": _FRONT_DESK | {"check_booking"},
    "custom": _FRONT_DESK,
    "real_estate": _FRONT_DESK | {"check_booking", "viewing", "listing_search"},
    "dispatch": _EVERYWHERE | {"check_in"},
}
_RELATIVES: Mapping[str, str] = {"viewing": "booking", "listing_search": "faq", "check_booking": "faq"}

_REPEATED = re.compile(r"(.)\1+")
_ALIKE, _LONG_ENOUGH = 0.8, 4
_HUMS = re.compile(r"m+ ?h+m+|u+h+ ?h+u+h*|a+h+ ?h*a+")
_LIKE_NOTHING = 0.35
"""A best score below this means that the message is like no example: about one example in fifty, scored by a fit
without it, falls below, and half of the sentences about something else that have words in common with the examples."""


@dataclass(frozen=True)
class IntentReading:
    """What a message wants. `confidence` is 0..1; `scores` are the likeliest intents, best first, with theirs."""

    intent: str
    confidence: float
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ExampleVectors:
    """The embeddings of the built-in examples, by language, one row per sentence: made once per process and shared."""

    by_language: Mapping[str, NDArray[np.float32]]


def embed_examples(embed: Embed, languages: Collection[str]) -> ExampleVectors:
    """Embed the built-in examples in those of `languages` that the embedder knows. Takes about a second, once."""
    known = [language for language in LANGUAGES if language in languages]
    return ExampleVectors({language: embed(builtin_examples(language).sentences) for language in known})


def read_intent(
    message: str,
    *,
    language: str = "en",
    agent_type: str = "receptionist",
    vector: NDArray[np.float32] | None = None,
    examples: ExampleVectors | None = None,
) -> IntentReading:
    """The built-in intent of `message`. `vector` is its embedding by the embedder that made `examples`.

    Without both, or in a language the embedder does not know, the wording decides alone. A language without examples
    is read as English, an agent type without its own intents as custom.
    """
    model = _model(
        language if language in LANGUAGES else "en",
        AGENT_INTENTS.get(agent_type, AGENT_INTENTS["custom"]),
        examples if vector is not None else None,
    )
    if not message.strip() or is_mash(message):
        return IntentReading(UNKNOWN, 1.0, {UNKNOWN: 1.0})
    scores = model.scores(message, vector)
    probabilities = model.probabilities(scores)
    order = np.argsort(-probabilities)[:5]
    ranked = {model.labels[at]: round(float(probabilities[at]), 4) for at in order}
    intent, confidence = next(iter(ranked.items()))
    nothing_like_it = scores.max() < _LIKE_NOTHING or (intent in SMALL_TALK and not _is_small_talk(message, language))
    if intent != UNKNOWN and nothing_like_it:
        return IntentReading(UNKNOWN, round(1 - confidence, 4), ranked)
    return IntentReading(intent, confidence, ranked)


def _is_small_talk(message: str, language: str) -> bool:
    """Whether a word of small talk is in the message, slips of the finger included: "blarg" is as short as a "yes"."""
    known = _small_talk_words(language if language in LANGUAGES else "en")
    said = words(fold(message))
    if any(word in known or _REPEATED.sub(r"\1", word) in known for word in said) or _HUMS.fullmatch(" ".join(said)):
        return True
    stems = {word[:_LONG_ENOUGH] for word in known}  # "moinsen", "cheerio"
    long = [word for word in said if len(word) >= _LONG_ENOUGH]
    return any(word[:_LONG_ENOUGH] in stems or get_close_matches(word, known, 1, _ALIKE) for word in long)


@lru_cache(maxsize=len(LANGUAGES))
def _small_talk_words(language: str) -> frozenset[str]:
    examples = builtin_examples(language)
    pairs = zip(examples.sentences, examples.intents, strict=True)
    return frozenset(word for sentence, intent in pairs if intent in SMALL_TALK for word in words(fold(sentence)))


@lru_cache(maxsize=32)
def _model(language: str, considered: frozenset[str], examples: ExampleVectors | None) -> FewShot:
    known = builtin_examples(language)
    named = [intent if intent in considered else _RELATIVES.get(intent, "") for intent in known.intents]
    rows = [row for row, intent in enumerate(named) if intent in considered]
    vectors = examples.by_language.get(language) if examples is not None else None
    return fit_few(
        [known.sentences[row] for row in rows],
        [named[row] for row in rows],
        known.concepts,
        None if vectors is None else vectors[rows],
    )
