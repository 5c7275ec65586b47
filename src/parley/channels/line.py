"""A line over a WebSocket: its pace, its silence and its outbox, whatever the far end's messages look like.

The only part that knows the wall clock. A backlog is handed out as fast as it is wanted while the agent listens, and at
a bounded pace while it speaks; where nothing comes for 200 ms, silence does, so that a far end which sends a file and
then nothing is answered.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import MutableMapping, Sequence
from typing import Any, ClassVar, Protocol

from fastapi import WebSocketDisconnect

from parley.inference.speech import FRAME_MS
from parley.kit.errors import VoiceAgentException
from parley.voice import (
    SILENCE,
    AgentState,
    Audio,
    Clear,
    Ended,
    Error,
    Event,
    HungUp,
    Incoming,
    Mark,
    Playout,
    SpeechStarted,
)

_QUIET_S = 0.2
_FRAME_S = FRAME_MS / 1000
_NO_CODE = 1005  # what ASGI takes a missing code for
_CLOSED_BY_CHOICE = frozenset({1000, 1001, _NO_CODE})  # a page that is left says 1001, or nothing (RFC 6455, 7.4.1)
_HASTE = 4  # times as fast as it was spoken: how a backlog of speech is heard


class Socket(Protocol):
    """What of a WebSocket is used."""

    async def receive(self) -> MutableMapping[str, Any]: ...
    async def send_text(self, data: str) -> None: ...
    async def send_bytes(self, data: bytes) -> None: ...


class LiveLine(ABC):
    """A `voice.Line`. `listen` and `send` run beside the session until either side ends.

    `most_outbox`: messages a far end may leave unread before it is hung up on. `catch_up`: how many times as fast as it
    was spoken a backlog is handed out while the agent speaks; 1 where the caller did not say all of it in that moment.
    """

    most_outbox: ClassVar[int] = 2000
    catch_up: ClassVar[int] = 1

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._incoming: deque[Incoming] = deque()
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._outbox: asyncio.Queue[str | bytes | None] = asyncio.Queue(self.most_outbox)
        self._playout = Playout()
        self._next_at = time.monotonic()
        self._quiet = False
        self._listening = True
        self._spoken_to = False
        self._has_left = False
        self.lost = False
        """Whether the far end is gone without having hung up or closed the line: it may come back."""
        self._ended: Ended | None = None

    @abstractmethod
    async def take(self, message: MutableMapping[str, Any]) -> None:
        """One message of the far end. Raises `VoiceAgentException` for one that cannot be understood."""

    @abstractmethod
    def packed(self, event: Event) -> Sequence[str | bytes]:
        """The messages that tell the far end of an event."""

    def complain(self, error: VoiceAgentException) -> None:
        """Tell of a message that could not be understood."""
        self.tell(Error(error.code, error.detail))

    # The engine's side

    async def receive(self) -> Incoming:
        """The next frame or control; silence where the client sends none."""
        incoming = self._incoming
        if not incoming:
            if self._quiet:
                now = time.monotonic()
                self._next_at = max(self._next_at, now - _QUIET_S) + _FRAME_S
                await self._something(self._next_at - now)
            else:
                await self._something(_QUIET_S)
            if not incoming:
                if not self._quiet:
                    self._quiet, self._next_at = True, time.monotonic()
                return SILENCE
        self._quiet = False
        item = incoming[0]
        if isinstance(item, bytes):
            if not self._listening:
                await self._pace(_FRAME_S / self.catch_up)
            elif len(incoming) > 1:
                await (self._pace(_FRAME_S / _HASTE) if self._spoken_to else asyncio.sleep(0))
        return incoming.popleft() if not isinstance(item, HungUp) else item

    async def _something(self, within_s: float) -> None:
        """Until something has come in, or the time is up. One timer serves many frames: it looks, when it goes off, at
        how long nothing has come."""
        self._waiter = waiter = self._loop.create_future()
        self._deadline = deadline = self._loop.time() + within_s
        if self._timer is None or self._timer.when() > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._time_is_up)
        try:
            await waiter
        finally:
            self._waiter = None

    def _time_is_up(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._time_is_up)
        else:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _pace(self, frame_s: float) -> None:
        """Hold a backlog back while the agent speaks: the caller did not say all of it in that moment. While it listens
        to speech the transcriber must keep up: words that are long in coming would seem to be no words."""
        now = time.monotonic()
        self._next_at = max(self._next_at + frame_s, now - _FRAME_S)
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)

    def tell(self, event: Event) -> None:
        """Queue an event for the far end. One that does not keep up is hung up on."""
        if isinstance(event, AgentState):
            self._listening = event.state == "listening"
            self._spoken_to = self._spoken_to and not self._listening
            self._next_at = time.monotonic()
        elif isinstance(event, SpeechStarted):
            self._spoken_to = True
        if isinstance(event, Audio):
            self._playout.add(len(event.pcm) / 2 / event.sample_rate * 1000, time.monotonic())
        elif isinstance(event, Clear):
            self._playout.clear(time.monotonic())
        elif isinstance(event, Mark):
            self._playout.mark(event.name)
        if isinstance(event, Ended):
            self._ended = event
        else:
            self.post(self.packed(event))

    def close(self) -> None:
        """Let the far end know that it is over: the last event is held back until all of the call is on record."""
        if self._ended is not None:
            self.post(self.packed(self._ended))
        if self._timer is not None:
            self._timer.cancel()
        while self._outbox.full():  # a far end that does not read must not keep the call open
            self._outbox.get_nowait()
        self._outbox.put_nowait(None)

    def post(self, messages: Sequence[str | bytes]) -> None:
        """Queue messages for the far end."""
        try:
            for message in messages:
                self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.put(HungUp())

    @property
    def unplayed_ms(self) -> float:
        """How much of the audio handed over has not been heard yet."""
        return self._playout.unplayed_ms(time.monotonic())

    # The far end's side

    async def listen(self) -> None:
        """Take what the far end sends until it leaves. Bad messages are complained of."""
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                break
            if message["type"] == "websocket.disconnect":
                self.lost = not self._has_left and message.get("code", _NO_CODE) not in _CLOSED_BY_CHOICE
                break
            try:
                await self.take(message)
            except VoiceAgentException as error:
                self.complain(error)
        self.put(HungUp())

    def leave(self) -> None:
        """The far end hangs up."""
        self._has_left = True
        self.put(HungUp())

    async def send(self) -> None:
        """Send what the session tells until its end."""
        try:
            while (message := await self._outbox.get()) is not None:
                if isinstance(message, str):
                    await self._socket.send_text(message)
                else:
                    await self._socket.send_bytes(message)
        except (WebSocketDisconnect, RuntimeError):
            self.put(HungUp())

    def put(self, item: Incoming) -> None:
        """Something has come in."""
        self._incoming.append(item)
        self._wake()

    def extend(self, frames: Sequence[bytes], most: int) -> bool:
        """Sound has come in; False, and nothing is taken, where more than `most` frames would be waiting."""
        if len(self._incoming) + len(frames) > most:
            return False
        self._incoming.extend(frames)
        self._wake()
        return True
