"""The words of one language: stems, what questions are built from, synonyms, what announces an answer's kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from parley.kit import stems as snowball
from parley.kit.yaml_text import load_yaml

LANGUAGES: Mapping[str, str] = {"en": "english", "de": "german"}
WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+|[.,:]\d+)*")
_UMLAUTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "ê": "e", "á": "a", "’": "'"})
_DERIVED = re.compile(r"(?<=.{4})(?:ier|i)?(?:ung|ier|i)$")  # "Prüfung" and "prüfen", "Stornierung" and "stornieren"
_SEPARATED = re.compile(  # "Sagen Sie bitte rechtzeitig ab." is about "absagen"
    r"((?:[^\W\d_]+[ ,]+(?:[\w%€]+[ ]+){0,9}?))"
    r"(ab|an|auf|aus|ein|mit|vor|zurück|nach|um|statt|teil|bei|weg)\b(?=\s*(?:[.,;:?!]|$|und\b|oder\b))"
)
_PARTICIPLE = re.compile(  # "abgesagt" is about "absagen"
    r"\b(ab|an|auf|aus|ein|mit|vor|zurück|nach|um|zu|bei)?ge([a-zäöüß]{3,}?)(?:t|te|ten|ter|tes|tem)\b"
)
_VERB = re.compile(r"\b[^\W\d_]{2,}(?:e|en|n|t|st)\b")
_CONJUGATED = re.compile(r"(?<=...[lr])n$")  # "behandeln" and "Behandlung"
_DIGRAPHS = re.compile(r"(?<![aeq])([aou])e(?=[^aeiou]|$)")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words; stems, except in `stop`, `strong`, `businesses`, `definite` and `pronouns` (lower case)."""

    language: str
    stop: frozenset[str]
    light: frozenset[str]
    weak: frozenset[str]
    waived: frozenset[str]
    strong: frozenset[str]
    businesses: frozenset[str]
    definite: frozenset[str]
    kinds: tuple[tuple[str, re.Pattern[str]], ...]
    announcing: Mapping[str, frozenset[str]]
    evidence: Mapping[str, re.Pattern[str]]
    patterns: Mapping[str, re.Pattern[str]]
    related: Mapping[str, Mapping[str, float]]
    terms: Mapping[tuple[str, ...], str]
    opposites: tuple[frozenset[str], frozenset[str]]
    open_words: frozenset[str]
    pronouns: frozenset[str]
    days: Mapping[str, int]
    day_names: tuple[str, ...]
    day_groups: Mapping[str, frozenset[int]]
    relative_days: Mapping[str, int]
    day_range: str
    instructions: re.Pattern[str]

    def words(self, text: str) -> Iterator[str]:
        """Lower-case words; a known term of several words ("check-in", "car park") comes joined, after its parts."""
        found = [match.group().lower().replace("’", "'") for match in WORD.finditer(text)]
        for index, word in enumerate(found):
            yield word
            for length in (2, 3):
                joined = self.terms.get(tuple(found[index : index + length]))
                if joined and index + length <= len(found):
                    yield joined

    def stems(self, text: str) -> frozenset[str]:
        """Stems of every word that carries meaning; German verbs also with the prefix that ends their clause."""
        known = {stem(word.removesuffix("'s"), self.language) for word in self.words(text) if word not in self.stop}
        if self.language == "de":
            for verbs, prefix in _SEPARATED.findall(text):
                known.update(stem(prefix + verb.lower(), "de") for verb in _VERB.findall(verbs))
            known.update(stem(prefix + verb, "de") for prefix, verb in _PARTICIPLE.findall(text))
        return frozenset(known)


@lru_cache(maxsize=65_536)
def stem(word: str, language: str) -> str:
    """Snowball's stem with umlauts, their digraphs and accents folded; a number stays as it is."""
    if word[0].isdigit() or (word.endswith("ness") and language == "en"):  # "fitness" is not "fits"
        return word
    algorithm = LANGUAGES.get(language, "english")
    stemmed = snowball.stem(word, algorithm)
    if algorithm != "german":
        return stemmed.translate(_UMLAUTS)
    return _CONJUGATED.sub("", _DERIVED.sub("", _DIGRAPHS.sub(r"\1", stemmed.translate(_UMLAUTS))))


@lru_cache
def lexicon(language: str) -> Lexicon:
    """The words of `language`; English for a language there are none of."""
    code = language[:2].lower()
    code = code if code in LANGUAGES else "en"
    data = load_yaml((files("parley.house") / "words" / f"{code}.yaml").read_text(encoding="utf-8"))

    def stemmed(words: str | Iterable[str]) -> frozenset[str]:
        listed = words.split() if isinstance(words, str) else words
        return frozenset(stem(_joined(word), code) for word in listed)

    patterns = (
        "follow_up continues negations refusals existence describe cheapest dearest asks_existence "
        "introduces hours_named lowest highest smallest largest below above negative positive break "
        "closed hours_question requests permission permits capacity side_cost ingredients asks_inside"
    ).split()
    return Lexicon(
        language=code,
        stop=frozenset(data["stop"].split()),
        light=stemmed(data["light"]),
        weak=stemmed(data["weak"]),
        waived=stemmed(data["waived"]),
        strong=frozenset(data["strong"].split()),
        businesses=frozenset(data["businesses"].split()),
        definite=frozenset(data["definite"].split()),
        kinds=tuple((kind, re.compile(rule, re.I)) for kind, rule in data["kinds_of_question"].items()),
        announcing={kind: stemmed(words) for kind, words in data["announcing"].items()},
        evidence={kind: re.compile(rule, re.I) for kind, rule in data["evidence"].items()},
        patterns={name: re.compile(data[name], re.I) for name in patterns}
        | {
            "part": re.compile(rf"(?:[,;]\s*|\s+)(?:and|und)\s+(?=(?:{data['part_start']})\b)", re.I),
            "clause": re.compile(
                rf"^(.{{6,}}?)(?:[,.;:]\s*(?:and |und |but |aber )?(?=(?:{data['part_start']})\b)|"
                rf"\s(?={data['clause_start']}))(.+)$",
                re.I,
            ),
        },
        related=_related(data, code),
        terms=_terms(data),
        opposites=(stemmed(data["opposites"][0]), stemmed(data["opposites"][1])),
        open_words=stemmed(data["open_words"]),
        pronouns=frozenset(data["pronouns"].split()),
        days=data["days"],
        day_names=tuple(data["day_names"]),
        day_groups={name: frozenset(map(int, days)) for name, days in data["day_groups"].items()},
        relative_days=data["relative_days"],
        day_range=data["day_range"],
        instructions=re.compile("|".join(data["instructions"]), re.I | re.M),
    )


def _joined(term: str) -> str:
    return re.sub(r"[\s-]+", "", term.lower())


def _terms(data: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    listed = [term for group in data["same"] for term in group]
    listed += [term for relation in ("special", "inherits") for group in data[relation].values() for term in group]
    return {tuple(re.split(r"[\s-]+", term.lower())): _joined(term) for term in listed if re.search(r"[\s-]", term)}


def _related(data: Mapping[str, Any], language: str) -> dict[str, dict[str, float]]:
    """For a stem of a question, the other stems that answer it, each with how well (0..1)."""
    related: dict[str, dict[str, float]] = {}

    def add(asked: str, found: str, strength: float) -> None:
        if asked != found:
            known = related.setdefault(asked, {})
            known[found] = max(strength, known.get(found, 0.0))

    groups = [{stem(_joined(term), language) for term in group} for group in data["same"]]
    for group in groups:
        for asked in group:
            for found in group:
                add(asked, found, 0.9)
    same = {word: group for group in groups for word in group}
    for relation in ("special", "inherits"):
        for general, listed in data[relation].items():
            wide = stem(_joined(general), language)
            for term in listed:
                narrow = stem(_joined(term), language)
                for asked in same.get(wide, {wide}):
                    add(asked, narrow, 0.85)
                    if relation == "inherits":
                        for word in same.get(narrow, {narrow}):
                            add(word, asked, 0.85)
    return related
