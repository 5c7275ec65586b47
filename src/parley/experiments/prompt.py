"""What a prompt under experiment is, what of it a revision fixes, and by which rules arms are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# The fields a revision fixes: whatever changes what a caller hears.
TEXT = ("system_prompt", "instructions", "temperature", "max_tokens", "voice", "variables")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,49})\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as saved last. `success_rate` in percent, `avg_duration` in seconds, over all its revisions.

    `running`: conversations that are going on with it now.
    """

    id: str
    tenant_id: str
    name: str
    agent_config: str | None
    agent_name: str | None
    agent_id: str | None
    system_prompt: str
    instructions: str | None
    temperature: float
    max_tokens: int | None
    voice: str | None
    variables: dict[str, str]
    description: str | None
    tags: list[str]
    is_active: bool
    weight: float
    revision: int
    success_rate: float | None
    avg_duration: float | None
    total_runs: int
    running: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Arm:
    """One revision of a prompt, as conversations are answered from it. It never changes."""

    prompt_id: str
    revision: int
    name: str
    system_prompt: str
    instructions: str | None
    temperature: float
    max_tokens: int | None
    voice: str | None
    variables: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None

    @property
    def key(self) -> str:
        """What tells this text from every other."""
        return f"{self.prompt_id}@{self.revision}"

    def filled(self, text: str, known: Mapping[str, str]) -> str:
        """`text` with its `{variables}` filled in: `known` first, then the prompt's own. Other braces stay."""
        values = {**self.variables, **known}
        return _VARIABLE.sub(lambda match: values.get(match.group(1), match.group()), text)


@dataclass(frozen=True, slots=True)
class Tally:
    """What conversations with one revision came to. Sums are of seconds, of stars (1..5) and of tokens.

    runs: conversations. outcomes: those of which it is known whether the task was completed. judged: those of which it
    is known whether they were escalated.
    """

    runs: int = 0
    outcomes: int = 0
    successes: int = 0
    durations: int = 0
    duration_sum: float = 0.0
    duration_squares: float = 0.0
    ratings: int = 0
    rating_sum: int = 0
    rating_squares: int = 0
    judged: int = 0
    escalations: int = 0
    metered: int = 0
    token_sum: int = 0


class Rules(BaseModel):
    """How the arms of one agent are assigned, compared, stopped and promoted.

    min_effect: the smallest difference of success rates worth finding; the test is sharpest there. alpha: the chance
    of any wrong claim, however often one looks. min_outcomes: per arm, before anything is claimed. harm_margin,
    satisfaction_margin: by how much an arm must be worse, beyond doubt, before it is stopped.
    """

    allocation: Literal["weighted", "adaptive"] = "weighted"
    min_effect: Annotated[float, Field(ge=0.005, le=0.5)] = 0.1
    alpha: Annotated[float, Field(ge=0.001, le=0.2)] = 0.05
    min_outcomes: Annotated[int, Field(ge=10, le=1_000_000)] = 30
    harm_margin: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    satisfaction_margin: Annotated[float, Field(ge=0, le=4)] = 0.5
    auto_stop: bool = False
    auto_promote: bool = False

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def watched(self) -> bool:
        """Whether anything is to happen by itself."""
        return self.auto_stop or self.auto_promote


def text_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a prompt's fields those that a revision fixes."""
    return {name: values[name] for name in TEXT if name in values}
