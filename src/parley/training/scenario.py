"""What is played: who the customer is, what the trainee knows, what counts, and how much.

A mapping (a folder's `scenario.yaml`, a request's `config`) becomes a `Scenario` by `parse_scenario`, which refuses
what it does not know and names the place. Cues are those of `personas`: "thank you .. calling", "sorry|apologi*".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from parley.kit.errors import InvalidInput
from parley.personas import Persona, check_cue, parse_persona

FILENAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$"


def _cue(value: Any) -> Any:
    check_cue(value)
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Cues = Annotated[list[Annotated[str, BeforeValidator(_cue), StringConstraints(max_length=200)]], Field(max_length=100)]
Points = Annotated[int, Field(ge=0, le=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Evidence(_Part):
    """What in a trainee's lines shows it: a cue that is heard, or a sentence that means the same as one of `shows`
    (English). `first`: looked for in the first so many lines only. `asks`: a cue counts where something is asked
    for (true), or where it is not (false).
    """

    cues: Cues = []
    asks: bool | None = None
    shows: Annotated[list[Text], Field(max_length=50)] = []
    first: Annotated[int, Field(ge=1, le=100)] | None = None


class Level(Evidence):
    """A step of a scaled item; the highest one that is shown counts."""

    title: Text
    points: Points


class Item(Evidence):
    """One line of the rubric.

    binary: shown, or (with `absent`) never heard. scaled: by the best of `levels`. compound: by the share of `parts`.
    blocker: fails the session when it is heard or, with `required`, when it is not; it has no points. `better` is a
    line that would have done; `hint` is whispered after `hint_after` lines without it.
    """

    id: Id
    title: Text
    kind: Literal["binary", "scaled", "compound", "blocker"] = "binary"
    points: Points = 0
    absent: bool = False
    required: bool = False
    levels: Annotated[list[Level], Field(max_length=10)] = []
    parts: Annotated[list[Item], Field(max_length=20)] = []
    better: Text | None = None
    hint: Text | None = None
    hint_after: Annotated[int, Field(ge=1, le=50)] = 2

    @model_validator(mode="after")
    def _complete(self) -> Item:
        if self.kind == "scaled" and not self.levels:
            raise ValueError("levels are needed for a scaled item")
        if self.kind == "compound" and not self.parts:
            raise ValueError("parts are needed for a compound item")
        if any(part.kind != "binary" for part in self.parts):
            raise ValueError("parts of a compound item are binary")
        if self.kind in ("binary", "blocker") and not (self.cues or self.shows):
            raise ValueError("cues or shows are needed")
        if self.kind in ("binary", "compound") and self.points == 0 and not self.parts and self.kind != "binary":
            raise ValueError("points are needed")
        return self

    @property
    def worth(self) -> int:
        """The most points it gives."""
        if self.kind == "scaled":
            return max(level.points for level in self.levels)
        return 0 if self.kind == "blocker" else self.points


class Rubric(_Part):
    """`pass_mark`: percent of the points that pass."""

    pass_mark: Annotated[int, Field(ge=0, le=100)] = 70
    items: Annotated[list[Item], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _sound(self) -> Rubric:
        names = [item.id for item in self.walk()]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"the id {twice!r} stands twice")
        if not sum(item.worth for item in self.items):
            raise ValueError("at least one item gives points")
        return self

    def walk(self) -> Iterator[Item]:
        """Every item, parts included."""
        for item in self.items:
            yield item
            yield from item.parts


class Document(_Part):
    file: Annotated[str, StringConstraints(pattern=FILENAME, max_length=120)]
    title: Text


class Scenario(_Part):
    """A scenario as it is played."""

    title: Text
    language: Literal["en", "de"] = "en"
    description: Annotated[str, StringConstraints(max_length=4000)] = ""
    brief: Annotated[str, StringConstraints(max_length=4000)] = ""
    difficulty: Literal["easy", "medium", "hard"] = "medium"
    time_limit_minutes: Annotated[int, Field(ge=1, le=480)] | None = None
    persona: Mapping[str, Any]
    success: Annotated[list[Text], Field(max_length=20)] = []
    rubric: Rubric
    documents: Annotated[list[Document], Field(max_length=50)] = []
    coaching: bool = True
    privacy: Literal["masked", "keep_all"] = "masked"

    @cached_property
    def customer(self) -> Persona:
        """Who is played. Raises `InvalidInput`."""
        persona = parse_persona(self.persona)
        if self.language not in persona.scripts:
            raise InvalidInput(f"config.persona.scripts: {self.language}, the scenario's language, is missing.")
        return persona


def parse_scenario(raw: Mapping[str, Any]) -> Scenario:
    """A scenario from plain values. Raises `InvalidInput` naming the place."""
    try:
        scenario = Scenario.model_validate(dict(raw))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in ("config", *fault["loc"]))
        raise InvalidInput(f"{place}: {fault['msg'].removeprefix('Value error, ')}.") from error
    _ = scenario.customer
    return scenario
