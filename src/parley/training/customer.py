"""The customer of one session. It is deterministic by seed and the lines it heard, so that any process can go on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal
from zlib import crc32

from parley.conversations import Spoken
from parley.inference.ports import ChatModel
from parley.personas import Caller
from parley.training.scenario import Scenario

_MOST_KEPT = 2000
_SILENCE = "…"


class Customer:
    """Who plays: `said` are the trainee's lines up to `place`, of which the first `heard` have had their reply."""

    def __init__(self, caller: Caller, opening: str) -> None:
        self._caller = caller
        self.opening = opening
        self.said: list[str] = []
        self.place = 0
        self.heard = 0

    @property
    def has_left(self) -> bool:
        """Whether the last reply ended the talk."""
        return self._caller.hung_up

    @property
    def ending(self) -> Literal["satisfied", "impatient", "finished"]:
        """How the talk ended: finished by the trainee's goodbye, before everything was settled."""
        if self._caller.satisfied:
            return "satisfied"
        return "impatient" if self._caller.gave_up else "finished"

    def read(self, lines: Sequence[Spoken]) -> None:
        """Take note of lines after `place`."""
        self.said += [line.content for line in lines if line.role == "user"]
        self.place = max([self.place, *(line.ordinal for line in lines)])

    async def reply(self, number: int, model: ChatModel | None) -> str:
        """What the customer says to the trainee's line of this number, counted from 0.

        The lines before it are heard again where they were not yet, by rules alone: what was said to them is said.
        """
        self._caller.speak_with(None)
        for line in self.said[self.heard : number]:
            await self._caller.reply(line)
        self._caller.speak_with(model)
        self.heard = number + 1
        return (await self._caller.reply(self.said[number])).text or _SILENCE


async def enter(scenario: Scenario, session_id: str) -> Customer:
    """A customer who has just said their first words."""
    caller = Caller(scenario.customer, seed=crc32(session_id.encode()), language=scenario.language)
    first = await caller.opening()
    return Customer(caller, first.text if first is not None else "")


class Cast:
    """The customers of running sessions. One is taken out to play, and put back when what it said is on record: what
    nobody has put back is made anew."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Customer] = OrderedDict()

    async def take(self, scenario: Scenario, session_id: str, answered: int) -> Customer:
        """The customer of a session, who has heard so many lines at most."""
        customer = self._kept.pop(session_id, None)
        return customer if customer is not None and customer.heard <= answered else await enter(scenario, session_id)

    def keep(self, session_id: str, customer: Customer) -> None:
        """Put a customer back."""
        self._kept[session_id] = customer
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def left(self, session_id: str, answered: int) -> Customer | None:
        """The customer who ended the talk with the reply to the last of so many lines; None where none did."""
        customer = self._kept.get(session_id)
        return customer if customer is not None and customer.has_left and customer.heard == answered else None

    def forget(self, session_id: str) -> None:
        """The session is over."""
        self._kept.pop(session_id, None)
