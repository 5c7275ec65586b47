"""Prompts as a YAML file: what a person writes, and nothing that only this database knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from parley.experiments.prompt import Prompt
from parley.experiments.written import PromptIn
from parley.kit.errors import InvalidInput, TooLarge

MOST_CHARACTERS = 2_000_000
MOST_PROMPTS = 1000
_DEFAULTS = {name: field.get_default(call_default_factory=True) for name, field in PromptIn.model_fields.items()}


class _Text(yaml.SafeDumper):
    """Long texts as blocks, so that a person can read and change them."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Text.add_representer(str, _block)


def write_yaml(prompts: Sequence[Prompt]) -> str:
    """`prompts: [...]` with the fields that differ from their defaults."""
    shown = []
    for prompt in prompts:
        fields = {name: getattr(prompt, name) for name in PromptIn.model_fields if name != "tenant_id"}
        always = {"name", "system_prompt"}
        shown.append({name: value for name, value in fields.items() if name in always or value != _DEFAULTS[name]})
    return yaml.dump({"prompts": shown}, Dumper=_Text, sort_keys=False, allow_unicode=True, width=100)


def read_yaml(text: str) -> list[dict[str, Any]]:
    """The prompts of a file. Raises `InvalidInput` naming the prompt and the field that is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(f"The file must be at most {MOST_CHARACTERS:,} characters long.")
    if any(token in text for token in ("&", "*")) and _has_alias(text):
        raise InvalidInput("The file must not use anchors and aliases.")
    try:
        given = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        place = f" (line {where.line + 1})" if where is not None else ""
        raise InvalidInput(f"The file is not YAML{place}.") from None
    listed = given.get("prompts") if isinstance(given, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_PROMPTS:
        raise InvalidInput(f"The file must hold prompts: a list of at most {MOST_PROMPTS}.")
    return [_prompt(number, one) for number, one in enumerate(listed)]


def _has_alias(text: str) -> bool:
    """A few lines of aliases can stand for more than memory holds."""
    try:
        return any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in yaml.scan(text))
    except (yaml.YAMLError, ValueError):
        return False


def _prompt(number: int, given: Any) -> dict[str, Any]:
    try:
        return PromptIn.model_validate(given).model_dump(exclude={"tenant_id"})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "it"
        raise InvalidInput(f"prompts[{number}]: {field}: {first['msg']}.") from None
