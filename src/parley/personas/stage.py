"""The personas that come with Parley, read from `cast/*.yaml`."""

from __future__ import annotations

from functools import cache
from importlib import resources

from parley.kit.errors import InvalidInput
from parley.kit.yaml_text import load_yaml
from parley.personas.definition import Persona, parse_persona

DEFAULT = "on_time"


def personas() -> tuple[Persona, ...]:
    """All of them, by key."""
    return tuple(_all().values())


def persona(key: str = DEFAULT) -> Persona:
    """The persona of this key. Raises `InvalidInput` naming those there are."""
    known = _all()
    if key not in known:
        raise InvalidInput(f"persona: there is no {key!r}; there are {', '.join(known)}.")
    return known[key]


@cache
def _all() -> dict[str, Persona]:
    found: dict[str, Persona] = {}
    folder = resources.files("parley.personas").joinpath("cast")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            one = parse_persona(load_yaml(file.read_text(encoding="utf-8")))
            found[one.key] = one
    return dict(sorted(found.items()))
