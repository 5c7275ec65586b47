"""The text layer of a PDF, page by page, headings recognised by their size."""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections import Counter
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from parley.knowledge.parse_limits import Budget, refused, too_large
from parley.knowledge.parse_text import normalise

# A damaged file makes pypdf log a line per object.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_BROKEN = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)  # what pypdf raises on damaged input, by experience: whatever the damaged object happens to break
_HYPHENATED = re.compile(r"(?<=[a-zäöüß])-\n(?=(?!und\b|oder\b|bzw|and\b|or\b)[a-zäöüß]{2})")
_LARGER = 1.15  # times the size of the body text: a heading
_HEADING_CHARS = 90

_Line = tuple[str, float]  # text, font size in points


def read_pdf(data: bytes, budget: Budget) -> tuple[str, int]:
    """(text, number of pages). Pages are separated by a blank line."""
    reader = _open(data)
    pages = _pages(reader, budget)
    lines: list[list[_Line]] = []
    damaged = 0
    for page in pages:
        budget.check_time()
        try:
            lines.append(_lines(page, budget))
        except _BROKEN:
            damaged += 1
    text = normalise(_HYPHENATED.sub("", _marked_up(lines)))
    if damaged and damaged * 10 > len(pages):
        raise refused(f"the PDF is damaged ({damaged} of {len(pages)} pages cannot be read)", "corrupt")
    if not any(map(str.isalnum, text)):
        raise refused("the PDF has no text layer (a scan?); run text recognition over it first", "no_text")
    return text, len(pages)


def _open(data: bytes) -> PdfReader:
    try:
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise refused("the PDF is encrypted; remove the password", "encrypted")
    except (FileNotDecryptedError, DependencyError, NotImplementedError):
        raise refused("the PDF is encrypted; remove the password", "encrypted") from None
    except _BROKEN:
        raise refused("the PDF is damaged", "corrupt") from None
    return reader


def _pages(reader: PdfReader, budget: Budget) -> list[PageObject]:
    try:
        count = len(reader.pages)
        if count <= budget.limits.max_pages:
            if count == 0:
                raise refused("the PDF has no pages", "empty")
            return list(reader.pages)
    except LimitReachedError:
        pass
    except _BROKEN:
        raise refused("the PDF is damaged", "corrupt") from None
    raise too_large(f"it has more than {budget.limits.max_pages:,} pages")


def _lines(page: PageObject, budget: Budget) -> list[_Line]:
    """The lines of a page with the size most of their characters have."""
    lines: list[_Line] = []
    text, sizes = "", Counter[float]()

    def on_text(piece: str, outer: Any, matrix: Any, _font: Any, size: float) -> None:
        nonlocal text
        for number, part in enumerate(piece.split("\n")):
            if number:
                lines.append((text, max(sizes, key=sizes.__getitem__, default=0.0)))
                text = ""
                sizes.clear()
            text += part
            if part.strip():
                sizes[round(abs(size * (matrix[3] or matrix[1]) * (outer[3] or outer[1])), 1)] += len(part.strip())

    operations = 0

    def on_operation(*_: Any) -> None:
        nonlocal operations
        operations += 1
        if operations % 1_000 == 0:
            budget.check_time()

    plain = page.extract_text(visitor_text=on_text, visitor_operand_before=on_operation)
    budget.take(plain)
    if text:
        lines.append((text, max(sizes, key=sizes.__getitem__, default=0.0)))
    if "".join("".join(line for line, _ in lines).split()) == "".join(plain.split()):
        return lines
    return [(line, 0.0) for line in plain.split("\n")]


def _marked_up(pages: list[list[_Line]]) -> str:
    weights = Counter[float]()
    for page in pages:
        for line, size in page:
            weights[size] += len(line)
    body = max(weights, key=weights.__getitem__, default=0.0)
    larger = sorted((size for size in weights if size > body * _LARGER), reverse=True) if body else []
    levels = {size: min(rank, 3) for rank, size in enumerate(larger, start=1)}
    return "\n\n".join("\n".join(_line(line, levels.get(size, 0)) for line, size in page) for page in pages)


def _line(line: str, level: int) -> str:
    if level and any(map(str.isalpha, line)) and len(line.strip()) <= _HEADING_CHARS:
        return f"\n{'#' * level} {line.strip()}\n"
    return line
