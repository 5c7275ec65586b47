"""Finding the passages that may answer a question: words and vectors, fused by rank, above a threshold or not at all.

Words: the question's lexemes weighed by how rare they are among the tenant's chunks (BM25's idf; chunks are short, so
a word counts once). Vectors: cosine, only where the embedder declares the language. The order is reciprocal rank
fusion (Cormack, Clarke and Büttcher 2009); the score of a passage, 0..1, is what the threshold is compared with.

Small tenants are searched in this process, on an index that lives for one knowledge revision; large ones in
PostgreSQL, where the rarest words pick the candidates.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parley.inference.facts import Passage
from parley.inference.ports import Embedder
from parley.kit.db import Database
from parley.knowledge import store
from parley.knowledge.words import QueryWord, query_words

SMALL_TENANT_CHUNKS = 1500
WHOLE_KNOWLEDGE_WORDS = 1500
_INDEXES_KEPT = 64
_CANDIDATES = 50
_CANDIDATE_ROWS = 1000
_SLIPS = 3  # spellings of an unknown word that are looked for
_RRF = 60
_WORDS_SHARE = 0.3  # of a passage's relevance, where its cosine is known; set on the tuning half of the retrieval set

Scores = Mapping[str, float]
Spelt = Sequence[Sequence[tuple[str, float]]]


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


@dataclass(frozen=True, slots=True)
class _ByWords:
    """What a question's words found: words as the tenant spells them, what they weigh, chunks and their cosines."""

    spelt: Spelt
    weights: Mapping[str, float]
    scores: Scores
    cosines: Scores


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
        asked = query_words(question, language)
        if isinstance(index, _Index):
            return _search_index(index, asked, vector, top_k, threshold)
        return await self._search_database(tenant_id, asked, vector, index.chunks, top_k, threshold)

    async def _search_database(
        self,
        tenant_id: str,
        asked: Sequence[QueryWord],
        vector: NDArray[np.float32] | None,
        total: int,
        top_k: int,
        threshold: float,
    ) -> Findings:
        """Words and vectors at the same time, on two connections: PostgreSQL gives each a processor of its own."""
        words, by_vector = await asyncio.gather(
            self._by_words(tenant_id, asked, vector, total), self._by_vector(tenant_id, vector, total)
        )
        by_vector = {**words.cosines, **by_vector}
        best = _fused(words.scores, by_vector)[:top_k]
        async with self._db.begin(tenant_id) as connection:
            chunks = await store.read_chunks(connection, tenant_id, best, list(words.weights))
        coverage = _Coverage(words.spelt, words.weights, total)
        scored = ((chunks[name], by_vector.get(name)) for name in best if name in chunks)
        passages = (_passage(one.chunk, _relevance(coverage.of(one.lexemes), cosine)) for one, cosine in scored)
        return Findings(tuple(passage for passage in passages if passage.score >= threshold))

    async def _by_words(
        self, tenant_id: str, asked: Sequence[QueryWord], vector: NDArray[np.float32] | None, total: int
    ) -> _ByWords:
        names = [lexeme for word in asked for lexeme, _ in word.alternatives]
        async with self._db.begin(tenant_id) as connection:
            counts = await store.term_counts(connection, tenant_id, names)
            spelt = _as_spelt(asked, counts)
            weights = _weights(spelt, counts, total)
            picked = _rarest(weights, counts)
            if not picked:
                return _ByWords(spelt, weights, {}, {})
            scores, cosines = await store.match_words(connection, tenant_id, picked, weights, _CANDIDATES, vector)
        return _ByWords(spelt, weights, scores, cosines)

    async def _by_vector(self, tenant_id: str, vector: NDArray[np.float32] | None, total: int) -> Scores:
        if vector is None:
            return {}
        async with self._db.begin(tenant_id) as connection:
            return await store.match_vector(connection, tenant_id, vector, _CANDIDATES, total)

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
    asked: Sequence[QueryWord],
    vector: NDArray[np.float32] | None,
    top_k: int,
    threshold: float,
) -> Findings:
    spelt = _as_spelt(asked, index.counts)
    weights = _weights(spelt, index.counts, len(index.chunks))
    by_words: dict[str, float] = {}
    for chunk in index.chunks:
        score = sum(weight for word, weight in weights.items() if word in chunk.lexemes)
        if score > 0:
            by_words[chunk.chunk.id] = score
    by_vector: dict[str, float] = {}
    if vector is not None and index.matrix is not None:
        cosines = index.matrix @ vector
        by_vector = {index.chunks[row].chunk.id: float(cosine) for row, cosine in zip(index.rows, cosines, strict=True)}
    order = _fused(by_words, by_vector)
    chunks = {chunk.chunk.id: chunk for chunk in index.chunks}
    coverage = _Coverage(spelt, weights, len(index.chunks))
    whole = 0 < index.words <= WHOLE_KNOWLEDGE_WORDS
    shown = [*order, *(name for name in chunks if name not in set(order))] if whole else order[:top_k]
    passages = (
        _passage(chunks[name].chunk, _relevance(coverage.of(chunks[name].lexemes), by_vector.get(name)))
        for name in shown
    )
    return Findings(tuple(passage for passage in passages if whole or passage.score >= threshold), whole)


def _idf(total: int, count: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def _as_spelt(asked: Sequence[QueryWord], counts: Mapping[str, int]) -> Spelt:
    """Per word the lexemes to look for: slips of the pen are forgiven only in words the tenant knows in no form."""
    return [_wanted(word, counts) for word in asked]


def _wanted(word: QueryWord, counts: Mapping[str, int]) -> Sequence[tuple[str, float]]:
    plain = [(lexeme, weight) for lexeme, weight in word.alternatives if not lexeme.startswith("~")]
    if any(lexeme in counts for lexeme, _ in plain):
        return plain
    return [(lexeme, weight) for lexeme, weight in word.alternatives if lexeme in counts][:_SLIPS] or plain[:1]


def _weights(spelt: Spelt, counts: Mapping[str, int], total: int) -> dict[str, float]:
    """What finding each known lexeme in a chunk is worth."""
    best: dict[str, float] = {}
    for lexeme, weight in (pair for word in spelt for pair in word if pair[0] in counts):
        best[lexeme] = max(best.get(lexeme, 0.0), weight * _idf(total, counts[lexeme]))
    return best


class _Coverage:
    """Which share of a question a chunk holds, 0..1: each word once, by its best form; unknown words as the rarest."""

    def __init__(self, spelt: Spelt, weights: Mapping[str, float], total: int) -> None:
        self._words = [{lexeme: weights[lexeme] for lexeme, _ in word if lexeme in weights} for word in spelt]
        unknown = (
            word[0][1] * _idf(total, 0) for word, known in zip(spelt, self._words, strict=True) if word and not known
        )
        self._reach = sum(max(known.values()) for known in self._words if known) + sum(unknown)

    def of(self, lexemes: Set[str]) -> float:
        found = sum(
            max((worth for name, worth in known.items() if name in lexemes), default=0) for known in self._words
        )
        return min(1.0, found / self._reach) if self._reach > 0 else 0.0


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


def _fused(by_words: Scores, by_vector: Scores) -> list[str]:
    """Chunks in the order of reciprocal rank fusion."""
    order: dict[str, float] = {}
    for scores in (by_words, by_vector):
        for rank, name in enumerate(sorted(scores, key=lambda key: (-scores[key], key))[:_CANDIDATES]):
            order[name] = order.get(name, 0.0) + 1 / (_RRF + rank)
    return sorted(order, key=lambda name: (-order[name], name))


def _relevance(covered: float, cosine: float | None) -> float:
    """How surely a chunk is about the question: the share of its words found, and nearness where it is known."""
    if cosine is None:
        return round(covered, 4)
    return round(_WORDS_SHARE * covered + (1 - _WORDS_SHARE) * min(1.0, max(0.0, cosine)), 4)


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
