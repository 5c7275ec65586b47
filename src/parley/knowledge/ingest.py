"""Taking documents in: split, embed, store. Slow work happens outside transactions; a document appears at once or not.

Text up to `INLINE_CHARACTERS` is searchable when the call returns; more is indexed by a job, with progress. Every
change bumps the tenant's knowledge revision, which empties answer caches and in-process indexes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.inference.errors import ProviderError
from parley.inference.ports import Embedder
from parley.kit import log
from parley.kit.db import Database
from parley.kit.errors import InvalidInput, NotFound, TooLarge
from parley.kit.ids import new_id
from parley.kit.jobs import Enqueue, Job
from parley.knowledge import store
from parley.knowledge.parse import parse_document
from parley.knowledge.split import Chunk, split_text
from parley.knowledge.words import document_lexemes
from parley.tenants import Principal, bump_knowledge_revision, record_audit
from parley.understanding import detect_language

INLINE_CHARACTERS = 100_000
MAX_CHARACTERS = 50_000_000
INDEX_JOB = "knowledge.index"
_EMBED_STEP = 64
_log = log.get("knowledge")


class _Overtaken(Exception):
    """Another change was stored since this one read the document: writing would undo it."""


class Library:
    """The documents of all tenants."""

    def __init__(self, db: Database, embedder: Embedder, jobs: Enqueue) -> None:
        self._db = db
        self._embedder = embedder
        self._jobs = jobs

    def background(self) -> list[Job]:
        """What a worker runs for this room."""
        return [Job(INDEX_JOB, self._index_later, attempts=4, wait=2)]

    async def ingest(
        self, who: Principal, tenant_id: str, *, source: str, title: str, content: str, language: str | None = None
    ) -> tuple[store.Document, str | None]:
        """Add a document; returns it and the id of the indexing job, if one was needed."""
        if len(content) > MAX_CHARACTERS:
            raise TooLarge(f"content must be at most {MAX_CHARACTERS:,} characters long.")
        if not content.strip():
            raise InvalidInput("content must not be empty.")
        spoken = language or detect_language(content[:5000])
        row = {"id": new_id(), "tenant_id": tenant_id, "source": source, "title": title, "content": content}
        row["language"] = spoken
        return await self._write(who, tenant_id, row, "knowledge.added")

    async def upload(
        self,
        who: Principal,
        tenant_id: str,
        *,
        data: bytes,
        filename: str,
        content_type: str | None,
        source: str,
        title: str,
        language: str | None = None,
    ) -> tuple[store.Document, str | None]:
        """Parse a file (off the event loop) and add it. Refusals name the file's fault."""
        parsed = await asyncio.to_thread(parse_document, data, filename=filename, content_type=content_type)
        return await self.ingest(who, tenant_id, source=source, title=title, content=parsed.text, language=language)

    async def change(
        self, who: Principal, tenant_id: str, document_id: str, values: dict[str, Any]
    ) -> tuple[store.Document, str | None]:
        """Change fields and index anew; again from the start where another change came between."""
        while True:
            try:
                return await self._change_once(who, tenant_id, document_id, values)
            except _Overtaken:
                continue

    async def _change_once(
        self, who: Principal, tenant_id: str, document_id: str, values: dict[str, Any]
    ) -> tuple[store.Document, str | None]:
        async with self._db.begin(tenant_id) as connection:
            before = await store.get_document(connection, tenant_id, document_id)
            content = await store.get_content(connection, tenant_id, document_id)
        if before is None or content is None:
            raise NotFound("document")
        if not values.get("content", content).strip():
            raise InvalidInput("content must not be empty.")
        row = {name: getattr(before, name) for name in ("id", "source", "title", "language")}
        return await self._write(who, tenant_id, {**row, "content": content, **values}, "knowledge.changed", before)

    async def get(self, tenant_id: str, document_id: str) -> tuple[store.Document, str]:
        """A document and its text."""
        async with self._db.begin(tenant_id) as connection:
            document = await store.get_document(connection, tenant_id, document_id)
            content = await store.get_content(connection, tenant_id, document_id)
        if document is None or content is None:
            raise NotFound("document")
        return document, content

    async def page(self, tenant_id: str, limit: int, cursor: str | None, source: str | None) -> list[store.Document]:
        async with self._db.begin(tenant_id) as connection:
            return await store.page_documents(connection, tenant_id, limit, cursor, source)

    async def texts(self, tenant_id: str, most: int) -> list[str]:
        """Texts of the newest documents, at most `most` characters in all: what its callers may speak of."""
        async with self._db.begin(tenant_id) as connection:
            return await store.newest_texts(connection, tenant_id, most)

    async def delete(self, who: Principal, tenant_id: str, document_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            await bump_knowledge_revision(connection, tenant_id)
            if not await store.remove_document(connection, tenant_id, document_id):
                raise NotFound("document")
            await record_audit(connection, who, tenant_id, "knowledge.deleted", document_id)

    async def _write(
        self, who: Principal, tenant_id: str, row: dict[str, Any], action: str, before: store.Document | None = None
    ) -> tuple[store.Document, str | None]:
        """Insert or update a document's row, with its chunks where it is short, else with a job for them."""
        inline = len(row["content"]) <= INLINE_CHARACTERS
        chunks = await self._prepare(row["title"], row["content"], row["language"]) if inline else []
        draft = {**row, "status": "ready" if inline else "indexing", "error": None}
        draft |= {"chunk_count": len(chunks), "words": _words(chunks), "progress": 1.0 if inline else 0.0}
        job = None
        async with self._db.begin(tenant_id) as connection:
            await bump_knowledge_revision(
                connection, tenant_id
            )  # first: its row lock puts changes of a tenant in order
            if before is None:
                document = await store.add_document(connection, draft)
            else:
                now = await store.get_document(connection, tenant_id, before.id)
                if now is not None and now.generation != before.generation:
                    raise _Overtaken
                draft["generation"] = before.generation + 1
                changed = await store.change_document(connection, tenant_id, before.id, draft)
                if changed is None:
                    raise NotFound("document")
                document = changed
                await store.remove_chunks(connection, tenant_id, document.id)
            if inline:
                await store.add_chunks(connection, tenant_id, document.id, document.language, chunks)
            else:
                job = await self._jobs.enqueue(
                    connection,
                    INDEX_JOB,
                    lock=f"knowledge:{document.id}",
                    tenant_id=tenant_id,
                    document_id=document.id,
                    generation=document.generation,
                )
            await record_audit(connection, who, tenant_id, action, document.id, source=document.source)
        return document, job

    async def _prepare(self, title: str, content: str, language: str, progress: Any = None) -> list[store.NewChunk]:
        """Split, find words, embed. No transaction may be open."""
        chunks = await asyncio.to_thread(split_text, content, title=title)
        vectors = await self._embed(chunks, title, language, progress)
        lexemes = await asyncio.to_thread(
            lambda: [document_lexemes(chunk.content, f"{title} {chunk.heading}", language) for chunk in chunks]
        )
        return [
            store.NewChunk(chunk.heading, chunk.content, words, vector)
            for chunk, words, vector in zip(chunks, lexemes, vectors, strict=True)
        ]

    async def _embed(
        self, chunks: Sequence[Chunk], title: str, language: str, progress: Any
    ) -> list[NDArray[np.float32] | None]:
        if language not in self._embedder.languages:
            return [None] * len(chunks)
        vectors: list[NDArray[np.float32] | None] = []
        for start in range(0, len(chunks), _EMBED_STEP):
            part = chunks[start : start + _EMBED_STEP]
            vectors += list(
                await self._embedder.embed([f"{chunk.heading or title}\n{chunk.content}" for chunk in part])
            )
            if progress is not None:
                await progress(len(vectors) / len(chunks))
        return vectors

    async def _index_later(self, tenant_id: str, document_id: str, generation: int) -> None:
        """The job: index one generation of one document; a newer generation has a job of its own."""
        async with self._db.begin(tenant_id) as connection:
            document = await store.get_document(connection, tenant_id, document_id)
            content = await store.get_content(connection, tenant_id, document_id)
        if document is None or content is None or document.generation != generation or document.status == "ready":
            return

        async def report(share: float) -> None:
            async with self._db.begin(tenant_id) as connection:
                await store.change_document(connection, tenant_id, document_id, {"progress": round(share * 0.95, 3)})

        try:
            chunks = await self._prepare(document.title, content, document.language, report)
        except ProviderError as error:
            async with self._db.begin(tenant_id) as connection:
                await store.change_document(connection, tenant_id, document_id, {"error": error.detail})
            raise
        async with self._db.begin(tenant_id) as connection:
            await self._publish(connection, tenant_id, document, chunks)
        _log.info("knowledge.indexed", document_id=document_id, chunks=len(chunks))

    async def _publish(
        self, connection: AsyncConnection, tenant_id: str, document: store.Document, chunks: list[store.NewChunk]
    ) -> None:
        await bump_knowledge_revision(connection, tenant_id)
        now = await store.get_document(connection, tenant_id, document.id)
        if now is None or now.generation != document.generation:
            return
        await store.remove_chunks(connection, tenant_id, document.id)
        await store.add_chunks(connection, tenant_id, document.id, document.language, chunks)
        done = {"status": "ready", "error": None, "progress": 1.0, "chunk_count": len(chunks), "words": _words(chunks)}
        await store.change_document(connection, tenant_id, document.id, done)


def _words(chunks: Sequence[store.NewChunk]) -> int:
    return sum(len(chunk.content.split()) for chunk in chunks)
