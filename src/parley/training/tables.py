"""The rows of this room."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

scenarios = Table(
    "scenarios",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("config", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("file_path", Text),
    Column("folder_hash", Text),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

scenario_versions = Table(
    "scenario_versions",
    metadata,
    Column("scenario_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("config", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
)

scenario_documents = Table(
    "scenario_documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("scenario_id", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("scenario_id", Text, nullable=False),
    Column("scenario_version", Integer, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("score", JSONB),
    Column("asked", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("deadline_at", _When),
    Column("last_active_at", _When, nullable=False),
    Column("completed_at", _When),
)
