"""Practice for people: scenarios with their versions and documents, and the sessions in which they were played."""

from parley.app.migrations.isolation import hold_apart, let_find_owner, run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE scenarios (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  slug text COLLATE "C" NOT NULL,
  title text NOT NULL,
  language text NOT NULL,
  config jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  file_path text,
  folder_hash text,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, slug)
);
CREATE INDEX ix_scenarios_tenant_id ON scenarios (tenant_id, id);

CREATE TABLE scenario_versions (
  scenario_id text COLLATE "C" NOT NULL REFERENCES scenarios ON DELETE CASCADE,
  version integer NOT NULL,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  config jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scenario_id, version)
);
CREATE INDEX ix_scenario_versions_tenant_id ON scenario_versions (tenant_id);

CREATE TABLE scenario_documents (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  scenario_id text COLLATE "C" NOT NULL REFERENCES scenarios ON DELETE CASCADE,
  filename text COLLATE "C" NOT NULL,
  title text NOT NULL,
  type text NOT NULL,
  size integer NOT NULL,
  digest text NOT NULL,
  content bytea NOT NULL,
  UNIQUE (scenario_id, filename)
);
CREATE INDEX ix_scenario_documents_tenant_id ON scenario_documents (tenant_id, scenario_id);

CREATE TABLE sessions (
  id text COLLATE "C" PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  scenario_id text COLLATE "C" NOT NULL REFERENCES scenarios ON DELETE CASCADE,
  scenario_version integer NOT NULL,
  user_id text NOT NULL,
  owner text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'abandoned')),
  data jsonb NOT NULL DEFAULT '{}',
  score jsonb,
  asked integer NOT NULL DEFAULT 0,
  answered integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  deadline_at timestamptz,
  last_active_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX ix_sessions_tenant_id ON sessions (tenant_id, id);
CREATE INDEX ix_sessions_scenario_id ON sessions (scenario_id);
CREATE INDEX ix_sessions_active ON sessions (tenant_id, last_active_at) WHERE status = 'active';
"""


def upgrade() -> None:
    run(TABLES)
    hold_apart("scenarios", "scenario_versions", "scenario_documents", "sessions")
    let_find_owner("scenarios", "sessions")
