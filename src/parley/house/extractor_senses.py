"""What people say for usual options without naming them: "send me another one" for a replacement, "no rush" for low."""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def _speaks_of(option: str, text: str) -> int:
    """2 where what is said is of the whole option, 1 where it is of one of its words."""
    words = [folded(word) for word in re.findall(r"[^\W\d_]+", option)]
    strength = dict.fromkeys(words, 1) | {"".join(words): 2}
    return max(
        (
            max(strength[name] for name in sense.names & strength.keys())
            for sense in field_lexicon().senses
            if sense.names & strength.keys()
            and any(not negated_before(text[: match.start()]) for match in sense.said.finditer(text))
        ),
        default=0,
    )
