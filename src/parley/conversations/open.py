"""The first step of a turn: one short transaction that stores the caller's line and takes the conversation's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agents, Version
from parley.conversations import store
from parley.conversations.arm import unit_of
from parley.conversations.ordering import TurnHolder
from parley.conversations.takeover import MESSAGE
from parley.conversations.turn import Ask, Turn
from parley.conversations.unwritten import Unwritten
from parley.experiments import Addressed, Arm, Arms, UnitKind
from parley.inference.facts import SlotValue
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound, TooMany
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.privacy import Masking, Mode, Vaults
from parley.tenants import Tenant, get_tenant
from parley.understanding import read_slots

_HISTORY_LINES = 20
_OTHER_PROCESS_WAIT = 30.0
_OTHER_PROCESS_POLL = 0.025
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_CONTACTS = frozenset({"name", "phone", "email"})


_Taken = tuple[store.Conversation, Version, Masking, list[store.Message], Arm | None]
OnOpened = Callable[[AsyncConnection, Turn], Awaitable[None]]
"""Called in the transaction that opens a turn."""


class _ColdRecognisers(Exception):
    """The conversation masks and the recognisers are not built yet: that takes longer than a transaction may."""


class Opening:
    """Opens turns."""

    def __init__(
        self, db: Database, agents: Agents, arms: Arms, holder: TurnHolder, vaults: Vaults, unwritten: Unwritten
    ) -> None:
        self._db = db
        self._agents = agents
        self._arms = arms
        self._holder = holder
        self._vaults = vaults
        self._unwritten = unwritten

    async def open(self, ask: Ask, conversation_id: str, on_opened: OnOpened | None = None) -> Turn:
        """Store the line and take the turn, waiting while another living process has it.

        `on_opened` may answer it at once, in the same transaction. Not durable by itself: nobody is told of the line
        before the settled answer carries both to the disk.
        """
        await self._holder.ensure()
        deadline = asyncio.get_running_loop().time() + _OTHER_PROCESS_WAIT
        while True:
            try:
                async with self._db.begin(ask.tenant_id, durable=False) as connection:
                    turn = await self._take_turn(connection, ask, conversation_id)
                    if turn is not None and on_opened is not None:
                        await on_opened(connection, turn)
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
                    await self._begin(connection, await _tenant_of(connection, ask), ask, conversation_id)
                    await store.release_turn(connection, ask.tenant_id, conversation_id, self._holder.number)
                return conversation_id
            except _ColdRecognisers:
                await self._vaults.warm()

    async def greet(self, ask: Ask, conversation_id: str, said: str) -> tuple[store.Conversation, bool]:
        """A conversation in which the agent speaks first, before any turn, and True; one that exists already, as it
        stands, and False."""
        await self._holder.ensure()
        while True:
            try:
                async with self._db.begin(ask.tenant_id) as connection:
                    known = await store.get_conversation(connection, ask.tenant_id, conversation_id)
                    if known is not None:
                        return known, False
                    tenant = await _tenant_of(connection, ask)
                    begun, _, masking, _, _ = await self._begin(connection, tenant, ask, conversation_id)
                    await store.release_turn(connection, ask.tenant_id, conversation_id, self._holder.number)
                    await self.speak(connection, begun, masking, said)
                    return begun, True
            except _ColdRecognisers:
                await self._vaults.warm()

    async def speak(
        self,
        connection: AsyncConnection,
        conversation: store.Conversation,
        masking: Masking,
        said: str,
        role: str = "agent",
    ) -> str | None:
        """A line outside of every turn, as it may be kept; returns its id, None where there are no words."""
        if not said.strip():
            return None
        talk = None if masking.keeps_words else self._unwritten.talk(conversation.id)
        hidden = (talk.masking if talk else masking).hide(said)
        message_id, length = new_id(), None if talk is None else len(said)
        line = store.Line(message_id, masking.stored(hidden), length)
        await store.add_message(connection, conversation.tenant_id, conversation.id, role, line)
        await self._vaults.save(connection, conversation.tenant_id, conversation.id, masking)
        if talk is not None:
            self._unwritten.add(talk, role, hidden)
        data = {"conversation_id": conversation.id, "message_id": message_id}
        await publish(connection, Event(conversation.tenant_id, MESSAGE, data))
        return message_id

    async def _take_turn(self, connection: AsyncConnection, ask: Ask, conversation_id: str) -> Turn | None:
        tenant = await _tenant_of(connection, ask)
        if ask.conversation_id is None:
            taken: _Taken | None = await self._begin(connection, tenant, ask, conversation_id)
        else:
            taken = await self._go_on(connection, ask, conversation_id)
        if taken is None:
            return None
        conversation, version, masking, earlier, arm = taken
        talk = None if masking.keeps_words else self._unwritten.talk(conversation_id)
        if talk is not None:
            masking, earlier = talk.masking, list(talk.lines)
            conversation = replace(conversation, state={**conversation.state, "slots": talk.slots, "node": talk.node})
        said = ask.message
        turn = Turn(tenant, version, conversation, tuple(earlier), new_id(), said, said, masking, talk, arm)
        if masking.hides:
            turn = replace(turn, message=masking.hide(ask.message, told=_told(turn)))
        await self._write(connection, turn)
        return turn

    async def foresee(self, ask: Ask) -> Arm | None:
        """The arm that the conversation of this line has or would begin with: a voice must be known before it speaks.

        Put its prompt's id into `Ask.prompt_id` of what follows.
        """
        try:
            async with self._db.begin(ask.tenant_id) as connection:
                return await self._foresee(connection, ask)
        except (NotFound, Conflict):
            return None  # the line itself will say so

    async def _foresee(self, connection: AsyncConnection, ask: Ask) -> Arm | None:
        if ask.conversation_id is not None:
            conversation = await store.get_conversation(connection, ask.tenant_id, ask.conversation_id)
            return None if conversation is None else await self._recall_arm(connection, conversation)
        tenant = await _tenant_of(connection, ask)
        version = await self._agents.newest_version(connection, ask.tenant_id, ask.agent_id)
        return await self._arms.assign(connection, *_who_asks(tenant, version, ask, new_id()))

    async def _begin(self, connection: AsyncConnection, tenant: Tenant, ask: Ask, conversation_id: str) -> _Taken:
        """A new conversation, with the newest version of its agent and the arm it is to be answered by."""
        version = await self._agents.newest_version(connection, ask.tenant_id, ask.agent_id)
        choice = await self._arms.choose(connection, *_who_asks(tenant, version, ask, conversation_id))
        mode = version.definition.privacy_on(ask.channel)
        masking = await self._masking(connection, ask.tenant_id, conversation_id, mode)
        # Who is known by their number alone is found again by the record of their call, not by words in clear here.
        is_number = ask.user_id is not None and ask.user_id == ask.metadata.get("phone_number")
        row = {
            "id": conversation_id,
            "tenant_id": ask.tenant_id,
            "agent_id": version.agent_id,
            "agent_version": version.number,
            "agent_config": version.config_key,
            "agent_name": version.name,
            "experiment_id": None if choice is None else choice.prompt_id,
            "experiment_revision": None if choice is None else choice.revision,
            "channel": ask.channel,
            "session_id": ask.session_id,
            "user_id": None if is_number and masking.hides else ask.user_id,
            "language": version.definition.language,
            "turn_holder": self._holder.number,
            "privacy": mode,
            "metadata": orjson.dumps(masking.hide_json(dict(ask.metadata))).decode(),
            "message_count": 1,
        }
        begun = await store.add_conversation(connection, row, choice)
        return begun, version, masking, [], await self._recall_arm(connection, begun)

    async def _go_on(self, connection: AsyncConnection, ask: Ask, conversation_id: str) -> _Taken | None:
        """A conversation that exists, with the version it began with; None while another process has its turn."""
        conversation = await store.claim_turn(connection, ask.tenant_id, conversation_id, self._holder.number)
        if conversation is None:
            if await store.get_conversation(connection, ask.tenant_id, conversation_id) is None:
                raise NotFound("conversation")
            return None
        version = await self._version_of(connection, ask, conversation)
        # A statement of its own, after the claim: it has to see what the turn before has just committed.
        earlier = await store.last_messages(connection, ask.tenant_id, conversation_id, _HISTORY_LINES)
        masking = await self._masking(connection, ask.tenant_id, conversation_id, conversation.privacy)
        return conversation, version, masking, earlier, await self._recall_arm(connection, conversation)

    async def _recall_arm(self, connection: AsyncConnection, conversation: store.Conversation) -> Arm | None:
        """The arm it began with: nothing that happens to prompts since changes it."""
        if conversation.experiment_id is None:
            return None
        revision = conversation.experiment_revision or 1
        return await self._arms.recall(connection, conversation.tenant_id, conversation.experiment_id, revision)

    async def _version_of(self, connection: AsyncConnection, ask: Ask, conversation: store.Conversation) -> Version:
        if conversation.status == "ended":
            raise Conflict("conversation_id names a conversation that has ended.", code="conversation.ended")
        if conversation.agent_id is None or conversation.agent_version is None:
            raise Conflict("conversation_id names a conversation without an agent.", code="conversation.no_agent")
        if ask.agent_id is not None and ask.agent_id != conversation.agent_id:
            raise InvalidInput("agent_id differs from the agent of conversation_id.")
        number = conversation.agent_version
        return await self._agents.recall_version(connection, ask.tenant_id, conversation.agent_id, number)

    async def _masking(self, connection: AsyncConnection, tenant_id: str, conversation_id: str, mode: Mode) -> Masking:
        if mode != "keep_all" and not self._vaults.is_warm:
            raise _ColdRecognisers
        return await self._vaults.open(connection, tenant_id, conversation_id, mode)

    async def _write(self, connection: AsyncConnection, turn: Turn) -> None:
        """The caller's line, as it may be kept, with what its placeholders stand for."""
        if turn.talk is None:
            await store.add_question(connection, turn.conversation, store.Line(turn.question_id, turn.message))
            await self._vaults.save(connection, turn.tenant.id, turn.conversation.id, turn.masking)
            return
        await store.add_question(connection, turn.conversation, store.Line(turn.question_id, "", len(turn.said)))
        self._unwritten.add(turn.talk, "user", turn.message)


async def _tenant_of(connection: AsyncConnection, ask: Ask) -> Tenant:
    tenant = await get_tenant(connection, ask.tenant_id)
    if tenant is None:
        raise NotFound("tenant")
    return tenant


def _who_asks(
    tenant: Tenant, version: Version, ask: Ask, conversation_id: str
) -> tuple[str, int, Addressed, tuple[UnitKind, str] | None, str, str | None]:
    """Whose arm is wanted, as `Arms` takes it."""
    agent = Addressed(version.agent_id, version.config_key, version.name)
    return tenant.id, tenant.prompts_revision, agent, unit_of(ask), conversation_id, ask.prompt_id


def _told(turn: Turn) -> dict[str, SlotValue]:
    """Who the caller says they are: a bare "Baker" is a name only to who knows that a name was asked for."""
    previous = turn.masking.reveal(turn.previous)
    reading = read_slots(turn.said, now=_ANY_DAY, language=turn.language, previous=previous, wanted=_CONTACTS)
    return dict(reading.slots)
