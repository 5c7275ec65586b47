"""Reading uploaded documents: PDF, Word, HTML, Markdown, text, CSV and JSON become light Markdown.

Files come from strangers. Nothing here follows a link, resolves an entity or opens an archive inside an archive; what
is over a limit is refused with 413, what cannot be read with 422 and the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from parley.knowledge.parse_limits import DEFAULT_LIMITS, Budget, Limits, refused, too_large

__all__ = ["DEFAULT_LIMITS", "Kind", "Limits", "ParsedDocument", "parse_document"]

Kind = Literal["pdf", "docx", "html", "markdown", "text", "csv", "json"]

_EXTENSIONS: dict[str, Kind] = {
    "pdf": "pdf",
    "docx": "docx",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "md": "markdown",
    "markdown": "markdown",
    "txt": "text",
    "text": "text",
    "csv": "csv",
    "tsv": "csv",
    "json": "json",
}
_CONTENT_TYPES: dict[str, Kind] = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/plain": "text",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/json": "json",
}
_SUPPORTED = "PDF, DOCX, HTML, Markdown, text, CSV and JSON are read"
_MAGIC = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Office file"),
    (b"{\\rtf", "an RTF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"%!PS", "a PostScript file"),
)


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as text: headings are "#" lines, list items "- " lines, table rows "a | b" or "Header: value | …".

    The text is never empty, NFC, with "\\n" line ends, without NUL and lone surrogates. `pages` is known for PDF only.
    """

    text: str
    kind: Kind
    pages: int | None = None


def parse_document(
    data: bytes, *, filename: str, content_type: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> ParsedDocument:
    """Read one file. CPU-heavy and synchronous: call it in a worker thread.

    The kind is taken from the name's extension, else from the content type, else from the content, and the content
    must agree. Raises `TooLarge` (413) over a limit; `InvalidInput` (422) for what is empty, binary, of another kind,
    encrypted, damaged or without text.
    """
    if len(data) > limits.max_bytes:
        raise too_large(f"it is larger than {limits.max_bytes // 1_000_000} MB")
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise refused("it is empty", "empty")
    kind = _kind(data, filename, content_type)
    budget = Budget(limits)
    pages: int | None = None
    if kind == "pdf":
        from parley.knowledge.parse_pdf import read_pdf

        text, pages = read_pdf(data, budget)
    else:
        text = _reader(kind)(data, budget)
    if not any(map(str.isalnum, text)):
        raise refused("there is no text in it", "empty")
    return ParsedDocument(text, kind, pages)


def _reader(kind: Kind) -> Callable[[bytes, Budget], str]:
    """Parsers are imported when the first file of their kind arrives."""
    if kind == "docx":
        from parley.knowledge.parse_docx import read_docx

        return read_docx
    if kind == "html":
        from parley.knowledge.parse_html import read_html

        return read_html
    if kind in {"csv", "json"}:
        from parley.knowledge.parse_data import read_csv, read_json

        return read_csv if kind == "csv" else read_json
    from parley.knowledge.parse_text import read_markdown, read_text

    return read_markdown if kind == "markdown" else read_text


def _kind(data: bytes, filename: str, content_type: str | None) -> Kind:
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    extension = name.rsplit(".", 1)[-1].lower().strip() if "." in name else ""
    media_type = (content_type or "").split(";")[0].strip().lower()
    claimed = _EXTENSIONS.get(extension) or (_CONTENT_TYPES.get(media_type) if not extension else None)
    if extension and claimed is None:
        raise refused(f"files named .{extension[:20]} are not read; {_SUPPORTED}", "type")
    found = _by_content(data)
    if claimed is None:
        return found if found is not None else _text_kind(data)
    if (found in {"pdf", "docx"} or claimed in {"pdf", "docx"}) and found != claimed:
        raise refused(f"its content is not {_article(claimed)} as its name or type says", "type")
    return claimed


def _by_content(data: bytes) -> Kind | None:
    """pdf or docx; None for what may be text. Refuses other known containers."""
    if b"%PDF-" in data[:1_024]:
        return "pdf"
    for magic, what in _MAGIC:
        if data.startswith(magic):
            if what == "a zip archive":
                from parley.knowledge.parse_docx import is_docx

                if is_docx(data):
                    return "docx"
            raise refused(f"it is {what}; {_SUPPORTED}", "type")
    return None


def _text_kind(data: bytes) -> Kind:
    """For a file without a name or type to go by."""
    start = data[:1_024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "html"
    return "json" if start.startswith((b"{", b"[")) and data.rstrip().endswith((b"}", b"]")) else "text"


def _article(kind: Kind) -> str:
    return {"pdf": "a PDF", "docx": "a Word document", "html": "a web page", "json": "JSON"}.get(kind, f"{kind}")
