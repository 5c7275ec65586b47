"""What is said about a value that cannot be: noticed, never guessed."""

from __future__ import annotations

from collections.abc import Sequence

from parley.understanding import SlotProblem

_WORDS = {
    "en": {
        "past": "“{text}” has already passed.",
        "impossible": "“{text}” doesn't exist, I'm afraid.",
        "implausible": "“{text}” can't be right, I think.",
        "ambiguous": "I'm not sure what you mean by “{text}”.",
    },
    "de": {
        "past": "„{text}“ ist schon vorbei.",
        "impossible": "„{text}“ gibt es leider nicht.",
        "implausible": "„{text}“ kann wohl nicht stimmen.",
        "ambiguous": "Ich bin nicht sicher, was Sie mit „{text}“ meinen.",
    },
}


def notices(problems: Sequence[SlotProblem], language: str) -> list[str]:
    """One sentence per problem; `text` is quoted as the caller said it."""
    words = _WORDS.get(language, _WORDS["en"])
    return [words[problem.reason].format(text=problem.text) for problem in problems if problem.reason in words]
