"""Knowledge over HTTP: every kind of file, hostile ones refused with the reason, and search as the contract has it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from typing import Any

import docx
import pytest
from pypdf import PdfWriter

from parley.app.resources import Resources
from parley.knowledge import ingest
from tests.conftest import Business, _business

pytestmark = pytest.mark.anyio

FACT = "The lasagna costs 14.50 euros."


@pytest.fixture(scope="module")
async def firm(app: Any, resources: Resources) -> AsyncIterator[Business]:
    async with _business(app, resources) as made:
        yield made


def pdf(*, encrypted: bool = False, pages: int = 1) -> bytes:
    """A PDF with the fact on its first page."""
    stream = f"BT /F1 12 Tf 72 720 Td ({FACT}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table
    if not encrypted and pages == 1:
        return bytes(out)
    writer = PdfWriter(io.BytesIO(bytes(out)))
    for _ in range(pages - 1):
        writer.add_blank_page(100, 100)
    if encrypted:
        writer.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("Menu", 1)
    document.add_paragraph(FACT)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def bomb() -> bytes:
    """A .docx of some kilobytes that would unpack to 600 MB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as entry:
            for _ in range(600):
                entry.write(b" " * 1_000_000)
    return made.getvalue()


FILES = {
    "menu.pdf": (pdf(), "application/pdf"),
    "menu.docx": (word_file(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "menu.html": (f"<html><body><h1>Menu</h1><p>{FACT}</p><script>x</script></body></html>".encode(), "text/html"),
    "menu.md": (f"# Menu\n\n{FACT}".encode(), "text/markdown"),
    "menu.txt": (FACT.encode("utf-16"), "text/plain"),
    "menu.csv": (f"dish,note\nlasagna,{FACT}\n".encode(), "text/csv"),
    "menu.json": (json.dumps({"menu": [{"dish": "lasagna", "note": FACT}]}).encode(), "application/json"),
}


async def upload(firm: Business, name: str, data: bytes, kind: str = "application/octet-stream", **fields: str) -> Any:
    return await firm.owner.post("/knowledge/upload", files={"file": (name, data, kind)}, data=fields)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("declared", [True, False], ids=["as it is", "as anything"])
async def test_every_kind_of_file_is_read_and_found(firm: Business, name: str, declared: bool) -> None:
    data, kind = FILES[name]
    answer = await upload(firm, name, data, kind if declared else "application/octet-stream", source="menu")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["title"], made["source"], made["status"], made["job_id"]) == (name, "menu", "ready", None)
    assert made["chunks"] >= 1
    shown = (await firm.owner.get(f"/knowledge/{made['document_id']}")).json()
    assert "14.50" in shown["content"]
    assert "<script>" not in shown["content"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("locked.pdf", pdf(encrypted=True)),
        ("cut.pdf", pdf()[:200]),
        ("bomb.docx", bomb),
        ("not.docx", b"PK\x03\x04 not a zip"),
        ("empty.txt", b""),
        ("blank.md", b" \n "),
        ("virus.exe", b"MZ\x90\x00" + bytes(500)),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(500)),
        ("cut.json", b'{"a": '),
        ("binary.txt", bytes(range(256)) * 50),
    ],
)
async def test_hostile_files_are_refused_with_a_reason(
    firm: Business, name: str, data: bytes | Callable[[], bytes]
) -> None:
    before = (await firm.owner.get("/knowledge/list", params={"limit": 1})).json()
    answer = await upload(firm, name, data() if callable(data) else data)
    assert answer.status_code in {400, 413, 415, 422}, answer.text
    body = answer.json()
    assert set(body) == {"detail", "type", "code"}
    assert "file" in body["detail"] or "content" in body["detail"]
    assert (await firm.owner.get("/knowledge/list", params={"limit": 1})).json() == before


async def test_the_form_is_checked(firm: Business) -> None:
    note = b"Something to know about us."
    for fields, named in (({"source": "gossip"}, "source"), ({"title": "x" * 501}, "title")):
        answer = await upload(firm, "a.txt", note, **fields)
        assert (answer.status_code, named in answer.text) == (422, True)
    missing = await firm.owner.post("/knowledge/upload", data={"title": "No file"})
    assert (missing.status_code, "file" in missing.text) == (422, True)
    titled = await upload(firm, "a.txt", note, title="  About us ")
    assert titled.json()["title"] == "About us"


async def test_ingest_answers_as_the_contract_has_it(firm: Business) -> None:
    body = {"tenant_id": firm.id, "source": "menu", "title": "Restaurant Menu", "content": f"Main Courses: {FACT}"}
    answer = await firm.owner.post("/knowledge/ingest", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in ("title", "source", "status")} == {
        "title": "Restaurant Menu", "source": "menu", "status": "ready",
    }  # fmt: skip
    assert made["document_id"] == made["id"]
    assert made["chunks"] == 1


@pytest.mark.parametrize("source", ["pdf", "menu", "listing", "policy", "faq", "web", "other"])
async def test_every_source_of_the_contract(firm: Business, source: str) -> None:
    body = {"source": source, "title": "T", "content": "Something to know."}
    assert (await firm.owner.post("/knowledge/ingest", json=body)).json()["source"] == source
    listed = (await firm.owner.get("/knowledge/list", params={"source": source})).json()["documents"]
    assert {one["source"] for one in listed} == {source}


async def test_search_answers_as_the_contract_has_it(business: Business) -> None:
    for number in range(6):
        body = {"source": "menu", "title": f"Card {number}", "content": f"Main courses {number}: dish number {number}."}
        await business.owner.post("/knowledge/ingest", json=body)
    where = {"tenant_id": business.id, "query": "main courses"}
    results = (await business.owner.get("/knowledge/search", params=where)).json()["results"]
    assert len(results) == 3
    assert set(results[0]) >= {"document_id", "title", "source", "content", "score"}
    scores = [one["score"] for one in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    more = (await business.owner.get("/knowledge/search", params={**where, "top_k": 5})).json()["results"]
    assert [one["document_id"] for one in more[:3]] == [one["document_id"] for one in results]
    for odd in ({"top_k": 0}, {"top_k": 51}, {"query": ""}, {"query": "x" * 2001}, {"language": "english"}):
        answer = await business.owner.get("/knowledge/search", params={**where, **odd})
        assert (answer.status_code, next(iter(odd)) in answer.text) == (422, True)


async def test_a_document_changes_and_goes(business: Business) -> None:
    body = {"source": "faq", "title": "Dogs", "content": "Dogs are welcome."}
    made = (await business.owner.post("/knowledge/ingest", json=body)).json()
    path = f"/knowledge/{made['document_id']}"
    changed = (await business.owner.patch(path, json={"content": "Dogs are not welcome.", "source": "policy"})).json()
    assert (changed["source"], changed["title"]) == ("policy", "Dogs")
    assert (await business.owner.get(path)).json()["content"] == "Dogs are not welcome."
    for wrong in ({"content": None}, {"content": " "}, {"title": ""}, {"source": "gossip"}, {"surprise": 1}):
        assert (await business.owner.patch(path, json=wrong)).status_code == 422
    assert (await business.owner.delete(path)).status_code == 204
    for answer in (await business.owner.get(path), await business.owner.patch(path, json={"title": "x"}),
                   await business.owner.delete(path)):  # fmt: skip
        assert (answer.status_code, answer.json()["detail"]) == (404, "No such document.")
    found = await business.owner.get("/knowledge/search", params={"query": "dogs"})
    assert found.json() == {"results": []}
    assert (await business.owner.get(f"/tenants/{business.id}")).json()["knowledge_revision"] == 3


async def test_a_large_text_is_taken_and_said_to_be_indexing(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "INLINE_CHARACTERS", 100)
    body = {"source": "other", "title": "Long", "content": "Our house is old. " * 20}
    made = (await business.owner.post("/knowledge/ingest", json=body)).json()
    assert (made["status"], made["progress"], made["chunks"]) == ("indexing", 0.0, 0)
    assert made["job_id"]
