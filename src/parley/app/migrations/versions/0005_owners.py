"""`find_owner` answers for every table that is opened to look-up by id."""

from parley.app.migrations.isolation import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LOOKUPS = """
CREATE OR REPLACE FUNCTION find_owner(kind text, wanted text) RETURNS TABLE (tenant_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_policies WHERE schemaname = 'public' AND tablename = kind AND policyname = 'look_up')
     OR NOT EXISTS (SELECT FROM information_schema.columns
                    WHERE table_schema = 'public' AND table_name = kind AND column_name = 'id') THEN
    RAISE EXCEPTION 'unknown kind %', kind;
  END IF;
  RETURN QUERY EXECUTE format('SELECT tenant_id FROM %I WHERE id = $1', kind) USING wanted;
END $$;
"""


def upgrade() -> None:
    run(LOOKUPS)
