"""A tenant too large for the index in process finds the same passages in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.app.resources import Resources
from parley.inference.errors import ProviderUnavailable
from parley.kit import guard
from parley.kit.db import Database, fetch
from parley.knowledge import Findings, store, vector_store
from parley.knowledge import search as search_module
from parley.knowledge.rank import as_spelt, weights_of
from parley.knowledge.words import QueryWord, query_words
from tests.conftest import Business

pytestmark = pytest.mark.anyio

DISHES = ("lasagna", "risotto", "tiramisu", "bruschetta", "calamari", "gnocchi", "carbonara", "minestrone")
TEXT = "\n\n".join(
    f"# {dish.title()} number {number}\nThe {dish} of the house costs {number}.50 and comes with side dish {number}."
    for number in range(1, 13)
    for dish in DISHES
)


@pytest.fixture
async def taught(business: Business) -> Business:
    body = {"source": "menu", "title": "Menu", "content": TEXT}
    assert (await business.owner.post("/knowledge/ingest", json=body)).status_code == 201
    return business


async def find(resources: Resources, tenant_id: str, question: str) -> Findings:
    searching = search_module.Search(resources.db, resources.embedder)
    vector = await searching.query_vector(question, "en")
    return await searching.find_passages(tenant_id, question, language="en", revision=1, vector=vector, top_k=5)


@pytest.mark.parametrize(
    "question", ["What does gnocchi number 7 cost?", "minestrone number 3", "tiramisu price 11.50"]
)
async def test_both_ways_find_the_same_best_passage(
    taught: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    in_process = await find(resources, taught.id, question)
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", 0)
    in_database = await find(resources, taught.id, question)
    assert in_database.passages[0].chunk_id == in_process.passages[0].chunk_id
    assert not in_database.whole


async def test_many_at_once_never_wait_for_each_others_connections(
    taught: Business, resources: Resources, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", 0)
    narrow = Database(database_url, pool_size=2, overflow=0, wait_seconds=3)
    searching = search_module.Search(narrow, resources.embedder)
    vector = await searching.query_vector("gnocchi", "en")
    found = await asyncio.gather(
        *(
            searching.find_passages(taught.id, f"gnocchi number {n}", language="en", revision=1, vector=vector)
            for n in range(1, 9)
        )
    )
    await narrow.aclose()
    assert all(one.passages for one in found)


async def test_a_slip_of_the_pen_is_forgiven(
    taught: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", 0)
    found = await find(resources, taught.id, "How much is the bruscheta?")
    assert found.passages
    assert all("bruschetta" in passage.content for passage in found.passages)


async def test_another_tenant_finds_nothing(
    taught: Business, rival: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    assert (await find(resources, rival.id, "What does gnocchi number 7 cost?")).passages == ()


async def test_a_scan_and_the_index_agree_on_the_nearest(taught: Business, resources: Resources) -> None:
    vector = (await resources.embedder.embed(["gnocchi number 7"]))[0]
    async with resources.db.begin(taught.id) as connection:
        scanned = await store.match_vector(connection, taught.id, vector, 5, 100)
        indexed = await store.match_vector(connection, taught.id, vector, 5, 1_000_000)
    assert next(iter(scanned)) == next(iter(indexed))
    assert list(scanned.values()) == sorted(scanned.values(), reverse=True)


def test_words_as_they_are_spelt_need_no_forgiveness() -> None:
    asked = query_words("gnocchi bruscheta", "en")
    known = {"gnocchi": 3, "~gnochi": 3, "~bruscheta": 5}
    wanted = {lexeme for word in as_spelt(asked, known) for lexeme, _ in word}
    assert "gnocchi" in wanted
    assert "~gnochi" not in wanted
    assert "~bruscheta" in wanted


def _in_process(asked: store.Asked, chunks: list[store.IndexedChunk]) -> tuple[dict[str, float], dict[str, int]]:
    counts: dict[str, int] = {}
    for lexeme in (name for chunk in chunks for name in chunk.lexemes):
        counts[lexeme] = counts.get(lexeme, 0) + 1
    spelt = as_spelt([QueryWord(tuple(word)) for word in asked], counts)
    weights = weights_of(spelt, counts, len(chunks))
    scores = {one.chunk.id: sum(weights[name] for name in weights if name in one.lexemes) for one in chunks}
    asked_for = {lexeme for word in asked for lexeme, _ in word}
    return {name: score for name, score in scores.items() if score}, {
        name: count for name, count in counts.items() if name in asked_for
    }


@pytest.mark.parametrize("question", ["gnocchi number 7", "the bruscheta and the mineströne", "risotto risoto 11.50"])
async def test_words_weigh_the_same_in_the_database(taught: Business, resources: Resources, question: str) -> None:
    asked = [word.alternatives for word in query_words(question, "en")]
    async with resources.db.begin(taught.id) as connection:
        chunks = await store.read_everything(connection, taught.id)
        scores, counts = await store.match_words(
            connection, taught.id, asked, len(chunks), slips=3, rows=1_000_000, most=1_000
        )
    expected, expected_counts = _in_process(asked, chunks)
    assert counts == expected_counts
    assert scores == pytest.approx(expected, rel=1e-5)


async def test_the_rarest_words_pick_the_candidates(taught: Business, resources: Resources) -> None:
    asked = [word.alternatives for word in query_words("gnocchi house", "en")]
    async with resources.db.begin(taught.id) as connection:
        scores, counts = await store.match_words(connection, taught.id, asked, 96, slips=3, rows=1, most=1_000)
    assert counts["hous"] > counts["gnocchi"] == len(scores)


async def test_a_walk_goes_on_where_others_are_nearer(taught: Business, rival: Business, resources: Resources) -> None:
    body = {"source": "menu", "title": "Menu", "content": "# Gnocchi\nThe gnocchi of our own house cost 3.50."}
    assert (await rival.owner.post("/knowledge/ingest", json=body)).status_code == 201
    vector = (await resources.embedder.embed(["The risotto of the house costs 4.50"]))[0]
    async with resources.db.begin(rival.id) as connection:
        for name, value in (("enable_seqscan", "off"), ("enable_sort", "off"), ("hnsw.ef_search", "5")):
            await fetch(connection, "SELECT set_config(%s, %s, true)", (name, value))
        once = await store.match_vector(connection, rival.id, vector, 1, 1_000_000)
        on = await store.match_vector(connection, rival.id, vector, 1, 1_000_000, walk_on=True)
    assert (len(once), len(on)) == (0, 1)


async def test_vectors_come_here_when_they_are_asked_for_often(
    taught: Business, rival: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    monkeypatch.setattr(search_module, "_WALKS_BEFORE_LOADING", 2)
    monkeypatch.setattr(vector_store, "_AT_ONCE", 7)
    searching = search_module.Search(resources.db, resources.embedder)

    async def ask(tenant_id: str, revision: int = 1) -> Findings:
        return await searching.embed_and_find(tenant_id, "gnocchi number 7", language="en", revision=revision)

    before = [await ask(taught.id) for _ in range(2)][-1]
    await searching._loading[taught.id]
    index = searching._indexes[taught.id]
    assert isinstance(index, search_module._Large)
    assert index.neighbours is not None
    async with resources.db.begin(taught.id) as connection:
        stored = {one.chunk.id for one in await store.read_everything(connection, taught.id)}
    assert set(index.neighbours._ids) == stored
    monkeypatch.setattr(store, "match_vector", None)  # PostgreSQL's index is not asked any more
    here = await ask(taught.id)
    assert [one.chunk_id for one in here.passages] == [one.chunk_id for one in before.passages]
    assert [one.score for one in here.passages] == pytest.approx([one.score for one in before.passages], abs=1e-3)
    monkeypatch.undo()
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    assert (await ask(rival.id)).passages == ()
    await ask(taught.id, revision=2)
    renewed = searching._indexes[taught.id]
    assert isinstance(renewed, search_module._Large)
    assert renewed.neighbours is None


@pytest.mark.parametrize("changes", [True, False])
async def test_after_a_change_only_what_is_new_comes_here(
    taught: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch, changes: bool
) -> None:
    """Half of what was there goes, something else comes; or nothing changes but the revision."""
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    monkeypatch.setattr(search_module, "_WALKS_BEFORE_LOADING", 1)
    monkeypatch.setattr(search_module, "_WALKS_BEFORE_RENEWING", 2)
    monkeypatch.setattr(vector_store, "_AT_ONCE", 7)
    searching = search_module.Search(resources.db, resources.embedder)

    async def ask(question: str, revision: int) -> Findings:
        found = await searching.embed_and_find(taught.id, question, language="en", revision=revision)
        if taught.id in searching._loading:
            await searching._loading[taught.id]
        return found

    async def stored() -> set[str]:
        async with resources.db.begin(taught.id) as connection:
            return {one.chunk.id for one in await store.read_everything(connection, taught.id)}

    async def fetched(connection: AsyncConnection, statement: str, *values: Any, **how: Any) -> list[Any]:
        rows = await fetch(connection, statement, *values, **how)
        read.extend(row[-2] for row in rows if isinstance(row[-1], bytes))
        return rows

    await ask("gnocchi number 7", 1)
    before, read = await stored(), list[str]()
    if changes:
        old = (await taught.owner.get("/knowledge/list")).json()["documents"]
        body = {"source": "menu", "title": "Desserts", "content": "# Panna cotta\nThe panna cotta comes with berries."}
        assert (await taught.owner.post("/knowledge/ingest", json=body)).status_code == 201
        half = {"source": "menu", "title": "Half", "content": TEXT[: len(TEXT) // 2]}
        assert (await taught.owner.post("/knowledge/ingest", json=half)).status_code == 201
        assert (await taught.owner.delete(f"/knowledge/{old[0]['id']}")).is_success
    monkeypatch.setattr(vector_store, "fetch", fetched)
    for _ in range(2):
        await ask("what comes with the panna cotta?", 2)
    index = searching._indexes[taught.id]
    assert isinstance(index, search_module._Large)
    assert index.neighbours is not None
    now = await stored()
    assert set(index.neighbours._ids) == now
    assert set(read) == now - before
    assert bool(now - before) == bool(before - now) == changes
    monkeypatch.setattr(store, "match_vector", None)  # PostgreSQL's index is not asked any more
    best = (await ask("what comes with the panna cotta?", 2)).passages[0]
    assert ("panna cotta" in best.content) == changes


async def test_a_question_that_cannot_be_embedded_leaves_the_connection_whole(
    taught: Business, resources: Resources, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    monkeypatch.setattr(search_module, "_WALKS_BEFORE_LOADING", 1)
    narrow = Database(database_url, pool_size=1, overflow=1, wait_seconds=3)
    searching = search_module.Search(narrow, resources.embedder)

    async def ask() -> Findings:
        return await searching.embed_and_find(taught.id, "gnocchi number 7", language="en", revision=1)

    before = await ask()
    await searching._loading[taught.id]

    async def fail(texts: Sequence[str]) -> NDArray[np.float32]:
        raise ProviderUnavailable("gone", vendor="local")

    with monkeypatch.context() as broken:
        broken.setattr(resources.embedder, "embed", fail)
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await ask()
    assert [one.chunk_id for one in (await ask()).passages] == [one.chunk_id for one in before.passages]
    await narrow.aclose()


@pytest.mark.parametrize("seconds", [0.0, 0.3])
async def test_no_connection_is_held_while_a_vendor_embeds(
    taught: Business, resources: Resources, database_url: str, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Whether the vector comes before the words or long after them."""
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    monkeypatch.setattr(search_module, "_WALKS_BEFORE_LOADING", 1)
    narrow = Database(database_url, pool_size=1, overflow=1, wait_seconds=3)
    searching = search_module.Search(narrow, resources.embedder)

    async def ask() -> Findings:
        return await searching.embed_and_find(taught.id, "gnocchi number 7", language="en", revision=1)

    before = await ask()
    await searching._loading[taught.id]
    embed = resources.embedder.embed

    async def hosted(texts: Sequence[str]) -> NDArray[np.float32]:
        guard.require_no_transaction("embedding")
        await asyncio.sleep(seconds)
        if seconds:  # by now the words are there, and both connections are free
            async with narrow.begin(taught.id), narrow.begin(taught.id):
                pass
        return await embed(texts)

    monkeypatch.setattr(resources.embedder, "embed", hosted)
    assert [one.chunk_id for one in (await ask()).passages] == [one.chunk_id for one in before.passages]
    await narrow.aclose()


async def test_vectors_of_whoever_was_searched_longest_ago_are_let_go(
    taught: Business, rival: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"source": "menu", "title": "Menu", "content": TEXT}
    assert (await rival.owner.post("/knowledge/ingest", json=body)).status_code == 201
    monkeypatch.setattr(search_module, "SMALL_TENANT_CHUNKS", -1)
    monkeypatch.setattr(search_module, "_WALKS_BEFORE_LOADING", 1)
    searching = search_module.Search(resources.db, resources.embedder)

    async def held(tenant_id: str) -> bool:
        await searching.embed_and_find(tenant_id, "gnocchi number 7", language="en", revision=1)
        if tenant_id in searching._loading:
            await searching._loading[tenant_id]
        index = searching._indexes[tenant_id]
        return isinstance(index, search_module._Large) and index.neighbours is not None

    assert await held(taught.id)
    (size,) = {len(one.neighbours or ()) for one in searching._indexes.values() if not hasattr(one, "matrix")}
    monkeypatch.setattr(search_module, "_VECTORS_KEPT", size)
    assert await held(rival.id)
    gone = searching._indexes[taught.id]
    assert isinstance(gone, search_module._Large)
    assert gone.neighbours is None
    monkeypatch.setattr(search_module, "_VECTORS_KEPT", size - 1)
    assert not await held(taught.id)
