"""Listening to recordings over HTTP."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from parley.kit.web import ERRORS, Read
from parley.recordings.keep import Recordings
from parley.tenants import AccessHere, MayManage, MayRead

router = APIRouter(prefix="/conversations/{conversation_id}", tags=["recordings"], responses=ERRORS)

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def _recordings(request: Request) -> Recordings:
    recordings: Recordings = request.state.recordings
    return recordings


RecordingsHere = Annotated[Recordings, Depends(_recordings)]


class StretchOut(BaseModel):
    """Who spoke, from when to when. `message_id`: the caller's line, or the one that the agent answers."""

    role: Literal["user", "agent"]
    start_ms: int
    end_ms: int
    message_id: str | None
    complete: bool


class RecordingOut(Read):
    """`started_at` is the moment of the first sample."""

    id: str
    started_at: datetime
    duration_ms: int
    size: int
    timeline: list[StretchOut]


class RecordingList(BaseModel):
    recordings: list[RecordingOut]
    next_cursor: None = None


@router.get("/recordings", response_model=RecordingList)
async def list_recordings(conversation_id: str, who: MayRead, recordings: RecordingsHere, access: AccessHere) -> Any:
    """A conversation's recordings, one per connection, and who spoke when on them."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    return {"recordings": await recordings.of(tenant, conversation_id)}


@router.get("/recording", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
async def get_recording(
    conversation_id: str,
    request: Request,
    who: MayRead,
    recordings: RecordingsHere,
    access: AccessHere,
    part: Annotated[int, Query(ge=1, le=1000, description="Which of the conversation's recordings, from 1.")] = 1,
) -> Response:
    """The sound of a conversation: a stereo WAV, 16-bit PCM at 16 kHz, the caller left and the agent right.

    `Range` is answered with 206, one that lies behind the end with 416.
    """
    tenant = await access.owner_of(who, "conversations", conversation_id)
    wanted = request.headers.get("range")
    start = _RANGE.fullmatch(wanted or "")
    from_start = start is None or start[1].strip("0") == ""
    recording, playback = await recordings.open(who, tenant, conversation_id, part, from_start=from_start)
    etag = f'"{recording.id}"'
    if request.headers.get("if-range", etag) != etag:
        wanted = None
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "private, no-store"}
    span = _span(wanted, recording.size)
    if span is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{recording.size}"})
    first, last = span
    whole = (first, last) == (0, recording.size - 1)
    headers |= {"Content-Length": str(last - first + 1)}
    if not (whole and wanted is None):
        headers["Content-Range"] = f"bytes {first}-{last}/{recording.size}"
    code = 200 if wanted is None else 206
    return StreamingResponse(playback.part(first, last), code, headers, media_type="audio/wav")


@router.delete("/recording", status_code=204)
async def delete_recording(
    conversation_id: str, who: MayManage, recordings: RecordingsHere, access: AccessHere
) -> None:
    """Delete a conversation's recordings; its transcript stays."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    await recordings.delete(who, tenant, conversation_id)


def _span(wanted: str | None, size: int) -> tuple[int, int] | None:
    """The first and the last byte that are asked for; None where there are no such. RFC 9110, section 14.1.2."""
    if wanted is None:
        return 0, size - 1
    found = _RANGE.fullmatch(wanted)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = int(found[2])
        return (max(0, size - length), size - 1) if length else None
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return (first, last) if first <= last else None
