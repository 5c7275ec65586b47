"""Trained intents of agents, tools that ran, and who holds a conversation."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE agent_understanding (
  agent_id text COLLATE "C" PRIMARY KEY REFERENCES agents ON DELETE CASCADE,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  fingerprint text COLLATE "C" NOT NULL,
  status text NOT NULL CHECK (status IN ('training', 'ready', 'failed')),
  error text,
  examples integer NOT NULL DEFAULT 0,
  seconds double precision,
  model bytea,
  model_fingerprint text COLLATE "C",
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_agent_understanding_tenant_id ON agent_understanding (tenant_id);

CREATE TABLE tool_runs (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  conversation_id text COLLATE "C" NOT NULL REFERENCES conversations ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  name text NOT NULL,
  arguments jsonb NOT NULL,
  result jsonb,
  ok boolean,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  PRIMARY KEY (conversation_id, key)
);
CREATE INDEX ix_tool_runs_tenant_id ON tool_runs (tenant_id, conversation_id);

ALTER TABLE conversations ADD COLUMN held_by text COLLATE "C";
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)
    own = "tenant_id = current_setting('parley.tenant', true)"
    for table in ("agent_understanding", "tool_runs"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {table} TO parley_app USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO parley_app")
