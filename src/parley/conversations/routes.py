"""Conversations, their traces and the answer cache over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints

from parley.conversations.extract import ConversationFacts
from parley.conversations.live import LiveView, shown_line
from parley.conversations.recall import Recall
from parley.conversations.shared_answers import SharedAnswers
from parley.conversations.store import Conversation
from parley.conversations.takeover import Takeover
from parley.conversations.transcript import LoggedConversation, Transcripts
from parley.kit.web import ERRORS, Body, Pages, Read, event_stream, list_model, page_of
from parley.tenants import AccessHere, MayChat, MayRead, MayWrite, TenantFilter

router = APIRouter(responses=ERRORS)


async def _transcripts(request: Request) -> Transcripts:
    transcripts: Transcripts = request.state.transcripts
    return transcripts


async def _recall(request: Request) -> Recall:
    recall: Recall = request.state.recall
    return recall


async def _shared_answers(request: Request) -> SharedAnswers:
    shared: SharedAnswers = request.state.shared_answers
    return shared


async def _takeover(request: Request) -> Takeover:
    takeover: Takeover = request.state.takeover
    return takeover


async def _live(request: Request) -> LiveView:
    live: LiveView = request.state.live
    return live


async def _facts(request: Request) -> ConversationFacts:
    facts: ConversationFacts = request.state.conversation_facts
    return facts


FactsHere = Annotated[ConversationFacts, Depends(_facts)]
TakeoverHere = Annotated[Takeover, Depends(_takeover)]
LiveHere = Annotated[LiveView, Depends(_live)]
TranscriptsHere = Annotated[Transcripts, Depends(_transcripts)]
RecallHere = Annotated[Recall, Depends(_recall)]
SharedHere = Annotated[SharedAnswers, Depends(_shared_answers)]


class LineOut(BaseModel):
    role: str
    content: str


class TranscriptOut(BaseModel):
    messages: list[LineOut]


class ConversationOut(Read):
    id: str
    tenant_id: str
    experiment_id: str | None
    experiment_revision: int | None
    session_id: str | None
    user_id: str | None
    agent_id: str | None
    agent_config: str | None
    agent_name: str | None
    channel: str
    language: str | None
    status: str
    held_by: str | None
    transcript: TranscriptOut
    duration: float
    turn_count: int
    user_satisfaction: int | None
    task_completed: bool | None
    escalated: bool | None
    metadata: dict[str, Any]
    created_at: datetime
    ended_at: datetime | None


class ConversationEnvelope(BaseModel):
    conversation: ConversationOut


class MessageOut(Read):
    """A line. `by`: caller, agent, or person (somebody who stepped in and speaks for the agent)."""

    id: str
    conversation_id: str
    role: Literal["user", "agent"]
    by: Literal["caller", "agent", "person"]
    content: str
    reply_to: str | None
    created_at: datetime


class TurnOut(BaseModel):
    message_id: str
    conversation_id: str
    intent: str
    cached: str | Literal[False]
    model: str
    escalate: bool
    emergency: bool
    prompt_tokens: int
    completion_tokens: int
    first_token_ms: float | None
    total_ms: float | None
    trace: dict[str, Any]
    created_at: datetime


class FeedbackIn(Body):
    satisfaction: Annotated[
        int,
        Field(ge=1, le=5, validation_alias=AliasChoices("satisfaction", "user_satisfaction", "rating"), examples=[5]),
    ]
    comment: Annotated[str, StringConstraints(max_length=2000)] = ""

    model_config = ConfigDict(json_schema_extra={"examples": [{"satisfaction": 5, "comment": "Quick and friendly."}]})


class PersonSays(Body):
    """What a person says to the caller."""

    content: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)] = Field(
        validation_alias=AliasChoices("content", "message"), examples=["This is Maria from the restaurant. I can help."]
    )


class FactsOut(BaseModel):
    """`structured_data` is flat: field → value or null, plus `evidence`: {field: {quote, message_id, confidence}}."""

    conversation_id: str
    structured_data: dict[str, Any]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversation_id": "0193a1f0-0000-7000-8000-000000000000",
                    "structured_data": {
                        "name": "Maria Lopez",
                        "party_size": 4,
                        "evidence": {
                            "party_size": {"quote": "A table for four.", "message_id": "…", "confidence": 0.9}
                        },
                    },
                }
            ]
        }
    )


class CacheCounters(BaseModel):
    entries: int
    hits: int
    misses: int
    evictions: int
    hit_rate: float


class CacheStats(BaseModel):
    """Counters of this process since it began, per kind of cache; `hit_rate` is 0..1."""

    exact: CacheCounters
    semantic: CacheCounters


class RejectIn(Body):
    """The id of the answer that was wrong, as `/chat/message` gave it."""

    message_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"message_id": "01980a4e-5d3c-7cc1-a2b1-0d6f3c1a2b3c"}]})


class Rejected(BaseModel):
    """`forgotten`: how many remembered answers said so, in this process."""

    message_id: str
    forgotten: int


def shown(logged: LoggedConversation) -> dict[str, Any]:
    """A conversation as the log shows it."""
    head = {name: getattr(logged.conversation, name) for name in Conversation.__dataclass_fields__}
    return {**head, "duration": logged.duration, "transcript": {"messages": logged.lines}}


@router.get("/api/conversations/{conversation_id}", response_model=ConversationEnvelope, tags=["conversations"])
async def get_conversation(conversation_id: str, who: MayRead, transcripts: TranscriptsHere, access: AccessHere) -> Any:
    tenant = await access.owner_of(who, "conversations", conversation_id)
    return {"conversation": shown(await transcripts.get(tenant, conversation_id))}


@router.delete("/api/conversations/{conversation_id}", status_code=204, tags=["conversations"])
async def delete_conversation(
    conversation_id: str, who: MayWrite, transcripts: TranscriptsHere, access: AccessHere
) -> None:
    await transcripts.delete(who, await access.owner_of(who, "conversations", conversation_id), conversation_id)


@router.get(
    "/conversations/{conversation_id}/messages",
    response_model=list_model("messages", MessageOut),
    tags=["conversations"],
)
async def list_messages(
    conversation_id: str, who: MayRead, transcripts: TranscriptsHere, access: AccessHere, paging: Pages
) -> Any:
    """The lines in the order they were said. `cursor` is a place in the conversation."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    after = int(paging.cursor) if paging.cursor and paging.cursor.isdecimal() else 0
    found = await transcripts.messages(tenant, conversation_id, paging.limit, min(after, 2**31 - 1))
    page = page_of(found, paging.limit)
    lines = [shown_line(line) for line in page.items]
    return {"messages": lines, "next_cursor": str(page.items[-1].ordinal) if page.next_cursor else None}


@router.get("/conversations/{conversation_id}/turns/{message_id}", response_model=TurnOut, tags=["conversations"])
async def get_turn(
    conversation_id: str, message_id: str, who: MayRead, transcripts: TranscriptsHere, access: AccessHere
) -> Any:
    """How an answer came about, step by step."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    turn = await transcripts.turn(tenant, conversation_id, message_id)
    return {**turn, "cached": turn["cached"] or False}


@router.post("/conversations/{conversation_id}/end", response_model=ConversationOut, tags=["conversations"])
async def end_conversation(conversation_id: str, who: MayChat, transcripts: TranscriptsHere, access: AccessHere) -> Any:
    tenant = await access.owner_of(who, "conversations", conversation_id)
    return shown(await transcripts.end(tenant, conversation_id))


@router.post("/conversations/{conversation_id}/feedback", response_model=ConversationOut, tags=["conversations"])
async def give_feedback(
    conversation_id: str, body: FeedbackIn, who: MayChat, transcripts: TranscriptsHere, access: AccessHere
) -> Any:
    """How satisfied the caller was, 1 to 5."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    return shown(await transcripts.rate(tenant, conversation_id, body.satisfaction, body.comment))


@router.post("/conversations/{conversation_id}/takeover", response_model=ConversationOut, tags=["conversations"])
async def take_over(
    conversation_id: str, who: MayWrite, takeover: TakeoverHere, transcripts: TranscriptsHere, access: AccessHere
) -> Any:
    """Step in: the agent is silent until the conversation is released."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    await takeover.take(who, tenant, conversation_id)
    return shown(await transcripts.get(tenant, conversation_id))


@router.post(
    "/conversations/{conversation_id}/reply", response_model=MessageOut, status_code=201, tags=["conversations"]
)
async def reply_as_person(
    conversation_id: str, body: PersonSays, who: MayWrite, takeover: TakeoverHere, access: AccessHere
) -> Any:
    """Say something to the caller of a conversation you have taken over."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    return shown_line(await takeover.reply(who, tenant, conversation_id, body.content))


@router.post("/conversations/{conversation_id}/release", response_model=ConversationOut, tags=["conversations"])
async def release(
    conversation_id: str, who: MayWrite, takeover: TakeoverHere, transcripts: TranscriptsHere, access: AccessHere
) -> Any:
    """Hand the conversation back to the agent."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    await takeover.release(who, tenant, conversation_id)
    return shown(await transcripts.get(tenant, conversation_id))


@router.post("/conversations/{conversation_id}/extract", tags=["conversations"])
async def extract_facts(conversation_id: str, who: MayWrite, facts: FactsHere, access: AccessHere) -> FactsOut:
    """Get the facts out of a conversation, by the agent's `extraction_schema` as it is now or its type's.

    They are kept in the conversation's `metadata` too. Call it again after the talk went on or the schema changed.
    """
    tenant = await access.owner_of(who, "conversations", conversation_id)
    found = await facts.extract(tenant, conversation_id)
    return FactsOut(conversation_id=conversation_id, structured_data=found)


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
    tags=["conversations"],
)
async def conversation_events(
    conversation_id: str, who: MayRead, live: LiveHere, transcripts: TranscriptsHere, access: AccessHere
) -> Response:
    """Server-sent events: `message` for every line so far and to come, `state` (agent, held, ended) when it changes."""
    tenant = await access.owner_of(who, "conversations", conversation_id)
    await transcripts.get(tenant, conversation_id)
    return await event_stream(live.events(tenant, conversation_id))


@router.get("/cache/stats", tags=["cache"])
async def cache_stats(
    who: MayRead, recall: RecallHere, access: AccessHere, tenant_id: TenantFilter = None
) -> CacheStats:
    return CacheStats.model_validate(recall.counts(await access.tenant_for(who, tenant_id)))


@router.delete("/cache", status_code=204, tags=["cache"])
async def clear_cache(
    who: MayWrite,
    shared: SharedHere,
    access: AccessHere,
    tenant_id: TenantFilter = None,
    agent_id: Annotated[str | None, Query(description="Only this agent's answers.")] = None,
) -> None:
    """Forget remembered answers: a tenant's, or one agent's."""
    await shared.clear(await access.tenant_for(who, tenant_id), agent_id)


@router.post("/cache/reject", tags=["cache"])
async def reject_answer(body: RejectIn, who: MayWrite, shared: SharedHere, access: AccessHere) -> Rejected:
    """That answer was wrong: no process gives it from memory again, nor remembers it anew."""
    tenant = await access.owner_of(who, "messages", body.message_id)
    forgotten = await shared.reject(who, tenant, body.message_id)
    return Rejected(message_id=body.message_id, forgotten=forgotten)
