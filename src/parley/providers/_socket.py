"""One WebSocket to a vendor: opened with its refusals told apart, written from a bounded queue, read with a limit on
silence, closed without waiting.

The vendors' SDKs are not used for live sockets: they hide the headers of a refusal (`Retry-After`, the reason), wait
ten seconds for a closing handshake and read every message into a union of models.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.speech import FRAME_MS, Flushed, Heard
from parley.providers._vendor_says import retry_after

_MOST_WAITING = 30_000 // FRAME_MS  # frames
_REASON = 200
_REFUSED = 1008
_ending: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `connect_s`: until the socket is open. `answer_s`: usual for an answer to a pause. `stall_s`: after
    which a vendor that owes something is given up. `idle_s`: without sound, until a sign of life is sent."""

    connect_s: float = 2.0
    answer_s: float = 0.8
    stall_s: float = 2.5
    idle_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of the caller: its mark, when it was told of (the loop's seconds), and after how much sound."""

    mark: int
    at: float
    fed_ms: float


async def connect(url: str, headers: Mapping[str, str], vendor: str, *, timeout_s: float) -> ClientConnection:
    """An open socket. Raises `ProviderError`."""
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise ProviderKeyRejected(f"The {vendor} API key contains characters a key never has.", vendor=vendor)
    try:
        async with asyncio.timeout(timeout_s):
            return await open_socket(
                url,
                additional_headers=headers,
                open_timeout=None,
                close_timeout=1,
                ping_interval=None,
                compression=None,
                max_size=2**24,
            )
    except TimeoutError:
        raise ProviderStalled(f"{vendor} did not answer.", vendor=vendor) from None
    except InvalidStatus as error:
        response = error.response
        reason = response.headers.get("dg-error") or (response.body or b"").decode(errors="replace")
        raise refusal(response.status_code, reason, vendor, wait=retry_after(response.headers)) from error
    except (OSError, InvalidHandshake, InvalidURI, EOFError) as error:
        raise ProviderUnavailable(f"{vendor} could not be reached.", vendor=vendor) from error


def refusal(status: int, reason: str, vendor: str, *, wait: float | None = None) -> ProviderError:
    """What an HTTP status means for a request for speech."""
    said = " ".join(reason.split())[:_REASON] or "no reason given."
    if status in {401, 403}:
        return ProviderKeyRejected(f"{vendor} rejected the API key ({status}).", vendor=vendor)
    if status == 402:
        error = ProviderBusy(
            f"The {vendor} account has no credit left.", vendor=vendor, code="provider.quota_exhausted"
        )
        error.retryable = False
        return error
    if status == 429:
        return ProviderBusy(f"{vendor} is over its rate limit.", vendor=vendor, retry_after=wait)
    if status == 404:
        return ProviderModelUnknown(f"{vendor} knows no such model or voice: {said}", vendor=vendor)
    if status in {408, 409} or status >= 500:
        return ProviderUnavailable(f"{vendor} failed with status {status}.", vendor=vendor, retry_after=wait)
    return ProviderRefused(f"{vendor} refused the request ({status}): {said}", vendor=vendor)


def closed(error: ConnectionClosed, vendor: str) -> ProviderError:
    """What a close in the middle means."""
    if error.rcvd is not None and error.rcvd.code == _REFUSED:
        return ProviderRefused(f"{vendor} closed the connection: {error.rcvd.reason[:_REASON]}", vendor=vendor)
    code = "" if error.rcvd is None else f" ({error.rcvd.code} {error.rcvd.reason[:_REASON]})".replace(" )", ")")
    return ProviderCut(f"{vendor} broke the connection{code}.", vendor=vendor)


def part(socket: ClientConnection, farewell: str | None = None) -> None:
    """Say farewell and close, beside whatever comes next: a caller never waits for a vendor's goodbye."""

    async def leave() -> None:
        with suppress(ConnectionClosed, OSError):
            if farewell is not None:
                await socket.send(farewell)
            await socket.close()

    task = asyncio.get_running_loop().create_task(leave())
    _ending.add(task)
    task.add_done_callback(_ending.discard)


class SocketHearing:
    """A `Hearing` over one socket. A vendor's own says how frames are grouped, how a pause is told, what messages
    mean and what silence means."""

    frames_per_message = 2
    keep_alive: str | None = None
    farewell: str | None = None

    def __init__(self, socket: ClientConnection, vendor: str, patience: Patience) -> None:
        self.vendor = vendor
        self.patience = patience
        self.pauses: deque[Pause] = deque()  # not answered yet
        self.heard_at = self.now  # when the vendor said something last
        self.fed_ms = 0.0
        self._socket = socket
        self._waiting: deque[bytes | str] = deque()
        self._frames = 0
        self._news = asyncio.Event()
        self._closed = False
        self._overrun = False
        self._sending = asyncio.create_task(self._send())

    # What a vendor's own hearing says --------------------------------------------------------------------------------

    def told_of_pause(self) -> str | None:
        """What is sent for a pause, if anything."""
        return None

    def understand(self, message: dict[str, Any]) -> Iterable[Heard]:
        """What one message reports. Raises `ProviderError` for an error in it."""
        raise NotImplementedError

    def waited(self) -> Iterable[Heard]:
        """Nothing came for a while and a pause is not answered. Raises `ProviderStalled` when that is too long."""
        raise NotImplementedError

    def answered(self) -> Iterator[Heard]:
        """The oldest pause is answered."""
        if self.pauses:
            yield Flushed(self.pauses.popleft().mark)

    # The port --------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def feed(self, frame: bytes) -> None:
        """Take one frame."""
        if self._frames >= _MOST_WAITING:
            self._overrun = True
            return
        self._frames += 1
        self.fed_ms += FRAME_MS
        self._waiting.append(frame)
        if self._frames % self.frames_per_message == 0:
            self._news.set()

    def finish(self, mark: int) -> None:
        """The caller paused."""
        self.pauses.append(Pause(mark, self.now, self.fed_ms))
        message = self.told_of_pause()
        if message is not None:
            self._waiting.append(message)
        self._news.set()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, in order."""
        try:
            while not self._closed:
                if self._overrun:
                    raise ProviderStalled(f"{self.vendor} takes no more sound.", vendor=self.vendor)
                message = await self._receive()
                for event in self._read(message):
                    yield event
        except ConnectionClosed as error:
            if not self._closed:
                raise closed(error, self.vendor) from error

    async def aclose(self) -> None:
        """End `events`; the goodbye goes on beside."""
        if not self._closed:
            self._closed = True
            self._sending.cancel()
            part(self._socket, self.farewell)

    def _read(self, message: dict[str, Any] | None) -> Sequence[Heard]:
        try:
            return tuple(self.waited() if message is None else self.understand(message))
        except (TypeError, ValueError, AttributeError, IndexError) as error:
            raise ProviderUnavailable(f"{self.vendor} sent what is no transcript.", vendor=self.vendor) from error

    async def _receive(self) -> dict[str, Any] | None:
        """The next message; None when none came in a time in which one might have."""
        try:
            async with asyncio.timeout(self.patience.answer_s / 4):
                data = await self._socket.recv()
        except TimeoutError:
            return None
        self.heard_at = self.now
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            return {}
        return message if isinstance(message, dict) else {}

    async def _send(self) -> None:
        """The queue, in messages of whole frames; a sign of life where nothing is to be said."""
        with suppress(ConnectionClosed):  # the reader meets it too, and tells
            while True:
                message = self._next_message()
                if message is not None:
                    await self._socket.send(message)
                    continue
                self._news.clear()
                try:
                    async with asyncio.timeout(self.patience.idle_s):
                        await self._news.wait()
                except TimeoutError:
                    if self.keep_alive is not None:
                        await self._socket.send(self.keep_alive)

    def _next_message(self) -> bytes | str | None:
        frames: list[bytes] = []
        while self._waiting and len(frames) < self.frames_per_message:
            if isinstance(self._waiting[0], str):
                break
            frames.append(self._waiting.popleft())  # type: ignore[arg-type]  # looked at above
        if frames:
            whole = len(frames) == self.frames_per_message
            if not whole and not self._waiting and not self.pauses:  # the rest of this message is still being said
                self._waiting.extendleft(reversed(frames))
                return None
            self._frames -= len(frames)
            return b"".join(frames)
        return self._waiting.popleft() if self._waiting else None
