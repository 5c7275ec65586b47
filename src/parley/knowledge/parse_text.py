"""Bytes to clean text: encodings, line ends, characters that no database stores; plain text and Markdown."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

from parley.knowledge.parse_limits import Budget, refused

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_SAMPLE = 65_536  # bytes or characters looked at to guess
_WESTERN = re.compile("[ -~\\s\u00a0-\u00ff€‚„…‰‘’“”•–—™ŠšŽžŒœŸ†‡]*")
_UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]+")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BEFORE_LINE_END = re.compile(r"(?<![^\S\n])[^\S\n]++\n")
_BLANK_LINES = re.compile(r"\n{3,}")
_WIDE_SPACES = re.compile("[\u00a0\u2007\u202f\u2009\u3000]")
_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(?:[^\n]*\n){0,200}?\1[ \t]*(?:\n|\Z)")


def decode(data: bytes) -> str:
    """The text of `data`: by byte order mark, as UTF-8, UTF-16, Windows-1252, or what charset-normalizer finds.

    Raises `InvalidInput` for bytes that are no text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _plausible(data[len(bom) :].decode(encoding, errors="replace"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _decode_other(data)
    else:
        if "\x00" in text and (encoding := _utf16_without_bom(data)):
            text = data.decode(encoding, errors="replace")
    return _plausible(text)


def _utf16_without_bom(data: bytes) -> str:
    """UTF-16 of a language in Latin letters is nearly all zeros on one side of each pair."""
    sample = data[:_SAMPLE]
    half = max(1, len(sample) // 2)
    high, low = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if low > 0.7 and high < 0.1:
        return "utf-16-le"
    return "utf-16-be" if high > 0.7 and low < 0.1 else ""


def _decode_other(data: bytes) -> str:
    if encoding := _utf16_without_bom(data):
        return data.decode(encoding, errors="replace")
    with suppress(UnicodeDecodeError):  # UTF-16 written as UTF-8, surrogate by surrogate
        paired = data.decode("utf-8", errors="surrogatepass").encode("utf-16-le", errors="surrogatepass")
        return paired.decode("utf-16-le", errors="replace").replace("\ufffd", "")
    lenient = data.decode("utf-8", errors="replace")
    broken, valid = lenient.count("\ufffd"), sum(1 for c in lenient[:_SAMPLE] if c > "\x7f" and c != "\ufffd")
    if broken < valid:  # UTF-8 with a scar: cut in the middle, or a stray surrogate
        return lenient.replace("\ufffd", "")
    western = data.decode("cp1252", errors="replace")
    if _is_western(western[:_SAMPLE]):
        return western
    from charset_normalizer import from_bytes  # 20 ms to import, needed for few files

    best = from_bytes(data[:_SAMPLE]).best()
    return data.decode(best.encoding, errors="replace") if best else western


def _is_western(sample: str) -> bool:
    """Cyrillic or Greek read as Windows-1252 is nearly all accents."""
    letters = sum(map(str.isalpha, sample))
    accented = sum(1 for c in sample if c > "\x7f" and c.isalpha())
    return accented * 3 <= letters and _WESTERN.fullmatch(sample.replace("\ufffd", "")) is not None


def _plausible(text: str) -> str:
    sample = text[:_SAMPLE]
    odd = sum(1 for c in sample if (c < " " and c not in "\t\n\r\x0c\x1c\x1d\x1e") or c in "\ufffd\x7f")
    if odd > 8 and odd * 20 > len(sample):  # a stray few are dropped later
        raise refused("it is binary, not text", "type")
    return text


def normalise(text: str) -> str:
    """Text as it is stored: "\\n" line ends, composed characters (NFC), no control characters, no lone surrogates,
    no white space before a line end, at most one blank line in a row."""
    text = _LINE_END.sub("\n", text)
    text = _UNWANTED.sub("", text)
    text = _WIDE_SPACES.sub(" ", text)
    text = unicodedata.normalize("NFC", text)
    text = _BEFORE_LINE_END.sub("\n", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def read_text(data: bytes, budget: Budget) -> str:
    """Plain text."""
    return budget.take(normalise(decode(data)))


def read_markdown(data: bytes, budget: Budget) -> str:
    """Markdown as it is, front matter left out."""
    return budget.take(_FRONT_MATTER.sub("", normalise(decode(data))).strip())


def one_line(text: str) -> str:
    """A cell's or a heading's text: on one line, without the bar that separates cells."""
    return " ".join(text.replace("|", "/").split())


def table_rows(rows: list[list[str]], *, header: bool) -> list[str]:
    """Rows of a table as lines: "Header: value | Header: value" where there is a header, else "a | b".

    A row with its headers beside it can be understood without the rest of the table.
    """
    rows = [[one_line(cell) for cell in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if not header or len(rows) < 2:
        return [" | ".join(cell for cell in row if cell) for row in rows]
    names = [name[:80] for name in rows[0]]
    return [line for row in rows[1:] if (line := labelled_row(names, row))]


def labelled_row(names: list[str], row: list[str]) -> str:
    """ "Header: value | Header: value"; an empty value is left out, a value without header stands alone."""
    cells = []
    for index, cell in enumerate(row):
        name = names[index] if index < len(names) else ""
        if cell:
            cells.append(f"{name.rstrip(':')}: {cell}" if name else cell)
    return " | ".join(cells)
