"""Words are matched with fewer reads of the tenant's own list in the index."""

from alembic import op

from parley.app.migrations.isolation import run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MATCH = """
-- As before: operators on tsvector are not leakproof, so this runs as a role that sees every chunk and applies the
-- session's tenant itself, and looks words up in the index alone. Only `rarest`, the words that pick the candidates,
-- are intersected with the tenant's tag, whose list in the index is as long as the tenant is large; each of `others`
-- says itself that one of the rarest must stand beside it, which leaves few chunks whoever they belong to, and what is
-- another tenant's is dropped. The inner LIMITs bound what a word costs that stands in every chunk, and keep the
-- planner from any other index.
DROP FUNCTION match_chunks(tsquery, tsquery[], real[], integer);
CREATE FUNCTION match_chunks(rarest tsquery[], rarest_weights real[], others tsquery[], others_weights real[],
                             most integer)
RETURNS TABLE (chunk_id text, score real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT one.id, sum(one.weight)::real AS score
  FROM (
    SELECT found.id, q.weight
    FROM unnest(rarest, rarest_weights) AS q (word, weight), LATERAL (
      SELECT c.id, c.tenant_id FROM knowledge_chunks c
      WHERE c.lexemes @@ (('''tenant:' || current_setting('parley.tenant', true) || '''')::tsquery && q.word)
      LIMIT 2000) AS found
    WHERE found.tenant_id = current_setting('parley.tenant', true)
    UNION ALL
    SELECT found.id, q.weight
    FROM unnest(others, others_weights) AS q (word, weight), LATERAL (
      SELECT c.id, c.tenant_id FROM knowledge_chunks c WHERE c.lexemes @@ q.word LIMIT 2000) AS found
    WHERE found.tenant_id = current_setting('parley.tenant', true)
  ) AS one
  GROUP BY one.id
  ORDER BY score DESC, one.id
  LIMIT most
$$;
"""


def upgrade() -> None:
    run(MATCH)
    op.execute("REVOKE ALL ON FUNCTION match_chunks FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION match_chunks TO parley_app")
    op.execute("GRANT CREATE ON SCHEMA public TO parley_search")
    op.execute("ALTER FUNCTION match_chunks OWNER TO parley_search")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_search")
