"""Word documents: headings, paragraphs, lists and tables in the order of the page."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from parley.knowledge.parse_limits import Budget, refused, too_large
from parley.knowledge.parse_text import normalise, one_line, table_rows

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MAIN_PART = "word/document.xml"
_BLOCK = 1 << 16
_FREE_BYTES = 10_000_000  # unpacked; a small file may be packed as well as it likes
_MAX_ENTRIES = 10_000
_DOCTYPE = tuple("<!doctype".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_HEADING = re.compile(r"(?:heading|überschrift)\s*([1-9])$", re.IGNORECASE)


def is_docx(data: bytes) -> bool:
    """Whether a zip container holds a Word document."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return _MAIN_PART in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def read_docx(data: bytes, budget: Budget) -> str:
    """The document's body as light Markdown."""
    _check_container(data, budget)
    import docx  # 0.1 s
    from docx.opc.exceptions import OpcError
    from lxml import etree

    try:
        document = docx.Document(BytesIO(data))
        levels = _heading_levels(document)
        return normalise("\n".join(_blocks(document.element.body, levels, budget)))
    except (OpcError, etree.LxmlError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, TypeError):
        raise refused("the Word document is damaged", "corrupt") from None


def _check_container(data: bytes, budget: Budget) -> None:
    """Unpack every entry once in small blocks and throw it away: a zip's directory may lie about sizes."""
    limits = budget.limits
    allowed = min(limits.max_unpacked_bytes, max(_FREE_BYTES, limits.max_unpacked_ratio * len(data)))
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > allowed:
                raise too_large("it unpacks to far more than its size (a zip bomb?)")
            if any(entry.flag_bits & 1 for entry in entries):
                raise refused("it is encrypted; remove the password", "encrypted")
            for entry in entries:
                allowed -= _unpacked_size(archive, entry, allowed, budget)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError):
        raise refused("the Word document is damaged", "corrupt") from None


def _unpacked_size(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, allowed: int, budget: Budget) -> int:
    is_markup = entry.filename.endswith((".xml", ".rels"))
    allowed = min(allowed, budget.limits.max_markup_bytes) if is_markup else allowed
    size, tail = 0, b""
    with archive.open(entry) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            budget.check_time()
            if size > allowed:
                raise too_large("it unpacks to far more than its size (a zip bomb?)")
            seen = (tail + block).lower()
            if is_markup and any(mark in seen for mark in _DOCTYPE):
                raise refused("the Word document declares XML entities", "corrupt")
            tail = block[-32:]
    return size


def _heading_levels(document: Any) -> dict[str, int]:
    """Style id to heading level, 1 for titles."""
    levels: dict[str, int] = {}
    for style in document.styles.element.iter(f"{_W}style"):
        name = next((el.get(f"{_W}val", "") for el in style.iter(f"{_W}name")), "")
        outline = next((el.get(f"{_W}val", "") for el in style.iter(f"{_W}outlineLvl")), "")
        if match := _HEADING.match(name):
            level = int(match.group(1))
        elif name.lower() in {"title", "titel"}:
            level = 1
        elif outline.isdigit() and int(outline) < 9:
            level = int(outline) + 1
        else:
            continue
        levels[style.get(f"{_W}styleId", "")] = min(level, 6)
    return levels


def _blocks(body: Any, levels: dict[str, int], budget: Budget) -> Iterator[str]:
    in_list = False
    for number, element in enumerate(_children(body)):
        if number % 100 == 0:
            budget.check_time()
        if element.tag == f"{_W}tbl":
            yield from ("", *map(budget.take, _table(element)), "")
            in_list = False
            continue
        text = _text(element)
        if not text.strip():
            continue
        level, is_item = _style(element, levels)
        if level:
            yield budget.take(f"\n{'#' * level} {one_line(text)}\n")
        elif is_item:
            yield budget.take(("" if in_list else "\n") + f"- {' '.join(text.split())}")
        else:
            yield budget.take(f"\n{text.strip()}")
        in_list = is_item


def _children(body: Any) -> Iterator[Any]:
    """Paragraphs and tables, those inside content controls included."""
    waiting = [iter(body)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif element.tag in {f"{_W}p", f"{_W}tbl"}:
            yield element
        elif element.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins", f"{_W}smartTag"}:
            waiting.append(iter(element))


def _style(paragraph: Any, levels: dict[str, int]) -> tuple[int, bool]:
    """(heading level or 0, whether it is a list item)."""
    properties = paragraph.find(f"{_W}pPr")
    if properties is None:
        return 0, False
    style = properties.find(f"{_W}pStyle")
    name = style.get(f"{_W}val", "") if style is not None else ""
    outline = properties.find(f"{_W}outlineLvl")
    own = outline.get(f"{_W}val", "") if outline is not None else ""
    level = levels.get(name, 0) or (int(own) + 1 if own.isdigit() and int(own) < 6 else 0)
    return level, properties.find(f"{_W}numPr") is not None or name.lower().startswith("list")


def _text(element: Any) -> str:
    """What is visible of a paragraph: insertions and links, not deletions, field codes and second copies."""
    parts: list[str] = []
    skipped: set[Any] = set()
    for node in element.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}noBreakHyphen", _FALLBACK):
        if node.tag == _FALLBACK:
            skipped.update(node.iter(f"{_W}t", f"{_W}tab", f"{_W}br"))
        elif node in skipped:
            continue
        elif node.tag == f"{_W}t":
            parts.append(node.text or "")
        else:
            parts.append({"tab": " ", "noBreakHyphen": "-"}.get(node.tag[len(_W) :], "\n"))
    return "".join(parts)


def _table(table: Any) -> list[str]:
    rows = []
    for row in table.iterchildren(f"{_W}tr"):
        cells = row.iterchildren(f"{_W}tc", f"{_W}sdt")
        rows.append([" ".join(_text(paragraph) for paragraph in cell.iter(f"{_W}p")) for cell in cells])
    return table_rows(rows, header=is_header_row(rows))


def is_header_row(rows: list[list[str]]) -> bool:
    """Word and HTML rarely mark headers: a first row of distinct names without figures, above rows that have some."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    first = [cell.strip() for cell in rows[0]]
    if not all(first) or len(set(first)) < len(first) or any(c.isdigit() for cell in first for c in cell):
        return False
    return any(c.isdigit() for row in rows[1:] for cell in row for c in cell)
