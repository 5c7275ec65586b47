"""The rows of this room."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

agents = Table(
    "agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("config_key", Text),
    Column("scenario_type", Text),
    Column("definition", JSONB, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

agent_versions = Table(
    "agent_versions",
    metadata,
    Column("agent_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("published_at", _When, nullable=False),
)

agent_understanding = Table(
    "agent_understanding",
    metadata,
    Column("agent_id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text),
    Column("examples", Integer, nullable=False),
    Column("seconds", Float(53)),
    Column("model", LargeBinary),
    Column("model_fingerprint", Text),
    Column("updated_at", _When, nullable=False),
)
