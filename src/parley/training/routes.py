"""Scenarios and their documents over HTTP."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Header, Query, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parley.kit.errors import InvalidInput, TooLarge, VoiceAgentException
from parley.kit.web import ERRORS, Body, ErrorBody, Pages, list_model
from parley.tenants import AccessHere, MayTrain, MayWrite, TenantFilter
from parley.training.folders import MOST_DOCUMENT, MOST_FOLDER
from parley.training.library import Scenarios, Shown
from parley.training.store import Paper

router = APIRouter(tags=["training"], responses=ERRORS)


async def scenarios_of(request: Request) -> Scenarios:
    """The app's one `Scenarios`."""
    scenarios: Scenarios = request.state.scenarios
    return scenarios


ScenariosHere = Annotated[Scenarios, Depends(scenarios_of)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class OutOfRange(VoiceAgentException):
    """416: a document is shorter than the part of it that was asked for."""

    code, status = "input.out_of_range", 416

    def __init__(self, size: int) -> None:
        super().__init__(f"range: the document has {size:,} bytes.")


class DocumentOut(BaseModel):
    """Read it at `/api/documents/{scenario_id}/{filename}`. `size` in bytes."""

    filename: str
    title: str
    type: str
    size: int


class ScenarioOut(BaseModel):
    """`config` is what is played: persona, rubric, time limit, …; `name` can stand for the id in paths."""

    id: str
    tenant_id: str
    name: str
    title: str
    language: str
    version: int
    config: dict[str, Any]
    documents: list[DocumentOut]
    updated_at: datetime


_EXAMPLE: dict[str, Any] = {
    "title": "A late delivery",
    "language": "en",
    "persona": {
        "key": "customer",
        "title": "Customer without a parcel",
        "mood": 0.4,
        "scripts": {
            "en": {
                "situation": "You wait for a parcel that is three days late.",
                "opening": "Hello, where is my parcel?",
                "facts": {"order": {"say": "It is order 4711.", "cues": ["order|tracking number"]}},
            }
        },
    },
    "rubric": {"items": [{"id": "sorry", "title": "Apologises", "points": 10, "cues": ["sorry|apologi*"]}]},
}


class ScenarioChange(Body):
    """`title` and `language` are the config's own where they are given beside it."""

    config: dict[str, Any] = Field(description="As in scenario.yaml: title, language, persona, rubric, …")
    title: str | None = None
    language: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"config": _EXAMPLE}]})

    def whole(self) -> dict[str, Any]:
        """The config with what is given beside it."""
        beside = {"title": self.title, "language": self.language}
        return {**self.config, **{name: value for name, value in beside.items() if value is not None}}


class ScenarioIn(ScenarioChange):
    """`name`: lower-case letters, digits, - and _; left out, it is made of the title. Documents are uploaded later."""

    name: Slug | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "late_delivery", "config": _EXAMPLE}]})


class Found(BaseModel):
    """`score` is the share 0..1 of the question that the passage holds."""

    filename: str
    title: str
    content: str
    score: float


class FoundList(BaseModel):
    results: list[Found]


@router.get("/api/scenarios", response_model=list_model("scenarios", ScenarioOut))
async def list_scenarios(
    who: MayTrain, scenarios: ScenariosHere, access: AccessHere, paging: Pages, tenant_id: TenantFilter = None
) -> Any:
    """What can be practised."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"scenarios": [], "next_cursor": None}
    found = await scenarios.page(tenant, paging.limit, paging.cursor)
    more = found[paging.limit - 1].filed.id if len(found) > paging.limit else None
    return {"scenarios": [shown(one) for one in found[: paging.limit]], "next_cursor": more}


@router.post("/api/scenarios", response_model=ScenarioOut, status_code=201)
async def create_scenario(body: ScenarioIn, who: MayWrite, scenarios: ScenariosHere, access: AccessHere) -> Any:
    """Make a scenario of your own."""
    tenant = await access.tenant_for(who, body.tenant_id)
    config = body.whole()
    return shown(await scenarios.create(who, tenant, body.name or _named(config.get("title")), config))


@router.post("/api/scenarios/import", response_model=ScenarioOut, status_code=201)
async def import_scenario(
    who: MayWrite,
    scenarios: ScenariosHere,
    access: AccessHere,
    file: Annotated[UploadFile, File(description="A zip with one folder: scenario.yaml and documents/.")],
    tenant_id: Annotated[str | None, Form()] = None,
) -> Any:
    """Take in a scenario as a zip, in place of the one of the same name."""
    tenant = await access.tenant_for(who, tenant_id)
    return shown(await scenarios.take_in(who, tenant, await _read(file, MOST_FOLDER)))


@router.get("/api/scenarios/{scenario_id}", response_model=ScenarioOut)
async def get_scenario(scenario_id: str, who: MayTrain, scenarios: ScenariosHere, access: AccessHere) -> Any:
    """By id or name."""
    return shown(await scenarios.get(await _tenant(access, who, scenario_id), scenario_id))


@router.put("/api/scenarios/{scenario_id}", response_model=ScenarioOut)
async def put_scenario(
    scenario_id: str, body: ScenarioChange, who: MayWrite, scenarios: ScenariosHere, access: AccessHere
) -> Any:
    """Replace what is played, as a new version. Sessions that run keep the version they began with."""
    return shown(await scenarios.put(who, await _tenant(access, who, scenario_id), scenario_id, body.whole()))


@router.post("/api/scenarios/{scenario_id}", response_model=ScenarioOut, status_code=201)
async def create_named_scenario(
    scenario_id: str, body: ScenarioChange, who: MayWrite, scenarios: ScenariosHere, access: AccessHere
) -> Any:
    """Make a scenario under the name in the path; under an id, replace what is played."""
    if len(scenario_id) == _ID_LENGTH:
        return shown(await scenarios.put(who, await _tenant(access, who, scenario_id), scenario_id, body.whole()))
    return shown(await scenarios.create(who, await access.tenant_for(who, None), scenario_id, body.whole()))


@router.delete("/api/scenarios/{scenario_id}", status_code=204, response_class=Response)
async def delete_scenario(scenario_id: str, who: MayWrite, scenarios: ScenariosHere, access: AccessHere) -> None:
    """Take a scenario out of use; its sessions stay."""
    await scenarios.remove(who, await _tenant(access, who, scenario_id), scenario_id)


@router.get(
    "/api/scenarios/{scenario_id}/export",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
async def export_scenario(scenario_id: str, who: MayWrite, scenarios: ScenariosHere, access: AccessHere) -> Response:
    """The scenario as a zip, to be imported elsewhere."""
    slug, data = await scenarios.export(await _tenant(access, who, scenario_id), scenario_id)
    return Response(
        data, media_type="application/zip", headers={"content-disposition": f'attachment; filename="{slug}.zip"'}
    )


@router.post("/api/scenarios/{scenario_id}/documents", response_model=ScenarioOut, status_code=201)
async def add_document(
    scenario_id: str,
    who: MayWrite,
    scenarios: ScenariosHere,
    access: AccessHere,
    file: Annotated[UploadFile, File(description="Markdown, text, CSV, JSON, PDF, PNG or JPEG, at most 5 MB.")],
    title: Annotated[str, Form(max_length=200)] = "",
) -> Any:
    """Put a document into a scenario, in place of one of the same name."""
    content = await _read(file, MOST_DOCUMENT)
    tenant = await _tenant(access, who, scenario_id)
    return shown(await scenarios.add_document(who, tenant, scenario_id, file.filename or "", title, content))


@router.delete("/api/scenarios/{scenario_id}/documents/{filename}", status_code=204, response_class=Response)
async def delete_document(
    scenario_id: str, filename: str, who: MayWrite, scenarios: ScenariosHere, access: AccessHere
) -> None:
    await scenarios.remove_document(who, await _tenant(access, who, scenario_id), scenario_id, filename)


@router.get("/api/scenarios/{scenario_id}/search", response_model=FoundList)
async def search_documents(
    scenario_id: str,
    who: MayTrain,
    scenarios: ScenariosHere,
    access: AccessHere,
    query: Annotated[str, Query(min_length=1, max_length=500)],
    top_k: Annotated[int, Query(ge=1, le=20)] = 3,
) -> Any:
    """The passages of a scenario's documents that are about something."""
    found = await scenarios.search(await _tenant(access, who, scenario_id), scenario_id, query, top_k)
    return {
        "results": [
            {"filename": one.filename, "title": one.title, "content": one.text, "score": share} for share, one in found
        ]
    }


@router.get(
    "/api/documents/{scenario_id}/{filename}",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}, "*/*": {}}},
        206: {"description": "The part that was asked for."},
        304: {"description": "Known already."},
        416: {"model": ErrorBody, "description": "The document is shorter."},
    },
)
async def get_document(
    scenario_id: str,
    filename: str,
    who: MayTrain,
    scenarios: ScenariosHere,
    access: AccessHere,
    if_none_match: Annotated[str | None, Header()] = None,
    range: Annotated[str | None, Header()] = None,  # noqa: A002 - the header's name
) -> Response:
    """A document of a scenario. ETag and one byte range (RFC 9110, section 14) are understood."""
    paper, content = await scenarios.document(await _tenant(access, who, scenario_id), scenario_id, filename)
    return _served(paper, content, if_none_match, range)


def _named(title: object) -> str:
    letters = unicodedata.normalize("NFKD", str(title or "")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:80] or "scenario"


def shown(one: Shown) -> dict[str, Any]:
    """A scenario as the API shows it."""
    filed = one.filed
    documents = [
        {"filename": paper.filename, "title": paper.title, "type": paper.type, "size": paper.size}
        for paper in one.papers
    ]
    return {
        "id": filed.id,
        "tenant_id": filed.tenant_id,
        "name": filed.slug,
        "title": filed.title,
        "language": filed.language,
        "version": filed.version,
        "config": dict(filed.config),
        "documents": documents,
        "updated_at": filed.updated_at,
    }


async def _tenant(access: AccessHere, who: MayTrain, scenario_id: str) -> str:
    """The scenario's tenant for the administrator, who may also name one of the first tenant's by its name."""
    if not who.is_platform or len(scenario_id) != _ID_LENGTH:
        return await access.tenant_for(who, None)
    return await access.owner_of(who, "scenarios", scenario_id)


_ID_LENGTH = 36


async def _read(file: UploadFile, most: int) -> bytes:
    content = await file.read(most + 1)
    if len(content) > most:
        raise TooLarge(f"file must be at most {most // 1_000_000} MB.")
    if not content:
        raise InvalidInput("file must not be empty.")
    return content


def _served(paper: Paper, content: bytes, if_none_match: str | None, wanted: str | None) -> Response:
    text = paper.type.startswith("text/") or paper.type == "application/json"
    headers = {
        "etag": f'"{paper.digest[:32]}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": f'inline; filename="{paper.filename}"',
        "content-type": f"{paper.type}; charset=utf-8" if text else paper.type,
    }
    if if_none_match is not None and headers["etag"] in (
        tag.strip().removeprefix("W/") for tag in if_none_match.split(",")
    ):
        return Response(status_code=304, headers=headers)
    span = _span(wanted, len(content))
    if span is None:
        return Response(content, headers=headers)
    begin, end = span
    if begin >= end:
        raise OutOfRange(len(content))
    headers |= {"content-range": f"bytes {begin}-{end - 1}/{len(content)}"}
    return Response(content[begin:end], status_code=206, headers=headers)


def _span(wanted: str | None, size: int) -> tuple[int, int] | None:
    """The bytes [begin, end) of a Range header; None for the whole, also where the header makes no sense (RFC 9110)."""
    unit, _, text = (wanted or "").partition("=")
    first, dash, last = text.strip().partition("-")
    if unit.strip() != "bytes" or not dash or "," in text or not (first + last).isdigit():
        return None
    if not first:
        return (max(0, size - int(last)), size) if int(last) else (size, size)
    end = min(size, int(last) + 1) if last else size
    return None if last and int(last) < int(first) else (int(first), end)
