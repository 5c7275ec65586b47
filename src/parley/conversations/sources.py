"""Which passages a reply was taken from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log

from parley.inference.facts import Passage
from parley.kit.sentences import split_sentences

_SUPPORTED = 0.6
_FIGURE_WEIGHT = 2.5
_LEAST_LENGTH = 4
_STEM = 6
_WORD = re.compile(r"\w[\w’'.,:]*\w|\w", re.UNICODE)
_CLOCK = re.compile(r"^(\d{1,2})(?:[:.](\d{2}))?$")
_AFTERNOON = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))? ?(am|pm|a\.m\.|p\.m\.)(?!\w)")
_UMLAUTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "s"})
# Words of politeness and grammar: long, and in every other reply.
_SAYS_NOTHING = frozenset(
    """
    able also another anything back because been being best both call colleague could details does doing don every
    further glad gladly happy have help here information just know like look more much need offer only other others
    our please question reach right shall sorry sure team tell than thank thanks that their them then there they thing
    this those unfortunately very want welcome well were what when where which will with would yes your yours afraid
    aber alle allem alles also auch auskunft beantworten bitte danke daten dazu dann darf dass diese diesem diesen
    dieser durch einen einem einer eines etwas frage fragen gern gerne gibt haben hallo helfen hier ihnen ihre ihren
    ihrem immer informationen jeder jede jeden kann keine keinen können leider mehr mein möchten natürlich nicht noch
    nummer oder ohne sehr selbstverständlich sich sind sollen sonst team über unser unsere unseren unserem viel vielen
    weil weiß wenn werden wird würde wissen kollege kollegen melden nennen
    """.split()
)


def supporting(reply: str, passages: Sequence[Passage], language: str, question: str = "") -> list[Passage]:
    """The passages that hold most of what one of the reply's sentences says; figures count most, common words little.

    What the question said counts a little too: it tells passages apart for a reply as short as "From 5 pm.".
    """
    held = [_held_in(f"{passage.title} {passage.heading} {passage.content}") for passage in passages]
    rarity = _rarity(held)
    asked = _weights_of(question)
    used: dict[str, Passage] = {}
    for sentence in split_sentences(reply, language):
        best = _best(_weights_of(sentence), asked, held, rarity)
        if best is not None:
            used[passages[best].chunk_id or passages[best].document_id] = passages[best]
    return list(used.values())


def _best(
    said: Mapping[str, float],
    asked: Mapping[str, float],
    held: Sequence[Mapping[str, float]],
    rarity: Mapping[str, float],
) -> int | None:
    """The passage that holds the sentence best, if one holds enough of it and every figure."""
    if not said:
        return None
    weights = {word: weight * rarity.get(word, 1.0) for word, weight in said.items()}
    whole = sum(weights.values())
    figures = {word for word in said if word[0].isdigit()}
    shares = []
    for words in held:
        share = sum(weight for word, weight in weights.items() if word in words) / whole
        if figures and not figures & words.keys():
            share = 0.0
        near = sum(rarity.get(word, 1.0) for word in asked if word in words)
        shares.append((share, near))
    if not shares:
        return None
    best = max(range(len(shares)), key=lambda at: shares[at])
    return best if shares[best][0] >= _SUPPORTED else None


def _rarity(held: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Words that stand in every passage tell them apart least: 1 for those, up to about 2 for a word of one passage."""
    counts = Counter(word for words in held for word in words)
    return {word: 1.0 + log(len(held) / count) / 2 for word, count in counts.items()}


def _weights_of(text: str) -> dict[str, float]:
    """Figures (times of day as on a 24-hour clock) and meaningful words by their first letters, as endings vary."""
    lowered = text.lower()
    found: dict[str, float] = {}
    for match in _AFTERNOON.finditer(lowered):
        hour = int(match[1]) % 12 + (12 if match[3][0] == "p" else 0)
        found[f"{hour}.{match[2] or '00'}"] = _FIGURE_WEIGHT
    for word in _WORD.findall(_AFTERNOON.sub(" ", lowered)):
        if word[0].isdigit():
            found[_figure(word)] = _FIGURE_WEIGHT
        elif len(word) >= _LEAST_LENGTH and word not in _SAYS_NOTHING:
            found[word.translate(_UMLAUTS)[:_STEM]] = 1.0
    return found


@lru_cache(maxsize=1024)
def _held_in(passage: str) -> Mapping[str, float]:
    """The same passages are asked for again and again."""
    return _weights_of(passage)


def _figure(word: str) -> str:
    """One spelling per figure: "14,50" and "14.50", "17:00" and "17"."""
    plain = word.replace(",", ".").replace(":", ".").strip(".")
    clock = _CLOCK.match(plain)
    if clock and clock[2] is None:
        return f"{int(clock[1])}.00"
    return plain.lstrip("0") or "0"
