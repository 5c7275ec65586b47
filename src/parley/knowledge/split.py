"""Cutting a document into chunks that an embedder can read and a reply can quote.

Two steps, both linear: `outline` reads the text into sections (heading path) of units (paragraph, list item, table
row), then `split_text` packs units into chunks. A chunk is a verbatim slice of the text, so that nothing is lost or
reordered; the heading path above it travels beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from parley.kit.sentences import Span, sentence_spans
from parley.knowledge.outline import Section, Unit, outline

_CHARS_PER_WORD = 9  # a "word" of a size is at most this long, so that text without spaces is bounded too
_TINY = 15  # words: a section this short says too little alone
_WORD = re.compile(r"\S+")
_MERGED = 60  # words: merging tiny neighbours stops here, a chunk about many things is found by none


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a document: `content == text[start:end]`, offsets in characters.

    `ordinal` counts from 0. `heading` is the path of headings above the content, "Menu › Main courses", without the
    document's title; "" where there is none.
    """

    ordinal: int
    heading: str
    content: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is packed as one. `words` counts its own, `upto` those of the document up to its end."""

    start: int
    end: int
    words: int
    upto: int
    section: int


def split_text(text: str, *, title: str = "", max_words: int = 120) -> list[Chunk]:
    """Chunks of at most `max_words` words (of nine characters each: 1,080 characters), in order.

    A chunk ends at a section, a paragraph, a list item, a table row or a sentence; a sentence is cut only where it
    alone is over the limit. Question and answer, a list and the line that introduces it, a heading and what follows
    stay together where they fit. Sections of a few words are joined with their neighbours. A first heading equal to
    `title` is left out of the heading paths.
    """
    sections = outline(text, title=title)
    chunks: list[Chunk] = []
    for atoms in _packed(text, sections, max_words):
        start, end = atoms[0].start, atoms[-1].end
        path = _common_path([sections[atom.section] for atom in atoms])
        chunks.append(Chunk(len(chunks), " › ".join(path), text[start:end], start, end))
    return chunks


def _packed(text: str, sections: Sequence[Section], limit: int) -> Iterator[list[_Atom]]:
    waiting: list[_Atom] = []
    upto = 0
    for index, section in enumerate(sections):
        atoms: list[_Atom] = []
        for start, end in _pieces(text, section, limit):
            words = len(text[start:end].split())
            upto += words
            atoms.append(_Atom(start, end, words, upto, index))
        if waiting and atoms and not _may_merge(sections, waiting, atoms, limit):
            yield waiting
            waiting = []
        waiting += atoms
        if waiting and _size(waiting[0], waiting[-1]) > limit:
            *full, waiting = _balanced(waiting, limit)
            yield from full
    if waiting:
        yield waiting


def _may_merge(sections: Sequence[Section], waiting: list[_Atom], atoms: list[_Atom], limit: int) -> bool:
    last, following = sections[waiting[-1].section], sections[atoms[0].section]
    below = following.path[: len(last.path)] == last.path
    if below and not last.has_body:
        return True  # a heading directly above its first sub-section
    related = below or following.path[:-1] == last.path[:-1]
    tiny = min(_size(waiting[0], waiting[-1]), _size(atoms[0], atoms[-1])) < _TINY
    return related and tiny and _size(waiting[0], atoms[-1]) <= min(_MERGED, limit)


def _balanced(atoms: list[_Atom], limit: int) -> list[list[_Atom]]:
    """Pack in order into chunks of nearly equal size, none over `limit` that could be smaller."""
    size = _size(atoms[0], atoms[-1])
    aim = size // -(-size // limit)
    packs: list[list[_Atom]] = [[]]
    for atom in atoms:
        pack = packs[-1]
        if pack and (_size(pack[0], atom) > limit or _size(pack[0], pack[-1]) >= aim):
            packs.append([])
        packs[-1].append(atom)
    return packs


def _size(first: _Atom, last: _Atom) -> int:
    """The words of the slice they span, or its length in words of nine characters if that is more."""
    return max(last.upto - first.upto + first.words, -(-(last.end - first.start) // _CHARS_PER_WORD))


def _common_path(sections: Sequence[Section]) -> tuple[str, ...]:
    """The headings that stand above all of them; those with nothing but a heading have no say."""
    paths = [section.path for section in sections if section.has_body] or [sections[0].path]
    levels = takewhile(lambda names: len(set(names)) == 1, zip(*paths, strict=False))
    return tuple(names[0] for names in levels)


def _pieces(text: str, section: Section, limit: int) -> Iterator[Span]:
    """The section as slices that each fit: what is glued together, else its units, sentences, clauses."""
    for group in _glued(section.units):
        if _fits(text, group[0].start, group[-1].end, limit):
            yield group[0].start, group[-1].end
            continue
        spans = [span for unit in group for span in _small_spans(text, unit, limit)]
        if group[0].glued and len(spans) > 1 and _fits(text, spans[0][0], spans[1][1], limit):
            spans[:2] = [(spans[0][0], spans[1][1])]
        yield from spans


def _glued(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    group: list[Unit] = []
    for unit in units:
        group.append(unit)
        if not unit.glued:
            yield group
            group = []
    if group:
        yield group


def _small_spans(text: str, unit: Unit, limit: int) -> Iterator[Span]:
    if _fits(text, unit.start, unit.end, limit):
        yield unit.start, unit.end
        return
    for start, end in sentence_spans(text[unit.start : unit.end], ""):
        yield from _clauses(text, unit.start + start, unit.start + end, limit)


def _clauses(text: str, start: int, end: int, limit: int) -> Iterator[Span]:
    """Cut a sentence that is too long, behind a comma where there is one in the second half of the room."""
    while not _fits(text, start, end, limit):
        stop = start + _CHARS_PER_WORD * limit
        words = [m.end() for m in islice(_WORD.finditer(text, start, stop), limit)]
        fitting = [w for w in words if w < stop] or [stop]
        behind_comma = [w for w in fitting[len(fitting) // 2 :] if text[w - 1] in ",;:"]
        cut = (behind_comma or fitting)[-1]
        yield start, cut
        following = _WORD.search(text, cut, end)
        start = following.start() if following else end
    yield start, end


def _fits(text: str, start: int, end: int, limit: int) -> bool:
    return end - start <= _CHARS_PER_WORD * limit and len(text[start:end].split()) <= limit
