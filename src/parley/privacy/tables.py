"""The rows of this room."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text

from parley.kit.db import metadata

vault_entries = Table(
    "vault_entries",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("conversation_id", Text, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("placeholder", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("blind", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
