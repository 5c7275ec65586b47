"""Prompts under experiment, their revisions, assignments and outcomes."""

from alembic import op

from parley.app.migrations.isolation import hold_apart, let_find_owner, run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE tenants ADD COLUMN prompts_revision bigint NOT NULL DEFAULT 0;

CREATE TABLE experiment_prompts (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  name text NOT NULL,
  agent_config text,
  agent_name text,
  agent_id text COLLATE "C" REFERENCES agents ON DELETE SET NULL,
  system_prompt text NOT NULL,
  instructions text,
  temperature double precision NOT NULL DEFAULT 0.8,
  max_tokens integer,
  voice text,
  variables jsonb NOT NULL DEFAULT '{}',
  description text,
  tags text[] NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true,
  weight double precision NOT NULL DEFAULT 1 CHECK (weight >= 0),
  revision integer NOT NULL DEFAULT 1,
  success_rate double precision,
  avg_duration double precision,
  total_runs bigint NOT NULL DEFAULT 0,
  running bigint NOT NULL DEFAULT 0,
  outcomes bigint NOT NULL DEFAULT 0,
  successes bigint NOT NULL DEFAULT 0,
  durations bigint NOT NULL DEFAULT 0,
  duration_sum numeric NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_experiment_prompts_tenant_id ON experiment_prompts (tenant_id, id);
CREATE INDEX ix_experiment_prompts_agent_id ON experiment_prompts (agent_id) WHERE agent_id IS NOT NULL;

CREATE TABLE experiment_revisions (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  prompt_id text COLLATE "C" NOT NULL,  -- may be gone: conversations keep the text they were answered from
  revision integer NOT NULL,
  name text NOT NULL,
  system_prompt text NOT NULL,
  instructions text,
  temperature double precision NOT NULL,
  max_tokens integer,
  voice text,
  variables jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (prompt_id, revision)
);
CREATE INDEX ix_experiment_revisions_tenant_id ON experiment_revisions (tenant_id, prompt_id);
CREATE TRIGGER experiment_revisions_immutable BEFORE UPDATE ON experiment_revisions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE experiment_tallies (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  prompt_id text COLLATE "C" NOT NULL,
  revision integer NOT NULL,
  runs bigint NOT NULL DEFAULT 0,
  outcomes bigint NOT NULL DEFAULT 0,
  successes bigint NOT NULL DEFAULT 0,
  durations bigint NOT NULL DEFAULT 0,
  duration_sum numeric NOT NULL DEFAULT 0,
  duration_squares numeric NOT NULL DEFAULT 0,
  ratings bigint NOT NULL DEFAULT 0,
  rating_sum bigint NOT NULL DEFAULT 0,
  rating_squares bigint NOT NULL DEFAULT 0,
  judged bigint NOT NULL DEFAULT 0,
  escalations bigint NOT NULL DEFAULT 0,
  metered bigint NOT NULL DEFAULT 0,
  token_sum bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (prompt_id, revision)
);
CREATE INDEX ix_experiment_tallies_tenant_id ON experiment_tallies (tenant_id, prompt_id);

CREATE TABLE experiment_assignments (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  agent_id text COLLATE "C" NOT NULL REFERENCES agents ON DELETE CASCADE,
  unit bytea NOT NULL,  -- a keyed digest of who it is: nobody can read a telephone number from it
  prompt_id text COLLATE "C" NOT NULL,
  assigned_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, agent_id, unit)
);
CREATE INDEX ix_experiment_assignments_agent_id ON experiment_assignments (agent_id);
CREATE INDEX ix_experiment_assignments_unit ON experiment_assignments (tenant_id, unit);

CREATE TABLE experiment_settings (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  scope text COLLATE "C" NOT NULL,  -- agent_config:<key> or agent_id:<id>
  rules jsonb NOT NULL,
  watched boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, scope)
);
CREATE INDEX ix_experiment_settings_tenant_id ON experiment_settings (tenant_id, id);
CREATE INDEX ix_experiment_settings_watched ON experiment_settings (id) WHERE watched;

ALTER TABLE conversations
  ADD COLUMN experiment_revision integer,
  ADD COLUMN escalated boolean,
  ADD COLUMN tokens bigint,
  ADD COLUMN judged_at timestamptz;
CREATE INDEX ix_conversations_experiment_id ON conversations (tenant_id, experiment_id, id)
  WHERE experiment_id IS NOT NULL;
CREATE INDEX ix_conversations_session_id ON conversations (tenant_id, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX ix_conversations_unjudged ON conversations (last_message_at) WHERE judged_at IS NULL;
"""

# Counters change in the transaction that changes a conversation, whoever changes it: they are exact at every commit.
# A prompt is locked before its tally, prompts in the order of their ids.
COUNTERS = """
CREATE FUNCTION add_to_tally(change experiment_tallies, more_running bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE experiment_prompts p SET
    total_runs = p.total_runs + change.runs,
    running = p.running + more_running,
    outcomes = p.outcomes + change.outcomes,
    successes = p.successes + change.successes,
    durations = p.durations + change.durations,
    duration_sum = p.duration_sum + change.duration_sum,
    success_rate = CASE WHEN p.outcomes + change.outcomes > 0
      THEN (100 * (p.successes + change.successes)::numeric / (p.outcomes + change.outcomes))::double precision END,
    avg_duration = CASE WHEN p.durations + change.durations > 0
      THEN ((p.duration_sum + change.duration_sum) / (p.durations + change.durations))::double precision END
  WHERE p.tenant_id = change.tenant_id AND p.id = change.prompt_id;
  UPDATE experiment_tallies t SET
    runs = t.runs + change.runs,
    outcomes = t.outcomes + change.outcomes,
    successes = t.successes + change.successes,
    durations = t.durations + change.durations,
    duration_sum = t.duration_sum + change.duration_sum,
    duration_squares = t.duration_squares + change.duration_squares,
    ratings = t.ratings + change.ratings,
    rating_sum = t.rating_sum + change.rating_sum,
    rating_squares = t.rating_squares + change.rating_squares,
    judged = t.judged + change.judged,
    escalations = t.escalations + change.escalations,
    metered = t.metered + change.metered,
    token_sum = t.token_sum + change.token_sum
  WHERE t.tenant_id = change.tenant_id AND t.prompt_id = change.prompt_id AND t.revision = change.revision;
END $$;

CREATE FUNCTION tally_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change record;
BEGIN
  FOR change IN
    SELECT ROW(tenant_id, experiment_id, coalesce(experiment_revision, 1), count(*),
             count(task_completed), count(*) FILTER (WHERE task_completed),
             count(duration), coalesce(sum(duration::numeric), 0), coalesce(sum(duration::numeric ^ 2), 0),
             count(user_satisfaction), coalesce(sum(user_satisfaction), 0), coalesce(sum(user_satisfaction ^ 2), 0),
             count(escalated), count(*) FILTER (WHERE escalated), count(tokens), coalesce(sum(tokens), 0)
           )::experiment_tallies AS tally,
           count(*) FILTER (WHERE status = 'open' AND judged_at IS NULL) AS running
    FROM added WHERE experiment_id IS NOT NULL
    GROUP BY tenant_id, experiment_id, coalesce(experiment_revision, 1)
    ORDER BY experiment_id, coalesce(experiment_revision, 1)
  LOOP
    PERFORM add_to_tally(change.tally, change.running);
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION tally_removed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change record;
BEGIN
  FOR change IN
    SELECT ROW(tenant_id, experiment_id, coalesce(experiment_revision, 1), -count(*),
             -count(task_completed), -count(*) FILTER (WHERE task_completed),
             -count(duration), -coalesce(sum(duration::numeric), 0), -coalesce(sum(duration::numeric ^ 2), 0),
             -count(user_satisfaction), -coalesce(sum(user_satisfaction), 0),
             -coalesce(sum(user_satisfaction ^ 2), 0),
             -count(escalated), -count(*) FILTER (WHERE escalated), -count(tokens), -coalesce(sum(tokens), 0)
           )::experiment_tallies AS tally,
           -count(*) FILTER (WHERE status = 'open' AND judged_at IS NULL) AS running
    FROM removed WHERE experiment_id IS NOT NULL
    GROUP BY tenant_id, experiment_id, coalesce(experiment_revision, 1)
    ORDER BY experiment_id, coalesce(experiment_revision, 1)
  LOOP
    PERFORM add_to_tally(change.tally, change.running);
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION tally_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change record;
BEGIN
  FOR change IN
    SELECT ROW(tenant_id, experiment_id, revision, sum(sign),
             sum(sign * (task_completed IS NOT NULL)::int), sum(sign * (task_completed IS TRUE)::int),
             sum(sign * (duration IS NOT NULL)::int),
             coalesce(sum(sign * duration::numeric), 0), coalesce(sum(sign * duration::numeric ^ 2), 0),
             sum(sign * (satisfaction IS NOT NULL)::int),
             coalesce(sum(sign * satisfaction), 0), coalesce(sum(sign * satisfaction ^ 2), 0),
             sum(sign * (escalated IS NOT NULL)::int), sum(sign * (escalated IS TRUE)::int),
             sum(sign * (tokens IS NOT NULL)::int), coalesce(sum(sign * tokens), 0)
           )::experiment_tallies AS tally,
           sum(sign * alive::int) AS running
    FROM (VALUES
      (-1, OLD.tenant_id, OLD.experiment_id, coalesce(OLD.experiment_revision, 1), OLD.task_completed, OLD.duration,
       OLD.user_satisfaction, OLD.escalated, OLD.tokens, OLD.status = 'open' AND OLD.judged_at IS NULL),
      (1, NEW.tenant_id, NEW.experiment_id, coalesce(NEW.experiment_revision, 1), NEW.task_completed, NEW.duration,
       NEW.user_satisfaction, NEW.escalated, NEW.tokens, NEW.status = 'open' AND NEW.judged_at IS NULL)
    ) AS v (sign, tenant_id, experiment_id, revision, task_completed, duration, satisfaction, escalated, tokens, alive)
    WHERE experiment_id IS NOT NULL
    GROUP BY tenant_id, experiment_id, revision ORDER BY experiment_id, revision
  LOOP
    PERFORM add_to_tally(change.tally, change.running);
  END LOOP;
  RETURN NULL;
END $$;

CREATE TRIGGER conversations_tally_added AFTER INSERT ON conversations
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tally_added();
CREATE TRIGGER conversations_tally_removed AFTER DELETE ON conversations
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION tally_removed();
CREATE TRIGGER conversations_tally_changed AFTER UPDATE ON conversations FOR EACH ROW
  WHEN ((OLD.experiment_id IS NOT NULL OR NEW.experiment_id IS NOT NULL)
    AND (OLD.experiment_id, OLD.experiment_revision, OLD.task_completed, OLD.duration, OLD.user_satisfaction,
         OLD.escalated, OLD.tokens, OLD.status, OLD.judged_at IS NULL)
      IS DISTINCT FROM
        (NEW.experiment_id, NEW.experiment_revision, NEW.task_completed, NEW.duration, NEW.user_satisfaction,
         NEW.escalated, NEW.tokens, NEW.status, NEW.judged_at IS NULL))
  EXECUTE FUNCTION tally_changed();

-- Whoever comes back after a silence that counted as the end goes on: there will be another outcome.
CREATE FUNCTION judge_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.judged_at := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER conversations_judge_again BEFORE UPDATE ON conversations FOR EACH ROW
  WHEN (OLD.judged_at IS NOT NULL AND OLD.status = 'open' AND NEW.message_count > OLD.message_count)
  EXECUTE FUNCTION judge_again();
"""

LOOKUPS = """
CREATE FUNCTION find_idle_conversations(before timestamptz, most integer) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM conversations
  WHERE judged_at IS NULL AND last_message_at < before ORDER BY last_message_at LIMIT most $$;

CREATE FUNCTION find_watched_experiments(after text, most integer) RETURNS TABLE (tenant_id text, id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, id FROM experiment_settings
  WHERE watched AND (after IS NULL OR id > after) ORDER BY id LIMIT most $$;
"""

TENANT_TABLES = (
    "experiment_prompts",
    "experiment_revisions",
    "experiment_tallies",
    "experiment_assignments",
    "experiment_settings",
)
LOOKUP_FUNCTIONS = ("find_idle_conversations(timestamptz, integer)", "find_watched_experiments(text, integer)")


def upgrade() -> None:
    run(TABLES)
    run(COUNTERS)
    hold_apart(*TENANT_TABLES)
    let_find_owner("experiment_prompts", "experiment_settings")
    run(LOOKUPS)
    op.execute("GRANT SELECT (judged_at, last_message_at) ON conversations TO parley_lookup")
    op.execute("GRANT SELECT (watched) ON experiment_settings TO parley_lookup")
    op.execute("GRANT CREATE ON SCHEMA public TO parley_lookup")
    for function in LOOKUP_FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO parley_platform")
        op.execute(f"ALTER FUNCTION {function} OWNER TO parley_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM parley_lookup")
