"""The rows of this room. Their DDL, policies and grants are in the migrations."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

call_records = Table(
    "call_records",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("driver_name", Text, nullable=False),
    Column("phone_number", Text, nullable=False),
    Column("own_number", Text, nullable=False),
    Column("load_number", Text, nullable=False),
    Column("agent_config_id", Text),
    Column("agent_version", Integer),
    Column("carrier", Text, nullable=False),
    Column("retell_call_id", Text),
    Column("conversation_id", Text),
    Column("status", Text, nullable=False),
    Column("placement", Text, nullable=False),
    Column("stop_wanted", Boolean, nullable=False),
    Column("raw_transcript", Text),
    Column("lines", JSONB, nullable=False),
    Column("structured_data", JSONB(none_as_null=True)),
    Column("extracted_from", Text),
    Column("duration", Integer),
    Column("reason", Text),
    Column("warnings", JSONB, nullable=False),
    Column("consent", JSONB(none_as_null=True)),
    Column("simulate", JSONB(none_as_null=True)),
    Column("idempotency_key", Text),
    Column("request_digest", Text),
    Column("check_at", _When),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
    Column("started_at", _When),
    Column("completed_at", _When),
)

carrier_events = Table(
    "carrier_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("carrier_call_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("payload", JSONB(none_as_null=True)),
    Column("received_at", _When, nullable=False),
    Column("applied_at", _When),
)

phone_numbers = Table(
    "phone_numbers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("created_at", _When, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("phone_number", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("call_id", Text),
    Column("created_at", _When, nullable=False),
)

carrier_agents = Table(
    "carrier_agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("carrier_agent_id", Text),
    Column("carrier_version", Integer),
    Column("agent_version", Integer),
    Column("fingerprint", Text),
    Column("error", Text),
    Column("published_at", _When),
)

simulated_calls = Table(
    "simulated_calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("holder", Integer, nullable=False),
    Column("simulate", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("seconds", Float(53), nullable=False),
    Column("memory", JSONB),
    Column("created_at", _When, nullable=False),
    Column("started_at", _When),
    Column("ended_at", _When),
    Column("reported_at", _When),
)

call_streams = Table(
    "call_streams",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("token_hash", Text),
    Column("expires_at", _When, nullable=False),
    Column("holder", Integer),
    Column("transfer_to", Text),
)
