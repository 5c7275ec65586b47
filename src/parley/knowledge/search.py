"""Finding the passages that may answer a question: words and vectors, fused by rank, above a threshold or not at all.

Words: the question's lexemes weighed by how rare they are among the tenant's chunks (BM25's idf; chunks are short, so
a word counts once). Vectors: cosine, only where the embedder declares the language. The order is reciprocal rank
fusion (Cormack, Clarke and Büttcher 2009); the score of a passage, 0..1, is what the threshold is compared with.

Small tenants are searched in this process, on an index that lives for one knowledge revision; large ones in
PostgreSQL, where the rarest words pick the candidates.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parley.inference.facts import Passage
from parley.inference.ports import Embedder
from parley.kit.db import Database
from parley.knowledge import store
from parley.knowledge.words import QueryWord, query_lexemes, query_words

SMALL_TENANT_CHUNKS = 1500
WHOLE_KNOWLEDGE_WORDS = 1500
_INDEXES_KEPT = 64
_CANDIDATES = 50
_CANDIDATE_ROWS = 1000
_RRF = 60
_HALF_KNOWN = 0.5

Scores = Mapping[str, float]


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
    matrix: NDArray[np.float32] | None
    rows: tuple[int, ...]
    words: int


@dataclass(frozen=True, slots=True)
class _Large:
    """A tenant that is searched in PostgreSQL."""

    revision: int
    chunks: int


class Search:
    """Searches one tenant's knowledge at a time."""

    def __init__(self, db: Database, embedder: Embedder) -> None:
        self._db = db
        self._embedder = embedder
        self._indexes: OrderedDict[str, _Index | _Large] = OrderedDict()

    async def query_vector(self, text: str, language: str) -> NDArray[np.float32] | None:
        """The question's vector, where the embedder has its language."""
        if language not in self._embedder.languages:
            return None
        vector: NDArray[np.float32] = (await self._embedder.embed([text]))[0]
        return vector

    async def find_passages(
        self,
        tenant_id: str,
        question: str,
        *,
        language: str,
        revision: int,
        vector: NDArray[np.float32] | None = None,
        top_k: int = 5,
        threshold: float = 0.0,
    ) -> Findings:
        """The passages for a question, best first; none below `threshold`.

        `revision` is the tenant's knowledge revision as the caller read it. `vector` is the question's, from
        `query_vector`.
        """
        index = await self._index(tenant_id, revision)
        if isinstance(index, _Index):
            words = dict(query_lexemes(question, language))
            return _search_index(index, words, vector, top_k, threshold)
        total, asked = index.chunks, query_words(question, language)
        async with self._db.begin(tenant_id) as connection:
            names = [lexeme for word in asked for lexeme, _ in word.alternatives]
            counts = await store.term_counts(connection, tenant_id, names)
            words = _as_spelt(asked, counts)
            weights = _weights(words, counts, total)
            picked = _rarest(weights, counts)
            by_words = await store.match_words(connection, picked, weights, _CANDIDATES) if picked else {}
            by_vector: dict[str, float] = {}
            if vector is not None:
                by_vector = await store.match_vector(connection, tenant_id, vector, _CANDIDATES, total)
            missing = [name for name in by_words if name not in by_vector]
            if vector is not None and missing:
                by_vector |= await store.cosines(connection, tenant_id, vector, missing)
            ranked = _fused(by_words, by_vector, _reach(words, counts, total))[:top_k]
            chunks = await store.read_chunks(connection, tenant_id, [name for name, _ in ranked])
        return Findings(
            tuple(_passage(chunks[name], score) for name, score in ranked if score >= threshold and name in chunks)
        )

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
                index = _Large(revision, chunks)
            else:
                index = _build(revision, await store.read_everything(connection, tenant_id))
        self._indexes[tenant_id] = index
        if len(self._indexes) > _INDEXES_KEPT:
            self._indexes.popitem(last=False)
        return index


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
    words: Mapping[str, float],
    vector: NDArray[np.float32] | None,
    top_k: int,
    threshold: float,
) -> Findings:
    weights = _weights(words, index.counts, len(index.chunks))
    by_words: dict[str, float] = {}
    for chunk in index.chunks:
        score = sum(weight for word, weight in weights.items() if word in chunk.lexemes)
        if score > 0:
            by_words[chunk.chunk.id] = score
    by_vector: dict[str, float] = {}
    if vector is not None and index.matrix is not None:
        cosines = index.matrix @ vector
        by_vector = {index.chunks[row].chunk.id: float(cosine) for row, cosine in zip(index.rows, cosines, strict=True)}
    ranked = _fused(by_words, by_vector, _reach(words, index.counts, len(index.chunks)))
    chunks = {chunk.chunk.id: chunk.chunk for chunk in index.chunks}
    if 0 < index.words <= WHOLE_KNOWLEDGE_WORDS:
        scores = dict(ranked)
        order = sorted(chunks, key=lambda name: -scores.get(name, 0.0))
        return Findings(tuple(_passage(chunks[name], scores.get(name, 0.0)) for name in order), whole=True)
    best = [(name, score) for name, score in ranked[:top_k] if score >= threshold]
    return Findings(tuple(_passage(chunks[name], score) for name, score in best))


def _idf(total: int, count: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def _weights(words: Mapping[str, float], counts: Mapping[str, int], total: int) -> dict[str, float]:
    """What finding each known word in a chunk is worth."""
    return {word: weight * _idf(total, counts[word]) for word, weight in words.items() if word in counts}


def _reach(words: Mapping[str, float], counts: Mapping[str, int], total: int) -> float:
    """What a chunk with every word of the question would score; unknown words count as the rarest ones."""
    return sum(weight * _idf(total, counts.get(word, 0)) for word, weight in words.items())


def _as_spelt(asked: Sequence[QueryWord], counts: Mapping[str, int]) -> dict[str, float]:
    """The lexemes to look for in a large tenant: slips of the pen are forgiven only in words it knows in no form."""
    found: dict[str, float] = {}
    for word in asked:
        plain = [(lexeme, weight) for lexeme, weight in word.alternatives if not lexeme.startswith("~")]
        wanted = plain if any(lexeme in counts for lexeme, _ in plain) else _first_known(word, counts) or plain[:1]
        for lexeme, weight in wanted:
            found[lexeme] = max(weight, found.get(lexeme, 0.0))
    return found


def _first_known(word: QueryWord, counts: Mapping[str, int]) -> list[tuple[str, float]]:
    return [(lexeme, weight) for lexeme, weight in word.alternatives if lexeme in counts][:3]


def _rarest(weights: Mapping[str, float], counts: Mapping[str, int]) -> list[str]:
    """The rarest words that together stand in a bounded number of chunks; at least one."""
    picked: list[str] = []
    rows = 0
    for word in sorted(weights, key=lambda name: counts[name]):
        rows += counts[word]
        if picked and rows > _CANDIDATE_ROWS:
            break
        picked.append(word)
    return picked


def _fused(by_words: Scores, by_vector: Scores, reach: float) -> list[tuple[str, float]]:
    """Chunks in the order of reciprocal rank fusion, each with its relevance 0..1."""
    order: dict[str, float] = {}
    for scores in (by_words, by_vector):
        for rank, name in enumerate(sorted(scores, key=lambda key: -scores[key])[:_CANDIDATES]):
            order[name] = order.get(name, 0.0) + 1 / (_RRF + rank)
    ranked = sorted(order, key=lambda name: (-order[name], name))
    return [(name, _relevance(by_words.get(name, 0.0), by_vector.get(name), reach)) for name in ranked]


def _relevance(word_score: float, cosine: float | None, reach: float) -> float:
    """How surely a chunk is about the question: the share of its words found, and nearness where it is known."""
    covered = min(1.0, word_score / reach) if reach > 0 else 0.0
    if cosine is None:
        return round(covered, 4)
    near = min(1.0, max(0.0, cosine))
    return round(_HALF_KNOWN * covered + (1 - _HALF_KNOWN) * near, 4)


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
