"""The rows of this room. Vectors and lexemes are written and read as text and cast by the database."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Float, Integer, Table, Text

from parley.kit.db import metadata

_When = DateTime(timezone=True)

documents = Table(
    "knowledge_documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text),
    Column("chunk_count", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("progress", Float, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)
