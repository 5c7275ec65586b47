"""The first step of a turn: one short transaction that stores the caller's line and takes the conversation's turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agents, Version, get_agent, oldest_active_agent
from parley.conversations import store
from parley.conversations.ordering import TurnHolder
from parley.conversations.turn import Ask, Turn
from parley.conversations.unwritten import Unwritten
from parley.inference.facts import SlotValue
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound, TooMany
from parley.kit.ids import new_id
from parley.privacy import Masking, Mode, Vaults
from parley.tenants import get_tenant
from parley.understanding import read_slots

_HISTORY_LINES = 20
_OTHER_PROCESS_WAIT = 30.0
_OTHER_PROCESS_POLL = 0.025
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_CONTACTS = frozenset({"name", "phone", "email"})


class _ColdRecognisers(Exception):
    """The conversation masks and the recognisers are not built yet: that takes longer than a transaction may."""


class Opening:
    """Opens turns."""

    def __init__(self, db: Database, agents: Agents, holder: TurnHolder, vaults: Vaults, unwritten: Unwritten) -> None:
        self._db = db
        self._agents = agents
        self._holder = holder
        self._vaults = vaults
        self._unwritten = unwritten

    async def open(self, ask: Ask, conversation_id: str) -> Turn:
        """Store the line and take the turn, waiting while another living process has it.

        Not durable by itself: nobody is told of the line before the settled answer carries both to the disk.
        """
        await self._holder.ensure()
        deadline = asyncio.get_running_loop().time() + _OTHER_PROCESS_WAIT
        while True:
            try:
                async with self._db.begin(ask.tenant_id, durable=False) as connection:
                    turn = await self._take_turn(connection, ask, conversation_id)
            except _ColdRecognisers:
                await self._vaults.warm()
                continue
            if turn is not None:
                turn.masking.mark_stored()
                return turn
            if asyncio.get_running_loop().time() > deadline:
                raise TooMany("conversation_id is being answered by another process.", retry_after=2)
            await asyncio.sleep(_OTHER_PROCESS_POLL)

    async def begin(self, ask: Ask) -> str:
        """Begin a conversation in which the caller has said nothing yet; returns its id. Nobody has its turn."""
        await self._holder.ensure()
        conversation_id = new_id()
        while True:
            try:
                async with self._db.begin(ask.tenant_id) as connection:
                    await self._begin(connection, ask, conversation_id)
                    await store.release_turn(connection, ask.tenant_id, conversation_id, self._holder.number)
                return conversation_id
            except _ColdRecognisers:
                await self._vaults.warm()

    async def _take_turn(self, connection: AsyncConnection, ask: Ask, conversation_id: str) -> Turn | None:
        tenant = await get_tenant(connection, ask.tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        earlier: list[store.Message] = []
        if ask.conversation_id is None:
            conversation, version, masking = await self._begin(connection, ask, conversation_id)
        else:
            claimed = await store.claim_turn(connection, ask.tenant_id, conversation_id, self._holder.number)
            if claimed is None:
                if await store.get_conversation(connection, ask.tenant_id, conversation_id) is None:
                    raise NotFound("conversation")
                return None
            conversation = claimed
            version = await self._version_of(connection, ask, conversation)
            earlier = await store.last_messages(connection, ask.tenant_id, conversation_id, _HISTORY_LINES)
            masking = await self._masking(connection, conversation.tenant_id, conversation_id, conversation.privacy)
        talk = None if masking.keeps_words else self._unwritten.talk(conversation_id)
        if talk is not None:
            masking, earlier = talk.masking, list(talk.lines)
            conversation = replace(conversation, state={**conversation.state, "slots": talk.slots, "node": talk.node})
        turn = Turn(tenant, version, conversation, tuple(earlier), new_id(), "", ask.message, masking, talk)
        turn = replace(turn, message=masking.hide(ask.message, told=_told(turn)))
        await self._write(connection, turn)
        return turn

    async def _write(self, connection: AsyncConnection, turn: Turn) -> None:
        """The caller's line, as it may be kept, with what its placeholders stand for."""
        tenant_id, conversation_id = turn.tenant.id, turn.conversation.id
        if turn.talk is None:
            await store.add_message(connection, tenant_id, conversation_id, turn.question_id, "user", turn.message)
            await self._vaults.save(connection, tenant_id, conversation_id, turn.masking)
            return
        length = len(turn.said)
        await store.add_message(connection, tenant_id, conversation_id, turn.question_id, "user", "", characters=length)
        self._unwritten.add(turn.talk, "user", turn.message)

    async def _masking(self, connection: AsyncConnection, tenant_id: str, conversation_id: str, mode: Mode) -> Masking:
        if mode != "keep_all" and not self._vaults.is_warm:
            raise _ColdRecognisers
        return await self._vaults.open(connection, tenant_id, conversation_id, mode)

    async def _begin(
        self, connection: AsyncConnection, ask: Ask, conversation_id: str
    ) -> tuple[store.Conversation, Version, Masking]:
        if ask.agent_id is None:
            agent = await oldest_active_agent(connection, ask.tenant_id)
        else:
            agent = await get_agent(connection, ask.tenant_id, ask.agent_id)
        if agent is None:
            raise NotFound("agent")
        if not agent.is_active:
            raise Conflict("agent_id names an agent that is not active.", code="agent.inactive")
        version = await self._agents.recall_version(connection, ask.tenant_id, agent.id, agent.version)
        mode = version.definition.privacy_on(ask.channel)
        masking = await self._masking(connection, ask.tenant_id, conversation_id, mode)
        row = {
            "id": conversation_id,
            "tenant_id": ask.tenant_id,
            "agent_id": agent.id,
            "agent_version": agent.version,
            "agent_config": agent.config_key,
            "agent_name": agent.name,
            "channel": ask.channel,
            "session_id": ask.session_id,
            "user_id": ask.user_id,
            "language": agent.definition.language,
            "turn_holder": self._holder.number,
            "privacy": mode,
            "metadata": masking.hide_json(dict(ask.metadata)),
        }
        return await store.add_conversation(connection, row), version, masking

    async def _version_of(self, connection: AsyncConnection, ask: Ask, conversation: store.Conversation) -> Version:
        if conversation.status == "ended":
            raise Conflict("conversation_id names a conversation that has ended.", code="conversation.ended")
        if conversation.agent_id is None or conversation.agent_version is None:
            raise Conflict("conversation_id names a conversation without an agent.", code="conversation.no_agent")
        if ask.agent_id is not None and ask.agent_id != conversation.agent_id:
            raise InvalidInput("agent_id differs from the agent of conversation_id.")
        number = conversation.agent_version
        return await self._agents.recall_version(connection, ask.tenant_id, conversation.agent_id, number)


def _told(turn: Turn) -> dict[str, SlotValue]:
    """Who the caller says they are: a bare "Baker" is a name only to who knows that a name was asked for."""
    if not turn.masking.hides:
        return {}
    previous = turn.masking.reveal(turn.previous)
    reading = read_slots(turn.said, now=_ANY_DAY, language=turn.language, previous=previous, wanted=_CONTACTS)
    return dict(reading.slots)
