"""Answering what a call asks: one reply at a time, and always one that ends.

A newer request makes the reply under way void, unless the caller's words are the same: Retell asks again when the
caller goes on making sounds. Then the reply stands, under the new number, and nothing is done twice.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

from parley.channels import retell_heard as heard
from parley.channels.retell_frames import STAY, Ending, Request, Update
from parley.channels.retell_mouth import NOBODY, Mouth
from parley.channels.retell_party import Memory, Party, Reply, TalkParts
from parley.channels.retell_record import put_right
from parley.channels.retell_words import line_words
from parley.conversations import Acting, Action, Ask, Delta, Done, Event, Opened, Talk
from parley.kit import log
from parley.kit.duplex import Closed
from parley.kit.errors import VoiceAgentException

FILLER_AFTER = 3.0
SETTLED_AFTER = 1.5  # without a word of the caller's: then what cannot be undone is done
LONGEST_TURN = 45.0
_MOST_CHARACTERS = 10_000
_HANG_UP = Ending(end_call=True)

_log = log.get("retell")


class Replies:
    """The replies of one connection."""

    def __init__(self, mouth: Mouth, party: Party, parts: TalkParts, memory: Memory) -> None:
        self._mouth = mouth
        self._party = party
        self._parts = parts
        self._memory = memory
        self._words = line_words(party.language)
        self._reply: Reply | None = None
        self._speaking = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self, request: Request) -> None:
        """Answer a request. Returns at once: the answer is made beside the reader."""
        talk = heard.runs(request.transcript)
        words = heard.words_after(talk)
        standing = self._standing(len(talk))
        if standing is not None and words and heard.same_words(words, standing.words):
            await self._mouth.repeat(standing, request.response_id)
            return
        before = self.drop()
        self._speaking.clear()
        self._mouth.current = request.response_id
        self._reply = Reply(request.response_id, words, len(talk))
        self._task = asyncio.create_task(self._answer(self._reply, request, talk, before), name="retell.reply")

    def follow(self, update: Update) -> None:
        """The agent has the floor, or was heard: the caller's turn, which is being answered, is over."""
        if self._reply is None or self._reply.place is None:
            return
        spoken = heard.agent_after(heard.runs(update.transcript), self._reply.place) is not None
        if spoken or update.turntaking == "agent_turn":
            self._speaking.set()

    async def refuse(self, response_id: int) -> None:
        """Answer a request that could not be read."""
        self.drop()
        self._mouth.current = response_id
        await self._apologise(Reply(response_id, "", None))

    def drop(self) -> asyncio.Task[None] | None:
        """Make the reply under way void; returns its task while it still works, to be waited for.

        What must not be done by halves (a line on its way to the record, a tool) is let finish.
        """
        reply, task = self._reply, self._task
        self._mouth.current = NOBODY
        if reply is None or task is None or task.done():
            return None
        reply.dropped = True
        if not reply.busy:
            task.cancel()
        return task

    async def fall_silent(self) -> None:
        """A person has taken over: what is being said ends here."""
        reply, current = self._reply, self._mouth.current
        if reply is not None and not reply.complete and self.drop() is not None:
            self._mouth.current = current
            await self._mouth.finish(Reply(current, "", None), STAY)

    async def aclose(self) -> None:
        """Make void what is under way, and wait until it is on record."""
        self.drop()
        if self._task is not None:
            await asyncio.wait([self._task])

    def _standing(self, place: int) -> Reply | None:
        """The reply to the same place of the talk, where it may be said again: one under way, or the last one."""
        reply = self._reply or self._memory.past
        if reply is None or reply.place != place or reply.dropped or reply.failed:
            return None
        working = reply is self._reply and self._task is not None and not self._task.done()
        return reply if working or reply.complete else None

    async def _answer(self, reply: Reply, request: Request, talk: Talk, before: asyncio.Task[None] | None) -> None:
        """One reply, whatever happens: it ends with a complete frame, unless a newer request made it void."""
        filling: asyncio.Task[None] | None = None
        try:
            if before is not None:
                await asyncio.wait([before])
            filling = asyncio.create_task(self._fill(reply), name="retell.fill")
            async with asyncio.timeout(LONGEST_TURN):
                if not reply.dropped:
                    await put_right(self._parts, self._party, self._memory, talk, reply.words)
                if not reply.dropped:
                    self._memory.past = reply
                    await self._respond(reply, request)
        except Closed:
            return
        except (VoiceAgentException, TimeoutError) as error:
            _log.warning("retell.turn_failed", call_id=self._party.call_id, error=type(error).__name__)
            await self._apologise(reply)
        except Exception:  # noqa: BLE001 - the caller hears an apology, the log has the rest
            _log.exception("retell.turn_crashed", call_id=self._party.call_id)
            await self._apologise(reply)
        finally:
            if filling is not None:
                filling.cancel()

    async def _respond(self, reply: Reply, request: Request) -> None:
        words = heard.without_noise(reply.words) or request.digits
        if not words and self._party.hears_noise:
            words = reply.words
        if not words:
            await self._prompt(reply, request)
            return
        self._memory.silences = self._memory.noises = 0
        party = self._party
        ask = Ask(party.tenant_id, words[-_MOST_CHARACTERS:], conversation_id=party.conversation_id, channel="phone")
        ending = STAY
        async with aclosing(self._parts.responder.respond(ask)) as events:
            async for event in events:
                ending = await self._pass_on(reply, event, ending)
                if reply.dropped and not reply.busy:
                    return
        await self._mouth.finish(reply, ending)

    async def _pass_on(self, reply: Reply, event: Event, ending: Ending) -> Ending:
        """One event of the turn as frames; returns how the reply will end."""
        match event:
            case Opened():
                reply.question_id, reply.busy = event.message_id, False
            case Delta():
                await self._mouth.say(reply, event.text)
            case Acting():
                if event.lasting:
                    await self._be_sure(reply)
                reply.busy = True
            case Action():
                reply.busy = False
                await self._mouth.show(reply, event)
                if event.name == "transfer_to_person" and event.ok and self._party.transfer_number:
                    return Ending(transfer_number=self._party.transfer_number)
            case Done():
                return _HANG_UP if event.ends and ending == STAY else ending
        return ending

    async def _be_sure(self, reply: Reply) -> None:
        """Before something that cannot be taken back: wait until the caller has finished. Who goes on talking cancels
        this with a newer request. Source: "Side effects", LLM WebSocket: to be deferred to the agent's turn."""
        if not reply.text:
            await self._mouth.say(reply, f"{self._words.moment} ")
            reply.filler = len(reply.text)
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_AFTER):
                await self._speaking.wait()

    async def _prompt(self, reply: Reply, request: Request) -> None:
        """Nobody said anything that could be understood."""
        memory, words = self._memory, self._words
        if reply.words:
            memory.noises += 1
            if memory.noises > len(words.repeat):
                await self._fixed(reply, words.bad_line, _HANG_UP)
            else:
                await self._fixed(reply, words.repeat[memory.noises - 1])
            return
        memory.silences += request.reminder
        if memory.silences > 1:
            await self._fixed(reply, words.silence, _HANG_UP)
        else:
            await self._fixed(reply, words.still_there)

    async def _fixed(self, reply: Reply, words: str, ending: Ending = STAY) -> None:
        await self._mouth.say(reply, words)
        await self._mouth.finish(reply, ending)
        reply.line_id = await self._parts.lines.say(self._party.tenant_id, self._party.conversation_id, words)

    async def _apologise(self, reply: Reply) -> None:
        reply.failed = True
        with suppress(Closed):
            await self._mouth.say(reply, f" {self._words.apology}" if reply.text else self._words.apology)
            await self._mouth.finish(reply, STAY)

    async def _fill(self, reply: Reply) -> None:
        """Say that it takes a moment, where nothing was said in time."""
        await asyncio.sleep(FILLER_AFTER)
        if not reply.text:
            with suppress(Closed):
                await self._mouth.say(reply, f"{self._words.moment} ")
                reply.filler = len(reply.text)
