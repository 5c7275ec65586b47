"""Reading the structure of a document: which headings stand above which paragraph, list item or table row.

Understands Markdown and what people type without it: headings in capitals, on a line of their own or closed by a
colon, and whole menus on one line ("Starters: Soup, Bread. Main courses: Steak."). A line wrongly taken for a heading
costs nothing but a word in the heading path: headings stay in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_ATX = re.compile(r"(#{1,6})(?:\s+|$)(.*?)\s*#*$")
_SETEXT = re.compile(r"={3,}$|-{3,}$")
_BOLD = re.compile(r"(\*\*|__)(?!\s)([^*_]{2,80})\1:?$")
_NUMBERED = re.compile(r"(?:§\s*\d+\w?|\d+(?:\.\d+)+\.?|\d{1,2}\.)\s+[A-ZÄÖÜ\"„“]")
_ITEM = re.compile(r"(?:[-*•–‣▪◦+]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
_QUESTION = re.compile(r"\**(?:q|question|f|frage)\s*\d*\**\s*[:.)]", re.IGNORECASE)
_ANSWER = re.compile(r"\**(?:a|answer|antwort)\s*\d*\**\s*[:.)]", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:^|(?<=[.!?;)…\d€$£%])\s+|\n\s*)(?P<label>\**[A-ZÄÖÜ][\w&/'’+-]*(?:[ ](?:[A-ZÄÖÜ&(][\w&/'’+)-]*|"
    r"and|or|of|for|the|to|in|with|und|oder|für|mit|von|zu|zum|zur|im|der|die|das)){0,4}\**):(?=[ \t]|\**\s)"
)

_HEADING_CHARS = 90  # a longer line is a sentence
_CAPITALS, _PLAIN_TITLE, _COLON_LINE, _INLINE = 7, 8, 9, 10  # levels below Markdown's six


@dataclass(slots=True)
class Unit:
    """The smallest piece that makes sense to keep whole. `glued`: it means little without the unit after it."""

    start: int
    end: int
    glued: bool = False


@dataclass(slots=True)
class Section:
    """A heading and what stands below it up to the next heading. The heading's own line is the first unit."""

    path: tuple[str, ...]
    units: list[Unit] = field(default_factory=list)
    has_body: bool = False


@dataclass(slots=True)
class _Line:
    start: int
    end: int
    text: str  # without outer white space
    gap: bool  # a blank line stands before it


def outline(text: str, *, title: str = "") -> list[Section]:
    """The sections of `text` in order, the one before the first heading included. Linear in the text."""
    lines = list(_lines(text))
    reader = _Reader(text, title)
    skip = False
    for index, line in enumerate(lines):
        if skip:
            skip = False
            continue
        following = lines[index + 1] if index + 1 < len(lines) else None
        heading = _heading(line, following)
        if heading is None:
            reader.read(line)
            continue
        skip = bool(following and not line.text.startswith("#") and _is_underline(following))
        end = following.end if skip and following else line.end
        reader.open(*heading, start=line.start, end=end)
    reader.close_paragraph()
    return reader.sections


def _lines(text: str) -> Iterator[_Line]:
    position, gap = 0, True
    for raw in text.splitlines(keepends=True):
        stripped = raw.strip()
        if stripped:
            start = position + len(raw) - len(raw.lstrip())
            yield _Line(start, start + len(stripped), stripped, gap)
        gap = not stripped
        position += len(raw)


class _Reader:
    """Collects lines into paragraphs and paragraphs into sections."""

    def __init__(self, text: str, title: str) -> None:
        self._text = text
        self._title = title.strip().casefold()
        self._stack: list[tuple[int, str]] = []
        self._paragraph: Unit | None = None
        self._kind = ""  # of the unit read last: text, item, row
        self.sections: list[Section] = [Section(())]

    def open(self, level: int, title: str, *, start: int, end: int) -> None:
        """Begin a section; `start` and `end` are those of its heading's line."""
        self.close_paragraph()
        self._push(level, title)
        self.sections[-1].units.append(Unit(start, end, glued=True))
        self._kind = "heading"

    def read(self, line: _Line) -> None:
        kind = _kind(line)
        goes_on = self._paragraph is not None and not line.gap and kind == "text" and self._kind in {"text", "item"}
        if goes_on and self._paragraph is not None and not _QUESTION.match(line.text):
            self._paragraph.end = line.end
            return
        self._begin(line, kind)

    def _begin(self, line: _Line, kind: str) -> None:
        previous = self._kind
        self.close_paragraph()
        units = self.sections[-1].units
        in_list = kind == previous and kind in {"item", "row"}
        if units and (in_list or (kind == "item" and previous == "text" and not line.gap)):
            units[-1].glued = True
        elif kind == "text" and line.gap and previous in {"item", "row"}:
            self._leave(_COLON_LINE)
        self._paragraph = Unit(line.start, line.end)
        self._kind = kind

    def close_paragraph(self) -> None:
        unit, self._paragraph = self._paragraph, None
        if unit is None:
            return
        if self._kind != "text":
            self._append(unit)
            return
        self._leave(_INLINE)
        for start, end, label in _labelled(self._text, unit.start, unit.end):
            if label:
                self._push(_INLINE, label)
            self._append(Unit(start, end, glued=self._text[end - 1] in "?:"))

    def _append(self, unit: Unit) -> None:
        self.sections[-1].units.append(unit)
        self.sections[-1].has_body = True

    def _push(self, level: int, title: str) -> None:
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()
        clean = title.strip(" *_#:")
        self._stack.append((level, "" if clean.casefold() == self._title else clean))
        self._start_section()

    def _leave(self, level: int) -> None:
        """Close the open sections of `level` and below, without a heading that would do it."""
        if self._stack and self._stack[-1][0] >= level:
            while self._stack and self._stack[-1][0] >= level:
                self._stack.pop()
            self._start_section()

    def _start_section(self) -> None:
        self.sections.append(Section(tuple(title for _, title in self._stack if title)))


def _kind(line: _Line) -> str:
    if " | " in line.text or line.text.startswith("|"):
        return "row"
    return "item" if _ITEM.match(line.text) else "text"


def _heading(line: _Line, following: _Line | None) -> tuple[int, str] | None:
    """(level, title) where the line is a heading."""
    text = line.text
    if match := _ATX.match(text[: 4 * _HEADING_CHARS]):
        return len(match.group(1)), match.group(2)[:_HEADING_CHARS]
    if len(text) > _HEADING_CHARS or following is None or _kind(line) == "row":
        return None
    if _is_underline(following) and _kind(line) == "text":
        return (1 if following.text[0] == "=" else 2), text
    if _QUESTION.match(text) or _ANSWER.match(text):
        return None
    return _typed_heading(line, following)


def _typed_heading(line: _Line, following: _Line) -> tuple[int, str] | None:
    """Headings of people who write no Markdown."""
    text, words = line.text, len(line.text.split())
    if words > 8:
        return None
    if _BOLD.match(text):
        return _CAPITALS, text
    numbered = _NUMBERED.match(text)
    if numbered and line.gap and text[-1] not in ".!?;," and not _ITEM.match(following.text):
        return _CAPITALS, text
    if _ITEM.match(text):
        return None
    if text.isupper() and text[-1] not in ".!?;," and sum(map(str.isalpha, text)) > 2:
        return _CAPITALS, text
    if text[-1] == ":" and words <= 4 and text[0].isupper():
        return _COLON_LINE, text
    return (_PLAIN_TITLE, text) if line.gap and words <= 6 and _is_title(text) else None


def _is_title(text: str) -> bool:
    return text[0].isupper() and text[-1].isalpha() and ": " not in text and not any(c.isdigit() for c in text)


def _is_underline(line: _Line) -> bool:
    return not line.gap and _SETEXT.match(line.text) is not None


def _labelled(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Cut a paragraph before its inline labels: (start, end, label or "") of each piece."""
    cuts = [(start, "")]
    for match in _LABEL.finditer(text[start:end]):
        label = match.group("label")
        if _QUESTION.match(label + ":") or _ANSWER.match(label + ":"):
            continue
        position = start + match.start("label")
        if position == start:
            cuts = []
        cuts.append((position, label))
    for index, (position, label) in enumerate(cuts):
        stop = cuts[index + 1][0] if index + 1 < len(cuts) else end
        stop = position + len(text[position:stop].rstrip())
        if stop > position:
            yield position, stop, label
