"""Cutting text into sentences, for English and German.

A line of rules rather than a model: every full stop followed by white space is a candidate, and the words around it
decide. The cost is linear in the text. Lists and tables count one line as at least one sentence; lines that are only
wrapped are joined again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

Span = tuple[int, int]

_LANGUAGES = frozenset({"de", "en"})
_CANDIDATE = re.compile(r"(?<![.!?…])[.!?…]++[\"'’”»“)\]]*+(?=\s)")
_LAST_WORD = re.compile(r"[^\s(\[\"“„»]*$")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_SPACED_LETTERS = re.compile(r"\b[A-Za-z]\.(?:\s[A-Za-z]\.){0,2}\s[A-Za-z]$")
_NEXT_WORD = re.compile(r"[\s\"'“„»(\[*_]*([^\s]*)")
_LIST_MARKER = re.compile(r"[ \t]*(?:[-*•–‣▪◦+]|\(?(?:\d{1,3}|[A-Za-z])[.)])[ \t]+\S")
_BARE_MARKER = re.compile(r"[ \t]*(?:#{1,6}[ \t]+)?\(?(?:\d{1,3}|[A-Za-z])\.$")
_LINE = re.compile(r"[^\n]*\n?")
_WRAPPED_FROM = 45  # characters: a shorter line that ends was ended on purpose
_LONGEST_WORD = 40  # characters looked at around a candidate, so that a blob without spaces stays linear


@dataclass(frozen=True, slots=True)
class _Rules:
    """The word lists of sentences.yaml for one language; for any other language, those of all languages together."""

    goes_on: frozenset[str]
    may_end: frozenset[str]
    before_number: frozenset[str]
    openers: frozenset[str]
    ordinal_before: frozenset[str]
    ordinal_after: frozenset[str]
    after_time: frozenset[str]
    lower_case: bool = False  # the writer uses no capitals, so that a small letter may open a sentence


@cache
def _rules(language: str, lower_case: bool) -> _Rules:
    lists = yaml.safe_load(files(__package__).joinpath("sentences.yaml").read_text("utf-8"))
    chosen = {
        name: frozenset(word for code, words in table.items() if language in {"", code} for word in words.split())
        for name, table in lists.items()
    }
    return _Rules(**chosen, lower_case=lower_case)


def split_sentences(text: str, language: str) -> list[str]:
    """The sentences of `text` in order, white space inside them collapsed, list markers kept; empty ones are left out.

    `language` is an ISO 639-1 code; for others than "en" and "de" the rules of both apply.
    """
    return [" ".join(text[start:end].split()) for start, end in sentence_spans(text, language)]


def sentence_spans(text: str, language: str) -> list[Span]:
    """Where the sentences stand: (start, end) offsets, ascending, never overlapping, without outer white space.

    What lies between two spans is white space.
    """
    code = language[:2].lower()
    rules = _rules(code if code in _LANGUAGES else "", text == text.lower())
    spans: list[Span] = []
    for start, end in _blocks(text):
        spans.extend(_sentences_of(text, start, end, rules))
    return spans


def _blocks(text: str) -> Iterator[Span]:
    """Runs of lines that may hold a sentence across their line breaks."""
    start: int | None = None
    previous = ""
    for match in _LINE.finditer(text):
        line = match.group()
        if start is not None and not _wraps(previous, line):
            yield start, match.start()
            start = None
        if line.strip():
            start = match.start() if start is None else start
            previous = line
    if start is not None:
        yield start, len(text)


def _wraps(line: str, following: str) -> bool:
    """Whether `following` only continues `line` because the text was wrapped at some width."""
    ended, opens = line.strip(), following.strip()
    if not opens or opens[0] in "#|>" or " | " in opens or " | " in ended or ended[0] == "#":
        return False
    if _LIST_MARKER.match(following) or ended.endswith(":"):
        return False
    return ended.endswith(",") or opens[0].islower() or len(ended) >= _WRAPPED_FROM


def _sentences_of(text: str, start: int, end: int, rules: _Rules) -> Iterator[Span]:
    begin = start
    for match in _CANDIDATE.finditer(text, start, end):
        if not _ends_here(text, begin, match, end, rules):
            continue
        span = _trimmed(text, begin, match.end())
        if span is not None:
            yield span
        begin = match.end()
    last = _trimmed(text, begin, end)
    if last is not None:
        yield last


def _trimmed(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return None
    offset = start + piece.index(stripped[0])
    return offset, offset + len(stripped)


def _ends_here(text: str, begin: int, match: re.Match[str], end: int, rules: _Rules) -> bool:
    following = _NEXT_WORD.match(text, match.end(), min(end, match.end() + _LONGEST_WORD))
    after = following.group(1) if following else ""
    if not after:
        return True
    if after[0].islower() and not rules.lower_case:
        return False
    if match.group()[0] != "." or match.group().startswith(".."):
        return True
    near = text[max(begin, match.start() - 2 * _LONGEST_WORD) : match.start()].lstrip()
    if _BARE_MARKER.match(near + "."):
        return False
    return _full_stop_ends(near, after, rules)


def _full_stop_ends(near: str, after: str, rules: _Rules) -> bool:
    """Whether one full stop ends a sentence, between `near`, the end of the text before it, and the word `after`."""
    word = _word_before_stop(near)
    if word in rules.before_number:
        return not after[0].isdigit()
    if word.isdigit():
        return not _is_ordinal(word, _plain(after), near, rules)
    if word in rules.goes_on:
        return False
    if word in {"a.m", "p.m"}:
        return after[0].isupper() and _plain(after) not in rules.after_time
    if word in rules.may_end or _INITIALS.fullmatch(word):
        return _plain(after) in rules.openers
    return not (word.endswith("str") and after[0].isdigit())  # German "Hauptstr. 5"


def _word_before_stop(near: str) -> str:
    """The last word in lower case; letters set apart ("z. B") come back as one abbreviation ("z.b")."""
    match = _LAST_WORD.search(near)
    word = match.group().lower().strip("*_,;–-/") if match else ""
    if len(word) == 1 and (spaced := _SPACED_LETTERS.search(near)):
        return re.sub(r"\s", "", spaced.group()).lower()
    return word


def _is_ordinal(number: str, after: str, near: str, rules: _Rules) -> bool:
    """German "am 3. Mai", "im 2. Stock", "die 5. Person": the full stop belongs to the number."""
    if len(number) > 2 or not rules.ordinal_after:
        return False
    if after in rules.ordinal_after:
        return True
    words = near.split()
    before = _plain(words[-2]) if len(words) > 1 else ""
    return before in rules.ordinal_before and after not in rules.openers


def _plain(word: str) -> str:
    return word.lower().strip(".,;:!?()[]\"'“”„»«*_-–")
