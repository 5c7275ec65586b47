"""Whether two questions ask the same: each is brought to its gist, and only equal gists are the same question.

Similarity of embeddings does not decide this: the opposite question is a near neighbour (GPTCache issue 694). Here
every word counts until a list says that it does not: wordings of one thing are rewritten to a concept, politeness and
fillers are dropped, and whatever is left, known or not, must be equal on both sides: the kind of question, negations,
numbers, names, directions, who does it. What the lists do not know keeps two questions apart, which costs a hit and
never an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from parley.kit import stems as snowball
from parley.understanding.lexicon import read_yaml

_ALGORITHMS = {"en": "english", "de": "german"}
_TOKEN = re.compile(r"<[^<>]+>|\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*")
_MOST_CHARACTERS = 200
_MOST_CONCEPTS = 12
_ASKS = {
    "en": re.compile(
        r"\b(who|what|when|where|why|which|whose|how|tell me|let me know|(like|want|need) to know|wonder(ing)?)\b"
        r"|^\W*((hi|hello|hey|please|excuse me|sorry|and|so|ok|okay|good \w+|thanks)\W+)*"
        r"(is|are|am|was|do|does|did|can|could|may|might|will|would|shall|should|must|have|has|any)\b"
    ),
    "de": re.compile(
        r"\b(wer|was|wann|wo|woher|wohin|wen|wem|warum|wieso|weshalb|welche\w*|wie|ob)\b"
        r"|^\W*((hallo|guten \w+|bitte|entschuldigung|und|also|ok|okay|danke)\W+)*"
        r"(ist|sind|bin|hat|haben|habt|gibt|kann|können|könnte\w*|darf|dürfen|muss|müssen|soll|sollen|bietet|bieten|nehmen|"
        r"akzeptieren|servieren|liefern|verfügen|verfügt|wird|werden|braucht|brauche|brauchen|kostet|kosten|findet|liegt)\b"
    ),
}
_BARE = frozenset({"may", "you", "not", "what", "how", "which", "must"})  # say nothing by themselves
_NUMBERS = {
    "en": "one two three four five six seven eight nine ten eleven twelve",
    "de": "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
}


@dataclass(frozen=True, slots=True)
class _Words:
    rewrites: tuple[tuple[re.Pattern[str], str], ...]
    stop: frozenset[str]
    directional: frozenset[str]
    concepts: Mapping[str, str]
    implied: Mapping[str, frozenset[str]]
    permission: frozenset[str]
    house_does: frozenset[str]
    guest_does: frozenset[str]
    numbers: Mapping[str, str]


def is_question(text: str, language: str) -> bool:
    """Whether a line asks something, by its mark or, as transcripts have none, by its words."""
    asks = _ASKS.get(language)
    return "?" in text or (asks is not None and asks.search(text.lower()) is not None)


def gist(text: str, language: str) -> str | None:
    """What a question asks, as a key: equal keys, same question. None for what is too long or too bare to tell."""
    if language not in _ALGORITHMS or len(text) > _MOST_CHARACTERS:
        return None
    words = _words(language)
    plain = f" {text.lower()} "
    for pattern, concept in words.rewrites:
        plain = pattern.sub(concept, plain)
    concepts = set(_concepts(plain, language, words))
    concepts -= {implied for concept in concepts for implied in words.implied.get(concept, ())}
    if not concepts & (words.permission | words.house_does):
        concepts.discard("may")
    if not concepts & words.guest_does:
        concepts.discard("you")
    concepts.discard("here")
    if not concepts - _BARE or len(concepts) > _MOST_CONCEPTS:
        return None
    return " ".join(sorted(concepts))


def _concepts(plain: str, language: str, words: _Words) -> Iterator[str]:
    """The concepts of a rewritten text; what a number counts and what a direction leads to are told with them."""
    bound = ""
    for token in _TOKEN.findall(plain):
        if token.startswith("<"):
            concept = token[1:-1]
        elif token in words.directional or token in words.numbers or token[0].isdigit():
            bound += f"{words.numbers.get(token, token)}:"
            continue
        elif token in words.concepts:
            concept = words.concepts[token]
        elif token in words.stop:
            continue
        else:
            concept = words.concepts.get(_stem(token, language), _stem(token, language))
        yield bound + concept
        bound = ""
    if bound:
        yield bound


@lru_cache(maxsize=4096)
def _stem(token: str, language: str) -> str:
    return snowball.stem(token, _ALGORITHMS[language])


@lru_cache
def _words(language: str) -> _Words:
    read = read_yaml(f"sameness_{language}.yaml")
    return _Words(
        rewrites=tuple((re.compile(pattern), concept) for pattern, concept in read["rewrites"]),
        stop=frozenset(read["stop"].split()),
        directional=frozenset(read["directional"]),
        concepts={word: concept for concept, listed in read["classes"].items() for word in listed.split()},
        implied={concept: frozenset(listed) for concept, listed in read["implied"].items()},
        permission=frozenset(read["permission"]),
        house_does=frozenset(read["house_does"]),
        guest_does=frozenset(read["guest_does"]),
        numbers={word: str(value) for value, word in enumerate(_NUMBERS[language].split(), start=1)},
    )
