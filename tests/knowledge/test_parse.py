from __future__ import annotations

import io
import json
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Sequence

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from parley.kit.errors import InvalidInput, TooLarge
from parley.knowledge.parse import Limits, parse_document


def text_of(data: bytes, filename: str) -> str:
    return parse_document(data, filename=filename).text


def refusal(data: bytes, filename: str, limits: Limits | None = None) -> str:
    with pytest.raises((InvalidInput, TooLarge)) as caught:
        parse_document(data, filename=filename, limits=limits or Limits())
    assert caught.value.detail.startswith("The field file is refused: ")
    return caught.value.code


def read_or_refused(data: bytes, filename: str) -> str:
    """The text, checked for what a database refuses; "" for a file that is refused in words."""
    try:
        text = text_of(data, filename)
    except (InvalidInput, TooLarge) as error:
        return "" if "file" in error.detail else error.detail
    text.encode()
    assert "\x00" not in text
    assert text.strip() == text != ""
    return ""


# --- PDF


def pdf(objects: Sequence[bytes]) -> bytes:
    """A file from object bodies, numbered from 1; object 1 is the catalog."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), extra, content)


def text_pdf(pages: Sequence[Sequence[tuple[str, int]]]) -> bytes:
    """Pages of (line, font size)."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        content = b"BT 1 0 0 1 50 800 Tm\n"
        for line, size in lines:
            escaped = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
            content += b"/F1 %d Tf 0 -%d Td (%b) Tj\n" % (size, size + 4, escaped)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 850] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number)
        )
        objects.append(stream(content + b"ET"))
    return pdf(objects)


MENU = text_pdf(
    [[("Menu", 24), ("Käsespätzle 12,50 €", 11), ("with (fried) onions", 11)], [("Opening hours daily", 11)]]
)


def test_pdf_text_pages_and_headings() -> None:
    document = parse_document(MENU, filename="menu.PDF")
    assert document.kind == "pdf"
    assert document.pages == 2
    assert document.text == "# Menu\n\nKäsespätzle 12,50 €\nwith (fried) onions\n\nOpening hours daily"


def test_pdf_words_hyphenated_at_the_line_end_are_joined() -> None:
    data = text_pdf([[("Unsere Öffnungs-", 11), ("zeiten und Park-", 11), ("und Lieferplätze", 11)]])
    assert text_of(data, "a.pdf") == "Unsere Öffnungszeiten und Park-\nund Lieferplätze"


def encrypted(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(MENU)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_encrypted_pdf_is_refused_unless_the_empty_password_opens_it() -> None:
    assert refusal(encrypted("secret"), "a.pdf") == "document.encrypted"
    assert "Opening hours" in text_of(encrypted(""), "a.pdf")


def test_scanned_pdf_is_refused() -> None:
    assert refusal(text_pdf([[], []]), "scan.pdf") == "document.no_text"


def shared_page_tree(pages: int) -> bytes:
    kids = b"3 0 R " * pages
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, pages),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        ]
    )


def test_pdf_with_too_many_pages_is_refused() -> None:
    assert refusal(shared_page_tree(10_001), "a.pdf") == "document.too_large"
    assert refusal(MENU, "a.pdf", Limits(max_pages=1)) == "document.too_large"


def test_pdf_page_tree_that_doubles_at_each_level_is_refused_quickly() -> None:
    levels = [b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 2 >>" % (n, n) for n in range(3, 43)]
    started = time.process_time()
    refusal(pdf([b"<< /Type /Catalog /Pages 2 0 R >>", *levels, b"<< /Type /Page >>"]), "a.pdf")
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "objects",
    [
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"],
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"2 0 R"],
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids 2 0 R /Count 1 >>"],
        [b"<< /Type /Catalog >>"],
        [b"[1 0 R]"],
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"[" * 5_000],
    ],
)
def test_pdf_with_loops_or_nonsense_is_refused(objects: list[bytes]) -> None:
    refusal(pdf(objects), "a.pdf")


def test_pdf_forms_that_multiply_are_bounded_by_time() -> None:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
        stream(b"/X Do " * 10),
        *(stream(b"/X Do " * 10, form % (n + 1)) for n in range(5, 25)),
        stream(b"BT (x) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"),
    ]
    started = time.process_time()
    refusal(pdf(objects), "a.pdf", Limits(max_seconds=2))
    assert time.process_time() - started < 10


def test_pdf_stream_bomb_is_refused() -> None:
    bomb = zlib.compress(zlib.compress(b" " * 200_000_000, 9), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        stream(bomb, b"/Filter [/FlateDecode /FlateDecode]"),
    ]
    refusal(pdf(objects), "a.pdf")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(MENU) - 1), st.integers(0, 255), st.booleans())
def test_damaged_pdf_is_read_or_refused(position: int, byte: int, cut: bool) -> None:
    data = MENU[:position] if cut else MENU[:position] + bytes([byte]) + MENU[position + 1 :]
    assert read_or_refused(data, "a.pdf") == ""


# --- Word


def word() -> bytes:
    document = docx.Document()
    document.add_heading("House rules", level=0)
    document.add_heading("Breakfast", level=2)
    document.add_paragraph("Served from 7 to 10.")
    document.add_paragraph("Bread", style="List Bullet")
    document.add_paragraph("Eggs", style="List Bullet")
    table = document.add_table(rows=3, cols=2)
    for row, cells in enumerate([("Room", "Price"), ("Single", "80"), ("Double", "120")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    document.add_paragraph("After the table.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


WORD = word()


def repacked(changes: dict[str, bytes], data: bytes = WORD) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


def test_docx_keeps_headings_lists_and_tables_in_order() -> None:
    assert text_of(WORD, "rules.docx") == (
        "# House rules\n\n## Breakfast\n\nServed from 7 to 10.\n\n- Bread\n- Eggs\n\n"
        "Room: Single | Price: 80\nRoom: Double | Price: 120\n\nAfter the table."
    )


def test_docx_bombs_are_refused() -> None:
    assert refusal(repacked({"word/media/a.bin": b"\0" * 350_000_000}), "a.docx") == "document.too_large"
    assert refusal(repacked({"word/media/a.bin": b"\0" * 30_000_000}), "a.docx") == "document.too_large"
    assert refusal(repacked({"word/document.xml": b" " * 60_000_000}), "a.docx") == "document.too_large"


def test_docx_whose_directory_lies_about_sizes_is_refused() -> None:
    data = bytearray(repacked({"word/media/a.bin": b"\0" * 20_000_000}))
    position = data.rindex(b"word/media/a.bin") - 46  # the entry's record in the central directory
    data[position + 24 : position + 28] = struct.pack("<I", 100)
    refusal(bytes(data), "a.docx")


def test_docx_with_entities_is_refused() -> None:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]><x>&a9;</x>'
    assert refusal(repacked({"word/document.xml": xml.encode()}), "a.docx") == "document.corrupt"
    assert refusal(repacked({"word/styles.xml": xml.encode("utf-16")}), "a.docx") == "document.corrupt"


def test_docx_that_is_none_is_refused() -> None:
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusal(empty.getvalue(), "a.docx") == "document.type"
    assert refusal(b"PK\x03\x04 nonsense", "a.docx") == "document.type"
    assert refusal(b"plain", "a.docx") == "document.type"
    assert refusal(WORD[: len(WORD) // 2], "a.docx") == "document.type"
    assert refusal(repacked({"word/document.xml": b"<w:document"}), "a.docx") == "document.corrupt"
    assert refusal(repacked({"[Content_Types].xml": b"<a/>"}), "a.docx") == "document.corrupt"
    deep = b"<a>" * 100_000
    assert refusal(repacked({"word/document.xml": deep}), "a.docx") == "document.corrupt"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(WORD) - 1), st.integers(0, 255))
def test_damaged_docx_is_read_or_refused(position: int, byte: int) -> None:
    data = WORD[:position] + bytes([byte]) + WORD[position + 1 :]
    assert read_or_refused(data, "a.docx") == ""


# --- HTML

PAGE = """<!doctype html><html><head><title>t</title><style>p{}</style></head><body><nav><a>Home</a></nav>
<h1>Bella <b>Vista</b></h1><p>We open
at 9.<br>Closed &amp; dark on Monday.</p>
<ul><li>Soup<li><p>Bread</p><ol><li>White<li>Dark</ol></ul>
<table><tr><th>Dish<th>Price</tr><tr><td>Soup</td><td>5</td></tr></table>
<table><tr><td>Mon</td><td>9-17</td></tr>
<tr><td>Tue<table><tr><td>in</td></tr></table></td><td>8</td></tr></table>
<div class="cookie-banner">Accept</div><p hidden>secret</p><script>alert(1)</script>
<footer>Main St. 5</footer></body>"""


def test_html_keeps_what_a_reader_sees() -> None:
    assert text_of(PAGE.encode(), "page.html") == (
        "# Bella Vista\n\nWe open at 9.\nClosed & dark on Monday.\n\n- Soup\n- Bread\n  1. White\n  2. Dark\n\n"
        "Dish: Soup | Price: 5\n\nMon | 9-17\nTue in | 8\n\nMain St. 5"
    )


@pytest.mark.parametrize(
    "data",
    ["<p>Grüße".encode("latin-1"), '<meta charset="utf-8"><p>Grüße'.encode(), '<meta charset="x-y"><p>Grüße'.encode()],
)
def test_html_encodings(data: bytes) -> None:
    assert text_of(data, "a.html") == "Grüße"


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<table><tr><td>x", "<ul><li>x", "<b><i>", "<nav>", "<!--", "<a ", "&", "<h1>", "<p hidden>", "</p>"],
)
def test_hostile_html_takes_linear_time(piece: str) -> None:
    data = ("<p>hello" + piece * (300_000 // len(piece)) + "<p>x" * 1_000).encode()
    started = time.process_time()
    assert "hello" in text_of(data, "a.html")
    assert time.process_time() - started < 5


def test_html_entities_of_a_doctype_are_not_expanded() -> None:
    page = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b SYSTEM "file:///etc/passwd">]><p>text &a; &b;'
    text = text_of(page.encode(), "a.html")
    assert "&a; &b;" in text
    assert "root:" not in text


# --- text, Markdown, CSV, JSON


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]
)
def test_german_text_in_every_usual_encoding(encoding: str) -> None:
    text = "Öffnungszeiten: täglich außer Montag, für Gäste im Gästehaus."
    assert text_of(text.encode(encoding), "a.txt") == text


def test_cyrillic_is_not_taken_for_western_text() -> None:
    text = "Мы открыты каждый день с девяти утра до десяти вечера, кроме понедельника и праздников."
    assert text_of(text.encode("cp1251"), "a.txt") == text


def test_what_postgresql_cannot_store_is_dropped() -> None:
    assert text_of(b"a\x00b\x07 \xed\xa0\x80 \xef\xbb\xbfc\r\nd\x0ce \xc3\xa4", "a.txt") == "ab  c\nd\ne ä"
    assert text_of(b'{"a": "x \\ud800 y \\u0000 z"}', "a.json") == "A: x  y  z"


def test_text_cut_within_a_character_is_read() -> None:
    assert text_of("Grüße und Küsse für Käthe, schöne Grüße auch an Jörg, tschüß".encode()[:-1], "a.txt").endswith(
        "tschü"
    )


def test_markdown_loses_its_front_matter_only() -> None:
    assert text_of(b"---\ntitle: x\n---\n# Hi\n\n---\n\ntext", "a.md") == "# Hi\n\n---\n\ntext"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_rows_name_their_columns(delimiter: str) -> None:
    data = 'Dish;Price;Note\nSoup;"5.50";"fresh; hot, good"\n;;\nFish;7\n'.replace(";", delimiter).encode()
    first, second = text_of(data, "menu.csv").splitlines()
    assert first.startswith("Dish: Soup | Price: 5.50 | Note: fresh")
    assert second == "Dish: Fish | Price: 7"


def test_csv_without_a_header() -> None:
    assert text_of(b"Soup,5\nFish,7\n", "a.csv") == "Soup | 5\nFish | 7"


def test_csv_with_a_million_columns_is_refused() -> None:
    assert refusal(b"a," * 1_000_000, "a.csv") == "document.too_large"
    assert refusal(b'x,"' + b"y" * 200_000, "a.csv") == "document.corrupt"


def test_csv_whose_headers_multiply_the_text_is_refused() -> None:
    data = ",".join(f"{n}".rjust(80, "h") for n in range(500)) + "\n" + ("1," * 500 + "\n") * 200
    assert refusal(data.encode(), "a.csv", Limits(max_chars=1_000_000)) == "document.too_large"


def test_json_with_too_many_containers_is_refused() -> None:
    assert refusal(b"[" + b"[]," * 2_000 + b"[]]", "a.json", Limits(max_containers=1_000)) == "document.too_large"


def test_json_reads_like_a_document() -> None:
    value = {
        "openingHours": {"mon": "9-17", "tue": None},
        "dishes": [
            {"name": "Soup", "price": 5.5, "vegan": True},
            {"name": "Fish", "tags": ["a", "b"], "size": {"g": 200}},
        ],
        "phone_number": "123",
    }
    assert text_of(json.dumps(value).encode(), "a.json") == (
        "Phone number: 123\n\n# Opening hours\n\nMon: 9-17\n\n# Dishes\n\n"
        "Name: Soup | Price: 5.5 | Vegan: yes\nName: Fish | Tags: a, b | Size g: 200"
    )


@pytest.mark.parametrize("data", [b"[" * 100_000, b"[" * 200 + b"1" + b"]" * 200, b'{"a":' * 900 + b"1" + b"}" * 900])
def test_deep_json_is_refused(data: bytes) -> None:
    assert refusal(data, "a.json") == "document.too_large"


@pytest.mark.parametrize("data", [b"{bad", b'{"a": 1', b"1" * 10_000, b"[1,]"])
def test_json_that_is_none_is_refused(data: bytes) -> None:
    assert refusal(data, "a.json") == "document.corrupt"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
@settings(max_examples=60, deadline=None)
def test_every_json_is_read_or_empty(value: object) -> None:
    assert read_or_refused(json.dumps(value).encode(), "a.json") == ""


# --- kinds and limits


@pytest.mark.parametrize(
    ("data", "filename"),
    [
        (b"hello", "a.exe"),
        (b"hello", "a.pdf"),
        (MENU, "a.txt"),
        (MENU, "a.docx"),
        (WORD, "a.pdf"),
        (WORD, "a.json"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a.txt"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 50, "a.docx"),
        (bytes(range(256)) * 20, "a.txt"),
        (random.Random(1).randbytes(5_000), "a.md"),
        (random.Random(2).randbytes(5_000), "noname"),
        (b"hello", "archive.tar.gz"),
    ],
)
def test_a_kind_that_is_unknown_or_does_not_match_is_refused(data: bytes, filename: str) -> None:
    assert refusal(data, filename) == "document.type"


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\x00" * 50, b"\xff\xfe", b"...!"])
def test_empty_files_are_refused(data: bytes) -> None:
    assert refusal(data, "a.txt") == "document.empty"


def test_the_kind_without_an_extension() -> None:
    assert parse_document(MENU, filename="menu").kind == "pdf"
    assert parse_document(WORD, filename="").kind == "docx"
    assert parse_document(b"a,b\n1,2", filename="x", content_type="text/csv; charset=utf-8").kind == "csv"
    assert parse_document(b"<!DOCTYPE html><p>x", filename="x").kind == "html"
    assert parse_document(b'{"a": 1}', filename="x").kind == "json"
    assert parse_document(b"hello", filename="x").kind == "text"


def test_limits_on_size_time_and_text() -> None:
    assert refusal(b"x" * 101, "a.txt", Limits(max_bytes=100)) == "document.too_large"
    assert refusal(b"x" * 101, "a.txt", Limits(max_chars=100)) == "document.too_large"
    assert refusal(b"a,b\n1,2", "a.csv", Limits(max_seconds=-1)) == "document.too_large"
    assert refusal(MENU, "a.pdf", Limits(max_seconds=-1)) == "document.too_large"


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.txt", "a.html", "a.csv", "a.json", "a.md", "a.pdf", "a.docx", "a"]))
def test_any_bytes_are_read_or_refused(data: bytes, filename: str) -> None:
    assert read_or_refused(data, filename) == ""
