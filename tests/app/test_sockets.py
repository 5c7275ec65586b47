"""The short cut beside uvicorn's own protocol: whatever arrives, cut anywhere, the same messages and the same bytes."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from parley.app.sockets import CallSockets

REQUEST = (
    b"GET /voice/stream HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK = b"\x12\x34\x56\x78"


def frame(kind: int, payload: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """RFC 6455, section 5.2."""
    size = len(payload)
    head = bytes([fin << 7 | reserved << 4 | kind])
    flag = masked << 7
    if size < 126:
        head += bytes([flag | size])
    elif size < 2**16:
        head += bytes([flag | 126]) + struct.pack("!H", size)
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = self.paused = False
        self.pauses = 0

    def get_extra_info(self, *_: Any) -> None:
        return None

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True
        self.pauses += 1

    def resume_reading(self) -> None:
        self.paused = False


async def waits(scope: Any, receive: Any, send: Any) -> None:
    """The application: the test asks and answers in its place."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)


@cache
def config(most: int) -> Config:
    made = Config(
        waits, interface="asgi3", ws_per_message_deflate=False, ws_ping_interval=None, log_config=None, ws_max_size=most
    )
    made.load()
    return made


async def opened(kind: type[WebSocketsSansIOProtocol], most: int = 100_000) -> tuple[WebSocketsSansIOProtocol, Wire]:
    """A connection of which the handshake is done."""
    protocol, wire = kind(config(most), ServerState(), {}), Wire()
    protocol.connection_made(wire)  # type: ignore[arg-type]
    protocol.data_received(REQUEST)
    await asyncio.sleep(0)  # its task begins
    assert (await protocol.receive())["type"] == "websocket.connect"
    await protocol.send({"type": "websocket.accept"})
    assert wire.written.startswith(b"HTTP/1.1 101 ")
    wire.written = b""
    return protocol, wire


async def taken(kind: type[WebSocketsSansIOProtocol], pieces: Sequence[bytes], most: int = 100_000) -> tuple[Any, ...]:
    """What the application was told, and what the far end."""
    protocol, wire = await opened(kind, most)
    told = []
    for piece in pieces:
        if wire.closed:
            break
        protocol.data_received(piece)
        while not protocol.queue.empty():
            told.append(await protocol.receive())
    for task in protocol.tasks:
        task.cancel()
    return told, wire.written, wire.closed, wire.paused


small = st.one_of(
    st.builds(lambda text: frame(1, text.encode()), st.text(max_size=300)),
    st.builds(lambda data: frame(2, data), st.binary(max_size=900)),
    st.builds(frame, st.sampled_from([9, 10]), st.binary(max_size=20)),
)
large = st.one_of(
    st.builds(
        lambda a, b: frame(1, a.encode(), fin=False) + frame(9, b"between") + frame(0, b.encode()), st.text(), st.text()
    ),
    st.integers(65_000, 70_000).map(lambda size: frame(2, b"x" * size)),
)
last = st.sampled_from(
    [
        frame(1, b"\xff\xfe"),
        frame(1, b"bare", masked=False),
        frame(3, b"unheard of"),
        frame(2, b"reserved", reserved=4),
        frame(0, b"continues nothing"),
        frame(9, b"torn", fin=False),
        frame(9, b"long" * 40),
        frame(2, b"too long" * 20_000),
        frame(8, struct.pack("!H", 1000) + b"bye"),
        frame(8, b""),
    ]
)
places = st.lists(st.integers(1, 3000), max_size=12)


def cut(stream: bytes, at: Sequence[int]) -> list[bytes]:
    """As a network would deliver it."""
    borders = sorted({0, *(place for place in at if place < len(stream)), len(stream)})
    return [stream[begin:end] for begin, end in pairwise(borders)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(small, small, small, large), max_size=8), places)
@example([frame(2, b"x" * 65_535), frame(1, b"after")], [3, 5, 7, 9])
def test_whatever_comes_is_taken_as_by_uvicorn_itself(frames: list[bytes], at: list[int]) -> None:
    pieces = cut(b"".join(frames), at)
    ours, own = (asyncio.run(taken(kind, pieces)) for kind in (CallSockets, WebSocketsSansIOProtocol))
    assert ours == own


@settings(max_examples=100, deadline=None)
@given(st.lists(small, max_size=6), last, places)
def test_a_frame_that_ends_the_call_ends_it_as_by_uvicorn_itself(
    frames: list[bytes], final: bytes, at: list[int]
) -> None:
    """Of what is read together with a broken frame uvicorn takes nothing: it is given one frame at a time."""
    pieces = cut(b"".join(frames) + final, at)
    ours, own = (
        asyncio.run(taken(kind, given))
        for kind, given in ((CallSockets, pieces), (WebSocketsSansIOProtocol, [*frames, final]))
    )
    assert ours == own


def test_a_message_over_the_limit_is_refused_as_by_uvicorn_itself() -> None:
    pieces = [frame(1, b"fits"), frame(2, b"x" * 501)]
    ours, own = (asyncio.run(taken(kind, pieces, 500)) for kind in (CallSockets, WebSocketsSansIOProtocol))
    assert ours == own
    assert ours[0][0] == {"type": "websocket.receive", "text": "fits"}
    assert ours[0][1]["code"] == 1009


def test_what_comes_before_the_answer_is_not_lost() -> None:
    async def early() -> list[Any]:
        protocol, _ = await opened(CallSockets)
        protocol.handshake_complete = False  # as between the request and the application's answer
        protocol.data_received(frame(1, b"early") + frame(1, b"torn")[:5])
        protocol.handshake_complete = True
        protocol.data_received(frame(1, b"torn")[5:] + frame(1, b"late"))
        for task in protocol.tasks:
            task.cancel()
        return [protocol.queue.get_nowait() for _ in range(protocol.queue.qsize())]

    assert [message.get("text") for message in asyncio.run(early())] == ["early", "torn", "late"]


def test_a_far_end_is_read_ahead_of_the_application_but_not_far() -> None:
    async def flood() -> tuple[int, bool, bool]:
        protocol, wire = await opened(CallSockets)
        for number in range(40):
            if not wire.paused:
                protocol.data_received(frame(2, bytes([number])))
        waiting, paused = protocol.queue.qsize(), wire.paused
        for _ in range(waiting):
            await protocol.receive()
        for task in protocol.tasks:
            task.cancel()
        return waiting, paused, wire.paused

    assert asyncio.run(flood()) == (32, True, False)
