"""The rows of this room."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("conversation_id", Text),
    Column("status", Text, nullable=False),
    Column("started_at", _When, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("timeline", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("key", LargeBinary),
    Column("pieces", Integer, nullable=False),
    Column("piece_bytes", Integer, nullable=False),
    Column("holder", Integer),
    Column("touched_at", _When),
)
