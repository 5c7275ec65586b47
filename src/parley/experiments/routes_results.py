"""What prompts came to, over HTTP: the comparison, its rules, revisions and what differs between them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from parley.experiments.prompt import Arm, Rules, Tally
from parley.experiments.prompts import Scope
from parley.experiments.routes import PromptEnvelope, PromptsHere
from parley.experiments.sentence import sentence_of
from parley.experiments.verdict import ArmVerdict, Comparison, Verdict
from parley.kit.web import ERRORS, Body, Read, list_model
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(prefix="/api/prompts", tags=["prompts"], responses=ERRORS)

Points = tuple[float, float]


class HarmOut(BaseModel):
    """`least`: by how much it is worse, at the least; a share (0..1), or stars."""

    measure: Literal["success", "escalation", "satisfaction"]
    least: float


class ArmOut(BaseModel):
    """Rates, intervals and losses in percent. The interval holds at all times, however often one looks."""

    prompt_id: str
    name: str
    revision: int
    is_active: bool
    weight: float
    runs: int
    outcomes: int
    successes: int
    success_rate: float | None
    interval: Points
    avg_duration: float | None
    satisfaction: float | None
    escalation_rate: float | None
    avg_tokens: float | None
    probability_best: float
    expected_loss: float
    outcomes_missing: int
    verdict: Literal["winner", "loser", "harmful", "undecided"]
    harms: list[HarmOut]


class ComparisonOut(BaseModel):
    """`better` lies above `worse` by `points` of a hundred; the p-value is always valid."""

    better: str
    worse: str
    points: float
    interval: Points
    p_value: float
    is_decided: bool


class CompareOut(BaseModel):
    arms: list[ArmOut]
    comparisons: list[ComparisonOut]
    verdict: Literal["decided", "undecided"]
    winner: str | None
    sentence: str
    planned_outcomes: int | None = Field(description="Per arm, for a test with a single look.")
    rules: Rules


class RulesIn(Rules, Body):
    """Of one agent (agent_id), or of all agents of a config key."""

    agent_config: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    agent_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [{"agent_config": "customerServiceRetail", "allocation": "adaptive", "auto_stop": True}]
        },
    )

    @model_validator(mode="after")
    def _one(self) -> RulesIn:
        if (self.agent_config is None) == (self.agent_id is None):
            raise ValueError("exactly one of agent_config and agent_id is needed")
        return self


class TallyOut(BaseModel):
    runs: int
    outcomes: int
    success_rate: float | None
    avg_duration: float | None
    satisfaction: float | None


class RevisionOut(Read):
    revision: int
    name: str
    system_prompt: str
    instructions: str | None
    temperature: float
    max_tokens: int | None
    voice: str | None
    variables: dict[str, str]
    created_at: datetime
    results: TallyOut


class ChangeOut(Read):
    """`lines`: a unified diff, where the field is text."""

    field: str
    before: Any
    after: Any
    lines: list[str]


class ChangesOut(BaseModel):
    changes: list[ChangeOut]


@router.get("/compare", response_model=CompareOut)
async def compare_prompts(
    who: MayRead,
    prompts: PromptsHere,
    access: AccessHere,
    tenant_id: TenantFilter = None,
    agent_config: str | None = None,
    agent_name: str | None = None,
    agent_id: str | None = None,
    language: Annotated[Literal["en", "de"], Query(description="Of the sentence.")] = "en",
) -> Any:
    """Which arm is better, beyond doubt or not yet. One may look at it every minute: that does not make a false
    winner more likely. Without a filter all prompts of the business are compared."""
    tenant = await access.tenant_for(who, tenant_id)
    verdict = await prompts.compare(tenant, Scope(agent_id, agent_config, agent_name))
    return _shown(verdict, language)


@router.get("/rules", response_model=Rules)
async def get_rules(
    who: MayRead,
    prompts: PromptsHere,
    access: AccessHere,
    tenant_id: TenantFilter = None,
    agent_config: str | None = None,
    agent_id: str | None = None,
) -> Any:
    """How the arms of an agent are assigned, compared, stopped and promoted."""
    tenant = await access.tenant_for(who, tenant_id)
    return await prompts.rules(tenant, Scope(agent_id, agent_config))


@router.put("/rules", response_model=Rules)
async def set_rules(body: RulesIn, who: MayWrite, prompts: PromptsHere, access: AccessHere) -> Any:
    """Put the rules in place; what is left out returns to its default. What then happens by itself is audited."""
    tenant = await access.tenant_for(who, body.tenant_id)
    rules = Rules.model_validate(body.model_dump(include=set(Rules.model_fields)))
    return await prompts.set_rules(who, tenant, Scope(body.agent_id, body.agent_config), rules)


@router.post("/{prompt_id}/promote", response_model=PromptEnvelope)
async def promote_prompt(prompt_id: str, who: MayWrite, prompts: PromptsHere, access: AccessHere) -> Any:
    """Let this prompt answer alone: the other arms for the same agents are stopped."""
    tenant = await access.owner_of(who, "experiment_prompts", prompt_id)
    return {"prompt": await prompts.promote(who, tenant, prompt_id)}


@router.get("/{prompt_id}/revisions", response_model=list_model("revisions", RevisionOut))
async def list_revisions(
    prompt_id: str,
    who: MayRead,
    prompts: PromptsHere,
    access: AccessHere,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> Any:
    """Every text the prompt has had, newest first, with what it came to."""
    tenant = await access.owner_of(who, "experiment_prompts", prompt_id)
    before = min(int(cursor), 2**31 - 1) if cursor and cursor.isdecimal() else None
    found = await prompts.revisions(tenant, prompt_id, limit, before)
    more = len(found) > limit
    shown = [_revision(arm, tally) for arm, tally in found[:limit]]
    return {"revisions": shown, "next_cursor": str(found[limit - 1][0].revision) if more else None}


Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/{prompt_id}/diff", response_model=ChangesOut)
async def diff_revisions(
    prompt_id: str,
    who: MayRead,
    prompts: PromptsHere,
    access: AccessHere,
    before: Number = None,
    after: Number = None,
) -> Any:
    """What differs between two revisions: without numbers, what the last change changed."""
    tenant = await access.owner_of(who, "experiment_prompts", prompt_id)
    return {"changes": await prompts.changes(tenant, prompt_id, before, after)}


def _shown(verdict: Verdict, language: str) -> dict[str, Any]:
    decided = any(one.is_decided for one in verdict.comparisons)
    return {
        "arms": [_arm(one) for one in verdict.arms],
        "comparisons": [_comparison(one) for one in verdict.comparisons],
        "verdict": "decided" if decided else "undecided",
        "winner": verdict.winner,
        "sentence": sentence_of(verdict, language),
        "planned_outcomes": verdict.planned,
        "rules": verdict.rules,
    }


_DIGITS = 6


def _arm(one: ArmVerdict) -> dict[str, Any]:
    arm, tally = one.arm, one.arm.tally
    low, high = one.interval
    return {
        "prompt_id": arm.prompt_id,
        "name": arm.name,
        "revision": arm.revision,
        "is_active": arm.is_active,
        "weight": arm.weight,
        "runs": tally.runs,
        "outcomes": tally.outcomes,
        "successes": tally.successes,
        "success_rate": _percent(tally.successes, tally.outcomes),
        "interval": (_points(low), _points(high)),
        "avg_duration": _mean(tally.duration_sum, tally.durations),
        "satisfaction": _mean(tally.rating_sum, tally.ratings),
        "escalation_rate": _percent(tally.escalations, tally.judged),
        "avg_tokens": _mean(tally.token_sum, tally.metered),
        "probability_best": round(one.probability_best, _DIGITS),
        "expected_loss": _points(one.expected_loss),
        "outcomes_missing": one.missing,
        "verdict": one.standing,
        "harms": [asdict(harm) for harm in one.harms],
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    found = one.difference
    return {
        "better": one.better,
        "worse": one.worse,
        "points": _points(found.estimate),
        "interval": (_points(found.low), _points(found.high)),
        "p_value": found.p_value,
        "is_decided": one.is_decided,
    }


def _revision(arm: Arm, tally: Tally) -> dict[str, Any]:
    results = {
        "runs": tally.runs,
        "outcomes": tally.outcomes,
        "success_rate": _percent(tally.successes, tally.outcomes),
        "avg_duration": _mean(tally.duration_sum, tally.durations),
        "satisfaction": _mean(tally.rating_sum, tally.ratings),
    }
    return {**{name: getattr(arm, name) for name in RevisionOut.model_fields if name != "results"}, "results": results}


def _points(share: float) -> float:
    """A share in percent, without the digits that are no knowledge."""
    return round(100 * share, _DIGITS)


def _mean(total: float, n: int) -> float | None:
    return total / n if n else None


def _percent(hits: int, n: int) -> float | None:
    return 100 * hits / n if n else None
