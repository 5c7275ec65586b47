"""The rows of this room. Their DDL, policies and grants are in the migrations."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

tenants = Table(
    "tenants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("industry", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("knowledge_revision", BigInteger, nullable=False),
    Column("prompts_revision", BigInteger, nullable=False),
    Column("is_demo", Boolean, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("hashed_password", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _When, nullable=False),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("expires_at", _When, nullable=False),
    Column("used_at", _When),
    Column("revoked_at", _When),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("key_hash", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_by", Text),
    Column("created_at", _When, nullable=False),
    Column("expires_at", _When),
    Column("last_used_at", _When),
)

tickets = Table(
    "tickets",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("principal", JSONB, nullable=False),
    Column("expires_at", _When, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("vendor", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", _When, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
)
