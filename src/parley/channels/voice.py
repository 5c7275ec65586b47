"""Live voice: `WS /voice/stream`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from parley.agents import Agent, Agents
from parley.channels.admission import Admission
from parley.channels.browser import BrowserLine, Format, parse_event, read_format
from parley.channels.live import Rooms, hold_call
from parley.channels.spoken import Caller
from parley.conversations import Transcripts
from parley.kit.errors import Conflict, NotAuthenticated, TooMany, VoiceAgentException
from parley.tenants import Access, Businesses, Login, Principal
from parley.voice import Error

router = APIRouter()

_START_SECONDS = 15
_CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404, 409: 4409, 429: 4429}
_HEARD = Format(None, 16_000)
_SPOKEN = Format("wav", 16_000)


@dataclass(frozen=True, slots=True)
class _Call:
    """What was agreed before the line opens."""

    agent: Agent
    business: str
    conversation_id: str | None
    heard: Format
    spoken: Format
    binary: bool
    first: Mapping[str, Any] | None


@router.websocket("/voice/stream")
async def voice_stream(socket: WebSocket) -> None:
    """Speak to an agent. The first message may be `start`; a client that sends sound at once is heard with defaults."""
    await socket.accept()
    try:
        async with asyncio.timeout(_START_SECONDS):
            call = await _agree(socket)
    except TimeoutError:
        await _refuse(socket, NotAuthenticated("Nothing was sent.", code="voice.nothing_sent"))
        return
    except VoiceAgentException as error:
        await _refuse(socket, error)
        return
    except (WebSocketDisconnect, RuntimeError):
        return
    admission: Admission = socket.state.speech.admission
    try:
        with admission.admitted():
            await _talk(socket, call)
    except TooMany as error:
        await _refuse(socket, error)


async def _agree(socket: WebSocket) -> _Call:
    """Who calls whom, and how it sounds."""
    ticketed = await _caller(socket, {}) if socket.query_params.get("ticket") else None  # a bad one is refused at once
    first = await _first_event(socket)
    start = first if first is not None and first.get("event") == "start" else {}
    who = ticketed or await _caller(socket, start)
    who.require("chat")
    agent, business = await _agent(socket, who, start)
    conversation_id = start.get("conversation_id")
    if conversation_id is not None:
        transcripts: Transcripts = socket.state.transcripts
        conversation_id = str(conversation_id)
        known = await transcripts.get(agent.tenant_id, conversation_id)  # refused here, while there is a caller to tell
        if known.conversation.status == "ended":
            raise Conflict("conversation_id names a conversation that has ended.", code="conversation.ended")
    return _Call(
        agent=agent,
        business=business,
        conversation_id=conversation_id,
        heard=read_format(start.get("input"), _HEARD, "input"),
        spoken=read_format(start.get("output"), _SPOKEN, "output"),
        binary=bool(start.get("binary", False)),
        first=None if start else first,
    )


async def _first_event(socket: WebSocket) -> Mapping[str, Any] | None:
    """The first message; None for binary sound, which needs no start."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    if message.get("bytes") is not None:
        return {"event": "audio_chunk", "data": None, "bytes": message["bytes"]}
    return parse_event(message.get("text") or "")


async def _caller(socket: WebSocket, start: Mapping[str, Any]) -> Principal:
    access: Access = socket.state.access
    login: Login = socket.state.login
    if ticket := socket.query_params.get("ticket"):
        return await login.by_ticket(ticket)
    token = start.get("token")
    if isinstance(token, str) and token:
        return await (login.by_api_key(token) if token.startswith("pk_") else login.by_access_token(token))
    return await access.judge(socket)


async def _agent(socket: WebSocket, who: Principal, start: Mapping[str, Any]) -> tuple[Agent, str]:
    """The named agent, else the tenant's oldest active one."""
    access: Access = socket.state.access
    agents: Agents = socket.state.agents
    businesses: Businesses = socket.state.businesses
    agent_id = start.get("agent_id") or socket.query_params.get("agent_id")
    named = start.get("tenant_id") or socket.query_params.get("tenant_id")
    if agent_id and not named:
        tenant_id = await access.owner_of(who, "agents", str(agent_id))
    else:
        tenant_id = await access.tenant_for(who, named)
    agent = await (agents.get(tenant_id, str(agent_id)) if agent_id else agents.first_active(tenant_id))
    return agent, (await businesses.get(tenant_id)).name


async def _refuse(socket: WebSocket, error: VoiceAgentException) -> None:
    body = {"event": "error", "code": error.code, "detail": error.detail}
    try:
        await socket.send_text(orjson.dumps(body).decode())
        await socket.close(_CLOSE_CODES.get(error.status, 4400))
    except (WebSocketDisconnect, RuntimeError):
        return


async def _talk(socket: WebSocket, call: _Call) -> None:
    """Run one session; its three tasks end together."""
    rooms: Rooms = cast("Rooms", socket.state)
    line = BrowserLine(socket, call.heard, call.spoken, binary=call.binary)
    if call.first is not None:
        await _replay(line, call.first)
    greets = call.first is None and call.conversation_id is None
    listening = asyncio.create_task(line.listen())
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(line.send())
            caller, known = Caller(begun=line.begun), call.conversation_id
            await hold_call(rooms, call.agent, call.business, line, caller=caller, conversation_id=known, greets=greets)
            line.close()
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _replay(line: BrowserLine, first: Mapping[str, Any]) -> None:
    """The message that told us to begin is sound already."""
    try:
        if isinstance(sound := first.get("bytes"), bytes):  # JSON holds no bytes: a client cannot write this field
            await line.take_sound(sound)
        else:
            await line.take_event(first)
    except VoiceAgentException as error:
        line.tell(Error(error.code, error.detail))
