"""One connection of Retell's custom-LLM protocol, from the first frame to the last.

The reader takes frames as they come and never waits for an answer, so that every ping is answered in time. At most one
reply is being made (`retell_reply`). What was really said is in Retell's transcript: each request first puts our
record right (`retell_record`), then the new words are answered. A connection that breaks is dialled again, and the talk
goes on where it was.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from parley.calls import CHANGED
from parley.channels import retell_frames as frames
from parley.channels.retell_frames import BadFrame, CallDetails, PingPong, Request, Transcript, Update
from parley.channels.retell_mouth import Mouth
from parley.channels.retell_party import Memory, Party, Reply, TalkParts
from parley.channels.retell_reply import Replies
from parley.conversations import ENDED, HELD, MESSAGE, Ask
from parley.kit import log
from parley.kit.duplex import Closed, Duplex
from parley.kit.errors import VoiceAgentException
from parley.kit.events import MISSED, Event

HANG_UP, TOO_BIG, BROKEN, UNREADABLE, REPLACED = 1000, 1009, 1011, 1007, 4408
LONGEST_QUIET = 60.0  # without a frame; Retell pings every two seconds
GREET_AFTER = 1.0
NOTE_AFTER = 0.25  # so often at most is the transcript noted for those who follow the call
_MOST_BAD_FRAMES = 50

_log = log.get("retell")


class PhoneTalk:
    """Speaks the protocol over one connection."""

    def __init__(self, line: Duplex, party: Party, parts: TalkParts, memory: Memory) -> None:
        self._line = line
        self._party = party
        self._parts = parts
        self._memory = memory
        self._mouth = Mouth(line)
        self._replies = Replies(self._mouth, party, parts, memory)
        self._greeting: asyncio.Task[None] | None = None
        self._noted: Transcript | None = None
        self._noting: asyncio.Task[None] | None = None
        self._bad = 0

    async def run(self) -> None:
        """Until the connection ends. Returns when every answer is on record."""
        watching = asyncio.create_task(self._watch(), name="retell.watch")
        try:
            await self._begin()
            while True:
                async with asyncio.timeout(LONGEST_QUIET):
                    data = await self._line.receive()
                await self._take(data)
        except Closed as closed:
            _log.info("retell.closed", call_id=self._party.call_id, code=closed.code)
        except TimeoutError:
            _log.warning("retell.quiet", call_id=self._party.call_id)
            await self._line.close(BROKEN)
        finally:
            for task in (watching, self._greeting, self._noting):
                if task is not None:
                    task.cancel()
            await self._replies.aclose()
            left = [task for task in (watching, self._greeting, self._noting) if task is not None]
            await asyncio.gather(*left, return_exceptions=True)

    async def leave(self) -> None:
        """Give way to a newer connection of the same call."""
        await self._line.close(REPLACED)

    # The beginning

    async def _begin(self) -> None:
        party = self._party
        await self._mouth.send(frames.config())
        ask = Ask(
            party.tenant_id,
            "",
            agent_id=party.agent_id,
            user_id=party.user_id,
            channel="phone",
            metadata=party.metadata,
        )
        _, begun = await self._parts.lines.begin(ask, party.conversation_id, party.greeting)
        if begun:
            await self._greet()
            await self._remember_greeting()
            await self._parts.ledger.talks(party)
            return
        if self._memory.past is None:
            await self._recall()
        if not self._memory.was_heard:
            self._greeting = asyncio.create_task(self._greet_soon(), name="retell.greet")

    async def _remember_greeting(self) -> None:
        last = await self._parts.lines.last_line(self._party.tenant_id, self._party.conversation_id)
        if last is not None:
            greeting = self._party.greeting
            self._memory.past = Reply(0, "", 0, line_id=last, text=greeting, busy=False, complete=True)

    async def _recall(self) -> None:
        """A call that another process, or this one before it was started anew, has had so far."""
        last = await self._parts.lines.last_turn(self._party.tenant_id, self._party.conversation_id)
        if last is not None:
            line, since = last
            self._memory.past = Reply(-1, line.content, None, line.id, text=since, busy=False, complete=True)
            self._memory.was_heard = True

    async def _greet(self) -> None:
        await self._mouth.send(frames.response(0, self._party.greeting, complete=True))

    async def _greet_soon(self) -> None:
        """The connection before this one broke, perhaps before the greeting was spoken: only the transcript knows."""
        await asyncio.sleep(GREET_AFTER)
        with suppress(Closed):
            await self._greet()

    # Frames

    async def _take(self, data: str | bytes) -> None:
        if len(data) > frames.MOST_FRAME_BYTES:
            await self._line.close(TOO_BIG)
            return
        try:
            frame = frames.read_frame(data)
        except BadFrame as error:
            await self._take_bad(error)
            return
        match frame:
            case PingPong():
                await self._mouth.send(frames.pong(frame.timestamp))
            case Update():
                await self._look_at(frame.transcript)
                self._replies.follow(frame)
                self._follow(frame.transcript)
            case Request():
                await self._look_at(frame.transcript)
                await self._replies.begin(frame)
            case CallDetails() | None:
                pass

    async def _take_bad(self, error: BadFrame) -> None:
        self._bad += 1
        _log.warning("retell.bad_frame", call_id=self._party.call_id, why=str(error))
        if error.response_id is not None:
            await self._replies.refuse(error.response_id)
        elif self._bad >= _MOST_BAD_FRAMES:
            await self._line.close(UNREADABLE)

    async def _look_at(self, transcript: Transcript) -> None:
        """What the transcript tells about what was heard."""
        if self._greeting is not None:
            waiting, self._greeting = self._greeting, None
            if not waiting.done():
                waiting.cancel()
                if not transcript:
                    await self._greet()
        self._memory.was_heard |= bool(transcript)
        self._memory.shows_agent |= any(one.role == "agent" for one in transcript)

    def _follow(self, transcript: Transcript) -> None:
        """Note what is being said. What is to be answered is on record in a moment anyway."""
        if transcript != self._noted:
            self._noted = transcript
            if self._noting is None or self._noting.done():
                self._noting = asyncio.create_task(self._note(), name="retell.note")

    async def _note(self) -> None:
        """One note at a time; what came meanwhile is in the next."""
        written: Transcript | None = None
        while written != self._noted and self._noted is not None:
            await asyncio.sleep(NOTE_AFTER)
            written = self._noted
            try:
                await self._parts.ledger.heard(self._party, written)
            except VoiceAgentException as error:
                _log.warning("retell.not_noted", call_id=self._party.call_id, code=error.code)
                return

    # Others who step in

    async def _watch(self) -> None:
        """A person takes over and speaks; somebody cancels the call."""
        party = self._party
        about = {"conversation_id": party.conversation_id, "call_id": party.call_id}
        async with self._parts.listener.subscribe(party.tenant_id, about) as news:
            async for event in news:
                try:
                    await self._take_news(event)
                except Closed:
                    return
                except Exception:  # noqa: BLE001 - the talk goes on without it, the log has the rest
                    _log.exception("retell.news_failed", call_id=party.call_id, news=event.name)

    async def _take_news(self, news: Event) -> None:
        if news.name == MESSAGE:
            if news.data.get("by") == "person":
                await self._speak_for(str(news.data.get("message_id")))
        elif news.name == HELD:
            await self._replies.fall_silent()
        elif news.name == ENDED or (news.name in (MISSED, CHANGED) and await self._parts.ledger.is_over(self._party)):
            await self._line.close(HANG_UP)

    async def _speak_for(self, message_id: str) -> None:
        words = await self._parts.lines.persons_words(self._party.tenant_id, message_id)
        if words is not None:
            self._replies.drop()
            self._memory.interrupts += 1
            await self._mouth.send(frames.interrupt(self._memory.interrupts, words))
