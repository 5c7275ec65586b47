"""The rows of this room. Their DDL, policies and grants are in the migrations."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Float, Integer, LargeBinary, Numeric, Table, Text, Time
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

frontdesk_settings = Table(
    "frontdesk_settings",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("settings", JSONB, nullable=False),
    Column("updated_at", _When, nullable=False),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("email", Text),
    Column("date", Date, nullable=False),
    Column("time", Time),
    Column("starts_at", _When, nullable=False),
    Column("ends_at", _When, nullable=False),
    Column("party_size", Integer, nullable=False),
    Column("nights", Integer),
    Column("property_id", Text),
    Column("tables", ARRAY(Text), nullable=False),
    Column("notes", Text, nullable=False),
    Column("conversation_id", Text),
    Column("idempotency_key", Text),
    Column("hold_expires_at", _When),
    Column("revision", Integer, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
    Column("cancelled_at", _When),
)

leads = Table(
    "leads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("email", Text),
    Column("intent", Text, nullable=False),
    Column("property_id", Text),
    Column("budget", Numeric),
    Column("currency", Text),
    Column("notes", Text, nullable=False),
    Column("conversation_id", Text),
    Column("status", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("contacts", Integer, nullable=False),
    Column("history", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

listings = Table(
    "listings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("property_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("rooms", Numeric),
    Column("bedrooms", Integer),
    Column("bathrooms", Numeric),
    Column("area_m2", Numeric),
    Column("price", Numeric),
    Column("currency", Text, nullable=False),
    Column("features", ARRAY(Text), nullable=False),
    Column("available_from", Date),
    Column("status", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("conversation_id", Text),
    Column("excerpt", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("location", Text),
    Column("notes", Text, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

tools = Table(
    "tools",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("url", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("header_names", ARRAY(Text), nullable=False),
    Column("sealed_headers", LargeBinary),
    Column("timeout_seconds", Float, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)
