"""A prompt as a client or a file writes it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from parley.kit.web import Body

Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^,]+$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]

EXAMPLE: dict[str, Any] = {
    "name": "Friendly Sales Agent",
    "agent_config": "customerServiceRetail",
    "agent_name": "Sales Agent",
    "system_prompt": "You are a friendly and helpful sales agent.",
    "temperature": 0.8,
    "tags": ["friendly", "sales"],
    "is_active": True,
}


class PromptIn(Body):
    """`weight`: its share of new conversations beside the other arms. `variables`: what `{name}` in its texts stands
    for; {business}, {agent}, {language} and {channel} are always known."""

    name: Named
    agent_config: Named | None = None
    agent_name: Named | None = None
    agent_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    system_prompt: Words
    instructions: Annotated[str, StringConstraints(max_length=50_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    voice: Annotated[str, StringConstraints(max_length=200)] | None = None
    variables: Annotated[dict[Variable, Annotated[str, StringConstraints(max_length=2000)]], Field(max_length=100)] = (
        Field(default_factory=dict)
    )
    description: Annotated[str, StringConstraints(max_length=5000)] | None = None
    tags: Annotated[list[Tag], Field(max_length=50)] = Field(default_factory=list)
    is_active: bool = True
    weight: Annotated[float, Field(ge=0, le=1000)] = 1.0
    tenant_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
