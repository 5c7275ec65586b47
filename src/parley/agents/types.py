"""What an agent type brings: system prompt, greeting and manner, in English and German. Each can be overridden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from parley.agents.agent import AgentType, ScenarioType
from parley.agents.flow import Flow, parse_flow

LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class TypeDefaults:
    """The words of one type in one language."""

    system_prompt: str
    greeting: str


@cache
def defaults(kind: AgentType, language: str) -> TypeDefaults:
    """The type's defaults; a language we have no words for gets the English ones."""
    text = resources.files("parley.agents").joinpath("types", f"{kind}.yaml").read_text(encoding="utf-8")
    by_language = yaml.safe_load(text)
    return TypeDefaults(**by_language.get(language, by_language["en"]))


_STARTS: Mapping[str, str] = {"check_in": "status", "emergency": "safety"}
"""Where a dispatch call of a scenario begins in the type's flow."""


@cache
def default_flow(kind: AgentType, scenario: ScenarioType | None = None) -> Flow:
    """The flow that an agent of this type follows unless it brings its own."""
    flow = parse_flow(flow_source(kind))
    start = _STARTS.get(scenario) if scenario else None
    return flow.model_copy(update={"start": start}) if start in flow.nodes else flow


def flow_source(kind: AgentType) -> dict[str, Any]:
    """The type's flow as one would write it into `conversation_flow`."""
    text = resources.files("parley.agents").joinpath("types", f"{kind}.flow.yaml").read_text(encoding="utf-8")
    source: dict[str, Any] = yaml.safe_load(text)
    return source
