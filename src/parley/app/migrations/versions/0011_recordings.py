"""The streams over which a carrier hands us the sound of a call, and recordings."""

from alembic import op

from parley.app.migrations.isolation import hold_apart, let_find_owner, run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STREAMS = """
-- One per call under way: the hashed one-time secret of the stream that is to come, or the process that has taken it.
CREATE TABLE call_streams (
  call_id text COLLATE "C" PRIMARY KEY REFERENCES call_records ON DELETE CASCADE,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  token_hash text COLLATE "C" UNIQUE,
  expires_at timestamptz NOT NULL,
  holder integer
);
CREATE INDEX ix_call_streams_tenant_id ON call_streams (tenant_id, call_id);
"""

RECORDINGS = """
-- Without its conversation a recording is nobody's: its file is removed, and then its row.
CREATE TABLE recordings (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  conversation_id text COLLATE "C" REFERENCES conversations ON DELETE SET NULL,
  status text NOT NULL CHECK (status IN ('writing', 'ready')),
  started_at timestamptz NOT NULL,
  duration_ms integer NOT NULL CHECK (duration_ms >= 0),
  size bigint NOT NULL CHECK (size >= 0),
  timeline jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_recordings_tenant_id ON recordings (tenant_id, id);
CREATE INDEX ix_recordings_conversation_id ON recordings (conversation_id);
CREATE INDEX ix_recordings_started_at ON recordings (tenant_id, started_at);
CREATE INDEX ix_recordings_doomed ON recordings (id) WHERE conversation_id IS NULL OR status = 'writing';

CREATE FUNCTION find_doomed_recordings(most integer) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM recordings
  WHERE conversation_id IS NULL OR (status = 'writing' AND created_at < now() - interval '1 hour') LIMIT most $$;
"""


def upgrade() -> None:
    run(STREAMS)
    run(RECORDINGS)
    hold_apart("call_streams", "recordings")
    let_find_owner("recordings")
    op.execute("GRANT SELECT (conversation_id, status, created_at) ON recordings TO parley_lookup")
    op.execute("GRANT CREATE ON SCHEMA public TO parley_lookup")
    op.execute("REVOKE ALL ON FUNCTION find_doomed_recordings(integer) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION find_doomed_recordings(integer) TO parley_platform")
    op.execute("ALTER FUNCTION find_doomed_recordings(integer) OWNER TO parley_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_lookup")
