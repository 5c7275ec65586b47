"""One person in the conversations: where they speak, where others speak of them; handing that out, and erasing it.

A conversation is a person's own where its user_id is theirs, where their number or address stands in its slots or in
what a tool was given, or where a record of theirs came from it. Everywhere else their number or address is a mention.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, Text, cast, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import store
from parley.conversations.tables import conversations, messages, tool_runs, turns
from parley.privacy import Masking, Subject

_TEXTS = {  # every column that holds words, by table
    messages: ("content",),
    conversations: ("metadata", "state"),
    turns: ("trace",),
    tool_runs: ("arguments", "result"),
}
_OF_CONVERSATION = (messages, turns, tool_runs)


@dataclass(slots=True)
class Involved:
    """Conversations that are the person's `own`, and those in which they are only `mentioned`."""

    own: set[str] = field(default_factory=set)
    mentioned: set[str] = field(default_factory=set)


async def find_person(
    connection: AsyncConnection,
    tenant_id: str,
    subject: Subject,
    linked: Collection[str] = (),
    placeholders: Collection[tuple[str, str]] = (),
) -> Involved:
    """Conversations of a person. `linked` ones are known to be theirs; `placeholders` (conversation, placeholder) stand
    for them in masked conversations.

    Where words are kept as spoken every text of the tenant is looked through: an e-mail address in any case, a number
    by its national digits whatever stands between them.
    """
    involved = Involved(own=set(linked))
    if subject.kind == "user_id":
        own = conversations.c.tenant_id == tenant_id, conversations.c.user_id == subject.value
        involved.own |= set((await connection.execute(select(conversations.c.id).where(*own))).scalars())
        return involved
    for table in _TEXTS:
        for conversation_id, text in await _naming(connection, tenant_id, table, _narrowed(subject, table)):
            if subject.is_in(text):
                _sort_in(involved, conversation_id, own=table is tool_runs or _in_slots(table, text, subject.is_in))
    for conversation_id, placeholder in placeholders:
        stem = placeholder.rstrip(">").partition(".")[0]
        given = await _given(connection, tenant_id, conversation_id)
        _sort_in(involved, conversation_id, own=f'"{stem}>"' in given or f'"{stem}.' in given)
    involved.mentioned -= involved.own
    return involved


def _sort_in(involved: Involved, conversation_id: str, *, own: bool) -> None:
    (involved.own if own else involved.mentioned).add(conversation_id)


def _in_slots(table: Table, text: str, names: Any) -> bool:
    """Whether a conversation's state names the person in its slots."""
    if table is not conversations:
        return False
    slots = orjson.loads(text.partition("\n")[2]).get("slots", {})
    return any(names(str(value)) for value in slots.values())


def _words(table: Table) -> ColumnElement[str]:
    columns: Sequence[ColumnElement[Any]] = [cast(table.c[name], Text) for name in _TEXTS[table]]
    return func.concat_ws("\n", *columns)


def _narrowed(subject: Subject, table: Table) -> ColumnElement[bool]:
    """What the database can tell: the few rows left are read whole."""
    if subject.kind == "phone":
        return func.regexp_replace(_words(table), r"\D", "", "g").contains(subject.digits, autoescape=True)
    return func.lower(_words(table)).contains(subject.value, autoescape=True)


def _key(table: Table) -> ColumnElement[str]:
    column: ColumnElement[str] = table.c.id if table is conversations else table.c.conversation_id
    return column


async def _naming(
    connection: AsyncConnection, tenant_id: str, table: Table, condition: ColumnElement[bool]
) -> list[tuple[str, str]]:
    query = select(_key(table), _words(table)).where(table.c.tenant_id == tenant_id, condition)
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def _given(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> str:
    """A conversation's slots and what its tools were given, as one text."""
    slots = select(cast(conversations.c.state["slots"], Text)).where(
        conversations.c.tenant_id == tenant_id, conversations.c.id == conversation_id
    )
    arguments = select(cast(tool_runs.c.arguments, Text)).where(
        tool_runs.c.tenant_id == tenant_id, tool_runs.c.conversation_id == conversation_id
    )
    rows = [*(await connection.execute(slots)).scalars(), *(await connection.execute(arguments)).scalars()]
    return "\n".join(text for text in rows if text)


async def lock_person(connection: AsyncConnection, tenant_id: str, involved: Involved) -> bool:
    """Keep the person's conversations, and those that mention them, from changing until the transaction ends.

    Returns whether one of them is being answered just now: what that turn learns is not written down yet.
    """
    return bool(await store.lock_conversations(connection, tenant_id, [*involved.own, *involved.mentioned]))


# Handing out


async def export_person(
    connection: AsyncConnection,
    tenant_id: str,
    subject: Subject,
    involved: Involved,
    maskings: Mapping[str, Masking],
) -> dict[str, list[Any]]:
    """The person's own conversations whole, with the real values; of others' the lines that name them."""
    shown = []
    for conversation_id in sorted(involved.own):
        masking = maskings[conversation_id]
        head = await _rows(connection, tenant_id, conversations, [conversation_id])
        if not head:
            continue
        parts = {
            str(table.name): await _rows(connection, tenant_id, table, [conversation_id]) for table in _OF_CONVERSATION
        }
        shown.append(masking.reveal_json({**head[0], **parts}))
    lines = await _rows(connection, tenant_id, messages, sorted(involved.mentioned))
    told = [{**line, "content": maskings[line["conversation_id"]].reveal(line["content"])} for line in lines]
    keep = ("id", "conversation_id", "role", "content", "created_at")
    mentions = [{name: line[name] for name in keep} for line in told if subject.is_in(line["content"])]
    return {"conversations": shown, "mentions": mentions}


async def _rows(
    connection: AsyncConnection, tenant_id: str, table: Table, conversation_ids: Sequence[str]
) -> list[dict[str, Any]]:
    query = select(func.to_jsonb(table.table_valued())).where(
        table.c.tenant_id == tenant_id, _key(table).in_(conversation_ids)
    )
    return list((await connection.execute(query.order_by(table.c[_ORDER[table]]))).scalars())


_ORDER = {conversations: "id", messages: "id", turns: "created_at", tool_runs: "started_at"}


# Erasing


async def erase_person(
    connection: AsyncConnection, tenant_id: str, subject: Subject, involved: Involved
) -> dict[str, int]:
    """Delete the person's own conversations with all that hangs on them; take their number or address out of others'.

    Returns how many rows of which table went or changed.
    """
    counts = {}
    for table in (*_OF_CONVERSATION, conversations):
        own = table.c.tenant_id == tenant_id, _key(table).in_(involved.own)
        counts[str(table.name)] = (
            await connection.execute(select(func.count()).select_from(table).where(*own))
        ).scalar_one()
    gone = conversations.c.tenant_id == tenant_id, conversations.c.id.in_(involved.own)
    await connection.execute(delete(conversations).where(*gone))
    for table, columns in _TEXTS.items():
        counts[str(table.name)] += await _erase_mentions(
            connection, tenant_id, subject, table, columns, involved.mentioned
        )
    return counts


async def _erase_mentions(
    connection: AsyncConnection,
    tenant_id: str,
    subject: Subject,
    table: Table,
    columns: Sequence[str],
    conversation_ids: Collection[str],
) -> int:
    keys = list(table.primary_key.columns)
    own = table.c.tenant_id == tenant_id, _key(table).in_(conversation_ids)
    changed = 0
    for row in (await connection.execute(select(table).where(*own))).mappings().all():
        values = {name: subject.erased_from(row[name]) for name in columns}
        if any(values[name] != row[name] for name in columns):
            this = [key == row[key.name] for key in keys]
            await connection.execute(update(table).where(table.c.tenant_id == tenant_id, *this).values(**values))
            changed += 1
    return changed


# Forgetting what is old


async def forget_before(connection: AsyncConnection, tenant_id: str, cutoff: Any, most: int) -> list[str]:
    """Delete at most `most` conversations whose last line is older than `cutoff`, with all that hangs on them."""
    old = (
        select(conversations.c.id)
        .where(conversations.c.tenant_id == tenant_id, conversations.c.last_message_at < cutoff)
        .order_by(conversations.c.last_message_at)
        .limit(most)
    )
    doomed = list((await connection.execute(old)).scalars())
    gone = conversations.c.tenant_id == tenant_id, conversations.c.id.in_(doomed)
    await connection.execute(delete(conversations).where(*gone))
    return doomed
