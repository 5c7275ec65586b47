"""The log of every conversation over HTTP: listed, posted, imported and exported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from parley.conversations.log_entry import EXAMPLE, Channel, LogIn
from parley.conversations.log_files import as_ndjson, as_parquet
from parley.conversations.posted import PostedLogs
from parley.conversations.routes import ConversationEnvelope, ConversationOut, TranscriptsHere, shown
from parley.conversations.transcript import Transcripts
from parley.kit.errors import InvalidInput, VoiceAgentException
from parley.kit.web import ERRORS, WRITTEN_OUT, Pages, list_model
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(prefix="/api/conversations", tags=["conversations"], responses=ERRORS)

_NDJSON, _PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
_EXPORT_PAGE = 200


async def _posted(request: Request) -> PostedLogs:
    posted: PostedLogs = request.state.posted
    return posted


PostedHere = Annotated[PostedLogs, Depends(_posted)]


When = Annotated[datetime | None, WRITTEN_OUT]


async def _filters(
    experiment_id: str | None = None,
    experiment_revision: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    agent_config: str | None = None,
    agent_name: str | None = None,
    agent_id: str | None = None,
    channel: Channel | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    status: Literal["open", "ended"] | None = None,
    language: str | None = None,
    task_completed: bool | None = None,
    escalated: bool | None = None,
    user_satisfaction: Annotated[int | None, Query(ge=1, le=5)] = None,
    begun: Annotated[When, Query(alias="from", description="Begun at this moment or later.")] = None,
    before: Annotated[When, Query(alias="to", description="Begun before this moment.")] = None,
) -> dict[str, Any]:
    """Which conversations, by column; what is left out does not filter. `from` and `to` bound the beginning."""
    filters = {
        "experiment_id": experiment_id,
        "experiment_revision": experiment_revision,
        "agent_config": agent_config,
        "agent_name": agent_name,
        "agent_id": agent_id,
        "channel": channel,
        "session_id": session_id,
        "user_id": user_id,
        "status": status,
        "language": language,
        "task_completed": task_completed,
        "escalated": escalated,
        "user_satisfaction": user_satisfaction,
        "from": _moment(begun, "from"),
        "to": _moment(before, "to"),
    }
    return {name: value for name, value in filters.items() if value is not None}


def _moment(value: datetime | None, name: str) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise InvalidInput(f"{name} must have an offset, such as 2027-01-01T00:00:00Z.")
    return value


FiltersHere = Annotated[dict[str, Any], Depends(_filters)]


@router.get("", response_model=list_model("conversations", ConversationOut))
async def list_conversations(
    who: MayRead,
    transcripts: TranscriptsHere,
    access: AccessHere,
    paging: Pages,
    filters: FiltersHere,
    tenant_id: TenantFilter = None,
) -> Any:
    """Every conversation of every channel, newest first."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"conversations": [], "next_cursor": None}
    found = await transcripts.page(tenant, paging.limit, paging.cursor, filters)
    more = len(found) > paging.limit
    cursor = found[paging.limit - 1].conversation.id if more else None
    return {"conversations": [shown(one) for one in found[: paging.limit]], "next_cursor": cursor}


@router.post("", status_code=201, response_model=ConversationEnvelope)
async def post_conversation(
    body: LogIn, who: MayWrite, posted: PostedHere, transcripts: TranscriptsHere, access: AccessHere
) -> Any:
    """Put a conversation that was held elsewhere on record. It counts for the prompt that `experiment_id` names; its
    personal data is masked where its agent masks."""
    tenant = await access.tenant_for(who, body.tenant_id)
    return {"conversation": shown(await transcripts.get(tenant, await posted.post(tenant, body)))}


class _Telling(StreamingResponse):
    """Answers while the request is still being read: the request's messages are nobody else's."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


@router.post(
    "/import",
    response_class=StreamingResponse,
    responses={200: {"content": {_NDJSON: {}}}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {_NDJSON: {"schema": {}, "example": orjson.dumps(EXAMPLE).decode()}},
        }
    },
)
async def import_conversations(
    request: Request, who: MayWrite, posted: PostedHere, access: AccessHere, tenant_id: TenantFilter = None
) -> StreamingResponse:
    """Many logs at once: one JSON object per line, as `POST /api/conversations` takes it. The answer is one line of
    progress per batch ({lines, imported, failed, bytes, errors, done}); a line that is wrong is told and skipped, all
    others stay."""
    tenant = await access.tenant_for(who, tenant_id)
    return _Telling(_progress(posted, tenant, request.stream()), media_type=_NDJSON)


async def _progress(posted: PostedLogs, tenant_id: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for progress in posted.take_in(tenant_id, chunks):
            yield orjson.dumps(asdict(progress)) + b"\n"
    except VoiceAgentException as error:
        yield orjson.dumps({**error.body(), "done": False}) + b"\n"


@router.get("/export.ndjson", response_class=StreamingResponse, responses={200: {"content": {_NDJSON: {}}}})
async def export_ndjson(
    who: MayRead,
    transcripts: TranscriptsHere,
    access: AccessHere,
    filters: FiltersHere,
    tenant_id: TenantFilter = None,
) -> StreamingResponse:
    """The log as NDJSON, newest first; it can be imported again."""
    tenant = await access.tenant_for(who, tenant_id)
    return await _file(as_ndjson(_pages(transcripts, tenant, filters)), _NDJSON, "conversations.ndjson")


@router.get("/export.parquet", response_class=StreamingResponse, responses={200: {"content": {_PARQUET: {}}}})
async def export_parquet(
    who: MayRead,
    transcripts: TranscriptsHere,
    access: AccessHere,
    filters: FiltersHere,
    tenant_id: TenantFilter = None,
) -> StreamingResponse:
    """The log as Parquet, newest first: for pandas, DuckDB, Spark."""
    tenant = await access.tenant_for(who, tenant_id)
    return await _file(as_parquet(_pages(transcripts, tenant, filters)), _PARQUET, "conversations.parquet")


async def _file(content: AsyncIterator[bytes], media_type: str, name: str) -> StreamingResponse:
    """The file, begun before the answer is: what cannot be looked up is refused with a status."""
    first = await anext(content, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for part in content:
            yield part

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(whole(), media_type=media_type, headers=headers)


async def _pages(
    transcripts: Transcripts, tenant_id: str, filters: dict[str, Any]
) -> AsyncIterator[list[dict[str, Any]]]:
    cursor: str | None = None
    while True:
        found = await transcripts.page(tenant_id, _EXPORT_PAGE, cursor, filters)
        if page := found[:_EXPORT_PAGE]:
            yield [shown(one) for one in page]
            cursor = page[-1].conversation.id
        if len(found) <= _EXPORT_PAGE:
            return
