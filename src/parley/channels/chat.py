"""Typed conversations: one JSON answer, or the same as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from parley.channels import wire
from parley.conversations import Ask, Done, Responder
from parley.kit.web import ERRORS, Body, event_stream
from parley.tenants import Access, AccessHere, MayChat, Principal

router = APIRouter(prefix="/chat", tags=["chat"], responses=ERRORS)

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


async def _responder(request: Request) -> Responder:
    responder: Responder = request.state.responder
    return responder


ResponderHere = Annotated[Responder, Depends(_responder)]


class ChatIn(Body):
    message: Annotated[str, StringConstraints(max_length=10_000)]
    tenant_id: str | None = None
    agent_id: str | None = None
    conversation_id: str | None = None
    session_id: Label | None = None
    user_id: Label | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "tenant_id": "01990000-0000-7000-8000-000000000001",
                    "agent_id": "01990000-0000-7000-8000-000000000002",
                    "message": "I want to book a table for 4 people",
                }
            ]
        }
    )


class SourceOut(BaseModel):
    document_id: str
    title: str
    source: str
    score: float


class ActionOut(BaseModel):
    name: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    ok: bool


class ChatOut(BaseModel):
    """`cached`: where the answer came from a cache. `held`: a person has taken over, the agent is silent.

    `timings` in milliseconds.
    """

    conversation_id: str
    reply: str
    message_id: str
    intent: str
    language: str
    slots: dict[str, Any]
    sources: list[SourceOut]
    cached: Literal["exact", "semantic"] | Literal[False]
    escalate: bool
    emergency: bool
    actions: list[ActionOut]
    held: bool
    model: str
    timings: dict[str, float]


async def _ask(body: ChatIn, who: Principal, access: Access) -> Ask:
    """Where the line belongs. Without a tenant, the agent or the conversation says whose it is."""
    tenant = body.tenant_id
    if tenant is None and who.is_platform:
        if body.conversation_id is not None:
            tenant = await access.owner_of(who, "conversations", body.conversation_id)
        elif body.agent_id is not None:
            tenant = await access.owner_of(who, "agents", body.agent_id)
    return Ask(
        tenant_id=await access.tenant_for(who, tenant),
        message=body.message,
        agent_id=body.agent_id,
        conversation_id=body.conversation_id,
        session_id=body.session_id,
        user_id=body.user_id,
    )


@router.post("/message", response_model=ChatOut)
async def message(body: ChatIn, who: MayChat, access: AccessHere, responder: ResponderHere) -> Any:
    """Say one line to an agent and get its answer. A left-out `conversation_id` begins a conversation."""
    done: Done | None = None
    async with aclosing(responder.respond(await _ask(body, who, access))) as events:
        async for event in events:
            if isinstance(event, Done):
                done = event
    assert done is not None  # noqa: S101 - a turn ends with Done or raises
    return wire.reply(done)


@router.post("/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(body: ChatIn, who: MayChat, access: AccessHere, responder: ResponderHere) -> Response:
    """The same as server-sent events: `opened`, then `delta` and `action`, at the end `done`."""
    ask = await _ask(body, who, access)

    async def named() -> AsyncIterator[tuple[str, Any]]:
        async with aclosing(responder.respond(ask)) as events:
            async for event in events:
                if (shown := wire.to_json(event)) is not None:
                    yield shown

    return await event_stream(named())
