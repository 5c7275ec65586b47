"""What an agent or a tenant wrote about the model they want, as catalog names, and whether it can be had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parley.agents import LlmChoice, ModelName
from parley.kit.errors import InvalidInput
from parley.providers.catalog import ProviderKeys, check_name
from parley.providers.retired import hint, is_gone

HOUSE = "house/responder"


class _TenantChoice(BaseModel):
    """How a tenant's own agents are answered where they name nothing themselves."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    fallback: list[ModelName] = Field(default_factory=list, max_length=5)


_SETTING = TypeAdapter[str | _TenantChoice](ModelName | _TenantChoice)


def wanted(choice: str | LlmChoice | None) -> list[str]:
    """An agent's choice as names, in order; empty for none."""
    if choice is None:
        return []
    return [choice] if isinstance(choice, str) else [choice.model, *choice.fallback]


def wanted_by_tenant(settings: Mapping[str, Any]) -> list[str]:
    """`settings.llm` as names, in order; empty for none. Raises `InvalidInput` for anything but a name or names."""
    written = settings.get("llm")
    if written is None or written == "":
        return []
    try:
        choice = _SETTING.validate_python(written)
    except ValidationError:
        raise InvalidInput('settings.llm must be "vendor/model", or {"model": …, "fallback": […]}.') from None
    return [choice] if isinstance(choice, str) else [choice.model, *choice.fallback]


class ModelCheck:
    """Refuses names that can never answer: a vendor nobody knows, a model that is gone."""

    def __init__(self, keys: ProviderKeys) -> None:
        self._keys = keys

    def of_agent(self, choice: str | LlmChoice | None) -> None:
        """Raises `InvalidInput` naming `llm`."""
        self._check(wanted(choice), "llm")

    def of_tenant(self, settings: Mapping[str, Any]) -> None:
        """Raises `InvalidInput` naming `settings.llm`."""
        self._check(wanted_by_tenant(settings), "settings.llm")

    def _check(self, names: list[str], where: str) -> None:
        for name in names:
            vendor, _, model = name.partition("/")
            if vendor == "house":
                continue
            # A key may be added later; until then the house answers.
            check_name(name, self._keys, where=where, others=("house",))
            if model and is_gone(vendor, model, datetime.now(UTC).date()):
                raise InvalidInput(f"{where}: {hint(name)}")
