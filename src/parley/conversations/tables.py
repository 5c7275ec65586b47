"""The rows of this room."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("agent_id", Text),
    Column("agent_version", Integer),
    Column("agent_config", Text),
    Column("agent_name", Text),
    Column("experiment_id", Text),
    Column("experiment_revision", Integer),
    Column("channel", Text, nullable=False),
    Column("session_id", Text),
    Column("user_id", Text),
    Column("language", Text),
    Column("status", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("turn_holder", Integer),
    Column("held_by", Text),
    Column("privacy", Text, nullable=False),
    Column("message_count", Integer, nullable=False),
    Column("turn_count", Integer, nullable=False),
    Column("duration", Float(53)),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("cache_hits", Integer, nullable=False),
    Column("handed_over", Boolean, nullable=False),
    Column("emergency", Boolean, nullable=False),
    Column("user_satisfaction", Integer),
    Column("task_completed", Boolean),
    Column("escalated", Boolean),
    Column("tokens", BigInteger),
    Column("judged_at", _When),
    Column("metadata", JSONB, nullable=False),
    Column("started_at", _When, nullable=False),
    Column("last_message_at", _When, nullable=False),
    Column("ended_at", _When),
    Column("created_at", _When, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("reply_to", Text),
    Column("metadata", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("cached", Text),
    Column("model", Text, nullable=False),
    Column("escalate", Boolean, nullable=False),
    Column("emergency", Boolean, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("first_token_ms", Float(53)),
    Column("total_ms", Float(53)),
    Column("trace", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
)

tool_runs = Table(
    "tool_runs",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("conversation_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    Column("result", JSONB),
    Column("ok", Boolean),
    Column("started_at", _When, nullable=False),
    Column("finished_at", _When),
    Column("question_id", Text),
    Column("standing", Text, nullable=False),
    Column("undo", JSONB),
)
