"""Phone calls as records, what carriers reported of them, their agents there, numbers and suppressions."""

from alembic import op

from parley.app.migrations.isolation import hold_apart, let_find_owner, run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CALLS = """
CREATE TABLE call_records (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  direction text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
  driver_name text NOT NULL DEFAULT '',
  phone_number text NOT NULL DEFAULT '',
  own_number text NOT NULL DEFAULT '',
  load_number text NOT NULL DEFAULT '',
  agent_config_id text COLLATE "C" REFERENCES agents ON DELETE SET NULL,
  agent_version integer,
  carrier text NOT NULL,
  retell_call_id text COLLATE "C" UNIQUE,
  conversation_id text COLLATE "C",
  status text NOT NULL CHECK (status IN ('initiated', 'in_progress', 'completed', 'failed', 'cancelled')),
  placement text NOT NULL CHECK (placement IN ('claimed', 'unknown', 'placed', 'refused')),
  stop_wanted boolean NOT NULL DEFAULT false,
  raw_transcript text,
  lines jsonb NOT NULL DEFAULT '[]',
  structured_data jsonb,
  extracted_from text,
  duration integer CHECK (duration >= 0),
  reason text,
  warnings jsonb NOT NULL DEFAULT '[]',
  consent jsonb,
  simulate jsonb,
  idempotency_key text COLLATE "C",
  request_digest text COLLATE "C",
  check_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  UNIQUE (tenant_id, idempotency_key)
);
CREATE INDEX ix_call_records_tenant_id ON call_records (tenant_id, id);
CREATE INDEX ix_call_records_active ON call_records (tenant_id, carrier) WHERE status IN ('initiated', 'in_progress');
CREATE INDEX ix_call_records_phone_number ON call_records (tenant_id, phone_number, id);
CREATE INDEX ix_call_records_conversation_id ON call_records (tenant_id, conversation_id);
CREATE INDEX ix_call_records_agent_config_id ON call_records (agent_config_id);
CREATE INDEX ix_call_records_check_at ON call_records (check_at) WHERE check_at IS NOT NULL;

CREATE TABLE carrier_events (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  carrier text NOT NULL,
  carrier_call_id text COLLATE "C" NOT NULL,
  event text NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  payload jsonb,
  received_at timestamptz NOT NULL DEFAULT now(),
  applied_at timestamptz,
  UNIQUE (tenant_id, carrier_call_id, event, fingerprint)
);
CREATE INDEX ix_carrier_events_tenant_id ON carrier_events (tenant_id, id);
"""

LINES = """
CREATE TABLE phone_numbers (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  number text COLLATE "C" NOT NULL UNIQUE,
  carrier text NOT NULL,
  agent_id text COLLATE "C" NOT NULL REFERENCES agents ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_phone_numbers_tenant_id ON phone_numbers (tenant_id, id);
CREATE INDEX ix_phone_numbers_agent_id ON phone_numbers (agent_id);

CREATE TABLE suppressions (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  phone_number text COLLATE "C" NOT NULL,
  source text NOT NULL CHECK (source IN ('manual', 'call')),
  reason text NOT NULL DEFAULT '',
  call_id text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, phone_number)
);
CREATE INDEX ix_suppressions_tenant_id ON suppressions (tenant_id, id);

CREATE TABLE carrier_agents (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  agent_id text COLLATE "C" NOT NULL REFERENCES agents ON DELETE CASCADE,
  carrier text NOT NULL,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  carrier_agent_id text COLLATE "C" UNIQUE,
  carrier_version integer,
  agent_version integer,
  fingerprint text,
  error text,
  published_at timestamptz,
  UNIQUE (agent_id, carrier)
);
CREATE INDEX ix_carrier_agents_tenant_id ON carrier_agents (tenant_id, id);
"""

SIMULATED = """
-- Where the simulated line stands with each of its calls: a carrier outlives those it calls for.
CREATE TABLE simulated_calls (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  call_id text COLLATE "C" NOT NULL UNIQUE,
  agent_id text COLLATE "C" NOT NULL,
  holder integer NOT NULL,
  simulate jsonb NOT NULL,
  status text NOT NULL CHECK (status IN ('registered', 'ongoing', 'ended')),
  reason text,
  seconds double precision NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  ended_at timestamptz,
  reported_at timestamptz
);
CREATE INDEX ix_simulated_calls_tenant_id ON simulated_calls (tenant_id, id);
CREATE INDEX ix_simulated_calls_unreported ON simulated_calls (holder) WHERE reported_at IS NULL;
"""

LOOKUPS = """
-- Whose a call, an agent at a carrier, the secret of a line or a telephone number is.
CREATE FUNCTION find_line(kind text, wanted text) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM call_records WHERE kind = 'call' AND retell_call_id = wanted
  UNION ALL SELECT tenant_id, agent_id FROM carrier_agents WHERE kind = 'agent' AND carrier_agent_id = wanted
  UNION ALL SELECT tenant_id, agent_id FROM carrier_agents WHERE kind = 'token' AND token_hash = wanted
  UNION ALL SELECT tenant_id, agent_id FROM phone_numbers WHERE kind = 'number' AND number = wanted $$;

CREATE FUNCTION find_calls_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM call_records WHERE check_at <= moment ORDER BY check_at LIMIT most $$;

-- Simulated calls under way whose process is gone.
CREATE FUNCTION find_simulated_lost() RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM simulated_calls WHERE reported_at IS NULL AND NOT holder_lives(holder) ORDER BY id $$;
"""

TABLES = ("call_records", "carrier_events", "phone_numbers", "suppressions", "carrier_agents", "simulated_calls")
READABLE = {
    "call_records": "retell_call_id, check_at",
    "carrier_agents": "agent_id, carrier_agent_id, token_hash",
    "simulated_calls": "holder, reported_at",
}
FUNCTIONS = ("find_line(text, text)", "find_calls_due(timestamptz, integer)", "find_simulated_lost()")


def upgrade() -> None:
    for script in (CALLS, LINES, SIMULATED):
        run(script)
    hold_apart(*TABLES)
    let_find_owner("call_records", "phone_numbers", "suppressions", "carrier_agents", "simulated_calls")
    for table, columns in {**READABLE, "phone_numbers": "number, agent_id"}.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO parley_lookup")
    run(LOOKUPS)
    op.execute("GRANT CREATE ON SCHEMA public TO parley_lookup")
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO parley_platform")
        op.execute(f"ALTER FUNCTION {function} OWNER TO parley_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_lookup")
