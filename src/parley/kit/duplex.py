"""A connection of text frames, both ways: what a live protocol is spoken over, whatever carries it.

A protocol written against `Duplex` runs unchanged over a WebSocket and over two queues in one process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

_MOST_WAITING = 1000


class Closed(Exception):
    """The connection has ended. `code` as in RFC 6455, section 7.4: 1000 on purpose, 1006 without a word."""

    def __init__(self, code: int = 1006) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Duplex(Protocol):
    """One end of a connection. One task receives; any may send."""

    async def receive(self) -> str | bytes:
        """The next frame: text, or bytes for a binary one. Raises `Closed`, from then on always."""
        ...

    async def send(self, text: str) -> None:
        """Send a text frame. Waits while the far end does not keep up. Raises `Closed`."""
        ...

    async def close(self, code: int) -> None:
        """End the connection. Idempotent; never raises."""
        ...


class _Link:
    """What two ends share: the frames on their way to each, and the code the connection was closed with."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.waiting: tuple[deque[str], deque[str]] = (deque(), deque())
        self.changed = asyncio.Condition()


class LocalEnd:
    """One end of a connection inside this process; see `connected`."""

    def __init__(self, link: _Link, side: int) -> None:
        self._link = link
        self._incoming, self._outgoing = link.waiting[side], link.waiting[1 - side]

    async def receive(self) -> str:
        """See `Duplex.receive`. What was sent before the connection closed is still received."""
        async with self._link.changed:
            while not self._incoming:
                if self._link.code is not None:
                    raise Closed(self._link.code)
                await self._link.changed.wait()
            if len(self._incoming) == _MOST_WAITING:
                self._link.changed.notify_all()
            return self._incoming.popleft()

    async def send(self, text: str) -> None:
        """See `Duplex.send`."""
        async with self._link.changed:
            while self._link.code is None and len(self._outgoing) >= _MOST_WAITING:
                await self._link.changed.wait()
            if self._link.code is not None:
                raise Closed(self._link.code)
            self._outgoing.append(text)
            self._link.changed.notify_all()

    async def close(self, code: int) -> None:
        """See `Duplex.close`."""
        async with self._link.changed:
            if self._link.code is None:
                self._link.code = code
            self._link.changed.notify_all()


def connected() -> tuple[LocalEnd, LocalEnd]:
    """Two ends of one connection."""
    link = _Link()
    return LocalEnd(link, 0), LocalEnd(link, 1)
