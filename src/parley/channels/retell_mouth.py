"""What goes out on one connection: frames in order, and nothing under a number that is void."""

from __future__ import annotations

import asyncio

from parley.channels import retell_frames as frames
from parley.channels.retell_frames import STAY, Ending
from parley.channels.retell_party import Reply
from parley.conversations import Action
from parley.kit.duplex import Duplex
from parley.kit.ids import new_id

NOBODY = -1


class Mouth:
    """`current`: the request that is being answered; frames of any other are not sent. All verbs raise `Closed`."""

    def __init__(self, line: Duplex) -> None:
        self._line = line
        self._sending = asyncio.Lock()
        self.current = NOBODY

    async def send(self, text: str) -> None:
        """A frame that belongs to no reply."""
        async with self._sending:
            await self._line.send(text)

    async def say(self, reply: Reply, text: str) -> None:
        """The next words of a reply."""
        async with self._sending:
            reply.text += text
            if reply.response_id == self.current and text:
                await self._line.send(frames.response(reply.response_id, text))

    async def finish(self, reply: Reply, ending: Ending) -> None:
        """The last frame of a reply, and what happens once its words were spoken."""
        async with self._sending:
            reply.complete, reply.ending = True, ending
            if reply.response_id == self.current:
                await self._line.send(frames.response(reply.response_id, "", complete=True, ending=ending))

    async def repeat(self, reply: Reply, response_id: int) -> None:
        """All of a reply again under a new number, under which it also goes on."""
        async with self._sending:
            self.current = reply.response_id = response_id
            if reply.text or reply.complete:
                ending = reply.ending if reply.complete else STAY
                text = frames.response(response_id, reply.text, complete=reply.complete, ending=ending)
                await self._line.send(text)

    async def show(self, reply: Reply, action: Action) -> None:
        """A tool that ran, for the carrier's transcript."""
        run = new_id()
        async with self._sending:
            if reply.response_id == self.current:
                await self._line.send(frames.tool_invoked(run, action.name, action.arguments))
                await self._line.send(frames.tool_resulted(run, action.result, successful=action.ok))
