"""Recordings in sealed pieces, written while the talk goes on, and finished where the process that wrote them died."""

from alembic import op

from parley.app.migrations.isolation import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

RECORDINGS = """
-- `key`: what the pieces are sealed with, sealed itself; null where the recording is older and one plain file.
-- `pieces` of `piece_bytes` each (the last may be shorter) are written, by the process `holder`, last at `touched_at`.
ALTER TABLE recordings
  ADD COLUMN key bytea,
  ADD COLUMN pieces integer NOT NULL DEFAULT 0,
  ADD COLUMN piece_bytes integer NOT NULL DEFAULT 0,
  ADD COLUMN holder integer,
  ADD COLUMN touched_at timestamptz;
DROP FUNCTION find_doomed_recordings(integer);
CREATE FUNCTION find_doomed_recordings(most integer) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM recordings
  WHERE conversation_id IS NULL
     OR (status = 'writing' AND holder IS NULL AND created_at < now() - interval '1 hour') LIMIT most $$;
CREATE FUNCTION find_broken_recordings(most integer) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM recordings
  WHERE status = 'writing' AND conversation_id IS NOT NULL AND holder IS NOT NULL
    AND (NOT holder_lives(holder) OR touched_at < now() - interval '10 minutes') LIMIT most $$;
"""


def upgrade() -> None:
    run(RECORDINGS)
    op.execute("GRANT SELECT (holder, touched_at) ON recordings TO parley_lookup")
    op.execute("GRANT CREATE ON SCHEMA public TO parley_lookup")
    for name in ("find_doomed_recordings", "find_broken_recordings"):
        op.execute(f"REVOKE ALL ON FUNCTION {name}(integer) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}(integer) TO parley_platform")
        op.execute(f"ALTER FUNCTION {name}(integer) OWNER TO parley_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_lookup")
