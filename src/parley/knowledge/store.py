"""Rows of documents, chunks and term counts. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import RowMapping, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.kit.ids import new_id
from parley.knowledge.tables import documents

Lexemes = Sequence[tuple[str, str]]
Asked = Sequence[Sequence[tuple[str, float]]]
"""Per word of a question the lexemes it may be found by and their weights, best first."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Document:
    """A document without its text. `words` and `chunk_count` are 0 until it is indexed; `progress` is 0..1."""

    id: str
    tenant_id: str
    source: str
    title: str
    language: str
    status: str
    error: str | None
    chunk_count: int
    words: int
    generation: int
    progress: float
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk to store. `lexemes` are (lexeme, weight A–D); `embedding` None where the embedder lacks the language."""

    heading: str
    content: str
    lexemes: Lexemes
    embedding: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as search reads it."""

    id: str
    document_id: str
    title: str
    source: str
    heading: str
    content: str
    language: str


@dataclass(frozen=True, slots=True)
class Size:
    """How much a tenant's agents may know."""

    chunks: int
    words: int


_LIGHT = tuple(documents.c[field.name] for field in fields(Document))


def _document(row: RowMapping) -> Document:
    return Document(**row)


async def add_document(connection: AsyncConnection, values: Mapping[str, Any]) -> Document:
    query = insert(documents).values(**values).returning(*_LIGHT)
    return _document((await connection.execute(query)).mappings().one())


async def get_document(connection: AsyncConnection, tenant_id: str, document_id: str) -> Document | None:
    query = select(*_LIGHT).where(documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _document(row)


async def get_content(connection: AsyncConnection, tenant_id: str, document_id: str) -> str | None:
    query = select(documents.c.content).where(documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def newest_texts(connection: AsyncConnection, tenant_id: str, most: int) -> list[str]:
    """The beginnings of the newest documents, `most` characters in all."""
    query = select(func.left(documents.c.content, most)).where(documents.c.tenant_id == tenant_id)
    texts: list[str] = []
    for text_ in (await connection.execute(query.order_by(documents.c.id.desc()).limit(50))).scalars():
        left = most - sum(map(len, texts))
        if left <= 0:
            break
        texts.append(text_[:left])
    return texts


async def page_documents(
    connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None, source: str | None
) -> list[Document]:
    query = select(*_LIGHT).where(documents.c.tenant_id == tenant_id)
    if source:
        query = query.where(documents.c.source == source)
    if cursor:
        query = query.where(documents.c.id < cursor)
    rows = await connection.execute(query.order_by(documents.c.id.desc()).limit(limit + 1))
    return [_document(row) for row in rows.mappings()]


async def change_document(
    connection: AsyncConnection, tenant_id: str, document_id: str, values: Mapping[str, Any]
) -> Document | None:
    query = update(documents).where(documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    query = query.values(**values, updated_at=func.now())
    row = (await connection.execute(query.returning(*_LIGHT))).mappings().one_or_none()
    return None if row is None else _document(row)


async def remove_document(connection: AsyncConnection, tenant_id: str, document_id: str) -> bool:
    await remove_chunks(connection, tenant_id, document_id)
    query = delete(documents).where(documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    return (await connection.execute(query)).rowcount > 0


_ADD_CHUNKS = text("""
    INSERT INTO knowledge_chunks (id, tenant_id, document_id, ordinal, heading, content, language, embedding, lexemes)
    SELECT id, :tenant, :document, ordinal, heading, content, :language, embedding::halfvec, lexemes::tsvector
    FROM unnest(cast(:ids AS text[]), cast(:ordinals AS integer[]), cast(:headings AS text[]),
                cast(:contents AS text[]), cast(:embeddings AS text[]), cast(:lexemes AS text[]))
         AS new (id, ordinal, heading, content, embedding, lexemes)
""")
_COUNT_TERMS = """
    SELECT term, count(*)::integer AS chunks
    FROM knowledge_chunks c, unnest(tsvector_to_array(c.lexemes)) AS term
    WHERE c.tenant_id = :tenant AND c.document_id = :document GROUP BY term
"""
# Sorted, so that two documents indexed at once lock shared terms in one order.
_ADD_TERMS = text(f"""
    INSERT INTO knowledge_terms (tenant_id, term, chunks)
    SELECT :tenant, term, chunks FROM ({_COUNT_TERMS}) AS counted ORDER BY term COLLATE "C"
    ON CONFLICT (tenant_id, term) DO UPDATE SET chunks = knowledge_terms.chunks + excluded.chunks
""")  # noqa: S608 - only constants
_DROP_TERMS = text(f"""
    UPDATE knowledge_terms t SET chunks = t.chunks - counted.chunks FROM ({_COUNT_TERMS}) AS counted
    WHERE t.tenant_id = :tenant AND t.term = counted.term
""")  # noqa: S608 - only constants


async def add_chunks(
    connection: AsyncConnection, tenant_id: str, document_id: str, language: str, chunks: Sequence[NewChunk]
) -> None:
    """Store the chunks of a document and count their terms."""
    for start in range(0, len(chunks), _BATCH):
        part = chunks[start : start + _BATCH]
        columns = {
            "ids": [new_id() for _ in part],
            "ordinals": list(range(start, start + len(part))),
            "headings": [chunk.heading for chunk in part],
            "contents": [chunk.content for chunk in part],
            "embeddings": [None if chunk.embedding is None else vector_text(chunk.embedding) for chunk in part],
            "lexemes": [_tsvector_text(tenant_id, chunk.lexemes) for chunk in part],
        }
        scope = {"tenant": tenant_id, "document": document_id, "language": language}
        await connection.execute(_ADD_CHUNKS, {**scope, **columns})
    await connection.execute(_ADD_TERMS, {"tenant": tenant_id, "document": document_id})


async def remove_chunks(connection: AsyncConnection, tenant_id: str, document_id: str) -> None:
    scope = {"tenant": tenant_id, "document": document_id}
    await connection.execute(_DROP_TERMS, scope)
    await connection.execute(
        text("DELETE FROM knowledge_chunks WHERE tenant_id = :tenant AND document_id = :document"), scope
    )


def vector_text(vector: NDArray[np.float32]) -> str:
    """A vector in pgvector's text form."""
    return orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _tsvector_text(tenant_id: str, lexemes: Lexemes) -> str:
    """Lexemes in tsvector's text form, led by the tenant's own tag (see `match_chunks` in the migration)."""
    words = [f"{_quoted(lexeme)}:{place}{weight}" for place, (lexeme, weight) in enumerate(lexemes[:16_000], start=1)]
    return " ".join([_quoted(f"tenant:{tenant_id}"), *words])


_SIZE = text("""
    SELECT coalesce(sum(chunk_count), 0) AS chunks, coalesce(sum(words), 0) AS words
    FROM knowledge_documents WHERE tenant_id = :tenant AND status = 'ready'
""")


async def size(connection: AsyncConnection, tenant_id: str) -> Size:
    row = (await connection.execute(_SIZE, {"tenant": tenant_id})).one()
    return Size(int(row.chunks), int(row.words))


# One statement, so that it works while the question is still being embedded. What it chooses is what `search` chooses
# for a small tenant: of each word the lexemes the tenant has as they are spelt, else a few slips of the pen; worth by
# BM25's idf; candidates by the rarest lexemes that together stand in a bounded number of chunks, at least one.
_MATCH_WORDS = """
    WITH known AS MATERIALIZED (
      SELECT asked.*, t.chunks, asked.weight * ln(1 + (%(total)s - t.chunks + 0.5) / (t.chunks + 0.5)) AS worth
      FROM unnest(%(places)s::integer[], %(lexemes)s::text[], %(queries)s::text[], %(weights)s::float8[])
           WITH ORDINALITY AS asked (place, lexeme, query, weight, number)
      JOIN knowledge_terms t ON t.term = asked.lexeme
      WHERE t.tenant_id = %(tenant_id)s AND t.term = ANY(%(lexemes)s) AND t.chunks > 0
    ), wanted AS (
      SELECT query, chunks, max(worth) AS worth, min(number) AS number
      FROM (SELECT *, bool_or(lexeme NOT LIKE '~%%') OVER word AS spelt,
                   row_number() OVER (word ORDER BY number) AS guess
            FROM known WINDOW word AS (PARTITION BY place)) AS one
      WHERE CASE WHEN spelt THEN lexeme NOT LIKE '~%%' ELSE guess <= %(slips)s END
      GROUP BY query, chunks
    ), ranked AS (
      SELECT *, sum(chunks) OVER rarer = chunks OR sum(chunks) OVER rarer <= %(rows)s AS picks
      FROM wanted WINDOW rarer AS (ORDER BY chunks, number)
    ), candidates AS (
      SELECT '(' || string_agg(query, ' | ') || ') & ' AS any_of FROM ranked WHERE picks
    ), looked_for AS (
      SELECT array_agg(query::tsquery) FILTER (WHERE picks) AS rarest,
             array_agg(worth::real) FILTER (WHERE picks) AS rarest_worth,
             array_agg((any_of || query)::tsquery) FILTER (WHERE NOT picks) AS others,
             array_agg(worth::real) FILTER (WHERE NOT picks) AS others_worth
      FROM ranked, candidates
    )
    SELECT found.chunk_id, found.score, NULL::integer
    FROM looked_for, match_chunks(rarest, rarest_worth, others, others_worth, %(most)s) AS found
    UNION ALL SELECT lexeme, NULL, chunks FROM known
"""


async def match_words(
    connection: AsyncConnection,
    tenant_id: str,
    asked: Asked,
    total: int,
    *,
    slips: int,
    rows: int,
    most: int,
) -> tuple[dict[str, float], dict[str, int]]:
    """The `most` chunks that hold the most of what is asked for, scored by the sum of their words' worth; and in how
    many chunks each asked lexeme stands.

    `total`: how many chunks the tenant has. `slips`: how
    many spellings of an unknown word are looked for. `rows`: in how many chunks candidates may stand.
    """
    flat = [(place, lexeme, weight) for place, word in enumerate(asked) for lexeme, weight in word]
    values = {
        "tenant_id": tenant_id,
        "places": [place for place, _, _ in flat],
        "lexemes": [lexeme for _, lexeme, _ in flat],
        "queries": [_quoted(lexeme) for _, lexeme, _ in flat],
        "weights": [weight for _, _, weight in flat],
        "total": total,
        "slips": slips,
        "rows": rows,
        "most": most,
    }
    found = await fetch(connection, _MATCH_WORDS, values)
    scores = {name: score for name, score, chunks in found if chunks is None}
    return scores, {name: chunks for name, _, chunks in found if chunks is not None}


# The index serves the largest tenants: it walks all tenants' chunks, so among many others it misses a small tenant's,
# while a scan of one tenant's own finds all of them in less than a millisecond per 2,000. "+ 0" keeps the index out.
_EXACT_UP_TO = 10_000
_NEAREST = """
    SELECT id, -(embedding <#> %(vector)s::halfvec) FROM knowledge_chunks
    WHERE tenant_id = %(tenant_id)s AND embedding IS NOT NULL
    ORDER BY (embedding <#> %(vector)s::halfvec){scan} LIMIT %(most)s
"""
_NEAREST_BY_INDEX, _NEAREST_BY_SCAN = _NEAREST.format(scan=""), _NEAREST.format(scan=" + 0")
_WALK_ON = "SELECT set_config('hnsw.iterative_scan', 'strict_order', true)"


async def match_vector(
    connection: AsyncConnection,
    tenant_id: str,
    vector: NDArray[np.float32],
    most: int,
    total: int,
    *,
    walk_on: bool = False,
) -> dict[str, float]:
    """The nearest chunks and their cosines (unit vectors: the inner product). `total` is how many the tenant has.

    Through the index they are fewer than `most` where other tenants' chunks are nearer; `walk_on` goes on until there
    are enough. A walk that may have to go on takes a third longer, even where it need not.
    """
    values = {"tenant_id": tenant_id, "vector": vector_text(vector), "most": most}
    by_scan = total <= _EXACT_UP_TO
    if walk_on and not by_scan:
        await fetch(connection, _WALK_ON)
    query = _NEAREST_BY_SCAN if by_scan else _NEAREST_BY_INDEX
    return dict(await fetch(connection, query, values, prepare=False))


_COSINES = """
    SELECT id, -(embedding <#> %(vector)s::halfvec) FROM knowledge_chunks
    WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s) AND embedding IS NOT NULL
"""


async def cosines(
    connection: AsyncConnection, tenant_id: str, ids: Sequence[str], vector: NDArray[np.float32]
) -> dict[str, float]:
    """How near the chunks are to `vector`; those without a vector are left out."""
    return dict(
        await fetch(connection, _COSINES, {"tenant_id": tenant_id, "ids": list(ids), "vector": vector_text(vector)})
    )


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with what it is found by."""

    chunk: StoredChunk
    lexemes: frozenset[str]
    embedding: NDArray[np.float32] | None


# `strip` makes of a chunk's lexemes, which are kept compressed beside the row, a value in memory: every word that is
# looked up in the column itself unpacks it again. "OFFSET 0" keeps the planner from putting the column back.
_CHUNKS = """
    SELECT c.id, c.document_id, d.title, d.source, c.heading, c.content, c.language,
           ARRAY(SELECT word FROM unnest(%(words)s::text[], %(queries)s::text[]::tsquery[]) AS asked (word, query)
                 WHERE unpacked.lexemes @@ query)
    FROM knowledge_chunks c
    JOIN knowledge_documents d ON d.id = c.document_id AND d.tenant_id = c.tenant_id
    CROSS JOIN LATERAL (SELECT strip(c.lexemes) AS lexemes OFFSET 0) AS unpacked
    WHERE c.tenant_id = %(tenant_id)s AND c.id = ANY(%(ids)s)
"""


async def read_chunks(
    connection: AsyncConnection, tenant_id: str, ids: Sequence[str], words: Sequence[str]
) -> dict[str, IndexedChunk]:
    """Chunks by id, with those of `words` that they hold and without their vectors."""
    queries = [_quoted(word) for word in words]
    values = {"tenant_id": tenant_id, "ids": list(ids), "words": list(words), "queries": queries}
    rows = await fetch(connection, _CHUNKS, values)
    return {row[0]: IndexedChunk(StoredChunk(*row[:-1]), frozenset(row[-1]), None) for row in rows}


def _stored(row: RowMapping) -> StoredChunk:
    return StoredChunk(**{field.name: row[field.name] for field in fields(StoredChunk)})


async def read_everything(connection: AsyncConnection, tenant_id: str) -> list[IndexedChunk]:
    """Every chunk of a tenant, in the order of documents and places."""
    query = text("""
        SELECT c.id, c.document_id, d.title, d.source, c.heading, c.content, c.language,
               c.embedding::text AS embedding, tsvector_to_array(c.lexemes) AS lexemes
        FROM knowledge_chunks c JOIN knowledge_documents d ON d.id = c.document_id AND d.tenant_id = c.tenant_id
        WHERE c.tenant_id = :tenant ORDER BY c.document_id, c.ordinal
    """)
    rows = await connection.execute(query, {"tenant": tenant_id})
    found = []
    for row in rows.mappings():
        vector = None if row["embedding"] is None else np.array(orjson.loads(row["embedding"]), dtype=np.float32)
        found.append(IndexedChunk(_stored(row), frozenset(row["lexemes"]), vector))
    return found
