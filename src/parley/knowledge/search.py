"""Finding the passages that may answer a question: words and vectors, fused by rank, above a threshold or not at all.

Words: the question's lexemes weighed by how rare they are among the tenant's chunks (BM25's idf; chunks are short, so
a word counts once). Vectors: cosine, only where the embedder declares the language. The order is reciprocal rank
fusion (Cormack, Clarke and Büttcher 2009); the score of a passage, 0..1, is what the threshold is compared with.

Small tenants are searched in this process, on an index that lives for one knowledge revision; large ones in
PostgreSQL, where the rarest words pick the candidates while the question is embedded, and its vector's neighbours are
looked for on another connection. A large tenant that is searched often between two changes has its vectors loaded into
this process, which finds them more surely and in a fifth of the time (`nearest`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.inference.facts import Passage
from parley.inference.ports import Embedder
from parley.kit import log
from parley.kit.db import Database
from parley.knowledge import store
from parley.knowledge.nearest import Neighbours
from parley.knowledge.rank import CANDIDATES, SLIPS, Coverage, Scores, as_spelt, fused, relevance, weights_of
from parley.knowledge.vector_store import Vectors, read_vectors, vectors_of
from parley.knowledge.words import QueryWord, query_words

SMALL_TENANT_CHUNKS = 1500
WHOLE_KNOWLEDGE_WORDS = 1500
_INDEXES_KEPT = 64
_VECTORS_KEPT = 200_000  # of large tenants, in all: 0.3 GB
_WALKS_BEFORE_LOADING = 32  # loading takes as long as some hundred walks
_WALKS_BEFORE_RENEWING = 8  # after a change of knowledge: most vectors are the same
_CANDIDATE_ROWS = 1000

_log = log.get("knowledge")

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search gave. `whole`: `passages` is everything the tenant's agents may know, best first."""

    passages: tuple[Passage, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Index:
    revision: int
    chunks: tuple[store.IndexedChunk, ...]
    counts: Mapping[str, int]
    matrix: Vector | None
    rows: tuple[int, ...]
    words: int


@dataclass(slots=True)
class _Large:
    """A tenant whose words, and at first vectors, are searched in PostgreSQL.

    `walks`: searches by PostgreSQL's index of vectors. `among_others`: one met too few chunks of this tenant.
    `neighbours`: the vectors in this process, once they are loaded; `before`: until then those of an earlier revision.
    """

    revision: int
    chunks: int
    before: Neighbours | None = None
    walks: int = 0
    among_others: bool = False
    neighbours: Neighbours | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question's words, for a tenant that is searched in PostgreSQL."""

    tenant_id: str
    words: Sequence[QueryWord]
    index: _Large


@dataclass(frozen=True, slots=True)
class _ByWords:
    """What a question's words found: chunks and their scores; and in how many chunks each lexeme stands."""

    scores: Scores
    counts: Mapping[str, int]


class Search:
    """Searches one tenant's knowledge at a time."""

    def __init__(self, db: Database, embedder: Embedder) -> None:
        self._db = db
        self._embedder = embedder
        self._indexes: OrderedDict[str, _Index | _Large] = OrderedDict()
        self._loading: dict[str, asyncio.Task[None]] = {}

    async def query_vector(self, text: str, language: str) -> Vector | None:
        """The question's vector, where the embedder has its language."""
        if language not in self._embedder.languages:
            return None
        vector: Vector = (await self._embedder.embed([text]))[0]
        return vector

    async def find_passages(
        self,
        tenant_id: str,
        question: str,
        *,
        language: str,
        revision: int,
        vector: Vector | None = None,
        top_k: int = 5,
        threshold: float = 0.0,
    ) -> Findings:
        """The passages for a question, best first; none below `threshold`.

        `revision` is the tenant's knowledge revision as the caller read it. `vector` is the question's, from
        `query_vector`.
        """
        index = await self._index(tenant_id, revision)
        asked = query_words(question, language)
        if isinstance(index, _Index):
            return _search_index(index, asked, vector, top_k, threshold)

        async def known() -> Vector | None:
            return vector

        return await self._search_database(_Asked(tenant_id, asked, index), known(), top_k, threshold)

    async def embed_and_find(
        self, tenant_id: str, question: str, *, language: str, revision: int, top_k: int = 5, threshold: float = 0.0
    ) -> Findings:
        """`find_passages` for a question whose vector nobody has yet.

        Where PostgreSQL looks for the words, it does so while this process embeds.
        """
        index = await self._index(tenant_id, revision)
        asked = query_words(question, language)
        embedding = self.query_vector(question, language)
        if isinstance(index, _Index):
            return _search_index(index, asked, await embedding, top_k, threshold)
        return await self._search_database(_Asked(tenant_id, asked, index), embedding, top_k, threshold)

    async def _search_database(
        self, asked: _Asked, embedding: Coroutine[None, None, Vector | None], top_k: int, threshold: float
    ) -> Findings:
        """PostgreSQL looks for the words while the question is embedded; its vector is compared there, or here."""
        index = asked.index
        try:
            if index.neighbours is None:
                found = await self._find_by_index(asked, embedding, top_k)
            else:
                found = await self._find_here(asked, index.neighbours, embedding, top_k)
        finally:
            embedding.close()
        enough = _WALKS_BEFORE_LOADING if index.before is None else _WALKS_BEFORE_RENEWING
        if index.walks >= enough and index.neighbours is None:
            self._load_meanwhile(asked.tenant_id, index)
        return Findings(tuple(passage for passage in found if passage.score >= threshold))

    async def _find_here(
        self, asked: _Asked, here: Neighbours, embedding: Coroutine[None, None, Vector | None], top_k: int
    ) -> list[Passage]:
        """One transaction where the vector is there before the words are, as a local embedder's is: embedding goes on
        outside of it, and nobody holds a connection while a vendor embeds."""
        sent = asyncio.Event()
        nearness: asyncio.Future[tuple[Vector, Scores] | None] = asyncio.get_running_loop().create_future()

        async def look() -> list[Passage]:
            async with self._db.begin(asked.tenant_id) as connection:
                sent.set()
                words = await _by_words(connection, asked)
                if nearness.done():
                    return await _read_near(connection, asked, words, here, nearness.result(), top_k)
            near = await nearness
            async with self._db.begin(asked.tenant_id) as connection:
                return await _read_near(connection, asked, words, here, near, top_k)

        looking = asyncio.create_task(look())
        looking.add_done_callback(lambda _: sent.set())
        try:
            await sent.wait()
            vector = await embedding
            nearness.set_result(None if vector is None else (vector, here.nearest(vector, CANDIDATES)))
            return await looking
        finally:
            looking.cancel()
            await asyncio.wait([looking])

    async def _find_by_index(
        self, asked: _Asked, embedding: Coroutine[None, None, Vector | None], top_k: int
    ) -> list[Passage]:
        """Words and vectors at the same time, on two connections: PostgreSQL gives each a processor of its own."""
        sent = asyncio.Event()

        async def look() -> _ByWords:
            async with self._db.begin(asked.tenant_id) as connection:
                sent.set()
                return await _by_words(connection, asked)

        looking = asyncio.create_task(look())
        looking.add_done_callback(lambda _: sent.set())
        try:
            await sent.wait()
            vector = await embedding
            async with self._db.begin(asked.tenant_id) as connection:
                nearest = {} if vector is None else await self._walk(connection, asked, vector)
                words = await looking  # which has its connection since `sent`: nobody waits for the pool in here
                also: Scores = {}  # the index of vectors may have missed what words have found
                if vector is not None and words.scores:
                    also = await store.cosines(connection, asked.tenant_id, list(words.scores), vector)
                return await _read_best(connection, asked, words, {**also, **nearest}, top_k)
        finally:
            looking.cancel()
            await asyncio.wait([looking])

    async def _walk(self, connection: AsyncConnection, asked: _Asked, vector: Vector) -> Scores:
        """The nearest by PostgreSQL's index, which is walked on where other tenants' chunks are in between."""
        tenant_id, index = asked.tenant_id, asked.index
        index.walks += 1
        if not index.among_others:
            found = await store.match_vector(connection, tenant_id, vector, CANDIDATES, index.chunks)
            if len(found) >= min(CANDIDATES, index.chunks):
                return found
            index.among_others = True
        return await store.match_vector(connection, tenant_id, vector, CANDIDATES, index.chunks, walk_on=True)

    def _load_meanwhile(self, tenant_id: str, index: _Large) -> None:
        """Load a tenant's vectors beside the searches: until they are here, PostgreSQL's index serves."""
        if tenant_id in self._loading or index.chunks > _VECTORS_KEPT:
            return
        index.walks = 0
        task = asyncio.create_task(self._load(tenant_id, index))
        self._loading[tenant_id] = task
        task.add_done_callback(lambda _: self._loading.pop(tenant_id, None))

    async def _load(self, tenant_id: str, index: _Large) -> None:
        before = index.before
        try:
            async with self._db.begin(tenant_id) as connection:
                read = await read_vectors(connection, tenant_id, before)
        except SQLAlchemyError as error:
            _log.warning("knowledge.vectors_not_loaded", tenant_id=tenant_id, error=type(error).__name__)
            return
        if read.known or read.ids:
            self._make_room(tenant_id, len(read.known) + len(read.ids))
            index.neighbours, index.before = await asyncio.to_thread(_neighbours, before, read), None

    def _make_room(self, tenant_id: str, vectors: int) -> None:
        """Let go of the vectors of those who were searched longest ago."""
        held = [one for name, one in self._indexes.items() if name != tenant_id and isinstance(one, _Large)]
        for one in held:
            if sum(map(_held, held)) + vectors <= _VECTORS_KEPT:
                return
            one.neighbours, one.before, one.walks = None, None, 0

    async def _index(self, tenant_id: str, revision: int) -> _Index | _Large:
        """The in-process index of a small tenant; of a large one, how large it is."""
        known = self._indexes.get(tenant_id)
        if known is not None and known.revision == revision:
            self._indexes.move_to_end(tenant_id)
            return known
        index: _Index | _Large
        async with self._db.begin(tenant_id) as connection:
            chunks = (await store.size(connection, tenant_id)).chunks
            if chunks > SMALL_TENANT_CHUNKS:
                index = _Large(revision, chunks, _last(known))
            else:
                index = _build(revision, await store.read_everything(connection, tenant_id))
        self._indexes[tenant_id] = index
        if len(self._indexes) > _INDEXES_KEPT:
            self._indexes.popitem(last=False)
        return index


def _neighbours(before: Neighbours | None, read: Vectors) -> Neighbours:
    parts = [before.of(read.known)] if before is not None and read.known else []
    if read.ids:
        parts.append(vectors_of(read.sent))
    return Neighbours([*read.known, *read.ids], np.concatenate(parts))


def _last(index: _Index | _Large | None) -> Neighbours | None:
    """The newest vectors in this process of a tenant whose knowledge has changed."""
    return index.neighbours or index.before if isinstance(index, _Large) else None


def _held(index: _Large) -> int:
    return len(index.neighbours or index.before or ())


async def _by_words(connection: AsyncConnection, asked: _Asked) -> _ByWords:
    alternatives = [word.alternatives for word in asked.words]
    scores, counts = await store.match_words(
        connection,
        asked.tenant_id,
        alternatives,
        asked.index.chunks,
        slips=SLIPS,
        rows=_CANDIDATE_ROWS,
        most=CANDIDATES,
    )
    return _ByWords(scores, counts)


async def _read_near(
    connection: AsyncConnection,
    asked: _Asked,
    words: _ByWords,
    here: Neighbours,
    near: tuple[Vector, Scores] | None,
    top_k: int,
) -> list[Passage]:
    """`near`: the question's vector and the nearest chunks; None where the embedder lacks its language."""
    if near is None:
        return await _read_best(connection, asked, words, {}, top_k)
    vector, nearest = near
    return await _read_best(connection, asked, words, {**here.cosines(words.scores, vector), **nearest}, top_k)


async def _read_best(
    connection: AsyncConnection, asked: _Asked, words: _ByWords, by_vector: Scores, top_k: int
) -> list[Passage]:
    """The `top_k` passages that words and vectors make the best."""
    best = fused(words.scores, by_vector)[:top_k]
    spelt = as_spelt(asked.words, words.counts)
    weights = weights_of(spelt, words.counts, asked.index.chunks)
    chunks = await store.read_chunks(connection, asked.tenant_id, best, list(weights))
    coverage = Coverage(spelt, weights, asked.index.chunks)
    scored = ((chunks[name], by_vector.get(name)) for name in best if name in chunks)
    return [_passage(one.chunk, relevance(coverage.of(one.lexemes), cosine)) for one, cosine in scored]


def _build(revision: int, chunks: Sequence[store.IndexedChunk]) -> _Index:
    counts: dict[str, int] = {}
    for chunk in chunks:
        for lexeme in chunk.lexemes:
            counts[lexeme] = counts.get(lexeme, 0) + 1
    rows = tuple(place for place, chunk in enumerate(chunks) if chunk.embedding is not None)
    vectors = [chunk.embedding for chunk in chunks if chunk.embedding is not None]
    matrix = np.stack(vectors) if vectors else None
    words = sum(len(chunk.chunk.content.split()) for chunk in chunks)
    return _Index(revision, tuple(chunks), counts, matrix, rows, words)


def _search_index(
    index: _Index,
    asked: Sequence[QueryWord],
    vector: Vector | None,
    top_k: int,
    threshold: float,
) -> Findings:
    spelt = as_spelt(asked, index.counts)
    weights = weights_of(spelt, index.counts, len(index.chunks))
    by_words: dict[str, float] = {}
    for chunk in index.chunks:
        score = sum(weight for word, weight in weights.items() if word in chunk.lexemes)
        if score > 0:
            by_words[chunk.chunk.id] = score
    by_vector: dict[str, float] = {}
    if vector is not None and index.matrix is not None:
        cosines = np.vecdot(index.matrix, vector)  # on this processor alone: BLAS would wake the others
        by_vector = {index.chunks[row].chunk.id: float(cosine) for row, cosine in zip(index.rows, cosines, strict=True)}
    order = fused(by_words, by_vector)
    chunks = {chunk.chunk.id: chunk for chunk in index.chunks}
    coverage = Coverage(spelt, weights, len(index.chunks))
    whole = 0 < index.words <= WHOLE_KNOWLEDGE_WORDS
    shown = [*order, *(name for name in chunks if name not in set(order))] if whole else order[:top_k]
    passages = (
        _passage(chunks[name].chunk, relevance(coverage.of(chunks[name].lexemes), by_vector.get(name)))
        for name in shown
    )
    return Findings(tuple(passage for passage in passages if whole or passage.score >= threshold), whole)


def _passage(chunk: store.StoredChunk, score: float) -> Passage:
    return Passage(
        document_id=chunk.document_id,
        title=chunk.title,
        source=chunk.source,
        content=chunk.content,
        score=score,
        heading=chunk.heading,
        chunk_id=chunk.id,
    )
