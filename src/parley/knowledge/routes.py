"""Knowledge over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, StringConstraints

from parley.kit.errors import InvalidInput, TooLarge
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.knowledge import store
from parley.knowledge.ingest import Library
from parley.knowledge.parse import DEFAULT_LIMITS
from parley.knowledge.search import Search
from parley.tenants import AccessHere, Businesses, Language, MayRead, MayWrite, TenantFilter
from parley.understanding import detect_language

router = APIRouter(prefix="/knowledge", tags=["knowledge"], responses=ERRORS)

Source = Literal["pdf", "menu", "listing", "policy", "faq", "web", "other"]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Content = Annotated[str, StringConstraints(min_length=1)]


async def _library(request: Request) -> Library:
    library: Library = request.state.library
    return library


async def _search(request: Request) -> Search:
    search: Search = request.state.search
    return search


async def _businesses(request: Request) -> Businesses:
    businesses: Businesses = request.state.businesses
    return businesses


LibraryHere = Annotated[Library, Depends(_library)]


class DocumentIn(Body):
    source: Source
    title: Title
    content: Content
    language: Language | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"source": "menu", "title": "Restaurant Menu", "content": "Main Courses: Lasagna 14.50, Risotto 16.00"}
            ]
        }
    )


class DocumentPatch(Body):
    source: Source | None = None
    title: Title | None = None
    content: Content | None = None
    language: Language | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Summer menu", "content": "Main courses: Lasagna 15.00"}]}
    )


class DocumentOut(Read):
    id: str
    document_id: str
    tenant_id: str
    title: str
    source: str
    language: str
    chunks: int
    status: str
    progress: float
    error: str | None
    created_at: datetime
    updated_at: datetime


class WrittenOut(DocumentOut):
    job_id: str | None = None


class DocumentWithContent(DocumentOut):
    content: str


class Hit(Read):
    document_id: str
    title: str
    source: str
    content: str
    heading: str
    score: float


class Hits(BaseModel):
    results: list[Hit]


def _out(document: store.Document) -> dict[str, Any]:
    names = (
        "id",
        "tenant_id",
        "title",
        "source",
        "language",
        "status",
        "progress",
        "error",
        "created_at",
        "updated_at",
    )
    shown = {name: getattr(document, name) for name in names}
    return {**shown, "document_id": document.id, "chunks": document.chunk_count}


@router.post("/ingest", status_code=201, response_model=WrittenOut)
async def ingest(body: DocumentIn, who: MayWrite, library: LibraryHere, access: AccessHere) -> Any:
    """Add a text. Up to 100 kB it is searchable when the answer returns; more is indexed by a job."""
    tenant = await access.tenant_for(who, body.tenant_id)
    fields = body.model_dump(exclude={"tenant_id"})
    document, job = await library.ingest(who, tenant, **fields)
    return {**_out(document), "job_id": job}


@router.post("/upload", status_code=201, response_model=WrittenOut)
async def upload(
    who: MayWrite,
    library: LibraryHere,
    access: AccessHere,
    file: Annotated[UploadFile, File(description="PDF, DOCX, HTML, Markdown, text, CSV or JSON.")],
    source: Annotated[Source, Form()] = "other",
    title: Annotated[str, Form(max_length=500)] = "",
    tenant_id: Annotated[str | None, Form()] = None,
) -> Any:
    """Add a file. What cannot be read is refused with the reason."""
    tenant = await access.tenant_for(who, tenant_id)
    if file.size is not None and file.size > DEFAULT_LIMITS.max_bytes:
        raise TooLarge(f"file must be at most {DEFAULT_LIMITS.max_bytes // 1_000_000} MB large.")
    name = (file.filename or "").replace("\x00", "")[:300]
    if not name:
        raise InvalidInput("file needs a file name.")
    title = title.strip().replace("\x00", "") or name
    data = await file.read()
    kind = file.content_type
    document, job = await library.upload(
        who, tenant, data=data, filename=name, content_type=kind, source=source, title=title
    )
    return {**_out(document), "job_id": job}


@router.get("/search")
async def search(
    who: MayRead,
    access: AccessHere,
    finder: Annotated[Search, Depends(_search)],
    businesses: Annotated[Businesses, Depends(_businesses)],
    query: Annotated[str, Query(min_length=1, max_length=2000)],
    top_k: Annotated[int, Query(ge=1, le=50)] = 3,
    tenant_id: TenantFilter = None,
    language: Annotated[str | None, Query(pattern=r"^[a-z]{2}$")] = None,
) -> Hits:
    """The best passages for a query, best first; `score` is 0..1."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return Hits(results=[])
    business = await businesses.get(tenant)
    spoken = language or detect_language(query, business.language)
    found = await finder.embed_and_find(
        tenant, query, language=spoken, revision=business.knowledge_revision, top_k=top_k
    )
    hits = [Hit.model_validate(passage) for passage in found.passages[:top_k] if passage.score > 0]
    return Hits(results=hits)


@router.get("/list", response_model=list_model("documents", DocumentOut))
async def list_documents(
    who: MayRead,
    library: LibraryHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    source: Source | None = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"documents": [], "next_cursor": None}
    page = page_of(await library.page(tenant, paging.limit, paging.cursor, source), paging.limit)
    return {"documents": [_out(document) for document in page.items], "next_cursor": page.next_cursor}


@router.get("/{document_id}", response_model=DocumentWithContent)
async def get_document(document_id: str, who: MayRead, library: LibraryHere, access: AccessHere) -> Any:
    tenant = await access.owner_of(who, "knowledge_documents", document_id)
    document, content = await library.get(tenant, document_id)
    return {**_out(document), "content": content}


@router.patch("/{document_id}", response_model=WrittenOut)
async def change_document(
    document_id: str, body: DocumentPatch, who: MayWrite, library: LibraryHere, access: AccessHere
) -> Any:
    """Change fields; the document is indexed anew."""
    tenant = await access.owner_of(who, "knowledge_documents", document_id)
    document, job = await library.change(who, tenant, document_id, given(body))
    return {**_out(document), "job_id": job}


@router.delete("/{document_id}", status_code=204)
async def delete_document(document_id: str, who: MayWrite, library: LibraryHere, access: AccessHere) -> None:
    tenant = await access.owner_of(who, "knowledge_documents", document_id)
    await library.delete(who, tenant, document_id)
