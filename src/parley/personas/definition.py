"""What a persona is: a situation to be in, things to know, want and object to, and a manner of speaking.

A mapping (a YAML file, a scenario of one's own) becomes a `Persona` by `parse_persona`, which refuses what it does
not know. Words are given per language under `scripts`. Wherever a text is asked for, a list of variants may stand.

Cues, by which the other side's line is recognised, are phrases, not regular expressions: "when .. arrive|there" (see
`cues`). Texts hold `{name}` for a value drawn from `pools` or `cases`; a `#` in a pool is a digit drawn by the seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from parley.kit.errors import InvalidInput
from parley.personas.cues import check_cue

LANGUAGES = ("en", "de")
_BRACE = re.compile(r"\{(\w+)\}")


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _checked(cue: str) -> str:
    check_cue(cue)
    return cue


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_several), Field(max_length=100)]
Cue = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_checked)]
Cues = Annotated[tuple[Cue, ...], BeforeValidator(_several), Field(max_length=200)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Share = Annotated[float, Field(ge=0, le=1)]
_CONFIG = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the persona knows.

    `say` and `short` are ways of telling it, in full and in a word. `cues` recognise the question for it; a fact named
    as a common topic (`words/*.yaml`) is recognised by that topic's cues too. tell: volunteered when the talk pauses,
    only when asked (the usual), or secret: told once a `warmth` of mood is reached, evaded before. `once` names another
    fact that changes this one: until that is told, `before` is what is said.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG
    say: Texts
    short: Texts = ()
    cues: Cues = ()
    tell: Literal["asked", "volunteered", "secret"] = "asked"
    warmth: Share = 0.5
    once: Name | None = None
    before: Texts = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """Something the persona holds against the other side, said again until its cues resolve it.

    `after` replies it is raised; while it is open and `blocking`, questions are not answered. It is insisted on
    `insists` times, and costs mood each time. `settled` is what is said once it is resolved. `early`: it is never
    raised where its cues were heard before.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG
    say: Texts
    resolved_by: Cues
    settled: Texts = ()
    after: Annotated[int, Field(ge=0, le=50)] = 0
    blocking: bool = True
    insists: Annotated[int, Field(ge=0, le=20)] = 2
    early: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """Something the persona wants. `met_by` recognises the line that grants it; without cues any answer does.

    `early`: it may be granted before it was asked for. After `tries` the persona gives it up.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG
    say: Texts
    met_by: Cues = ()
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    early: bool = False


@dataclass(frozen=True, slots=True)
class Manner:
    """How the persona speaks. Shares are chances per reply, 0..1.

    `length`: full sentences, short ones, or one word. `broken`: the line breaks off half way. `noise`: only a marker
    such as "(unintelligible audio)" comes through. `interrupts`: it begins before the other side has ended.
    `silent`: never a word. `pause_ms`: bounds of the pause before it speaks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG
    length: Literal["full", "short", "one_word"] = "full"
    fillers: Share = 0.15
    broken: Share = 0.0
    noise: Share = 0.0
    interrupts: Share = 0.0
    silent: bool = False
    pause_ms: tuple[Annotated[int, Field(ge=0, le=60_000)], Annotated[int, Field(ge=0, le=60_000)]] = (300, 1200)


@dataclass(frozen=True, slots=True)
class Script:
    """A persona in one language.

    `situation` tells a hosted model who it is. `opening` are first words; without them the persona waits to be greeted.
    `pools` give a value each, `cases` several that belong together. `phrases` replace common phrases of `words/*.yaml`;
    `softened_by` and `hardened_by` are cues of its own that change the mood.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG
    situation: Text
    opening: Texts = ()
    pools: Mapping[Name, Texts] = field(default_factory=dict)
    cases: Annotated[tuple[Mapping[Name, Text], ...], Field(max_length=200)] = ()
    facts: Mapping[Name, Fact] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    objections: tuple[Objection, ...] = ()
    phrases: Mapping[Name, Texts] = field(default_factory=dict)
    softened_by: Cues = ()
    hardened_by: Cues = ()


@dataclass(frozen=True, slots=True)
class Persona:
    """A simulated caller or customer.

    `calls` is the type of agent it would call, `scenario` the kind of dispatch call. `mood` is where it begins: 0
    furious, 1 delighted; at 0 it hangs up. `patience` counts the replies after which it has had enough.
    `leaves_satisfied`: it ends the talk itself once its goals are met, instead of waiting for a goodbye.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG
    key: Name
    title: Text
    scripts: Mapping[Literal["en", "de"], Script]
    calls: Literal["receptionist", "real_estate", "dispatch", "custom"] = "custom"
    scenario: Literal["check_in", "emergency"] | None = None
    mood: Share = 0.6
    patience: Annotated[int, Field(ge=1, le=200)] = 20
    leaves_satisfied: bool = True
    manner: Manner = field(default_factory=Manner)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it speaks, its first one first."""
        return tuple(self.scripts)


_PERSONA = TypeAdapter(Persona)


def parse_persona(raw: Mapping[str, Any]) -> Persona:
    """A persona from plain values. Raises `InvalidInput` naming the place and the fault."""
    try:
        persona = _PERSONA.validate_python(dict(raw))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in ("persona", *fault["loc"]))
        raise InvalidInput(f"{place}: {fault['msg']}.") from error
    if not persona.scripts:
        raise InvalidInput("persona.scripts: a persona speaks at least one language.")
    for language, script in persona.scripts.items():
        _check_braces(f"persona.scripts.{language}", script)
        for name, fact in script.facts.items():
            if (fact.once is None) == bool(fact.before) or (fact.once is not None and fact.once not in script.facts):
                place = f"persona.scripts.{language}.facts.{name}"
                raise InvalidInput(f"{place}: once names another fact, and before says what is said until then.")
    return persona


def _check_braces(place: str, script: Script) -> None:
    known = set(script.pools) | set(script.cases[0] if script.cases else ())
    for number, case in enumerate(script.cases):
        if set(case) != set(script.cases[0]):
            raise InvalidInput(f"{place}.cases.{number}: every case gives the same values.")
    for text in _texts(script):
        unknown = set(_BRACE.findall(text)) - known
        if unknown:
            raise InvalidInput(f"{place}: {{{min(unknown)}}} stands in a text, but in no pool and no case.")


def _texts(script: Script) -> Iterator[str]:
    yield script.situation
    yield from script.opening
    for fact in script.facts.values():
        yield from (*fact.say, *fact.short, *fact.before)
    for goal in script.goals:
        yield from goal.say
    for objection in script.objections:
        yield from (*objection.say, *objection.settled)
    for case in script.cases:
        yield from case.values()
    for variants in (*script.phrases.values(), *script.pools.values()):
        yield from variants
