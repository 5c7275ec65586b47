"""Rows of conversations, messages and turns. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations.tables import conversations, messages, turns
from parley.experiments import STICK, Choice
from parley.kit.db import fetch
from parley.kit.events import CHANNEL, Event, payload
from parley.privacy import Mode


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of any channel. `state` is what the flow and the slots have reached.

    `privacy` is the mode its words are kept in, fixed when it begins.
    """

    id: str
    tenant_id: str
    agent_id: str | None
    agent_version: int | None
    agent_config: str | None
    agent_name: str | None
    experiment_id: str | None
    experiment_revision: int | None
    channel: str
    session_id: str | None
    user_id: str | None
    language: str | None
    status: str
    state: dict[str, Any]
    held_by: str | None
    privacy: Mode
    message_count: int
    turn_count: int
    duration: float | None
    user_satisfaction: int | None
    task_completed: bool | None
    escalated: bool | None
    metadata: dict[str, Any]
    started_at: datetime
    last_message_at: datetime
    ended_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One line. role: user, agent, operator (a person who stepped in) or system."""

    id: str
    conversation_id: str
    ordinal: int
    role: str
    content: str
    reply_to: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be stored. `length`: in characters, of one whose words are not kept."""

    id: str
    words: str
    length: int | None = None

    def values(self) -> dict[str, Any]:
        about = "{}" if self.length is None else f'{{"characters": {self.length}}}'
        return {"line_id": self.id, "words": self.words, "about": about}


_COLUMNS = ", ".join(field.name for field in fields(Conversation))
_CONVERSATION = tuple(conversations.c[field.name] for field in fields(Conversation))
_MESSAGE = tuple(messages.c[field.name] for field in fields(Message))


def _own(tenant_id: str, conversation_id: str) -> Any:
    return and_(conversations.c.tenant_id == tenant_id, conversations.c.id == conversation_id)


def _adding(before: str, arm: str, source: str) -> str:
    return f"""
    {before} INSERT INTO conversations (id, tenant_id, agent_id, agent_version, agent_config, agent_name, experiment_id,
      experiment_revision, channel, session_id, user_id, language, turn_holder, privacy, metadata, message_count)
    SELECT %(id)s, %(tenant_id)s, %(agent_id)s, %(agent_version)s, %(agent_config)s, %(agent_name)s, {arm},
      %(channel)s, %(session_id)s, %(user_id)s, %(language)s, %(turn_holder)s, %(privacy)s, %(metadata)s::jsonb,
      %(message_count)s
    {source} RETURNING {_COLUMNS}
    """


_ADD_CONVERSATION = _adding("", "%(experiment_id)s, %(experiment_revision)s", "")
_ADD_ASSIGNED = _adding(
    f"WITH stuck AS ({STICK})",
    "stuck.prompt_id, (%(revisions)s::integer[])[array_position(%(open)s::text[], stuck.prompt_id)]",
    "FROM stuck",
)


async def add_conversation(
    connection: AsyncConnection, values: Mapping[str, Any], choice: Choice | None = None
) -> Conversation:
    """A new conversation. `metadata` is JSON text; `message_count` counts the line that `add_question` is to put there.

    `choice`: the arm is remembered for who asks, and the one that was remembered before holds.
    """
    if choice is None or choice.unit is None:
        return Conversation(*(await fetch(connection, _ADD_CONVERSATION, values))[0])
    return Conversation(*(await fetch(connection, _ADD_ASSIGNED, {**values, **choice.values()}))[0])


_GET_CONVERSATION = f"SELECT {_COLUMNS} FROM conversations WHERE tenant_id = %s AND id = %s"  # noqa: S608


async def get_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> Conversation | None:
    rows = await fetch(connection, _GET_CONVERSATION, (tenant_id, conversation_id))
    return Conversation(*rows[0]) if rows else None


_CLAIM = f"""
    UPDATE conversations SET turn_holder = %(holder)s, message_count = message_count + 1, last_message_at = now()
    WHERE tenant_id = %(tenant_id)s AND id = %(id)s
      AND (turn_holder IS NULL OR turn_holder = %(holder)s OR NOT holder_lives(turn_holder))
    RETURNING {_COLUMNS}
"""  # noqa: S608 - only constants


async def claim_turn(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, holder: int
) -> Conversation | None:
    """Take the conversation's turn for this process; None while another living process has it.

    A holder that died does not count, so that no conversation stays stuck. The caller's line has its place from now on:
    `add_question` puts it there.
    """
    scope = {"tenant_id": tenant_id, "id": conversation_id, "holder": holder}
    rows = await fetch(connection, _CLAIM, scope)
    return Conversation(*rows[0]) if rows else None


_ADD_QUESTION = """
    INSERT INTO messages (id, tenant_id, conversation_id, ordinal, role, content, metadata)
    VALUES (%(line_id)s, %(tenant_id)s, %(conversation_id)s, %(ordinal)s, 'user', %(words)s, %(about)s::jsonb)
"""


async def add_question(connection: AsyncConnection, conversation: Conversation, line: Line) -> None:
    """The caller's line, at the place that the claimed turn has for it."""
    place = {"conversation_id": conversation.id, "ordinal": conversation.message_count}
    await fetch(connection, _ADD_QUESTION, {"tenant_id": conversation.tenant_id, **place, **line.values()})


async def lock_conversation(
    connection: AsyncConnection, tenant_id: str, conversation_id: str
) -> tuple[Mode, bool] | None:
    """Its privacy mode and whether a living process is answering it; the row is locked until the transaction ends."""
    held = and_(conversations.c.turn_holder.is_not(None), func.holder_lives(conversations.c.turn_holder))
    query = select(conversations.c.privacy, held.label("in_turn")).where(_own(tenant_id, conversation_id))
    row = (await connection.execute(query.with_for_update())).one_or_none()
    return None if row is None else (row.privacy, bool(row.in_turn))


async def hold_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> bool:
    """Whether it still stands; it cannot be erased until the transaction ends."""
    query = (
        select(conversations.c.id).where(_own(tenant_id, conversation_id)).with_for_update(read=True, key_share=True)
    )
    return (await connection.execute(query)).one_or_none() is not None


async def lock_conversations(
    connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]
) -> tuple[str, ...]:
    """Those that a living process is answering; all of the rows are locked until the transaction ends."""
    held = and_(conversations.c.turn_holder.is_not(None), func.holder_lives(conversations.c.turn_holder))
    query = select(conversations.c.id, held.label("in_turn")).where(
        conversations.c.tenant_id == tenant_id, conversations.c.id.in_(conversation_ids)
    )
    rows = await connection.execute(query.order_by(conversations.c.id).with_for_update())
    return tuple(row.id for row in rows if row.in_turn)


async def release_turn(connection: AsyncConnection, tenant_id: str, conversation_id: str, holder: int) -> None:
    query = update(conversations).where(_own(tenant_id, conversation_id), conversations.c.turn_holder == holder)
    await connection.execute(query.values(turn_holder=None))


_ADD_MESSAGE = """
    WITH place AS (
      UPDATE conversations SET message_count = message_count + 1, last_message_at = now()
      WHERE tenant_id = %(tenant_id)s AND id = %(conversation_id)s RETURNING message_count)
    INSERT INTO messages (id, tenant_id, conversation_id, ordinal, role, content, metadata)
    SELECT %(line_id)s, %(tenant_id)s, %(conversation_id)s, message_count, %(role)s, %(words)s, %(about)s::jsonb
    FROM place
"""


async def add_message(connection: AsyncConnection, tenant_id: str, conversation_id: str, role: str, line: Line) -> None:
    """Append a line at the next place of the conversation."""
    scope = {"tenant_id": tenant_id, "conversation_id": conversation_id, "role": role}
    await fetch(connection, _ADD_MESSAGE, {**scope, **line.values()})


async def is_settled(connection: AsyncConnection, tenant_id: str, question_id: str) -> bool:
    """Whether the turn that this line of the caller began came to its end; not where its process died over it."""
    lines = select(messages.c.id).where(messages.c.tenant_id == tenant_id)
    lines = lines.where(or_(messages.c.id == question_id, messages.c.reply_to == question_id))
    query = select(turns.c.message_id).where(turns.c.tenant_id == tenant_id, turns.c.message_id.in_(lines))
    return (await connection.execute(query.limit(1))).first() is not None


async def remove_turn(connection: AsyncConnection, tenant_id: str, conversation_id: str, question_id: str) -> list[str]:
    """Take away a line of the caller with everything that answered it; returns the ids. Not where another followed."""
    own = and_(messages.c.tenant_id == tenant_id, messages.c.conversation_id == conversation_id)
    line = select(messages.c.ordinal).where(own, messages.c.id == question_id).scalar_subquery()
    later = select(messages.c.id).where(own, messages.c.role == "user", messages.c.ordinal > line).exists()
    chosen = or_(messages.c.id == question_id, messages.c.reply_to == question_id)
    query = delete(messages).where(own, chosen, ~later).returning(messages.c.id)
    return list((await connection.execute(query)).scalars())


async def cut_message(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, reply_to: str, heard: str
) -> str | None:
    """Shorten the agent's answer to its beginning `heard`; returns its id. One that does not begin so is left alone."""
    begins = func.left(messages.c.content, len(heard)) == heard
    chosen = _answer_to(tenant_id, conversation_id, reply_to)
    query = update(messages).where(chosen, begins, messages.c.content != heard).values(content=heard)
    found: str | None = (await connection.execute(query.returning(messages.c.id))).scalars().first()
    return found


async def get_agent_line(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, reply_to: str
) -> str | None:
    """The words of the agent's answer to a line, or of the agent's line itself."""
    query = select(messages.c.content).where(_answer_to(tenant_id, conversation_id, reply_to))
    return (await connection.execute(query)).scalar_one_or_none()


def _answer_to(tenant_id: str, conversation_id: str, reply_to: str) -> Any:
    return and_(
        messages.c.tenant_id == tenant_id,
        messages.c.conversation_id == conversation_id,
        messages.c.role == "agent",
        or_(messages.c.reply_to == reply_to, messages.c.id == reply_to),
    )


_LAST_MESSAGES = f"""
    SELECT {", ".join(field.name for field in fields(Message))} FROM messages
    WHERE tenant_id = %s AND conversation_id = %s ORDER BY ordinal DESC LIMIT %s
"""  # noqa: S608 - only constants


async def last_messages(connection: AsyncConnection, tenant_id: str, conversation_id: str, most: int) -> list[Message]:
    """The newest lines, oldest first."""
    rows = await fetch(connection, _LAST_MESSAGES, (tenant_id, conversation_id, most))
    return [Message(*row) for row in reversed(rows)]


async def get_message(connection: AsyncConnection, tenant_id: str, message_id: str) -> Message | None:
    query = select(*_MESSAGE).where(messages.c.tenant_id == tenant_id, messages.c.id == message_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Message(**row)


_PAGE_MESSAGES = f"""
    SELECT {", ".join(field.name for field in fields(Message))} FROM messages
    WHERE tenant_id = %s AND conversation_id = %s AND ordinal > %s ORDER BY ordinal LIMIT %s
"""  # noqa: S608 - only constants


async def page_messages(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, limit: int, after: int
) -> list[Message]:
    """Lines in order, from behind place `after`."""
    rows = await fetch(connection, _PAGE_MESSAGES, (tenant_id, conversation_id, after, limit + 1))
    return [Message(*row) for row in rows]


async def transcripts(
    connection: AsyncConnection, tenant_id: str, conversation_ids: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    """Per conversation the lines as `{"role": "user"|"assistant", "content"}`."""
    query = (
        select(messages.c.conversation_id, messages.c.role, messages.c.content)
        .where(messages.c.tenant_id == tenant_id, messages.c.conversation_id.in_(conversation_ids))
        .where(messages.c.role != "system")
        .order_by(messages.c.conversation_id, messages.c.ordinal)
    )
    found: dict[str, list[dict[str, str]]] = {name: [] for name in conversation_ids}
    for row in await connection.execute(query):
        role = "user" if row.role == "user" else "assistant"
        found[row.conversation_id].append({"role": role, "content": row.content})
    return found


_SETTLE = f"""
    WITH place AS (
      UPDATE conversations SET state = %(state)s::jsonb, language = %(language)s, turn_count = turn_count + 1,
        message_count = message_count + %(lines)s, turn_holder = NULL, last_message_at = now(),
        status = CASE WHEN %(ends)s THEN 'ended' ELSE status END,
        ended_at = CASE WHEN %(ends)s THEN now() ELSE ended_at END,
        duration = CASE WHEN %(ends)s THEN extract(epoch FROM now() - started_at) ELSE duration END,
        prompt_tokens = prompt_tokens + %(prompt_tokens)s,
        completion_tokens = completion_tokens + %(completion_tokens)s,
        cost_micros = cost_micros + %(cost_micros)s, cache_hits = cache_hits + (%(cached)s::text IS NOT NULL)::integer,
        handed_over = handed_over OR %(escalate)s, emergency = emergency OR %(emergency)s
      WHERE tenant_id = %(tenant_id)s AND id = %(conversation_id)s RETURNING message_count), said AS (
      INSERT INTO messages (id, tenant_id, conversation_id, ordinal, role, content, reply_to, metadata)
      SELECT %(line_id)s, %(tenant_id)s, %(conversation_id)s, message_count, 'agent', %(words)s, %(question_id)s,
        %(about)s::jsonb FROM place WHERE %(lines)s = 1)
    INSERT INTO turns (message_id, tenant_id, conversation_id, intent, cached, model, escalate, emergency,
      prompt_tokens, completion_tokens, cost_micros, first_token_ms, total_ms, trace)
    SELECT CASE WHEN %(lines)s = 1 THEN %(line_id)s ELSE %(question_id)s END, %(tenant_id)s, %(conversation_id)s,
      %(intent)s, %(cached)s, %(model)s, %(escalate)s, %(emergency)s, %(prompt_tokens)s, %(completion_tokens)s,
      %(cost_micros)s, %(first_token_ms)s, %(total_ms)s, %(trace)s::jsonb FROM place
    RETURNING pg_notify('{CHANNEL}', %(news)s)
"""  # noqa: S608 - only a constant


async def settle_turn(
    connection: AsyncConnection,
    tenant_id: str,
    conversation_id: str,
    question_id: str,
    line: Line,
    values: Mapping[str, Any],
    news: Event,
) -> bool:
    """Store the answer (unless it is silence), how it came about and where the flow stands; let the next turn in, and
    tell the news.

    False where the conversation is gone.

    `values`: `state` and `trace` as JSON text, `lines` (how many were said, 0 or 1), and the columns of `turns`.
    """
    scope = {"tenant_id": tenant_id, "conversation_id": conversation_id, "question_id": question_id}
    return bool(await fetch(connection, _SETTLE, {**scope, **line.values(), **values, "news": payload(news)}))


async def restore_state(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, state: Mapping[str, Any], turns_less: int
) -> None:
    """Put the state back to where a turn that was taken back had begun."""
    count = func.greatest(conversations.c.turn_count - turns_less, 0)
    query = update(conversations).where(_own(tenant_id, conversation_id))
    await connection.execute(query.values(state=dict(state), turn_count=count))


async def get_turn(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, message_id: str
) -> dict[str, Any] | None:
    query = select(turns).where(
        turns.c.tenant_id == tenant_id, turns.c.conversation_id == conversation_id, turns.c.message_id == message_id
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def change_conversation(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, values: Mapping[str, Any]
) -> Conversation | None:
    query = update(conversations).where(_own(tenant_id, conversation_id)).values(**values).returning(*_CONVERSATION)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Conversation(**row)


async def remove_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> bool:
    return (await connection.execute(delete(conversations).where(_own(tenant_id, conversation_id)))).rowcount > 0


async def page_conversations(
    connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, Any]
) -> list[Conversation]:
    query = select(*_CONVERSATION).where(conversations.c.tenant_id == tenant_id)
    bounds = {"from": conversations.c.created_at.__ge__, "to": conversations.c.created_at.__lt__}
    for name, value in filters.items():
        query = query.where(bounds[name](value) if name in bounds else conversations.c[name] == value)
    if cursor:
        query = query.where(conversations.c.id < cursor)
    rows = await connection.execute(query.order_by(conversations.c.id.desc()).limit(limit + 1))
    return [Conversation(**row) for row in rows.mappings()]


# Tools that ran
