"""The small word grammar in which dangers, idioms and scopes are written down (`data/emergency_*.yaml`).

A pattern is a row of terms separated by blanks. A term is one or more alternatives joined by `|`; `_` is a blank in
an alternative, a `*` any beginning or ending, `<name>` a class of the lexicon, a closing `?` makes the term optional,
and `..3` is a gap of up to three words that never crosses a mark or a word that changes the scope (a negation, "if").
Leading flags in parentheses, `(weak ask)`, are kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_FLAGS = re.compile(r"^\(([a-z ]+)\)\s*")
_CLASS = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Pattern:
    """A row of terms as a regex. `anchors` are the words one of which must occur; a closing `*` means any ending."""

    source: str
    anchors: tuple[str, ...]
    flags: frozenset[str]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled when an anchor first occurs: all of them together would cost half a second at the first message."""
        return re.compile(self.source)


@dataclass(frozen=True, slots=True)
class _Term:
    """One term as a regex. `anchors` are empty, their rarity least, where the term need not occur."""

    source: str
    anchors: tuple[str, ...] = ()
    rarity: float = float("-inf")


class Grammar:
    """Compiles patterns over one lexicon: `classes` name alternatives, `barriers` are words a gap never crosses."""

    def __init__(self, classes: Mapping[str, str], barriers: Sequence[str]) -> None:
        self._classes = classes
        self._terms: dict[str, _Term] = {}
        self._gap = rf"(?:(?!(?:{'|'.join(barriers)}) )\w+ )"

    def compile(self, source: str) -> Pattern:
        """One pattern. Raises ValueError for an unknown class."""
        flags: frozenset[str] = frozenset()
        if match := _FLAGS.match(source):
            flags = frozenset(match[1].split())
            source = source[match.end() :]
        parts: list[str] = []
        anchors: tuple[str, ...] = ()
        rarity = float("-inf")
        for source_term in source.split():
            term = self._terms.get(source_term) or self._terms.setdefault(source_term, self._term(source_term))
            parts.append(term.source)
            if term.rarity > rarity:
                anchors, rarity = term.anchors, term.rarity
        return Pattern(r"(?<= )" + "".join(parts), anchors, flags)

    def _term(self, term: str) -> _Term:
        if term.startswith(".."):
            return _Term(f"{self._gap}{{0,{int(term[2:])}}}")
        optional = term.endswith("?")
        words = self._alternatives(term.removesuffix("?"))
        body = "|".join(sorted((_spell(word) for word in words), key=len, reverse=True))
        if optional:
            return _Term(f"(?:(?:{body}) )?")
        anchors = tuple(max(word.split("_"), key=len) for word in words)
        return _Term(f"(?:(?:{body}) )", anchors, _rarity(anchors))

    def union(self, sources: Sequence[str]) -> re.Pattern[str]:
        """One regex that finds any of the patterns."""
        return re.compile("|".join(self.compile(source).source for source in sources) or r"(?!)")

    def _alternatives(self, term: str) -> list[str]:
        found: list[str] = []
        for alternative in term.split("|"):
            if match := _CLASS.fullmatch(alternative):
                if match[1] not in self._classes:
                    raise ValueError(f"The emergency lexicon has no class {match[1]!r}.")
                for word in self._classes[match[1]].split():
                    found.extend(self._alternatives(word))
            else:
                found.append(alternative)
        return found


def _spell(word: str) -> str:
    return re.escape(word).replace("_", " ").replace(r"\*", r"\w*")


def _rarity(words: tuple[str, ...]) -> float:
    """How unlikely a term is to occur by chance: the longer its shortest alternative, the less."""
    return min(len(word.rstrip("*")) for word in words) - len(words) / 20


class AnchorIndex:
    """Finds the patterns whose anchor occurs in a message, in time that grows with the message alone."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._exact: dict[str, set[int]] = {}
        self._prefix: dict[str, set[int]] = {}
        for number, pattern in enumerate(patterns):
            for anchor in pattern.anchors:
                if anchor.endswith("*"):
                    self._prefix.setdefault(anchor[:-1], set()).add(number)
                else:
                    self._exact.setdefault(anchor, set()).add(number)
        self._lengths = sorted({len(prefix) for prefix in self._prefix})

    def candidates(self, tokens: Sequence[str]) -> list[int]:
        """The numbers of the patterns worth trying, ascending."""
        found: set[int] = set()
        for token in tokens:
            found.update(self._exact.get(token, ()), self._by_prefix(token))
        return sorted(found)

    def _by_prefix(self, token: str) -> Iterator[int]:
        for length in self._lengths:
            if length > len(token):
                return
            yield from self._prefix.get(token[:length], ())
