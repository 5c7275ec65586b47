"""What people say for usual options without naming them: "send me another one" for a replacement, "no rush" for low."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from parley.house.extractor_reading import negated_before
from parley.house.extractor_words import field_lexicon, folded


def meant(options: Sequence[str], text: str) -> str | None:
    """The one option that a text speaks of without naming it; None where it speaks of none or of several."""
    found = {option: strength for option in options if (strength := _speaks_of(option, text))}
    most = max(found.values(), default=0)
    best = [option for option, strength in found.items() if strength == most]
    return best[0] if len(best) == 1 else None


def all_meant(options: Sequence[str], text: str) -> list[str]:
    """Every option that a text speaks of, named or not."""
    return [option for option in options if _speaks_of(option, text)]


def without_phrases(option: str, text: str) -> str:
    """The text with spaces for phrases that only have a word of the option in them: "gift card" is no card."""
    if not _phrased(text):
        return text
    words = {folded(word) for word in re.findall(r"[^\W\d_]+", option)}

    def blank(match: re.Match[str]) -> str:
        spoken = {folded(word) for word in re.findall(r"[^\W\d_]+", match.group())}
        return match.group() if len(words) > 1 and words <= spoken else " " * len(match.group())

    return field_lexicon().phrases.sub(blank, text)


@lru_cache(maxsize=256)  # every option of every field asks
def _phrased(text: str) -> bool:
    return field_lexicon().phrases.search(text) is not None


def _speaks_of(option: str, text: str) -> int:
    """2 where what is said is of the whole option, 1 where it is of one of its words."""
    words = [folded(word) for word in re.findall(r"[^\W\d_]+", option)]
    strength = dict.fromkeys(words, 1) | {"".join(words): 2}
    text = without_phrases(option, text)
    return max(
        (
            max(strength[name] for name in sense.names & strength.keys())
            for sense in field_lexicon().senses
            if sense.names & strength.keys()
            and any(not negated_before(text[: match.start()]) for match in sense.said.finditer(text))
        ),
        default=0,
    )
