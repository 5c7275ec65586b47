"""Roles, tenants, people, agents, knowledge, conversations and the job queue."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE wanted text;
BEGIN
  PERFORM pg_advisory_xact_lock(7265001);  -- roles belong to the cluster: two databases may migrate at once
  FOREACH wanted IN ARRAY ARRAY['parley_app', 'parley_platform', 'parley_search', 'parley_lookup'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    END IF;
    IF NOT pg_has_role(current_user, wanted, 'SET') THEN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    END IF;
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA public TO parley_app, parley_platform, parley_search, parley_lookup;
"""

TENANTS = """
CREATE TABLE tenants (
  id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  industry text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT 'en',
  timezone text NOT NULL DEFAULT 'UTC',
  settings jsonb NOT NULL DEFAULT '{}',
  knowledge_revision bigint NOT NULL DEFAULT 0,
  is_demo boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  email text NOT NULL UNIQUE,
  hashed_password text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'owner', 'operator', 'trainee')),
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_users_tenant_id ON users (tenant_id, id);

CREATE TABLE refresh_tokens (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  user_id text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
  family text COLLATE "C" NOT NULL,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX ix_refresh_tokens_tenant_id_family ON refresh_tokens (tenant_id, family);
CREATE INDEX ix_refresh_tokens_user_id ON refresh_tokens (user_id);

CREATE TABLE api_keys (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  name text NOT NULL,
  prefix text NOT NULL,
  key_hash text COLLATE "C" NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_by text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX ix_api_keys_tenant_id ON api_keys (tenant_id, id);

CREATE TABLE tickets (
  token_hash text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  principal jsonb NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ix_tickets_tenant_id ON tickets (tenant_id, expires_at);

CREATE TABLE credentials (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  vendor text NOT NULL,
  sealed bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, vendor)
);

CREATE TABLE audit_log (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_audit_log_tenant_id ON audit_log (tenant_id, id);
"""

AGENTS = """
CREATE TABLE agents (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  name text NOT NULL,
  type text NOT NULL CHECK (type IN ('receptionist', 'real_estate', 'dispatch', 'custom')),
  config_key text,
  scenario_type text CHECK (scenario_type IN ('check_in', 'emergency')),
  definition jsonb NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_agents_tenant_id ON agents (tenant_id, id);

CREATE TABLE agent_versions (
  agent_id text COLLATE "C" NOT NULL REFERENCES agents ON DELETE CASCADE,
  version integer NOT NULL,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  definition jsonb NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (agent_id, version)
);
CREATE INDEX ix_agent_versions_tenant_id ON agent_versions (tenant_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a published version never changes';
END $$;
CREATE TRIGGER agent_versions_immutable BEFORE UPDATE ON agent_versions FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

KNOWLEDGE = """
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE knowledge_documents (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  source text NOT NULL,
  title text NOT NULL,
  content text NOT NULL,
  language text NOT NULL DEFAULT 'en',
  status text NOT NULL CHECK (status IN ('indexing', 'ready', 'failed')),
  error text,
  chunk_count integer NOT NULL DEFAULT 0,
  words integer NOT NULL DEFAULT 0,
  generation integer NOT NULL DEFAULT 1,
  progress real NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_knowledge_documents_tenant_id ON knowledge_documents (tenant_id, id);

CREATE TABLE knowledge_chunks (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  document_id text COLLATE "C" NOT NULL REFERENCES knowledge_documents ON DELETE CASCADE,
  ordinal integer NOT NULL,
  heading text NOT NULL DEFAULT '',
  content text NOT NULL,
  language text NOT NULL,
  embedding halfvec(384),
  lexemes tsvector NOT NULL
);
CREATE INDEX ix_knowledge_chunks_tenant_id_document_id ON knowledge_chunks (tenant_id, document_id, ordinal);
CREATE INDEX ix_knowledge_chunks_document_id ON knowledge_chunks (document_id);
CREATE INDEX ix_knowledge_chunks_embedding ON knowledge_chunks USING hnsw (embedding halfvec_ip_ops)
  WITH (m = 16, ef_construction = 200);
CREATE INDEX ix_knowledge_chunks_lexemes ON knowledge_chunks USING gin (lexemes) WITH (fastupdate = off);

CREATE TABLE knowledge_terms (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  term text COLLATE "C" NOT NULL,
  chunks integer NOT NULL,
  PRIMARY KEY (tenant_id, term)
);

-- Operators on tsvector are not leakproof, so under row-level security PostgreSQL cannot use their index. This function
-- runs as a role whose policy lets it see every row and applies the session's tenant itself: every chunk carries its
-- tenant's id as a lexeme, so one index scan intersects tenant and words. Each word is looked up in the index by
-- itself, never in the chunks: reading the lexemes of a thousand of those takes ten times as long. The inner LIMIT
-- bounds what a word costs that stands in every chunk, and keeps the planner from any other index.
CREATE FUNCTION match_chunks(candidates tsquery, words tsquery[], weights real[], most integer)
RETURNS TABLE (chunk_id text, score real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT found.id, sum(q.weight)::real AS score
  FROM unnest(words, weights) AS q (word, weight), LATERAL (
    SELECT c.id, c.tenant_id FROM knowledge_chunks c
    WHERE c.lexemes @@ (('''tenant:' || current_setting('parley.tenant', true) || '''')::tsquery
                        && candidates && q.word)
    LIMIT 2000) AS found
  WHERE found.tenant_id = current_setting('parley.tenant', true)
  GROUP BY found.id
  ORDER BY score DESC, found.id
  LIMIT most
$$;
"""

CONVERSATIONS = """
CREATE TABLE conversations (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  agent_id text COLLATE "C" REFERENCES agents ON DELETE SET NULL,
  agent_version integer,
  agent_config text,
  agent_name text,
  experiment_id text COLLATE "C",
  channel text NOT NULL CHECK (channel IN ('text', 'voice', 'phone', 'training', 'import', 'simulation')),
  session_id text,
  user_id text,
  language text,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'ended')),
  state jsonb NOT NULL DEFAULT '{}',
  turn_holder integer,
  message_count integer NOT NULL DEFAULT 0,
  turn_count integer NOT NULL DEFAULT 0,
  duration double precision,
  user_satisfaction integer CHECK (user_satisfaction BETWEEN 1 AND 5),
  task_completed boolean,
  metadata jsonb NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT now(),
  last_message_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_conversations_tenant_id ON conversations (tenant_id, id);
CREATE INDEX ix_conversations_agent_id ON conversations (agent_id);

CREATE TABLE messages (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  conversation_id text COLLATE "C" NOT NULL REFERENCES conversations ON DELETE CASCADE,
  ordinal integer NOT NULL,
  role text NOT NULL CHECK (role IN ('user', 'agent', 'operator', 'system')),
  content text NOT NULL,
  reply_to text COLLATE "C",
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (conversation_id, ordinal)
);
CREATE INDEX ix_messages_tenant_id ON messages (tenant_id, conversation_id, ordinal);

CREATE TABLE turns (
  message_id text COLLATE "C" PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  conversation_id text COLLATE "C" NOT NULL REFERENCES conversations ON DELETE CASCADE,
  intent text NOT NULL DEFAULT 'unknown',
  cached text,
  model text NOT NULL DEFAULT '',
  escalate boolean NOT NULL DEFAULT false,
  emergency boolean NOT NULL DEFAULT false,
  prompt_tokens integer NOT NULL DEFAULT 0,
  completion_tokens integer NOT NULL DEFAULT 0,
  first_token_ms double precision,
  total_ms double precision,
  trace jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_turns_tenant_id ON turns (tenant_id, conversation_id);
"""

VIEWS = """
CREATE VIEW conversation_logs WITH (security_invoker = true) AS
SELECT c.id, c.experiment_id, c.session_id, c.agent_config, c.agent_name,
       jsonb_build_object('messages', coalesce((
         SELECT jsonb_agg(jsonb_build_object(
                  'role', CASE WHEN m.role = 'user' THEN 'user' ELSE 'assistant' END, 'content', m.content)
                ORDER BY m.ordinal)
         FROM messages m WHERE m.conversation_id = c.id AND m.role <> 'system'), '[]'::jsonb)) AS transcript,
       coalesce(c.duration, round(extract(epoch FROM c.last_message_at - c.started_at)::numeric, 3)::double precision)
         AS duration,
       c.turn_count, c.user_satisfaction, c.task_completed, c.metadata, c.created_at, c.channel, c.tenant_id
FROM conversations c;

CREATE VIEW agent_configurations WITH (security_invoker = true) AS
SELECT id, name, scenario_type, definition -> 'prompts' AS prompts, definition -> 'voice_settings' AS voice_settings,
       definition -> 'conversation_flow' AS conversation_flow, is_active, created_at, updated_at, tenant_id
FROM agents;
"""

HOLDERS = """
-- A process holds an advisory lock for as long as it lives; the server drops it the moment the process is gone.
CREATE FUNCTION holder_lives(holder integer) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
  SELECT EXISTS (SELECT FROM pg_locks
                 WHERE locktype = 'advisory' AND classid = 7265003 AND objid = holder::oid AND objsubid = 2) $$;
"""

LOOKUPS = """
-- What has no tenant yet finds it here, and finds nothing else.
CREATE FUNCTION find_tenants(after text, most integer) RETURNS TABLE (tenant_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM tenants WHERE after IS NULL OR id < after ORDER BY id DESC LIMIT most $$;

CREATE FUNCTION find_first_tenant() RETURNS TABLE (tenant_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM tenants ORDER BY id LIMIT 1 $$;

CREATE FUNCTION find_user_by_email(wanted text) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM users WHERE email = wanted $$;

CREATE FUNCTION find_by_token(kind text, hash text) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM refresh_tokens WHERE kind = 'refresh' AND token_hash = hash
  UNION ALL SELECT tenant_id, id FROM api_keys WHERE kind = 'api_key' AND key_hash = hash
  UNION ALL SELECT tenant_id, token_hash FROM tickets WHERE kind = 'ticket' AND token_hash = hash $$;

CREATE FUNCTION find_owner(kind text, wanted text) RETURNS TABLE (tenant_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF kind NOT IN ('users', 'api_keys', 'agents', 'knowledge_documents', 'conversations') THEN
    RAISE EXCEPTION 'unknown kind %', kind;
  END IF;
  RETURN QUERY EXECUTE format('SELECT tenant_id FROM %I WHERE id = $1', kind) USING wanted;
END $$;
"""

TENANT_TABLES = (
    "users",
    "refresh_tokens",
    "api_keys",
    "tickets",
    "credentials",
    "audit_log",
    "agents",
    "agent_versions",
    "knowledge_documents",
    "knowledge_chunks",
    "knowledge_terms",
    "conversations",
    "messages",
    "turns",
)
LOOKUP_FUNCTIONS = (
    "find_tenants(text, integer)",
    "find_first_tenant()",
    "find_user_by_email(text)",
    "find_by_token(text, text)",
    "find_owner(text, text)",
)


def _run(script: str) -> None:
    """Several statements at once, as they stand: `%` and `:` mean nothing to the driver here."""
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(script)


def upgrade() -> None:
    for script in (ROLES, TENANTS, AGENTS, KNOWLEDGE, CONVERSATIONS, VIEWS, HOLDERS, LOOKUPS):
        _run(script)
    _hold_tenants_apart()
    _let_platform_look_up()
    _add_job_queue()


def _hold_tenants_apart() -> None:
    for table in ("tenants", *TENANT_TABLES):
        column = "id" if table == "tenants" else "tenant_id"
        own = f"{column} = current_setting('parley.tenant', true)"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {table} TO parley_app USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO parley_app")
    op.execute("GRANT SELECT ON conversation_logs, agent_configurations TO parley_app")
    op.execute("REVOKE UPDATE, DELETE ON audit_log FROM parley_app")
    op.execute("CREATE POLICY every_chunk ON knowledge_chunks FOR SELECT TO parley_search USING (true)")
    op.execute("GRANT SELECT ON knowledge_chunks TO parley_search")
    op.execute("REVOKE ALL ON FUNCTION match_chunks FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION match_chunks TO parley_app")
    op.execute("GRANT CREATE ON SCHEMA public TO parley_search")
    op.execute("ALTER FUNCTION match_chunks OWNER TO parley_search")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_search")


def _let_platform_look_up() -> None:
    """The look-ups run as a role of their own that may read just what they compare and return."""
    readable = {
        "tenants": "id",
        "users": "tenant_id, id, email",
        "refresh_tokens": "tenant_id, id, token_hash",
        "api_keys": "tenant_id, id, key_hash",
        "tickets": "tenant_id, token_hash",
        "agents": "tenant_id, id",
        "knowledge_documents": "tenant_id, id",
        "conversations": "tenant_id, id",
    }
    op.execute("GRANT CREATE ON SCHEMA public TO parley_lookup")
    for table, columns in readable.items():
        op.execute(f"CREATE POLICY look_up ON {table} FOR SELECT TO parley_lookup USING (true)")
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO parley_lookup")
    for function in LOOKUP_FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO parley_platform")
        op.execute(f"ALTER FUNCTION {function} OWNER TO parley_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_lookup")


def _add_job_queue() -> None:
    _run(SchemaManager.get_schema())
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events,"
        " procrastinate_periodic_defers, procrastinate_workers TO parley_app"
    )
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO parley_app")
