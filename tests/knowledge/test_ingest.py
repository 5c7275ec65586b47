"""Taking documents in: at once or by a job, with exact counts of terms, and a revision that grows with every change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.app.resources import Resources
from parley.inference.errors import ProviderUnavailable
from parley.kit.errors import InvalidInput, NotFound, TooLarge
from parley.kit.ids import new_id
from parley.knowledge import Library, ingest
from parley.tenants import Principal, levels_of
from tests.conftest import Business

pytestmark = pytest.mark.anyio

WHO = Principal("open", "test", "", "admin", levels_of("admin"))
LONG = "\n\n".join(f"## Room {n}\n\nRoom {n} has a balcony and costs {80 + n} euros." for n in range(120))


@dataclass
class Queue:
    """Jobs as they were put in, run when the test says so: the shared database has workers' jobs of other tests."""

    jobs: list[dict[str, Any]] = field(default_factory=list)

    async def enqueue(
        self, connection: AsyncConnection, name: str, *, lock: str | None = None, once: str | None = None, **args: Any
    ) -> str:
        self.jobs.append({"name": name, "lock": lock, **args})
        return str(len(self.jobs))

    async def run(self, library: Library, number: int = -1) -> None:
        arguments = {key: value for key, value in self.jobs[number].items() if key not in {"name", "lock"}}
        await library._index_later(**arguments)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Texts of more than a page go through it."""
    monkeypatch.setattr(ingest, "INLINE_CHARACTERS", 3000)
    return Queue()


@pytest.fixture
def library(resources: Resources, queue: Queue) -> Library:
    return Library(resources.db, resources.embedder, queue)


@pytest.fixture(scope="module")
async def firm(resources: Resources) -> str:
    """A tenant's id."""
    tenant = await resources.businesses.create(WHO, {"name": "A firm"})
    return tenant.id


async def state_of(resources: Resources, tenant: str) -> dict[str, Any]:
    """What the database holds of a tenant's knowledge."""
    async with resources.db.begin(tenant) as connection:

        async def one(query: str) -> Any:
            return (await connection.execute(text(query))).scalar_one()

        return {
            "revision": await one("SELECT knowledge_revision FROM tenants"),
            "documents": await one("SELECT count(*) FROM knowledge_documents"),
            "chunks": await one("SELECT count(*) FROM knowledge_chunks"),
            "terms": await one("SELECT coalesce(sum(chunks), 0) FROM knowledge_terms"),
            "negative": await one("SELECT count(*) FROM knowledge_terms WHERE chunks < 0"),
            "counted": await one("SELECT coalesce(sum(length(lexemes)), 0) FROM knowledge_chunks"),
        }


async def exact(resources: Resources, tenant: str) -> dict[str, Any]:
    """The state, after checking that every term is counted in exactly as many chunks as hold it."""
    state = await state_of(resources, tenant)
    assert state["terms"] == state["counted"]
    assert state["negative"] == 0
    return state


async def take(library: Library, tenant: str, content: str, **more: Any) -> Any:
    document, _ = await library.ingest(WHO, tenant, **{"source": "faq", "title": "A title", "content": content, **more})
    return document


async def test_every_change_counts_exactly_and_bumps_the_revision(
    resources: Resources, library: Library, business: Business
) -> None:
    tenant = business.id
    one = await take(library, tenant, "Dogs are welcome. Cats are not.")
    two = await take(library, tenant, "Dogs sleep outside. " * 60)
    first = await exact(resources, tenant)
    assert (first["revision"], first["documents"]) == (2, 2)
    changed, _ = await library.change(WHO, tenant, one.id, {"content": "Parrots are welcome."})
    assert (changed.generation, changed.chunk_count) == (2, 1)
    second = await exact(resources, tenant)
    assert second["revision"] == 3
    renamed, _ = await library.change(WHO, tenant, one.id, {"title": "Pets"})
    assert renamed.title == "Pets"
    await exact(resources, tenant)
    for document in (one, two):
        await library.delete(WHO, tenant, document.id)
    last = await exact(resources, tenant)
    assert last == {"revision": 6, "documents": 0, "chunks": 0, "terms": 0, "negative": 0, "counted": 0}


async def test_a_refused_change_changes_nothing(resources: Resources, library: Library, business: Business) -> None:
    document = await take(library, business.id, "Dogs are welcome.")
    before = await exact(resources, business.id)
    with pytest.raises(InvalidInput, match="content"):
        await library.change(WHO, business.id, document.id, {"content": "  "})
    with pytest.raises(InvalidInput, match="content"):
        await take(library, business.id, " \n ")
    for act in (library.delete(WHO, business.id, new_id()), library.change(WHO, business.id, new_id(), {"title": "x"})):
        with pytest.raises(NotFound):
            await act
    assert await exact(resources, business.id) == before


async def test_the_language_is_heard_or_given(library: Library, firm: str) -> None:
    german = "Hunde sind auf der Terrasse erlaubt, im Gastraum leider nicht."
    assert (await take(library, firm, german)).language == "de"
    assert (await take(library, firm, "Dogs are welcome on the terrace.")).language == "en"
    assert (await take(library, firm, german, language="en")).language == "en"


async def test_a_large_text_is_indexed_by_a_job_with_progress(
    resources: Resources, library: Library, queue: Queue, business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not found before it is whole; found after; and the job does nothing the second time."""
    monkeypatch.setattr(ingest, "_EMBED_STEP", 2)
    document, job = await library.ingest(WHO, business.id, source="other", title="Rooms", content=LONG)
    assert job is not None
    assert (document.status, document.chunk_count, document.progress) == ("indexing", 0, 0.0)
    assert queue.jobs[0]["lock"] == f"knowledge:{document.id}"
    assert (await exact(resources, business.id))["chunks"] == 0
    seen: list[float] = []
    prepare = library._prepare

    async def watched(title: str, content: str, language: str, progress: Any = None) -> Any:
        async def report(share: float) -> None:
            await progress(share)
            seen.append((await library.get(business.id, document.id))[0].progress)

        return await prepare(title, content, language, report)

    monkeypatch.setattr(library, "_prepare", watched)
    await queue.run(library)
    ready, _ = await library.get(business.id, document.id)
    assert (ready.status, ready.progress) == ("ready", 1.0)
    assert len(seen) >= 2
    assert seen == sorted(seen)
    assert 0 < seen[0] < 1
    state = await exact(resources, business.id)
    assert state["chunks"] == ready.chunk_count > 4
    await queue.run(library)
    assert await exact(resources, business.id) == state
    await library.delete(WHO, business.id, document.id)
    assert (await exact(resources, business.id))["terms"] == 0


async def test_a_job_overtaken_by_a_change_is_dropped(
    resources: Resources, library: Library, queue: Queue, business: Business
) -> None:
    document, _ = await library.ingest(WHO, business.id, source="other", title="Rooms", content=LONG)
    await library.change(WHO, business.id, document.id, {"content": "Only one room is left."})
    await queue.run(library, 0)
    ready, content = await library.get(business.id, document.id)
    assert (ready.status, ready.chunk_count, content) == ("ready", 1, "Only one room is left.")
    await library.delete(WHO, business.id, document.id)
    await queue.run(library, 0)
    assert (await exact(resources, business.id))["chunks"] == 0


async def test_an_embedder_that_fails_leaves_a_reason_and_is_tried_again(
    resources: Resources, library: Library, queue: Queue, business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, _ = await library.ingest(WHO, business.id, source="other", title="Rooms", content=LONG)

    async def fail(*_: Any) -> Any:
        raise ProviderUnavailable("The embedder is away.", vendor="embeddings")

    with monkeypatch.context() as patch:
        patch.setattr(library, "_embed", fail)
        with pytest.raises(ProviderUnavailable):
            await queue.run(library)
        assert (await library.get(business.id, document.id))[0].error == "The embedder is away."
        with pytest.raises(ProviderUnavailable):
            await take(library, business.id, "Short.")
    assert (await exact(resources, business.id))["documents"] == 1, "what failed inline was not stored"
    monkeypatch.setattr(library, "_embed", lambda chunks, *_: _none(len(chunks)))
    await queue.run(library)
    ready, _ = await library.get(business.id, document.id)
    assert (ready.status, ready.error) == ("ready", None)


async def _none(count: int) -> list[None]:
    return [None] * count


async def test_too_much_is_refused(library: Library, firm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "MAX_CHARACTERS", 1000)
    with pytest.raises(TooLarge, match="content"):
        await take(library, firm, "x" * 1001)


async def test_many_changes_at_once_neither_lock_up_nor_miscount(
    resources: Resources, library: Library, business: Business
) -> None:
    """Documents with the same words in other orders, added, changed and deleted all at once."""
    words = [f"word{number}" for number in range(60)]

    async def life(number: int) -> None:
        ordered = words[number:] + words[:number]
        if number % 2:
            ordered.reverse()
        document = await take(library, business.id, " ".join(ordered), language="en")
        await library.change(WHO, business.id, document.id, {"content": " ".join(reversed(ordered))})
        if number % 3 == 0:
            await library.delete(WHO, business.id, document.id)

    await asyncio.wait_for(asyncio.gather(*(life(number) for number in range(18))), 60)
    state = await exact(resources, business.id)
    assert state["documents"] == 12
    assert state["revision"] == 18 + 18 + 6


async def test_two_changes_of_one_document_leave_one_whole_version(
    resources: Resources, library: Library, business: Business
) -> None:
    document = await take(library, business.id, "The first text.")
    texts = [f"Text number {number} of some length." for number in range(6)]
    await asyncio.gather(*(library.change(WHO, business.id, document.id, {"content": one}) for one in texts))
    state = await exact(resources, business.id)
    assert state["chunks"] == 1
    async with resources.db.begin(business.id) as connection:
        rows = (await connection.execute(text("SELECT d.content, c.content FROM knowledge_documents d"
                                              " JOIN knowledge_chunks c ON c.document_id = d.id"))).one()  # fmt: skip
    assert rows[0] in texts
    assert rows[1].endswith(rows[0])


async def test_changes_of_different_fields_at_once_are_all_kept(
    resources: Resources, library: Library, business: Business
) -> None:
    """Neither writes back what it read before the other."""
    document = await take(library, business.id, "The first text.")
    await asyncio.gather(
        library.change(WHO, business.id, document.id, {"title": "New title"}),
        library.change(WHO, business.id, document.id, {"content": "New content."}),
        library.change(WHO, business.id, document.id, {"source": "policy"}),
    )
    now, content = await library.get(business.id, document.id)
    assert (now.title, content, now.source) == ("New title", "New content.", "policy")
    await exact(resources, business.id)
