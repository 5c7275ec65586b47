"""A persona on the line: first words, and an answer to every line, by rules or in a hosted model's words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from parley.inference.chat import TextDelta
from parley.inference.errors import ProviderError
from parley.inference.ports import ChatModel
from parley.kit import guard
from parley.kit.errors import InvalidInput
from parley.personas.acting import request, spoken
from parley.personas.definition import Persona
from parley.personas.mind import Line, Mind

PATIENCE_SECONDS = 6.0


class Caller:
    """One persona in one conversation.

    Without a model the same persona, seed, language and lines give the same words. With one, the rules still decide
    what is meant, when it is silent and when it hangs up; the model words it, and the rules' words stand in where the
    model fails, keeps people waiting for `PATIENCE_SECONDS` or falls out of role. `language` must be one of the
    persona's; its first by default.
    """

    def __init__(
        self, persona: Persona, seed: int = 0, language: str | None = None, model: ChatModel | None = None
    ) -> None:
        self.language = language or persona.languages[0]
        if self.language not in persona.scripts:
            raise InvalidInput(f"language: {persona.key} speaks {' and '.join(persona.languages)} only.")
        self.persona = persona
        self._mind = Mind(persona, seed, self.language)
        self._model = model
        self._talk: list[tuple[str, str]] = []

    @property
    def values(self) -> Mapping[str, str]:
        """What the seed drew: what is true of this caller."""
        return self._mind.values

    @property
    def told(self) -> frozenset[str]:
        """The facts that came over whole, by their names."""
        return frozenset(name for name, times in self._mind.told.items() if times)

    @property
    def mood(self) -> float:
        """0 furious .. 1 delighted."""
        return self._mind.mood

    @property
    def satisfied(self) -> bool:
        """Whether every goal is met and no objection stands."""
        return self._mind.satisfied

    @property
    def hung_up(self) -> bool:
        """Whether it has ended the conversation."""
        return self._mind.over

    @property
    def gave_up(self) -> bool:
        """Whether it ended the conversation because it had enough, not because the other side did."""
        return self._mind.gave_up

    def speak_with(self, model: ChatModel | None) -> None:
        """From now on word lines with this model, or by rules alone."""
        self._model = model

    def memory(self) -> dict[str, Any]:
        """What the lines so far have made of it, as JSON, for `recall`; without the words a model is shown."""
        return self._mind.memory()

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on as the caller of the same persona, seed and language whose `memory` this is."""
        self._mind.recall(memory)

    async def opening(self) -> Line | None:
        """First words; None for one who waits to be greeted."""
        line = self._mind.open()
        if line is not None:
            self._talk.append(("caller", line.text))
        return line

    async def reply(self, agent_line: str) -> Line:
        """The answer to a line of the other side; an empty one is a silence. After hanging up: silence again."""
        line = self._mind.answer(agent_line)
        self._talk.append(("agent", agent_line))
        if self._model is not None and line.text and not any(noise in line.text for noise in self._mind.noises):
            line = replace(line, text=await self._worded(self._model, line) or line.text)
        self._talk.append(("caller", line.text))
        return line

    async def _worded(self, model: ChatModel, line: Line) -> str | None:
        guard.require_no_transaction("model call")
        asked = request(self.persona, self.language, self.values, self._talk, line, self.mood)
        text = ""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), aclosing(model.stream(asked)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        text += event.text
        except (ProviderError, TimeoutError):
            return None
        return spoken(text)
