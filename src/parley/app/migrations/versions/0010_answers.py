"""Remembered answers, shared between processes; and those somebody has called wrong."""

from parley.app.migrations.isolation import hold_apart, let_find_owner, run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE remembered_answers (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  agent_id text COLLATE "C" NOT NULL REFERENCES agents ON DELETE CASCADE,
  exact_key bytea NOT NULL,
  gist_key bytea,
  claim bytea NOT NULL,
  reply text NOT NULL,
  intent text NOT NULL,
  sources jsonb NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, exact_key)
);
CREATE INDEX ix_remembered_answers_tenant_id ON remembered_answers (tenant_id, id);
CREATE INDEX ix_remembered_answers_agent_id ON remembered_answers (agent_id);
CREATE INDEX ix_remembered_answers_expires_at ON remembered_answers (tenant_id, expires_at);

CREATE TABLE rejected_answers (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  agent_id text COLLATE "C" NOT NULL REFERENCES agents ON DELETE CASCADE,
  claim bytea NOT NULL,
  rejected_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, claim)
);
CREATE INDEX ix_rejected_answers_agent_id ON rejected_answers (agent_id);
"""


def upgrade() -> None:
    run(TABLES)
    hold_apart("remembered_answers", "rejected_answers")
    let_find_owner("messages")
