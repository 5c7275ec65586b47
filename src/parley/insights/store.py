"""The questions, as SQL over the views `conversation_facts`, `turn_facts` and `record_facts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Which conversations count: those that began in the window. None stands for no bound.
_WITHIN = """
  tenant_id = :tenant_id
  AND (cast(:since AS timestamptz) IS NULL OR at >= :since) AND (cast(:until AS timestamptz) IS NULL OR at < :until)"""
_OF_AGENT = """
  AND (cast(:agent_id AS text) IS NULL OR agent_id = :agent_id)
  AND (cast(:channel AS text) IS NULL OR channel = :channel)"""
# Rows without an agent and a channel of their own take their conversation's; only where those are asked for.
_OF_CONVERSATION = "/* of conversation */"
_NARROWED = """
  AND conversation_id IN (
    SELECT id FROM conversation_facts WHERE tenant_id = :tenant_id
      AND (cast(:agent_id AS text) IS NULL OR agent_id = :agent_id)
      AND (cast(:channel AS text) IS NULL OR channel = :channel))"""

_OVERVIEW = f"""
SELECT count(*) AS conversations, count(*) FILTER (WHERE status = 'open') AS open,
       coalesce(sum(turn_count), 0) AS turns, count(*) FILTER (WHERE turn_count > 0) AS talked,
       count(*) FILTER (WHERE escalated AND turn_count > 0) AS escalated,
       count(*) FILTER (WHERE emergency) AS emergencies, coalesce(sum(cache_hits), 0) AS cache_hits,
       count(user_satisfaction) AS rated, avg(user_satisfaction)::double precision AS satisfaction,
       count(task_completed) AS judged, count(*) FILTER (WHERE task_completed) AS completed,
       avg(duration) AS average_duration,
       coalesce(sum(prompt_tokens), 0) AS prompt_tokens, coalesce(sum(completion_tokens), 0) AS completion_tokens,
       coalesce(sum(cost_micros), 0) AS cost_micros
FROM conversation_facts WHERE {_WITHIN} {_OF_AGENT}"""  # noqa: S608 - only constants are put together here

_COST = f"""
SELECT coalesce(sum(cost_micros), 0) AS cost_micros FROM turn_facts WHERE {_WITHIN} {_OF_CONVERSATION}"""  # noqa: S608

_RECORDS = f"""
SELECT kind, count(*) AS made FROM record_facts WHERE {_WITHIN} {_OF_CONVERSATION} GROUP BY kind"""  # noqa: S608

_SERIES = f"""
WITH talks AS (
  SELECT date_trunc(:interval, at, :timezone) AS bucket, count(*) AS conversations, sum(turn_count) AS turns,
         count(*) FILTER (WHERE escalated) AS escalations, sum(prompt_tokens + completion_tokens) AS tokens,
         sum(cost_micros) AS cost_micros, avg(user_satisfaction)::double precision AS satisfaction
  FROM conversation_facts WHERE {_WITHIN} {_OF_AGENT} GROUP BY bucket),
made AS (
  SELECT date_trunc(:interval, at, :timezone) AS bucket, count(*) FILTER (WHERE kind = 'booking') AS bookings,
         count(*) FILTER (WHERE kind = 'lead') AS leads
  FROM record_facts WHERE {_WITHIN} {_OF_CONVERSATION} GROUP BY bucket)
SELECT coalesce(talks.bucket, made.bucket) AS at, coalesce(conversations, 0) AS conversations,
       coalesce(turns, 0) AS turns, coalesce(escalations, 0) AS escalations, coalesce(bookings, 0) AS bookings,
       coalesce(leads, 0) AS leads, satisfaction, coalesce(tokens, 0) AS tokens,
       coalesce(cost_micros, 0) AS cost_micros
FROM talks FULL JOIN made ON talks.bucket = made.bucket ORDER BY 1 LIMIT :most"""  # noqa: S608

_INTENTS = f"""
SELECT intent, count(*) AS turns, count(DISTINCT conversation_id) AS conversations, count(cached) AS cached,
       count(*) FILTER (WHERE escalate) AS escalated
FROM turn_facts WHERE {_WITHIN} {_OF_CONVERSATION} GROUP BY intent ORDER BY turns DESC, intent"""  # noqa: S608

_RECENT = f"""
recent AS (
  SELECT first_token_ms, total_ms, steps FROM turn_facts WHERE {_WITHIN} {_OF_CONVERSATION}
  ORDER BY at DESC LIMIT :most)"""  # noqa: S608

_LATENCY = f"""
WITH {_RECENT}
SELECT count(*) AS turns,
       percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY first_token_ms) AS first_token_ms,
       percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY total_ms) AS total_ms
FROM recent"""  # noqa: S608

_STEPS = f"""
WITH {_RECENT}
SELECT step ->> 'step' AS name, count(*) AS turns,
       percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY (step ->> 'ms')::double precision) AS ms
FROM recent, jsonb_array_elements(steps) AS step WHERE step ? 'ms'
GROUP BY name ORDER BY min((step ->> 'at_ms')::double precision), name"""  # noqa: S608

_USAGE = f"""
SELECT (date_trunc('day', at, :timezone) AT TIME ZONE :timezone)::date AS day, model, count(*) AS turns,
       sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens, sum(cost_micros) AS cost_micros
FROM turn_facts WHERE {_WITHIN} {_OF_CONVERSATION} AND model <> '' GROUP BY day, model
ORDER BY day DESC, model LIMIT :most"""  # noqa: S608

_QUESTIONS = {
    "overview": _OVERVIEW,
    "cost": _COST,
    "records": _RECORDS,
    "series": _SERIES,
    "intents": _INTENTS,
    "latency": _LATENCY,
    "steps": _STEPS,
    "usage": _USAGE,
}
_WIDE = {name: text(sql.replace(_OF_CONVERSATION, "")) for name, sql in _QUESTIONS.items()}
_NARROW = {name: text(sql.replace(_OF_CONVERSATION, _NARROWED)) for name, sql in _QUESTIONS.items()}


async def ask(connection: AsyncConnection, question: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of one question. `values`: tenant_id, since, until, agent_id, channel, and what else it names."""
    narrowed = values["agent_id"] is not None or values["channel"] is not None
    statement = (_NARROW if narrowed else _WIDE)[question]
    rows = await connection.execute(statement, dict(values))
    return [dict(row) for row in rows.mappings()]
