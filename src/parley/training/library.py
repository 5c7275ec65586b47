"""The verbs on scenarios and their documents. Folders everybody may use are taken in where a business first looks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.tenants import Principal, record_audit
from parley.training import store
from parley.training.folders import READABLE, Folder, Sheet, Shelf, check_slug, folder_of, pack, read_sheet, unpack
from parley.training.passages import Passage, passages_of, ranked
from parley.training.scenario import Scenario, parse_scenario
from parley.training.store import Filed, Paper

_MOST_DOCUMENTS = 50
_MOST_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """A scenario with the list of its documents."""

    filed: Filed
    papers: Sequence[Paper]


class Scenarios:
    """What can be played."""

    def __init__(self, db: Database, shelf: Shelf) -> None:
        self._db = db
        self._shelf = shelf
        self._versions: OrderedDict[tuple[str, str, int], Scenario] = OrderedDict()

    async def page(self, tenant_id: str, limit: int, cursor: str | None) -> list[Shown]:
        """Newest first."""
        async with self._db.begin(tenant_id) as connection:
            await self._take_in_folders(connection, tenant_id)
            found = await store.page_scenarios(connection, tenant_id, limit, cursor)
            papers = await store.list_papers(connection, tenant_id, [one.id for one in found])
        return [Shown(one, [paper for paper in papers if paper.scenario_id == one.id]) for one in found]

    async def get(self, tenant_id: str, wanted: str) -> Shown:
        """By id or by its name. Raises `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            await self._take_in_folders(connection, tenant_id)
            return await self._get(connection, tenant_id, wanted)

    async def create(self, who: Principal, tenant_id: str, slug: str, config: Mapping[str, Any]) -> Shown:
        """A scenario of the business's own; its documents are added afterwards. Raises `Conflict` for a taken name."""
        check_slug(slug)
        scenario = parse_scenario({**config, "documents": []})
        return await self._add(who, tenant_id, slug, scenario, {**config, "documents": []}, ())

    async def put(self, who: Principal, tenant_id: str, wanted: str, config: Mapping[str, Any]) -> Shown:
        """Replace what is played; sessions that run keep theirs. Documents stay as they are."""
        async with self._db.begin(tenant_id) as connection:
            before = await self._get(connection, tenant_id, wanted, lock=True)
            documents = [{"file": paper.filename, "title": paper.title} for paper in before.papers]
            full = {**config, "documents": documents}
            await self._change(connection, who, before.filed, full)
            return await self._get(connection, tenant_id, wanted)

    async def remove(self, who: Principal, tenant_id: str, wanted: str) -> None:
        """Take a scenario out of use. Its sessions stay."""
        async with self._db.begin(tenant_id) as connection:
            found = await self._get(connection, tenant_id, wanted, lock=True)
            await store.change_scenario(connection, tenant_id, found.filed.id, {"is_active": False})
            await record_audit(connection, who, tenant_id, "scenario.removed", found.filed.id)

    async def add_document(
        self, who: Principal, tenant_id: str, wanted: str, filename: str, title: str, content: bytes
    ) -> Shown:
        """Put a document into a scenario, in place of one of the same name."""
        sheet = read_sheet(filename, title or filename, content)
        async with self._db.begin(tenant_id) as connection:
            before = await self._get(connection, tenant_id, wanted, lock=True)
            kept = await store.contents(connection, tenant_id, before.filed.id)
            sheets = [Sheet(paper.filename, paper.title, paper.type, body) for paper, body in kept]
            sheets = [one for one in sheets if one.filename != sheet.filename] + [sheet]
            if len(sheets) > _MOST_DOCUMENTS:
                raise InvalidInput(f"file: a scenario has at most {_MOST_DOCUMENTS} documents.")
            await self._replace(connection, who, before.filed, sheets)
            return await self._get(connection, tenant_id, wanted)

    async def remove_document(self, who: Principal, tenant_id: str, wanted: str, filename: str) -> None:
        """Take a document out of a scenario."""
        async with self._db.begin(tenant_id) as connection:
            before = await self._get(connection, tenant_id, wanted, lock=True)
            kept = await store.contents(connection, tenant_id, before.filed.id)
            sheets = [
                Sheet(paper.filename, paper.title, paper.type, body)
                for paper, body in kept
                if paper.filename != filename
            ]
            if len(sheets) == len(kept):
                raise NotFound("document")
            await self._replace(connection, who, before.filed, sheets)

    async def document(self, tenant_id: str, wanted: str, filename: str) -> tuple[Paper, bytes]:
        """A document and its content. Raises `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            await self._take_in_folders(connection, tenant_id)
            scenario = await store.get_scenario(connection, tenant_id, wanted)
            found = None if scenario is None else await store.get_paper(connection, tenant_id, scenario.id, filename)
        if found is None:
            raise NotFound("document")
        return found

    async def search(self, tenant_id: str, wanted: str, query: str, most: int) -> list[tuple[float, Passage]]:
        """The passages of a scenario's documents that are about something."""
        shown = await self.get(tenant_id, wanted)
        async with self._db.begin(tenant_id) as connection:
            found = await self.passages(connection, tenant_id, shown.filed.id)
        return ranked(query, found, shown.filed.language, most)

    async def passages(self, connection: AsyncConnection, tenant_id: str, scenario_id: str) -> list[Passage]:
        """Every paragraph of the documents that are text."""
        papers = await store.contents(connection, tenant_id, scenario_id, READABLE)
        return [
            passage
            for paper, content in papers
            for passage in passages_of(paper.filename, paper.title, content.decode("utf-8", "replace"))
        ]

    async def version(self, connection: AsyncConnection, tenant_id: str, scenario_id: str, number: int) -> Scenario:
        """What a session of this version plays. A version never changes, so it is read once."""
        key = (tenant_id, scenario_id, number)
        if key not in self._versions:
            config = await store.get_version(connection, tenant_id, scenario_id, number)
            if config is None:
                raise NotFound("scenario")
            self._versions[key] = parse_scenario(config)
            if len(self._versions) > _MOST_VERSIONS:
                self._versions.popitem(last=False)
        else:
            self._versions.move_to_end(key)
        return self._versions[key]

    async def export(self, tenant_id: str, wanted: str) -> tuple[str, bytes]:
        """The folder's name and a zip of it."""
        shown = await self.get(tenant_id, wanted)
        async with self._db.begin(tenant_id) as connection:
            papers = await store.contents(connection, tenant_id, shown.filed.id)
        files = {paper.filename: content for paper, content in papers}
        return shown.filed.slug, pack(shown.filed.slug, shown.filed.config, files)

    async def take_in(self, who: Principal, tenant_id: str, data: bytes) -> Shown:
        """A scenario from a zip, in place of the one of the same name."""
        folder = unpack(data)
        async with self._db.begin(tenant_id) as connection:
            before = await store.get_scenario(connection, tenant_id, folder.slug, lock=True)
            if before is not None:
                await self._change(connection, who, before, folder.config)
                await self._papers(connection, tenant_id, before.id, folder.sheets)
                return await self._get(connection, tenant_id, before.id)
        return await self._add(who, tenant_id, folder.slug, folder.scenario, folder.config, folder.sheets)

    # Steps

    async def _get(self, connection: AsyncConnection, tenant_id: str, wanted: str, *, lock: bool = False) -> Shown:
        filed = await store.get_scenario(connection, tenant_id, wanted, lock=lock)
        if filed is None:
            raise NotFound("scenario")
        return Shown(filed, await store.list_papers(connection, tenant_id, [filed.id]))

    async def _add(
        self,
        who: Principal,
        tenant_id: str,
        slug: str,
        scenario: Scenario,
        config: Mapping[str, Any],
        sheets: Sequence[Sheet],
    ) -> Shown:
        async with self._db.begin(tenant_id) as connection:
            if slug in await store.folder_hashes(connection, tenant_id):
                raise Conflict(f"id: there is a scenario named {slug} already.", code="scenario.exists")
            filed = await store.add_scenario(connection, _row(tenant_id, slug, scenario, config))
            await self._papers(connection, tenant_id, filed.id, sheets)
            await record_audit(connection, who, tenant_id, "scenario.created", filed.id)
            return await self._get(connection, tenant_id, filed.id)

    async def _change(
        self, connection: AsyncConnection, who: Principal, before: Filed, config: Mapping[str, Any]
    ) -> None:
        scenario = parse_scenario(config)
        values = {
            "config": dict(config),
            "title": scenario.title,
            "language": scenario.language,
            "folder_hash": None,  # the business's own from now on
        }
        await store.change_scenario(connection, before.tenant_id, before.id, values)
        await record_audit(connection, who, before.tenant_id, "scenario.changed", before.id)

    async def _replace(
        self, connection: AsyncConnection, who: Principal, before: Filed, sheets: Sequence[Sheet]
    ) -> None:
        documents = [{"file": sheet.filename, "title": sheet.title} for sheet in sheets]
        files = {sheet.filename: sheet.content for sheet in sheets}
        folder = folder_of(before.slug, {**before.config, "documents": documents}, files)
        await self._change(connection, who, before, folder.config)
        await self._papers(connection, before.tenant_id, before.id, sheets)

    @staticmethod
    async def _papers(connection: AsyncConnection, tenant_id: str, scenario_id: str, sheets: Sequence[Sheet]) -> None:
        await store.replace_papers(connection, tenant_id, scenario_id, [_paper(sheet) for sheet in sheets])

    async def _take_in_folders(self, connection: AsyncConnection, tenant_id: str) -> None:
        """Bring a business's copies of the shelf's folders up to date. One it has changed or removed is its own."""
        folders = self._shelf.folders()
        known = await store.folder_hashes(connection, tenant_id)
        if all(_is_current(folder, known) for folder in folders):
            return
        await store.lock_library(connection, tenant_id)
        known = await store.folder_hashes(connection, tenant_id)
        for folder in folders:
            if not _is_current(folder, known):
                await self._take_in_folder(connection, tenant_id, folder, known)

    async def _take_in_folder(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        folder: Folder,
        known: Mapping[str, tuple[str, str | None, bool]],
    ) -> None:
        scenario_id, _, _ = known.get(folder.slug, ("", None, True))
        origin = {"file_path": folder.path, "folder_hash": folder.hash}
        if scenario_id:
            fresh = {
                "config": dict(folder.config),
                "title": folder.scenario.title,
                "language": folder.scenario.language,
            }
            await store.change_scenario(connection, tenant_id, scenario_id, {**fresh, **origin})
        else:
            row = _row(tenant_id, folder.slug, folder.scenario, folder.config)
            scenario_id = (await store.add_scenario(connection, {**row, **origin})).id
        await self._papers(connection, tenant_id, scenario_id, folder.sheets)


def _is_current(folder: Folder, known: Mapping[str, tuple[str, str | None, bool]]) -> bool:
    """Whether nothing is to be done: the same folder, or one the business has made its own or taken out of use."""
    if folder.slug not in known:
        return False
    _, digest, active = known[folder.slug]
    return digest is None or not active or digest == folder.hash


def _row(tenant_id: str, slug: str, scenario: Scenario, config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "tenant_id": tenant_id,
        "slug": slug,
        "title": scenario.title,
        "language": scenario.language,
        "config": dict(config),
    }


def _paper(sheet: Sheet) -> dict[str, Any]:
    return {
        "id": new_id(),
        "filename": sheet.filename,
        "title": sheet.title,
        "type": sheet.type,
        "size": len(sheet.content),
        "digest": sha256(sheet.content).hexdigest(),
        "content": sheet.content,
    }
