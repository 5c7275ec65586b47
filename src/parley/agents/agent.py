"""What an agent is: a definition that is validated when it is saved and never changes once published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from parley.agents.flow import Flow, parse_flow
from parley.kit.errors import InvalidInput
from parley.privacy import Mode

AgentType = Literal["receptionist", "real_estate", "dispatch", "custom"]
ScenarioType = Literal["check_in", "emergency"]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ModelName = Annotated[str, StringConstraints(max_length=200)]
Example = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

MAX_INTENTS = 500
MAX_EXAMPLES = 50_000
_MOST_ANNOUNCED = 500


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LlmChoice(_Part):
    """Which model answers, as "vendor/model"; `fallback` are tried in order, the house responder always last."""

    model: ModelName
    fallback: list[ModelName] = Field(default_factory=list, max_length=5)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int = Field(default=500, ge=16, le=8000)


class OwnIntent(_Part):
    name: Label
    examples: list[Example] = Field(default_factory=list)


class OwnSlot(_Part):
    """A slot of the tenant's own: its known values, or a pattern in RE2-like syntax."""

    name: Label
    values: list[Label] = Field(default_factory=list, max_length=5000)
    description: Annotated[str, StringConstraints(max_length=500)] = ""


class UnderstandingChoice(_Part):
    """Own intents beside (builtin) or instead of the type's; examples named `unknown` teach what is out of scope."""

    builtin: bool = True
    intents: list[OwnIntent] = Field(default_factory=list, max_length=MAX_INTENTS)
    slots: list[OwnSlot] = Field(default_factory=list, max_length=100)

    @field_validator("intents")
    @classmethod
    def _bounded(cls, intents: list[OwnIntent]) -> list[OwnIntent]:
        if sum(len(intent.examples) for intent in intents) > MAX_EXAMPLES:
            raise ValueError(f"at most {MAX_EXAMPLES} examples in all")
        return intents


class PrivacyChoice(_Part):
    """keep_all: as spoken. masked: personal data masked before model and disk. metadata_only: no words kept."""

    mode: Mode = "keep_all"


class Definition(_Part):
    """Everything a version fixes. Empty texts mean: as the type has it."""

    system_prompt: Annotated[str, StringConstraints(max_length=50_000)] = ""
    voice: Annotated[str, StringConstraints(max_length=200)] | None = None
    prompts: dict[str, Annotated[str, StringConstraints(max_length=10_000)]] = Field(default_factory=dict)
    voice_settings: dict[str, Any] = Field(default_factory=dict)
    conversation_flow: dict[str, Any] = Field(default_factory=dict)
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    llm: ModelName | LlmChoice | None = None
    stt: ModelName | dict[str, Any] | None = None
    tts: ModelName | dict[str, Any] | None = None
    understanding: UnderstandingChoice = Field(default_factory=UnderstandingChoice)
    extraction_schema: dict[str, Any] | None = None
    privacy: PrivacyChoice | None = None

    @cached_property
    def flow(self) -> Flow | None:
        """`conversation_flow`, read once; None where the agent brings none and follows its type's."""
        return parse_flow(self.conversation_flow) if self.conversation_flow else None

    def privacy_on(self, channel: str) -> Mode:
        """The mode of a conversation on `channel`. Without a choice training masks: people practise with real cases."""
        if self.privacy is not None:
            return self.privacy.mode
        return "masked" if channel == "training" else "keep_all"


def check_recording(definition: Definition) -> None:
    """Raise `InvalidInput` unless `voice_settings.recording` (off unless true) is one that can be carried out."""
    recording = definition.voice_settings.get("recording", False)
    words = definition.voice_settings.get("recording_announcement", "x")
    if not isinstance(recording, bool):
        raise InvalidInput("voice_settings.recording must be true or false.")
    if not isinstance(words, str) or not 0 < len(words.strip()) <= _MOST_ANNOUNCED:
        raise InvalidInput(
            f"voice_settings.recording_announcement must be text of 1 to {_MOST_ANNOUNCED} characters: "
            "nobody is recorded without being told."
        )
    if recording and definition.privacy is not None and definition.privacy.mode != "keep_all":
        raise InvalidInput("voice_settings.recording needs privacy.mode keep_all: sound cannot be masked.")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as saved last. `version` is the newest published one."""

    id: str
    tenant_id: str
    name: str
    type: AgentType
    config_key: str | None
    scenario_type: ScenarioType | None
    definition: Definition
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One published version: what conversations that started with it keep."""

    agent_id: str
    tenant_id: str
    number: int
    name: str
    type: AgentType
    config_key: str | None
    scenario_type: ScenarioType | None
    definition: Definition
    published_at: datetime
