"""The sentence as the slot grammar sees it: folded tokens, the language's words, the tenant's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parley.understanding.lexicon import Lexicon, load_lexicon
from parley.understanding.numbers import fold_numbers
from parley.understanding.tokens import Token, tokenize


@dataclass(slots=True)
class Scan:
    """Reads outside of the sentence give "" and None, so that the matchers need no bounds checks."""

    text: str
    tokens: list[Token]
    lexicon: Lexicon
    now: datetime
    region: str = "US"
    _first_change: int | None = None

    def low(self, i: int) -> str:
        return self.tokens[i].low if 0 <= i < len(self.tokens) else ""

    def value(self, i: int) -> int | None:
        return self.tokens[i].value if 0 <= i < len(self.tokens) else None

    def cardinal(self, i: int) -> int | None:
        if 0 <= i < len(self.tokens) and not self.tokens[i].ordinal:
            return self.tokens[i].value
        return None

    def glued(self, i: int) -> bool:
        return 0 <= i < len(self.tokens) and self.tokens[i].glued

    def digits(self, i: int) -> int:
        return self.tokens[i].digits if 0 <= i < len(self.tokens) else 0

    def has(self, group: str, i: int) -> bool:
        return 0 <= i < len(self.tokens) and self.tokens[i].low in self.lexicon.words[group]

    def phrase(self, i: int, *words: str) -> bool:
        if self.low(i) != words[0]:
            return False
        return all(self.low(i + offset) == word for offset, word in enumerate(words))

    def quote(self, start: int, end: int) -> str:
        """The caller's own words from token `start` up to, not including, token `end`."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def any(self, group: str) -> bool:
        words = self.lexicon.words[group]
        return any(token.low in words for token in self.tokens)

    def changes_before(self, i: int) -> bool:
        """Whether a word of moving ("change", "verschieben") stands before token i."""
        if self._first_change is None:
            words = self.lexicon.words["change_words"]
            places = (place for place, token in enumerate(self.tokens) if token.low in words)
            self._first_change = next(places, len(self.tokens))
        return self._first_change < i

    def skip(self, i: int, group: str, most: int = 3) -> int:
        """The first place from i on whose word is not of this group."""
        end = i + most
        while i < end and self.has(group, i):
            i += 1
        return i


def scan_text(text: str, language: str, now: datetime, region: str) -> Scan:
    return Scan(text, fold_numbers(tokenize(text), language), load_lexicon(language), now, region)
