"""Built-in intents, on sentences that the package's examples do not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from parley.kit.yaml_text import load_yaml
from parley.understanding import AGENT_INTENTS, embed_examples, read_intent
from parley.understanding.builtin_examples import LANGUAGES, builtin_examples
from parley.understanding.wording import fold

HELD_OUT = Path(__file__).parent


def held_out(language: str) -> list[tuple[str, str, str]]:
    """(agent type, intent, sentence) triples."""
    groups = load_yaml((HELD_OUT / f"intents_heldout_{language}.yaml").read_text(encoding="utf-8"))
    return [
        (group["agent"], intent, line)
        for group in groups
        for intent, lines in group["sentences"].items()
        for line in lines.strip().splitlines()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_sentences_are_mostly_understood_by_wording_alone(language: str) -> None:
    right: dict[str, list[bool]] = defaultdict(list)
    for agent, intent, sentence in held_out(language):
        right[intent].append(read_intent(sentence, language=language, agent_type=agent).intent == intent)
    everything = [hit for hits in right.values() for hit in hits]
    assert np.mean(everything) >= 0.9
    assert {intent: np.mean(hits) for intent, hits in right.items() if np.mean(hits) < 0.7} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_held_out_sentence_is_an_example(language: str) -> None:
    examples = {" ".join(fold(sentence).split()) for sentence in builtin_examples(language).sentences}
    repeated = [s for _, _, s in held_out(language) if len(s.split()) > 3 and " ".join(fold(s).split()) in examples]
    assert repeated == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_has_forty_examples(language: str) -> None:
    known = builtin_examples(language)
    assert {intent for intents in AGENT_INTENTS.values() for intent in intents} == set(known.intents)
    assert all(known.intents.count(intent) >= 40 for intent in set(known.intents))


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("I booked a table yesterday, what time do you close?", "faq"),
        ("how much is the ribeye", "pricing"),
        ("can I speak to someone real", "escalation"),
        ("Hi, I'd like to book a table for two tonight", "booking"),
        ("please cancel my reservation for tomorrow", "cancel_booking"),
        ("can we move our reservation to Sunday", "change_booking"),
        ("Hello!", "greeting"),
        ("no thanks", "deny"),
        ("I lost my key card", "faq"),
        ("you lost my reservation, I want to speak to somebody", "escalation"),
        ("do all meeting rooms have a screen", "faq"),
        ("does your staff speak Arabic", "faq"),
        ("would there be a suite for the twelfth", "booking"),
        ("I need a meeting room on Thursday", "booking"),
    ],
)
def test_near_misses(message: str, intent: str) -> None:
    assert read_intent(message).intent == intent


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("Sprechen Sie Polnisch?", "faq"),
        ("spricht bei Ihnen jemand Italienisch", "faq"),
        ("ich möchte jemanden sprechen, der Polnisch kann", "escalation"),
        ("Dürfen wir unsere Drohne fliegen lassen?", "faq"),
        ("Dürfen die Kinder hier Ball spielen?", "faq"),
        ("Nein, das lassen wir lieber", "deny"),
        ("lassen wir das", "deny"),
        ("hat jeder Tagungsraum einen Beamer", "faq"),
        ("Haben Sie am Freitag noch einen Tagungsraum frei", "booking"),
    ],
)
def test_german_near_misses(message: str, intent: str) -> None:
    assert read_intent(message, language="de").intent == intent


def test_an_intent_the_type_does_not_have_is_read_as_its_relative() -> None:
    message = "can I schedule a viewing of the apartment on Friday"
    assert read_intent(message, agent_type="real_estate").intent == "viewing"
    assert read_intent(message, agent_type="receptionist").intent == "booking"


def test_unknown_types_and_languages_are_read_as_custom_and_english() -> None:
    assert read_intent("how much is it", language="fr", agent_type="no such type").intent == "pricing"


def test_vectors_count_only_in_the_embedders_languages() -> None:
    random = np.random.default_rng(0)
    asked: list[int] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.append(len(texts))
        vectors = random.standard_normal((len(texts), 8)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    examples = embed_examples(embed, {"en"})
    assert asked == [len(builtin_examples("en").sentences)]
    vector = examples.by_language["en"][0]
    german = "ich möchte einen Tisch reservieren"
    with_vector = read_intent(german, language="de", vector=vector, examples=examples)
    assert with_vector == read_intent(german, language="de")
    assert read_intent("a table", vector=vector, examples=examples) != read_intent("a table")


@pytest.mark.parametrize("message", ["", "   ", "\n"])
def test_silence_is_unknown(message: str) -> None:
    assert read_intent(message).intent == "unknown"


@settings(deadline=None)  # the first call fits the classifier
@given(st.text(max_size=400), st.sampled_from(sorted(AGENT_INTENTS)), st.sampled_from(LANGUAGES))
def test_anything_gets_an_intent_of_the_type(message: str, agent: str, language: str) -> None:
    reading = read_intent(message, language=language, agent_type=agent)
    assert reading.intent in AGENT_INTENTS[agent]
    assert 0 <= reading.confidence <= 1
