"""What is said about a value that cannot be: noticed, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parley.understanding import SlotProblem

_COUNTS = frozenset({"party_size", "nights", "rooms", "bedrooms"})
_WORDS = {
    "en": {
        "count": "“{text}” is not a number I can book for.",
        "past": "“{text}” has already passed.",
        "impossible": "“{text}” doesn't exist, I'm afraid.",
        "implausible": "“{text}” can't be right, I think.",
        "ambiguous": "I'm not sure what you mean by “{text}”.",
        "lone": "By “{text}”, do you mean the time or the number?",
    },
    "de": {
        "count": "„{text}“ kann ich leider nicht buchen.",
        "past": "„{text}“ ist schon vorbei.",
        "impossible": "„{text}“ gibt es leider nicht.",
        "implausible": "„{text}“ kann wohl nicht stimmen.",
        "ambiguous": "Ich bin nicht sicher, was Sie mit „{text}“ meinen.",
        "lone": "Meinen Sie mit „{text}“ die Uhrzeit oder die Anzahl?",
    },
}


def notices(problems: Sequence[SlotProblem], language: str) -> list[str]:
    """One sentence per problem; `text` is quoted as the caller said it."""
    words = _WORDS.get(language, _WORDS["en"])
    return [_sentence(words, problem) for problem in problems if problem.reason in words]


def _sentence(words: Mapping[str, str], problem: SlotProblem) -> str:
    number = problem.slot in _COUNTS and problem.reason in {"impossible", "implausible"}
    lone = problem.slot == "time" and problem.reason == "ambiguous" and problem.text.isalnum()
    return words["count" if number else "lone" if lone else problem.reason].format(text=problem.text)
