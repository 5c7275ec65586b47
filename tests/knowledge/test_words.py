from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from parley.knowledge.compounds import compound_parts, fold
from parley.knowledge.words import (
    QueryWord,
    document_lexemes,
    query_words,
    search_terms,
)

STEMMER = snowballstemmer.stemmer("german")


def asked_for(question: str, language: str) -> set[str]:
    return {lexeme for word in query_words(question, language) for lexeme, _ in word.alternatives}


def german_stem(word: str) -> str:
    return fold(STEMMER.stemWord(word))


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("When are you opening the terraces?", "en", ["open", "terrac"]),
        ("The café's well-kept menu, No. 12.50", "en", ["cafe", "wellkept", "well", "kept", "menu", "12.50"]),
        ("Wann gibt es Frühstück für die Gäste?", "de", ["fruhstuck", "gast"]),
        ("Fruehstueck FRUHSTUCK Straße strasse", "de", ["fruhstuck", "fruhstuck", "strass", "strass"]),
        ("Où est la gare?", "fr", ["ou", "est", "la", "gare"]),
        ("", "de", []),
        ("the of and", "en", []),
    ],
)
def test_search_terms(text: str, language: str, terms: list[str]) -> None:
    assert search_terms(text, language) == terms


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("öffnungszeiten", "öffnung zeit"),
        ("frühstückszeiten", "frühstück zeit"),
        ("nichtraucherzimmer", "nicht raucher zimmer"),
        ("gästehaus", "gast haus"),
        ("kirschkuchen", "kirsche kuchen"),
        ("mietvertrag", "miete vertrag"),
        ("parkplätze", "park platz"),
        ("stornierungsgebühr", "stornierung gebühr"),
        ("hausordnung", "haus ordnung"),
        ("carportmiete", "carport miete"),
        ("palettentausch", "palette tausch"),
    ],
)
def test_compounds_come_apart(word: str, parts: str) -> None:
    assert list(compound_parts(word, german_stem)) == [german_stem(part) for part in parts.split()]


@pytest.mark.parametrize(
    "word",
    "frühstück wirtschaft unterkunft reservierung veranstaltung mitarbeiter verantwortung wahrscheinlich besonders "
    "kostenlos wochenende rezeption beantragen spätzle überweisung kindergarten besichtigung verfügbar".split(),
)
def test_other_words_stay_whole(word: str) -> None:
    assert compound_parts(word, german_stem) == ()


def lexemes_of(text: str, language: str) -> set[str]:
    return {lexeme for lexeme, _ in document_lexemes(text, "", language)}


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("Zeiten", "Unsere Öffnungszeiten"),
        ("Öffnungszeiten", "Die Zeiten stehen an der Tür"),
        ("Miete", "Stellplatzmiete"),
        ("reservieren", "Reservierungen"),
        ("reserviert", "eine Reservierung"),
        ("geöffnet", "Öffnung"),
        ("erlaubt", "erlauben"),
        ("Kartofelpuree", "Kartoffelpüree"),
        ("Sotrnierung", "Stornierung"),
        ("Courtage", "Provision"),
    ],
)
def test_german_questions_meet_their_passages(question: str, passage: str) -> None:
    assert lexemes_of(passage, "de") & asked_for(question, "de")


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("opening", "we open"),
        ("brekfast", "breakfast"),
        ("checkin", "check-in"),
        ("lorry", "truck"),
        ("resturant", "restaurants"),
    ],
)
def test_english_questions_meet_their_passages(question: str, passage: str) -> None:
    assert lexemes_of(passage, "en") & asked_for(question, "en")


def test_a_lexeme_has_its_best_weight() -> None:
    weights = dict(document_lexemes("Das Menü und die Preise im Parkhaus", "Menü", "de"))
    assert weights["menu"] == "A"
    assert weights["preis"] == "B"
    assert weights["park"] == "C"
    assert weights["~pres"] == "D"


def test_an_exact_word_counts_more_than_any_other_way_to_find_it() -> None:
    for word in query_words("Wo ist die Stellplatzmiete in der Reservierung?", "de"):
        weights = [weight for _, weight in word.alternatives]
        assert weights == sorted(weights, reverse=True)
        assert 0 < weights[-1] < weights[0] <= 1


@given(st.text(max_size=200), st.text(max_size=30), st.sampled_from(["de", "en", "fr", ""]))
def test_any_text_gives_lexemes_a_database_can_store(text: str, heading: str, language: str) -> None:
    lexemes = document_lexemes(text, heading, language)
    assert len({lexeme for lexeme, _ in lexemes}) == len(lexemes)
    assert all(weight in set("ABCD") for _, weight in lexemes)
    for lexeme, weight in (pair for word in query_words(text, language) for pair in word.alternatives):
        assert lexeme.strip() == lexeme != ""
        assert 0 < weight <= 1
    terms = set(search_terms(text, language))
    assert terms <= {lexeme for lexeme, _ in lexemes}
    assert terms <= asked_for(text, language)


def test_speed() -> None:
    words = "Die Stellplatzmiete für Nichtraucherzimmer beträgt laut Kündigungsvertrag monatlich zwölf Euro".split()
    rng = random.Random(1)
    text = " ".join(rng.choice(words) + rng.choice(["", "n", "s", "haus", "zeit"]) for _ in range(10_000))
    document_lexemes("Wortlisten laden", "", "de")
    started = time.process_time()
    document_lexemes(text, "", "de")
    assert time.process_time() - started < 0.3
    questions = [f"Wie hoch ist die {rng.choice(words)}{n} im Haus am See?" for n in range(200)]
    started = time.process_time()
    for question in questions:
        query_words(question, "de")
    assert (time.process_time() - started) / len(questions) < 0.001


# --- retrieval


def retrieval_set(language: str) -> dict[str, list[dict[str, Any]]]:
    data: dict[str, list[dict[str, Any]]] = json.loads(
        Path(__file__).with_name(f"retrieval_{language}.json").read_text()
    )
    return data


class Ranking:
    """The sum over a question's words of the rarest-weighted best alternative that a passage contains (BM25's idf)."""

    _WEIGHTS: Mapping[str, float] = {"A": 1.0, "B": 1.0, "C": 0.8, "D": 1.0}

    def __init__(self, passages: Sequence[Mapping[str, str]], language: str) -> None:
        self._ids = [passage["id"] for passage in passages]
        self._chunks = [dict(document_lexemes(passage["text"], passage["title"], language)) for passage in passages]
        self._counts = Counter(lexeme for chunk in self._chunks for lexeme in chunk)

    def best(self, words: Sequence[QueryWord]) -> str:
        scores = [sum(self._score(word, chunk) for word in words) for chunk in self._chunks]
        return self._ids[scores.index(max(scores))] if max(scores) > 0 else ""

    def _score(self, word: QueryWord, chunk: Mapping[str, str]) -> float:
        found = [(name, weight) for name, weight in word.alternatives if name in chunk]
        return max((weight * self._WEIGHTS[chunk[name]] * self._idf(name) for name, weight in found), default=0.0)

    def _idf(self, lexeme: str) -> float:
        count = self._counts[lexeme]
        return math.log(1 + (len(self._chunks) - count + 0.5) / (count + 0.5))


def misspelled(question: str, rng: random.Random) -> str:
    """One slip of the keyboard in the longest word."""
    words = question.split()
    index = max(range(len(words)), key=lambda i: len(words[i]))
    word = words[index]
    at = rng.randrange(1, len(word) - 2)
    letter = rng.choice("aeinrst")
    words[index] = rng.choice(
        [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]]
    )
    return " ".join(words)


def top1(language: str, *, stems_only: bool = False, slips: bool = False, held_out: bool = True) -> float:
    data, rng = retrieval_set(language), random.Random(7)
    ranking = Ranking(data["passages"], language)
    hits: list[bool] = []
    for entry in data["questions"]:
        if entry["answerable"] and entry["held_out"] == held_out:
            text = misspelled(entry["question"], rng) if slips else entry["question"]
            words = query_words(text, language)
            if stems_only:
                words = [QueryWord(((term, 1.0),)) for term in search_terms(text, language)]
            hits.append(ranking.best(words) == str(entry["passage_id"]))
    return sum(hits) / len(hits)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_retrieval_set_is_sound(language: str) -> None:
    data = retrieval_set(language)
    texts = {passage["id"]: f"{passage['title']} {passage['text']}" for passage in data["passages"]}
    answerable = [entry for entry in data["questions"] if entry["answerable"]]
    assert len(texts) == len(data["passages"]) >= 60
    assert len(answerable) >= 40
    assert len(data["questions"]) - len(answerable) >= 15
    assert all(entry["answer"] in texts[entry["passage_id"]] for entry in answerable)


@pytest.mark.parametrize(("language", "least"), [("de", 0.6), ("en", 0.7)])
def test_held_out_questions_find_their_passage_first(language: str, least: float) -> None:
    assert top1(language) >= least


@pytest.mark.parametrize("language", ["de", "en"])
def test_roots_parts_synonyms_and_fuzzy_keys_help(language: str) -> None:
    assert top1(language) > top1(language, stems_only=True)
    assert top1(language, slips=True) > top1(language, stems_only=True, slips=True) + 0.1
