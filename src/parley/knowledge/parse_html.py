"""Web pages: what a reader sees, headings, lists and tables kept, navigation and scripts dropped.

The parser is lxml's in its event form: no tree is built, so that depth and size of a page cost nothing but time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from parley.knowledge.parse_limits import Budget
from parley.knowledge.parse_text import decode, normalise, one_line, table_rows

_DROPPED = frozenset(
    "script style noscript template nav svg math iframe object embed canvas audio video button select option input "
    "textarea dialog head map applet frameset".split()
)
_BLOCKS = frozenset(
    "p div section article main header footer aside blockquote pre address figure figcaption dl dt dd form hr details "
    "summary fieldset center body html".split()
)
_BOILERPLATE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menubar|breadcrumbs?|cookies?|consent|social|share|skip-link)(?:$|[\s_-])",
    re.IGNORECASE,
)
_ROLES = frozenset({"navigation", "search", "alert", "dialog"})
_DEEPEST_TABLE = 3  # tables further inside are read as part of the cell they stand in
_HEADING = re.compile(r"h[1-6]$")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?\s*([\w-]{3,30})", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_BLOCK = 1 << 16


def read_html(data: bytes, budget: Budget) -> str:
    """The page's text as light Markdown."""
    text = _decode(data)
    page = _Page(budget)
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True, no_network=True)
    clean = re.sub("[\x00\ud800-\udfff]", "", text).encode()
    if not clean.strip():
        return ""
    for start in range(0, len(clean), _BLOCK):
        budget.check_time()
        parser.feed(clean[start : start + _BLOCK])
    parser.close()
    return normalise(page.text())


def _decode(data: bytes) -> str:
    declared = _META_CHARSET.search(data[:4_096])
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        name = declared.group(1).decode("ascii").lower()
        try:
            return data.decode("cp1252" if name in {"iso-8859-1", "latin1", "us-ascii"} else name)
        except (LookupError, UnicodeError):
            pass  # a wrong declaration
    return decode(data)


class _Page:
    """lxml's parser target: receives tags and text in order."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._lines: list[str] = []
        self._buffer: list[str] = []
        self._prefix = ""
        self._dropped = 0  # how many elements are open inside the one being dropped, itself included
        self._lists: list[int] = []  # per open list: the last number, -1 for bullets
        self._tables: list[_Table] = []
        self._flat_tables = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._dropped or _is_dropped(tag, attributes):
            self._dropped += 1
        elif tag == "br":
            self._buffer.append("\n")
        elif _HEADING.match(tag):
            self._flush()
            self._prefix = "#" * int(tag[1]) + " "
        elif tag in {"ul", "ol"}:
            self._flush()
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._item()
        elif tag in {"table", "tr", "td", "th"}:
            self._table_start(tag)
        elif tag in _BLOCKS:
            self._flush()

    def end(self, tag: str) -> None:
        if self._dropped:
            self._dropped -= 1
            return
        if tag in {"ul", "ol"} and self._lists:
            self._flush()
            self._lists.pop()
            self._blank()
        elif tag in {"table", "tr", "td", "th"}:
            self._table_end(tag)
        elif tag in _BLOCKS or tag == "li" or _HEADING.match(tag):
            self._flush()
            if not self._lists:
                self._blank()

    def data(self, data: str) -> None:
        if not self._dropped:
            self._buffer.append(_SPACE.sub(" ", data))

    def comment(self, text: str) -> None:
        """Comments are not read."""

    def close(self) -> None:
        """The document is over; elements left open are closed."""
        self._flat_tables = 0
        while self._tables:
            self._table_end("table")
        self._flush()

    def text(self) -> str:
        return "\n".join(self._lines)

    def _item(self) -> None:
        self._flush()
        depth = max(0, len(self._lists) - 1)
        number = self._lists[-1] if self._lists else -1
        if number >= 0:
            self._lists[-1] = number + 1
        self._prefix = "  " * min(depth, 6) + (f"{number + 1}. " if number >= 0 else "- ")

    def _flush(self) -> None:
        """The text so far becomes lines, or belongs to the open table cell."""
        text = "".join(self._buffer)
        self._buffer.clear()
        if self._tables:
            self._prefix = ""
            self._tables[-1].add(text)
            return
        prefix, self._prefix = self._prefix, ""
        lines = [" ".join(line.split()) for line in text.split("\n")]
        lines = [line for line in lines if line]
        if prefix.startswith("#") and lines:
            self._blank()
            self._lines += [self._budget.take(prefix + one_line(" ".join(lines))), ""]
        elif lines:
            self._lines += [self._budget.take(prefix + lines[0]), *map(self._budget.take, lines[1:])]
        else:
            self._prefix = prefix  # <li><p>: the marker waits for the text

    def _blank(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def _table_start(self, tag: str) -> None:
        self._flush()
        if tag == "table" and len(self._tables) == _DEEPEST_TABLE:
            self._flat_tables += 1
        elif tag == "table":
            self._prefix = ""
            self._tables.append(_Table())
        elif self._tables and tag == "tr":
            self._tables[-1].row()
        elif self._tables:
            self._tables[-1].cell(is_header=tag == "th")

    def _table_end(self, tag: str) -> None:
        self._flush()
        if tag != "table" or not self._tables:
            return
        if self._flat_tables:
            self._flat_tables -= 1
            return
        lines = self._tables.pop().lines()
        if self._tables:
            self._tables[-1].add(" ".join(lines))
            return
        self._blank()
        self._lines += [*map(self._budget.take, lines), ""]


def _is_dropped(tag: str, attributes: Mapping[str, str]) -> bool:
    if tag in _DROPPED:
        return True
    if tag in {"body", "html", "main", "article"}:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or attributes.get("role", "") in _ROLES:
        return True
    marks = f"{attributes.get('class', '')} {attributes.get('id', '')}"[:300]
    return tag in {"div", "section", "aside", "ul", "header", "footer"} and bool(_BOILERPLATE.search(marks))


class _Table:
    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._parts: list[str] = []
        self._headers = 0

    def row(self) -> None:
        self._close_cell()
        self.rows.append([])

    def cell(self, *, is_header: bool) -> None:
        self._close_cell()
        if not self.rows:
            self.rows.append([])
        self.rows[-1].append("")
        self._headers += is_header and len(self.rows) == 1

    def add(self, text: str) -> None:
        if self.rows and self.rows[-1] and text.strip():
            self._parts.append(text)

    def lines(self) -> list[str]:
        self._close_cell()
        first = len(self.rows[0]) if self.rows else 0
        return table_rows(self.rows, header=first > 1 and self._headers == first)

    def _close_cell(self) -> None:
        text, self._parts = " ".join(self._parts), []
        if text and self.rows and self.rows[-1]:
            self.rows[-1][-1] += text
