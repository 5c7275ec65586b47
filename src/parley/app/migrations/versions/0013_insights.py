"""What analytics reads: counters of a conversation beside its turns, and the views over both."""

from parley.app.migrations.isolation import run

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

COUNTERS = """
ALTER TABLE conversations
  ADD COLUMN prompt_tokens bigint NOT NULL DEFAULT 0,
  ADD COLUMN completion_tokens bigint NOT NULL DEFAULT 0,
  ADD COLUMN cost_micros bigint NOT NULL DEFAULT 0,
  ADD COLUMN cache_hits integer NOT NULL DEFAULT 0,
  ADD COLUMN handed_over boolean NOT NULL DEFAULT false,
  ADD COLUMN emergency boolean NOT NULL DEFAULT false;
ALTER TABLE turns ADD COLUMN cost_micros bigint NOT NULL DEFAULT 0;

UPDATE conversations c SET
  prompt_tokens = t.prompt_tokens, completion_tokens = t.completion_tokens, cache_hits = t.cache_hits,
  handed_over = t.handed_over, emergency = t.emergency
FROM (SELECT conversation_id, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
             count(cached) AS cache_hits, bool_or(escalate) AS handed_over, bool_or(emergency) AS emergency
      FROM turns GROUP BY conversation_id) t
WHERE t.conversation_id = c.id;

CREATE INDEX ix_conversations_started_at ON conversations (tenant_id, started_at);
CREATE INDEX ix_turns_created_at ON turns (tenant_id, created_at);
CREATE INDEX ix_reservations_created_at ON reservations (tenant_id, created_at);
CREATE INDEX ix_leads_created_at ON leads (tenant_id, created_at);
"""

VIEWS = """
CREATE VIEW conversation_facts WITH (security_invoker = true) AS
SELECT c.id, c.tenant_id, c.agent_id, c.channel, c.language, c.status, c.started_at AS at, c.turn_count,
       c.task_completed, c.user_satisfaction, c.handed_over AS escalated, c.emergency,
       c.cache_hits, c.prompt_tokens, c.completion_tokens, c.cost_micros,
       coalesce(c.duration, extract(epoch FROM c.last_message_at - c.started_at)::double precision) AS duration
FROM conversations c;

CREATE VIEW turn_facts WITH (security_invoker = true) AS
SELECT t.message_id, t.tenant_id, t.conversation_id, t.created_at AS at, t.intent, t.cached, t.model, t.escalate,
       t.emergency, t.prompt_tokens, t.completion_tokens, t.cost_micros, t.first_token_ms, t.total_ms,
       t.trace -> 'steps' AS steps
FROM turns t;

CREATE VIEW record_facts WITH (security_invoker = true) AS
SELECT 'booking' AS kind, r.tenant_id, r.conversation_id, r.created_at AS at FROM reservations r
WHERE r.status IN ('confirmed', 'requested')
UNION ALL
SELECT 'lead', l.tenant_id, l.conversation_id, l.created_at FROM leads l;
"""


def upgrade() -> None:
    run(COUNTERS)
    run(VIEWS)
    run("GRANT SELECT ON conversation_facts, turn_facts, record_facts TO parley_app")
