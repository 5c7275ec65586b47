"""The rows of this room. Counters are kept by triggers on conversations (see the migration), never from here."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parley.kit.db import metadata

_When = DateTime(timezone=True)

experiment_prompts = Table(
    "experiment_prompts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("agent_config", Text),
    Column("agent_name", Text),
    Column("agent_id", Text),
    Column("system_prompt", Text, nullable=False),
    Column("instructions", Text),
    Column("temperature", Float(53), nullable=False),
    Column("max_tokens", Integer),
    Column("voice", Text),
    Column("variables", JSONB, nullable=False),
    Column("description", Text),
    Column("tags", ARRAY(Text), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("success_rate", Float(53)),
    Column("avg_duration", Float(53)),
    Column("total_runs", BigInteger, nullable=False),
    Column("outcomes", BigInteger, nullable=False),
    Column("successes", BigInteger, nullable=False),
    Column("durations", BigInteger, nullable=False),
    Column("duration_sum", Numeric, nullable=False),
    Column("running", BigInteger, nullable=False),
    Column("created_at", _When, nullable=False),
    Column("updated_at", _When, nullable=False),
)

experiment_revisions = Table(
    "experiment_revisions",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("prompt_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("system_prompt", Text, nullable=False),
    Column("instructions", Text),
    Column("temperature", Float(53), nullable=False),
    Column("max_tokens", Integer),
    Column("voice", Text),
    Column("variables", JSONB, nullable=False),
    Column("created_at", _When, nullable=False),
)

experiment_tallies = Table(
    "experiment_tallies",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("prompt_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("runs", BigInteger, nullable=False),
    Column("outcomes", BigInteger, nullable=False),
    Column("successes", BigInteger, nullable=False),
    Column("durations", BigInteger, nullable=False),
    Column("duration_sum", Numeric, nullable=False),
    Column("duration_squares", Numeric, nullable=False),
    Column("ratings", BigInteger, nullable=False),
    Column("rating_sum", BigInteger, nullable=False),
    Column("rating_squares", BigInteger, nullable=False),
    Column("judged", BigInteger, nullable=False),
    Column("escalations", BigInteger, nullable=False),
    Column("metered", BigInteger, nullable=False),
    Column("token_sum", BigInteger, nullable=False),
)

experiment_assignments = Table(
    "experiment_assignments",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("agent_id", Text, primary_key=True),
    Column("unit", LargeBinary, primary_key=True),
    Column("prompt_id", Text, nullable=False),
    Column("assigned_at", _When, nullable=False),
)

experiment_settings = Table(
    "experiment_settings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("watched", Boolean, nullable=False),
    Column("updated_at", _When, nullable=False),
)
