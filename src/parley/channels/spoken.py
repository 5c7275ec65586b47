"""Joins the voice engine to conversations: the same turn as in text; history keeps what was heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from parley.conversations import Acting, Action, Asides, Ask, Delta, Opened, Responder, Transcripts
from parley.voice import CallerTurn, Goodbye, Outcome, ReplyEvent, Say, ToolEnded, ToolStarted

_GUESSES_KEPT = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the line, by what channel. `begun` is told the conversation's id when its first words are on record.
    `transferable`: the line can connect him with a person, once the words that say so were heard."""

    channel: str = "voice"
    user_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    begun: Callable[[str], Awaitable[None]] | None = None
    transferable: bool = False


class Spoken:
    """A `voice.Responder` over one conversation, which begins with the first words of either side.

    `noted` is told as which line a turn is on record.
    """

    def __init__(
        self,
        responder: Responder,
        transcripts: Transcripts,
        asides: Asides,
        tenant_id: str,
        agent_id: str,
        *,
        conversation_id: str | None = None,
        caller: Caller | None = None,
        prompt_id: str | None = None,
        noted: Callable[[int, str], None] | None = None,
    ) -> None:
        self._responder = responder
        self._transcripts = transcripts
        self._asides = asides
        self._tenant_id = tenant_id
        self._agent_id = agent_id
        self.conversation_id = conversation_id
        self.hands_over = False  # the last reply says that a person takes over now
        self._caller = caller or Caller()
        self._prompt_id = prompt_id
        self._noted = noted
        self._lines: dict[int, str] = {}  # turn → the caller's line as it is stored
        self._decided: dict[int, asyncio.Future[bool]] = {}

    async def reply(self, turn: CallerTurn) -> AsyncGenerator[ReplyEvent, None]:
        """Answer the caller's words. A guess waits until it is the caller's turn: a turn stores what was said."""
        if turn.speculative and not await self._decision(turn):
            return
        self.hands_over = False
        async with aclosing(self._responder.respond(self._ask(turn.text))) as events:
            async for event in events:
                if isinstance(event, Opened):
                    await self._begins(event.conversation_id)
                    self._lines[turn.id] = event.message_id
                    if self._noted is not None:
                        self._noted(turn.id, event.message_id)
                elif isinstance(event, Delta):
                    yield Say(event.text, lasting=event.remembered)
                elif isinstance(event, Acting):
                    yield ToolStarted(event.name)
                elif isinstance(event, Action):
                    yield ToolEnded(event.name, event.arguments, event.result, event.ok)
                    if event.name == "transfer_to_person" and event.ok and self._caller.transferable:
                        self.hands_over = True
                elif event.ends or self.hands_over:
                    yield Goodbye()

    def commit(self, turn: CallerTurn) -> None:
        """The guess was right."""
        self._decide(turn, right=True)

    def discard(self, turn: CallerTurn) -> None:
        """The guess was wrong: nothing of it exists."""
        self._decide(turn, right=False)

    async def settled(self, outcome: Outcome) -> None:
        """Cut the stored reply at the last word that was heard; keep what was heard of the session's own sentences."""
        if outcome.turn is None:
            if outcome.heard:
                await self._begins(await self._asides.say(self._ask(), outcome.heard))
            return
        line = self._lines.pop(outcome.turn.id, None)
        if line is not None and self.conversation_id is not None and not outcome.complete:
            await self._transcripts.cut(self._tenant_id, self.conversation_id, line, outcome.heard)

    def _ask(self, message: str = "") -> Ask:
        return Ask(
            tenant_id=self._tenant_id,
            message=message,
            agent_id=self._agent_id,
            conversation_id=self.conversation_id,
            user_id=self._caller.user_id,
            channel=self._caller.channel,
            prompt_id=self._prompt_id,
            metadata=self._caller.metadata,
        )

    async def _begins(self, conversation_id: str) -> None:
        if self.conversation_id is None:
            self.conversation_id = conversation_id
            if self._caller.begun is not None:
                await self._caller.begun(conversation_id)

    def _future(self, turn: CallerTurn) -> asyncio.Future[bool]:
        if len(self._decided) > _GUESSES_KEPT:
            self._decided.pop(next(iter(self._decided)))
        return self._decided.setdefault(turn.id, asyncio.get_running_loop().create_future())

    async def _decision(self, turn: CallerTurn) -> bool:
        return await asyncio.shield(self._future(turn))

    def _decide(self, turn: CallerTurn, *, right: bool) -> None:
        future = self._future(turn)
        if not future.done():
            future.set_result(right)
